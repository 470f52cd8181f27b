//! `nilo cause fit`: a graph with its probabilities.

use super::rows::{Read, Rows};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use cause::belief::{Belief, Link, Method, believe, settled_by};
use cause::{Data, Nodes, effects};
use clap::Args;
use quantity::Seed;
use report::figure::{Arrow, CauseGraph, HiddenCause};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// What to learn from.
#[derive(Debug, Args)]
pub struct Fit {
    #[command(flatten)]
    pub rows: Rows,
    /// What a reagent is said to do: CONDITION=VARIABLE:down or :up; told if the measured level
    /// contradicts it
    #[arg(long, value_name = "CONDITION=VARIABLE:down")]
    pub acts: Vec<String>,
    /// Write the graph
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
}

/// Below this probability an arrow is not drawn or listed.
const SHOWN_MIN: f64 = 0.05;

/// Learns a graph.
pub fn fit(args: &Fit, output: &Output) -> Result<Exit, Failure> {
    let Read { data, reference } = args.rows.read(output)?;
    let belief = believe(&data, &args.rows.options(), Seed(args.rows.seed));
    let contradictions = contradictions(args, &data, reference)?;
    let evaluation = effects::evaluate(&data, &belief.best.dag, reference);
    if let Some(path) = &args.plot {
        let svg = picture(&data, &belief).svg();
        std::fs::write(path, svg)
            .map_err(|why| Failure::io(format!("{}: {why}", path.display())))?;
    }
    let name = |at: usize| data.names()[at].as_str();
    let links = links(&data, &belief);
    let mut text = heading(&data, &belief);
    for link in &links {
        let effect = link.effect.map_or(String::new(), |(slope, (low, high))| {
            format!("  effect {slope:.3} ({low:.3} to {high:.3})")
        });
        let open = if link.open { "  direction open" } else { "" };
        let _ = writeln!(
            text,
            "  {} -> {}: probability {:.3}{effect}{open}",
            name(link.from),
            name(link.to),
            link.probability
        );
    }
    for (a, b, probability) in hidden(&data, &belief) {
        let _ = writeln!(
            text,
            "  {} <-> {}: a hidden common cause, probability {probability:.3}",
            name(a),
            name(b)
        );
    }
    let settled = settled_by(&data, &belief.best.dag);
    if !settled.is_empty() {
        text.push_str(
            "what each intervention settled of the best graph, in the order of the file\n",
        );
        for (regime, arrows) in &settled {
            let arrows: Vec<String> = arrows
                .iter()
                .map(|(a, b)| format!("{} -> {}", name(*a), name(*b)))
                .collect();
            let what = if arrows.is_empty() {
                "nothing that was open still".to_owned()
            } else {
                arrows.join(", ")
            };
            let _ = writeln!(text, "  {}: {what}", data.regimes()[*regime].name);
        }
    }
    for (condition, found) in &contradictions {
        let moved: Vec<String> = found
            .as_labelled
            .iter()
            .map(|(node, change)| format!("{} by {:.2}", name(*node), change.difference))
            .collect();
        let _ = writeln!(
            text,
            "{condition}: measured {} moved by {:.2} (t {:.1}), against what the reagent is said to do, while {} \
             followed it: it acts on activity, not on the level that is measured",
            name(found.target),
            found.target_change.difference,
            found.target_change.t,
            moved.join(", ")
        );
    }
    let _ = write!(
        text,
        "mean Wasserstein distance over {} arrows that were acted on: {}; false omission rate over {} pairs: {}",
        evaluation.arrows,
        figure(evaluation.wasserstein),
        evaluation.omitted,
        figure(evaluation.false_omissions)
    );
    let fields = json!({
        "rows": data.rows(),
        "variables": data.names(),
        "regimes": data.regimes().iter().zip(data.moments()).map(|(regime, moments)| json!({
            "name": regime.name,
            "rows": moments.rows,
            "set": names_of(&data, regime.hard),
            "changed": names_of(&data, regime.soft),
            "unknown": regime.unknown,
        })).collect::<Vec<_>>(),
        "hidden_causes_allowed": belief.allowed_hidden,
        "method": method(&belief),
        "score": belief.score.0,
        "optimal": belief.score.1,
        "certainty": belief.certainty(),
        "together": belief.together(),
        "arrows": links.iter().map(|link| json!({
            "from": name(link.from),
            "to": name(link.to),
            "probability": link.probability,
            "in_best": link.best,
            "direction_open": link.open,
            "effect": link.effect.map(|(slope, _)| slope),
            "interval": link.effect.map(|(_, (low, high))| [low, high]),
        })).collect::<Vec<_>>(),
        "hidden": hidden(&data, &belief).iter().map(|(a, b, p)| json!({
            "a": name(*a), "b": name(*b), "probability": p,
        })).collect::<Vec<_>>(),
        "settled": settled.iter().map(|(regime, arrows)| json!({
            "by": data.regimes()[*regime].name,
            "arrows": arrows.iter().map(|(a, b)| [name(*a), name(*b)]).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "changes": changes(&data, reference),
        "contradictions": contradictions.iter().map(|(condition, found)| json!({
            "condition": condition,
            "target": name(found.target),
            "target_change": found.target_change.difference,
            "t": found.target_change.t,
            "followers": found.as_labelled.iter().map(|(node, change)| json!({
                "variable": name(*node), "change": change.difference, "t": change.t,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "mean_wasserstein": number(evaluation.wasserstein),
        "false_omission_rate": number(evaluation.false_omissions),
        "plot": args.plot,
    });
    output.result("cause fit", &text, fields)?;
    Ok(Exit::Success)
}

fn number(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn figure(value: f64) -> String {
    number(value).map_or_else(|| "not to be had".into(), |v| format!("{v:.3}"))
}

fn names_of(data: &Data, set: Nodes) -> Vec<&str> {
    set.iter().map(|at| data.names()[at].as_str()).collect()
}

fn method(belief: &Belief) -> Value {
    match belief.method {
        Method::Exact => json!({ "kind": "exact" }),
        Method::Sampled { disagreement } => {
            json!({ "kind": "sampled", "disagreement": disagreement })
        }
        Method::Best => json!({ "kind": "best" }),
    }
}

fn heading(data: &Data, belief: &Belief) -> String {
    let how = match belief.method {
        Method::Exact => "every graph weighed".to_owned(),
        Method::Sampled { disagreement } => format!(
            "graphs drawn by their probability; chains differ by at most {disagreement:.3}{}",
            if disagreement > 0.1 {
                ", which is too much to trust the probabilities"
            } else {
                ""
            }
        ),
        Method::Best => "the best graph of a search, without probabilities".to_owned(),
    };
    let allowed = if belief.allowed_hidden {
        "hidden common causes allowed for"
    } else {
        "no hidden common causes allowed for"
    };
    format!(
        "{} variables, {} rows under {}: {how}; {allowed}\n",
        data.variables(),
        data.rows(),
        match data.regimes().len() {
            1 => "one regime".to_owned(),
            many => format!("{many} regimes"),
        }
    )
}

struct Linked {
    from: usize,
    to: usize,
    probability: f64,
    best: bool,
    open: bool,
    effect: Option<(f64, (f64, f64))>,
}

/// Arrows of the best graph, and others that are likely.
fn links(data: &Data, belief: &Belief) -> Vec<Linked> {
    let n = data.variables();
    let mut all = Vec::new();
    for from in 0..n {
        for to in (0..n).filter(|to| *to != from) {
            let probability = belief.arrow(from, to);
            let best = belief.best.dag.parents(to).has(from);
            if !best && probability < SHOWN_MIN {
                continue;
            }
            let effect = belief
                .effects
                .iter()
                .find(|effect| (effect.from, effect.to) == (from, to));
            all.push(Linked {
                from,
                to,
                probability,
                best,
                open: best && belief.settled.neighbours(from).has(to),
                effect: effect.map(|effect| (effect.slope, effect.interval())),
            });
        }
    }
    all
}

fn hidden(data: &Data, belief: &Belief) -> Vec<(usize, usize, f64)> {
    let n = data.variables();
    (0..n)
        .flat_map(|a| (a + 1..n).map(move |b| (a, b)))
        .map(|(a, b)| (a, b, belief.hidden(a, b)))
        .filter(|(_, _, probability)| *probability >= SHOWN_MIN)
        .collect()
}

fn changes(data: &Data, reference: usize) -> Vec<Value> {
    let mut all = Vec::new();
    for (at, regime) in data.regimes().iter().enumerate() {
        if at == reference {
            continue;
        }
        for node in 0..data.variables() {
            if let Some(change) = effects::change(data, node, at, reference) {
                let (low, high) = change.interval();
                all.push(json!({
                    "regime": regime.name,
                    "variable": data.names()[node],
                    "difference": change.difference,
                    "interval": [low, high],
                    "t": number(change.t),
                    "freedom": number(change.freedom),
                }));
            }
        }
    }
    all
}

/// Checks what reagents are said to do against what was measured.
fn contradictions(
    args: &Fit,
    data: &Data,
    reference: usize,
) -> Result<Vec<(String, effects::Contradiction)>, Failure> {
    let mut found = Vec::new();
    for said in &args.acts {
        let refused = || {
            Failure::refused(format!("--acts '{said}' can't be read"))
                .help("write CONDITION=VARIABLE:down or CONDITION=VARIABLE:up")
        };
        let (condition, rest) = said.split_once('=').ok_or_else(refused)?;
        let (variable, direction) = rest.split_once(':').ok_or_else(refused)?;
        let lowers = match direction {
            "down" => true,
            "up" => false,
            _ => return Err(refused()),
        };
        let find = |what: &str, name: &str, all: Vec<&str>| {
            all.iter().position(|own| *own == name).ok_or_else(|| {
                let near = quantity::nearest(name, all.iter().copied());
                Failure::refused(format!("--acts '{said}': there is no {what} '{name}'"))
                    .help(near.map_or(String::new(), |near| format!("did you mean '{near}'?")))
            })
        };
        let regimes = data.regimes().iter().map(|regime| regime.name.as_str());
        let regime = find("condition", condition, regimes.collect())?;
        let target = find(
            "variable",
            variable,
            data.names().iter().map(String::as_str).collect(),
        )?;
        let others: Vec<usize> = (0..data.variables()).filter(|v| *v != target).collect();
        let of = effects::contradiction(data, (regime, reference), target, lowers, &others);
        found.extend(of.map(|of| (condition.to_owned(), of)));
    }
    Ok(found)
}

/// The graph to be drawn: what is more likely than not, and the best graph's arrows.
pub fn picture(data: &Data, belief: &Belief) -> CauseGraph {
    let arrows = links(data, belief)
        .into_iter()
        .filter(|link| link.best || belief.verdict(link.from, link.to).0 == Link::Forth)
        .map(|link| Arrow {
            from: link.from,
            to: link.to,
            probability: if link.open {
                belief.arrow(link.from, link.to) + belief.arrow(link.to, link.from)
            } else {
                link.probability
            },
            effect: link.effect.map(|(slope, _)| slope),
            open: link.open,
        })
        .collect();
    CauseGraph {
        title: "Causes".into(),
        names: data.names().to_vec(),
        arrows,
        hidden: hidden(data, belief)
            .into_iter()
            .filter(|(_, _, probability)| *probability > 0.5)
            .map(|(a, b, probability)| HiddenCause { a, b, probability })
            .collect(),
    }
}
