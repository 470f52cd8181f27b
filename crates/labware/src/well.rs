//! Wells by row and column.

use std::fmt;

/// A well: row and column counted from zero; `A1` is `(0, 0)`.
///
/// Rows are lettered A to Z, then AA to AF, as on 1536-well plates (ANSI/SLAS 4-2004).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Well {
    /// Row from the top, from zero.
    pub row: u8,
    /// Column from the left, from zero.
    pub column: u8,
}

/// A text that names no well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WellError(pub String);

impl fmt::Display for WellError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a well such as 'A1' or 'P24'", self.0)
    }
}

impl std::error::Error for WellError {}

impl Well {
    /// The well at this row and column, both from zero.
    #[must_use]
    pub const fn new(row: u8, column: u8) -> Self {
        Self { row, column }
    }

    /// Its index in row-major order on a plate with `columns` columns.
    #[must_use]
    pub const fn index(self, columns: u8) -> usize {
        self.row as usize * columns as usize + self.column as usize
    }

    /// The well with this row-major index on a plate with `columns` columns.
    #[must_use]
    pub const fn from_index(index: usize, columns: u8) -> Self {
        Self {
            row: (index / columns as usize) as u8,
            column: (index % columns as usize) as u8,
        }
    }
}

impl fmt::Display for Well {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |n: u8| char::from(b'A' + n);
        if self.row >= 26 {
            write!(f, "{}", letter(self.row / 26 - 1))?;
        }
        write!(f, "{}{}", letter(self.row % 26), u16::from(self.column) + 1)
    }
}

impl fmt::Debug for Well {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Well {
    type Err = WellError;

    fn from_str(text: &str) -> Result<Self, WellError> {
        let wrong = || WellError(text.to_owned());
        let split = text.find(|c: char| c.is_ascii_digit()).ok_or_else(wrong)?;
        let (letters, digits) = text.split_at(split);
        let row = match letters.as_bytes() {
            [c] if c.is_ascii_alphabetic() => c.to_ascii_uppercase() - b'A',
            [a, b] if a.eq_ignore_ascii_case(&b'A') && b.is_ascii_alphabetic() => {
                26 + b.to_ascii_uppercase() - b'A'
            }
            _ => return Err(wrong()),
        };
        let column: u8 = digits.parse().map_err(|_| wrong())?;
        if column == 0 {
            return Err(wrong());
        }
        Ok(Self {
            row,
            column: column - 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_indices_agree() {
        for (name, row, column) in [
            ("A1", 0, 0),
            ("H12", 7, 11),
            ("P24", 15, 23),
            ("AF48", 31, 47),
        ] {
            let well: Well = name.parse().unwrap();
            assert_eq!(well, Well::new(row, column));
            assert_eq!(well.to_string(), name);
        }
        for index in 0..384 {
            assert_eq!(Well::from_index(index, 24).index(24), index);
        }
        for bad in ["", "A", "1", "A0", "BA1", "A999", "Ä1"] {
            assert!(bad.parse::<Well>().is_err(), "{bad}");
        }
    }
}
