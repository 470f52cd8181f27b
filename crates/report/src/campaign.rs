//! What a campaign asked, what it learned, and what it answers.

use crate::Plate;
use crate::Proposer;
use crate::figure::CauseGraph;
use quantity::{BatchId, CampaignId, Duration, Instant, PlateId};

/// One campaign of a run: its question, every experiment, and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// Its id in the run.
    pub id: CampaignId,
    /// Its name, as in its file.
    pub name: String,
    /// The question in words: 'Which mixture stops growth with the least drug?'
    pub question: String,
    /// What is sought.
    pub goal: Goal,
    /// What is measured for each experiment: 'growth inhibition'.
    pub response: String,
    /// The response's unit as text; empty for a bare number.
    pub unit: String,
    /// What is varied. Every list of levels has one level per factor, in this order.
    pub factors: Vec<Factor>,
    /// The answer.
    pub answer: Answer,
    /// Every experiment in the order in which the policy was told of it; those that were never
    /// told of at the end.
    pub experiments: Vec<Experiment>,
    /// Every plate, in the order in which they were made, also those that do not count.
    pub plates: Vec<Plate>,
    /// Language models that proposed points and more; none where none was asked.
    pub proposers: Vec<Proposer>,
    /// What the hall promised it; nothing is shown where nothing was.
    pub promises: Promises,
}

/// What a hall promised a campaign, and what became of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Promises {
    /// Its weight beside other campaigns with plates that wait.
    pub weight: u32,
    /// When every plate was to be finished by, if there was such a limit.
    pub deadline: Option<Instant>,
    /// Plates that were finished by when they were promised first.
    pub kept: u32,
    /// Plates that were finished later.
    pub late: u32,
    /// By how much the latest of them.
    pub worst: Duration,
    /// Plates finished after the deadline.
    pub after_deadline: u32,
    /// Plates that were not taken: the plate, why, and the earliest finish that could be promised.
    pub refused: Vec<(PlateId, String, Option<Instant>)>,
}

/// What a campaign seeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The largest response.
    Maximise,
    /// The smallest response.
    Minimise,
    /// The response everywhere: there is no best.
    Map,
}

/// Something that is varied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Its name.
    pub name: String,
    /// Its unit as text; empty if it has none.
    pub unit: String,
    /// What its levels are; the type of its column in the well table.
    pub kind: FactorKind,
}

/// The type of a factor's levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorKind {
    /// [`Level::Number`].
    Number,
    /// [`Level::Integer`].
    Integer,
    /// [`Level::Text`]: categories and sequences.
    Text,
}

/// A setting of one factor.
#[derive(Clone, Debug, PartialEq)]
pub enum Level {
    /// A number in the factor's unit.
    Number(f64),
    /// A whole number.
    Integer(i64),
    /// A category or a sequence.
    Text(String),
}

/// What the campaign answers. Only wells speak here: what nature is beyond them, nobody knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The best first; none where nothing was measured, or the question is a map.
    pub candidates: Vec<Candidate>,
    /// Experiments that were asked for and never got a value.
    pub unanswered: u32,
    /// Why the campaign ended before its budget was spent, if it did.
    pub early: Option<String>,
    /// More that a person should know before trusting the answer, one sentence each.
    pub notes: Vec<String>,
    /// Who drives whom, where that was the question.
    pub causes: Option<Causes>,
    /// Rival hypotheses, where telling them apart was the question.
    pub rivals: Option<Rivals>,
}

/// Rival hypotheses, and what wells made of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rivals {
    /// Each of them, in the order of the question.
    pub each: Vec<Rival>,
    /// The probability that none of them holds, after each plate.
    pub none: Vec<f64>,
    /// What is settled.
    pub verdict: RivalVerdict,
    /// The probability at which one of them is taken for true.
    pub wanted: f64,
}

/// What wells decided between rivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RivalVerdict {
    /// The one at this place holds.
    Holds(usize),
    /// None of them fits.
    NoneFits,
    /// Nothing yet.
    Open,
}

/// One hypothesis.
#[derive(Clone, Debug, PartialEq)]
pub struct Rival {
    /// Its name.
    pub name: String,
    /// What it is made of: a formula, a mechanism, a surrogate, a graph.
    pub kind: String,
    /// What it says: a formula as written in the campaign file, else in words.
    pub says: String,
    /// Its probability before any well, among the rivals.
    pub prior: f64,
    /// Its probability after each plate.
    pub probabilities: Vec<f64>,
    /// What it leaves open: name, mean and standard deviation.
    pub parameters: Vec<(String, f64, f64)>,
    /// What it expects along the factor, if there is one: level, mean and standard deviation.
    pub curve: Vec<(f64, f64, f64)>,
}

