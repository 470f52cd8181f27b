//! From values to places, and ticks at round values.

use crate::number::fixed;
use quantity::{Duration, Instant};

/// A linear map from an interval of values to one of places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    pub low: f64,
    pub high: f64,
    pub from: f64,
    pub to: f64,
}

impl Scale {
    /// The interval that holds all finite values, widened by a share at both ends and never empty.
    pub(crate) fn around(values: impl IntoIterator<Item = f64>, margin: f64) -> (f64, f64) {
        let (low, high) = values
            .into_iter()
            .filter(|value| value.is_finite())
            .fold((f64::MAX, f64::MIN), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low > high {
            return (0.0, 1.0);
        }
        let width = high / 2.0 - low / 2.0;
        let pad = if width > 0.0 {
            width * 2.0 * margin
        } else {
            low.abs().max(1.0) * 0.1
        };
        ((low - pad).max(f64::MIN), (high + pad).min(f64::MAX))
    }

    pub(crate) fn place(&self, value: f64) -> f64 {
        // Halves, so that the width of the widest interval is still a number.
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        // What is no number has no place; it must not break the picture.
        let share = if share.is_nan() { 0.0 } else { share };
        self.from + share.clamp(-0.5, 1.5) * (self.to - self.from)
    }
}

/// Ticks at multiples of 1, 2 or 5 times a power of ten, about `about` of them, with their texts.
pub(crate) fn ticks(low: f64, high: f64, about: usize) -> Vec<(f64, String)> {
    let width = high - low;
    if !(width.is_finite() && width > 0.0) {
        return vec![(low, crate::number::number(low))];
    }
    let raw = width / about.max(1) as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| width / step <= about as f64 + 0.5)
        .unwrap_or(10.0 * power);
    if !(step.is_finite() && step > 0.0) {
        return vec![(low, crate::number::number(low))];
    }
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let plain = decimals <= 6 && high.abs().max(low.abs()) < 1e6;
    let (first, last) = ((low / step).ceil(), (high / step).floor());
    let count = (last - first).max(0.0) as usize;
    (0..=count.min(4 * about))
        .map(|index| {
            let value = (first + index as f64) * step;
            let text = if plain {
                fixed(value, decimals)
            } else {
                crate::number::digits(value, 3)
            };
            (value, text)
        })
        .collect()
}

/// Ticks at round moments, about `about` of them, in seconds since the epoch with their texts.
pub(crate) fn time_ticks(from: Instant, to: Instant, about: usize) -> Vec<(f64, String)> {
    const STEPS: [i64; 14] = [
        1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080,
    ];
    let minutes = to.since(from).ratio(Duration::from_mins(1));
    let step = STEPS
        .into_iter()
        .find(|step| minutes / *step as f64 <= about as f64)
        .unwrap_or(STEPS[STEPS.len() - 1]);
    let length = Duration::from_mins(step).base();
    let mut moment = from.base().div_euclid(length) * length;
    let mut ticks = Vec::new();
    while moment <= to.base() && ticks.len() < 8 * about {
        if moment >= from.base() {
            let minute = moment / 60_000_000_000;
            let text = if step >= 1440 {
                format!("day {}", minute / 1440 + 1)
            } else if step % 60 == 0 {
                format!("{}\u{a0}h", minute / 60)
            } else if minute < 60 {
                format!("{minute}\u{a0}min")
            } else {
                format!("{}\u{a0}h\u{a0}{:02}", minute / 60, minute % 60)
            };
            ticks.push((Instant::from_base(moment).as_secs_f64(), text));
        }
        moment += length;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: Vec<(f64, String)>) -> Vec<String> {
        ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            texts(ticks(0.0, 1.0, 5)),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(texts(ticks(-3.0, 12.0, 4)), ["0", "5", "10"]);
        assert_eq!(texts(ticks(0.013, 0.017, 3)), ["0.014", "0.016"]);
        assert_eq!(
            texts(ticks(-0.1, 0.1, 4)),
            ["−0.10", "−0.05", "0.00", "0.05", "0.10"]
        );
        assert_eq!(
            texts(ticks(0.0, 4e9, 4)),
            ["0", "1·10⁹", "2·10⁹", "3·10⁹", "4·10⁹"]
        );
    }

    #[test]
    fn no_interval_is_too_odd() {
        for (low, high) in [
            (0.0, 0.0),
            (1.0, f64::NAN),
            (f64::MIN, f64::MAX),
            (1.0, 1.0 + f64::EPSILON),
            (5e-324, 1e-323),
            (1e300, 1.1e300),
        ] {
            assert!(ticks(low, high, 5).len() <= 21, "{low} {high}");
        }
        assert_eq!(Scale::around([f64::NAN], 0.1), (0.0, 1.0));
        assert_eq!(Scale::around([2.0], 0.1), (1.8, 2.2));
        let (low, high) = Scale::around([f64::MIN, f64::MAX], 0.1);
        assert!(low.is_finite() && high.is_finite());
    }

    #[test]
    fn times_have_round_steps() {
        let hours = |hours: f64| Instant::from_secs_f64(hours * 3600.0);
        assert_eq!(
            texts(time_ticks(hours(0.0), hours(2.0), 4)),
            [
                "0\u{a0}min",
                "30\u{a0}min",
                "1\u{a0}h\u{a0}00",
                "1\u{a0}h\u{a0}30",
                "2\u{a0}h\u{a0}00"
            ]
        );
        assert_eq!(
            texts(time_ticks(hours(0.5), hours(6.0), 6)),
            [
                "1\u{a0}h", "2\u{a0}h", "3\u{a0}h", "4\u{a0}h", "5\u{a0}h", "6\u{a0}h"
            ]
        );
        assert_eq!(
            texts(time_ticks(hours(0.0), hours(60.0), 3)),
            ["day 1", "day 2", "day 3"]
        );
        assert!(time_ticks(hours(0.0), hours(1e6), 5).len() <= 40);
    }
}
