//! Causes as what a campaign asks: interventions that tell who drives whom.
//!
//! A well is a row: every measured variable, and which variables were acted on. Wells that nobody acted on belong to
//! every batch: those that vouch for the plate anyway, and where these are too few, more of the same. The belief is
//! [`cause::belief`], hidden common causes allowed for; which interventions come next, single and combined, is
//! [`cause::next`].

mod findings;
#[cfg(test)]
mod tests;

pub use findings::{Findings, Link, Stage};

use cause::belief::{Belief, Options, believe};
use cause::next::{Batch, choose};
use cause::sample::Length;
use cause::{Data, Fitted, Intervention, MixedScore, Nodes, Regime};
use design::{
    AskError, Factor, FactorKind, Level, Outcome, Point, Policy, Prediction, Proposal, Space,
    TellError, Trial, Why,
};
use quantity::{Rng, Seed};
use rand::RngExt;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most variables that a campaign relates.
pub const VARIABLES_MAX: usize = cause::belief::MAX_HIDDEN;
/// Most interventions among which the next ones are chosen.
pub const INTERVENTIONS_MAX: usize = 400;
/// Likely graphs that stand for all where the next interventions are chosen.
const GRAPHS: usize = 100;
/// The size of a typical effect, in standard deviations of the driven for one of the driver: weaker ones are less likely
/// beforehand.
const TYPICAL: f64 = 0.5;
/// Fewest wells where nothing is done on every plate, with which interventions may begin at once.
const LOOKED_MIN: usize = 4;
/// Robust standard deviations of an equation's residuals beyond which a well was disturbed.
const DISTURBED: f64 = 6.0;
/// Greatest share of wells that may count as disturbed: more are a law that is no line.
const DISTURBED_MAX: f64 = 0.05;

/// The cost of an arrow, in nats, where each variable has one driver among the others on average; hidden causes keep
/// the cost of [`cause::arrow_cost`], of which this is half. What is asked about in a campaign has been chosen, and arrows
/// among it are less rare than among a hundred variables that were not.
fn drivers_cost(variables: usize) -> f64 {
    0.5 * cause::arrow_cost(variables)
}

/// A factor whose high end acts on a variable, and whose low end does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// The factor's place in the space.
    pub factor: usize,
    /// The variable's place among those that are measured.
    pub variable: usize,
}

/// How causes are asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CauseOptions {
    /// The probability at which every link, or its absence, is taken for settled.
    pub certainty: f64,
    /// Whether variables may have hidden common causes.
    pub hidden: bool,
    /// Whether the drivers of a variable that is acted on go on acting.
    pub soft: bool,
    /// What acting on a variable leaves of it, as a share, before any well has shown it.
    pub leaves: f64,
    /// Most acts in one well.
    pub combine: usize,
    /// Wells of one intervention in a batch.
    pub replicates: usize,
    /// Wells where nothing is done that are measured and told with every batch, whatever is asked for.
    pub controls: usize,
    /// Interventions by lot and not by what they should tell: what choosing is to be compared with.
    pub by_lot: bool,
}

/// Chooses interventions until every link is settled.
#[derive(Debug)]
pub struct CausePolicy {
    space: Arc<Space>,
    variables: Vec<String>,
    acts: Vec<Act>,
    options: CauseOptions,
    /// Places among `acts` of each intervention.
    interventions: Vec<Vec<usize>>,
    seed: Seed,
    /// Acts and values of each well.
    rows: Vec<(Vec<usize>, Vec<f64>)>,
    /// Places of wells that count as disturbed.
    disturbed: Vec<usize>,
    batches: u64,
    known: Option<(Data, Belief)>,
    stages: Vec<Stage>,
    expected: Option<(f64, f64)>,
}

fn ends(factor: &Factor) -> (f64, f64) {
    factor.range().unwrap_or((0.0, 1.0))
}

fn level(factor: &Factor, value: f64) -> Level {
    match factor.kind {
        FactorKind::Integer { .. } => Level::Integer(value as i64),
        _ => Level::Real(value),
    }
}

