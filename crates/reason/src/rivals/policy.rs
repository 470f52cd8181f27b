//! Rivals as what a campaign asks: the points that tell them apart.

use super::{Datum, Hypothesis, RivalError, Rivals, Spread, Wells};
use design::{
    AskError, Level, Outcome, Point, Policy, Prediction, Proposal, Rival, RivalsFound, Space,
    TellError, Trial, Why,
};
use quantity::Seed;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Points of the space among which the next ones are chosen.
const CANDIDATES: usize = 96;
/// Random points that are tried to find as many distinct ones.
const TRIES_MAX: usize = 4000;
/// Wells before anything is said to fit or not.
const WELLS_MIN: u32 = 12;
/// Error of one well, of what responses span, where nothing is known of it.
const UNKNOWN_NOISE: f64 = 0.05;

/// Levels as numbers: names by their place, from zero.
#[must_use]
pub fn numbers(point: &Point) -> Vec<f64> {
    point
        .levels()
        .iter()
        .map(|level| match level {
            Level::Category(at) => *at as f64,
            other => other.number().unwrap_or(f64::NAN),
        })
        .collect()
}

/// Chooses points that tell rivals apart, and stops when one is certain or none fits.
#[derive(Debug)]
pub struct RivalPolicy {
    rivals: Rivals,
    space: Arc<Space>,
    certainty: f64,
    /// Standard deviation of one well's error, where it is stated.
    noise: Option<f64>,
    /// Wells that a point is to be measured in.
    wells: u32,
    repeats: bool,
    by_lot: bool,
    seed: Seed,
    told: Vec<Trial>,
    told_points: BTreeSet<Point>,
    /// Probabilities after each batch that was told.
    history: Vec<(u64, Vec<f64>)>,
    expected: Option<f64>,
}

/// How rivals are told apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RivalOptions {
    /// The probability at which one of them is taken for true.
    pub certainty: f64,
    /// Standard deviation of one well's error; from replicates if not stated.
    pub noise: Option<f64>,
    /// Whether a point may be asked again.
    pub repeats: bool,
    /// Points by lot and not by what they should tell: what choosing is to be compared with.
    pub by_lot: bool,
}

impl RivalPolicy {
    /// Rivals about a space.
    ///
    /// # Errors
    /// If the hypotheses can't be rivals.
    pub fn new(
        space: Arc<Space>,
        hypotheses: Vec<Hypothesis>,
        options: RivalOptions,
        seed: Seed,
    ) -> Result<Self, RivalError> {
        // Names of a category lie apart by one.
        let range = |factor: &design::Factor| factor.range().unwrap_or((0.0, 1.0));
        let ranges = space.factors.iter().map(range).collect();
        let rivals = Rivals::new(hypotheses, &mut seed.derive("rivals", 0).rng())?.over(ranges);
        Ok(Self {
            rivals,
            space,
            certainty: options.certainty,
            noise: options.noise,
            wells: 1,
            repeats: options.repeats,
            by_lot: options.by_lot,
            seed,
            told: Vec::new(),
            told_points: BTreeSet::new(),
            history: Vec::new(),
            expected: None,
        })
    }

    /// Learns how much wells err, and doses: before any well was told. Where the error of wells is stated it stays as stated.
    #[must_use]
    pub fn learning_errors(mut self, wells: &Wells) -> Self {
        self.wells = wells.each.max(1);
        if self.noise.is_none() && wells.each > 1 {
            let mut rng = self.seed.derive("rivals", 0).rng();
            self.rivals = self.rivals.learning_errors(wells, &mut rng);
        }
        self
    }

    /// The rivals, as wells left them.
    #[must_use]
    pub fn rivals(&self) -> &Rivals {
        &self.rivals
    }

    /// The probabilities after each batch.
    #[must_use]
    pub fn history(&self) -> &[(u64, Vec<f64>)] {
        &self.history
    }

    /// The error of one well: stated, or pooled over all replicates that were told.
    fn well_sd(&self) -> f64 {
        if let Some(noise) = self.noise {
            return noise;
        }
        let (mut squares, mut count, mut low, mut high) =
            (0.0, 0, f64::INFINITY, f64::NEG_INFINITY);
        for trial in &self.told {
            if let Outcome::Measured {
                values,
                sd,
                replicates,
            } = &trial.outcome
            {
                low = low.min(values[0]);
                high = high.max(values[0]);
                if let Some(sd) = sd.filter(|sd| sd.is_finite() && *sd > 0.0) {
                    squares += sd * sd * f64::from((*replicates).max(1));
                    count += 1;
                }
            }
        }
        if count > 0 {
            (squares / f64::from(count)).sqrt()
        } else if high > low {
            // Nobody said, and nothing was repeated.
            UNKNOWN_NOISE * (high - low)
        } else {
            1.0
        }
    }

