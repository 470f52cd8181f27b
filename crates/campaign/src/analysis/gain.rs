//! How much faster, and how much better, a loop is than a reference: acceleration and enhancement factor
//! (Liang et al., npj Comput. Mater. 7 (2021) 188; reviewed by Adesiji et al., Digital Discovery 2025,
//! d5dd00337g). Both are curves, and both mean nothing without the reference that they name.

/// What was reached after so many experiments; experiments ascend.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    points: Vec<(f64, f64)>,
}

impl Progress {
    /// From experiments and what was reached by then, higher being better.
    ///
    /// Points out of order are put in order, and what is no number is left out.
    #[must_use]
    pub fn new(points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let mut points: Vec<(f64, f64)> = points
            .into_iter()
            .filter(|p| p.0.is_finite() && p.1.is_finite())
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { points }
    }

    /// Draws without replacement from a pool: after `n` of `size`, the expected share `n / size` of any
    /// part of it has been found.
    #[must_use]
    pub fn random(size: u32) -> Self {
        Self::new([(0.0, 0.0), (f64::from(size), 1.0)])
    }

    /// What was reached after `n` experiments, between the points on a straight line; `None` outside.
    #[must_use]
    pub fn at(&self, n: f64) -> Option<f64> {
        self.points.windows(2).find_map(|pair| {
            let ((n0, v0), (n1, v1)) = (pair[0], pair[1]);
            (n0..=n1).contains(&n).then(|| {
                if n1 > n0 {
                    v0 + (v1 - v0) * (n - n0) / (n1 - n0)
                } else {
                    v1
                }
            })
        })
    }

    /// Experiments after which a level was first reached; `None` if it never was.
    #[must_use]
    pub fn needed(&self, level: f64) -> Option<f64> {
        let first = self.points.first()?;
        if first.1 >= level {
            return Some(first.0);
        }
        self.points.windows(2).find_map(|pair| {
            let ((n0, v0), (n1, v1)) = (pair[0], pair[1]);
            (v0 < level && v1 >= level).then(|| n0 + (n1 - n0) * (level - v0) / (v1 - v0))
        })
    }
}

/// Acceleration factor: experiments that the reference needs for a level over those that the loop needs.
#[must_use]
pub fn acceleration(of: &Progress, reference: &Progress, level: f64) -> Option<f64> {
    Some(reference.needed(level)? / of.needed(level)?)
}

/// Enhancement factor: what the loop reached after `n` experiments over what the reference did.
#[must_use]
pub fn enhancement(of: &Progress, reference: &Progress, n: f64) -> Option<f64> {
    let base = reference.at(n)?;
    (base > 0.0).then_some(of.at(n)? / base)
}

/// Expected draws without replacement until the first of `wanted` in a pool: (N + 1) / (M + 1).
#[must_use]
pub fn draws_to_first(pool: u32, wanted: u32) -> f64 {
    f64::from(pool + 1) / f64::from(wanted + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_fast_is_two() {
        let reference = Progress::random(100);
        let twice = Progress::new([(0.0, 0.0), (50.0, 1.0)]);
        assert_eq!(acceleration(&twice, &reference, 0.8), Some(2.0));
        assert_eq!(enhancement(&twice, &reference, 25.0), Some(2.0));
        assert_eq!(acceleration(&twice, &reference, 1.1), None);
        assert_eq!(enhancement(&twice, &reference, 0.0), None);
        assert_eq!(enhancement(&twice, &reference, 60.0), None);
    }
}