/// All sets of up to `most` acts on different variables, small ones first.
fn combinations(acts: &[Act], most: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    let mut last: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..most {
        let mut next = Vec::new();
        for set in &last {
            let from = set.last().map_or(0, |at| at + 1);
            for at in from..acts.len() {
                if set.iter().all(|o| acts[*o].variable != acts[at].variable) {
                    next.push(set.iter().copied().chain([at]).collect());
                }
            }
        }
        all.extend(next.iter().cloned());
        last = next;
    }
    all
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
        let mut policy = Self {
            interventions: Vec::new(),
            space,
            variables,
            acts,
            options,
            seed,
            rows: Vec::new(),
            disturbed: Vec::new(),
            batches: 0,
            known: None,
            stages: Vec::new(),
            expected: None,
        };
        policy.interventions = combinations(&policy.acts, options.combine)
            .into_iter()
            .filter(|set| policy.space.contains(&policy.point(set)))
            .take(INTERVENTIONS_MAX)
            .collect();
        policy
    }

    /// What is known, once there are wells enough.
    #[must_use]
    pub fn belief(&self) -> Option<(&Data, &Belief)> {
        self.known.as_ref().map(|(data, belief)| (data, belief))
    }

    fn point(&self, acts: &[usize]) -> Point {
        let each = self.space.factors.iter().enumerate().map(|(at, factor)| {
            let (low, high) = ends(factor);
            let acted = acts.iter().any(|act| self.acts[*act].factor == at);
            level(factor, if acted { high } else { low })
        });
        Point(each.collect())
    }

    /// The acts that a point stands for.
    fn acts_of(&self, point: &Point) -> Vec<usize> {
        (0..self.acts.len())
            .filter(|act| {
                let at = self.acts[*act].factor;
                let (low, high) = ends(&self.space.factors[at]);
                let number = point.levels().get(at).and_then(Level::number);
                number.is_some_and(|number| number > 0.5 * (low + high))
            })
            .collect()
    }

    /// What people call a set of acts.
    fn name(&self, acts: &[usize]) -> String {
        if acts.is_empty() {
            return "nothing done".into();
        }
        let names = acts
            .iter()
            .map(|act| self.space.factors[self.acts[*act].factor].name.as_str());
        names.collect::<Vec<_>>().join(" + ")
    }

    fn targets(&self, acts: &[usize]) -> Nodes {
        acts.iter()
            .fold(Nodes::NONE, |set, act| set.with(self.acts[*act].variable))
    }

    /// The rows as data, with a regime for each set of acts that occurred: observation first.
    fn data(&self) -> Option<Data> {
        let mut sets: Vec<&Vec<usize>> = Vec::new();
        for (acts, _) in &self.rows {
            if !acts.is_empty() && !sets.contains(&acts) {
                sets.push(acts);
            }
        }
        let mut regimes = vec![Regime {
            name: self.name(&[]),
            ..Regime::observation()
        }];
        regimes.extend(sets.iter().map(|acts| {
            let targets = self.targets(acts);
            let mut regime = Regime::setting(targets, self.name(acts));
            if self.options.soft {
                regime.hard = Nodes::NONE;
                regime.soft = targets;
            }
            regime
        }));
        let kept = (0..self.rows.len()).filter(|at| !self.disturbed.contains(at));
        let rows = kept.map(|at| {
            let (acts, values) = &self.rows[at];
            let regime = sets.iter().position(|set| *set == acts);
            (regime.map_or(0, |at| at + 1), values.clone())
        });
        Data::new(self.variables.clone(), regimes, rows.collect()).ok()
    }

    /// Every intervention with what it is expected to do to its targets: as wells showed it, else as stated.
    fn foreseen(&self) -> Vec<Intervention> {
        let mean = |variable: usize, wanted: &dyn Fn(&[usize]) -> bool| {
            let of = self.rows.iter().filter(|(acts, _)| wanted(acts));
            let (sum, count) = of.fold((0.0, 0.0), |(s, n), (_, values)| {
                (s + values[variable], n + 1.0)
            });
            (count > 0.0).then(|| sum / count)
        };
        let idle = |variable: usize| mean(variable, &<[usize]>::is_empty).unwrap_or(1.0);
        let each = self.interventions.iter().map(|set| {
            let targets = set.iter().map(|act| {
                let variable = self.acts[*act].variable;
                let shown = mean(variable, &|acts: &[usize]| acts.contains(act));
                let value = shown.unwrap_or(self.options.leaves * idle(variable));
                let shift = value - idle(variable);
                (variable, if self.options.soft { shift } else { value })
            });
            Intervention {
                name: self.name(set),
                targets: targets.collect(),
                soft: self.options.soft,
            }
        });
        each.collect()
    }

    /// Acts of the next wells.
    fn chosen(&mut self, q: usize, seed: Seed) -> Vec<Vec<usize>> {
        if self.interventions.is_empty() {
            return vec![Vec::new(); q];
        }
        if self.options.by_lot {
            return self.by_lot(q, seed);
        }
        if self.known.is_none() {
            return if self.options.controls < LOOKED_MIN {
                // Look before acting.
                vec![Vec::new(); q]
            } else {
                self.spread(q, seed)
            };
        }
        // What nobody has tried comes first; what is left of the batch goes where it should tell most.
        let untried = self.untried();
        if !untried.is_empty() {
            let mut all = self.spread(q.min(untried.len() * self.options.replicates.max(1)), seed);
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
            given: self.options.controls,
            replicates: self.options.replicates,
            blocks: 1,
        };
        let foreseen = self.foreseen();
        let plan = choose(&belief.rivals(data, GRAPHS), &foreseen, &batch, seed);
        self.expected = Some((plan.information, plan.entropy));
        let of = |arm: &usize| {
            let intervention = plan.arms[*arm].intervention;
            intervention.map_or(Vec::new(), |at| self.interventions[at].clone())
        };
        plan.wells.iter().map(of).collect()
    }

    /// Wells in which each act was made.
    fn touched(&self) -> Vec<usize> {
        let count = |act: usize| {
            let with = self.rows.iter().filter(|(acts, _)| acts.contains(&act));
            with.count()
        };
        (0..self.acts.len()).map(count).collect()
    }

    /// Acts that can be made and never were: a variable that moves too little by itself to show what it drives is
    /// otherwise taken for one that drives nothing.
    fn untried(&self) -> Vec<usize> {
        let touched = self.touched();
        let possible = |act: &usize| self.interventions.iter().any(|set| set.contains(act));
        (0..self.acts.len())
            .filter(|act| possible(act) && touched[*act] == 0)
            .collect()
    }

    /// Wells that act on every variable as often as on every other: the first ones, when nothing is known and the
    /// controls of a plate show what moves together by itself.
    fn spread(&self, q: usize, seed: Seed) -> Vec<Vec<usize>> {
        let mut rng: Rng = seed.derive("spread", 0).rng();
        let mut touched = self.touched();
        let mut all = Vec::with_capacity(q);
        while all.len() < q {
            let least = self
                .interventions
                .iter()
                .map(|set| {
                    let often: usize = set.iter().map(|act| touched[*act]).sum();
                    let mean = often as f64 / set.len() as f64;
                    (mean, set.len(), rng.random::<f64>(), set)
                })
                .min_by(|a, b| {
                    let by_mean = a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
                    by_mean.then(a.2.total_cmp(&b.2))
                });
            let Some((_, _, _, set)) = least else { break };
            for act in set {
                touched[*act] += 1;
            }
            let count = self.options.replicates.max(1).min(q - all.len());
            all.extend(std::iter::repeat_n(set.clone(), count));
        }
        all
    }

    /// Interventions by lot, with as many wells where nothing is done as a choice would have.
    fn by_lot(&self, q: usize, seed: Seed) -> Vec<Vec<usize>> {
        let mut rng: Rng = seed.derive("lot", 0).rng();
        let idle = if self.options.controls >= LOOKED_MIN {
            0
        } else if self.known.is_none() {
            q
        } else {
            q.div_ceil(3)
        };
        let mut all = vec![Vec::new(); idle];
        while all.len() < q {
            let set = &self.interventions[rng.random_range(0..self.interventions.len())];
            let count = self.options.replicates.max(1).min(q - all.len());
            all.extend(std::iter::repeat_n(set.clone(), count));
        }
        all
    }

    /// Weighs graphs on all wells, and again without those that the best graph can't account for: half of all
    /// bubbles and scratches go unnoticed by the instrument, and one of them is worth an arrow.
    fn believe(&mut self) {
        let options = Options {
            hidden: self.options.hidden,
            typical: Some(TYPICAL),
            arrow_cost: Some(drivers_cost(self.variables.len())),
            length: Length {
                chains: 2,
                burn_in: 4_000,
                steps: 16_000,
                every: 10,
            },
            ..Options::default()
        };
        let seed = self.seed.derive("belief", self.rows.len() as u64);
        self.disturbed.clear();
        let Some(data) = self.data() else {
            return;
        };
        let mut belief = believe(&data, &options, seed);
        let mut known = data;
        self.disturbed = self.outliers(&known, &belief);
        if !self.disturbed.is_empty()
            && let Some(data) = self.data()
        {
            belief = believe(&data, &options, seed);
            known = data;
        }
        self.known = Some((known, belief));
    }

    /// Wells far from what the best graph's equations say; none if there are too many of them.
    fn outliers(&self, data: &Data, belief: &Belief) -> Vec<usize> {
        let score = MixedScore::new(data);
        let Some(fitted) = Fitted::new(&score, &belief.best) else {
            return Vec::new();
        };
        let each: Vec<Vec<Option<f64>>> = self
            .rows
            .iter()
            .map(|(acts, values)| fitted.residuals(values, self.targets(acts)))
            .collect();
        let mut found: Vec<usize> = Vec::new();
        for variable in 0..self.variables.len() {
            let mut sizes: Vec<f64> = each
                .iter()
                .filter_map(|row| row[variable].map(f64::abs))
                .collect();
            sizes.sort_by(f64::total_cmp);
            // The median of absolute residuals as a standard deviation (Hampel, JASA 69 (1974) 383).
            let Some(spread) = sizes.get(sizes.len() / 2).map(|median| 1.4826 * median) else {
                continue;
            };
            found.extend((0..each.len()).filter(|at| {
                each[*at][variable].is_some_and(|residual| residual.abs() > DISTURBED * spread)
            }));
        }
        found.sort_unstable();
        found.dedup();
        // The only well of an intervention may be far off for what was done.
        let alone = |at: usize| {
            let same = |row: &&(Vec<usize>, Vec<f64>)| row.0 == self.rows[at].0;
            self.rows.iter().filter(same).count() == 1
        };
        found.retain(|at| !alone(*at));
        if found.len() as f64 > DISTURBED_MAX * self.rows.len() as f64 {
            found.clear();
        }
        found
    }

    fn stage(&mut self, acts: &[Vec<usize>]) {
        let Some((_, belief)) = &self.known else {
            return;
        };
        let mut arms: BTreeMap<String, u32> = BTreeMap::new();
        for set in acts {
            *arms.entry(self.name(set)).or_default() += 1;
        }
        let before = self.stages.last();
        let stage = findings::stage(
            self.batches,
            arms,
            (&self.variables, belief),
            self.options.certainty,
            before,
        );
        self.stages.push(stage);
    }

    /// What was found so far.
    #[must_use]
    pub fn findings(&self) -> Option<Findings> {
        let (data, belief) = self.known.as_ref()?;
        let mut found = findings::findings(data, belief, &self.stages, self.options.certainty);
        found.disturbed = self.disturbed.len() as u32;
        Some(found)
    }
}

