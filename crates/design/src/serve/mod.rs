//! Ask and tell as JSON lines: the protocol of the optimiser bench, version 1.
//!
//! Every request is one JSON object on a line, every answer one JSON object on a line. Operations are
//! `init`, `tell`, `ask`, `predict` and `end`; every answer has `"ok": true`, or `"ok": false` and
//! `"error"`, and a request that is refused changes nothing. Unknown keys are ignored. Beyond the
//! protocol: a trial without `outcomes`, or with a `null` among them, is a failed one; `init` takes
//! `"policy"`, any of [`POLICIES`](crate::POLICIES), and `"repeats"`; `ask` takes `"pending"`, a list of
//! points, and its answer's trials have `"why"`, `"mean"` and `"sd"`.

mod message;

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Instant;

use quantity::Seed;
use serde_json::{Value, json};

use crate::policy::{Policy, policy};
use crate::space::{Point, Space};

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
}

/// Answers requests until `end` or the end of input. Whatever the input holds, each line gets an
/// answer.
///
/// # Errors
/// When reading or writing fails.
pub fn serve(mut reader: impl BufRead, mut writer: impl Write) -> std::io::Result<()> {
    let mut session = None;
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
            Ok(request) => answer(&mut session, &request),
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

fn refusal(why: &str) -> Value {
    json!({"ok": false, "error": why})
}

fn answer(session: &mut Option<Session>, request: &Value) -> (Value, bool) {
    let result = match request.get("op").and_then(Value::as_str) {
        Some("init") => init(request).map(|begun| {
            *session = Some(begun);
            json!({"ok": true, "name": "nilo", "version": env!("CARGO_PKG_VERSION")})
        }),
        Some("end") => return (json!({"ok": true}), true),
        Some(op @ ("tell" | "ask" | "predict")) => match session {
            None => Err(format!("`{op}` before `init`: begin with an `init`")),
            Some(session) => match op {
                "tell" => session.tell(request),
                "ask" => session.ask(request),
                _ => session.predict(request),
            },
        },
        Some(other) => {
            let known = ["init", "tell", "ask", "predict", "end"];
            let hint = quantity::nearest(other, known)
                .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            Err(format!(
                "found op `{other}`, expected one of {}{hint}",
                known.join(", ")
            ))
        }
        None => Err("the request has no `op`".to_string()),
    };
    (result.unwrap_or_else(|why| refusal(&why)), false)
}

fn init(request: &Value) -> Result<Session, String> {
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
    })
}

impl Session {
    fn tell(&mut self, request: &Value) -> Result<Value, String> {
        let trials = self.task.read_trials(request, self.tells)?;
        self.policy
            .tell(&trials)
            .map_err(|error| error.to_string())?;
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
                }
                trial
            })
            .collect();
        let info = json!({"ask_s": began.elapsed().as_secs_f64(), "model": self.policy.note()});
        Ok(json!({"ok": true, "trials": trials, "info": info}))
    }

    fn predict(&mut self, request: &Value) -> Result<Value, String> {
        let points = request.get("points").ok_or("`predict` has no `points`")?;
        let points: Vec<Point> = self.task.read_points(points)?;
        if let Some(point) = points.iter().find(|point| !self.space.shaped(point)) {
            return Err(format!(
                "{} lies outside the space",
                self.space.print(point)
            ));
        }
        let predictions = self
            .policy
            .predict(&points)
            .ok_or("there is no model yet: `tell` and `ask` first")?;
        let name = &self.task.question.goals[0].name;
        let list = |number: fn(&crate::Prediction) -> f64| -> Vec<Value> {
            predictions
                .iter()
                .map(|prediction| json!({name: number(prediction)}))
                .collect()
        };
        Ok(json!({"ok": true, "mean": list(|p| p.mean), "sd": list(|p| p.sd)}))
    }
}
