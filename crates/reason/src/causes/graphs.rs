//! Causal graphs as rival hypotheses: arrows among measured variables, and hidden common causes, told apart by wells under
//! interventions.
//!
//! What a graph says of wells is a linear model with normal noise; its weights, levels and noises are integrated out
//! ([`cause::MarginalScore`]), so a graph pays for every arrow that it does not need. That none of the rivals is right is one
//! more hypothesis: a graph that is one change away from the best of them (an arrow more, fewer or turned, a hidden cause more
//! or fewer). Where that is what wells say, it is said which change.

use super::arrows::{GraphRival, change, near, words};
use super::table::{LOOKED_MIN, Table};
use super::{Act, CauseOptions};
use crate::rivals::NONE_PRIOR;
use cause::next::{Batch, choose};
use cause::{Data, Fitted, MarginalScore, Mixed, MixedScore};
use design::{
    AskError, Point, Policy, Prediction, Proposal, Rival, RivalsFound, Space, TellError, Trial,
};
use quantity::Seed;
use std::sync::Arc;

/// Probability at which none of the graphs is said to hold.
const NONE_CERTAIN: f64 = 0.99;
/// Wells before anything is said to hold or not.
const WELLS_MIN: usize = 8;

/// What wells make of the graphs.
#[derive(Debug)]
struct Standing {
    /// Probabilities, in the order of the rivals.
    shares: Vec<f64>,
    /// That none of them holds.
    none: f64,
    /// The likeliest change of the best of them.
    nearest: Option<Mixed>,
    /// The equations of each rival, fitted, where that can be.
    fitted: Vec<Option<Fitted>>,
    /// The same of the nearest.
    near: Option<Fitted>,
}

/// Chooses interventions that tell rival graphs apart, and stops when one is certain or none is.
#[derive(Debug)]
pub struct GraphPolicy {
    table: Table,
    rivals: Vec<GraphRival>,
    seed: Seed,
    standing: Option<Standing>,
    history: Vec<Vec<f64>>,
    expected: Option<(f64, f64)>,
}

impl GraphPolicy {
    /// Rivals among `variables`, which factors of a space act on.
    #[must_use]
    pub fn new(
        space: Arc<Space>,
        variables: Vec<String>,
        acts: Vec<Act>,
        rivals: Vec<GraphRival>,
        options: CauseOptions,
        seed: Seed,
    ) -> Self {
        Self {
            table: Table::new(space, variables, acts, options),
            rivals,
            seed,
            standing: None,
            history: Vec::new(),
            expected: None,
        }
    }

    /// The probability of each rival, and that none of them holds; nothing before wells.
    #[must_use]
    pub fn standing(&self) -> Option<(&[f64], f64)> {
        let own = self.standing.as_ref()?;
        Some((&own.shares, own.none))
    }

    fn best(shares: &[f64]) -> usize {
        (0..shares.len()).fold(
            0,
            |best, at| if shares[at] > shares[best] { at } else { best },
        )
    }

    /// Weighs the rivals on all wells, and again without those that the best of them can't account for.
    fn weigh(&mut self) {
        self.table.disturbed.clear();
        let Some(data) = self.table.data() else {
            return;
        };
        let first = self.weighed(&data);
        let best = Self::best(&first.shares);
        // What none of them accounts for may be a graph that is missing, not a well that failed.
        let judge = match (&first.near, first.none > 0.5) {
            (Some(near), true) => Some(near),
            _ => first.fitted[best].as_ref(),
        };
        self.table.disturbed = judge.map_or(Vec::new(), |fitted| self.table.outliers(fitted));
        self.standing = Some(match self.table.data() {
            Some(data) if !self.table.disturbed.is_empty() => self.weighed(&data),
            _ => first,
        });
    }

