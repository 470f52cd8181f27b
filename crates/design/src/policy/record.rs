//! What a policy was told, and which points are spoken for.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::policy::{AskError, Options, TellError};
use crate::question::Question;
use crate::space::{Point, Space};
use crate::trial::{Outcome, Trial};

/// The campaign as a policy sees it: the space, the question, and the trials told, in order.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub space: Arc<Space>,
    pub question: Question,
    pub options: Options,
    pub trials: Vec<Trial>,
    pub guesses: Vec<Trial>,
    told: BTreeSet<Point>,
}

impl Record {
    pub(crate) fn new(space: Arc<Space>, question: Question, options: Options) -> Record {
        Record {
            space,
            question,
            options,
            trials: Vec::new(),
            guesses: Vec::new(),
            told: BTreeSet::new(),
        }
    }

    /// Whether the point was told.
    pub(crate) fn was_told(&self, point: &Point) -> bool {
        self.told.contains(point)
    }

    /// Takes the guesses in, all or none.
    pub(crate) fn guess(&mut self, guesses: &[Trial]) -> Result<(), TellError> {
        self.check(guesses)?;
        self.guesses.extend_from_slice(guesses);
        Ok(())
    }

    /// Takes the trials in, all or none.
    pub(crate) fn tell(&mut self, trials: &[Trial]) -> Result<(), TellError> {
        self.check(trials)?;
        for trial in trials {
            self.told.insert(trial.point.clone());
            self.trials.push(trial.clone());
        }
        Ok(())
    }

    /// Every trial that can't be used.
    pub(crate) fn check(&self, trials: &[Trial]) -> Result<(), TellError> {
        let problems: Vec<(usize, String)> = trials
            .iter()
            .enumerate()
            .filter_map(|(place, trial)| self.problem(trial).map(|what| (place, what)))
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(TellError { problems })
        }
    }

    fn problem(&self, trial: &Trial) -> Option<String> {
        let space = &self.space;
        let levels = trial.point.levels();
        if levels.len() != space.factors.len() {
            return Some(format!(
                "has {} levels, expected {}",
                levels.len(),
                space.factors.len()
            ));
        }
        for (factor, level) in space.factors.iter().zip(levels) {
            if !factor.contains(level) {
                let (found, expected) = (factor.print(level), factor.expected());
                return Some(format!("`{}` is {found}, expected {expected}", factor.name));
            }
        }
        let Outcome::Measured {
            values,
            sd,
            replicates,
        } = &trial.outcome
        else {
            return None;
        };
        let expected = self.question.responses();
        if values.len() != expected {
            return Some(format!("has {} values, expected {expected}", values.len()));
        }
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Some(format!(
                "measured {value}, expected a finite number: tell it as failed"
            ));
        }
        if let Some(sd) = sd
            && !(sd.is_finite() && *sd >= 0.0)
        {
            return Some(format!(
                "has standard deviation {sd}, expected a number from 0"
            ));
        }
        (*replicates == 0).then(|| "has 0 replicates, expected at least 1".into())
    }

    /// The points that may not be proposed, with the pending ones.
    pub(crate) fn spoken_for(&self, pending: &[Point]) -> BTreeSet<Point> {
        if self.options.repeats {
            return BTreeSet::new();
        }
        let mut taken = self.told.clone();
        taken.extend(pending.iter().cloned());
        taken
    }

    /// Refuses a batch larger than what a finite space still holds.
    pub(crate) fn room(&self, q: usize, taken: &BTreeSet<Point>) -> Result<(), AskError> {
        if self.options.repeats {
            return Ok(());
        }
        let size = match &self.space.candidates {
            Some(table) => Some(table.distinct() as u64),
            None => self.space.size(),
        };
        let Some(size) = size else { return Ok(()) };
        // A told point may lie outside a candidate table: only those inside use it up. In a space
        // too large to be used up there is nothing to count.
        if size > q as u64 + taken.len() as u64 {
            return Ok(());
        }
        let used = taken
            .iter()
            .filter(|point| self.space.contains(point))
            .count() as u64;
        let left = size.saturating_sub(used) as usize;
        if left < q {
            Err(AskError::Exhausted { asked: q, left })
        } else {
            Ok(())
        }
    }
}
