//! The assay statistics on data that others analysed, with their figures.
#![allow(clippy::unwrap_used)]

use campaign::analysis::{dose, gain, position, quality, stats};
use serde_json::Value;
use std::path::PathBuf;

fn data(name: &str) -> Option<String> {
    let root = std::env::var_os("NILO_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(root.join("closedloop").join(name)).ok();
    if text.is_none() {
        println!("skipped: NILO_DATA not found");
    }
    // Some programs begin a file with a mark of its encoding.
    text.map(|text| text.trim_start_matches('\u{feff}').to_owned())
}

fn reference() -> Option<Value> {
    Some(serde_json::from_str(&data("expected.json")?).unwrap())
}

/// The numbers of a value with the path to each.
fn leaves(value: &Value, path: &[String], out: &mut Vec<(Vec<String>, f64)>) {
    let below = |name: String| [path, &[name]].concat();
    match value {
        Value::Object(fields) => {
            for (name, child) in fields {
                leaves(child, &below(name.clone()), out);
            }
        }
        Value::Array(items) => {
            for (at, child) in items.iter().enumerate() {
                leaves(child, &below(at.to_string()), out);
            }
        }
        // A text is a note; null says that there is no such number.
        _ => out.extend(value.as_f64().map(|number| (path.to_vec(), number))),
    }
}

/// Every number under a key of the reference is computed and compared; fails on one that `figure` does not know how to
/// compute. A figure is what was found, and within which share of what is stated it must lie.
fn every_figure(
    reference: &Value,
    at_least: usize,
    mut figure: impl FnMut(&[&str]) -> Option<(f64, f64)>,
) {
    let mut all = Vec::new();
    leaves(reference, &[], &mut all);
    let mut wrong = Vec::new();
    for (path, stated) in &all {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let (found, share) = figure(&names).unwrap_or((f64::NAN, 0.0));
        // A zero is found to rounding.
        let near = (found - stated).abs() <= share * stated.abs() + 1e-9;
        if !near {
            wrong.push(format!("{}: {found}, stated {stated}", names.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all.len() >= at_least, "only {} figures", all.len());
}

fn of_curve(fit: &dose::DoseResponse, path: &[&str]) -> Option<(f64, f64)> {
    Some(match *path {
        ["b"] => (fit.curve.b, 1e-5),
        ["c"] => (fit.curve.c, 1e-5),
        ["d"] => (fit.curve.d, 1e-6),
        ["e_ED50"] => (fit.curve.e, 1e-6),
        ["se", "b"] => (fit.errors.b, 1e-4),
        ["se", "c"] => (fit.errors.c, 1e-4),
        ["se", "d"] => (fit.errors.d, 1e-4),
        ["se", "e"] => (fit.errors.e, 1e-4),
        ["rss"] => (fit.rss, 1e-9),
        ["resid_se"] => (fit.residual_sd, 1e-9),
        ["df"] => (fit.freedom as f64, 0.0),
        ["ED10"] => (fit.curve.effective_dose(0.1), 1e-5),
        ["ED90"] => (fit.curve.effective_dose(0.9), 1e-5),
        _ => return None,
    })
}

#[test]
fn ryegrass_dose_response() {
    let (Some(csv), Some(expected)) = (data("ryegrass_dose.csv"), reference()) else {
        return;
    };
    let rows: Vec<(f64, f64)> = csv
        .lines()
        .skip(1)
        .map(|line| {
            let (response, dose) = line.split_once(',').unwrap();
            (dose.parse().unwrap(), response.parse().unwrap())
        })
        .collect();
    let (doses, responses): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
    let fit = dose::fit(&doses, &responses).unwrap();
    every_figure(&expected["ryegrass_LL4"], 13, |path| of_curve(&fit, path));
    // R's drc takes its errors from the observed Hessian.
    for (found, drc) in [
        (fit.observed_errors.b, 0.46507),
        (fit.observed_errors.c, 0.21219),
        (fit.observed_errors.d, 0.18857),
        (fit.observed_errors.e, 0.18573),
    ] {
        assert!((found - drc).abs() < 2e-4, "{found} is not {drc}");
    }
    // Without any dose a curve is at its upper limit, exactly.
    assert_eq!(fit.curve.at(0.0).to_bits(), fit.curve.d.to_bits());
}

#[test]
fn mustard_dose_response_of_two_herbicides() {
    let (Some(csv), Some(expected)) = (data("s_alba_dose.csv"), reference()) else {
        return;
    };
    for herbicide in ["Glyphosate", "Bentazone"] {
        let (doses, responses): (Vec<f64>, Vec<f64>) = csv
            .lines()
            .skip(1)
            .filter(|line| line.contains(herbicide))
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                (
                    cells[0].parse::<f64>().unwrap(),
                    cells[2].parse::<f64>().unwrap(),
                )
            })
            .unzip();
        let fit = dose::fit(&doses, &responses).unwrap();
        let expected = &expected[format!("s_alba_LL4_{herbicide}").as_str()];
        every_figure(expected, 13, |path| of_curve(&fit, path));
    }
}

fn numbers(values: &Value) -> Vec<f64> {
    let each = values.as_array().unwrap().iter();
    each.flat_map(|v| v.as_f64().map_or_else(|| numbers(v), |v| vec![v]))
        .collect()
}

#[test]
fn plate_of_96_with_two_planted_hits() {
    let Some(mut expected) = reference() else {
        return;
    };
    let plate = expected["plate96"].as_object_mut().unwrap();
    let values = numbers(&plate.remove("values").unwrap());
    let tolerance = plate.remove("medpolish_eps").unwrap().as_f64().unwrap();
    let polish = position::median_polish(&values, 12, tolerance);
    let scores = position::b_scores(&values, 12);
    let (mean, sd) = (stats::mean(&values), stats::sd(&values));
    let (c5, f9) = (2 * 12 + 4, 5 * 12 + 8);
    every_figure(&expected["plate96"], 27, |path| {
        Some(match *path {
            ["overall"] => (polish.overall, 1e-9),
            ["row_effects", at] => (polish.rows[at.parse::<usize>().unwrap()], 1e-7),
            ["col_effects", at] => (polish.columns[at.parse::<usize>().unwrap()], 1e-7),
            ["mad"] => (stats::mad(&polish.residuals), 1e-7),
            ["bscore_C5"] => (scores[c5], 1e-7),
            ["bscore_F9"] => (scores[f9], 1e-7),
            ["raw_z_C5"] => ((values[c5] - mean) / sd, 1e-9),
            ["raw_z_F9"] => ((values[f9] - mean) / sd, 1e-9),
            ["n_bscore_below_minus3"] => (
                scores.iter().filter(|score| **score < -3.0).count() as f64,
                0.0,
            ),
            _ => return None,
        })
    });
}

#[test]
fn deaths_are_polished_as_by_tukey() {
    let Some(expected) = reference() else {
        return;
    };
    let expected = &expected["medpolish_tukey_deaths"];
    // McNeil, Interactive Data Analysis (1977); the example of R's `medpolish`.
    #[rustfmt::skip]
    let deaths = [
        14.0, 15.0, 14.0,
        7.0, 4.0, 7.0,
        8.0, 2.0, 10.0,
        15.0, 9.0, 10.0,
        0.0, 2.0, 0.0,
    ];
    let polish = position::median_polish(&deaths, 3, 0.01);
    let sum: f64 = polish.residuals.iter().map(|r| r.abs()).sum();
    every_figure(expected, 26, |path| {
        let at = |place: usize| path[place].parse::<usize>().unwrap();
        Some(match path[0] {
            "overall" => (polish.overall, 1e-12),
            "row" => (polish.rows[at(1)], 1e-12),
            "col" => (polish.columns[at(1)], 1e-12),
            "residuals" => (polish.residuals[at(1) * 3 + at(2)], 1e-12),
            "sum_abs" => (sum, 1e-12),
            // How often the reference went over the table.
            "iterations" => (2.0, 0.0),
            _ => return None,
        })
    });
}

#[test]
fn controls_are_told_apart_as_in_the_worked_example() {
    let Some(mut expected) = reference() else {
        return;
    };
    let wells = expected["zprime"].as_object_mut().unwrap();
    let positive = numbers(&wells.remove("pos").unwrap());
    let negative = numbers(&wells.remove("neg").unwrap());
    let found = quality::separation(&positive, &negative);
    every_figure(&expected["zprime"], 4, |path| {
        Some(match *path {
            ["zprime"] => (found.z_prime, 1e-12),
            ["robust_zprime"] => (found.robust_z_prime, 1e-12),
            ["ssmd"] => (found.ssmd, 1e-12),
            ["signal_to_background"] => (found.signal_to_background, 1e-12),
            _ => return None,
        })
    });
}

/// A pool of experiments that were done: what each row gave, and by point.
fn pool(name: &str) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
    let text = data(&format!("{name}.csv"))?;
    let mut points: std::collections::BTreeMap<Vec<u64>, Vec<f64>> = Default::default();
    let mut all = Vec::new();
    for line in text.lines().skip(1) {
        let mut cells: Vec<f64> = line.split(',').map(|c| c.parse().unwrap()).collect();
        let value = cells.pop().unwrap();
        all.push(value);
        let point = cells.iter().map(|cell| cell.to_bits()).collect();
        points.entry(point).or_default().push(value);
    }
    Some((all, points.into_values().collect()))
}

#[test]
fn pools_are_what_their_facts_say() {
    let Some(expected) = reference() else {
        return;
    };
    let pools = expected["pools"].as_object().unwrap();
    assert_eq!(pools.len(), 5);
    for (name, facts) in pools {
        let (rows, points) = pool(name).unwrap();
        let mut means: Vec<f64> = points.iter().map(|own| stats::mean(own)).collect();
        means.sort_by(f64::total_cmp);
        if facts["direction"] == "max" {
            means.reverse();
        }
        let top = (0.05 * means.len() as f64 - 1e-9).ceil() as usize;
        let size = points.len() as u32;
        let variances: Vec<f64> = points.iter().map(|own| stats::sd(own).powi(2)).collect();
        every_figure(facts, 10, |path| {
            Some(match *path {
                ["rows"] => (rows.len() as f64, 0.0),
                ["unique"] => (f64::from(size), 0.0),
                // As many as there are columns but the last.
                ["dims"] => {
                    let text = data(&format!("{name}.csv"))?;
                    (text.lines().next()?.matches(',').count() as f64, 0.0)
                }
                ["n_top5pct"] => (top as f64, 0.0),
                ["best"] => (means[0], 1e-12),
                ["top5pct_threshold"] => (means[top - 1], 1e-12),
                ["median"] => (stats::median(&means), 1e-12),
                ["within_sd"] => (stats::mean(&variances).sqrt(), 1e-12),
                ["between_sd"] => (stats::sd(&means), 1e-12),
                ["random_n_to_first_top"] => (gain::draws_to_first(size, top as u32), 1e-12),
                ["random_n_to_80pct_of_top"] => (gain::Progress::random(size).needed(0.8)?, 1e-12),
                _ => return None,
            })
        });
    }
}

#[test]
fn acceleration_and_enhancement_of_published_runs() {
    let Some(expected) = reference() else {
        return;
    };
    let mut runs = expected["crossed_barrel_GP_M52iso_LCB2_50runs"].clone();
    let runs = runs.as_object_mut().unwrap();
    let reached = runs.remove("top_fraction").unwrap();
    let reached = gain::Progress::new(
        reached
            .as_object()
            .unwrap()
            .iter()
            .map(|(n, share)| (n.parse().unwrap(), share.as_f64().unwrap())),
    );
    // How the runs began, and the middle of fifty numbers of which the file holds no other.
    assert_eq!(runs.remove("n_initial").unwrap(), 2);
    assert_eq!(runs.remove("median_n_to_first_top").unwrap(), 11.5);
    let random = gain::Progress::random(600);
    // The curve is known at ten points of its six hundred, and bends between them: at these it is met, the
    // peak between two of them is half a per cent low, and where it begins, before the second point, it is least known.
    every_figure(&Value::Object(runs.clone()), 14, |path| {
        Some(match *path {
            ["EF", n @ ("20" | "30" | "50" | "100" | "150" | "200")] => (
                gain::enhancement(&reached, &random, n.parse().unwrap())?,
                5e-4,
            ),
            ["EF", n] => (
                gain::enhancement(&reached, &random, n.parse().unwrap())?,
                1e-2,
            ),
            ["EF_max", "0"] => (gain::enhancement(&reached, &random, 46.0)?, 6e-3),
            ["EF_max", "1"] => (46.0, 0.0),
            ["AF", "0.8"] => (gain::acceleration(&reached, &random, 0.8)?, 2e-3),
            ["AF", level] => (
                gain::acceleration(&reached, &random, level.parse().unwrap())?,
                0.04,
            ),
            _ => return None,
        })
    });
}