    fn weighed(&self, data: &Data) -> Standing {
        let score = MarginalScore::new(data);
        let logs: Vec<f64> = self
            .rivals
            .iter()
            .map(|own| own.prior.ln() + score.of(&own.graph))
            .collect();
        let best = Self::best(&logs);
        let top = logs[best];
        let mut shares: Vec<f64> = if top.is_finite() {
            logs.iter().map(|log| (log - top).exp()).collect()
        } else {
            vec![1.0; logs.len()]
        };
        // Rivals are no strangers to each other: what is a rival is not none of them.
        let others = near(&self.rivals[best].graph).into_iter();
        let others: Vec<(f64, Mixed)> = others
            .filter(|graph| self.rivals.iter().all(|own| own.graph != *graph))
            .map(|graph| (score.of(&graph), graph))
            .collect();
        let prior = self.rivals[best].prior.ln();
        let factor = others.iter().map(|(log, _)| (log + prior - top).exp());
        let factor = factor.sum::<f64>() / others.len().max(1) as f64;
        let each: f64 = shares.iter().sum();
        let none = if top.is_finite() {
            let odds = NONE_PRIOR / (1.0 - NONE_PRIOR) * factor;
            // Infinite odds are certain.
            1.0 - 1.0 / (1.0 + odds / each)
        } else {
            NONE_PRIOR
        };
        shares
            .iter_mut()
            .for_each(|share| *share *= (1.0 - none) / each);
        let nearest = others
            .into_iter()
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, graph)| graph);
        let equations = MixedScore::new(data);
        let fit = |graph: &Mixed| Fitted::new(&equations, graph);
        Standing {
            fitted: self.rivals.iter().map(|own| fit(&own.graph)).collect(),
            near: nearest.as_ref().and_then(fit),
            shares,
            none,
            nearest,
        }
    }

    /// Acts of the next wells.
    fn chosen(&mut self, q: usize, seed: Seed) -> Vec<Vec<usize>> {
        if self.table.interventions.is_empty() {
            return vec![Vec::new(); q];
        }
        if self.table.options.by_lot {
            return self.table.by_lot(q, self.standing.is_some(), seed);
        }
        let Some(standing) = &self.standing else {
            return if self.table.options.controls < LOOKED_MIN {
                // Look before acting.
                vec![Vec::new(); q]
            } else {
                self.table.spread(q, seed)
            };
        };
        let rivals = standing.fitted.iter().zip(&standing.shares);
        let near = standing.near.iter().map(|fitted| (fitted, standing.none));
        let all: Vec<(Fitted, f64)> = rivals
            .filter_map(|(fitted, share)| Some((fitted.as_ref()?, *share)))
            .chain(near)
            .map(|(fitted, share)| (fitted.clone(), share.max(1e-6)))
            .collect();
        let whole: f64 = all.iter().map(|(_, share)| share).sum();
        let all: Vec<(Fitted, f64)> = all.into_iter().map(|(f, s)| (f, s / whole)).collect();
        if all.len() < 2 {
            return self.table.spread(q, seed);
        }
        let batch = Batch {
            wells: q,
            given: self.table.options.controls,
            replicates: self.table.options.replicates,
            blocks: 1,
        };
        let plan = choose(&all, &self.table.foreseen(), &batch, seed);
        self.expected = Some((plan.information, plan.entropy));
        let of = |arm: &usize| {
            let intervention = plan.arms[*arm].intervention;
            intervention.map_or(Vec::new(), |at| self.table.interventions[at].clone())
        };
        plan.wells.iter().map(of).collect()
    }

    fn words(&self) -> Option<String> {
        let own = self.standing.as_ref()?;
        let mut order: Vec<usize> = (0..own.shares.len()).collect();
        order.sort_by(|a, b| own.shares[*b].total_cmp(&own.shares[*a]));
        let each: Vec<String> = order
            .iter()
            .map(|at| format!("{} {:.3}", self.rivals[*at].name, own.shares[*at]))
            .collect();
        Some(format!(
            "{}; another graph than these {:.3}",
            each.join(", "),
            own.none
        ))
    }
}

impl Policy for GraphPolicy {
    fn name(&self) -> &'static str {
        "graphs"
    }

    fn ask(&mut self, q: usize, _: &[Point], seed: Seed) -> Result<Vec<Proposal>, AskError> {
        let seed = seed.derive("graphs", self.seed.derive("graphs", 0).0);
        let chosen = self.chosen(q, seed);
        Ok(self.table.proposals(&chosen))
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), TellError> {
        if self.table.tell(trials)?.is_empty() {
            return Ok(());
        }
        self.weigh();
        if let Some(own) = &self.standing {
            let all = own.shares.iter().copied().chain([own.none]);
            self.history.push(all.collect());
        }
        Ok(())
    }

    fn predict(&self, _: &[Point]) -> Option<Vec<Prediction>> {
        None
    }

    fn note(&self) -> Option<String> {
        let expected = self.expected.map_or(String::new(), |(nats, of)| {
            format!("; this plate is expected to tell {nats:.2} of {of:.2} nats")
        });
        Some(format!("{}{expected}", self.words()?))
    }

    fn rivals(&self) -> Option<RivalsFound> {
        let after = |at: usize| self.history.iter().map(|all| all[at]).collect();
        let own = self.standing.as_ref();
        let each = self.rivals.iter().enumerate().map(|(at, rival)| {
            let fitted = own.and_then(|own| own.fitted[at].as_ref());
            let effects = fitted.map_or_else(Vec::new, Fitted::effects);
            let name = |node: usize| self.table.variables[node].as_str();
            Rival {
                name: rival.name.clone(),
                probabilities: after(at),
                parameters: effects
                    .into_iter()
                    .map(|effect| {
                        let arrow = format!("{} → {}", name(effect.from), name(effect.to));
                        (arrow, effect.slope, effect.error)
                    })
                    .collect(),
            }
        });
        Some(RivalsFound {
            each: each.collect(),
            none: after(self.rivals.len()),
            none_fits: own.is_some_and(|own| own.none > NONE_CERTAIN),
        })
    }

    fn settled(&self) -> Option<String> {
        let own = self.standing.as_ref()?;
        if self.table.rows.len() < WELLS_MIN {
            return None;
        }
        let best = Self::best(&own.shares);
        let name = &self.rivals[best].name;
        if own.none > NONE_CERTAIN {
            let how = own.nearest.as_ref().map_or(String::new(), |nearest| {
                let from = &self.rivals[best].graph;
                format!(" {}", change(from, nearest, &self.table.variables))
            });
            return Some(format!(
                "none of the hypotheses fits (another graph holds with probability {:.3}): nearest is '{name}'{how}",
                own.none
            ));
        }
        // What was only looked at never settles a direction.
        let acted = self.table.rows.iter().any(|(acts, _)| !acts.is_empty());
        let share = own.shares[best];
        (acted && share >= self.table.options.certainty).then(|| {
            format!(
                "of these hypotheses, '{name}' holds with probability {} ({}); that a graph one arrow or hidden cause away from it is right has probability {}",
                crate::rivals::chance(share),
                words(&self.rivals[best].graph, &self.table.variables),
                crate::rivals::chance(own.none)
            )
        })
    }
}
