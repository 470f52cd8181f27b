//! One factor at a time around a standard setting: what a published series of experiments looks like.
//!
//! It is no way to search. It stands for data that somebody else collected, so that a campaign can be
//! compared with having read about as many experiments instead of having chosen them.

use quantity::Seed;

use super::{AskError, Policy, Record, TellError, random};
use crate::space::{Point, WhyNot};
use crate::trial::{Prediction, Proposal, Trial, Why};

/// Draws of a level before the series leaves its standard setting.
const TRIES: usize = 50;

pub(super) struct Passive {
    record: Record,
    seed: Seed,
    asked: usize,
}

impl Passive {
    pub(super) fn new(record: Record, seed: Seed) -> Passive {
        Passive {
            record,
            seed,
            asked: 0,
        }
    }

    /// The setting that everything is varied around.
    fn standard(&self) -> Result<Point, WhyNot> {
        let mut rng = self.seed.derive("standard", 0).rng();
        self.record.space.sample(&mut rng)
    }
}

impl Policy for Passive {
    fn name(&self) -> &'static str {
        "passive"
    }

    fn ask(&mut self, q: usize, pending: &[Point], seed: Seed) -> Result<Vec<Proposal>, AskError> {
        let mut taken = self.record.spoken_for(pending);
        self.record.room(q, &taken)?;
        let mut rng = seed.derive("passive", 0).rng();
        let space = self.record.space.clone();
        let repeats = self.record.options.repeats;
        let standard = self.standard()?;
        let mut points = Vec::with_capacity(q);
        while points.len() < q {
            let varied = (self.asked + points.len()) % standard.0.len();
            let mut found = None;
            for _ in 0..TRIES {
                let mut point = standard.clone();
                point.0[varied] = space.sample(&mut rng)?.0[varied].clone();
                if space.contains(&point) && (repeats || taken.insert(point.clone())) {
                    found = Some(point);
                    break;
                }
            }
            match found {
                Some(point) => points.push(point),
                // Shares of a mixture can't be varied alone, and levels run out.
                None => points.extend(random::fresh(&space, 1, &mut taken, repeats, &mut rng)?),
            }
        }
        self.asked += points.len();
        Ok(points
            .into_iter()
            .map(|point| Proposal {
                point,
                predicted: None,
                why: Why::Explore,
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
