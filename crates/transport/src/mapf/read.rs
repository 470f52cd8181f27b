//! Reading MovingAI maps and scenarios, and lists of errands.

use super::{Cell, Grid, Instance};
use std::sync::Arc;
use thiserror::Error;

/// Why a text is not a map, scenario or list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct MapError {
    /// Counted from one.
    pub line: usize,
    /// What was found and what was expected.
    pub what: String,
}

fn wrong<T>(line: usize, what: impl Into<String>) -> Result<T, MapError> {
    Err(MapError {
        line,
        what: what.into(),
    })
}

/// A MovingAI `.map`: `type`, `height H`, `width W`, `map`, then H rows. `@`, `T`, `O` and `W` are
/// blocked; anything else may be entered (`E` and `S` are endpoints of warehouses).
///
/// # Errors
/// The first line that is not as expected.
pub fn read_map(text: &str) -> Result<Grid, MapError> {
    let mut size = [None, None];
    let mut lines = text.lines().enumerate();
    for (i, line) in lines.by_ref() {
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some(key @ ("height" | "width")), Some(number)) => match number.parse::<usize>() {
                Ok(n) if n > 0 && n < 65_536 => size[usize::from(key == "width")] = Some(n),
                _ => return wrong(i + 1, format!("`{number}` is not a {key} of 1 to 65535")),
            },
            (Some("map"), _) => break,
            (Some("type") | None, _) => {}
            (Some(other), _) => {
                return wrong(
                    i + 1,
                    format!("found `{other}`, expected type, height, width or map"),
                );
            }
        }
    }
    let [Some(height), Some(width)] = size else {
        return wrong(1, "height and width must come before the rows");
    };
    let mut free = Vec::with_capacity(width * height);
    for row in 0..height {
        let Some((i, line)) = lines.next() else {
            return wrong(
                row + 5,
                format!("the map ends after {row} of {height} rows"),
            );
        };
        let found = line.chars().count();
        if found < width {
            return wrong(i + 1, format!("the row has {found} of {width} cells"));
        }
        free.extend(
            line.chars()
                .take(width)
                .map(|c| !matches!(c, '@' | 'T' | 'O' | 'W')),
        );
    }
    Ok(Grid::new(width, height, &free))
}

/// A MovingAI `.scen`: its first agents on a map, or all.
///
/// # Errors
/// The first line that is not as expected; starts and goals must be free cells, all different.
pub fn read_scenario(
    grid: &Arc<Grid>,
    text: &str,
    agents: Option<usize>,
) -> Result<Instance, MapError> {
    let rows = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let agents = agents.unwrap_or_else(|| rows.count());
    let mut instance = Instance {
        grid: Arc::clone(grid),
        starts: Vec::with_capacity(agents),
        goals: Vec::with_capacity(agents),
    };
    let mut taken = [vec![false; grid.cells()], vec![false; grid.cells()]];
    for (i, line) in text.lines().enumerate().skip(1) {
        if instance.starts.len() == agents {
            break;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if words.len() < 9 {
            return wrong(i + 1, format!("{} of 9 columns", words.len()));
        }
        for (k, what) in [(4, "start"), (6, "goal")] {
            let number = |word: &str| word.parse::<usize>().ok();
            let cell = number(words[k])
                .zip(number(words[k + 1]))
                .and_then(|(x, y)| grid.cell(x, y));
            let Some(cell) = cell else {
                let (x, y) = (words[k], words[k + 1]);
                return wrong(i + 1, format!("the {what} ({x}, {y}) is not a free cell"));
            };
            let seen = &mut taken[usize::from(k == 6)][cell as usize];
            if std::mem::replace(seen, true) {
                return wrong(i + 1, format!("two agents have the same {what}"));
            }
            if k == 4 {
                instance.starts.push(cell);
            } else {
                instance.goals.push(cell);
            }
        }
    }
    if instance.starts.len() < agents {
        let found = instance.starts.len();
        return wrong(
            1,
            format!("the scenario has {found} agents, {agents} were asked for"),
        );
    }
    Ok(instance)
}

/// A list of places (row * width + column), one a line after their number: agents or errands of
/// the League of Robot Runners 2023.
///
/// # Errors
/// The first line that is not as expected.
pub fn read_errands(grid: &Grid, text: &str) -> Result<Vec<Cell>, MapError> {
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
    let count = match lines.next() {
        Some((i, line)) => match line.trim().parse::<usize>() {
            Ok(n) => n,
            Err(_) => return wrong(i + 1, format!("`{line}` is not a number of lines")),
        },
        None => return wrong(1, "the list is empty"),
    };
    let mut cells = Vec::with_capacity(count.min(1 << 20));
    for (i, line) in lines.take(count) {
        let place = line.trim().parse::<usize>().ok();
        let cell = place.and_then(|p| grid.cell(p % grid.width(), p / grid.width()));
        match cell {
            Some(cell) => cells.push(cell),
            None => return wrong(i + 1, format!("`{line}` is not a free cell of the map")),
        }
    }
    if cells.len() < count {
        let found = cells.len();
        return wrong(1, format!("{found} of {count} places"));
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "type octile\nheight 2\nwidth 3\nmap\n.@.\n...\n";

    #[test]
    fn maps_and_scenarios() {
        let grid = Arc::new(read_map(MAP).unwrap());
        assert_eq!(grid.cells(), 5);
        assert_eq!(grid.cell(1, 0), None);
        let scen = "version 1\n0\tm\t3\t2\t0\t0\t2\t0\t4\n0\tm\t3\t2\t2\t0\t0\t0\t4\n";
        let instance = read_scenario(&grid, scen, Some(2)).unwrap();
        assert_eq!(instance.starts, [0, 1]);
        assert_eq!(instance.goals, [1, 0]);
        assert_eq!(read_errands(&grid, "2\n5\n0\n").unwrap(), [4, 0]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let text = |e: MapError| e.to_string();
        assert_eq!(
            text(read_map("height 2\nwidth x\n").unwrap_err()),
            "line 2: `x` is not a width of 1 to 65535"
        );
        assert_eq!(
            text(read_map("height 2\nwidth 3\nmap\n...\n").unwrap_err()),
            "line 6: the map ends after 1 of 2 rows"
        );
        let grid = Arc::new(read_map(MAP).unwrap());
        let scen = "version 1\n0\tm\t3\t2\t1\t0\t2\t0\t4\n";
        assert_eq!(
            text(read_scenario(&grid, scen, None).unwrap_err()),
            "line 2: the start (1, 0) is not a free cell"
        );
        assert_eq!(
            text(read_errands(&grid, "2\n1\n").unwrap_err()),
            "line 2: `1` is not a free cell of the map"
        );
    }
}
