//! Reference results of established packages and of exact quadrature, on data read from `NILO_DATA`.
#![allow(clippy::unwrap_used)]

use reason::meta::bayes::{MeanPrior, TauPrior, posterior};
use reason::meta::bias::{
    Missing, Precision, fail_safe_number, mixed_regression, rank_correlation, regression,
    trim_and_fill,
};
use reason::meta::influence::{cumulative, leave_one_out};
use reason::meta::selection::{Favoured, Selection, fit_selection};
use reason::meta::{Effects, Tau2, Test, fit, gain, levels, prediction_interval, profile_tau2};
use serde_json::Value;
use std::path::PathBuf;

const SETS: [&str; 5] = [
    "bcg",
    "bangertdrowns2004",
    "hackshaw1998",
    "raudenbush1985",
    "li2007_magnesium",
];

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("NILO_DATA")
        .map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
            PathBuf::from,
        )
        .join("meta");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: NILO_DATA not found");
    None
}

fn json(folder: &std::path::Path, name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// A column of a comma-separated file with quoted text.
fn column(folder: &std::path::Path, set: &str, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(format!("{set}.csv"))).unwrap();
    let cells = |line: &str| -> Vec<String> {
        let (mut cells, mut quoted) = (vec![String::new()], false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                _ => cells.last_mut().unwrap().push(c),
            }
        }
        cells
    };
    let mut lines = text.lines();
    let at = cells(lines.next().unwrap())
        .iter()
        .position(|c| c == name)
        .unwrap();
    lines.map(|line| cells(line)[at].clone()).collect()
}

fn numbers(folder: &std::path::Path, set: &str, name: &str) -> Vec<f64> {
    column(folder, set, name)
        .iter()
        .map(|cell| cell.parse().unwrap())
        .collect()
}

fn effects(folder: &std::path::Path, set: &str) -> Effects {
    Effects::new(numbers(folder, set, "yi"), numbers(folder, set, "vi")).unwrap()
}

fn close(found: f64, expected: &Value, tolerance: f64, what: &str) {
    let Some(expected) = expected.as_f64() else {
        return;
    };
    let scale = expected.abs().max(1e-3);
    assert!(
        (found - expected).abs() <= tolerance * scale,
        "{what}: {found}, expected {expected}"
    );
}

#[test]
fn every_estimator_agrees() {
    let Some(folder) = data() else { return };
    let expected = json(&folder, "expected.json");
    for set in SETS {
        let effects = effects(&folder, set);
        for (key, method, tolerance) in [
            ("FE", Tau2::Fixed, 1e-8),
            ("DL", Tau2::DerSimonianLaird, 1e-8),
            ("HE", Tau2::Hedges, 1e-8),
            ("HS", Tau2::HunterSchmidt, 1e-8),
            ("SJ", Tau2::SidikJonkman, 1e-8),
            // Iterated ones are stated to the iteration's own tolerance.
            ("ML", Tau2::MaximumLikelihood, 1e-3),
            ("REML", Tau2::Restricted, 1e-3),
            ("PM", Tau2::PauleMandel, 2e-3),
            ("EB", Tau2::PauleMandel, 2e-3),
        ] {
            let reference = &expected[set]["model"][key];
            let found = fit(&effects, method, Test::Normal).unwrap();
            let what = |name: &str| format!("{set} {key} {name}");
            let (mean, h) = (found.mean(), found.heterogeneity);
            close(mean.estimate, &reference["mu"], tolerance, &what("mu"));
            close(mean.se, &reference["se"], tolerance, &what("se"));
            close(mean.statistic, &reference["z"], tolerance, &what("z"));
            close(mean.ci.0, &reference["ci_lb"], tolerance, &what("ci_lb"));
            close(mean.ci.1, &reference["ci_ub"], tolerance, &what("ci_ub"));
            close(h.tau2, &reference["tau2"], tolerance, &what("tau2"));
            close(h.i2, &reference["I2"], tolerance, &what("I2"));
            close(h.h2, &reference["H2"], tolerance, &what("H2"));
            close(h.q, &reference["Q"], 1e-9, &what("Q"));
            close(
                found.log_likelihood,
                &reference["loglik"],
                tolerance,
                &what("loglik"),
            );
            let (low, high) = prediction_interval(&found);
            close(low, &reference["pi_lb"], 4.0 * tolerance, &what("pi_lb"));
            close(high, &reference["pi_ub"], 4.0 * tolerance, &what("pi_ub"));
            let p = reference["p"].as_f64().unwrap();
            assert!(
                (mean.p / p - 1.0).abs() < 0.02,
                "{}: {} {p}",
                what("p"),
                mean.p
            );
        }
        let reference = &expected[set]["model"]["REML_knha"];
        let found = fit(&effects, Tau2::Restricted, Test::KnappHartung).unwrap();
        close(found.mean().se, &reference["se"], 1e-4, set);
        close(found.mean().p, &reference["p"], 1e-4, set);
        close(found.mean().ci.0, &reference["ci_lb"], 1e-4, set);
        close(
            prediction_interval(&found).1,
            &reference["pi_ub"],
            1e-3,
            set,
        );
        let reference = &expected[set]["model"]["tau2_Qprofile_REML"];
        let interval = profile_tau2(&effects).unwrap();
        let (tau2, i2) = (interval.tau2, interval.i2);
        close(tau2.0, &reference["lb"], 2e-3, set);
        close(tau2.1, &reference["ub"], 2e-3, set);
        close(i2.0, &reference["I2_lb"], 2e-3, set);
        close(i2.1, &reference["I2_ub"], 2e-3, set);
    }
}

