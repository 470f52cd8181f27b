//! A language model behind an OpenAI-compatible endpoint: carries requests out, and decides nothing.

use crate::env;
use crate::exit::Failure;
use reason::language::{ANSWER_MAX, Exchange, Failed, Reply, Step, Task};
use serde_json::Value;
use std::io::Read;
use std::time::Duration;

/// Longest wait for one answer, unless the environment says otherwise.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Where a model is, and how it is asked.
pub struct Endpoint {
    url: String,
    key: Option<String>,
    /// The model's name.
    pub model: String,
    agent: ureq::Agent,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the key.
        write!(f, "Endpoint({} at {})", self.model, self.url)
    }
}

impl Endpoint {
    /// The endpoint that the environment names.
    ///
    /// # Errors
    /// If it names none, or one that can't be spoken to.
    pub fn from_env() -> Result<Self, Failure> {
        let model = env::text(env::NILO_LLM_MODEL).unwrap_or_else(|| "default".into());
        Self::named(env::NILO_LLM_URL, env::NILO_LLM_KEY, &model).map_err(|mut failure| {
            if let Some(help) = &mut failure.help {
                help.push_str(&format!(", and {} to a model's name", env::NILO_LLM_MODEL));
            }
            failure
        })
    }

    /// A model behind an address, given as such or as the environment variable that holds it, with the key that
    /// another variable holds.
    ///
    /// # Errors
    /// If there is no address, or one that can't be spoken to.
    pub fn named(address: &str, key: &str, model: &str) -> Result<Self, Failure> {
        let base = if address.contains("://") {
            address.to_owned()
        } else {
            env::text(address).ok_or_else(|| {
                Failure::refused("no language model is configured").help(format!(
                    "set {address} to an OpenAI-compatible address such as http://127.0.0.1:8080/v1"
                ))
            })?
        };
        if !base.starts_with("http://") {
            return Err(Failure::refused(format!("the language model's address is {base}")).help(
                "it must begin with http://: run a server beside nilo, or a gateway that speaks TLS for it",
            ));
        }
        let timeout = match env::text(env::NILO_LLM_TIMEOUT) {
            None => TIMEOUT,
            Some(text) => match text.parse::<f64>() {
                Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => {
                    Duration::from_secs_f64(seconds)
                }
                _ => {
                    return Err(Failure::refused(format!(
                        "{} is '{text}'; expected seconds, above zero",
                        env::NILO_LLM_TIMEOUT
                    )));
                }
            },
        };
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A key must not follow a redirect to somebody else.
            .max_redirects(0)
            .proxy(None)
            .build();
        Ok(Self {
            url: format!("{}/chat/completions", base.trim_end_matches('/')),
            key: env::text(key),
            model: model.to_owned(),
            agent: config.into(),
        })
    }

    /// Asks until there is an answer that fits, or none to be had.
    ///
    /// # Errors
    /// As [`Exchange`] decides.
    pub fn ask<T: Task>(&self, task: T, seed: u64) -> Result<T::Answer, Failed> {
        let (mut exchange, mut request) = Exchange::new(task, &self.model, seed);
        loop {
            std::thread::sleep(request.wait);
            match exchange.take(self.send(&request.body)) {
                Step::Send(next) => request = next,
                Step::Done(answer) => return Ok(answer),
                Step::Failed(why) => return Err(why),
            }
        }
    }

    fn send(&self, body: &Value) -> Reply {
        let mut request = self.agent.post(&self.url).content_type("application/json");
        if let Some(key) = &self.key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        let failed = |error: ureq::Error| match error {
            ureq::Error::Timeout(_) => Reply::TimedOut,
            other => Reply::Unreachable(other.to_string()),
        };
        let mut response = match request.send(body.to_string()) {
            Ok(response) => response,
            Err(error) => return failed(error),
        };
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let mut bytes = Vec::new();
        let read = response
            .body_mut()
            .as_reader()
            .take(ANSWER_MAX as u64 + 1)
            .read_to_end(&mut bytes);
        if let Err(error) = read {
            return if error.kind() == std::io::ErrorKind::TimedOut {
                Reply::TimedOut
            } else {
                Reply::Unreachable(error.to_string())
            };
        }
        Reply::Http {
            status: response.status().as_u16(),
            body: String::from_utf8_lossy(&bytes).into_owned(),
            retry_after,
        }
    }
}
