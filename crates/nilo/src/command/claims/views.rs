//! `nilo claims list|debate|rank`: what a ledger holds, who says what, and what would settle it.

use super::ledger::open;
use super::pair;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use clap::Args;
use reason::claims::{Claim, Ledger, NextKind, Pair, Stance, debate, rank};
use serde_json::{Value, json};
use source::Problem;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// Which debate.
#[derive(Debug, Args)]
pub struct About {
    /// The ledger
    pub ledger: PathBuf,
    /// Only claims about this intervention
    #[arg(long)]
    pub intervention: Option<String>,
    /// Only claims about this outcome
    #[arg(long)]
    pub outcome: Option<String>,
}

/// What to rank, and what trials cost.
#[derive(Debug, Args)]
pub struct Rank {
    #[command(flatten)]
    pub about: About,
    /// Standard error that the next trial would have
    #[arg(long, default_value_t = 0.2236)]
    pub se: f64,
    /// Cost of a trial that varies a condition, where one more of the same costs 1
    #[arg(long, value_name = "CONDITION=COST", value_parser = pair)]
    pub cost: Vec<(String, String)>,
}

fn line(number: u64, claim: &Claim) -> String {
    let size = match (claim.size.estimate, claim.size.effect()) {
        (Some(y), Some((_, v))) => format!("{y:.3} ± {:.3}", v.sqrt()),
        (Some(y), None) => format!("{y:.3}, no error stated"),
        (None, _) => "no size".into(),
    };
    let year = claim
        .source
        .year
        .map_or(String::new(), |year| format!(" {year}"));
    format!(
        "{number:>5}  {}{year} ({}): {} {} {}, {size}",
        claim.source.name,
        claim.design.name(),
        claim.intervention,
        match claim.direction {
            reason::claims::Direction::Increases => "increases",
            reason::claims::Direction::Decreases => "decreases",
            reason::claims::Direction::NoEffect => "does nothing to",
        },
        claim.outcome
    )
}

/// Lists claims.
pub fn list(about: &About, output: &Output) -> Result<Exit, Failure> {
    let (_, ledger) = open(&about.ledger)?;
    let shown: Vec<&(u64, Claim)> = ledger
        .standing()
        .filter(|(_, c)| {
            about
                .intervention
                .as_ref()
                .is_none_or(|i| *i == c.intervention)
        })
        .filter(|(_, c)| about.outcome.as_ref().is_none_or(|o| *o == c.outcome))
        .collect();
    let text: Vec<String> = shown
        .iter()
        .map(|(number, claim)| line(*number, claim))
        .collect();
    let claims: Vec<Value> = shown
        .iter()
        .map(|(number, c)| {
            json!({
                "number": number, "intervention": c.intervention, "outcome": c.outcome,
                "estimate": c.size.estimate, "effect": c.size.effect(), "source": c.source.name,
                "year": c.source.year, "design": c.design.name(), "quote": c.source.quote,
                "reader": c.source.reader,
            })
        })
        .collect();
    output.result("claims list", &text.join("\n"), json!({ "claims": claims }))?;
    Ok(Exit::Success)
}

/// The pairs that are asked about.
fn pairs(ledger: &Ledger, about: &About) -> Result<Vec<Pair>, Failure> {
    let all = ledger.pairs();
    let chosen: Vec<Pair> = all
        .iter()
        .filter(|p| {
            about
                .intervention
                .as_ref()
                .is_none_or(|i| *i == p.intervention)
        })
        .filter(|p| about.outcome.as_ref().is_none_or(|o| *o == p.outcome))
        .cloned()
        .collect();
    if chosen.is_empty() {
        let known: Vec<String> = all
            .iter()
            .map(|p| format!("{} on {}", p.intervention, p.outcome))
            .collect();
        return Err(Failure::problem(
            Problem::error("no claim is about that")
                .expected(format!("one of: {}", known.join("; "))),
        ));
    }
    Ok(chosen)
}

