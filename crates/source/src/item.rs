//! A value that is read as the type that is asked for.

use crate::document::{Node, Value};
use crate::file::{At, File, Span};
use crate::problem::{Problem, Sink, one_of};
use crate::read::Read;
use crate::table::Table;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A value of a file. Each reading that fails puts a problem into the sink and gives `None`.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    pub(crate) file: &'a Arc<File>,
    pub(crate) node: &'a Node,
    pub(crate) sink: &'a Sink,
}

impl<'a> Item<'a> {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.file.span(self.node.span.clone())
    }

    /// A problem at this value, for the caller to finish and [`Item::push`].
    #[must_use]
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::error(message).at(&self.span())
    }

    /// Puts a problem into the sink.
    pub fn push(&self, problem: Problem) {
        self.sink.push(problem);
    }

    /// The sink that takes this file's problems.
    #[must_use]
    pub fn sink(&self) -> &'a Sink {
        self.sink
    }

    fn wrong_kind(&self, expected: &str) {
        let found = match self.node.value {
            Value::Integer(None) => "a whole number beyond 64 bits",
            Value::Float(None) => "a number too large to be kept",
            _ => self.node.kind(),
        };
        self.push(
            self.problem(format!("found {found} instead of {expected}"))
                .expected(expected),
        );
    }

    fn at<T>(&self, value: T) -> At<T> {
        At {
            value,
            span: self.span(),
        }
    }

    /// The value as a `T`.
    pub fn read<T: Read>(&self) -> Option<At<T>> {
        T::read(self).map(|value| self.at(value))
    }

    /// Whether it is a text. To choose between forms; says nothing.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.node.value, Value::Text(_))
    }

    /// Whether it is a number. To choose between forms; says nothing.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self.node.value, Value::Integer(_) | Value::Float(_))
    }

    /// Whether it is a list. To choose between forms; says nothing.
    #[must_use]
    pub fn is_list(&self) -> bool {
        matches!(self.node.value, Value::Array(_))
    }

    /// Whether it is a table. To choose between forms; says nothing.
    #[must_use]
    pub fn is_table(&self) -> bool {
        matches!(self.node.value, Value::Table(_))
    }

    /// A text.
    pub fn text(&self, expected: &str) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => {
                self.wrong_kind(expected);
                None
            }
        }
    }

    /// True or false.
    pub fn boolean(&self) -> Option<bool> {
        match self.node.value {
            Value::Boolean(value) => Some(value),
            _ => {
                self.wrong_kind("true or false");
                None
            }
        }
    }

    /// A whole number.
    pub fn integer(&self) -> Option<i64> {
        match self.node.value {
            Value::Integer(Some(value)) => Some(value),
            _ => {
                self.wrong_kind("a whole number");
                None
            }
        }
    }

    /// A whole number in this range.
    pub fn integer_in(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.integer()?;
        self.within(value, &range)
    }

    /// A number that is not infinite; whole numbers are numbers too.
    pub fn number(&self) -> Option<f64> {
        match self.node.value {
            Value::Integer(Some(value)) => Some(value as f64),
            Value::Float(Some(value)) if value.is_finite() => Some(value),
            _ => {
                self.wrong_kind("a number");
                None
            }
        }
    }

    /// A number in this range.
    pub fn number_in(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let value = self.number()?;
        self.within(value, &range)
    }

    /// The value, if it lies in the range; else a problem that names both.
    pub fn within<T: PartialOrd + Display + Copy>(
        &self,
        value: T,
        range: &RangeInclusive<T>,
    ) -> Option<T> {
        if range.contains(&value) {
            return Some(value);
        }
        let (side, limit) = if value < *range.start() {
            ("below", range.start())
        } else {
            ("above", range.end())
        };
        let shown = self.shown();
        let shown = shown.trim_matches('"');
        self.push(
            self.problem(format!("{shown} is {side} {limit}"))
                .expected(format!("from {} to {}", range.start(), range.end())),
        );
        None
    }

    /// One of these words, with what each stands for.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<At<T>> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let text = self.text(&one_of(&names))?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(self.at(*value));
        }
        let near = quantity::nearest(text, names.iter().copied());
        self.push(
            self.problem(format!("'{text}' is none of the words that may stand here"))
                .expected(one_of(&names))
                .nearest(near),
        );
        None
    }

    /// The items of a list.
    pub fn list(&self) -> Option<Vec<Item<'a>>> {
        let (file, sink) = (self.file, self.sink);
        match &self.node.value {
            Value::Array(nodes) => {
                Some(nodes.iter().map(|node| Item { file, node, sink }).collect())
            }
            _ => {
                self.wrong_kind("a list");
                None
            }
        }
    }

    /// A table.
    pub fn table(&self) -> Option<Table<'a>> {
        match &self.node.value {
            Value::Table(entries) => Some(Table::new(
                self.file,
                entries,
                self.node.span.clone(),
                self.sink,
            )),
            _ => {
                self.wrong_kind("a table");
                None
            }
        }
    }

    /// The value as it stands in the file, for messages.
    #[must_use]
    pub fn shown(&self) -> String {
        self.span().text().to_owned()
    }
}
