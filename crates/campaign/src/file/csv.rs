//! Tables in CSV files (RFC 4180).

use super::files::Files;
use source::{At, File, Item, Problem, Sink, Span};
use std::sync::Arc;

/// A table of texts.
#[derive(Debug)]
pub(super) struct Csv {
    /// Names of the columns, if the first line holds them.
    pub header: Option<Vec<String>>,
    /// The rows, without the header.
    pub rows: Vec<Vec<String>>,
    /// Columns of the first row.
    width: usize,
    file: Arc<File>,
    /// The line on which each row begins, from 1.
    lines: Vec<usize>,
}

/// Opens a table of the data folder.
pub(super) fn open(name: &At<String>, header: bool, files: &dyn Files, sink: &Sink) -> Option<Csv> {
    let (path, text) = match files.data(&name.value) {
        Ok(found) => found,
        Err(error) => {
            let mut problem = Problem::error(format!("data file '{}': {}", name.value, error.what))
                .at(&name.span);
            problem.help = error.help;
            sink.push(problem);
            return None;
        }
    };
    let shown = path.display().to_string();
    match parse(&shown, &text, header) {
        Ok(csv) if csv.rows.is_empty() => {
            sink.push(
                Problem::error("the table has no row")
                    .in_file(&shown)
                    .expected("a row for each point"),
            );
            None
        }
        Ok(csv) => Some(csv),
        Err(problem) => {
            sink.push(*problem);
            None
        }
    }
}

/// Reads a table; every row must have as many cells as the first.
pub(super) fn parse(path: &str, text: &str, header: bool) -> Result<Csv, Box<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file = File::new(path, text);
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    let (mut row, mut cell) = (Vec::new(), String::new());
    let (mut quoted, mut line, mut begun) = (false, 1, 1);
    let mut characters = text.chars().peekable();
    let mut end = |row: &mut Vec<String>, cell: &mut String, begun: usize| {
        row.push(std::mem::take(cell));
        let whole = std::mem::take(row);
        if whole.len() > 1 || !whole[0].is_empty() {
            rows.push(whole);
            lines.push(begun);
        }
    };
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                cell.push('"');
                characters.next();
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                end(&mut row, &mut cell, begun);
                line += 1;
                begun = line;
            }
            _ => {
                line += usize::from(c == '\n');
                cell.push(c);
            }
        }
    }
    if quoted {
        return Err(Box::new(
            Problem::error("a quote is opened and never closed").at(&file.line(begun)),
        ));
    }
    end(&mut row, &mut cell, begun);
    let width = rows.first().map_or(0, Vec::len);
    if let Some(at) = rows.iter().position(|row| row.len() != width) {
        return Err(Box::new(
            Problem::error(match rows[at].len() {
                1 => "this row has 1 cell".to_owned(),
                cells => format!("this row has {cells} cells"),
            })
            .at(&file.line(lines[at]))
            .expected(format!("{width} cells, as in the first row")),
        ));
    }
    let header = (header && !rows.is_empty()).then(|| {
        lines.remove(0);
        rows.remove(0)
    });
    Ok(Csv {
        header,
        rows,
        width,
        file,
        lines,
    })
}

impl Csv {
    /// The column that an item names, or counts from 1 where the table has no header.
    pub(super) fn column(&self, item: &Item) -> Option<usize> {
        if item.is_number() {
            let column = item.integer()?;
            if (1..=self.width as i64).contains(&column) {
                return usize::try_from(column - 1).ok();
            }
            item.push(
                item.problem(format!("{} has no column {column}", self.path()))
                    .expected(format!("a number from 1 to {}", self.width)),
            );
            return None;
        }
        let name = item.read::<String>()?;
        let names = self.header.as_deref().unwrap_or_default();
        let found = names.iter().position(|column| *column == name.value);
        if found.is_none() {
            let mut problem =
                Problem::unknown_name("column", &name, names.iter().map(String::as_str));
            if self.header.is_none() {
                problem = problem.expected(format!(
                    "a number from 1 to {}: the table has no header",
                    self.width
                ));
            }
            item.push(problem);
        }
        found
    }

    /// The file's path, for messages.
    pub(super) fn path(&self) -> &str {
        self.file.path()
    }

    /// The file's text.
    pub(super) fn text(&self) -> Arc<str> {
        self.file.text().into()
    }

    /// Where a row stands.
    pub(super) fn span(&self, row: usize) -> Span {
        self.file.line(self.lines[row])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_commas_and_lines() {
        let csv = parse("t.csv", "a,b\n\"1,5\",\"say \"\"x\"\"\ny\"\r\n2,3\n", true).unwrap();
        assert_eq!(csv.header, Some(vec!["a".into(), "b".into()]));
        assert_eq!(csv.rows, [["1,5", "say \"x\"\ny"], ["2", "3"]]);
        assert_eq!(csv.lines, [2, 4]);
    }

    #[test]
    fn ragged_and_open_tables_are_refused() {
        let ragged = parse("t.csv", "a,b\n1\n", true).unwrap_err().to_string();
        assert!(
            ragged.contains("this row has 1 cell") && ragged.contains("t.csv:2"),
            "{ragged}"
        );
        assert!(parse("t.csv", "a,\"b\n", true).is_err());
    }
}
