//! Interventions chosen until every link is settled, hidden common causes allowed for.

use super::findings::{self, Findings, Stage};
use super::table::{LOOKED_MIN, Table};
use super::{Act, CauseOptions, GRAPHS};
use cause::belief::{Belief, Options, believe};
use cause::next::{Batch, choose};
use cause::sample::Length;
use cause::{Data, Fitted, MixedScore};
use design::{AskError, Point, Policy, Prediction, Proposal, Space, TellError, Trial};
use quantity::Seed;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The size of a typical effect, in standard deviations of the driven for one of the driver: weaker ones are less likely
/// beforehand.
const TYPICAL: f64 = 0.5;

/// The cost of an arrow, in nats, where each variable has one driver among the others on average; hidden causes keep
/// the cost of [`cause::arrow_cost`], of which this is half. What is asked about in a campaign has been chosen, and arrows
/// among it are less rare than among a hundred variables that were not.
fn drivers_cost(variables: usize) -> f64 {
    0.5 * cause::arrow_cost(variables)
}

/// Chooses interventions until every link is settled.
#[derive(Debug)]
pub struct CausePolicy {
    pub(super) table: Table,
    seed: Seed,
    batches: u64,
    known: Option<(Data, Belief)>,
    stages: Vec<Stage>,
    expected: Option<(f64, f64)>,
}

impl CausePolicy {
    /// A policy that acts on `variables` by factors of a space. Factors that act on nothing stay at their low
    /// end; interventions that the space forbids are left out.
    #[must_use]
    pub fn new(
        space: Arc<Space>,
        variables: Vec<String>,
        acts: Vec<Act>,
        options: CauseOptions,
        seed: Seed,
    ) -> Self {
        Self {
            table: Table::new(space, variables, acts, options),
            seed,
            batches: 0,
            known: None,
            stages: Vec::new(),
            expected: None,
        }
    }

    /// What is known, once there are wells enough.
    #[must_use]
    pub fn belief(&self) -> Option<(&Data, &Belief)> {
        self.known.as_ref().map(|(data, belief)| (data, belief))
    }

    /// Acts of the next wells.
    fn chosen(&mut self, q: usize, seed: Seed) -> Vec<Vec<usize>> {
        if self.table.interventions.is_empty() {
            return vec![Vec::new(); q];
        }
        if self.table.options.by_lot {
            return self.table.by_lot(q, self.known.is_some(), seed);
        }
        if self.known.is_none() {
            return if self.table.options.controls < LOOKED_MIN {
                // Look before acting.
                vec![Vec::new(); q]
            } else {
                self.table.spread(q, seed)
            };
        }
        // What nobody has tried comes first; what is left of the batch goes where it should tell most.
        let untried = self.table.untried();
        if !untried.is_empty() {
            let mut all = self.table.spread(
                q.min(untried.len() * self.table.options.replicates.max(1)),
                seed,
            );
            if all.len() < q {
                let rest = self.informative(q - all.len(), seed);
                all.extend(rest);
            }
            return all;
        }
        self.informative(q, seed)
    }

    /// Acts of wells that should tell most apart.
    fn informative(&mut self, q: usize, seed: Seed) -> Vec<Vec<usize>> {
        let Some((data, belief)) = &self.known else {
            return vec![Vec::new(); q];
        };
        let batch = Batch {
            wells: q,
            given: self.table.options.controls,
            replicates: self.table.options.replicates,
            blocks: 1,
        };
        let foreseen = self.table.foreseen();
        let plan = choose(&belief.rivals(data, GRAPHS), &foreseen, &batch, seed);
        self.expected = Some((plan.information, plan.entropy));
        let of = |arm: &usize| {
            let intervention = plan.arms[*arm].intervention;
            intervention.map_or(Vec::new(), |at| self.table.interventions[at].clone())
        };
        plan.wells.iter().map(of).collect()
    }

    /// Weighs graphs on all wells, and again without those that the best graph can't account for: half of all
    /// bubbles and scratches go unnoticed by the instrument, and one of them is worth an arrow.
    fn believe(&mut self) {
        let options = Options {
            hidden: self.table.options.hidden,
            typical: Some(TYPICAL),
            arrow_cost: Some(drivers_cost(self.table.variables.len())),
            length: Length {
                chains: 2,
                burn_in: 4_000,
                steps: 16_000,
                every: 10,
            },
            ..Options::default()
        };
        let seed = self.seed.derive("belief", self.table.rows.len() as u64);
        self.table.disturbed.clear();
        let Some(data) = self.table.data() else {
            return;
        };
        let mut belief = believe(&data, &options, seed);
        let mut known = data;
        let score = MixedScore::new(&known);
        let fitted = Fitted::new(&score, &belief.best);
        self.table.disturbed = fitted.map_or(Vec::new(), |fitted| self.table.outliers(&fitted));
        if !self.table.disturbed.is_empty()
            && let Some(data) = self.table.data()
        {
            belief = believe(&data, &options, seed);
            known = data;
        }
        self.known = Some((known, belief));
    }

    fn stage(&mut self, acts: &[Vec<usize>]) {
        let Some((_, belief)) = &self.known else {
            return;
        };
        let mut arms: BTreeMap<String, u32> = BTreeMap::new();
        for set in acts {
            *arms.entry(self.table.name(set)).or_default() += 1;
        }
        let before = self.stages.last();
        let stage = findings::stage(
            self.batches,
            arms,
            (&self.table.variables, belief),
            self.table.options.certainty,
            before,
        );
        self.stages.push(stage);
    }

    /// What was found so far.
    #[must_use]
    pub fn findings(&self) -> Option<Findings> {
        let (data, belief) = self.known.as_ref()?;
        let mut found =
            findings::findings(data, belief, &self.stages, self.table.options.certainty);
        found.disturbed = self.table.disturbed.len() as u32;
        Some(found)
    }
}

impl Policy for CausePolicy {
    fn name(&self) -> &'static str {
        "causes"
    }

    fn ask(&mut self, q: usize, _: &[Point], seed: Seed) -> Result<Vec<Proposal>, AskError> {
        let chosen = self.chosen(q, seed);
        Ok(self.table.proposals(&chosen))
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), TellError> {
        let acts = self.table.tell(trials)?;
        if acts.is_empty() {
            return Ok(());
        }
        self.batches = trials.first().map_or(self.batches, |trial| trial.batch);
        if self.table.rows.len() >= self.table.variables.len() {
            self.believe();
            self.stage(&acts);
        }
        Ok(())
    }

    fn predict(&self, _: &[Point]) -> Option<Vec<Prediction>> {
        None
    }

    fn note(&self) -> Option<String> {
        let certainty = self.known.as_ref().map(|(_, belief)| belief.certainty())?;
        let expected = self.expected.map_or(String::new(), |(nats, of)| {
            format!("; this plate is expected to tell {nats:.2} of {of:.2} nats")
        });
        Some(format!(
            "the least certain link has probability {certainty:.3}{expected}"
        ))
    }

    fn settled(&self) -> Option<String> {
        let (_, belief) = self.known.as_ref()?;
        // What was only looked at never settles a direction.
        let acted = self.table.rows.iter().any(|(acts, _)| !acts.is_empty());
        let certain = belief.certainty() >= self.table.options.certainty;
        (acted && self.table.untried().is_empty() && certain)
            .then(|| self.findings().map(|found| found.words()))?
    }
}