#[test]
fn moderators_explain() {
    let Some(folder) = data() else { return };
    let expected = json(&folder, "expected.json");
    let check = |effects: &Effects, test: Test, reference: &Value, what: &str| {
        let found = fit(effects, Tau2::Restricted, test).unwrap();
        let coefficients = reference["coef"].as_object().unwrap();
        let errors = reference["se"].as_object().unwrap();
        // JSON objects are read in order of name; the intercept and moderators are matched by value.
        for (value, error) in coefficients.values().zip(errors.values()) {
            let (value, error) = (value.as_f64().unwrap(), error.as_f64().unwrap());
            let hit = found.coefficients.iter().any(|c| {
                (c.estimate - value).abs() < 1e-3 * value.abs()
                    && (c.se - error).abs() < 1e-3 * error
            });
            assert!(
                hit,
                "{what}: {value} ({error}) not in {:#?}",
                found.coefficients
            );
        }
        let h = found.heterogeneity;
        if reference["tau2"].as_f64().unwrap() > 1e-4 {
            close(h.tau2, &reference["tau2"], 2e-3, what);
            close(h.i2, &reference["I2"], 2e-3, what);
        } else {
            assert!(h.tau2 < 1e-4, "{what}: {}", h.tau2);
        }
        close(found.r2.unwrap(), &reference["R2"], 2e-3, what);
        close(h.q, &reference["QE"], 1e-8, what);
        close(found.moderators.unwrap().0, &reference["QM"], 2e-3, what);
        close(found.moderators.unwrap().1, &reference["QMp"], 5e-3, what);
    };
    let bcg = || effects(&folder, "bcg");
    let latitude = || {
        bcg()
            .moderated("latitude", numbers(&folder, "bcg", "ablat"))
            .unwrap()
    };
    let of = |set: &str, key: &str| expected[set]["moderators"][key].clone();
    check(&latitude(), Test::Normal, &of("bcg", "ablat"), "latitude");
    check(
        &latitude(),
        Test::KnappHartung,
        &of("bcg", "ablat_knha"),
        "latitude, Knapp-Hartung",
    );
    let both = latitude()
        .moderated("year", numbers(&folder, "bcg", "year"))
        .unwrap();
    check(
        &both,
        Test::Normal,
        &of("bcg", "ablat_year"),
        "latitude and year",
    );
    let allocation = column(&folder, "bcg", "alloc");
    let names: Vec<&str> = allocation.iter().map(String::as_str).collect();
    check(
        &bcg().by_level("alloc", &names).unwrap(),
        Test::Normal,
        &of("bcg", "alloc"),
        "allocation",
    );
    let weeks = numbers(&folder, "raudenbush1985", "weeks");
    let contact = effects(&folder, "raudenbush1985");
    let high = weeks
        .iter()
        .map(|w| f64::from(u8::from(*w > 1.0)))
        .collect();
    check(
        &contact.clone().moderated("weeks", weeks).unwrap(),
        Test::Normal,
        &of("raudenbush1985", "weeks"),
        "weeks",
    );
    check(
        &contact.moderated("high", high).unwrap(),
        Test::Normal,
        &of("raudenbush1985", "weeks_high"),
        "weeks > 1",
    );
}

