//! Claims in the order in which they came.

use super::Claim;
use super::record::{ClaimRecord, RecordError};

/// An intervention and an outcome: what a debate is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// What is done.
    pub intervention: String,
    /// What it is done to.
    pub outcome: String,
}

/// All claims that were taken in. Nothing is ever taken out: a claim that is corrected is superseded by a later
/// one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    claims: Vec<(u64, Claim)>,
    superseded: Vec<u64>,
}

impl Ledger {
    /// Takes in what was written under a number.
    ///
    /// # Errors
    /// If the record can't be read, or supersedes what isn't there.
    pub fn apply(&mut self, number: u64, body: &[u8]) -> Result<(), RecordError> {
        let record = ClaimRecord::parse(body)?;
        if let Some(old) = record.supersedes {
            if !self.claims.iter().any(|(own, _)| *own == old) {
                return Err(RecordError::Supersedes(old));
            }
            self.superseded.push(old);
        }
        self.claims.push((number, record.claim()?));
        Ok(())
    }

    /// Claims that stand, with their numbers.
    pub fn standing(&self) -> impl Iterator<Item = &(u64, Claim)> {
        self.claims
            .iter()
            .filter(|(number, _)| !self.superseded.contains(number))
    }

    /// Whether such a claim stands already.
    #[must_use]
    pub fn holds(&self, claim: &Claim) -> bool {
        self.standing().any(|(_, own)| own == claim)
    }

    /// What is debated, in order of name.
    #[must_use]
    pub fn pairs(&self) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = self
            .standing()
            .map(|(_, claim)| Pair {
                intervention: claim.intervention.clone(),
                outcome: claim.outcome.clone(),
            })
            .collect();
        pairs.sort();
        pairs.dedup();
        pairs
    }

    /// The claims about a pair, with their numbers.
    #[must_use]
    pub fn about(&self, pair: &Pair) -> Vec<(u64, &Claim)> {
        self.standing()
            .filter(|(_, c)| c.intervention == pair.intervention && c.outcome == pair.outcome)
            .map(|(number, claim)| (*number, claim))
            .collect()
    }
}
