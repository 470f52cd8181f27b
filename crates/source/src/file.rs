//! Files and places in them.

use crate::document::Node;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A text file: its path as the person named it, and its text.
pub struct File {
    path: String,
    text: String,
    /// Byte offset of the start of each line.
    lines: Vec<usize>,
    /// What it says, if it is TOML.
    pub(crate) root: Option<Node>,
}

impl File {
    /// A text with the path under which problems name it. Any text: data files too.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self::with_root(path.into(), text.into(), None))
    }

    pub(crate) fn with_root(path: String, text: String, root: Option<Node>) -> Self {
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            path,
            text,
            lines,
            root,
        }
    }

    /// Its path as the person named it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The span of these bytes, cut to whole characters of the text.
    #[must_use]
    pub fn span(self: &Arc<Self>, bytes: Range<usize>) -> Span {
        let floor = |at: usize| {
            let mut at = at.min(self.text.len());
            while !self.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(bytes.start);
        Span {
            file: Arc::clone(self),
            start,
            end: floor(bytes.end).max(start),
        }
    }

    /// The span of a whole line, counted from 1; the end of the file for lines after the last.
    #[must_use]
    pub fn line(self: &Arc<Self>, line: usize) -> Span {
        let start = self
            .lines
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(self.text.len());
        self.span(start..start + self.line_text(start).len())
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    pub(crate) fn position(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|&start| start <= byte);
        let start = self.lines[line - 1];
        (line, self.text[start..byte].chars().count() + 1)
    }

    /// The text of the line that holds this byte, without its end.
    pub(crate) fn line_text(&self, byte: usize) -> &str {
        let line = self.lines.partition_point(|&start| start <= byte);
        let start = self.lines[line - 1];
        let end = self
            .lines
            .get(line)
            .map_or(self.text.len(), |next| next - 1);
        self.text[start..end].trim_end_matches('\r')
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("path", &self.path).finish()
    }
}

/// A stretch of a file.
#[derive(Clone)]
pub struct Span {
    pub(crate) file: Arc<File>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// The file that it is in.
    #[must_use]
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.file.text[self.start..self.end]
    }

    /// Line of its first character, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.file.position(self.start).0
    }

    /// Column of its first character, from 1, counted in characters.
    #[must_use]
    pub fn column(&self) -> usize {
        self.file.position(self.start).1
    }

    /// A part of it, by bytes from its start.
    #[must_use]
    pub fn part(&self, bytes: Range<usize>) -> Span {
        self.file
            .span(self.start + bytes.start..(self.start + bytes.end).min(self.end))
    }

    /// Where it stands in the file's tables: `station[2].instruments[0].kind`; empty at the top or
    /// in a file that is not TOML.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = String::new();
        if let Some(root) = &self.file.root
            && !self.is_whole_file()
        {
            root.path_of(self.start..self.end, &mut path);
        }
        path
    }

    /// Whether it stands for the whole file: nothing of it is to be shown.
    pub(crate) fn is_whole_file(&self) -> bool {
        self.end == 0
    }

    pub(crate) fn order(&self) -> (&str, usize, usize) {
        (&self.file.path, self.start, self.end)
    }
}

impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Span {}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.path, self.line(), self.column())
    }
}

/// A value with the place where it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> At<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At {
            value: change(self.value),
            span: self.span,
        }
    }
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
