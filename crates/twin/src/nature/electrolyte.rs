//! The conductivity of lithium hexafluorophosphate in carbonates.
//!
//! Landesfeind and Gasteiger, J. Electrochem. Soc. 166 (2019) A3079, table II, fit of the ionic
//! conductivity, in mS/cm, with `c` in mol/L and `T` in kelvin:
//! `p1 (1 + (T - p2)) c (1 + p3 sqrt(c) + p4 (1 + p5 exp(1000/T)) c) / (1 + c^4 p6 exp(1000/T))`
//! for three solvents: EC:DMC 1:1, EC:EMC 3:7, EMC:FEC 19:1 (by weight). The coefficients are those
//! of the paper as PyBaMM's parameter sets give them.
//!
//! Between the three solvents no such fit was published; the logarithm of the conductivity is
//! interpolated linearly in the shares, which is exact at the three and is our assumption between.

use super::optimum::{Optimum, maximise_in_box};
use super::{Bound, Channel, Detector, Nature, NatureError, ReagentMeaning, Sample, Signal};

/// A solvent with its six coefficients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend {
    /// Name: parts by weight.
    pub name: &'static str,
    /// `p1` to `p6`.
    pub p: [f64; 6],
}

/// The three published solvents.
pub const BLENDS: [Blend; 3] = [
    Blend {
        name: "EC:DMC 1:1",
        p: [7.98e-1, 2.28e2, -1.22, 5.09e-1, -4e-3, 3.79e-3],
    },
    Blend {
        name: "EC:EMC 3:7",
        p: [5.21e-1, 2.28e2, -1.06, 3.53e-1, -3.59e-3, 1.48e-3],
    },
    Blend {
        name: "EMC:FEC 19:1",
        p: [2.51e-2, 1.75e2, 1.23, 2.05e-1, -8.81e-2, 2.83e-3],
    },
];

impl Blend {
    /// Conductivity in mS/cm at a salt concentration in mol/L and a temperature in °C.
    #[must_use]
    pub fn conductivity(&self, salt: f64, celsius: f64) -> f64 {
        mechanism::conductivity::conductivity(&self.p, salt, celsius)
    }
}

/// The nature.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Electrolyte;

impl Electrolyte {
    /// Conductivity in mS/cm of a mixture of the three blends, by shares that need not sum to one.
    #[must_use]
    pub fn conductivity(&self, shares: [f64; 3], salt: f64, celsius: f64) -> f64 {
        let sum: f64 = shares.iter().sum();
        if sum <= 0.0 || salt <= 0.0 {
            return 0.0;
        }
        let log: f64 = BLENDS
            .iter()
            .zip(shares)
            .filter(|(_, share)| *share > 0.0)
            .map(|(blend, share)| share / sum * blend.conductivity(salt, celsius).max(1e-9).ln())
            .sum();
        log.exp()
    }

    /// The best salt concentration and shares of blends in bounds: the point is
    /// `[salt, share of the second, share of the third]`, the first has the rest.
    #[must_use]
    pub fn optimum(&self, bounds: &[(f64, f64); 3], celsius: f64) -> Optimum {
        maximise_in_box(bounds, |p| {
            let rest = 1.0 - p[1] - p[2];
            if rest < -1e-9 {
                return rest;
            }
            self.conductivity([rest.max(0.0), p[1], p[2]], p[0], celsius)
        })
    }
}

impl Nature for Electrolyte {
    fn bind(&self, meaning: &ReagentMeaning) -> Result<Bound, NatureError> {
        match meaning {
            ReagentMeaning::Inert => Ok(Bound::INERT),
            ReagentMeaning::Electrolyte { blend, salt } => {
                let slot = BLENDS
                    .iter()
                    .position(|known| known.name == &**blend)
                    .ok_or_else(|| {
                        NatureError::unknown("blend", blend, BLENDS.iter().map(|b| b.name))
                    })?;
                Ok(Bound::of(slot as u32, salt.as_mol_per_l()))
            }
            other => Err(NatureError::Meaningless {
                reagent: other.to_string(),
                takes: "electrolytes (a salt concentration in a blend) and inert liquids",
            }),
        }
    }

    fn respond(&self, sample: &Sample<'_>, channel: &Channel) -> Signal {
        if channel.detector != Detector::Conductivity {
            return Signal::NotMeasured;
        }
        let mut shares = [0.0; 3];
        let mut salt = 0.0;
        for (bound, volume) in sample.parts {
            if let Some(share) = shares.get_mut(bound.slot as usize) {
                *share += volume;
                salt += bound.strength * volume;
            }
        }
        let salt = salt / sample.volume_ul.max(1e-9);
        Signal::Value(self.conductivity(shares, salt, sample.exposure.celsius()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quantity::Concentration;

    /// By hand for EC:DMC at 1 mol/L and 298.15 K: exp(1000/298.15) = 28.62;
    /// 0.798 x 71.15 x (1 - 1.22 + 0.509 (1 - 0.004 x 28.62)) / (1 + 0.00379 x 28.62) = 11.82 mS/cm.
    #[test]
    fn the_fit_is_the_published_one() {
        let value = BLENDS[0].conductivity(1.0, 25.0);
        assert!((value - 11.82).abs() < 0.03, "{value}");
        // EC:EMC 3:7 at 1 mol/L and 25 °C is about 9 mS/cm; warmer is better.
        let emc = BLENDS[1].conductivity(1.0, 25.0);
        assert!((8.0..10.0).contains(&emc), "{emc}");
        assert!(BLENDS[1].conductivity(1.0, 45.0) > emc);
        assert_eq!(BLENDS[2].conductivity(0.0, 25.0), 0.0);
    }

    #[test]
    fn the_best_salt_concentration_is_inside() {
        let nature = Electrolyte;
        let best = nature.optimum(&[(0.2, 2.5), (0.0, 1.0), (0.0, 1.0)], 25.0);
        assert!((0.8..1.5).contains(&best.point[0]), "{best:?}");
        let pure = nature.conductivity([0.0, 1.0, 0.0], 1.0, 25.0);
        assert!((pure - BLENDS[1].conductivity(1.0, 25.0)).abs() < 1e-9);
    }

    #[test]
    fn wells_are_read_by_what_is_in_them() {
        use crate::nature::Exposure;
        let nature = Electrolyte;
        let bind = |blend: &str, salt: f64| {
            nature.bind(&ReagentMeaning::Electrolyte {
                blend: blend.into(),
                salt: Concentration::from_mol_per_l(salt),
            })
        };
        let strong = bind("EC:DMC 1:1", 2.0).unwrap();
        let pure = bind("EC:DMC 1:1", 0.0).unwrap();
        let sample = Sample {
            parts: &[(strong, 20.0), (pure, 20.0)],
            volume_ul: 40.0,
            exposure: Exposure {
                spans: &[(60.0, 25.0)],
            },
            seed: quantity::Seed(0),
        };
        let channel = Channel {
            name: "conductivity".into(),
            detector: Detector::Conductivity,
            nm: None,
        };
        let Signal::Value(value) = nature.respond(&sample, &channel) else {
            panic!()
        };
        assert!((value - BLENDS[0].conductivity(1.0, 25.0)).abs() < 1e-9);
        let wrong = bind("EC:DEC 1:1", 1.0).unwrap_err().to_string();
        assert!(wrong.contains("did you mean 'EC:DMC 1:1'"), "{wrong}");
    }
}
