//! `nilo run`: a campaign, or several side by side, from the beginning or from where they were.

use crate::answers;
use crate::cli::Run;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::progress::{Progress, lab_time};
use crate::running::{self, Done, Finished, Request};
use campaign::Shares;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::Path;

/// Runs campaigns, or goes on with them.
pub fn run(args: &Run, output: &Output) -> Result<Exit, Failure> {
    let request = Request {
        campaigns: args.campaigns.clone(),
        out: args.out.clone(),
        seed: args.seed,
        fresh: args.fresh,
    };
    let mut progress = Progress::new();
    let result = running::run(&request, &mut progress);
    progress.done();
    let run = result?;
    let (text, fields) = match &run.shared {
        None => alone(&run),
        Some(shared) => together(&run, &shared.shares, &shared.page),
    };
    output.result("run", &text, fields)?;
    // An answer without a single measured point is the lab's failure, not a result.
    let measured = |done: &Done| done.cycle.answer().is_some_and(|answer| answer.points > 0);
    if run.each.iter().any(|done| done.cycle.broken().is_some()) {
        return Ok(Exit::Internal);
    }
    if !run.each.iter().all(measured) {
        return Ok(Exit::Device);
    }
    Ok(Exit::Success)
}

/// What a run with one campaign came to.
fn alone(run: &Finished) -> (String, Value) {
    let done = &run.each[0];
    let (campaign, state) = (done.cycle.campaign(), done.cycle.state());
    let finished = if run.was_finished {
        format!(
            "'{}' was finished already, after {} in the lab",
            campaign.name,
            lab_time(run.now)
        )
    } else {
        format!("'{}' took {} in the lab", campaign.name, lab_time(run.now))
    };
    let text = format!(
        "{}\n{finished}\n{}report: {}",
        answers::text(campaign, state),
        answers::promises(campaign, state),
        done.written.html.display()
    );
    let mut fields = of_run(run);
    fields.append(&mut of_campaign(done));
    (text, fields.into())
}

/// What a run with several campaigns came to: each as if it had been alone, and what they had of the hall.
fn together(run: &Finished, shares: &Shares, page: &Path) -> (String, Value) {
    let mut text = String::new();
    let mut each = Vec::new();
    // Writing to a String does not fail.
    for (done, share) in run.each.iter().zip(&shares.each) {
        let (campaign, state) = (done.cycle.campaign(), done.cycle.state());
        let said = match done.cycle.broken() {
            Some(why) => format!("it could not go on, which is a mistake of this program: {why}"),
            None => answers::text(campaign, state),
        };
        let _ = write!(
            text,
            "== {}\n{said}\n{}report: {}\n\n",
            campaign.name,
            answers::promises(campaign, state),
            done.written.html.display()
        );
        let mut fields = of_campaign(done);
        let share = json!({ "due": share.due, "had": share.had, "plates": share.plates });
        fields.insert("share".into(), share);
        each.push(Value::from(fields));
    }
    text += &answers::shares(run.each.iter().map(|done| done.cycle.campaign()), shares);
    let took = if run.was_finished {
        "were finished already, after"
    } else {
        "took"
    };
    let _ = write!(
        text,
        "together they {took} {} in the lab\nreport: {}",
        lab_time(run.now),
        page.display()
    );
    let mut fields = of_run(run);
    fields.insert("campaigns".into(), each.into());
    let bottleneck = shares.bottleneck.as_ref().map(
        |kind| json!({ "kind": &*kind.kind, "instruments": kind.instruments, "used": kind.used }),
    );
    fields.insert("bottleneck".into(), json!(bottleneck));
    fields.insert("report".into(), json!(page));
    fields.insert("shared_until_s".into(), json!(shares.until.as_secs_f64()));
    (text, fields.into())
}

/// What is the run's.
fn of_run(run: &Finished) -> Map<String, Value> {
    object(json!({
        "run": run.folder.name(),
        "folder": run.folder.0,
        "was_finished": run.was_finished,
        "resumed_at": run.resumed_at,
        "lab_time_s": run.now.as_secs_f64(),
        "journal": { "version": run.head.0, "hash": run.head.1 },
    }))
}

/// What is a campaign's.
fn of_campaign(done: &Done) -> Map<String, Value> {
    let (campaign, state) = (done.cycle.campaign(), done.cycle.state());
    object(json!({
        "campaign": &*campaign.name,
        "seed": campaign.seed.0,
        "answer": answers::json(campaign, done.cycle.answer()),
        "hall": answers::promises_json(campaign, state),
        "report": done.written.html,
        "wells_csv": done.written.csv,
        "wells_parquet": done.written.parquet,
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
