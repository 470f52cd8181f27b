//! The conductivity of a lithium salt in a carbonate solvent.
//!
//! Landesfeind and Gasteiger, J. Electrochem. Soc. 166 (2019) A3079, in mS/cm, with `c` in mol/L and `T` in kelvin:
//! `p1 (1 + (T - p2)) c (1 + p3 sqrt(c) + p4 (1 + p5 exp(1000/T)) c) / (1 + c^4 p6 exp(1000/T))`.

use crate::{Input, Mechanism, Parameter};

/// The most salt that the fits were made with, mol/L; beyond, the last value counts.
pub const SALT_MAX: f64 = 3.0;
/// Zero degrees Celsius, K.
const ZERO_C: f64 = 273.15;

/// Conductivity in mS/cm at a salt concentration in mol/L and a temperature in °C, with coefficients `p1` to `p6`.
#[must_use]
pub fn conductivity(p: &[f64; 6], salt: f64, celsius: f64) -> f64 {
    let [p1, p2, p3, p4, p5, p6] = *p;
    let (c, t) = (salt.clamp(0.0, SALT_MAX), celsius + ZERO_C);
    let warm = (1000.0 / t).exp();
    let value = p1 * (1.0 + (t - p2)) * c * (1.0 + p3 * c.sqrt() + p4 * (1.0 + p5 * warm) * c)
        / (1.0 + c.powi(4) * p6 * warm);
    value.max(0.0)
}

const fn coefficient(name: &'static str, low: f64, high: f64) -> Parameter {
    Parameter {
        name,
        unit: "",
        about: "coefficient of the fit",
        low,
        high,
        usual: None,
    }
}

/// One solvent.
pub static CONDUCTIVITY: Mechanism = Mechanism {
    name: "conductivity",
    about: "lithium hexafluorophosphate in one carbonate solvent: Landesfeind and Gasteiger (2019)",
    response: ("conductivity", "mS/cm"),
    inputs: &[
        Input {
            name: "salt",
            unit: "mol/L",
            about: "concentration of the salt",
            usual: None,
        },
        Input {
            name: "temperature",
            unit: "°C",
            about: "temperature of the liquid",
            usual: Some(25.0),
        },
    ],
    // Wide enough for the three solvents of the paper.
    parameters: &[
        coefficient("p1", 0.02, 1.0),
        coefficient("p2", 160.0, 240.0),
        coefficient("p3", -1.5, 1.5),
        coefficient("p4", 0.1, 0.8),
        coefficient("p5", -0.1, 0.0),
        coefficient("p6", 0.001, 0.005),
    ],
    law: |inputs, parameters| {
        let (&[salt, celsius], Ok(p)) = (inputs, parameters.try_into()) else {
            return f64::NAN;
        };
        conductivity(p, salt, celsius)
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_molar_in_ethylene_carbonate_by_hand() {
        // exp(1000/298.15) = 28.62; 0.798 x 71.15 x (1 - 1.22 + 0.509 (1 - 0.004 x 28.62)) / (1 + 0.00379 x 28.62) = 11.82.
        let p = [7.98e-1, 2.28e2, -1.22, 5.09e-1, -4e-3, 3.79e-3];
        let found = CONDUCTIVITY.response(&[1.0, 25.0], &p);
        assert!((found - 11.82).abs() < 0.03, "{found}");
    }
}
