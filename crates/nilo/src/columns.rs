//! Tables of anyone's data: comma-separated files whose columns are named by options.

use crate::exit::Failure;
use crate::files;
use source::{File, Problem, Span};
use std::path::Path;
use std::sync::Arc;

/// Texts that mean that a value is not there.
const MISSING: [&str; 5] = ["", "NA", "NaN", "nan", "."];

/// So many of what is counted: `1 row`, `2 rows`.
#[must_use]
pub fn counted(count: usize, of: &str) -> String {
    format!("{count} {of}{}", if count == 1 { "" } else { "s" })
}

/// A table with named columns, all of whose rows are equally long.
#[derive(Debug)]
pub struct Columns {
    file: Arc<File>,
    /// The names of the columns.
    pub names: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The line on which each row begins, from one.
    lines: Vec<usize>,
    /// Whether numbers are written with a decimal comma.
    comma: bool,
}

/// What stands between cells, by the first line: a comma, or a semicolon or a tabulator where no comma does.
fn separator(text: &str) -> char {
    let mut quoted = false;
    let mut found = ',';
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            ',' => return ',',
            '\n' => break,
            ';' | '\t' => found = c,
            _ => {}
        }
    }
    found
}

impl Columns {
    /// Reads a file (RFC 4180; the first line holds the names). Semicolons or tabulators may stand for its commas, as
    /// spreadsheets write where a comma is the decimal point.
    ///
    /// # Errors
    /// Names the line that can't be read.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = files::text(path)?;
        Self::parse(&path.display().to_string(), &text).map_err(|p| Failure::problem(*p))
    }

    /// The two columns of a table that has no others, where nobody says which: what was set, and what came of it.
    ///
    /// # Errors
    /// If the table has more or fewer; says which option is missing.
    pub fn pair(&self, options: &str) -> Result<(String, String), Failure> {
        match self.names.as_slice() {
            [first, second] => Ok((first.clone(), second.clone())),
            names => Err(Failure::refused(format!(
                "which of the {} columns of {} is which? They are called {}",
                names.len(),
                self.path(),
                names.join(", ")
            ))
            .help(format!("name them with {options}"))),
        }
    }

    /// Reads a text.
    ///
    /// # Errors
    /// Names the line that can't be read.
    pub fn parse(path: &str, text: &str) -> Result<Self, Box<Problem>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let file = File::new(path, text);
        let separator = separator(text);
        let (mut rows, mut lines) = (Vec::new(), Vec::new());
        let (mut row, mut cell) = (Vec::new(), String::new());
        let (mut quoted, mut line, mut begun) = (false, 1, 1);
        let mut characters = text.chars().chain(['\n']).peekable();
        while let Some(c) = characters.next() {
            match c {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    cell.push('"');
                    characters.next();
                }
                '"' if quoted => quoted = false,
                '"' if cell.is_empty() => quoted = true,
                c if c == separator && !quoted => {
                    row.push(std::mem::take(&mut cell).trim().to_owned())
                }
                '\r' if !quoted && characters.peek() == Some(&'\n') => {}
                '\n' if !quoted => {
                    row.push(std::mem::take(&mut cell).trim().to_owned());
                    let whole = std::mem::take(&mut row);
                    if whole.len() > 1 || !whole[0].is_empty() {
                        rows.push(whole);
                        lines.push(begun);
                    }
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
        if rows.len() < 2 {
            return Err(Box::new(
                Problem::error("the table has no row")
                    .in_file(path)
                    .expected("a line with the names of columns, and a line for each row"),
            ));
        }
        let names = rows.remove(0);
        lines.remove(0);
        if let Some(at) = rows.iter().position(|row| row.len() != names.len()) {
            return Err(Box::new(
                Problem::error(format!("this row has {}", counted(rows[at].len(), "cell")))
                    .at(&file.line(lines[at]))
                    .expected(format!("{} in the first line", names.len())),
            ));
        }
        Ok(Self {
            file,
            names,
            rows,
            lines,
            comma: separator != ',',
        })
    }

    /// A cell as a number; `None` where it is none.
    fn number(&self, cell: &str) -> Option<f64> {
        let decimal = self.comma && cell.matches(',').count() == 1 && !cell.contains('.');
        let value: Option<f64> = if decimal {
            cell.replace(',', ".").parse().ok()
        } else {
            cell.parse().ok()
        };
        value.filter(|value| value.is_finite())
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row, which [`Columns::parse`] refuses.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there is a column of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// The place of a column that an option names.
    ///
    /// # Errors
    /// If there is none, with the nearest name.
    pub fn find(&self, name: &str) -> Result<usize, Failure> {
        self.names
            .iter()
            .position(|own| own == name)
            .ok_or_else(|| {
                let known = self.names.iter().map(String::as_str);
                let near = quantity::nearest(name, known).map(str::to_owned);
                Failure::problem(
                    Problem::error(format!("there is no column '{name}'"))
                        .in_file(self.file.path())
                        .expected(format!("one of {}", self.names.join(", ")))
                        .nearest(near),
                )
            })
    }

    /// The text of a cell.
    #[must_use]
    pub fn text(&self, row: usize, column: usize) -> &str {
        &self.rows[row][column]
    }

    /// The texts of a column.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>, Failure> {
        let column = self.find(name)?;
        Ok(self.rows.iter().map(|row| row[column].as_str()).collect())
    }

    /// The numbers of a column; `None` where a cell is empty or `NA`.
    ///
    /// # Errors
    /// If there is no such column, or a cell holds something else.
    pub fn numbers(&self, name: &str) -> Result<Vec<Option<f64>>, Failure> {
        let column = self.find(name)?;
        (0..self.rows.len())
            .map(|row| {
                let cell = self.text(row, column);
                if MISSING.contains(&cell) {
                    return Ok(None);
                }
                self.number(cell).map(Some).ok_or_else(|| {
                    Failure::problem(
                        Problem::error(format!("'{cell}' in column '{name}' is no number"))
                            .at(&self.line(row))
                            .expected("a number, or NA where there is none"),
                    )
                })
            })
            .collect()
    }

    /// Whether every cell of a column that is there is a number.
    #[must_use]
    pub fn is_numeric(&self, column: usize) -> bool {
        self.rows.iter().all(|row| {
            let cell = row[column].as_str();
            MISSING.contains(&cell) || self.number(cell).is_some()
        })
    }

    /// The place of a row in the file.
    #[must_use]
    pub fn line(&self, row: usize) -> Span {
        self.file.line(self.lines[row])
    }

    /// The line on which a row begins, from one.
    #[must_use]
    pub fn line_number(&self, row: usize) -> usize {
        self.lines[row]
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &str {
        self.file.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_and_their_faults_named() {
        let table =
            Columns::parse("a.csv", "name,y\n\"Ferguson, 1949\",\"0.5\"\r\nx,NA\n\n").unwrap();
        assert_eq!(table.len(), 2);
        assert_eq!(table.text(0, 0), "Ferguson, 1949");
        assert_eq!(table.numbers("y").unwrap(), [Some(0.5), None]);
        let missing = table.texts("nam").unwrap_err();
        assert!(
            missing
                .problems
                .unwrap()
                .to_string()
                .contains("did you mean: name")
        );
        let words = table
            .numbers("name")
            .unwrap_err()
            .problems
            .unwrap()
            .to_string();
        assert!(
            words.contains("a.csv:2") && words.contains("Ferguson, 1949"),
            "{words}"
        );
        let short = Columns::parse("a.csv", "a,b\n1\n").unwrap_err().to_string();
        assert!(short.contains("this row has 1 cell"), "{short}");
        assert!(Columns::parse("a.csv", "a,b\n\"1,2\n").is_err());
        assert!(Columns::parse("a.csv", "a,b\n").is_err());
    }

    #[test]
    fn a_spreadsheet_that_writes_decimal_commas_is_read() {
        let text = "\u{feff}name;\"y; mg\";z\r\n\"a, b\";0,5;1\r\nc;;1.5\r\n";
        let table = Columns::parse("a.csv", text).unwrap();
        assert_eq!(table.names, ["name", "y; mg", "z"]);
        assert_eq!(table.text(0, 0), "a, b");
        assert_eq!(table.numbers("y; mg").unwrap(), [Some(0.5), None]);
        assert_eq!(table.numbers("z").unwrap(), [Some(1.0), Some(1.5)]);
        assert!(table.is_numeric(1) && !table.is_numeric(0));
        let tabs = Columns::parse("a.tsv", "x\ty\n1\t2\n").unwrap();
        assert_eq!(tabs.numbers("y").unwrap(), [Some(2.0)]);
        // A decimal comma between commas is two cells.
        assert!(Columns::parse("a.csv", "x,y\n0,5,1\n").is_err());
    }
}
