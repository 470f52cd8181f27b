//! `nilo claims meta`: effects put together.

use super::effects::{Mapping, Read, read};
use super::picture::draw;
use crate::columns::{Columns, counted};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::{Args, ValueEnum};
use quantity::Seed;
use rand::RngExt;
use reason::meta::bayes::{MeanPrior, TauPrior, posterior};
use reason::meta::bias::{Missing, Precision, rank_correlation, regression, trim_and_fill};
use reason::meta::excess::excess_significance;
use reason::meta::influence::leave_one_out;
use reason::meta::selection::{Favoured, Selection, fit_selection};
use reason::meta::{
    Coefficient, Fit, MetaError, Tau2, Test, fit, gain, levels, prediction_interval, profile_tau2,
};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// How the variance between sources is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// All sources estimate one effect
    Fe,
    /// DerSimonian and Laird
    Dl,
    /// Restricted maximum likelihood
    Reml,
    /// Maximum likelihood
    Ml,
    /// Paule and Mandel
    Pm,
    /// Hedges
    He,
    /// Hunter and Schmidt
    Hs,
    /// Sidik and Jonkman
    Sj,
}

impl Method {
    fn tau2(self) -> Tau2 {
        match self {
            Method::Fe => Tau2::Fixed,
            Method::Dl => Tau2::DerSimonianLaird,
            Method::Reml => Tau2::Restricted,
            Method::Ml => Tau2::MaximumLikelihood,
            Method::Pm => Tau2::PauleMandel,
            Method::He => Tau2::Hedges,
            Method::Hs => Tau2::HunterSchmidt,
            Method::Sj => Tau2::SidikJonkman,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Method::Fe => "one effect",
            Method::Dl => "DerSimonian and Laird",
            Method::Reml => "restricted maximum likelihood",
            Method::Ml => "maximum likelihood",
            Method::Pm => "Paule and Mandel",
            Method::He => "Hedges",
            Method::Hs => "Hunter and Schmidt",
            Method::Sj => "Sidik and Jonkman",
        }
    }
}

