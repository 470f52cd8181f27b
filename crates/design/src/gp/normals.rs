//! Standard normal numbers, many at a time.

use quantity::Rng;
use rand::RngExt;

use super::elementary::{cosine_and_sine, ln};
use super::matern::wide;

/// Numbers that come of as many uniform ones together.
const TOGETHER: usize = 64;

/// Fills with standard normal numbers (Box and Muller, Ann. Math. Statist. 29 (1958) 610).
pub(crate) fn normals(out: &mut [f64], rng: &mut Rng) {
    const HALF: usize = TOGETHER / 2;
    let (mut radius, mut angle) = ([0.0; HALF], [0.0; HALF]);
    for out in out.chunks_mut(TOGETHER) {
        radius.fill_with(|| 1.0 - rng.random::<f64>());
        angle.fill_with(|| std::f64::consts::TAU * rng.random::<f64>());
        wide(
            #[inline(always)]
            || {
                for i in 0..HALF {
                    let length = (-2.0 * ln(radius[i])).sqrt();
                    let (cosine, sine) = cosine_and_sine(angle[i]);
                    (radius[i], angle[i]) = (length * cosine, length * sine);
                }
            },
        );
        let all = radius.iter().chain(&angle);
        out.iter_mut()
            .zip(all)
            .for_each(|(out, number)| *out = *number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantity::Seed;

    #[test]
    fn moments_are_those_of_a_standard_normal() {
        let mut all = vec![0.0; 200_001];
        normals(&mut all, &mut Seed(5).rng());
        let n = all.len() as f64;
        let moment = |power: i32| all.iter().map(|z| z.powi(power)).sum::<f64>() / n;
        // Five standard errors of each.
        for (power, expected, sd) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
        {
            let off = 5.0 * (sd / n).sqrt();
            assert!(
                (moment(power) - expected).abs() < off,
                "{power}: {}",
                moment(power)
            );
        }
        let neighbours: f64 = all.windows(2).map(|pair| pair[0] * pair[1]).sum();
        assert!((neighbours / n).abs() < 5.0 / n.sqrt());
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |count| {
            let mut all = vec![0.0; count];
            normals(&mut all, &mut Seed(1).rng());
            all
        };
        assert_eq!(draw(7), draw(64)[..7]);
    }
}
