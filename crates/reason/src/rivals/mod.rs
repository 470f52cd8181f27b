//! Rival hypotheses: models that predict responses, told apart by wells.
//!
//! A [`Hypothesis`] has a [`Law`]: a formula of the factors, a mechanism that is known by name, both with parameters that it
//! leaves open, or a [`Surrogate`], some smooth response that no formula here says. [`Rivals`] holds the
//! probability of each, updated by what wells say with the parameters integrated out; chooses the next points by
//! the information that they are expected to give about which hypothesis holds; and says when none of them
//! fits. [`RivalPolicy`] makes it what a campaign asks.

mod belief;
mod choose;
mod deviation;
mod formula;
mod hypothesis;
mod law;
mod misfit;
mod noise;
mod particles;
mod policy;
mod pooled;
mod process;
mod proposal;
mod readings;
mod span;
mod surrogate;

pub use choose::RIVALS_MAX;
pub use deviation::NONE_PRIOR;
pub use formula::{Formula, FormulaError, Input, Scratch};
pub use hypothesis::{Hypothesis, Parameter, RivalError, Stated};
pub use law::{Law, Source, Tied};
pub use misfit::LackOfFit;
pub use noise::Spread;
pub(crate) use policy::chance;
pub use policy::{RivalOptions, RivalPolicy, numbers};
pub use span::span;
pub use surrogate::{Axis, Surrogate};

use belief::{Asked, Belief};
use deviation::Deviation;
use noise::Noise;
use pooled::Pooled;
use quantity::Rng;
use readings::Readings;

/// Points as a column for each factor.
fn columns(points: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let factors = points.first().map_or(0, Vec::len);
    (0..factors)
        .map(|at| points.iter().map(|x| x[at]).collect())
        .collect()
}

/// A measured response.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// The factors.
    pub x: Vec<f64>,
    /// The response.
    pub y: f64,
    /// The standard deviation of its error.
    pub sd: f64,
    /// Its wells among themselves, where it is the mean of several whose error is to be learned.
    pub spread: Option<Spread>,
}

/// What is known of wells whose error is to be learned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wells {
    /// Wells of a point.
    pub each: u32,
    /// The factors that are dispensed, with an error in proportion.
    pub doses: Vec<usize>,
}

/// How well the best hypothesis fits what was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitCheck {
    /// Chance of residuals as large as these, were the hypothesis true.
    pub p: f64,
    /// Root mean square of the residuals over their error, as it was measured where that can be.
    pub ratio: f64,
}

/// A hypothesis is said not to fit where such residuals are rarer than this, and larger than their error by this:
/// with thousands of wells any formula is wrong by something.
const MISFIT_P: f64 = 1e-4;
const MISFIT_RATIO: f64 = 1.5;
/// Probability at which none of them is said to hold.
const NONE_CERTAIN: f64 = 0.99;
/// Fewest degrees of freedom at which noise counts as measured.
const NOISE_FREEDOM_MIN: usize = 16;
/// A hypothesis less probable than this takes no part in what is predicted and chosen.
const SHARE_MIN: f64 = 1e-6;

/// Rivals, and what wells said of them.
#[derive(Clone, Debug)]
pub struct Rivals {
    hypotheses: Vec<Hypothesis>,
    beliefs: Vec<Belief>,
    data: Vec<Datum>,
    /// The batch in which each datum was told: a plate.
    plates: Vec<usize>,
    /// Errors that are learned with the laws.
    noise: Option<Noise>,
    /// Ranges of the factors, where they are known.
    ranges: Option<Vec<(f64, f64)>>,
    /// What the best of them may not know.
    deviation: Option<Deviation>,
}

impl Rivals {
    /// Hypotheses before any well.
    ///
    /// # Errors
    /// With fewer than two, or priors that are none.
    pub fn new(hypotheses: Vec<Hypothesis>, rng: &mut Rng) -> Result<Self, RivalError> {
        if hypotheses.len() < 2 {
            return Err(RivalError::Set(format!(
                "{} hypothesis; rivals are at least two",
                hypotheses.len()
            )));
        }
        if hypotheses.len() > RIVALS_MAX {
            let count = hypotheses.len();
            return Err(RivalError::Set(format!(
                "{count} hypotheses, and {RIVALS_MAX} are the most"
            )));
        }
        if let Some(wrong) = hypotheses
            .iter()
            .find(|h| !(h.prior.is_finite() && h.prior > 0.0))
        {
            return Err(RivalError::Set(format!(
                "the prior of '{}' is {}; expected a number above zero",
                wrong.name, wrong.prior
            )));
        }
        let beliefs = hypotheses
            .iter()
            .map(|h| Belief::new(h, None, rng))
            .collect();
        Ok(Self {
            hypotheses,
            beliefs,
            data: Vec::new(),
            plates: Vec::new(),
            noise: None,
            ranges: None,
            deviation: None,
        })
    }

