//! Language models that proposed, and what wells made of it.

/// A language model that proposed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proposer {
    /// Its name.
    pub model: String,
    /// How often it was asked.
    pub asked: u32,
    /// Why it did not answer, each time that it did not.
    pub unanswered: Vec<String>,
    /// Proposals that wells settled, and how many of them came true.
    pub settled: (u32, u32),
    /// Brier score of its probabilities, where something was settled.
    pub brier: Option<f64>,
    /// Mean log probability of what came, nats.
    pub log: Option<f64>,
    /// What it proposed, in order.
    pub proposals: Vec<Proposal>,
    /// What was not taken: what it said, and why.
    pub rejected: Vec<(String, String)>,
}

/// What a language model proposed.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Its kind: `point`, `effect`.
    pub kind: String,
    /// In words.
    pub words: String,
    /// The probability that the model gave it.
    pub confidence: f64,
    /// What that was worth when it was said.
    pub worth: f64,
    /// What it rests on.
    pub sources: Vec<String>,
    /// What became of it.
    pub fate: ProposalFate,
    /// What wells said, where they settled it.
    pub why: String,
}

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalFate {
    /// It came true.
    True,
    /// It did not.
    False,
    /// Wells have not settled it.
    Open,
    /// A point for which there was no seat.
    NotMeasured,
}
