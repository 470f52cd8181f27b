//! `nilo run`: a campaign from its beginning, or from where it was.

use crate::answers;
use crate::cli::Run;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::progress::{Progress, lab_time};
use crate::running::{self, Request};
use serde_json::json;

/// Runs a campaign, or goes on with one.
pub fn run(args: &Run, output: &Output) -> Result<Exit, Failure> {
    let request = Request {
        campaign: args.campaign.clone(),
        out: args.out.clone(),
        seed: args.seed,
        fresh: args.fresh,
    };
    let mut progress = Progress::new();
    let result = running::run(&request, &mut progress);
    progress.done();
    let run = result?;
    let (campaign, state) = (&run.campaign, run.cycle.state());
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
        run.written.html.display()
    );
    let answer = run.cycle.answer();
    let fields = json!({
        "run": run.folder.name(),
        "folder": run.folder.0,
        "campaign": &*campaign.name,
        "seed": campaign.seed.0,
        "was_finished": run.was_finished,
        "resumed_at": run.resumed_at,
        "lab_time_s": run.now.as_secs_f64(),
        "answer": answers::json(campaign, answer),
        "hall": answers::promises_json(campaign, state),
        "report": run.written.html,
        "wells_csv": run.written.csv,
        "wells_parquet": run.written.parquet,
        "journal": { "version": run.head.0, "hash": run.head.1 },
    });
    output.result("run", &text, fields)?;
    // An answer without a single measured point is the lab's failure, not a result.
    if answer.is_none_or(|answer| answer.points == 0) {
        return Ok(Exit::Device);
    }
    Ok(Exit::Success)
}
