//! One question to a model, from the first request to an answer that fits its schema or a refusal.

use serde_json::{Value, json};
use std::time::Duration;
use thiserror::Error;

/// Answers that don't fit are sent back with what is wrong this often.
const CORRECTIONS_MAX: u32 = 2;
/// A busy or failing endpoint is asked again this often.
const RETRIES_MAX: u32 = 3;
/// Wait before the first of these, doubled each time.
const RETRY_WAIT: Duration = Duration::from_millis(500);
/// Longest wait that an endpoint may ask for.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Longest answer that is read, in bytes.
pub const ANSWER_MAX: usize = 1 << 20;

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// What it says.
    pub content: String,
}

/// What to send: the body of `POST {base}/chat/completions`.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The body.
    pub body: Value,
    /// How long to wait before it is sent.
    pub wait: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An HTTP answer, and how many seconds it asks to wait, if it does.
    Http {
        /// The status.
        status: u16,
        /// The body, cut after [`ANSWER_MAX`] bytes plus one.
        body: String,
        /// `Retry-After`.
        retry_after: Option<u64>,
    },
    /// Nothing came in time.
    TimedOut,
    /// The endpoint could not be reached, and why.
    Unreachable(String),
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failed {
    /// The model refused.
    #[error("the model refused: {0}")]
    Refused(String),
    /// It kept answering something else than was asked for.
    #[error("the model's answer does not fit after {0} corrections: {1}")]
    Unfit(u32, String),
    /// Nothing came in time, or the endpoint was busy or failed, each time.
    #[error("the endpoint gave no answer in {0} tries: {1}")]
    NoAnswer(u32, String),
    /// The endpoint refused the request.
    #[error("the endpoint refused the request with status {0}: {1}")]
    Denied(u16, String),
}

/// What a task is, and how its answer is checked.
pub trait Task {
    /// What an answer becomes.
    type Answer;
    /// The name of the schema.
    fn name(&self) -> &'static str;
    /// What the model is told.
    fn messages(&self) -> Vec<Message>;
    /// The JSON schema of the answer.
    fn schema(&self) -> Value;
    /// Checks an answer that is JSON.
    ///
    /// # Errors
    /// What does not fit, in words that the model is told.
    fn check(&self, answer: &Value) -> Result<Self::Answer, String>;
}

/// What to do next.
#[derive(Debug, PartialEq)]
pub enum Step<T> {
    /// Send this.
    Send(Request),
    /// It is answered.
    Done(T),
    /// It is not.
    Failed(Failed),
}

/// A question on its way.
#[derive(Debug)]
pub struct Exchange<T: Task> {
    task: T,
    model: String,
    seed: u64,
    messages: Vec<Message>,
    /// Whether the endpoint takes a schema; older ones take only `json_object`, and have it in the prompt.
    with_schema: bool,
    corrections: u32,
    retries: u32,
}

impl<T: Task> Exchange<T> {
    /// A question, and the first request.
    pub fn new(task: T, model: &str, seed: u64) -> (Self, Request) {
        let messages = task.messages();
        let exchange = Self {
            task,
            model: model.to_owned(),
            seed,
            messages,
            with_schema: true,
            corrections: 0,
            retries: 0,
        };
        let first = exchange.request(Duration::ZERO);
        (exchange, first)
    }

    fn request(&self, wait: Duration) -> Request {
        let mut messages: Vec<Value> = self
            .messages
            .iter()
            .map(|m| json!({ "role": m.role, "content": m.content }))
            .collect();
        let format = if self.with_schema {
            json!({
                "type": "json_schema",
                "json_schema": { "name": self.task.name(), "strict": true, "schema": self.task.schema() },
            })
        } else {
            let told = format!(
                "Answer with one JSON object that fits this schema: {}",
                self.task.schema()
            );
            messages.push(json!({ "role": "system", "content": told }));
            json!({ "type": "json_object" })
        };
        Request {
            body: json!({
                "model": self.model, "messages": messages, "temperature": 0, "seed": self.seed,
                "response_format": format,
            }),
            wait,
        }
    }

