//! QAPLIB files: numbers between blanks, lines of any length.

use super::{Instance, Solution, UNITS_MAX};
use std::fmt::Write as _;
use thiserror::Error;

/// Why a text is not an instance or a solution.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct FormatError {
    /// Counted from one; 0 where it is about the whole.
    pub line: usize,
    /// What was found and what was expected.
    pub what: String,
}

/// What a file says about its own optimum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// The proven least cost.
    pub optimum: Option<i64>,
    /// A cost below which there is none.
    pub bound: Option<i64>,
    /// The least cost that anyone has found.
    pub best_known: Option<i64>,
}

/// Numbers with their lines.
fn numbers(text: &str) -> Result<Vec<(usize, i64)>, FormatError> {
    let mut numbers = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for word in line.split(|c: char| c.is_whitespace() || c == ',') {
            if word.is_empty() {
                continue;
            }
            match word.parse::<i64>() {
                Ok(number) => numbers.push((index + 1, number)),
                Err(_) => {
                    return Err(FormatError {
                        line: index + 1,
                        what: format!("found '{word}', expected a whole number"),
                    });
                }
            }
        }
    }
    Ok(numbers)
}

/// Reads an instance: `n`, the flows and the distances (`.dat`), or `n optimum best-known` and the
/// same matrices (`.qap`; an optimum below zero is a bound with its sign turned).
///
/// # Errors
/// The first thing that is not as expected, with its line.
pub fn read_instance(text: &str) -> Result<(Instance, Stated), FormatError> {
    let all = numbers(text)?;
    let Some(&(line, n)) = all.first() else {
        return Err(FormatError {
            line: 1,
            what: "the file is empty; expected the number of units".into(),
        });
    };
    let Some(n) = usize::try_from(n)
        .ok()
        .filter(|n| (1..=UNITS_MAX).contains(n))
    else {
        return Err(FormatError {
            line,
            what: format!("found {n} units, expected 1 to {UNITS_MAX}"),
        });
    };
    let head = all.iter().take_while(|(at, _)| *at == line).count();
    let (skip, stated) = if head == 3 && all.len() == 3 + 2 * n * n {
        let (optimum, best) = (all[1].1, all[2].1);
        let stated = Stated {
            optimum: (optimum >= 0).then_some(optimum),
            bound: Some(optimum.abs()),
            best_known: Some(best),
        };
        (3, stated)
    } else {
        (1, Stated::default())
    };
    let found = all.len() - skip;
    if found != 2 * n * n {
        return Err(FormatError {
            line: all.last().map_or(1, |last| last.0),
            what: format!(
                "found {found} numbers after the head, expected {} for two matrices of {n} by {n}",
                2 * n * n
            ),
        });
    }
    let matrix = |from: usize| all[from..from + n * n].iter().map(|x| x.1).collect();
    let instance = Instance::new(n, matrix(skip), matrix(skip + n * n))?;
    Ok((instance, stated))
}

/// Reads a solution: `n cost` and the place of each unit, counted from one (`.sln`). The cost is as
/// the file states it; [`Solution::holds`] tells whether it is so.
///
/// # Errors
/// The first thing that is not as expected, with its line.
pub fn read_solution(text: &str) -> Result<Solution, FormatError> {
    let all = numbers(text)?;
    let wrong = |line: usize, what: String| Err(FormatError { line, what });
    let [(line, n), (_, cost), places @ ..] = all.as_slice() else {
        return wrong(1, "expected the number of units and the cost".into());
    };
    if usize::try_from(*n) != Ok(places.len()) {
        return wrong(
            *line,
            format!("found {} places for {n} units", places.len()),
        );
    }
    let mut read = Vec::with_capacity(places.len());
    for (line, place) in places {
        match usize::try_from(*place) {
            Ok(place) if (1..=places.len()).contains(&place) => read.push(place - 1),
            _ => return wrong(*line, format!("found place {place}, expected 1 to {n}")),
        }
    }
    Ok(Solution {
        places: read,
        cost: *cost,
    })
}

/// Writes a solution as [`read_solution`] reads it.
#[must_use]
pub fn write_solution(solution: &Solution) -> String {
    let mut text = format!("{} {}\n", solution.places.len(), solution.cost);
    for (index, place) in solution.places.iter().enumerate() {
        let gap = if index == 0 { "" } else { " " };
        let _ = write!(text, "{gap}{}", place + 1);
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TINY: &str = "3\n0 5 2\n5 0 3\n2 3 0\n\n0 8 15\n8 0 13\n15 13 0\n";

    #[test]
    fn both_heads_are_read() {
        let (instance, stated) = read_instance(TINY).unwrap();
        assert_eq!((instance.size(), stated), (3, Stated::default()));
        assert_eq!(instance.cost(&[0, 1, 2]), 2 * (5 * 8 + 2 * 15 + 3 * 13));
        let with_bound = TINY.replacen('3', "3 -100 210", 1);
        let (again, stated) = read_instance(&with_bound).unwrap();
        assert_eq!(again, instance);
        let expected = Stated {
            optimum: None,
            bound: Some(100),
            best_known: Some(210),
        };
        assert_eq!(stated, expected);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let error = read_instance(&TINY.replace("13 0\n", "13\n")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 8: found 17 numbers after the head, expected 18 for two matrices of 3 by 3"
        );
        let error = read_instance("2\n0 1\nx 0\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 3: found 'x', expected a whole number"
        );
        let error = read_solution("2 5\n1 3\n").unwrap_err();
        assert_eq!(error.to_string(), "line 2: found place 3, expected 1 to 2");
    }

    #[test]
    fn a_solution_survives_its_file() {
        let (instance, _) = read_instance(TINY).unwrap();
        let places = vec![2, 0, 1];
        let cost = instance.cost(&places);
        let solution = Solution { places, cost };
        assert!(solution.holds(&instance));
        assert_eq!(read_solution(&write_solution(&solution)), Ok(solution));
    }

    #[test]
    fn costs_that_could_overflow_are_refused() {
        let huge = vec![1_i64 << 40; 4];
        assert!(Instance::new(2, huge.clone(), huge).is_err());
    }
}
