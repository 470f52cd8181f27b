//! `nilo cause next`: the wells that should tell most about which graph is right.

use super::rows::{Read, Rows};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use cause::belief::believe;
use cause::next::{Batch, Plan, choose};
use cause::{Data, Intervention};
use clap::Args;
use quantity::Seed;
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;

/// What is known, and what can be done.
#[derive(Debug, Args)]
pub struct Next {
    #[command(flatten)]
    pub rows: Rows,
    /// An intervention that can be made: VARIABLE=VALUE, or several joined by '+'; given once for each.
    /// Every variable, set to two standard deviations below its mean, if not given
    #[arg(long, value_name = "VARIABLE=VALUE")]
    pub can: Vec<String>,
    /// Wells of the plate, controls included
    #[arg(long, default_value_t = 24)]
    pub wells: usize,
    /// Fewest wells of one intervention
    #[arg(long, default_value_t = 3)]
    pub replicates: usize,
    /// Blocks of neighbouring wells over which each intervention is spread
    #[arg(long, default_value_t = 3)]
    pub blocks: usize,
    /// Graphs that stand for what is likely
    #[arg(long, default_value_t = 100)]
    pub graphs: usize,
    /// Write the plate: well, block, intervention
    #[arg(long, value_name = "FILE.csv")]
    pub plan: Option<PathBuf>,
}

/// Chooses interventions.
pub fn next(args: &Next, output: &Output) -> Result<Exit, Failure> {
    if args.wells < 2 || args.replicates == 0 || args.replicates >= args.wells || args.blocks == 0 {
        return Err(Failure::refused(format!(
            "{} wells with at least {} for each intervention in {} blocks are no plate",
            args.wells, args.replicates, args.blocks
        ))
        .help("give more wells than replicates, and at least one of everything"));
    }
    let Read { data, .. } = args.rows.read(output)?;
    let interventions = interventions(args, &data)?;
    let seed = Seed(args.rows.seed);
    let belief = believe(&data, &args.rows.options(), seed);
    let rivals = belief.rivals(&data, args.graphs.max(2));
    if rivals.is_empty() {
        return Err(Failure::refused(
            "no graph can be fitted to these rows, so nothing can be foreseen",
        )
        .help("measure more rows first, without any intervention"));
    }
    let batch = Batch {
        wells: args.wells,
        given: 0,
        replicates: args.replicates,
        blocks: args.blocks,
    };
    let plan = choose(&rivals, &interventions, &batch, seed);
    let label = |arm: usize| -> &str {
        let of = plan.arms[arm].intervention;
        of.map_or("control", |at| interventions[at].name.as_str())
    };
    if let Some(path) = &args.plan {
        let mut text = String::from("well,block,intervention\n");
        for (well, arm) in plan.wells.iter().enumerate() {
            let block = block_of(&plan, args.blocks, well);
            let _ = writeln!(text, "{},{},{}", well + 1, block + 1, label(*arm));
        }
        std::fs::write(path, text)
            .map_err(|why| Failure::io(format!("{}: {why}", path.display())))?;
    }
    let mut text = format!(
        "{} graphs stand for what is likely; there are {:.2} nats to learn, and this plate should tell at least {:.2}\n",
        rivals.len(),
        plan.entropy,
        plan.information
    );
    for (at, arm) in plan.arms.iter().enumerate() {
        let adds = if arm.intervention.is_some() {
            format!(", adds {:.3} nats", arm.information)
        } else {
            ", to compare with".into()
        };
        let _ = writeln!(text, "  {:>3} wells: {}{adds}", arm.wells, label(at));
    }
    if plan.entropy < 1e-6 {
        text.push_str("one graph is left: no intervention can tell more\n");
    }
    let fields = json!({
        "graphs": rivals.len(),
        "entropy": plan.entropy,
        "information": plan.information,
        "certainty": belief.certainty(),
        "arms": plan.arms.iter().enumerate().map(|(at, arm)| json!({
            "intervention": label(at),
            "wells": arm.wells,
            "information": arm.information,
        })).collect::<Vec<_>>(),
        "wells": plan.wells.iter().map(|arm| label(*arm)).collect::<Vec<_>>(),
        "plan": args.plan,
    });
    output.result("cause next", text.trim_end(), fields)?;
    Ok(Exit::Success)
}

/// The block of a well: blocks differ by at most one well, the larger ones first.
fn block_of(plan: &Plan, blocks: usize, well: usize) -> usize {
    let (each, more) = (plan.wells.len() / blocks, plan.wells.len() % blocks);
    let large = more * (each + 1);
    if well < large {
        well / (each + 1)
    } else {
        more + (well - large) / each.max(1)
    }
}

fn interventions(args: &Next, data: &Data) -> Result<Vec<Intervention>, Failure> {
    let logarithm = args.rows.log;
    if args.can.is_empty() {
        return Ok((0..data.variables())
            .map(|node| {
                let (mean, sd) = data.unit(node);
                let value = if args.rows.soft {
                    -2.0 * sd
                } else {
                    mean - 2.0 * sd
                };
                let shown = if logarithm { value.exp() } else { value };
                Intervention {
                    name: format!("{}={shown:.4}", data.names()[node]),
                    targets: vec![(node, value)],
                    soft: args.rows.soft,
                }
            })
            .collect());
    }
    let mut all = Vec::new();
    for said in &args.can {
        let mut targets = Vec::new();
        for part in said.split('+') {
            let refused = |why: &str| {
                Failure::refused(format!("--can '{said}': {why}"))
                    .help("write VARIABLE=VALUE, several joined by '+'")
            };
            let (name, value) = part.split_once('=').ok_or_else(|| refused("no '='"))?;
            let name = name.trim();
            let node = data.names().iter().position(|own| own == name);
            let node = node.ok_or_else(|| {
                let near = quantity::nearest(name, data.names().iter().map(String::as_str));
                let near = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
                refused(&format!("there is no variable '{name}'{near}"))
            })?;
            let value: f64 = value
                .trim()
                .parse()
                .ok()
                .filter(|v: &f64| v.is_finite() && (!logarithm || *v > 0.0))
                .ok_or_else(|| refused(&format!("'{value}' is no value that can be set")))?;
            targets.push((node, if logarithm { value.ln() } else { value }));
        }
        all.push(Intervention {
            name: said.clone(),
            targets,
            soft: args.rows.soft,
        });
    }
    Ok(all)
}
