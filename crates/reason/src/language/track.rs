//! How well a model's confidence held against wells, and what its next confidence is worth.

use std::collections::BTreeMap;

/// Probabilities are kept this far from 0 and 1: a model that was certain and wrong is not wrong for ever.
const P_MIN: f64 = 1e-3;

/// What one model said, against what wells said.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Score {
    /// Proposals that wells settled.
    pub settled: u32,
    /// How many of them came true.
    pub came_true: u32,
    brier: f64,
    log: f64,
    /// Log score of whoever only knows how often the model's proposals came true so far.
    base: f64,
}

impl Score {
    /// Wells settled a proposal that was given this probability.
    pub fn settle(&mut self, confidence: f64, came_true: bool) {
        let base = self.base_rate();
        let hit = f64::from(u8::from(came_true));
        let of = |p: f64| {
            if came_true { p } else { 1.0 - p }
                .clamp(P_MIN, 1.0 - P_MIN)
                .ln()
        };
        self.brier += (confidence - hit).powi(2);
        self.log += of(confidence);
        self.base += of(base);
        self.settled += 1;
        self.came_true += u32::from(came_true);
    }

    /// Mean squared error of its probabilities, from 0 to 1 (Brier, Mon. Weather Rev. 78 (1950) 1); `None` before
    /// anything was settled.
    #[must_use]
    pub fn brier(&self) -> Option<f64> {
        (self.settled > 0).then(|| self.brier / f64::from(self.settled))
    }

    /// Mean log probability of what came, nats (Good, J. R. Stat. Soc. B 14 (1952) 107); at most zero.
    #[must_use]
    pub fn log(&self) -> Option<f64> {
        (self.settled > 0).then(|| self.log / f64::from(self.settled))
    }

    /// How often its proposals come true, by Laplace's rule.
    #[must_use]
    pub fn base_rate(&self) -> f64 {
        (f64::from(self.came_true) + 1.0) / (f64::from(self.settled) + 2.0)
    }

    /// Probability that its stated confidence is to be taken at its word, rather than for its base rate: by their
    /// log scores, from even odds.
    #[must_use]
    pub fn trust(&self) -> f64 {
        1.0 / (1.0 + (self.base - self.log).exp())
    }

    /// What a stated confidence is worth.
    #[must_use]
    pub fn weigh(&self, confidence: f64) -> f64 {
        let trust = self.trust();
        trust * confidence.clamp(P_MIN, 1.0 - P_MIN) + (1.0 - trust) * self.base_rate()
    }
}

/// How often a point of the campaign's own is better than three in four of them: what a proposed point has to beat.
pub const POINT_BASE: f64 = 0.25;

/// What one model's proposals came to.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Standing {
    /// All of them.
    pub all: Score,
    /// By kind, as [`super::Proposed::kind`] names it.
    pub kinds: BTreeMap<String, Score>,
}

impl Standing {
    /// What a confidence in a proposal of this kind is worth.
    #[must_use]
    pub fn weigh(&self, kind: &str, confidence: f64) -> f64 {
        self.kinds
            .get(kind)
            .copied()
            .unwrap_or_default()
            .weigh(confidence)
    }
}

/// The scores of all models, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// By model.
    pub models: BTreeMap<String, Standing>,
}

impl Record {
    /// Wells settled a proposal of a model.
    pub fn settle(&mut self, model: &str, kind: &str, confidence: f64, came_true: bool) {
        let standing = self.models.entry(model.to_owned()).or_default();
        standing.all.settle(confidence, came_true);
        let own = standing.kinds.entry(kind.to_owned()).or_default();
        own.settle(confidence, came_true);
    }

    /// What a model's confidence in a proposal of this kind is worth; one never heard of counts half at its word.
    #[must_use]
    pub fn weigh(&self, model: &str, kind: &str, confidence: f64) -> f64 {
        match self.models.get(model) {
            Some(standing) => standing.weigh(kind, confidence),
            None => Score::default().weigh(confidence),
        }
    }
}

/// How many of the points that a model proposed get a seat, of at most `bound`: as many as their worth, the best of them
/// first, stands above [`POINT_BASE`]. Points that promise no more than the campaign's own get none, so whoever is
/// wrong often enough fades to nothing.
#[must_use]
pub fn seats(worths: &[f64], bound: usize) -> usize {
    let mut best: Vec<f64> = worths.iter().copied().filter(|w| *w > POINT_BASE).collect();
    best.sort_by(|a, b| b.total_cmp(a));
    best.truncate(bound);
    if best.is_empty() {
        return 0;
    }
    let mean = best.iter().sum::<f64>() / best.len() as f64;
    let share = (mean - POINT_BASE) / (1.0 - POINT_BASE);
    ((share * bound as f64).round() as usize).min(best.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overconfident_lose_their_word_and_the_calibrated_keep_it() {
        let (mut boaster, mut honest) = (Score::default(), Score::default());
        for at in 0..40 {
            // Both are right in half of the cases; the honest one knows in which.
            let right = at % 2 == 0;
            boaster.settle(0.95, right);
            honest.settle(if right { 0.9 } else { 0.1 }, right);
        }
        assert!((boaster.brier().unwrap() - (0.0025 + 0.9025) / 2.0).abs() < 1e-12);
        assert!((honest.log().unwrap() - 0.9_f64.ln()).abs() < 1e-12);
        assert!(boaster.trust() < 1e-6 && honest.trust() > 1.0 - 1e-6);
        assert!((boaster.weigh(0.95) - 0.5).abs() < 0.01);
        assert!((honest.weigh(0.95) - 0.95).abs() < 0.01);
    }

    #[test]
    fn nothing_is_scored_before_wells_spoke() {
        let record = Record::default();
        assert_eq!(Score::default().brier(), None);
        assert!((record.weigh("unheard", "point", 0.9) - 0.7).abs() < 1e-12);
        let mut wrong = Score::default();
        wrong.settle(1.0, false);
        assert!(wrong.log().unwrap().is_finite());
    }

    #[test]
    fn who_is_wrong_fades_and_who_is_right_gets_more() {
        let (mut record, stated) = (Record::default(), 0.9);
        let room = |record: &Record, model: &str| {
            let worth = record.weigh(model, "point", stated);
            seats(&[worth; 20], 10)
        };
        let first = room(&record, "wrong");
        assert_eq!(first, 6);
        for _ in 0..12 {
            record.settle("wrong", "point", stated, false);
            record.settle("right", "point", stated, true);
            // What it knows of effects says nothing of its points.
            record.settle("wrong", "effect", stated, true);
        }
        assert_eq!(room(&record, "wrong"), 0);
        assert!(room(&record, "right") > first);
        assert_eq!(seats(&[], 10), 0);
        assert_eq!(seats(&[1.0], 10), 1);
        assert_eq!(record.models["wrong"].all.settled, 24);
    }
}