    /// The error of a point that is yet to be measured, where this is expected; before anything was told, by what responses
    /// are expected to span.
    fn point_sd(&self, expected: &[(f64, f64)]) -> f64 {
        let well = if self.noise.is_none() && self.told.is_empty() {
            let means = expected.iter().map(|(mean, _)| *mean);
            let (low, high) = means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), m| {
                (low.min(m), high.max(m))
            });
            UNKNOWN_NOISE * if high > low { high - low } else { 1.0 }
        } else {
            self.well_sd()
        };
        well / f64::from(self.wells).sqrt()
    }

    /// Wells that were told, those that failed left out.
    fn wells_told(&self) -> u32 {
        let each = self.told.iter().map(|trial| match &trial.outcome {
            Outcome::Measured { replicates, .. } => (*replicates).max(1),
            Outcome::Failed => 0,
        });
        each.sum()
    }

    /// The probability of each hypothesis, and last that none of them holds.
    fn shares(&self) -> Vec<f64> {
        let (each, none) = self.rivals.standing();
        each.into_iter().chain([none]).collect()
    }

    fn words(&self) -> String {
        let (shares, none) = self.rivals.standing();
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
        let each: Vec<String> = order
            .iter()
            .map(|at| format!("{} {:.3}", self.rivals.hypotheses()[*at].name, shares[*at]))
            .collect();
        let fits = self
            .rivals
            .fit_check(order[0])
            .map_or(String::new(), |check| {
                format!(
                    "; residuals of the first are {:.2} times their error",
                    check.ratio
                )
            });
        let another = if self.rivals.surrogate().is_some() {
            String::new()
        } else {
            format!("; another law than these {none:.3}")
        };
        format!("{}{fits}{another}", each.join(", "))
    }
}

