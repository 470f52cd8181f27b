//! An even design: an Owen-scrambled Sobol sequence, mapped to every kind of factor.

use std::collections::BTreeSet;

use quantity::Seed;

use super::random::fresh;
use super::{AskError, Policy, Record, TellError};
use crate::space::{Point, Space};
use crate::trial::{Prediction, Proposal, Trial, Why};

pub(super) struct Sobol {
    record: Record,
    sequence: Sequence,
}

impl Sobol {
    pub(super) fn new(record: Record, seed: Seed) -> Sobol {
        Sobol {
            record,
            sequence: Sequence::new(seed),
        }
    }
}

impl Policy for Sobol {
    fn name(&self) -> &'static str {
        "sobol"
    }

    fn ask(&mut self, q: usize, pending: &[Point], seed: Seed) -> Result<Vec<Proposal>, AskError> {
        let mut taken = self.record.spoken_for(pending);
        self.record.room(q, &taken)?;
        let repeats = self.record.options.repeats;
        let points = self
            .sequence
            .points(&self.record.space, q, &mut taken, repeats, seed)?;
        Ok(points
            .into_iter()
            .map(|point| Proposal {
                point,
                predicted: None,
                why: Why::Baseline,
            })
            .collect())
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), TellError> {
        self.record.tell(trials)
    }

    fn check(&self, trials: &[Trial]) -> Result<(), TellError> {
        self.record.check(trials)
    }

    fn predict(&self, _: &[Point]) -> Option<Vec<Prediction>> {
        None
    }
}

/// A Sobol sequence that goes on where it stopped.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    seed: Seed,
    next: u64,
}

/// Points of one scrambled sequence of the generator; then the next one begins.
const SEQUENCE_LENGTH: u64 = 1 << 16;
/// Dimensions of one scrambled sequence; further dimensions pair with an independent scrambling.
const SEQUENCE_WIDTH: usize = 256;

impl Sequence {
    pub(crate) fn new(seed: Seed) -> Sequence {
        Sequence {
            seed: seed.derive("sobol", 0),
            next: 0,
        }
    }

    /// The next place in the unit cube of `width` dimensions.
    pub(crate) fn next(&mut self, width: usize) -> Vec<f64> {
        let (block, index) = (
            self.next / SEQUENCE_LENGTH,
            (self.next % SEQUENCE_LENGTH) as u32,
        );
        self.next += 1;
        (0..width)
            .map(|dimension| {
                let pad = (dimension / SEQUENCE_WIDTH) as u64;
                let scramble = self.seed.derive("scramble", block * 4096 + pad).0 as u32;
                let coarse =
                    sobol_burley::sample(index, (dimension % SEQUENCE_WIDTH) as u32, scramble);
                // The generator has 24 bits; the rest is filled at random, as a scramble would.
                let rest = self
                    .seed
                    .derive("fine", self.next.wrapping_mul(8191) + dimension as u64);
                let fine = (rest.0 >> 11) as f64 / (1_u64 << 53) as f64;
                (f64::from(coarse) + fine / f64::from(1_u32 << 24)).min(1.0 - f64::EPSILON)
            })
            .collect()
    }

    /// The next `q` points that keep every rule and are not taken, and now are. Where few places of
    /// the cube keep the rules, or in a candidate table, the rest is random.
    pub(crate) fn points(
        &mut self,
        space: &Space,
        q: usize,
        taken: &mut BTreeSet<Point>,
        repeats: bool,
        seed: Seed,
    ) -> Result<Vec<Point>, AskError> {
        let mut points = Vec::with_capacity(q);
        if space.candidates.is_none() {
            let width = space.unit_width();
            for _ in 0..20 * q + 200 {
                if points.len() == q {
                    break;
                }
                let point = space.at_unit(&self.next(width));
                if space.contains(&point) && (repeats || taken.insert(point.clone())) {
                    points.push(point);
                }
            }
        }
        let mut rng = seed.derive("sobol rest", 0).rng();
        let rest = q - points.len();
        points.extend(fresh(space, rest, taken, repeats, &mut rng)?);
        Ok(points)
    }
}