/// What to put together, and how.
#[derive(Debug, Args)]
pub struct Meta {
    /// A CSV file with one row for each source
    pub file: PathBuf,
    #[command(flatten)]
    pub columns: Mapping,
    /// How the variance between sources is estimated
    #[arg(long, value_enum, default_value_t = Method::Reml)]
    pub method: Method,
    /// Test with Student's t and the spread that is seen (Knapp and Hartung)
    #[arg(long)]
    pub knapp_hartung: bool,
    /// Prior scale of the spread between sources (half-normal)
    #[arg(long, default_value_t = 0.5)]
    pub prior_tau: f64,
    /// Prior standard deviation of the mean, around zero
    #[arg(long, default_value_t = 1.0)]
    pub prior_mean: f64,
    /// Write a forest plot
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Write a funnel plot
    #[arg(long, value_name = "FILE.svg")]
    pub funnel: Option<PathBuf>,
    /// Write posterior draws of mean, spread and the effect in a new source
    #[arg(long, value_name = "FILE.csv")]
    pub draws: Option<PathBuf>,
    /// How many draws
    #[arg(long, default_value_t = 4000)]
    pub draw_count: usize,
    /// Seed of the draws
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// Puts the effects of a table together.
pub fn meta(args: &Meta, output: &Output) -> Result<Exit, Failure> {
    for (name, value) in [
        ("--prior-tau", args.prior_tau),
        ("--prior-mean", args.prior_mean),
    ] {
        if !(value.is_finite() && value > 0.0) {
            return Err(Failure::refused(format!(
                "{name} is {value}; it must be above zero"
            )));
        }
    }
    let table = Columns::read(&args.file)?;
    let data = read(&table, &args.columns)?;
    for (line, why) in &data.left_out {
        output.message(&format!("{}:{line} is left out: {why}", table.path()));
    }
    let test = if args.knapp_hartung {
        Test::KnappHartung
    } else {
        Test::Normal
    };
    let refused = |error: MetaError| Failure::refused(format!("{}: {error}", table.path()));
    let plain = fit(&data.effects.plain(), args.method.tau2(), test).map_err(refused)?;
    let moderated = (!args.columns.moderators.is_empty())
        .then(|| fit(&data.effects, args.method.tau2(), test).map_err(refused))
        .transpose()?;
    let mut fields = json!({
        "file": args.file,
        "sources": plain.sources,
        "effect": data.words,
        "left_out": data.left_out,
        "model": model(&plain),
        "moderated": moderated.as_ref().map(model),
    });
    if let Ok(i) = profile_tau2(&data.effects.plain()) {
        fields["tau2_interval"] = json!(i.tau2);
        fields["i2_interval"] = json!(i.i2);
    }
    let mut text = String::new();
    say_mean(&mut text, args, &data, &plain);
    if let Some(moderated) = &moderated {
        say_moderators(&mut text, &plain, moderated);
    }
    if let Some(groups) = &data.groups {
        say_levels(&mut text, &data, groups, &mut fields);
    }
    say_missing(&mut text, &data, &mut fields);
    say_next(&mut text, &plain, &mut fields);
    say_posterior(&mut text, args, &data, &mut fields)?;
    draw(args, &data, &plain)?;
    output.result("claims meta", text.trim_end(), fields)?;
    Ok(Exit::Success)
}

fn coefficient(c: &Coefficient) -> Value {
    json!({
        "name": c.name, "estimate": c.estimate, "se": c.se, "statistic": c.statistic, "p": c.p,
        "ci": [c.ci.0, c.ci.1],
    })
}

fn model(fit: &Fit) -> Value {
    let h = &fit.heterogeneity;
    let interval = (fit.coefficients.len() == 1).then(|| prediction_interval(fit));
    json!({
        "coefficients": fit.coefficients.iter().map(coefficient).collect::<Vec<_>>(),
        "tau2": h.tau2, "q": h.q, "q_freedom": h.freedom, "q_p": h.q_p, "i2": h.i2, "h2": h.h2,
        "log_likelihood": fit.log_likelihood,
        "prediction": interval,
        "r2": fit.r2,
        "moderators": fit.moderators.map(|(statistic, p)| json!({ "statistic": statistic, "p": p })),
    })
}

/// An effect with its interval; a ratio beside its logarithm.
fn shown(data: &Read, value: f64, (low, high): (f64, f64)) -> String {
    let mut text = format!("{value:.4} (95 % {low:.4} to {high:.4})");
    if data.ratios {
        let _ = write!(
            text,
            ", as a ratio {:.3} ({:.3} to {:.3})",
            value.exp(),
            low.exp(),
            high.exp()
        );
    }
    text
}

fn say_mean(text: &mut String, args: &Meta, data: &Read, plain: &Fit) {
    let (mean, h) = (plain.mean(), &plain.heterogeneity);
    let _ = writeln!(
        text,
        "{}, {}; variance between them by {}",
        counted(plain.sources, "source"),
        data.words,
        args.method.words()
    );
    let _ = writeln!(
        text,
        "  mean            {}, se {:.4}, p {:.2e}",
        shown(data, mean.estimate, mean.ci),
        mean.se,
        mean.p
    );
    let _ = write!(
        text,
        "  they differ     tau2 {:.4}, I2 {:.1} %, Q {:.3} on {} (p {:.2e})",
        h.tau2, h.i2, h.q, h.freedom, h.q_p
    );
    match profile_tau2(&data.effects.plain()) {
        Ok(i) => {
            let _ = writeln!(
                text,
                "; 95 % tau2 {:.4} to {:.4}, I2 {:.1} to {:.1} %",
                i.tau2.0, i.tau2.1, i.i2.0, i.i2.1
            );
        }
        Err(_) => text.push('\n'),
    }
    if args.method != Method::Fe {
        let range = prediction_interval(plain);
        let _ = writeln!(
            text,
            "  a new source    is expected between {:.4} and {:.4} (95 %)",
            range.0, range.1
        );
    }
}

fn say_moderators(text: &mut String, plain: &Fit, moderated: &Fit) {
    for c in &moderated.coefficients {
        let _ = writeln!(
            text,
            "  {:<15} {:.4} (95 % {:.4} to {:.4}), se {:.4}, p {:.2e}",
            c.name, c.estimate, c.ci.0, c.ci.1, c.se, c.p
        );
    }
    let explained = match moderated.r2 {
        Some(r2) => format!("they explain {r2:.1} % of what sources differ by"),
        None => "what they explain is not estimable: sources do not differ without them".into(),
    };
    let _ = writeln!(
        text,
        "  moderators      {explained}; tau2 from {:.4} to {:.4}",
        plain.heterogeneity.tau2, moderated.heterogeneity.tau2
    );
}

fn say_levels(text: &mut String, data: &Read, groups: &[u32], fields: &mut Value) {
    match levels::fit_levels(&data.effects, groups) {
        Ok(found) => {
            let mean = &found.coefficients[0];
            let _ = writeln!(
                text,
                "  three levels    mean {}, se {:.4}; variance between groups {:.4}, within {:.4}",
                shown(data, mean.estimate, mean.ci),
                mean.se,
                found.between_groups,
                found.within_groups
            );
            fields["three_level"] = json!({
                "coefficients": found.coefficients.iter().map(coefficient).collect::<Vec<_>>(),
                "between_groups": found.between_groups,
                "within_groups": found.within_groups,
                "log_likelihood": found.log_likelihood,
            });
        }
        Err(error) => {
            let _ = writeln!(text, "  three levels    {error}");
            fields["three_level"] = json!({ "not_estimable": error.to_string() });
        }
    }
}

/// What may be missing: each answer may be that there is none.
fn say_missing(text: &mut String, data: &Read, fields: &mut Value) {
    let effects = data.effects.plain();
    let mut bias = serde_json::Map::new();
    let mut tell = |name: &str, line: Result<(String, Value), MetaError>| {
        let key = name.replace([' ', '-'], "_");
        match line {
            Ok((said, value)) => {
                let _ = writeln!(text, "  {name:<15} {said}");
                bias.insert(key, value);
            }
            Err(error) => {
                let said = match error {
                    MetaError::NotEstimable(_) => error.to_string(),
                    other => format!("not estimable: {other}"),
                };
                let _ = writeln!(text, "  {name:<15} {said}");
                bias.insert(key, json!({ "not_estimable": said }));
            }
        }
    };
    for (name, on) in [
        ("PET", Precision::StandardError),
        ("PEESE", Precision::Variance),
    ] {
        tell(
            name,
            regression(&effects, on).map(|r| {
                (
                    format!(
                        "a source of infinite size would say {:.4} (95 % {:.4} to {:.4}); asymmetry p {:.3}",
                        r.limit, r.limit_ci.0, r.limit_ci.1, r.slope_p
                    ),
                    json!({
                        "limit": r.limit, "limit_se": r.limit_se, "limit_p": r.limit_p,
                        "limit_ci": [r.limit_ci.0, r.limit_ci.1], "slope": r.slope,
                        "slope_se": r.slope_se, "slope_p": r.slope_p,
                    }),
                )
            }),
        );
    }
    tell(
        "trim and fill",
        trim_and_fill(&effects, Tau2::Restricted, Missing::L0).map(|f| {
            let mean = f.fit.mean();
            (
                format!(
                    "{} missing on the {}; with what is missing {:.4} (95 % {:.4} to {:.4})",
                    counted(f.missing, "source"),
                    if f.on_right { "right" } else { "left" },
                    mean.estimate,
                    mean.ci.0,
                    mean.ci.1
                ),
                json!({
                    "missing": f.missing, "missing_se": f.missing_se, "on_right": f.on_right,
                    "mean": coefficient(mean), "tau2": f.fit.heterogeneity.tau2,
                }),
            )
        }),
    );
    let mean = fit(&effects, Tau2::Restricted, Test::Normal).map_or(0.0, |f| f.mean().estimate);
    let favoured = if mean < 0.0 {
        Favoured::Less
    } else {
        Favoured::Greater
    };
    for (name, cuts) in [
        ("selection .025", vec![0.025]),
        ("selection .5", vec![0.025, 0.5]),
    ] {
        tell(
            name,
            fit_selection(&effects, &Selection::Steps(cuts), favoured).map(|s| {
                let se = s.mean_se.map_or("not estimable".into(), |se| format!("{se:.4}"));
                (
                    format!(
                        "{:.4}, se {se}, tau2 {:.4}; chance of being seen {}; log-likelihood {:.4}",
                        s.mean,
                        s.tau2,
                        s.selection.iter().map(|(w, _)| format!("{w:.3}")).collect::<Vec<_>>().join(", "),
                        s.log_likelihood
                    ),
                    json!({
                        "mean": s.mean, "mean_se": s.mean_se, "tau2": s.tau2,
                        "weights": s.selection.iter().map(|(w, se)| json!([w, se])).collect::<Vec<_>>(),
                        "log_likelihood": s.log_likelihood, "likelihood_ratio": s.likelihood_ratio, "p": s.p,
                    }),
                )
            }),
        );
    }
    tell(
        "rank test",
        rank_correlation(&effects).map(|r| {
            (
                format!("tau {:.3}, p {:.3}", r.tau, r.p),
                json!({ "tau": r.tau, "p": r.p }),
            )
        }),
    );
    tell(
        "significant",
        excess_significance(&effects).map(|e| {
            (
                format!(
                    "{} of {:.1} expected, p {:.3}",
                    e.observed, e.expected, e.p_exact
                ),
                json!({ "observed": e.observed, "expected": e.expected, "p": e.p_exact }),
            )
        }),
    );
    match leave_one_out(&effects, Tau2::Restricted) {
        Ok(each) => {
            let most = each
                .iter()
                .enumerate()
                .max_by(|a, b| a.1.cook.total_cmp(&b.1.cook));
            if let Some((at, own)) = most {
                let _ = writeln!(
                    text,
                    "  leave one out   without {} the mean is {:.4}, which moves it most",
                    data.labels[at], own.mean_without
                );
            }
            let rows = each.iter().zip(&data.labels).map(|(own, label)| {
                json!({
                    "source": label, "mean": own.mean_without, "se": own.se_without,
                    "tau2": own.tau2_without, "studentised": own.studentised, "cook": own.cook,
                    "leverage": own.leverage, "dffits": own.dffits,
                })
            });
            fields["leave_one_out"] = rows.collect();
        }
        Err(error) => {
            let _ = writeln!(text, "  leave one out   not estimable: {error}");
        }
    }
    fields["bias"] = Value::Object(bias);
}

fn say_next(text: &mut String, plain: &Fit, fields: &mut Value) {
    let ceiling = gain::expected_information(plain, 0.0, 1.0);
    if plain.heterogeneity.tau2 > 0.0 {
        let _ = writeln!(
            text,
            "  one more        like these tells at most {ceiling:.4} nats about the mean, however large it is"
        );
        fields["one_more_at_most_nats"] = json!(ceiling);
    }
}

fn say_posterior(
    text: &mut String,
    args: &Meta,
    data: &Read,
    fields: &mut Value,
) -> Result<(), Failure> {
    let mean = MeanPrior {
        mean: 0.0,
        sd: args.prior_mean,
    };
    let tau = TauPrior::HalfNormal(args.prior_tau);
    let found =
        posterior(&data.effects, mean, tau).map_err(|error| Failure::refused(error.to_string()))?;
    let ci = (found.quantile(0.025), found.quantile(0.975));
    let _ = writeln!(
        text,
        "  posterior       mean {}, sd {:.4}; P(below zero) {:.4}; Bayes factor for no effect {:.3e} (priors: mean 0 ± {}, spread half-normal {})",
        shown(data, found.mean(), ci),
        found.sd(),
        found.below(0.0),
        found.bayes_factor_zero,
        args.prior_mean,
        args.prior_tau
    );
    fields["posterior"] = json!({
        "mean": found.mean(), "sd": found.sd(), "ci": [ci.0, ci.1], "below_zero": found.below(0.0),
        "new_below_zero": found.new_below(0.0), "tau_mean": found.tau_mean(),
        "tau_median": found.tau_median(), "log_marginal": found.log_marginal,
        "bayes_factor_zero": found.bayes_factor_zero,
        "prior": { "mean_sd": args.prior_mean, "tau_half_normal": args.prior_tau },
    });
    if let Some(path) = &args.draws {
        let mut rng = Seed(args.seed).derive("posterior", 0).rng();
        let mut table = String::from("mean,tau,new\n");
        for d in found.draws(args.draw_count, || rng.random::<f64>()) {
            let _ = writeln!(table, "{},{},{}", d.mean, d.tau, d.new);
        }
        write_file(path, &table)?;
        fields["draws"] = json!(path);
    }
    Ok(())
}

pub(super) fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure::io(format!("{}: {error}", path.display())))
}
