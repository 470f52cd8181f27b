//! Forest and funnel plots of effects.

use super::effects::Read;
use super::meta::{Meta, Method, write_file};
use crate::exit::Failure;
use reason::meta::bias::{Missing, Precision, regression, trim_and_fill};
use reason::meta::{Coefficient, Fit, Tau2, Test, fit, prediction_interval};
use report::plot::{Forest, ForestRow, Funnel, forest, funnel};

/// Writes the plots that are asked for.
pub(super) fn draw(args: &Meta, data: &Read, plain: &Fit) -> Result<(), Failure> {
    let (y, v) = (data.effects.estimates(), data.effects.variances());
    let title = args.file.file_stem().map_or_else(
        || "effects".into(),
        |name| name.to_string_lossy().into_owned(),
    );
    if let Some(path) = &args.plot {
        let weight: Vec<f64> = v
            .iter()
            .map(|v| 1.0 / (v + plain.heterogeneity.tau2))
            .collect();
        let whole: f64 = weight.iter().sum();
        let sources = (0..y.len()).map(|at| {
            let half = 1.959_964 * v[at].sqrt();
            ForestRow {
                label: data.labels[at].clone(),
                estimate: y[at],
                interval: (y[at] - half, y[at] + half),
                weight: weight[at] / whole,
            }
        });
        let row = |label: &str, c: &Coefficient| ForestRow {
            label: label.into(),
            estimate: c.estimate,
            interval: c.ci,
            weight: 0.0,
        };
        let fixed = fit(&data.effects.plain(), Tau2::Fixed, Test::Normal)
            .map_err(|error| Failure::refused(error.to_string()))?;
        // Names of estimators are too long for the margin.
        let mut summaries = vec![row("one effect", fixed.mean())];
        if args.method != Method::Fe {
            summaries.insert(0, row("all together", plain.mean()));
        }
        let picture = forest(&Forest {
            title: title.clone(),
            effect: if data.ratios {
                data.words.replace("log ", "")
            } else {
                data.words.clone()
            },
            sources: sources.collect(),
            summaries,
            prediction: (args.method != Method::Fe).then(|| prediction_interval(plain)),
            ratios: data.ratios,
        });
        write_file(path, &picture)?;
    }
    if let Some(path) = &args.funnel {
        let filled = trim_and_fill(&data.effects, Tau2::Restricted, Missing::L0)
            .map(|f| {
                let (y, v) = (f.effects.estimates(), f.effects.variances());
                let from = y.len() - f.missing;
                (from..y.len()).map(|at| (y[at], v[at].sqrt())).collect()
            })
            .unwrap_or_default();
        let sources = (0..y.len())
            .map(|at| (y[at], v[at].sqrt(), data.labels[at].clone()))
            .collect();
        let limit = regression(&data.effects, Precision::StandardError)
            .ok()
            .map(|r| (r.limit, r.slope));
        let picture = funnel(&Funnel {
            title,
            effect: data.words.clone(),
            sources,
            filled,
            centre: plain.mean().estimate,
            limit,
        });
        write_file(path, &picture)?;
    }
    Ok(())
}