/// Shows who says what.
pub fn show_debate(about: &About, output: &Output) -> Result<Exit, Failure> {
    let (_, ledger) = open(&about.ledger)?;
    let (mut text, mut debates) = (String::new(), Vec::new());
    for pair in pairs(&ledger, about)? {
        let claims = ledger.about(&pair);
        let alone: Vec<&Claim> = claims.iter().map(|(_, claim)| *claim).collect();
        let found = debate(&alone);
        let _ = writeln!(
            text,
            "{} on {}: {} sources",
            pair.intervention,
            pair.outcome,
            claims.len()
        );
        match &found.fit {
            Some(fit) => {
                let (mean, h) = (fit.mean(), &fit.heterogeneity);
                let _ = writeln!(
                    text,
                    "  together {:.3} (95 % {:.3} to {:.3}); {:.0} % of their spread is more than chance",
                    mean.estimate, mean.ci.0, mean.ci.1, h.i2
                );
            }
            None => {
                let _ = writeln!(
                    text,
                    "  nothing to put together: fewer than two state an effect with its error"
                );
            }
        }
        let mut sides: Vec<_> = found.voices.iter().map(|voice| voice.side).collect();
        sides.sort();
        sides.dedup();
        for side in sides {
            let own: Vec<_> = found
                .voices
                .iter()
                .filter(|voice| voice.side == side)
                .collect();
            let weight: f64 = own.iter().map(|voice| voice.weight).sum();
            let _ = writeln!(
                text,
                "  {} say {}, with {:.0} % of the weight",
                own.len(),
                side.words(),
                weight * 100.0
            );
            for voice in own {
                let (number, claim) = claims[voice.at];
                let mut words = line(number, claim);
                if voice.weight > 0.0 {
                    let _ = write!(
                        words,
                        "; weight {:.1} %, worth {:.3} nats",
                        voice.weight * 100.0,
                        voice.worth
                    );
                } else {
                    words.push_str("; worth nothing in numbers");
                }
                let conditions: Vec<String> = claim
                    .context
                    .iter()
                    .map(|(name, value)| match value {
                        reason::claims::Condition::Number(v, unit) => {
                            format!("{name} {v} {unit}").trim_end().to_owned()
                        }
                        reason::claims::Condition::Text(text) => format!("{name} {text}"),
                    })
                    .collect();
                if !conditions.is_empty() {
                    let _ = write!(words, "; under {}", conditions.join(", "));
                }
                if let Stance::Conditional(when) = &claim.stance {
                    let _ = write!(words, "; only {when}");
                }
                let _ = writeln!(text, "  {words}");
            }
        }
        let voices: Vec<Value> = found
            .voices
            .iter()
            .map(|v| {
                json!({
                    "claim": claims[v.at].0, "source": claims[v.at].1.source.name,
                    "side": v.side.words(), "weight": v.weight,
                    "worth_nats": v.worth.is_finite().then_some(v.worth),
                })
            })
            .collect();
        debates.push(json!({
            "intervention": pair.intervention, "outcome": pair.outcome, "voices": voices,
            "mean": found.fit.as_ref().map(|f| f.mean().estimate),
            "se": found.fit.as_ref().map(|f| f.mean().se),
            "i2": found.fit.as_ref().map(|f| f.heterogeneity.i2),
        }));
    }
    output.result(
        "claims debate",
        text.trim_end(),
        json!({ "debates": debates }),
    )?;
    Ok(Exit::Success)
}

/// Ranks the next trials.
pub fn show_rank(args: &Rank, output: &Output) -> Result<Exit, Failure> {
    if !(args.se.is_finite() && args.se >= 0.0) {
        return Err(Failure::refused(format!(
            "--se is {}; it must be at least zero",
            args.se
        )));
    }
    let mut costs = BTreeMap::new();
    for (name, value) in &args.cost {
        let cost = value
            .parse::<f64>()
            .ok()
            .filter(|cost| cost.is_finite() && *cost > 0.0);
        let Some(cost) = cost else {
            return Err(Failure::refused(format!(
                "--cost {name}={value}: expected a number above zero"
            )));
        };
        costs.insert(name.clone(), cost);
    }
    let (_, ledger) = open(&args.about.ledger)?;
    let (mut text, mut plans) = (String::new(), Vec::new());
    for pair in pairs(&ledger, &args.about)? {
        let claims: Vec<&Claim> = ledger
            .about(&pair)
            .into_iter()
            .map(|(_, claim)| claim)
            .collect();
        let _ = writeln!(text, "{} on {}", pair.intervention, pair.outcome);
        let cost = |kind: &NextKind| match kind {
            NextKind::Repeat => 1.0,
            NextKind::At { moderator, .. } => costs.get(moderator).copied().unwrap_or(1.0),
        };
        match rank(&claims, args.se * args.se, cost) {
            Ok(ranked) => {
                for (place, next) in ranked.iter().enumerate() {
                    let _ = writeln!(text, "  {}. {}", place + 1, next.words);
                    let (moderator, value) = match &next.kind {
                        NextKind::Repeat => (None, None),
                        NextKind::At { moderator, value } => (Some(moderator), Some(value)),
                    };
                    plans.push(json!({
                        "intervention": pair.intervention, "outcome": pair.outcome, "rank": place + 1,
                        "moderator": moderator, "value": value, "nats": next.nats,
                        "per_cost": next.per_cost, "ceiling_repeat_nats": next.ceiling, "words": next.words,
                    }));
                }
            }
            Err(error) => {
                let _ = writeln!(text, "  not estimable: {error}");
            }
        }
    }
    output.result("claims rank", text.trim_end(), json!({ "next": plans }))?;
    Ok(Exit::Success)
}
