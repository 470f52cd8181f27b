//! The unit cube in front of a space: so that any even design becomes an even design of points.

use super::Space;
use super::factor::{Factor, FactorKind};
use super::point::{Level, Point};

impl Space {
    /// The number of unit coordinates that [`Space::at_unit`] takes: one for each factor, and for a
    /// sequence one for each site, and one for its length where that varies.
    #[must_use]
    pub(crate) fn unit_width(&self) -> usize {
        self.factors.iter().map(unit_width).sum()
    }

    /// The point at a place in the unit cube. Levels come out equally often; mixtures are even on the
    /// simplex. Rules across factors other than the mixtures' sums are not kept by this.
    #[must_use]
    pub(crate) fn at_unit(&self, unit: &[f64]) -> Point {
        let mut levels = Vec::with_capacity(self.factors.len());
        let mut at = 0;
        for factor in &self.factors {
            let width = unit_width(factor);
            levels.push(level_at(factor, &unit[at..at + width]));
            at += width;
        }
        for members in self.mixtures().values() {
            let shares: Vec<f64> = members
                .iter()
                .map(|&index| match &self.factors[index].kind {
                    FactorKind::Mixture { low, high, .. } if high > low => {
                        let value = levels[index].number().unwrap_or(0.0);
                        -(1.0 - ((value - low) / (high - low)).clamp(0.0, 1.0 - 1e-15)).ln()
                    }
                    _ => 0.0,
                })
                .collect();
            // What the lowest shares leave is what is spread.
            let floor: f64 = members
                .iter()
                .filter_map(|&index| self.factors[index].range())
                .map(|r| r.0)
                .sum();
            let total: f64 = shares.iter().sum();
            if total > 0.0 {
                for (&index, share) in members.iter().zip(&shares) {
                    let low = self.factors[index].range().map_or(0.0, |range| range.0);
                    levels[index] = Level::Real(low + (1.0 - floor) * share / total);
                }
            }
        }
        Point(levels)
    }
}

fn unit_width(factor: &Factor) -> usize {
    match &factor.kind {
        FactorKind::Sequence {
            shortest, longest, ..
        } => longest + usize::from(shortest != longest),
        _ => 1,
    }
}

/// The index of one of `count` equal parts of the unit interval.
fn part(unit: f64, count: usize) -> usize {
    ((unit * count as f64) as usize).min(count.saturating_sub(1))
}

fn level_at(factor: &Factor, unit: &[f64]) -> Level {
    let u = unit[0];
    match &factor.kind {
        FactorKind::Continuous {
            low,
            high,
            log: false,
        }
        | FactorKind::Mixture { low, high, .. } => {
            Level::Real((low + u * (high - low)).clamp(*low, *high))
        }
        FactorKind::Continuous {
            low,
            high,
            log: true,
        } => Level::Real(
            (low.ln() + u * (high.ln() - low.ln()))
                .exp()
                .clamp(*low, *high),
        ),
        FactorKind::Integer { low, high } => {
            let count = *high as f64 - *low as f64 + 1.0;
            Level::Integer((*low).saturating_add((u * count) as i64).min(*high))
        }
        FactorKind::Ordinal { levels } => Level::Real(levels[part(u, levels.len())]),
        FactorKind::Categorical { levels, .. } => Level::Category(part(u, levels.len())),
        FactorKind::Sequence {
            alphabet,
            shortest,
            longest,
        } => {
            let length = if shortest == longest {
                *longest
            } else {
                shortest + part(unit[*longest], longest - shortest + 1)
            };
            Level::Sequence(
                unit[..length]
                    .iter()
                    .map(|&u| part(u, alphabet.len()) as u8)
                    .collect(),
            )
        }
    }
}
