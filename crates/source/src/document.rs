//! A TOML file as a tree in which every key and value has its span.

use crate::file::{File, Span};
use crate::problem::{Problem, Problems, Sink};
use crate::table::Table;
use crate::{MAX_FILE_BYTES, MAX_SYNTAX_PROBLEMS};
use std::fmt::Write as _;
use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// A key, its value and where both stand.
#[derive(Debug)]
pub(crate) struct Entry {
    pub key: String,
    pub key_span: Range<usize>,
    pub node: Node,
}

/// A value and where it stands. For a table under a header that is the header.
#[derive(Debug)]
pub(crate) struct Node {
    pub span: Range<usize>,
    pub value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Text(String),
    /// None where it does not fit 64 bits.
    Integer(Option<i64>),
    /// None where it is out of range.
    Float(Option<f64>),
    Boolean(bool),
    Date,
    Array(Vec<Node>),
    /// In the order of the file.
    Table(Vec<Entry>),
}

impl Node {
    fn from_value(span: Range<usize>, value: DeValue<'_>) -> Self {
        let value = match value {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => {
                Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok())
            }
            DeValue::Float(number) => {
                let wild = number.as_str().contains("inf");
                Value::Float(
                    number
                        .as_str()
                        .parse()
                        .ok()
                        .filter(|v: &f64| wild || !v.is_infinite()),
                )
            }
            DeValue::Boolean(value) => Value::Boolean(value),
            DeValue::Datetime(_) => Value::Date,
            DeValue::Array(items) => Value::Array(
                items
                    .into_iter()
                    .map(|item| Self::from_value(item.span(), item.into_inner()))
                    .collect(),
            ),
            DeValue::Table(table) => return Self::from_table(span, table),
        };
        Self { span, value }
    }

    fn from_table(span: Range<usize>, table: DeTable<'_>) -> Self {
        let mut entries: Vec<Entry> = table
            .into_iter()
            .map(|(key, value)| Entry {
                key_span: key.span(),
                key: key.into_inner().into_owned(),
                node: Self::from_value(value.span(), value.into_inner()),
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_span.start);
        Self {
            span,
            value: Value::Table(entries),
        }
    }

    /// What a person calls such a value.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a text",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Date => "a date",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// Writes the path of the value, or of the key, that has exactly this span, or else of the
    /// innermost that holds it; returns whether there is one.
    pub fn path_of(&self, wanted: Range<usize>, path: &mut String) -> bool {
        let holds = |span: &Range<usize>| span.start <= wanted.start && wanted.end <= span.end;
        let length = path.len();
        match &self.value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let _ = write!(path, "[{index}]");
                    if item.path_of(wanted.clone(), path) {
                        return true;
                    }
                    path.truncate(length);
                }
            }
            Value::Table(entries) => {
                for entry in entries {
                    push_key(path, &entry.key);
                    if entry.node.path_of(wanted.clone(), path) || holds(&entry.key_span) {
                        return true;
                    }
                    path.truncate(length);
                }
            }
            _ => {}
        }
        holds(&self.span)
    }
}

pub(crate) fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) {
        path.push_str(key);
    } else {
        let _ = write!(path, "{key:?}");
    }
}

/// A TOML file in which every key and value knows where it stands.
#[derive(Clone, Debug)]
pub struct Document {
    file: Arc<File>,
}

impl Document {
    /// Reads a TOML text; `path` is what problems call it.
    ///
    /// # Errors
    /// Every syntax error, up to [`MAX_SYNTAX_PROBLEMS`].
    pub fn parse(path: impl Into<String>, text: impl Into<String>) -> Result<Self, Problems> {
        let (path, text) = (path.into(), text.into());
        let (root, errors) = DeTable::parse_recoverable(&text);
        if errors.is_empty() {
            let root = Node::from_table(root.span(), root.into_inner());
            return Ok(Self {
                file: Arc::new(File::with_root(path, text, Some(root))),
            });
        }
        let mut errors: Vec<(Range<usize>, String)> = errors
            .iter()
            .map(|e| (e.span().unwrap_or(0..0), e.message().to_owned()))
            .collect();
        errors.sort_by(|a, b| (a.0.start, &a.1).cmp(&(b.0.start, &b.1)));
        let file = File::new(path, text);
        let problems = errors
            .into_iter()
            .take(MAX_SYNTAX_PROBLEMS)
            .map(|(span, message)| syntax_problem(file.span(span), &message));
        Err(problems.collect())
    }

