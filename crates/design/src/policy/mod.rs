//! Policies: what chooses the next points.

mod cheaper;
mod choose;
mod elsewhere;
mod explain;
mod grid;
mod model;
mod passive;
mod random;
mod record;
mod sobol;
mod whole;

use std::sync::Arc;

use quantity::Seed;

use crate::effort::Effort;
use crate::question::Question;
use crate::space::{Level, Point, Space, SpaceProblem, WhyNot};
use crate::trial::{Prediction, Proposal, Trial};

pub(crate) use record::Record;
pub(crate) use sobol::Sequence;

/// What chooses the next points, from everything told so far.
///
/// A policy is deterministic: what it proposes follows from how it was made, what it was told in
/// which order, and the arguments of [`Policy::ask`].
pub trait Policy: Send {
    /// The policy's name, as [`policy`] takes it.
    fn name(&self) -> &'static str;

    /// Exactly `q` points to measure next. `pending` are points that were proposed and whose outcome
    /// isn't known yet: they are neither proposed again nor forgotten. No point comes twice, and none
    /// that was told or is pending, unless [`Options::repeats`] allows it.
    ///
    /// # Errors
    /// When the space has no feasible point, or fewer unmeasured ones than asked for.
    fn ask(&mut self, q: usize, pending: &[Point], seed: Seed) -> Result<Vec<Proposal>, AskError>;

    /// Takes in what came of points: of proposed ones or of any others in the space.
    ///
    /// # Errors
    /// Every trial that can't be used. Then none of them is taken in.
    fn tell(&mut self, trials: &[Trial]) -> Result<(), TellError>;

    /// Fits models to what was told, as [`Policy::ask`] does before it chooses. Models begin where the
    /// last ones ended, so whoever rebuilds a policy from its trials calls this where it was asked,
    /// and gets the same models.
    fn refit(&mut self) {}

    /// What the policy's model expects at these points; nothing while it has no model.
    fn predict(&self, points: &[Point]) -> Option<Vec<Prediction>>;

    /// What the policy's models expect at these points: for each response of the question, goals first,
    /// one prediction per point.
    fn predict_all(&self, points: &[Point]) -> Option<Vec<Vec<Prediction>>> {
        self.predict(points).map(|first| vec![first])
    }

    /// Counts an ask as done without doing it: where a campaign is taken up again.
    fn pass(&mut self) {}

    /// Whether trials or guesses could be taken in.
    ///
    /// # Errors
    /// Every one that can't be used.
    fn check(&self, _trials: &[Trial]) -> Result<(), TellError> {
        Ok(())
    }

    /// Takes in what somebody expects of points before they are measured. Guesses are believed as far as
    /// they make what was measured better predicted, and not at all where they don't. Policies without
    /// a model have no use for them.
    ///
    /// # Errors
    /// Every guess that can't be used. Then none of them is taken in.
    fn guess(&mut self, _guesses: &[Trial]) -> Result<(), TellError> {
        Ok(())
    }

    /// Holds factors at levels for the asks to come, in place of the question's target. Says whether
    /// the policy can do that.
    fn hold(&mut self, held: &[(usize, Level)]) -> bool {
        held.is_empty()
    }

    /// Which trials bear on what is expected of the first response at a point: their places in the order
    /// told, and by how much the expectation grows with each value, largest first.
    fn bearing(&self, _point: &Point) -> Option<Vec<(usize, f64)>> {
        None
    }

    /// For each factor the share of the first response's variation over the space that would be left
    /// if all others were known; shares add up to more than 1 where factors act together.
    fn importance(&self) -> Option<Vec<f64>> {
        None
    }

    /// One line on what the policy did last, for people: which model, how well it predicts.
    fn note(&self) -> Option<String> {
        None
    }

    /// What became of rival hypotheses, where telling them apart is the question.
    fn rivals(&self) -> Option<RivalsFound> {
        None
    }

    /// What one of the rivals expects of points, by its place in [`Policy::rivals`].
    fn rival_expects(&self, _rival: usize, _points: &[Point]) -> Option<Vec<Prediction>> {
        None
    }

    /// Why nothing more has to be asked, in words, once that is so.
    fn settled(&self) -> Option<String> {
        None
    }
}

/// Rival hypotheses, as wells left them.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RivalsFound {
    /// Each of them, in the order of the question.
    pub each: Vec<Rival>,
    /// The probability that none of them holds, after each batch that was told.
    pub none: Vec<f64>,
    /// Whether even the best of them misses what wells said by more than wells err.
    pub none_fits: bool,
}

/// One rival hypothesis.
#[derive(Clone, Debug, PartialEq)]
pub struct Rival {
    /// Its name.
    pub name: String,
    /// Its probability after each batch that was told.
    pub probabilities: Vec<f64>,
    /// Its open parameters: name, mean and standard deviation, each in the parameter's own unit.
    pub parameters: Vec<(String, f64, f64)>,
}

