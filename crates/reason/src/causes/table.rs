//! What can be done to the variables, and the wells so far: what was done in each, and what was read.

use super::{Act, CauseOptions, INTERVENTIONS_MAX};
use cause::{Data, Fitted, Intervention, Nodes, Regime};
use design::{Factor, FactorKind, Level, Outcome, Point, Proposal, Space, TellError, Trial, Why};
use quantity::{Rng, Seed};
use rand::RngExt;
use std::sync::Arc;

/// Fewest wells where nothing is done on every plate, with which interventions may begin at once.
pub(super) const LOOKED_MIN: usize = 4;
/// Robust standard deviations of an equation's residuals beyond which a well was disturbed.
const DISTURBED: f64 = 6.0;
/// Greatest share of wells that may count as disturbed: more are a law that is no line.
const DISTURBED_MAX: f64 = 0.05;

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

/// Wells as rows of a table, and what may be done in the next ones.
#[derive(Debug)]
pub(super) struct Table {
    pub space: Arc<Space>,
    pub variables: Vec<String>,
    pub acts: Vec<Act>,
    pub options: CauseOptions,
    /// Places among `acts` of each intervention.
    pub interventions: Vec<Vec<usize>>,
    /// Acts and values of each well.
    pub rows: Vec<(Vec<usize>, Vec<f64>)>,
    /// Places of wells that count as disturbed.
    pub disturbed: Vec<usize>,
}

impl Table {
    /// Nothing measured yet. Factors that act on nothing stay at their low end; interventions that the space forbids are left
    /// out.
    pub(super) fn new(
        space: Arc<Space>,
        variables: Vec<String>,
        acts: Vec<Act>,
        options: CauseOptions,
    ) -> Self {
        let mut table = Self {
            interventions: Vec::new(),
            space,
            variables,
            acts,
            options,
            rows: Vec::new(),
            disturbed: Vec::new(),
        };
        table.interventions = combinations(&table.acts, options.combine)
            .into_iter()
            .filter(|set| table.space.contains(&table.point(set)))
            .take(INTERVENTIONS_MAX)
            .collect();
        table
    }

    /// Takes in what was measured; the acts of each well that gave something.
    pub(super) fn tell(&mut self, trials: &[Trial]) -> Result<Vec<Vec<usize>>, TellError> {
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
        let acts = rows.iter().map(|(acts, _)| acts.clone()).collect();
        self.rows.extend(rows);
        Ok(acts)
    }

    /// What to ask for, where these acts were chosen for each well: a well without any is a baseline.
    pub(super) fn proposals(&self, chosen: &[Vec<usize>]) -> Vec<Proposal> {
        let proposal = |acts: &Vec<usize>| Proposal {
            point: self.point(acts),
            predicted: None,
            why: if acts.is_empty() {
                Why::Baseline
            } else {
                Why::Explore
            },
        };
        chosen.iter().map(proposal).collect()
    }

    pub(super) fn point(&self, acts: &[usize]) -> Point {
        let each = self.space.factors.iter().enumerate().map(|(at, factor)| {
            let (low, high) = ends(factor);
            let acted = acts.iter().any(|act| self.acts[*act].factor == at);
            level(factor, if acted { high } else { low })
        });
        Point(each.collect())
    }

    /// The acts that a point stands for.
    pub(super) fn acts_of(&self, point: &Point) -> Vec<usize> {
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
    pub(super) fn name(&self, acts: &[usize]) -> String {
        if acts.is_empty() {
            return "nothing done".into();
        }
        let names = acts
            .iter()
            .map(|act| self.space.factors[self.acts[*act].factor].name.as_str());
        names.collect::<Vec<_>>().join(" + ")
    }

    pub(super) fn targets(&self, acts: &[usize]) -> Nodes {
        acts.iter()
            .fold(Nodes::NONE, |set, act| set.with(self.acts[*act].variable))
    }

    /// The rows as data, with a regime for each set of acts that occurred: observation first.
    pub(super) fn data(&self) -> Option<Data> {
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
    pub(super) fn foreseen(&self) -> Vec<Intervention> {
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

    /// Wells in which each act was made.
    pub(super) fn touched(&self) -> Vec<usize> {
        let count = |act: usize| {
            let with = self.rows.iter().filter(|(acts, _)| acts.contains(&act));
            with.count()
        };
        (0..self.acts.len()).map(count).collect()
    }

    /// Acts that can be made and never were: a variable that moves too little by itself to show what it drives is
    /// otherwise taken for one that drives nothing.
    pub(super) fn untried(&self) -> Vec<usize> {
        let touched = self.touched();
        let possible = |act: &usize| self.interventions.iter().any(|set| set.contains(act));
        (0..self.acts.len())
            .filter(|act| possible(act) && touched[*act] == 0)
            .collect()
    }

    /// Wells that act on every variable as often as on every other: the first ones, when nothing is known and the
    /// controls of a plate show what moves together by itself.
    pub(super) fn spread(&self, q: usize, seed: Seed) -> Vec<Vec<usize>> {
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
    pub(super) fn by_lot(&self, q: usize, known: bool, seed: Seed) -> Vec<Vec<usize>> {
        let mut rng: Rng = seed.derive("lot", 0).rng();
        let idle = if self.options.controls >= LOOKED_MIN {
            0
        } else if !known {
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

    /// Wells far from what the equations of a fitted graph say; none if there are too many of them.
    pub(super) fn outliers(&self, fitted: &Fitted) -> Vec<usize> {
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
}
