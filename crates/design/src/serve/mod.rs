//! Ask and tell as JSON lines: the protocol of the optimiser bench, version 1, and what goes beyond it.
//!
//! Every request is one JSON object on a line, every answer one JSON object on a line. Operations are
//! `init`, `tell`, `ask`, `predict`, `explain`, `slice` and `end`; every answer has `"ok": true`, or
//! `"ok": false` and `"error"`, and a request that is refused changes nothing. Unknown keys are ignored.
//! docs/design-protocol.md describes all of it with examples.

mod answer;
mod extension;
mod message;
mod state;

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use quantity::Seed;
use serde_json::{Value, json};

use crate::policy::{Policy, policy};
use crate::space::{Point, Space};
use crate::trial::Why;
use state::Log;

pub use message::{Task, read_task};

/// Longest request, in bytes.
const LINE_MAX: u64 = 1 << 30;
/// Largest batch in one ask.
const BATCH_MAX: u64 = 100_000;

/// One campaign: what an `init` began.
struct Session {
    task: Task,
    space: Arc<Space>,
    policy: Box<dyn Policy>,
    seed: Seed,
    asks: u64,
    tells: u64,
    /// Told trials, guesses not counted: their ids and points.
    ids: Vec<Value>,
    told: Vec<Point>,
}

/// Answers requests until `end` or the end of input. Whatever the input holds, each line gets an
/// answer.
///
/// # Errors
/// When reading or writing fails.
pub fn serve(reader: impl BufRead, writer: impl Write) -> std::io::Result<()> {
    talk(reader, writer, &mut Server::default())
}

/// The same with a state file: every request that changes something is on the disk before it is
/// answered, and a process that is started again on the file goes on where the last one stopped. An
/// `init` that is the same as the file's goes on too; a different one is refused.
///
/// # Errors
/// When the state file can't be read or doesn't hold such requests, or reading or writing fails.
pub fn serve_with_state(
    reader: impl BufRead,
    writer: impl Write,
    path: &Path,
) -> std::io::Result<()> {
    let (log, requests) = Log::open(path)?;
    let mut server = Server::default();
    for (number, request) in requests.iter().enumerate() {
        server.again(request).map_err(|why| {
            let (path, number) = (path.display(), number + 1);
            std::io::Error::other(format!("{path}, line {number}: {why}"))
        })?;
    }
    server.log = Some(log);
    talk(reader, writer, &mut server)
}

fn talk(
    mut reader: impl BufRead,
    mut writer: impl Write,
    server: &mut Server,
) -> std::io::Result<()> {
    loop {
        let mut line = Vec::new();
        let read = std::io::Read::take(&mut reader, LINE_MAX).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let (answer, ended) = match serde_json::from_slice::<Value>(&line) {
            Ok(request) => server.answer(&request)?,
            Err(error) => (
                refusal(&format!("the line is no JSON object: {error}")),
                false,
            ),
        };
        serde_json::to_writer(&mut writer, &answer)?;
        writer.write_all(b"\n")?;
        writer.flush()?;
        if ended {
            return Ok(());
        }
    }
}

/// The campaign that is served, and where it is kept.
#[derive(Default)]
struct Server {
    session: Option<Session>,
    /// The `init` of the session.
    begun: Option<Value>,
    log: Option<Log>,
}

fn refusal(why: &str) -> Value {
    json!({"ok": false, "error": why})
}

const OPS: [&str; 7] = ["init", "tell", "ask", "predict", "explain", "slice", "end"];

impl Server {
    fn answer(&mut self, request: &Value) -> std::io::Result<(Value, bool)> {
        let op = request.get("op").and_then(Value::as_str);
        if op == Some("end") {
            return Ok((json!({"ok": true}), true));
        }
        let result = self.perform(op, request);
        if let (Ok(answer), Some(log)) = (&result, &mut self.log) {
            let fresh = answer.get("resumed").is_none();
            match op {
                Some("init") if fresh => log.keep(request)?,
                Some("tell") => log.keep(request)?,
                Some("ask") => {
                    // Whether the batch moved the even design on, which a replay must repeat.
                    let trials = answer["trials"].as_array();
                    let baseline = trials.is_some_and(|trials| {
                        trials
                            .iter()
                            .any(|trial| trial["why"] == json!(Why::Baseline.name()))
                    });
                    let mut kept = request.clone();
                    kept["baseline"] = json!(baseline);
                    log.keep(&kept)?;
                }
                _ => {}
            }
        }
        Ok((result.unwrap_or_else(|why| refusal(&why)), false))
    }

    fn perform(&mut self, op: Option<&str>, request: &Value) -> Result<Value, String> {
        match op {
            Some("init") => self.init(request),
            Some(op) if OPS.contains(&op) => {
                let session = self
                    .session
                    .as_mut()
                    .ok_or_else(|| format!("`{op}` before `init`: begin with an `init`"))?;
                match op {
                    "tell" => session.tell(request),
                    "ask" => session.ask(request),
                    "predict" => session.predict(request),
                    "explain" => session.explain(request),
                    _ => session.slice(request),
                }
            }
            Some(other) => {
                let hint = quantity::nearest(other, OPS)
                    .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                Err(format!(
                    "found op `{other}`, expected one of {}{hint}",
                    OPS.join(", ")
                ))
            }
            None => Err("the request has no `op`".to_string()),
        }
    }