#[test]
fn small_study_effects_agree() {
    let Some(folder) = data() else { return };
    let expected = json(&folder, "expected.json");
    for set in SETS {
        let effects = effects(&folder, set);
        let reference = &expected[set]["bias"];
        let pet = regression(&effects, Precision::StandardError).unwrap();
        close(pet.statistic, &reference["egger_lm"]["t"], 1e-8, set);
        close(pet.slope_p, &reference["egger_lm"]["p"], 1e-6, set);
        close(pet.limit_ci.0, &reference["egger_lm"]["ci_lb"], 1e-6, set);
        close(pet.limit, &reference["PET_WLS"]["b0"], 1e-8, set);
        close(pet.limit_se, &reference["PET_WLS"]["se0"], 1e-8, set);
        close(pet.limit_p, &reference["PET_WLS"]["p0"], 1e-6, set);
        let peese = regression(&effects, Precision::Variance).unwrap();
        close(peese.limit, &reference["PEESE_WLS"]["b0"], 1e-8, set);
        close(peese.slope, &reference["PEESE_WLS"]["b1"], 1e-8, set);
        let mixed = mixed_regression(&effects, Precision::StandardError, Tau2::Restricted).unwrap();
        close(
            mixed.mean().estimate,
            &reference["PET_REML"]["b0"],
            2e-3,
            set,
        );
        close(
            mixed.coefficients[1].statistic,
            &reference["egger_rma"]["z"],
            2e-3,
            set,
        );
        let rank = rank_correlation(&effects).unwrap();
        close(rank.tau, &reference["begg"]["tau"], 1e-8, set);
        close(rank.p, &reference["begg"]["p"], 1e-6, set);
        for (key, method, missing) in [
            ("trimfill_REML_L0", Tau2::Restricted, Missing::L0),
            ("trimfill_REML_R0", Tau2::Restricted, Missing::R0),
            ("trimfill_FE_L0", Tau2::Fixed, Missing::L0),
        ] {
            let filled = trim_and_fill(&effects, method, missing).unwrap();
            let reference = &reference[key];
            assert_eq!(
                filled.missing as u64,
                reference["k0"].as_u64().unwrap(),
                "{set} {key}"
            );
            assert_eq!(filled.on_right, reference["side"] == "right", "{set} {key}");
            close(filled.fit.mean().estimate, &reference["mu"], 1e-3, set);
            close(filled.fit.heterogeneity.tau2, &reference["tau2"], 1e-3, set);
            close(
                filled.missing_se,
                &reference["se_k0"],
                2e-3,
                &format!("{set} {key}"),
            );
        }
        assert_eq!(
            fail_safe_number(&effects) as u64,
            reference["fsn_rosenthal"]["n"].as_u64().unwrap(),
            "{set}"
        );
    }
}

