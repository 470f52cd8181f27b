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

    /// What was reached after `n` experiments; `None` outside. Between the points on a curve that is smooth and
    /// rises where they rise: what is found of a pool bends, and straight lines between few points
    /// would lie below it.
    #[must_use]
    pub fn at(&self, n: f64) -> Option<f64> {
        let at = self
            .points
            .windows(2)
            .position(|pair| (pair[0].0..=pair[1].0).contains(&n))?;
        Some(self.between(at, n))
    }

    /// Experiments after which a level was first reached; `None` if it never was.
    #[must_use]
    pub fn needed(&self, level: f64) -> Option<f64> {
        let first = self.points.first()?;
        if first.1 >= level {
            return Some(first.0);
        }
        let reaches = |pair: &[(f64, f64)]| pair[0].1 < level && pair[1].1 >= level;
        let at = self.points.windows(2).position(reaches)?;
        let (mut low, mut high) = (self.points[at].0, self.points[at + 1].0);
        // Monotone between two points, so that halving finds it.
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if self.between(at, middle) < level {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(high)
    }

    /// The cubic between two points whose slopes keep it monotone (Fritsch and Butland, SIAM J. Sci. Stat. Comput.
    /// 5 (1984) 300).
    fn between(&self, at: usize, n: f64) -> f64 {
        let ((n0, v0), (n1, v1)) = (self.points[at], self.points[at + 1]);
        let width = n1 - n0;
        if width <= 0.0 {
            return v1;
        }
        let t = (n - n0) / width;
        let (s0, s1) = (self.slope(at) * width, self.slope(at + 1) * width);
        let u = 1.0 - t;
        v0 * (1.0 + 2.0 * t) * u * u + v1 * (1.0 + 2.0 * u) * t * t + s0 * t * u * u
            - s1 * t * t * u
    }

    /// The slope at a point: the weighted harmonic mean of those beside it, nothing at a peak.
    fn slope(&self, at: usize) -> f64 {
        let secant = |from: usize| {
            let ((n0, v0), (n1, v1)) = (self.points[from], self.points[from + 1]);
            let width = n1 - n0;
            (width, if width > 0.0 { (v1 - v0) / width } else { 0.0 })
        };
        let last = self.points.len() - 1;
        if at == 0 || at == last {
            return secant(if at == 0 { 0 } else { last - 1 }).1;
        }
        let ((h0, d0), (h1, d1)) = (secant(at - 1), secant(at));
        if d0 * d1 <= 0.0 {
            return 0.0;
        }
        let (w0, w1) = (2.0 * h1 + h0, h1 + 2.0 * h0);
        (w0 + w1) / (w0 / d0 + w1 / d1)
    }
}

/// Halvings of an interval of experiments: to the last bit of a double.
const HALVINGS: usize = 60;

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
