//! Problems as a compiler shows them: the sentence, the place, the line with carets, what was
//! expected, what to do. Plain text: nothing is said by colour.

use crate::file::Span;
use crate::problem::Problem;
use std::fmt;

/// Longer lines are cut around the place.
const WIDTH: usize = 110;
/// Characters kept before the place when a line is cut.
const LEAD: usize = 40;

pub(crate) fn problem(problem: &Problem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "{}: {}",
        problem.severity.name(),
        printable(&problem.message)
    )?;
    let gutter = problem
        .span
        .iter()
        .chain(problem.notes.iter().filter_map(|(span, _)| span.as_ref()))
        .map(|span| span.line().to_string().len())
        .max()
        .unwrap_or(1);
    if let Some(span) = &problem.span {
        place(f, gutter, span, "")?;
    } else if let Some(file) = &problem.file {
        writeln!(f, "{:gutter$}--> {}", "", printable(file))?;
    }
    let fact = |f: &mut fmt::Formatter<'_>, name: &str, text: &Option<String>| match text {
        Some(text) => writeln!(f, "{:gutter$} = {name}: {}", "", printable(text)),
        None => Ok(()),
    };
    fact(f, "found", &problem.found)?;
    fact(f, "expected", &problem.expected)?;
    fact(f, "did you mean", &problem.nearest)?;
    for (span, what) in &problem.notes {
        match span {
            Some(span) => place(f, gutter, span, what)?,
            None => writeln!(f, "{:gutter$} = note: {}", "", printable(what))?,
        }
    }
    fact(f, "help", &problem.help)
}

fn place(f: &mut fmt::Formatter<'_>, gutter: usize, span: &Span, what: &str) -> fmt::Result {
    let (line, column) = span.file().position(span.start);
    let arrow = if what.is_empty() { "-->" } else { ":::" };
    write!(f, "{:gutter$}{arrow} {}", "", printable(span.file().path()))?;
    if !span.is_whole_file() {
        write!(f, ":{line}:{column}")?;
    }
    let path = span.path();
    if path.is_empty() {
        writeln!(f)?;
    } else {
        writeln!(f, "  ({})", printable(&path))?;
    }
    let text = span.file().line_text(span.start);
    if span.is_whole_file() || (text.trim().is_empty() && span.start == span.end) {
        if !what.is_empty() {
            writeln!(f, "{:gutter$} = note: {}", "", printable(what))?;
        }
        return Ok(());
    }
    let chars: Vec<char> = text.chars().map(printable_char).collect();
    let marked = span.text().lines().next().map_or(0, |l| l.chars().count());
    let from = column - 1;
    let (first, before) = if chars.len() > WIDTH && from > LEAD {
        (from - LEAD, "…")
    } else {
        (0, "")
    };
    let last = (first + WIDTH).min(chars.len());
    let after = if last < chars.len() { "…" } else { "" };
    let shown: String = chars.get(first..last).unwrap_or_default().iter().collect();
    let carets = marked.min(last.saturating_sub(from)).max(1);
    writeln!(f, "{:gutter$} |", "")?;
    writeln!(f, "{line:gutter$} | {before}{shown}{after}")?;
    let indent = from - first + before.chars().count();
    write!(f, "{:gutter$} | {:indent$}{}", "", "", "^".repeat(carets))?;
    if what.is_empty() {
        writeln!(f)
    } else {
        writeln!(f, " {}", printable(what))
    }
}

/// What would move the cursor or change the terminal is shown as a replacement character.
fn printable_char(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

fn printable(text: &str) -> String {
    text.chars().map(printable_char).collect()
}