#[test]
fn selection_models_reach_the_global_maximum() {
    let Some(folder) = data() else { return };
    let global = json(&folder, "expected_selection_global.json");
    let local = json(&folder, "expected.json");
    for set in SETS {
        let effects = effects(&folder, set);
        let favoured = if global[set]["alternative"] == "less" {
            Favoured::Less
        } else {
            Favoured::Greater
        };
        for (key, cuts) in [
            ("step_.025", vec![0.025]),
            ("step_.025_.5", vec![0.025, 0.5]),
            ("step_.05", vec![0.05]),
        ] {
            let reference = &global[set][key];
            let found = fit_selection(&effects, &Selection::Steps(cuts), favoured).unwrap();
            assert!(
                found.log_likelihood >= reference["loglik"].as_f64().unwrap() - 2e-5,
                "{set} {key} {found:?}"
            );
            close(
                found.mean,
                &reference["mu"],
                1e-3,
                &format!("{set} {key} mu"),
            );
            assert!(
                (found.tau2 - reference["tau2"].as_f64().unwrap()).abs() < 1e-4,
                "{set} {key} {found:?}"
            );
            for (i, (weight, _)) in found.selection.iter().enumerate() {
                close(
                    *weight,
                    &reference["weights"][i + 1],
                    1e-3,
                    &format!("{set} {key} weight"),
                );
            }
        }
        for (key, selection) in [
            ("sel_beta", Selection::Beta),
            ("sel_halfnorm", Selection::HalfNormal),
            ("sel_negexp", Selection::NegativeExponential),
            ("sel_logistic", Selection::Logistic),
            ("sel_power", Selection::Power),
        ] {
            let reference = &local[set]["bias"][key];
            let Some(log_likelihood) = reference["loglik"].as_f64() else {
                continue;
            };
            let found = fit_selection(&effects, &selection, favoured).unwrap();
            assert!(
                found.log_likelihood >= log_likelihood - 2e-3,
                "{set} {key}: {} {log_likelihood}",
                found.log_likelihood
            );
            if (found.log_likelihood - log_likelihood).abs() < 1e-4 && reference["se"].is_f64() {
                close(
                    found.mean,
                    &reference["mu"],
                    2e-2,
                    &format!("{set} {key} mu"),
                );
            }
        }
    }
    let trap = fit_selection(
        &effects(&folder, "li2007_magnesium"),
        &Selection::Steps(vec![0.025]),
        Favoured::Less,
    )
    .unwrap();
    assert!(
        (trap.mean - 0.0234).abs() < 1e-3 && trap.tau2 == 0.0,
        "{trap:?}"
    );
}

#[test]
fn shared_origins_are_a_level() {
    let Some(folder) = data() else { return };
    let expected = json(&folder, "expected.json")["konstantopoulos2011"].clone();
    let effects = effects(&folder, "konstantopoulos2011");
    let group: Vec<u32> = numbers(&folder, "konstantopoulos2011", "district")
        .iter()
        .map(|d| *d as u32)
        .collect();
    let found = levels::fit_levels(&effects, &group).unwrap();
    let reference = &expected["three_level"];
    close(found.coefficients[0].estimate, &reference["mu"], 1e-4, "mu");
    close(found.coefficients[0].se, &reference["se"], 1e-4, "se");
    close(
        found.between_groups,
        &reference["sigma2"][0],
        1e-3,
        "between districts",
    );
    close(
        found.within_groups,
        &reference["sigma2"][1],
        1e-3,
        "within districts",
    );
    close(
        found.log_likelihood,
        &reference["loglik"],
        1e-6,
        "log-likelihood",
    );
    let wrong = fit(&effects, Tau2::Restricted, Test::Normal).unwrap();
    close(
        wrong.mean().estimate,
        &expected["two_level_wrong"]["mu"],
        1e-4,
        "two levels",
    );
}

#[test]
fn posteriors_are_exact() {
    let Some(folder) = data() else { return };
    let expected = json(&folder, "expected_bayes.json");
    let check =
        |effects: &Effects, mean: MeanPrior, tau: TauPrior, reference: &Value, what: &str| {
            let found = posterior(effects, mean, tau).unwrap();
            close(found.mean(), &reference["mu_mean"], 1e-7, what);
            close(found.sd(), &reference["mu_sd"], 1e-7, what);
            close(found.quantile(0.025), &reference["mu_ci95"][0], 1e-6, what);
            close(found.quantile(0.975), &reference["mu_ci95"][1], 1e-6, what);
            close(1.0 - found.below(0.0), &reference["p_mu_gt_0"], 1e-6, what);
            close(found.tau_mean(), &reference["tau_mean"], 1e-6, what);
            close(found.tau_median(), &reference["tau_median"], 2e-3, what);
            close(found.log_marginal, &reference["log_marglik"], 1e-8, what);
            close(found.bayes_factor_zero, &reference["bf01_mu0"], 1e-6, what);
        };
    for set in SETS {
        let effects = effects(&folder, set);
        let mean = MeanPrior { mean: 0.0, sd: 1.0 };
        check(
            &effects,
            mean,
            TauPrior::HalfNormal(0.5),
            &expected[set]["halfnormal_0.5"]["exact"],
            set,
        );
        check(
            &effects,
            mean,
            TauPrior::HalfCauchy(0.5),
            &expected[set]["halfcauchy_0.5"]["exact"],
            set,
        );
    }
    let errors: Vec<f64> = numbers(&folder, "eight_schools", "stderr")
        .iter()
        .map(|e| e * e)
        .collect();
    let schools = Effects::new(numbers(&folder, "eight_schools", "effect"), errors).unwrap();
    let reference = &expected["eight_schools"]["halfcauchy_25_mu_sd50"]["exact"];
    check(
        &schools,
        MeanPrior {
            mean: 0.0,
            sd: 50.0,
        },
        TauPrior::HalfCauchy(25.0),
        reference,
        "eight schools",
    );
}