impl Policy for CausePolicy {
    fn name(&self) -> &'static str {
        "causes"
    }

    fn ask(&mut self, q: usize, _: &[Point], seed: Seed) -> Result<Vec<Proposal>, AskError> {
        let chosen = self.chosen(q, seed);
        let each = chosen.iter().map(|acts| Proposal {
            point: self.point(acts),
            predicted: None,
            why: if acts.is_empty() {
                Why::Baseline
            } else {
                Why::Explore
            },
        });
        Ok(each.collect())
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), TellError> {
        let n = self.variables.len();
        let mut problems = Vec::new();
        let mut rows = Vec::new();
        for (at, trial) in trials.iter().enumerate() {
            match &trial.outcome {
                Outcome::Measured { values, .. }
                    if values.len() == n && values.iter().all(|v| v.is_finite()) =>
                {
                    rows.push((self.acts_of(&trial.point), values.clone()));
                }
                Outcome::Measured { values, .. } => problems.push((
                    at,
                    format!("found {} values, expected {n} finite ones", values.len()),
                )),
                Outcome::Failed => {}
            }
        }
        if !problems.is_empty() {
            return Err(TellError { problems });
        }
        if rows.is_empty() {
            return Ok(());
        }
        let acts: Vec<Vec<usize>> = rows.iter().map(|(acts, _)| acts.clone()).collect();
        self.rows.extend(rows);
        self.batches = trials.first().map_or(self.batches, |trial| trial.batch);
        if self.rows.len() >= n {
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
        let acted = self.rows.iter().any(|(acts, _)| !acts.is_empty());
        let certain = belief.certainty() >= self.options.certainty;
        (acted && self.untried().is_empty() && certain)
            .then(|| self.findings().map(|found| found.words()))?
    }
}