    fn init(&mut self, request: &Value) -> Result<Value, String> {
        let mut answer = json!({"ok": true, "name": "nilo", "version": env!("CARGO_PKG_VERSION")});
        if let (Some(_), Some(begun), Some(session)) = (&self.log, &self.begun, &self.session) {
            if begun != request {
                return Err(
                    "the state file holds another campaign: its `init` differs; use another \
                            file, or send the same `init`"
                        .into(),
                );
            }
            answer["resumed"] = json!({"trials": session.ids.len(), "asks": session.asks});
            return Ok(answer);
        }
        self.session = Some(begin(request)?);
        self.begun = Some(request.clone());
        Ok(answer)
    }

    /// Does again what a state file says was done.
    fn again(&mut self, request: &Value) -> Result<(), String> {
        let op = request.get("op").and_then(Value::as_str);
        if op == Some("ask") && request.get("baseline") != Some(&Value::Bool(true)) {
            let session = self.session.as_mut().ok_or("an `ask` before `init`")?;
            session.asks += 1;
            session.policy.pass();
            return Ok(());
        }
        self.perform(op, request).map(|_| ())
    }
}

fn begin(request: &Value) -> Result<Session, String> {
    if let Some(version) = request.get("protocol")
        && version.as_u64() != Some(1)
    {
        return Err(format!("protocol {version}: this engine speaks protocol 1"));
    }
    let task = read_task(request)?;
    let space = Arc::new(task.space.clone());
    let name = match request.get("policy") {
        None | Some(Value::Null) => "gp",
        Some(name) => name.as_str().ok_or("`policy` is no text")?,
    };
    let seed = Seed(task.seed);
    let made = policy(
        name,
        space.clone(),
        task.question.clone(),
        task.options.clone(),
        seed,
    );
    let policy = made.map_err(|error| error.to_string())?;
    Ok(Session {
        task,
        space,
        policy,
        seed,
        asks: 0,
        tells: 0,
        ids: Vec::new(),
        told: Vec::new(),
    })
}

impl Session {
    fn tell(&mut self, request: &Value) -> Result<Value, String> {
        let requested = message::list(request, "trials")?.map_or(&[][..], Vec::as_slice);
        let read = self.task.read_trials(request, self.tells)?;
        let (mut trials, mut guesses, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for (trial, asked) in read.into_iter().zip(requested) {
            if asked.get("guess") == Some(&Value::Bool(true)) {
                guesses.push(trial);
            } else {
                ids.push(asked.get("id").cloned().unwrap_or(Value::Null));
                trials.push(trial);
            }
        }
        // Guesses are checked like trials: where they can't be used, nothing is taken in.
        let told: Vec<Point> = trials.iter().map(|trial| trial.point.clone()).collect();
        self.policy
            .check(&guesses)
            .map_err(|error| error.to_string())?;
        self.policy
            .tell(&trials)
            .map_err(|error| error.to_string())?;
        self.policy
            .guess(&guesses)
            .map_err(|error| error.to_string())?;
        self.ids.extend(ids);
        self.told.extend(told);
        self.tells += 1;
        Ok(json!({"ok": true}))
    }

    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let q =
            match request.get("q") {
                None => self.task.batch,
                Some(q) => q.as_u64().filter(|&q| q <= BATCH_MAX).ok_or_else(|| {
                    format!("q is {q}, expected a whole number from 0 to {BATCH_MAX}")
                })? as usize,
            };
        let pending = match request.get("pending") {
            None | Some(Value::Null) => Vec::new(),
            Some(points) => self.task.read_points(points)?,
        };
        let held = match request.get("at") {
            None | Some(Value::Null) => Vec::new(),
            Some(levels) => {
                extension::held(levels, &self.space).map_err(|why| format!("`at`: {why}"))?
            }
        };
        if !self.policy.hold(&held) {
            let name = self.policy.name();
            return Err(format!(
                "policy `{name}` can't hold factors: leave `at` out, or use `gp`"
            ));
        }
        let began = Instant::now();
        let seed = self.seed.derive("ask", self.asks);
        let proposals = self
            .policy
            .ask(q, &pending, seed)
            .map_err(|error| error.to_string())?;
        self.asks += 1;
        let trials: Vec<Value> = proposals
            .iter()
            .map(|proposal| {
                let mut trial = self.task.write_point(&proposal.point);
                trial["why"] = json!(proposal.why.name());
                if let Some(predicted) = proposal.predicted {
                    trial["mean"] = json!(predicted.mean);
                    trial["sd"] = json!(predicted.sd);
                    trial["low"] = json!(predicted.low);
                    trial["high"] = json!(predicted.high);
                }
                trial
            })
            .collect();
        let info = json!({"ask_s": began.elapsed().as_secs_f64(), "model": self.policy.note()});
        Ok(json!({"ok": true, "trials": trials, "info": info}))
    }
}