/// Who drives whom, and how that came to be known.
#[derive(Clone, Debug, PartialEq)]
pub struct Causes {
    /// The graph that is believed.
    pub graph: CauseGraph,
    /// Every arrow that is believed or not unlikely.
    pub arrows: Vec<CauseArrow>,
    /// Pairs that may have a hidden common cause, and the probability of it.
    pub hidden: Vec<(String, String, f64)>,
    /// The probability of the least certain link.
    pub certainty: f64,
    /// The probability that all of it is as said, where it is known.
    pub together: Option<f64>,
    /// The probability at which a link counts as settled.
    pub wanted: f64,
    /// Plate by plate.
    pub plates: Vec<CausePlate>,
    /// For each intervention, in the order in which they were made, what it oriented that was open before it.
    pub by_intervention: Vec<(String, Vec<String>)>,
    /// What interventions did to variables.
    pub changes: Vec<CauseChange>,
    /// Wells that counted.
    pub wells: u32,
    /// Wells that were left out as disturbed.
    pub disturbed: u32,
}

/// An arrow, with its effect.
#[derive(Clone, Debug, PartialEq)]
pub struct CauseArrow {
    /// The driver.
    pub from: String,
    /// The driven.
    pub to: String,
    /// Its probability.
    pub probability: f64,
    /// The direct effect and its 95 % interval, where it is in the likeliest graph.
    pub effect: Option<(f64, (f64, f64))>,
    /// Whether its direction is open.
    pub open: bool,
}

/// What one plate of interventions added.
#[derive(Clone, Debug, PartialEq)]
pub struct CausePlate {
    /// The number of the plate's order.
    pub plate: u64,
    /// Interventions, and wells of each.
    pub arms: Vec<(String, u32)>,
    /// The probability of the least certain link after it.
    pub certainty: f64,
    /// What it settled.
    pub settled: Vec<String>,
    /// Pairs between which it ruled an arrow out.
    pub ruled_out: u32,
}

/// What an intervention did to a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct CauseChange {
    /// The intervention.
    pub intervention: String,
    /// The variable.
    pub variable: String,
    /// Mean there less mean where nothing was done.
    pub difference: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
}

/// A setting that may be the best, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The setting.
    pub levels: Vec<Level>,
    /// The estimate of its response: from the wells of the confirmation, if there are any.
    pub estimate: f64,
    /// The estimate's standard deviation.
    pub sd: f64,
    /// The 95 % interval of the estimate.
    pub interval: (f64, f64),
    /// What the model expected before the confirmation.
    pub model: Option<Prediction>,
    /// Mean of the wells before the confirmation. The setting was chosen because this was good, so
    /// it is likely to be too good.
    pub before: Option<f64>,
    /// Mean of the confirmation wells: measured after the choice, so it is honest.
    pub confirmed: Option<f64>,
    /// Every well that counts for the estimate.
    pub wells: Vec<Evidence>,
}

/// A well that speaks for or against a candidate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// The plate.
    pub plate: PlateId,
    /// The well's row, from 0.
    pub row: u8,
    /// The well's column, from 0.
    pub column: u8,
    /// The response that it gave.
    pub value: f64,
    /// Whether it was filled to confirm the choice.
    pub confirms: bool,
}

/// What a model expects of a response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The expected response.
    pub mean: f64,
    /// Its standard deviation, without the noise of measuring.
    pub sd: f64,
}

/// What was measured for one experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The response: the mean over its wells.
    pub value: f64,
    /// Standard deviation of the response's error, where known.
    pub sd: Option<f64>,
    /// How many wells it is the mean of.
    pub wells: u32,
}

/// One point that was asked for, and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Its number in the campaign, in the order of asking.
    pub point: u32,
    /// The ask that it belongs to.
    pub batch: BatchId,
    /// The policy that asked for it.
    pub policy: String,
    /// Why: `improve`, `explore`, `replicate`, `baseline`, `confirm`.
    pub why: String,
    /// The plate on which it was measured, or last tried.
    pub plate: Option<PlateId>,
    /// When the policy was told of it.
    pub told: Option<Instant>,
    /// The setting.
    pub levels: Vec<Level>,
    /// What the model expected just before it was told: never from the value itself.
    pub expected: Option<Prediction>,
    /// What was measured, if it got a value.
    pub measured: Option<Measured>,
    /// Why it has no value.
    pub failed: Option<String>,
}