    /// Reads a TOML file from disk.
    ///
    /// # Errors
    /// What the system says, a file above [`MAX_FILE_BYTES`], text that is not UTF-8, syntax errors.
    pub fn open(path: &Path) -> Result<Self, Problems> {
        Self::parse(path.to_string_lossy(), read_text(path)?)
    }

    /// The top table, with the sink for what is found wrong in it.
    #[must_use]
    pub fn root<'a>(&'a self, sink: &'a Sink) -> Table<'a> {
        static EMPTY: Vec<Entry> = Vec::new();
        let entries = match self.file.root.as_ref().map(|node| &node.value) {
            Some(Value::Table(entries)) => entries,
            _ => &EMPTY,
        };
        Table::new(&self.file, entries, 0..0, sink)
    }

    /// The file with its text.
    #[must_use]
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// The start of the file, for a problem of the whole.
    #[must_use]
    pub fn start(&self) -> Span {
        self.file.span(0..0)
    }
}

impl File {
    /// Reads any text file from disk, data files too.
    ///
    /// # Errors
    /// What the system says, a file above [`MAX_FILE_BYTES`], text that is not UTF-8.
    pub fn open(path: &Path) -> Result<Arc<Self>, Problems> {
        Ok(Self::new(path.to_string_lossy(), read_text(path)?))
    }
}

fn read_text(path: &Path) -> Result<String, Problems> {
    let name = path.to_string_lossy().into_owned();
    let refuse = |message: String, help: &str| {
        Problems::from(Problem::error(message).in_file(&name).help(help))
    };
    let unreadable = |why: std::io::Error| {
        let help = match why.kind() {
            std::io::ErrorKind::NotFound => "check the path and the folder you are in",
            std::io::ErrorKind::PermissionDenied => "check who may read it",
            _ => "check that it is a file that you can open",
        };
        refuse(format!("can't read this file: {why}"), help)
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(refuse(
            format!("this file is larger than {} MiB", MAX_FILE_BYTES >> 20),
            "check that it is the file you meant",
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let line = bytes[..good].iter().filter(|&&b| b == b'\n').count() + 1;
        refuse(
            format!(
                "line {line} is not UTF-8 text (byte 0x{:02x})",
                bytes.get(good).copied().unwrap_or_default()
            ),
            "save the file as UTF-8",
        )
    })
}

/// A syntax error in words that help somebody who writes TOML seldom.
fn syntax_problem(span: Span, message: &str) -> Problem {
    let (what, help) = match message.split(',').next().unwrap_or_default() {
        "string values must be quoted" => (
            "a text must stand in quotes",
            "put quantities with their unit in quotes too: speed = \"2 m/s\"",
        ),
        "duplicate key" => (
            "this key stands here for the second time",
            "a key may stand once in a table; for several of a kind write [[name]] with two brackets",
        ),
        "unclosed table" => ("this header is not closed", "a table's header ends with ]"),
        "unclosed array table" => (
            "this header is not closed",
            "the header of a list of tables ends with ]]",
        ),
        "unclosed array" => ("this list is not closed", "a list ends with ]"),
        "unclosed inline table" => ("this table is not closed", "an inline table ends with }"),
        "key with no value" | "missing assignment between key-value pairs" => {
            ("this key has no value", "write: key = value")
        }
        m if m.starts_with("invalid basic string") => (
            "this text is not closed",
            "a text ends with the quote that it starts with, on the same line",
        ),
        m if m.contains("escape") => (
            "what stands after the backslash means nothing",
            "write \\\\ for a backslash, or put the text in single quotes",
        ),
        _ => (message, "see toml.io for the form of a TOML file"),
    };
    Problem::error(format!("this is not TOML: {what}"))
        .at(&span)
        .help(help)
}
