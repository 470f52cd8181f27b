//! Bacteria that grow in a well, and drugs that hold them back.
//!
//! **One drug.** The pharmacodynamic function of Regoes et al., Antimicrob. Agents Chemother. 48 (2004) 3670: net growth rate,
//! in decades an hour, at concentration `c`
//! `psi(c) = psi_max - (psi_max - psi_min) x^k / (x^k - psi_min / psi_max)`, `x = c / zMIC`.
//!
//! **Several drugs.** Each drug changes how potent the others are: the effective concentration of drug i is
//! `c_i / (1 + sum_j a_ij y_j / (1 + y_j))`, with `y_j` the effective concentration of drug j over its half-inhibitory one (the
//! form of Zimmer et al., PNAS 113 (2016) 10442: negative `a` is synergy, positive antagonism). The remaining shares of growth
//! multiply (Bliss independence); kill rates add.
//!
//! **Growth.** Logistic, to a carrying capacity.

use crate::{Input, Mechanism, Parameter};

/// A drug never becomes more than this many times as potent.
const POTENCY_MAX: f64 = 20.0;
/// Rounds in which effective concentrations settle.
const ROUNDS: usize = 40;
const SETTLED: f64 = 1e-10;

/// Net growth over growth without drug, at a concentration `x` over zMIC: one without drug, zero at zMIC, negative above.
/// `ratio` is the net growth at high concentrations over that without drug (negative), `kappa` the Hill coefficient.
#[must_use]
pub fn share(x: f64, ratio: f64, kappa: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let hill = x.powf(kappa);
    1.0 - (1.0 - ratio) * hill / (hill - ratio)
}

/// The concentration over zMIC at which half of the growth is left.
#[must_use]
pub fn half(ratio: f64, kappa: f64) -> f64 {
    (-0.5 * ratio / (0.5 - ratio)).powf(1.0 / kappa)
}

/// Effective concentrations `x` of drugs at `doses`, all over zMIC, where drug j changes the potency of drug i by
/// `interactions[i * n + j]`; `halves` are half-inhibitory concentrations over zMIC.
pub fn effective(doses: &[f64], halves: &[f64], interactions: &[f64], x: &mut [f64]) {
    let n = doses.len();
    x.copy_from_slice(doses);
    if doses.iter().filter(|dose| **dose > 0.0).count() < 2 {
        return;
    }
    for _ in 0..ROUNDS {
        let mut change = 0.0_f64;
        for i in 0..n {
            if doses[i] <= 0.0 {
                continue;
            }
            let sum: f64 = (0..n)
                .map(|j| interactions[i * n + j] * x[j] / (halves[j] + x[j]))
                .sum();
            let next = doses[i] / (1.0 + sum).max(1.0 / POTENCY_MAX);
            change = change.max((next - x[i]).abs() / (1.0 + next));
            x[i] = next;
        }
        if change < SETTLED {
            break;
        }
    }
}

/// Net growth over growth without any drug, from the [`share`] that each drug alone would leave.
#[must_use]
pub fn together(shares: impl Iterator<Item = f64>) -> f64 {
    let (mut growing, mut killing) = (1.0, 0.0);
    for share in shares {
        growing *= share.max(0.0);
        killing += share.min(0.0);
    }
    growing + killing
}

/// Density of a culture that started at `inoculum` and grew to a `capacity` in the same unit, after `exponent` natural
/// logarithms of free growth.
#[must_use]
pub fn logistic(inoculum: f64, capacity: f64, exponent: f64) -> f64 {
    capacity / (1.0 + (capacity / inoculum - 1.0) * (-exponent).exp())
}

/// The share of the free rise of a culture that is prevented where a share of its growth rate is left; dead cells scatter
/// light like living ones, so it never falls below its inoculum.
fn inhibition(left: f64, rate: f64, hours: f64, room: f64) -> f64 {
    let free = rate * std::f64::consts::LN_10 * hours;
    let rise = |exponent: f64| logistic(1.0, room, exponent) - 1.0;
    1.0 - rise(free * left.max(0.0)) / rise(free)
}

const GROWTH: Parameter = Parameter {
    name: "growth",
    unit: "1/h",
    about: "net growth without drug, decades an hour",
    low: 0.3,
    high: 1.3,
    usual: None,
};
const HOURS: Parameter = Parameter {
    name: "hours",
    unit: "h",
    about: "time of growth, the lag left out",
    low: 1.0,
    high: 24.0,
    usual: Some(5.5),
};
const ROOM: Parameter = Parameter {
    name: "room",
    unit: "",
    about: "carrying capacity over inoculum",
    low: 40.0,
    high: 500.0,
    usual: None,
};

const fn kill(name: &'static str) -> Parameter {
    Parameter {
        name,
        unit: "1/h",
        about: "net loss at high doses, decades an hour",
        low: 0.5,
        high: 15.0,
        usual: None,
    }
}

const fn zmic(name: &'static str) -> Parameter {
    Parameter {
        name,
        unit: "mg/L",
        about: "dose at which there is no net growth",
        low: 0.01,
        high: 100.0,
        usual: None,
    }
}

