//! What operations really take: learned from those that were carried out.
//!
//! A descriptor says how long an operation takes and how much that spreads. What it says is scaled by a
//! factor whose logarithm is followed for each instrument and operation: its mean and variance, of late
//! runs more than of early ones (exponentially weighted; West, Commun. ACM 22 (1979) 532). The size of a
//! plate and what the protocol states stay the descriptor's affair. Until [`LEARN_FROM`] runs were seen the
//! descriptor's own figure rules. A fold over what happened: the same journal gives the same figures.

use crate::limits::{LEARN_CHANGE, LEARN_FROM, LEARN_MEMORY, LEARN_OUTLIER};
use bus::Capability;
use protocol::Operation;
use quantity::{Duration, InstrumentId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of one operation on one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Seen {
    runs: u32,
    /// Of the logarithm of what it took over what the descriptor says.
    mean: f64,
    variance: f64,
    /// What plans are made with: mean and standard deviation, as they were when they last changed much.
    used: Option<(f64, f64)>,
}

/// What was learned of every operation, by instrument and capability.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Durations {
    seen: BTreeMap<InstrumentId, Vec<(Arc<str>, Seen)>>,
    /// Counts changes of what plans are made with.
    version: u32,
}

impl Durations {
    /// Changes when what plans are made with changes.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// An operation on so many wells took so long.
    pub fn observe(
        &mut self,
        instrument: InstrumentId,
        offer: &Capability,
        operation: &Operation,
        wells: usize,
        took: Duration,
    ) {
        let said = offer.duration.handling(wells).as_secs_f64();
        let took = (took - offer.duration.stated(operation)).as_secs_f64();
        // What takes no time of its own has none that can be learned, and a clock may be set.
        if said <= 0.0 || took <= 0.0 {
            return;
        }
        let all = self.seen.entry(instrument).or_default();
        let at = all.iter().position(|(name, _)| *name == offer.name);
        let at = at.unwrap_or_else(|| {
            all.push((offer.name.clone(), Seen::default()));
            all.len() - 1
        });
        if all[at]
            .1
            .observe((took / said).ln(), offer.duration.spread.as_f64())
        {
            self.version += 1;
        }
    }

    /// The factor to what the descriptor says of an operation that a share `Phi(z)` stays within.
    fn factor(&self, instrument: InstrumentId, offer: &Capability, z: f64) -> f64 {
        let seen = self.seen.get(&instrument).and_then(|all| {
            let (_, seen) = all.iter().find(|(name, _)| *name == offer.name)?;
            seen.used
        });
        let (mean, sd) = seen.unwrap_or((0.0, offer.duration.spread.as_f64()));
        (mean + z * sd).exp()
    }

    /// The time that a share `Phi(z)` of operations on so many wells stays within.
    pub fn quantile(
        &self,
        instrument: InstrumentId,
        offer: &Capability,
        operation: &Operation,
        wells: usize,
        z: f64,
    ) -> Duration {
        let model = &offer.duration;
        model
            .handling(wells)
            .scale(self.factor(instrument, offer, z))
            + model.stated(operation)
    }
}

impl Seen {
    /// Takes a run in; says whether what plans are made with changed.
    fn observe(&mut self, logarithm: f64, spread: f64) -> bool {
        self.runs = self.runs.saturating_add(1);
        let weight = 1.0 / f64::from(self.runs.min(LEARN_MEMORY));
        let mut apart = logarithm - self.mean;
        if self.runs > LEARN_FROM {
            // Once it is known, a run that got stuck is not what the next one takes.
            let most = LEARN_OUTLIER * self.variance.sqrt().max(spread);
            apart = apart.clamp(-most, most);
        }
        self.mean += weight * apart;
        self.variance = (1.0 - weight) * (self.variance + weight * apart * apart);
        if self.runs < LEARN_FROM {
            return false;
        }
        // A few runs say little of the spread: the descriptor's counts as so many more.
        let prior = f64::from(LEARN_FROM);
        let known = f64::from(self.runs.min(LEARN_MEMORY));
        let variance = (prior * spread * spread + known * self.variance) / (prior + known);
        let (mean, sd) = (self.mean, variance.sqrt());
        let (used_mean, used_sd) = self.used.unwrap_or((0.0, spread));
        let changed = (mean - used_mean).abs().max((sd - used_sd).abs()) > LEARN_CHANGE;
        if changed {
            self.used = Some((mean, sd));
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bus::DurationModel;
    use protocol::{Params, Repeat};
    use quantity::Ratio;

    const ONE: InstrumentId = InstrumentId(0);

    fn offer() -> Capability {
        Capability {
            name: "shake".into(),
            limits: BTreeMap::new(),
            labware: Vec::new(),
            covers: Vec::new(),
            repeat: Repeat::Repeatable,
            duration: DurationModel {
                fixed: Duration::from_secs(40),
                per_well: Duration::from_secs(1),
                parameter: None,
                spread: Ratio::from_f64(0.05),
            },
            uses: None,
        }
    }

    fn operation() -> Operation {
        Operation {
            capability: "shake".into(),
            params: Params::new(),
        }
    }

    fn after(factors: impl IntoIterator<Item = f64>) -> (Durations, f64, f64) {
        let (offer, operation) = (offer(), operation());
        let mut durations = Durations::default();
        for factor in factors {
            // Plates of 60 wells: 100 s as the descriptor says.
            let took = Duration::from_secs(100).scale(factor);
            durations.observe(ONE, &offer, &operation, 60, took);
        }
        let at = |z: f64| {
            let time = durations.quantile(ONE, &offer, &operation, 160, z);
            time.as_secs_f64() / 200.0
        };
        let (median, upper) = (at(0.0), at(1.0));
        (durations, median, upper)
    }

    #[test]
    fn the_descriptor_rules_until_enough_was_seen() {
        let few = LEARN_FROM as usize - 1;
        let (durations, median, upper) = after(std::iter::repeat_n(1.3, few));
        assert_eq!((durations.version(), median), (0, 1.0));
        assert!((upper - 0.05_f64.exp()).abs() < 1e-6);
        let (durations, median, _) = after(std::iter::repeat_n(1.3, few + 1));
        assert_eq!(durations.version(), 1);
        // Learned on plates of 60 wells, it holds for those of 160.
        assert!((median - 1.3).abs() < 1e-6, "{median}");
    }

    #[test]
    fn mean_and_spread_are_found_and_what_is_small_changes_no_plan() {
        // A factor of 1.2, with a standard deviation of 0.2 of its logarithm.
        let wide = (0..200).map(|n| 1.2 * (if n % 2 == 0 { 0.2_f64 } else { -0.2 }).exp());
        let (_, median, upper) = after(wide);
        assert!((median / 1.2 - 1.0).abs() < 0.03, "{median}");
        let sd = (upper / median).ln();
        assert!((0.17..0.21).contains(&sd), "{sd}");
        // As the descriptor says: nothing is planned anew.
        let usual = (0..200).map(|n| (if n % 2 == 0 { 0.05_f64 } else { -0.05 }).exp());
        assert_eq!(after(usual).0.version(), 0);
    }

    #[test]
    fn it_follows_what_changes_and_not_what_happens_once() {
        let slower = std::iter::repeat_n(1.0, 200).chain(std::iter::repeat_n(1.3, 200));
        let (_, median, _) = after(slower);
        assert!((median - 1.3).abs() < 0.03, "{median}");
        let once = (0..200).map(|n| if n == 150 { 30.0 } else { 1.1 });
        let (_, median, _) = after(once);
        assert!((median - 1.1).abs() < 0.02, "{median}");
    }
}