    /// Rivals about factors of these ranges; without them, of the range of what was measured.
    #[must_use]
    pub fn over(mut self, ranges: Vec<(f64, f64)>) -> Self {
        self.ranges = Some(ranges);
        self
    }

    /// Rivals, before any well, that learn how much wells err, and doses. Without wells that are told with their
    /// [`Spread`], errors are those stated.
    #[must_use]
    pub fn learning_errors(mut self, known: &Wells, rng: &mut Rng) -> Self {
        let noise = Noise {
            doses: known.doses.clone(),
            wells: f64::from(known.each.max(1)),
            shown: None,
        };
        let each = self.hypotheses.iter();
        self.beliefs = each.map(|h| Belief::new(h, Some(&noise), rng)).collect();
        self.noise = Some(noise);
        self
    }

    /// The hypotheses.
    #[must_use]
    pub fn hypotheses(&self) -> &[Hypothesis] {
        &self.hypotheses
    }

    /// What was measured so far.
    #[must_use]
    pub fn data(&self) -> &[Datum] {
        &self.data
    }

    /// Takes in what wells said.
    pub fn tell(&mut self, batch: &[Datum], rng: &mut Rng) {
        let usable = batch
            .iter()
            .filter(|d| d.y.is_finite() && d.sd.is_finite() && d.sd > 0.0)
            .cloned();
        let before = self.data.len();
        self.data.extend(usable);
        let plate = self.plates.last().map_or(0, |plate| plate + 1);
        self.plates.resize(self.data.len(), plate);
        if let Some(noise) = self.noise.as_mut().filter(|_| before == 0) {
            noise.show(&self.data);
        }
        for (hypothesis, belief) in self.hypotheses.iter().zip(&mut self.beliefs) {
            belief.tell(hypothesis, self.noise.as_ref(), &self.data, before, rng);
        }
        self.deviation = self.deviates();
    }

    fn deviates(&self) -> Option<Deviation> {
        let best = self.best_law()?;
        let centre = self.beliefs[best].particles()?.centre();
        let found = || {
            let columns = columns(&self.data.iter().map(|d| d.x.clone()).collect::<Vec<_>>());
            let each = columns.iter().map(|column| {
                let low = column.iter().copied().fold(f64::INFINITY, f64::min);
                let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if high > low {
                    (low, high)
                } else {
                    (low, low + 1.0)
                }
            });
            each.collect()
        };
        let ranges = self.ranges.clone().unwrap_or_else(found);
        Deviation::weigh(
            &self.hypotheses[best],
            self.learned(),
            &centre,
            (&self.judged(best), &self.plates),
            self.noise_of(best),
            &ranges,
        )
    }

    /// The errors that are learned, once wells showed any.
    fn learned(&self) -> Option<&Noise> {
        self.noise.as_ref().filter(|noise| noise.shown.is_some())
    }

    /// The data with the errors that a hypothesis gives them, where they are learned.
    fn judged(&self, hypothesis: usize) -> Vec<Datum> {
        match self.beliefs[hypothesis].particles() {
            Some(own) => Readings::of(&self.data, self.learned())
                .judged_by(&self.hypotheses[hypothesis], &own.centre()),
            None => self.data.clone(),
        }
    }