#[test]
fn influence_and_history_agree() {
    let Some(folder) = data() else { return };
    let expected = json(&folder, "expected.json");
    for set in ["bcg", "bangertdrowns2004"] {
        let effects = effects(&folder, set);
        let reference = &expected[set]["influence"];
        for (at, own) in leave_one_out(&effects, Tau2::Restricted)
            .unwrap()
            .iter()
            .enumerate()
        {
            for (name, found) in [
                ("leave1out_mu", own.mean_without),
                ("leave1out_tau2", own.tau2_without),
                ("rstudent", own.studentised),
                ("cooks.d", own.cook),
                ("cooks", own.cook),
                ("hat", own.leverage),
                ("dffits", own.dffits),
            ] {
                // The reference iterates to its own tolerance, which shows where a value is near zero.
                if let Some(value) = reference[name][at].as_f64() {
                    assert!(
                        (found - value).abs() < 5e-3 * value.abs() + 2e-5,
                        "{set} {name} {at}: {found} {value}"
                    );
                }
            }
        }
    }
    let reference = &expected["bcg"]["cumulative_by_year"];
    // The reference took its `order` for the key to sort by, not for the order itself.
    let key: Vec<u64> = reference["order"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o.as_u64().unwrap())
        .collect();
    let mut order: Vec<usize> = (0..key.len()).collect();
    order.sort_by_key(|&row| key[row]);
    for (at, (mean, se, tau2)) in cumulative(&effects(&folder, "bcg"), &order, Tau2::Restricted)
        .unwrap()
        .iter()
        .enumerate()
    {
        close(*mean, &reference["mu"][at], 1e-3, "cumulative mu");
        close(*se, &reference["se"][at], 1e-3, "cumulative se");
        close(*tau2, &reference["tau2"][at], 1e-3, "cumulative tau2");
    }
}

#[test]
fn the_next_trial_is_valued() {
    let Some(folder) = data() else { return };
    let expected = json(&folder, "eig_examples.json");
    let found = fit(&effects(&folder, "bcg"), Tau2::Restricted, Test::Normal).unwrap();
    for example in expected["bcg"].as_array().unwrap() {
        let variance = example["v_new"].as_f64().unwrap();
        close(
            gain::expected_information(&found, variance, 1.0),
            &example["eig_nats"],
            1e-5,
            "information",
        );
        close(
            gain::se_after(&found, variance, 1.0),
            &example["posterior_sd"],
            1e-5,
            "standard error after",
        );
    }
    close(
        gain::expected_information(&found, 0.0, 1.0),
        &expected["ceiling_one_trial_nats"],
        1e-5,
        "ceiling",
    );
    close(
        gain::expected_information(&found, 0.05, 10.0),
        &expected["k10_v05"],
        1e-5,
        "ten trials",
    );
}

#[test]
fn bad_input_is_named() {
    assert_eq!(
        Effects::new(vec![0.1, 0.2], vec![0.1, 0.0])
            .unwrap_err()
            .to_string(),
        "row 2: the variance is 0; it must be above zero"
    );
    let one = Effects::new(vec![0.1], vec![0.1]).unwrap();
    assert_eq!(
        fit(&one, Tau2::Restricted, Test::Normal)
            .unwrap_err()
            .to_string(),
        "1 sources can't tell 1 coefficients: at least 2 are needed"
    );
    let constant = Effects::new(vec![0.1, 0.2, 0.4], vec![0.1; 3])
        .unwrap()
        .moderated("x", vec![2.0; 3])
        .unwrap();
    assert!(fit(&constant, Tau2::Restricted, Test::Normal).is_err());
}
