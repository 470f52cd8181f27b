//! Problems: what is wrong in a file, for people and for programs.

use crate::file::{At, Span};
use std::cell::RefCell;
use std::fmt;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It can't work: nothing is done with the file.
    Error,
    /// It works, but is probably not what was meant.
    Warning,
}

impl Severity {
    /// The word that is shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// Something wrong in a file. Built by chaining: `Problem::error("…").at(&span).expected("…").help("…")`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// One sentence without a full stop: what is wrong, with the value in quotes.
    pub message: String,
    /// Where, if it has a place.
    pub span: Option<Span>,
    /// In which file, where there is no place in it.
    pub file: Option<String>,
    /// What was found, where the line shown doesn't say it.
    pub found: Option<String>,
    /// What would have been right.
    pub expected: Option<String>,
    /// The nearest right thing.
    pub nearest: Option<String>,
    /// Other places that matter, each with what is there.
    pub notes: Vec<(Option<Span>, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Problem {
    fn new(severity: Severity, message: String) -> Self {
        Self {
            severity,
            message,
            span: None,
            file: None,
            found: None,
            expected: None,
            nearest: None,
            notes: Vec::new(),
            help: None,
        }
    }

    /// Something that can't work.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    /// Something that works but is probably not meant.
    #[must_use]
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    /// A name that nothing has, with the nearest of those there are; lists them if they are few.
    #[must_use]
    pub fn unknown_name<'n>(
        kind: &str,
        name: &At<String>,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Self {
        /// More names than this are not listed.
        const LISTED: usize = 24;
        let names: Vec<&str> = names.into_iter().collect();
        let mut problem =
            Self::error(format!("no {kind} is called '{}'", name.value)).at(&name.span);
        problem.nearest = quantity::nearest(&name.value, names.iter().copied()).map(str::to_owned);
        if names.is_empty() {
            problem.expected = Some(format!("the name of a {kind}, but there is none"));
        } else if names.len() <= LISTED {
            problem.expected = Some(one_of(&names));
        }
        problem
    }

    /// Where it is.
    #[must_use]
    pub fn at(mut self, span: &Span) -> Self {
        self.span = Some(span.clone());
        self
    }

    /// In which file it is, where there is no place in it.
    #[must_use]
    pub fn in_file(mut self, path: &str) -> Self {
        self.file = Some(path.to_owned());
        self
    }

    /// What was found, where the line shown doesn't say it.
    #[must_use]
    pub fn found(mut self, found: impl Into<String>) -> Self {
        self.found = Some(found.into());
        self
    }

    /// What would have been right.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// The nearest right thing.
    #[must_use]
    pub fn nearest(mut self, nearest: Option<impl Into<String>>) -> Self {
        self.nearest = nearest.map(Into::into);
        self
    }

    /// Another place that matters, with what is there.
    #[must_use]
    pub fn note(mut self, span: &Span, what: impl Into<String>) -> Self {
        self.notes.push((Some(span.clone()), what.into()));
        self
    }

    /// A remark without a place.
    #[must_use]
    pub fn remark(mut self, what: impl Into<String>) -> Self {
        self.notes.push((None, what.into()));
        self
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it can't work.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `one of a, b, c`, or the only one.
pub(crate) fn one_of(names: &[&str]) -> String {
    match names {
        [only] => (*only).to_owned(),
        _ => format!("one of {}", names.join(", ")),
    }
}

/// Problems, in the order of the files and places where they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Each problem.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many of them are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.0.iter().filter(|p| p.is_error()).count()
    }

    /// With those of another file or check.
    pub fn extend(&mut self, other: Problems) {
        self.0.extend(other.0);
        self.sort();
    }

    fn sort(&mut self) {
        self.0
            .sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message)));
    }
}

fn key(problem: &Problem) -> (&str, usize, usize, Severity) {
    let (file, start, end) = problem.span.as_ref().map_or(
        (problem.file.as_deref().unwrap_or_default(), 0, 0),
        Span::order,
    );
    (file, start, end, problem.severity)
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<I: IntoIterator<Item = Problem>>(items: I) -> Self {
        let mut problems = Self(items.into_iter().collect());
        problems.sort();
        problems
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl std::error::Error for Problems {}

/// Where readers and checks put what they find wrong, and go on.
#[derive(Debug, Default)]
pub struct Sink(RefCell<Vec<Problem>>);

impl Sink {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a problem.
    pub fn push(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// Takes several.
    pub fn extend(&self, problems: impl IntoIterator<Item = Problem>) {
        self.0.borrow_mut().extend(problems);
    }

    /// How many errors it has; a check that needs sound input compares before and after.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.0.borrow().iter().filter(|p| p.is_error()).count()
    }

    /// What it has.
    #[must_use]
    pub fn into_problems(self) -> Problems {
        self.0.into_inner().into_iter().collect()
    }

    /// The value with the warnings, if there was no error.
    ///
    /// # Errors
    /// Every problem, warnings too, if one of them is an error.
    pub fn finish<T>(self, value: T) -> Result<(T, Problems), Problems> {
        let problems = self.into_problems();
        if problems.errors() == 0 {
            Ok((value, problems))
        } else {
            Err(problems)
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::render::problem(self, f)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}
