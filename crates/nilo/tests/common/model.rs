//! A server on this machine that speaks the protocol of language models, and replays answers.
#![allow(dead_code, clippy::unwrap_used)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the server answers to one request.
#[derive(Clone)]
pub enum Answer {
    /// A status, further header lines, and a body.
    Http(u16, &'static str, String),
    /// Nothing, ever.
    Silence,
}

/// A completion with this content.
pub fn says(content: &str) -> Answer {
    finished(content, "stop")
}

pub fn finished(content: &str, reason: &str) -> Answer {
    let body = json!({ "choices": [{ "message": { "role": "assistant", "content": content }, "finish_reason": reason }] });
    Answer::Http(200, "", body.to_string())
}

pub struct Server {
    /// Up to and with `/v1`.
    pub address: String,
    /// What it was asked, in order.
    pub asked: Arc<Mutex<Vec<Value>>>,
}

/// Serves these answers one after the other, the last one for ever.
pub fn serve(mut answers: Vec<Answer>) -> Server {
    serve_by(move |_| {
        if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0].clone()
        }
    })
}

/// Serves what somebody answers to each request.
pub fn serve_by(mut answer: impl FnMut(&Value) -> Answer + Send + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Who was killed while asking has asked nothing.
            let Some(body) = request(&stream) else {
                continue;
            };
            seen.lock().unwrap().push(body.clone());
            match answer(&body) {
                Answer::Silence => silent.push(stream),
                Answer::Http(status, header, text) => {
                    let head = format!(
                        "HTTP/1.1 {status} -\r\nContent-Length: {}\r\nConnection: close\r\n{header}\r\n",
                        text.len()
                    );
                    // The client may have enough before all is written.
                    let _ = stream
                        .write_all(head.as_bytes())
                        .and_then(|()| stream.write_all(text.as_bytes()));
                }
            }
        }
    });
    Server { address, asked }
}

/// The body of a request; none if the client went away before it was whole.
fn request(stream: &TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), None);
    while reader.read_line(&mut line).ok()? > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = Some(value.trim().parse().unwrap());
        }
        line.clear();
    }
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}
