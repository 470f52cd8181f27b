//! Tables: keys asked for by name; what was not asked for is a problem.

use crate::document::{Entry, Value};
use crate::file::{At, File, Span};
use crate::item::Item;
use crate::problem::{Problem, Sink};
use crate::read::Read;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

/// A table of a file. Every key that is asked for becomes known; [`Table::finish`] complains about
/// the others, so a reader never lists its keys twice. What is missing is reported by `finish` too,
/// together with a key that was probably meant to be it, or when the table is dropped.
#[derive(Debug)]
pub struct Table<'a> {
    file: &'a Arc<File>,
    entries: &'a [Entry],
    span: Range<usize>,
    sink: &'a Sink,
    asked: RefCell<Vec<String>>,
    missing: RefCell<Vec<Missing>>,
}

/// A key that must be there and is not.
#[derive(Debug)]
struct Missing {
    key: String,
    /// What a person reads.
    message: String,
    /// What would have been right.
    expected: String,
}

impl<'a> Table<'a> {
    pub(crate) fn new(
        file: &'a Arc<File>,
        entries: &'a [Entry],
        span: Range<usize>,
        sink: &'a Sink,
    ) -> Self {
        Self {
            file,
            entries,
            span,
            sink,
            asked: RefCell::default(),
            missing: RefCell::default(),
        }
    }

    /// Where it stands: its header, or the whole of an inline table.
    #[must_use]
    pub fn span(&self) -> Span {
        self.file.span(self.span.clone())
    }