    /// A hypothesis with the errors that are learned.
    fn asked(&self, hypothesis: usize) -> Asked<'_> {
        Asked {
            law: &self.hypotheses[hypothesis],
            learned: self.learned(),
        }
    }

    /// Logarithms of prior and evidence of each hypothesis.
    fn logs(&self) -> Vec<f64> {
        let each = self.hypotheses.iter().zip(&self.beliefs);
        each.map(|(h, b)| h.prior.ln() + b.log_evidence()).collect()
    }

    /// The most probable of the laws that their parameters determine.
    fn best_law(&self) -> Option<usize> {
        let logs = self.logs();
        let laws = (0..logs.len()).filter(|at| self.hypotheses[*at].law.is_determined());
        laws.max_by(|a, b| logs[*a].total_cmp(&logs[*b]).then(b.cmp(a)))
    }

    /// The variance of wells over what was stated, or learned: measured between wells of the same point, else between
    /// neighbours; 1 with too few of both.
    #[must_use]
    pub fn noise(&self) -> f64 {
        self.noise_of(self.best().0)
    }

    fn noise_of(&self, hypothesis: usize) -> f64 {
        let (within, freedom) = Pooled::of(&self.judged(hypothesis)).within();
        // Neighbours differ by their noise and by what the law does not know of steps finer than they lie
        // apart, so they alone don't make wells worse than a misfit may be.
        let near = || {
            let lack = self.lack(hypothesis, false)?;
            let scale = lack.within.min(MISFIT_RATIO * MISFIT_RATIO);
            (lack.freedom >= NOISE_FREEDOM_MIN).then_some(scale)
        };
        let measured = if freedom >= NOISE_FREEDOM_MIN {
            Some(within)
        } else {
            near()
        };
        // Errors that were learned are those of the wells; what differs from plate to plate may come to them, and points that
        // are surer than others take nothing away. Of data without any noise, a thousandth of what was stated.
        let least = if self.learned().is_some() { 1.0 } else { 1e-6 };
        measured.map_or(1.0, |scale| scale.max(least))
    }

    /// Shares of each hypothesis, and of that no law among them holds: the best of the laws against itself plus a smooth
    /// deviation, of which [`NONE_PRIOR`] is believed before any well. A surrogate deviates from nothing.
    fn shares(&self) -> (Vec<f64>, f64) {
        let logs = self.logs();
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut each: Vec<f64> = if top == f64::NEG_INFINITY {
            vec![1.0; logs.len()]
        } else {
            logs.iter().map(|log| (log - top).exp()).collect()
        };
        let of_laws = self.deviation.as_ref().map_or(NONE_PRIOR, Deviation::share);
        let mut none = 0.0;
        for (share, hypothesis) in each.iter_mut().zip(&self.hypotheses) {
            if hypothesis.law.is_determined() {
                // Of each law's prior a part is its deviations', and it grows with what they explain.
                *share *= 1.0 - NONE_PRIOR;
                none += *share * of_laws / (1.0 - of_laws).max(1e-12);
            }
        }
        let whole: f64 = each.iter().sum::<f64>() + none;
        each.iter_mut().for_each(|share| *share /= whole);
        (each, none / whole)
    }

    /// How probable it is that none of the hypotheses holds: see [`NONE_PRIOR`].
    #[must_use]
    pub fn none(&self) -> f64 {
        self.shares().1
    }

    /// The probability of each hypothesis where one of them holds, by its prior and how well it foretold every batch.
    #[must_use]
    pub fn probabilities(&self) -> Vec<f64> {
        let (each, _) = self.shares();
        let whole: f64 = each.iter().sum();
        each.into_iter().map(|share| share / whole).collect()
    }

    /// The most probable hypothesis and its probability.
    #[must_use]
    pub fn best(&self) -> (usize, f64) {
        let probabilities = self.probabilities();
        probabilities
            .iter()
            .copied()
            .enumerate()
            .fold(
                (0, 0.0),
                |best, own| if own.1 > best.1 { own } else { best },
            )
    }

    /// Mean and standard deviation of the parameters of a hypothesis.
    #[must_use]
    pub fn estimates(&self, hypothesis: usize) -> Vec<(f64, f64)> {
        self.beliefs[hypothesis].estimates(&self.hypotheses[hypothesis])
    }

    /// Mean and standard deviation of the response at each point, over hypotheses and parameters.
    #[must_use]
    pub fn predict(&self, points: &[Vec<f64>]) -> Vec<(f64, f64)> {
        let mut moments = vec![(0.0, 0.0); points.len()];
        for (at, share) in self.probabilities().into_iter().enumerate() {
            if share < SHARE_MIN {
                continue;
            }
            let own = self.beliefs[at].moments(self.asked(at), points);
            for ((mean, square), (whole, m, sd)) in moments.iter_mut().zip(own) {
                if m.is_finite() {
                    *mean += share * whole * m;
                    *square += share * whole * (m * m + sd * sd);
                }
            }
        }
        moments
            .into_iter()
            .map(|(mean, square)| (mean, (square - mean * mean).max(0.0).sqrt()))
            .collect()
    }

    /// Mean and standard deviation of what one hypothesis expects at each point, over its parameters.
    #[must_use]
    pub fn predict_by(&self, hypothesis: usize, points: &[Vec<f64>]) -> Vec<(f64, f64)> {
        let own = self.beliefs[hypothesis].moments(self.asked(hypothesis), points);
        own.into_iter().map(|(_, mean, sd)| (mean, sd)).collect()
    }

    /// How well a hypothesis fits: the chance, over its parameters, of a sum of squares as large as the one seen
    /// (posterior predictive check; Gelman, Meng and Stern, Stat. Sinica 6 (1996) 733). `None` without data.
    #[must_use]
    pub fn fit_check(&self, hypothesis: usize) -> Option<FitCheck> {
        if self.data.is_empty() {
            return None;
        }
        let n = self.data.len() as f64;
        let noise = self.noise();
        let (mut p, mut mean) = (0.0, 0.0);
        for (weight, sum) in self.beliefs[hypothesis].squares(self.asked(hypothesis), &self.data) {
            let sum = sum / noise;
            p += weight
                * if sum.is_finite() {
                    crate::meta::chi_squared_p(sum, n)
                } else {
                    0.0
                };
            mean += weight * if sum.is_finite() { sum } else { f64::MAX / 1e9 };
        }
        Some(FitCheck {
            p,
            ratio: (mean / n).sqrt(),
        })
    }

    /// Whether residuals of a hypothesis, at the mean of what its parameters predict, go together where points lie
    /// together. `None` with too few wells, or where it predicts nothing.
    #[must_use]
    pub fn lack_of_fit(&self, hypothesis: usize) -> Option<LackOfFit> {
        // A miss that only the surest points show is too small to say that no law holds.
        self.lack(hypothesis, true)
    }

    /// The same; with `even`, where errors are learned, no point counts as surer than they are on average.
    fn lack(&self, hypothesis: usize, even: bool) -> Option<LackOfFit> {
        // A plate may bring nothing that counts.
        if self.data.is_empty() {
            return None;
        }
        // What is smooth, whichever, goes where neighbours go.
        let own = self.beliefs[hypothesis].particles()?;
        let law = &self.hypotheses[hypothesis];
        let readings = Readings::of(&self.data, self.learned());
        let points: Vec<Vec<f64>> = self.data.iter().map(|d| d.x.clone()).collect();
        let columns = columns(&points);
        let mut residuals = vec![0.0; points.len()];
        let (mut out, mut scratch) = (vec![0.0; points.len()], Scratch::default());
        for (weight, places) in own.weighted() {
            let own = readings
                .residuals(law, places, &mut scratch)
                .unwrap_or_else(|| {
                    law.responses(&columns, places, &mut out, &mut scratch);
                    self.data.iter().zip(&out).map(|(d, f)| d.y - f).collect()
                });
            for (residual, own) in residuals.iter_mut().zip(&own) {
                *residual += weight * own;
            }
        }
        let whole = residuals.iter().all(|r| r.is_finite());
        let mut data = self.judged(hypothesis);
        if even && self.learned().is_some() {
            let mean = data.iter().map(|d| d.sd * d.sd).sum::<f64>() / data.len() as f64;
            for datum in &mut data {
                datum.sd = datum.sd.max(mean.sqrt());
            }
        }
        whole.then(|| misfit::lack_of_fit(&data, &residuals))?
    }

    /// Whether not even the best of them fits: a smooth deviation from it is certain, its residuals are too large
    /// for the noise that was measured, or go together where points do.
    #[must_use]
    pub fn none_fits(&self) -> bool {
        let best = self.best().0;
        // What is smooth and no law says has a rival of its own where there is a surrogate.
        let open = self.surrogate().is_none();
        let missed = self
            .fit_check(best)
            .is_some_and(|check| check.p < MISFIT_P && check.ratio > MISFIT_RATIO);
        let together = || self.lack_of_fit(best).is_some_and(|lack| lack.p < MISFIT_P);
        missed || open && (self.none() > NONE_CERTAIN || together())
    }

    /// The first of the hypotheses that is some smooth response, whichever.
    #[must_use]
    pub fn surrogate(&self) -> Option<usize> {
        (0..self.hypotheses.len()).find(|at| !self.hypotheses[*at].law.is_determined())
    }

    /// The probability of each hypothesis, and that none of them holds. A smooth deviation from a law is a smooth response:
    /// where there is a surrogate, that no law holds adds to it.
    #[must_use]
    pub fn standing(&self) -> (Vec<f64>, f64) {
        let (mut each, none) = self.shares();
        match self.surrogate() {
            Some(at) => {
                each[at] += none;
                (each, 0.0)
            }
            None => (each, none),
        }
    }
}
