//! The error of wells, where it is learned with the laws: a part that all wells have, and what an error of the dose makes of
//! a response that is steep there.
//!
//! A dispenser misses a dose by a share of it. Where a law rises steeply that is an error of the response, larger than
//! anything a detector adds, and of steps it blurs the mean too. So a law is asked what wells read that were meant to hold a
//! dose: the mean and variance of its response over doses that scatter round it, by Gauss-Hermite quadrature of five places
//! (Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, table 25.10). How much wells err, and doses, are
//! two more parameters of every law with one prior for all; what they say of the law is integrated over them.

use super::{Datum, Hypothesis, Scratch};

/// Places of the quadrature beside the middle, in standard deviations, and their weights.
const NODES: [(f64, f64); 4] = [
    (-2.856_970_013_872_806, 0.011_257_411_327_720_69),
    (-1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (2.856_970_013_872_806, 0.011_257_411_327_720_69),
];
/// The least and the greatest relative error of a dose that are thought possible.
const DOSE_CV: (f64, f64) = (0.002, 0.1);
/// The least and the greatest error of a well, of that which wells of one point show among themselves at first.
const WELL_SD: (f64, f64) = (0.1, 2.0);
/// Wells of a point whose spread is above this many times what is expected count with their own: one of them was a
/// failure that nobody noticed.
const DISCORD: f64 = 4.0;

/// Wells of one point among themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// How many.
    pub wells: f64,
    /// Their standard deviation, by one less than their number.
    pub sd: f64,
}

impl Spread {
    /// The variance of the mean, where a law expects `expected` of one well.
    pub(super) fn variance(&self, expected: f64) -> f64 {
        expected.max((self.sd / DISCORD).powi(2)) / self.wells
    }

    /// Logarithm of the density of the wells: of their mean, and of their spread, which is independent of it; up to what no
    /// law changes.
    pub(super) fn log_density(&self, residual: f64, expected: f64) -> f64 {
        let variance = self.variance(expected);
        let own = self.wells * variance;
        let within = (self.wells - 1.0) * self.sd * self.sd / own;
        -0.5 * (self.wells * own.ln() + within + residual * residual / variance)
    }
}

/// Which errors are open, and within what.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Noise {
    /// Factors that are dispensed.
    pub doses: Vec<usize>,
    /// Wells that a point is to be measured in.
    pub wells: f64,
    /// What wells of one point showed among themselves first; nothing before.
    pub shown: Option<f64>,
}

/// The mean and variance of a response over the errors of doses, at each point.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments {
    pub means: Vec<f64>,
    pub variances: Vec<f64>,
}

fn between((low, high): (f64, f64), place: f64) -> f64 {
    low * (high / low).powf(place)
}

impl Noise {
    /// Takes in what the first wells show among themselves.
    pub(super) fn show(&mut self, data: &[Datum]) {
        let (mut squares, mut freedom) = (0.0, 0.0);
        for spread in data.iter().filter_map(|datum| datum.spread) {
            squares += (spread.wells - 1.0) * spread.sd.powi(2);
            freedom += spread.wells - 1.0;
        }
        // Wells that are alike to the last digit show nothing of their error.
        self.shown = (freedom > 0.0 && squares > 0.0).then(|| (squares / freedom).sqrt());
    }

    /// Places beyond those of a law's own parameters.
    pub(super) fn free(&self) -> usize {
        1 + usize::from(!self.doses.is_empty())
    }

    /// The error of a well that is not the dose's, and the relative error of doses, at places in their ranges.
    pub(super) fn at(&self, law: &Hypothesis, places: &[f64]) -> (f64, f64) {
        let own = &places[law.parameters.len()..];
        let sd = self.shown.unwrap_or(0.0) * between(WELL_SD, own[0]);
        (sd, own.get(1).map_or(0.0, |place| between(DOSE_CV, *place)))
    }

    /// What a law expects wells to read that are meant to hold these doses.
    pub(super) fn moments(
        &self,
        law: &Hypothesis,
        columns: &[Vec<f64>],
        places: &[f64],
        scratch: &mut Scratch,
    ) -> Moments {
        let count = columns.first().map_or(0, Vec::len);
        if count == 0 {
            return Moments::default();
        }
        let mut centre = vec![0.0; count];
        law.responses(columns, places, &mut centre, scratch);
        let mut found = Moments {
            means: centre.clone(),
            variances: vec![0.0; count],
        };
        let (_, cv) = self.at(law, places);
        let (mut moved, mut out) = (columns.to_vec(), vec![0.0; count]);
        for dose in &self.doses {
            // About the middle, so that a flat law has no variance at all.
            let (mut first, mut second) = (vec![0.0; count], vec![0.0; count]);
            for (node, weight) in NODES {
                for (to, from) in moved[*dose].iter_mut().zip(&columns[*dose]) {
                    *to = from * (1.0 + cv * node);
                }
                law.responses(&moved, places, &mut out, scratch);
                for at in 0..count {
                    let step = out[at] - centre[at];
                    first[at] += weight * step;
                    second[at] += weight * step * step;
                }
            }
            moved[*dose].clone_from(&columns[*dose]);
            for at in 0..count {
                found.means[at] += first[at];
                found.variances[at] += (second[at] - first[at] * first[at]).max(0.0);
            }
        }
        found
    }
}