/// How a policy is made.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Options {
    /// Whether a point may be proposed again: told ones, pending ones, and the same twice in a batch.
    pub repeats: bool,
    /// How much computing an ask may spend.
    pub effort: Effort,
}

/// Why a policy can't be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// No policy of that name.
    #[error("found policy `{found}`, expected one of {expected}{hint}")]
    Unknown {
        /// The name that was given.
        found: String,
        /// The names there are.
        expected: String,
        /// The nearest right name, as the end of a sentence.
        hint: String,
    },
    /// The space can't be used.
    #[error("the space can't be used: {}", list(.0))]
    Space(Vec<SpaceProblem>),
    /// The question can't be asked.
    #[error("the question can't be asked: {0}")]
    Question(String),
}

fn list(problems: &[SpaceProblem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

/// Why a batch can't be proposed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AskError {
    /// Fewer points are left than asked for.
    #[error(
        "asked for {asked} points, but only {left} are left that were not measured and are not pending: ask for at most {left}, or allow repeats"
    )]
    Exhausted {
        /// How many were asked for.
        asked: usize,
        /// How many are left.
        left: usize,
    },
    /// No point keeps the rules.
    #[error(transparent)]
    NoPoint(#[from] WhyNot),
}

/// Why trials were not taken in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{} of the trials can't be used: {}", .problems.len(), describe(.problems))]
pub struct TellError {
    /// For each unusable trial its place, counted from 0, and what was found and expected.
    pub problems: Vec<(usize, String)>,
}

fn describe(problems: &[(usize, String)]) -> String {
    let mut texts: Vec<String> = problems
        .iter()
        .take(5)
        .map(|(place, what)| format!("trial {place}: {what}"))
        .collect();
    if problems.len() > 5 {
        texts.push(format!("and {} more", problems.len() - 5));
    }
    texts.join("; ")
}

/// The policies that [`policy`] makes.
pub const POLICIES: &[&str] = &["random", "sobol", "grid", "gp", "passive"];

/// Makes the policy of that name.
///
/// | name | chooses |
/// | --- | --- |
/// | `random` | uniformly at random |
/// | `sobol` | an Owen-scrambled Sobol sequence that goes on from batch to batch |
/// | `grid` | a full grid, evenly thinned to the number asked for |
/// | `passive` | one factor at a time around a standard setting, as published data are: to compare with |
/// | `gp` | by Gaussian processes and batch acquisition; an even design until anything is told |
///
/// # Errors
/// When there is no such policy, or space or question can't be used.
pub fn policy(
    name: &str,
    space: Arc<Space>,
    question: Question,
    options: Options,
    seed: Seed,
) -> Result<Box<dyn Policy>, PolicyError> {
    let problems = space.check();
    if !problems.is_empty() {
        return Err(PolicyError::Space(problems));
    }
    if question.goals.is_empty() {
        return Err(PolicyError::Question("it has no goal".into()));
    }
    if let Some(reference) = &question.reference
        && reference.len() != question.goals.len()
    {
        let (found, expected) = (reference.len(), question.goals.len());
        return Err(PolicyError::Question(format!(
            "the reference has {found} values, expected {expected}, one per goal"
        )));
    }
    check_question(&space, &question)?;
    let record = Record::new(space, question, options);
    match name {
        "random" => Ok(Box::new(random::Random::new(record))),
        "sobol" => Ok(Box::new(sobol::Sobol::new(record, seed))),
        "grid" => Ok(Box::new(grid::Grid::new(record))),
        "passive" => Ok(Box::new(passive::Passive::new(record, seed))),
        "gp" => Ok(Box::new(model::Model::new(record, seed))),
        _ => {
            let hint = quantity::nearest(name, POLICIES.iter().copied())
                .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            let expected = POLICIES.join(", ");
            Err(PolicyError::Unknown {
                found: name.into(),
                expected,
                hint,
            })
        }
    }
}

fn check_question(space: &Space, question: &Question) -> Result<(), PolicyError> {
    let refuse = |what: String| Err(PolicyError::Question(what));
    for (factor, level) in &question.target {
        let Some(known) = space.factors.get(*factor) else {
            return refuse(format!(
                "its target names factor {factor}, which there is not"
            ));
        };
        if !known.contains(level) {
            let (name, expected) = (&known.name, known.expected());
            let found = known.print(level);
            return refuse(format!(
                "its target has `{name}` at {found}, expected {expected}"
            ));
        }
    }
    if let Some(costs) = &question.costs {
        let numbers = costs.terms.iter().map(|term| &term.1);
        let mut numbers = numbers.chain(costs.levels.iter().flat_map(|(_, prices)| prices));
        if !costs.base.is_finite() || numbers.any(|number| !number.is_finite()) {
            return refuse("its costs hold a number that is not finite".into());
        }
        let places = costs.terms.iter().map(|term| term.0);
        let mut places = places.chain(costs.levels.iter().map(|level| level.0));
        if places.any(|factor| factor >= space.factors.len()) {
            return refuse("its costs name a factor which there is not".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
