//! One gene drives another: saturating activation and repression (Alon, *An Introduction to Systems Biology*, CRC 2006,
//! chapter 2).

use crate::{Input, Mechanism, Parameter};

/// How far a driver at level `x`, over its half-effective level, is towards its full effect: 0 to 1.
#[must_use]
pub fn saturation(x: f64, hill: f64) -> f64 {
    let power = x.max(0.0).powf(hill);
    power / (1.0 + power)
}

const DRIVER: Input = Input {
    name: "driver",
    unit: "",
    about: "level of what drives, or dose of what stands for it",
    usual: None,
};
const BASAL: Parameter = Parameter {
    name: "basal",
    unit: "",
    about: "expression without the driver",
    low: 0.0,
    high: 2.0,
    usual: None,
};
const HALF: Parameter = Parameter {
    name: "half",
    unit: "",
    about: "level of the driver at half of its effect, in the unit of the driver",
    low: 0.1,
    high: 100.0,
    usual: None,
};
const HILL: Parameter = Parameter {
    name: "hill",
    unit: "",
    about: "Hill coefficient",
    low: 0.5,
    high: 4.0,
    usual: Some(2.0),
};

/// A driver that adds.
pub static ACTIVATION: Mechanism = Mechanism {
    name: "activation",
    about: "a gene that a driver switches on: basal + weight x^n / (1 + x^n)",
    response: ("expression", ""),
    inputs: &[DRIVER],
    parameters: &[
        BASAL,
        Parameter {
            name: "weight",
            unit: "",
            about: "expression that the driver adds at most",
            low: 0.05,
            high: 5.0,
            usual: None,
        },
        HALF,
        HILL,
    ],
    law: |inputs, parameters| {
        let &[basal, weight, half, hill] = parameters else {
            return f64::NAN;
        };
        basal + weight * saturation(inputs[0] / half, hill)
    },
};

/// A driver that takes away.
pub static REPRESSION: Mechanism = Mechanism {
    name: "repression",
    about: "a gene that a driver switches off: basal (1 - weight x^n / (1 + x^n))",
    response: ("expression", ""),
    inputs: &[DRIVER],
    parameters: &[
        BASAL,
        Parameter {
            name: "weight",
            unit: "",
            about: "share of the expression that the driver takes away at most",
            low: 0.0,
            high: 1.0,
            usual: None,
        },
        HALF,
        HILL,
    ],
    law: |inputs, parameters| {
        let &[basal, weight, half, hill] = parameters else {
            return f64::NAN;
        };
        basal * (1.0 - weight * saturation(inputs[0] / half, hill))
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_way_at_the_half_effective_level() {
        assert_eq!(ACTIVATION.response(&[3.0], &[0.2, 1.0, 3.0, 2.0]), 0.7);
        assert!((REPRESSION.response(&[3.0], &[0.8, 0.5, 3.0, 1.0]) - 0.6).abs() < 1e-12);
        assert_eq!(ACTIVATION.response(&[-1.0], &[0.2, 1.0, 3.0, 2.0]), 0.2);
    }
}
