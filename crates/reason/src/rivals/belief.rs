//! What is known of one rival: of the parameters of a law that they determine, or of a smooth response.
//!
//! Everything that chooses, predicts and judges asks here, and not what a rival is made of.

use super::law::Law;
use super::noise::Noise;
use super::particles::Particles;
use super::process::Process;
use super::readings::Readings;
use super::{Datum, Hypothesis, Scratch, Surrogate, columns};
use quantity::Rng;

/// Points that a smooth response is asked for at once.
const CHUNK: usize = 256;

/// What is known of one rival.
#[derive(Clone, Debug)]
pub(super) enum Belief {
    /// Places of the parameters of a law.
    Settings(Particles),
    /// A smooth response.
    Process(Process),
}

/// What a rival expects at points: means, covariances over what it leaves open, and variances of the error of a point.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub means: Vec<f64>,
    pub covariance: Vec<f64>,
    pub errors: Vec<f64>,
}

impl Expected {
    /// Of pictures with their weights; `None` where no setting of its parameters has a value at some point.
    pub(super) fn of(pictures: &[(f64, Vec<f64>)], errors: Vec<f64>) -> Option<Self> {
        let n = errors.len();
        let (mut means, mut totals) = (vec![0.0; n], vec![0.0; n]);
        for (weight, picture) in pictures {
            for ((mean, total), value) in means.iter_mut().zip(&mut totals).zip(picture) {
                if value.is_finite() {
                    *mean += weight * value;
                    *total += weight;
                }
            }
        }
        means
            .iter_mut()
            .zip(&totals)
            .for_each(|(mean, total)| *mean /= total);
        let mut covariance = vec![0.0; n * n];
        let mut away = vec![0.0; n];
        for (weight, picture) in pictures {
            for (away, (value, mean)) in away.iter_mut().zip(picture.iter().zip(&means)) {
                // Where some settings have no value, the others speak.
                *away = if value.is_finite() { value - mean } else { 0.0 };
            }
            for (i, row) in covariance.chunks_exact_mut(n).enumerate() {
                let scaled = weight * away[i];
                for (sum, other) in row.iter_mut().zip(&away) {
                    *sum += scaled * other;
                }
            }
        }
        let usable = means.iter().chain(&errors).all(|value| value.is_finite());
        usable.then_some(Self {
            means,
            covariance,
            errors,
        })
    }
}

/// What a rival is asked with: itself, and the errors that are learned with it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub law: &'a Hypothesis,
    /// Errors that are learned, once wells showed any.
    pub learned: Option<&'a Noise>,
}

impl Belief {
    /// Before any well.
    pub(super) fn new(h: &Hypothesis, noise: Option<&Noise>, rng: &mut Rng) -> Self {
        if h.law.is_determined() {
            Belief::Settings(Particles::new(h, noise, rng))
        } else {
            Belief::Process(Process::new(h, noise, rng))
        }
    }

    /// Takes in `data[before..]`; what lies before was taken in already.
    pub(super) fn tell(
        &mut self,
        h: &Hypothesis,
        noise: Option<&Noise>,
        data: &[Datum],
        before: usize,
        rng: &mut Rng,
    ) {
        match (self, &h.law) {
            (Belief::Settings(own), _) => own.tell(h, noise, data, before, rng),
            (Belief::Process(own), Law::Surrogate(s)) => own.tell(h, s, noise, data, rng),
            (Belief::Process(_), _) => {}
        }
    }

    /// Logarithm of how probable the data are under it, its parameters integrated out.
    pub(super) fn log_evidence(&self) -> f64 {
        match self {
            Belief::Settings(own) => own.log_evidence(),
            Belief::Process(own) => own.log_evidence(),
        }
    }

    fn weighted(&self) -> Vec<(f64, &[f64])> {
        match self {
            Belief::Settings(own) => own.weighted().collect(),
            Belief::Process(own) => own.weighted().collect(),
        }
    }

    /// Mean and standard deviation of each parameter.
    pub(super) fn estimates(&self, h: &Hypothesis) -> Vec<(f64, f64)> {
        let all = self.weighted();
        let each = h.parameters.iter().enumerate().map(|(at, parameter)| {
            let mean: f64 = all.iter().map(|(w, p)| w * parameter.at(p[at])).sum();
            let square = |(w, p): &(f64, &[f64])| w * (parameter.at(p[at]) - mean).powi(2);
            let square: f64 = all.iter().map(square).sum();
            (mean, square.sqrt())
        });
        each.collect()
    }

    /// Share of settings that have a value, mean and standard deviation of the response at each point.
    pub(super) fn moments(&self, asked: Asked<'_>, points: &[Vec<f64>]) -> Vec<(f64, f64, f64)> {
        let mut moments = vec![(0.0, 0.0, 0.0); points.len()];
        let mut add = |weight: f64, at: usize, value: f64, variance: f64| {
            // A law may have no value somewhere for some of its parameters.
            if value.is_finite() {
                moments[at].0 += weight;
                moments[at].1 += weight * value;
                moments[at].2 += weight * (value * value + variance);
            }
        };
        match (self, &asked.law.law) {
            (Belief::Process(own), Law::Surrogate(surrogate)) => {
                for (chunk, points) in points.chunks(CHUNK).enumerate() {
                    for picture in own.pictures(asked.law, surrogate, asked.learned, points) {
                        for (at, mean) in picture.means.iter().enumerate() {
                            let variance = picture.covariance[at * points.len() + at].max(0.0);
                            add(picture.weight, chunk * CHUNK + at, *mean, variance);
                        }
                    }
                }
            }
            (Belief::Settings(own), _) => {
                let columns = columns(points);
                let (mut out, mut scratch) = (vec![0.0; points.len()], Scratch::default());
                for (weight, places) in own.weighted() {
                    asked
                        .law
                        .responses(&columns, places, &mut out, &mut scratch);
                    for (at, value) in out.iter().enumerate() {
                        add(weight, at, *value, 0.0);
                    }
                }
            }
            (Belief::Process(_), _) => {}
        }
        let each = moments.into_iter().map(|(total, mean, square)| {
            let mean = mean / total;
            (total, mean, (square / total - mean * mean).max(0.0).sqrt())
        });
        each.collect()
    }