    /// The sink that takes this file's problems.
    #[must_use]
    pub fn sink(&self) -> &'a Sink {
        self.sink
    }

    /// A problem of the table as a whole, for the caller to finish and push.
    #[must_use]
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::error(message).at(&self.span())
    }

    /// Puts a problem into the sink.
    pub fn push(&self, problem: Problem) {
        self.sink.push(problem);
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        let mut asked = self.asked.borrow_mut();
        if !asked.iter().any(|known| known == key) {
            asked.push(key.to_owned());
        }
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn wrap(&self, entry: &'a Entry) -> Item<'a> {
        Item {
            file: self.file,
            node: &entry.node,
            sink: self.sink,
        }
    }

    /// Whether the key is there. The key becomes known.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Where a key itself stands, if it is there.
    #[must_use]
    pub fn key_span(&self, key: &str) -> Option<Span> {
        self.entry(key)
            .map(|entry| self.file.span(entry.key_span.clone()))
    }

    /// The value of a key that may be left out.
    #[must_use]
    pub fn item(&self, key: &str) -> Option<Item<'a>> {
        self.entry(key).map(|entry| self.wrap(entry))
    }

    /// The value of a key that must be there; `expected` says what it would hold.
    pub fn required_item(&self, key: &str, expected: &str) -> Option<Item<'a>> {
        self.required_item_or(key, || {
            (format!("'{key}' is missing"), format!("{key} = {expected}"))
        })
    }

    /// The value of a key that must be there, with what is said when it is not: the message, and
    /// what was expected.
    pub fn required_item_or(
        &self,
        key: &str,
        missing: impl FnOnce() -> (String, String),
    ) -> Option<Item<'a>> {
        let item = self.item(key);
        if item.is_none() {
            let (message, expected) = missing();
            self.missing.borrow_mut().push(Missing {
                key: key.to_owned(),
                message,
                expected,
            });
        }
        item
    }

    /// A value that must be there.
    pub fn required<T: Read>(&self, key: &str) -> Option<At<T>> {
        self.required_item(key, &T::expected())?.read()
    }

    /// A value that may be left out.
    pub fn optional<T: Read>(&self, key: &str) -> Option<At<T>> {
        self.item(key)?.read()
    }

    /// A value with what stands for it when it is left out (or wrong, which is a problem already).
    pub fn or<T: Read>(&self, key: &str, default: T) -> T {
        self.optional(key).map_or(default, |at| at.value)
    }

    /// One of these words, with what each stands for; must be there.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<At<T>> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.required_item(key, &crate::problem::one_of(&names))?
            .choice(choices)
    }

    /// One of these words, if it is there.
    pub fn optional_choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<At<T>> {
        self.item(key)?.choice(choices)
    }

    /// A list of values that may be left out: `None` then. Values that can't be read are left out
    /// of the list, after their problem.
    pub fn list<T: Read>(&self, key: &str) -> Option<Vec<At<T>>> {
        let items = self.item(key)?.list()?;
        Some(items.iter().filter_map(Item::read).collect())
    }

    /// A table that must be there.
    pub fn required_table(&self, key: &str) -> Option<Table<'a>> {
        let missing = || {
            let message = format!("the table '{key}' is missing");
            (message, format!("[{key}] with its keys below"))
        };
        self.required_item_or(key, missing)?.table()
    }

    /// A table that may be left out.
    pub fn table(&self, key: &str) -> Option<Table<'a>> {
        self.item(key)?.table()
    }

    /// The tables of a list (`[[key]]`, or a list of inline tables); none if it is left out. A
    /// single table `[key]` is refused with what to write.
    pub fn tables(&self, key: &str) -> Vec<Table<'a>> {
        let Some(item) = self.item(key) else {
            return Vec::new();
        };
        if let Value::Table(_) = item.node.value {
            item.push(
                item.problem(format!(
                    "'{key}' is a list of tables, and this is a single one"
                ))
                .expected(format!("[[{key}]]"))
                .help("write the header with two brackets, once for each of them"),
            );
            return Vec::new();
        }
        let items = item.list().unwrap_or_default();
        items.iter().filter_map(Item::table).collect()
    }

    /// Every key with its value, in the order of the file; all become known. For tables whose keys
    /// are names that the file gives.
    #[must_use]
    pub fn entries(&self) -> Vec<(At<String>, Item<'a>)> {
        let mut asked = self.asked.borrow_mut();
        asked.extend(self.entries.iter().map(|entry| entry.key.clone()));
        self.entries
            .iter()
            .map(|entry| {
                let key = At {
                    value: entry.key.clone(),
                    span: self.file.span(entry.key_span.clone()),
                };
                (key, self.wrap(entry))
            })
            .collect()
    }

    /// Whether nothing stands in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn unknown(&self) -> Vec<&'a Entry> {
        let asked = self.asked.borrow();
        let unknown = |entry: &&Entry| !asked.contains(&entry.key);
        self.entries.iter().filter(unknown).collect()
    }

    /// Complains about every key that nobody asked for, and about what is missing.
    pub fn finish(self) {
        let mut unknown = self.unknown();
        for missing in self.missing.take() {
            let key = missing.key.as_str();
            let typo = unknown
                .iter()
                .position(|entry| quantity::nearest(&entry.key, [key]).is_some());
            self.push(match typo {
                Some(index) => self.unknown_key(unknown.remove(index), Some(key)),
                None => self.lacks(missing),
            });
        }
        for entry in unknown {
            let asked = self.asked.borrow();
            let free = asked
                .iter()
                .filter(|key| !self.entries.iter().any(|e| e.key == **key));
            let near = quantity::nearest(&entry.key, free.map(String::as_str));
            self.push(self.unknown_key(entry, near));
        }
    }

    fn unknown_key(&self, entry: &Entry, near: Option<&str>) -> Problem {
        let asked = self.asked.borrow();
        let known: Vec<&str> = asked.iter().map(String::as_str).collect();
        Problem::error(format!("'{}' means nothing here", entry.key))
            .at(&self.file.span(entry.key_span.clone()))
            .expected(crate::problem::one_of(&known))
            .nearest(near)
    }

    fn lacks(&self, missing: Missing) -> Problem {
        self.problem(missing.message).expected(missing.expected)
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        for missing in self.missing.take() {
            self.push(self.lacks(missing));
        }
    }
}
