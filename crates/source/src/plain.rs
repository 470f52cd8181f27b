//! A problem as a plain record, for programs.

use crate::problem::Problem;

/// A problem as a record: what `--json` prints and an editor shows.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Plain {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// One sentence.
    pub message: String,
    /// The file, as the person named it.
    pub file: Option<String>,
    /// Line of the first character, from 1.
    pub line: Option<usize>,
    /// Column of the first character, from 1, in characters.
    pub column: Option<usize>,
    /// Line of the end.
    pub end_line: Option<usize>,
    /// Column behind the last character.
    pub end_column: Option<usize>,
    /// Where it stands in the file's tables: `station[2].instruments[0].kind`.
    pub path: Option<String>,
    /// What was found.
    pub found: Option<String>,
    /// What would have been right.
    pub expected: Option<String>,
    /// The nearest right thing.
    pub nearest: Option<String>,
    /// Other places that matter (`file:line:column: what`), and remarks.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    /// The problem as a record.
    #[must_use]
    pub fn plain(&self) -> Plain {
        let span = self.span.as_ref();
        let start = span.map(|s| s.file().position(s.start));
        let end = span.map(|s| s.file().position(s.end));
        let shown = |s: &crate::Span| s.text().to_owned();
        Plain {
            severity: self.severity.name(),
            message: self.message.clone(),
            file: span
                .map(|s| s.file().path().to_owned())
                .or_else(|| self.file.clone()),
            line: start.map(|p| p.0),
            column: start.map(|p| p.1),
            end_line: end.map(|p| p.0),
            end_column: end.map(|p| p.1),
            path: span.map(crate::Span::path).filter(|p| !p.is_empty()),
            found: self
                .found
                .clone()
                .or_else(|| span.map(shown).filter(|text| !text.is_empty())),
            expected: self.expected.clone(),
            nearest: self.nearest.clone(),
            notes: self
                .notes
                .iter()
                .map(|(span, what)| match span {
                    Some(span) => format!("{span:?}: {what}"),
                    None => what.clone(),
                })
                .collect(),
            help: self.help.clone(),
        }
    }
}