    /// What is expected of points, where `sd` is the error of one unless it is learned.
    pub(super) fn expected(
        &self,
        asked: Asked<'_>,
        points: &[Vec<f64>],
        sd: f64,
    ) -> Option<Expected> {
        match (self, &asked.law.law) {
            (Belief::Process(own), Law::Surrogate(surrogate)) => {
                smooth(own, asked, surrogate, points, sd)
            }
            (Belief::Settings(own), _) => {
                let columns = columns(points);
                let mut pictured = Pictured::new(asked, &columns, sd);
                let all: Vec<(f64, Vec<f64>)> = own
                    .weighted()
                    .map(|(weight, places)| (weight, pictured.of(weight, places)))
                    .collect();
                Expected::of(&all, pictured.errors)
            }
            (Belief::Process(_), _) => None,
        }
    }

    /// Weights and sums of squared residuals over their errors.
    pub(super) fn squares(&self, asked: Asked<'_>, data: &[Datum]) -> Vec<(f64, f64)> {
        match (self, &asked.law.law) {
            (Belief::Process(own), Law::Surrogate(surrogate)) => {
                let all = own.left_out(asked.law, surrogate, asked.learned);
                let scaled = |each: &[f64]| -> f64 {
                    let sum: f64 = each.iter().map(|z| z * z).sum();
                    sum / each.len().max(1) as f64 * data.len() as f64
                };
                all.iter().map(|(w, each)| (*w, scaled(each))).collect()
            }
            (Belief::Settings(own), _) => {
                let wells = Readings::of(data, asked.learned);
                let mut scratch = Scratch::default();
                own.weighted()
                    .map(|(w, places)| (w, wells.squares(asked.law, places, &mut scratch)))
                    .collect()
            }
            (Belief::Process(_), _) => Vec::new(),
        }
    }

    /// The particles of a law that its parameters determine.
    pub(super) fn particles(&self) -> Option<&Particles> {
        match self {
            Belief::Settings(own) => Some(own),
            Belief::Process(_) => None,
        }
    }
}

/// What a smooth response is expected to be, over its settings.
fn smooth(
    own: &Process,
    asked: Asked<'_>,
    surrogate: &Surrogate,
    points: &[Vec<f64>],
    sd: f64,
) -> Option<Expected> {
    let n = points.len();
    let pictures = own.pictures(asked.law, surrogate, asked.learned, points);
    let each: Vec<(f64, Vec<f64>)> = pictures
        .iter()
        .map(|picture| (picture.weight, picture.means.clone()))
        .collect();
    let mut errors = vec![0.0; n];
    for picture in &pictures {
        for (at, sum) in errors.iter_mut().enumerate() {
            let well = match (&picture.errors, asked.learned) {
                (Some(errors), Some(noise)) => errors[at] / noise.wells,
                _ => sd * sd,
            };
            *sum += picture.weight * well;
        }
    }
    let mut expected = Expected::of(&each, errors)?;
    for picture in &pictures {
        for (sum, own) in expected.covariance.iter_mut().zip(&picture.covariance) {
            *sum += picture.weight * own;
        }
    }
    Some(expected)
}

/// Pictures of a law at points, with the errors of wells gathered.
pub(super) struct Pictured<'a> {
    asked: Asked<'a>,
    columns: &'a [Vec<f64>],
    sd: f64,
    scratch: Scratch,
    /// Variance of the error of each point, so far.
    pub errors: Vec<f64>,
}

impl<'a> Pictured<'a> {
    pub(super) fn new(asked: Asked<'a>, columns: &'a [Vec<f64>], sd: f64) -> Self {
        Self {
            asked,
            columns,
            sd,
            scratch: Scratch::default(),
            errors: vec![0.0; columns.first().map_or(0, Vec::len)],
        }
    }

    /// What the law expects at one setting.
    pub(super) fn of(&mut self, weight: f64, places: &[f64]) -> Vec<f64> {
        let law = self.asked.law;
        match self.asked.learned {
            Some(noise) => {
                let found = noise.moments(law, self.columns, places, &mut self.scratch);
                let own = noise.at(law, places).0.powi(2);
                for (sum, variance) in self.errors.iter_mut().zip(&found.variances) {
                    *sum += weight * (own + variance) / noise.wells;
                }
                found.means
            }
            None => {
                let variance = weight * self.sd * self.sd;
                self.errors.iter_mut().for_each(|sum| *sum += variance);
                let mut out = vec![0.0; self.errors.len()];
                law.responses(self.columns, places, &mut out, &mut self.scratch);
                out
            }
        }
    }
}