    /// Takes in what came back.
    pub fn take(&mut self, reply: Reply) -> Step<T::Answer> {
        match reply {
            Reply::TimedOut => self.again("it timed out".into(), None),
            Reply::Unreachable(why) => self.again(why, None),
            Reply::Http {
                status: 200, body, ..
            } => self.read(&body),
            Reply::Http {
                status,
                body,
                retry_after,
            } if status == 429 || status >= 500 => {
                self.again(format!("status {status}: {}", brief(&body)), retry_after)
            }
            Reply::Http {
                status: 400 | 422, ..
            } if self.with_schema => {
                self.with_schema = false;
                Step::Send(self.request(Duration::ZERO))
            }
            Reply::Http { status, body, .. } => Step::Failed(Failed::Denied(status, brief(&body))),
        }
    }

    fn again(&mut self, why: String, after: Option<u64>) -> Step<T::Answer> {
        if self.retries == RETRIES_MAX {
            return Step::Failed(Failed::NoAnswer(self.retries + 1, why));
        }
        let doubled = RETRY_WAIT * 2u32.pow(self.retries);
        let wait = after.map_or(doubled, Duration::from_secs).min(WAIT_MAX);
        self.retries += 1;
        Step::Send(self.request(wait))
    }

    fn read(&mut self, body: &str) -> Step<T::Answer> {
        if body.len() > ANSWER_MAX {
            return self.correct(
                String::new(),
                format!("it is longer than {ANSWER_MAX} bytes"),
            );
        }
        let Ok(whole) = serde_json::from_str::<Value>(body) else {
            return self.again("its body is no JSON".into(), None);
        };
        let choice = &whole["choices"][0];
        let message = &choice["message"];
        if let Some(refusal) = message["refusal"].as_str().filter(|text| !text.is_empty()) {
            return Step::Failed(Failed::Refused(brief(refusal)));
        }
        if choice["finish_reason"] == "content_filter" {
            return Step::Failed(Failed::Refused("its filter stopped the answer".into()));
        }
        let Some(content) = message["content"].as_str() else {
            return self.correct(String::new(), "it has no content".into());
        };
        if choice["finish_reason"] == "length" {
            return self.correct(brief(content), "it was cut off; answer more briefly".into());
        }
        // Models without a schema wrap their JSON in words.
        let object = match (content.find('{'), content.rfind('}')) {
            (Some(from), Some(to)) if from < to => &content[from..=to],
            _ => return self.correct(brief(content), "it holds no JSON object".into()),
        };
        let answer = match serde_json::from_str::<Value>(object) {
            Ok(answer) => answer,
            Err(error) => return self.correct(brief(content), format!("it is not JSON: {error}")),
        };
        match self.task.check(&answer) {
            Ok(answer) => Step::Done(answer),
            Err(why) => self.correct(object.to_owned(), why),
        }
    }

    fn correct(&mut self, answer: String, why: String) -> Step<T::Answer> {
        if self.corrections == CORRECTIONS_MAX {
            return Step::Failed(Failed::Unfit(self.corrections, why));
        }
        self.corrections += 1;
        // Only the last attempt stays in the conversation.
        self.messages = self.task.messages();
        if !answer.is_empty() {
            self.messages.push(Message {
                role: "assistant",
                content: answer,
            });
        }
        self.messages.push(Message {
            role: "user",
            content: format!(
                "That answer can't be used: {why}. Answer again, with the JSON object alone."
            ),
        });
        Step::Send(self.request(Duration::ZERO))
    }
}

/// The beginning of a text, on one line.
fn brief(text: &str) -> String {
    const SHOWN: usize = 200;
    let flat: String = text
        .chars()
        .take(SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().count() > SHOWN {
        format!("{flat}…")
    } else {
        flat
    }
}
