//! What people and programs read.

use crate::exit::{Exit, Failure};
use serde_json::{Value, json};
use std::io::Write;

/// The version of what `--json` prints, documented in `docs/json.md`: it is raised when a field is
/// removed or changes its meaning.
pub const SCHEMA: u32 = 1;

/// Where results and messages go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// For people, or for programs.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// The result: text for people, or one object for programs.
    pub fn result(self, command: &str, text: &str, fields: Value) -> Result<(), Failure> {
        if !self.json {
            return self.text(text);
        }
        let mut object = json!({ "schema": SCHEMA, "command": command, "ok": true });
        if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
            object.extend(fields);
        }
        self.text(&object.to_string())
    }

    /// Lines on standard output. A reader that closed it early is no failure.
    pub fn text(self, text: &str) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        let mut out = std::io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::io(
                format!("standard output can't be written: {error}"),
            )),
            _ => Ok(()),
        }
    }

    /// A message to a person beside the result.
    pub fn message(self, text: &str) {
        // Nothing is left to tell it to if standard error is gone.
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// Shows why a command did not do what was asked.
    pub fn failure(self, failure: &Failure) -> Exit {
        if let Some(problems) = &failure.problems {
            self.message(&problems.to_string());
        } else {
            self.message(&format!("error: {}", failure.what));
        }
        if let Some(help) = &failure.help {
            self.message(&format!("  do: {help}"));
        }
        if self.json {
            let problems = failure.problems.as_ref().map(plain);
            let object = json!({
                "schema": SCHEMA,
                "ok": false,
                "exit": failure.exit as u8,
                "error": failure.what,
                "help": failure.help,
                "problems": problems.unwrap_or_default(),
            });
            let _ = self.text(&object.to_string());
        }
        failure.exit
    }
}

/// Problems as plain records.
pub fn plain(problems: &source::Problems) -> Vec<source::Plain> {
    problems.iter().map(source::Problem::plain).collect()
}