impl Policy for RivalPolicy {
    fn name(&self) -> &'static str {
        "rivals"
    }

    fn ask(&mut self, q: usize, pending: &[Point], seed: Seed) -> Result<Vec<Proposal>, AskError> {
        let mut rng = seed.derive("rivals", self.told.len() as u64).rng();
        let taken = |point: &Point| {
            !self.repeats && (self.told_points.contains(point) || pending.contains(point))
        };
        let mut candidates: BTreeSet<Point> = BTreeSet::new();
        let wanted = if self.by_lot {
            q
        } else {
            CANDIDATES.max(2 * q)
        };
        for _ in 0..TRIES_MAX {
            let point = self.space.sample(&mut rng)?;
            if !taken(&point) {
                candidates.insert(point);
            }
            if candidates.len() == wanted {
                break;
            }
        }
        let candidates: Vec<Point> = candidates.into_iter().collect();
        if candidates.is_empty() || (candidates.len() < q && !self.repeats) {
            return Err(AskError::Exhausted {
                asked: q,
                left: candidates.len(),
            });
        }
        let rows: Vec<Vec<f64>> = candidates.iter().map(numbers).collect();
        let predicted = self.rivals.predict(&rows);
        let chosen = if self.by_lot {
            // A space of few points has to give some of them again.
            (0..q).map(|at| at % candidates.len()).collect()
        } else {
            let sd = self.point_sd(&predicted);
            let (chosen, expected) =
                self.rivals
                    .choose(&rows, q, sd, |_| 1.0, self.repeats, &mut rng);
            self.expected = Some(expected);
            chosen
        };
        Ok(chosen
            .into_iter()
            .map(|at| {
                let (mean, spread) = predicted[at];
                Proposal {
                    point: candidates[at].clone(),
                    predicted: Some(Prediction::normal(mean, spread)),
                    why: Why::Explore,
                }
            })
            .collect())
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), TellError> {
        let wrong: Vec<(usize, String)> = trials
            .iter()
            .enumerate()
            .filter_map(|(at, trial)| match &trial.outcome {
                Outcome::Measured { values, .. }
                    if values.first().is_none_or(|v| !v.is_finite()) =>
                {
                    Some((at, "found no finite response, expected one".to_owned()))
                }
                _ => None,
            })
            .collect();
        if !wrong.is_empty() {
            return Err(TellError { problems: wrong });
        }
        self.told.extend(trials.iter().cloned());
        self.told_points
            .extend(trials.iter().map(|trial| trial.point.clone()));
        let well = self.well_sd();
        let data: Vec<Datum> = trials
            .iter()
            .filter_map(|trial| match &trial.outcome {
                Outcome::Measured {
                    values,
                    sd,
                    replicates,
                } => {
                    let wells = f64::from((*replicates).max(1));
                    let own = sd.filter(|sd| self.noise.is_none() && wells > 1.0 && sd.is_finite());
                    Some(Datum {
                        x: numbers(&trial.point),
                        y: values[0],
                        sd: well / wells.sqrt(),
                        spread: own.map(|sd| Spread {
                            wells,
                            sd: sd * wells.sqrt(),
                        }),
                    })
                }
                Outcome::Failed => None,
            })
            .collect();
        let mut rng = self.seed.derive("told", self.told.len() as u64).rng();
        self.rivals.tell(&data, &mut rng);
        if let Some(batch) = trials.first().map(|trial| trial.batch) {
            self.history.push((batch, self.shares()));
        }
        Ok(())
    }

    fn predict(&self, points: &[Point]) -> Option<Vec<Prediction>> {
        if self.told.is_empty() {
            return None;
        }
        let rows: Vec<Vec<f64>> = points.iter().map(numbers).collect();
        let each = self.rivals.predict(&rows).into_iter();
        Some(
            each.map(|(mean, sd)| Prediction::normal(mean, sd))
                .collect(),
        )
    }

    fn note(&self) -> Option<String> {
        let expected = self.expected.map_or(String::new(), |nats| {
            format!("; this plate is expected to tell {nats:.3} nats")
        });
        Some(format!("{}{expected}", self.words()))
    }

    fn rivals(&self) -> Option<RivalsFound> {
        let after = |at: usize| self.history.iter().map(|(_, p)| p[at]).collect();
        let own = self.rivals.hypotheses();
        let each = own.iter().enumerate().map(|(at, own)| Rival {
            name: own.name.clone(),
            probabilities: after(at),
            parameters: own
                .parameters
                .iter()
                .zip(self.rivals.estimates(at))
                .map(|(parameter, (mean, sd))| (parameter.name.clone(), mean, sd))
                .collect(),
        });
        Some(RivalsFound {
            each: each.collect(),
            none: after(own.len()),
            none_fits: self.wells_told() >= WELLS_MIN && self.rivals.none_fits(),
        })
    }

    fn rival_expects(&self, rival: usize, points: &[Point]) -> Option<Vec<Prediction>> {
        if self.told.is_empty() || rival >= self.rivals.hypotheses().len() {
            return None;
        }
        let rows: Vec<Vec<f64>> = points.iter().map(numbers).collect();
        let each = self.rivals.predict_by(rival, &rows).into_iter();
        Some(
            each.map(|(mean, sd)| Prediction::normal(mean, sd))
                .collect(),
        )
    }

    fn settled(&self) -> Option<String> {
        if self.wells_told() < WELLS_MIN {
            return None;
        }
        // Certain among those given is not certain: another law may lie where no well has looked.
        let (shares, none) = self.rivals.standing();
        let best = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]))?;
        let share = shares[best];
        let none_fits = self.rivals.none_fits();
        if share < self.certainty && !none_fits {
            return None;
        }
        let name = &self.rivals.hypotheses()[best].name;
        if none_fits {
            let ratio = self.rivals.fit_check(best).map_or(0.0, |check| check.ratio);
            let along = self.rivals.lack_of_fit(best).map_or(String::new(), |lack| {
                format!(
                    " (along {}, neighbours miss together: F {:.1}, p {:.1e})",
                    self.space.factors[lack.factor].name, lack.f, lack.p
                )
            });
            return Some(format!(
                "none of the hypotheses fits (another law holds with probability {none:.3}): even the best, '{name}', misses by {ratio:.1} times the error of wells{along}"
            ));
        }
        let open: Vec<String> = self.rivals.hypotheses()[best]
            .parameters
            .iter()
            .zip(self.rivals.estimates(best))
            .map(|(parameter, (mean, sd))| format!("{} {}", parameter.name, uncertain(mean, sd)))
            .collect();
        let with = if open.is_empty() {
            String::new()
        } else {
            format!(" ({})", open.join(", "))
        };
        let rest = match self.rivals.surrogate() {
            Some(own) if own == best => {
                "; wells follow no formula or mechanism among them".to_owned()
            }
            Some(_) => String::new(),
            None => format!(
                "; that nature lies a fortieth of what responses span away from each of them has probability {}",
                chance(none)
            ),
        };
        Some(format!(
            "of these hypotheses, '{name}' holds with probability {}{with}{rest}",
            chance(share)
        ))
    }
}

/// A probability to three digits; never quite 0 or 1, which no wells can show.
pub(crate) fn chance(share: f64) -> String {
    if share > 0.9995 {
        "above 0.999".into()
    } else if share < 0.0005 {
        "below 0.001".into()
    } else {
        format!("{share:.3}")
    }
}

/// A value with its standard deviation, both to the second digit of the latter.
fn uncertain(mean: f64, sd: f64) -> String {
    if !(sd.is_finite() && sd > 0.0) {
        return format!("{mean}");
    }
    let decimals = (1 - sd.log10().floor() as i32).clamp(0, 12) as usize;
    format!("{mean:.decimals$} ± {sd:.decimals$}")
}