const fn kappa(name: &'static str) -> Parameter {
    Parameter {
        name,
        unit: "",
        about: "Hill coefficient",
        low: 0.4,
        high: 4.0,
        usual: None,
    }
}

const fn interaction(name: &'static str) -> Parameter {
    Parameter {
        name,
        unit: "",
        about: "how one drug changes the potency of the other: below zero synergy, above antagonism",
        low: -0.9,
        high: 2.0,
        usual: Some(0.0),
    }
}

const fn dose(name: &'static str) -> Input {
    Input {
        name,
        unit: "mg/L",
        about: "concentration of a drug in the well",
        usual: None,
    }
}

/// One drug against a growing culture.
pub static PHARMACODYNAMIC: Mechanism = Mechanism {
    name: "pharmacodynamic",
    about: "growth held back by one drug: the pharmacodynamic function of Regoes et al. (2004) in logistic growth",
    response: ("growth inhibition", ""),
    inputs: &[dose("dose")],
    parameters: &[
        GROWTH,
        kill("kill"),
        zmic("zmic"),
        kappa("kappa"),
        HOURS,
        ROOM,
    ],
    law: |inputs, parameters| {
        let &[growth, kill, zmic, kappa, hours, room] = parameters else {
            return f64::NAN;
        };
        let left = share(inputs[0].max(0.0) / zmic, -kill / growth, kappa);
        inhibition(left, growth, hours, room)
    },
};

/// Two drugs against a growing culture.
pub static DRUG_COMBINATION: Mechanism = Mechanism {
    name: "drug-combination",
    about: "growth held back by two drugs: Bliss independence, unless they change each other's potency (Zimmer et al. 2016)",
    response: ("growth inhibition", ""),
    inputs: &[dose("first"), dose("second")],
    parameters: &[
        GROWTH,
        HOURS,
        ROOM,
        kill("first_kill"),
        zmic("first_zmic"),
        kappa("first_kappa"),
        kill("second_kill"),
        zmic("second_zmic"),
        kappa("second_kappa"),
        interaction("first_by_second"),
        interaction("second_by_first"),
    ],
    law: |inputs, parameters| {
        let &[
            growth,
            hours,
            room,
            k1,
            z1,
            h1,
            k2,
            z2,
            h2,
            by_second,
            by_first,
        ] = parameters
        else {
            return f64::NAN;
        };
        let ratios = [-k1 / growth, -k2 / growth];
        let doses = [inputs[0].max(0.0) / z1, inputs[1].max(0.0) / z2];
        let halves = [half(ratios[0], h1), half(ratios[1], h2)];
        let mut x = [0.0; 2];
        effective(&doses, &halves, &[0.0, by_second, by_first, 0.0], &mut x);
        let each = [share(x[0], ratios[0], h1), share(x[1], ratios[1], h2)];
        inhibition(together(each.into_iter()), growth, hours, room)
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_drug_by_hand() {
        // At zMIC nothing grows; without drug nothing is prevented.
        let parameters = [0.85, 8.8, 18.5, 1.9, 5.5, 320.0];
        assert!((PHARMACODYNAMIC.response(&[18.5], &parameters) - 1.0).abs() < 1e-12);
        assert!(PHARMACODYNAMIC.response(&[0.0], &parameters).abs() < 1e-12);
        // Half of the growth left: 10.765 / 2 natural logarithms; 320 / (1 + 319 e^-5.38257) = 129.8 of 317.85.
        let half = 18.5 * half(-8.8 / 0.85, 1.9);
        let exponent = 0.85 * std::f64::consts::LN_10 * 5.5;
        let rise = |e: f64| 320.0 / (1.0 + 319.0 * (-e).exp()) - 1.0;
        let by_hand = 1.0 - rise(0.5 * exponent) / rise(exponent);
        assert!((PHARMACODYNAMIC.response(&[half], &parameters) - by_hand).abs() < 1e-9);
        assert!((by_hand - 0.5945).abs() < 0.002, "{by_hand}");
    }

    #[test]
    fn two_drugs_are_one_where_the_other_is_not_there() {
        let both = [0.85, 5.5, 320.0, 8.8, 18.5, 1.9, 4.0, 3.4, 0.75, -0.6, -0.9];
        let first = [0.85, 8.8, 18.5, 1.9, 5.5, 320.0];
        let alone = DRUG_COMBINATION.response(&[6.0, 0.0], &both);
        assert!((alone - PHARMACODYNAMIC.response(&[6.0], &first)).abs() < 1e-12);
        let mut apart = both;
        (apart[9], apart[10]) = (0.0, 0.0);
        let point = [4.0, 0.4];
        // Synergy prevents more than independence, which multiplies what is left.
        let (synergy, bliss) = (
            DRUG_COMBINATION.response(&point, &both),
            DRUG_COMBINATION.response(&point, &apart),
        );
        assert!(synergy > bliss + 0.05, "{synergy} {bliss}");
        let left = share(4.0 / 18.5, -8.8 / 0.85, 1.9) * share(0.4 / 3.4, -4.0 / 0.85, 0.75);
        assert!((bliss - inhibition(left, 0.85, 5.5, 320.0)).abs() < 1e-12);
    }
}
