//! Job shops and flexible job shops in the classic text formats: whole numbers, blanks between.
//!
//! Job shop (`jsp`): comment lines with `#`, then `jobs machines`, then a line per job with pairs
//! `machine time`. Flexible (`fjsp`): `jobs machines [anything]`, then a line per job: the number of its
//! operations, and for each the number `k` of machines that can do it and `k` pairs `machine time`.
//! Machines count from 0. The objective is the makespan.

use serde::{Deserialize, Serialize};

/// An instance. A job may visit a machine again, and jobs may differ in length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobShop {
    /// How many machines there are.
    pub machines: usize,
    /// By job and operation: machines that can do it, with the time that each takes.
    pub jobs: Vec<Vec<Vec<(usize, i64)>>>,
}

/// An operation in a solution.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Slot {
    /// The machine that does it.
    pub machine: usize,
    /// When it begins.
    pub start: i64,
}

/// A solution, `jobshop-solution-1`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Solution {
    /// `jobshop-solution-1`.
    pub format: String,
    /// Name of the instance.
    pub instance: String,
    /// When the last operation ends.
    pub makespan: i64,
    /// A makespan that no solution can beat.
    pub bound: i64,
    /// By job, its operations in order.
    pub jobs: Vec<Vec<Slot>>,
}

impl JobShop {
    /// Reads either format; which one it is follows from how many numbers the lines have.
    ///
    /// # Errors
    /// What is wrong with the text, with its line.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let numbers = line
                .split_whitespace()
                .map(|word| {
                    // The third number of the first line of a flexible job shop may be a fraction.
                    word.parse::<i64>()
                        .or_else(|_| word.parse::<f64>().map(|f| f as i64))
                        .map_err(|_| format!("line {}: '{word}' is not a number", number + 1))
                })
                .collect::<Result<Vec<i64>, String>>()?;
            lines.push((number + 1, numbers));
        }
        let Some(((_, head), rows)) = lines.split_first() else {
            return Err("the file is empty; expected 'jobs machines' first".to_owned());
        };
        let [jobs, machines, ..] = head[..] else {
            return Err("line 1: expected 'jobs machines'".to_owned());
        };
        if jobs < 1 || machines < 1 || rows.len() < jobs as usize {
            return Err(format!(
                "{jobs} jobs on {machines} machines are announced, but {} lines of jobs follow",
                rows.len()
            ));
        }
        let rows = &rows[..jobs as usize];
        let machines = machines as usize;
        let parsed: Vec<_> = rows.iter().map(|(_, row)| flexible(row)).collect();
        let read = if parsed.iter().all(Option::is_some) {
            parsed.into_iter().flatten().collect()
        } else {
            rows.iter()
                .map(|(line, row)| {
                    if row.len() % 2 == 1 {
                        return Err(format!(
                            "line {line}: {} numbers; expected pairs of machine and time, or for a \
                             flexible job shop the number of operations and their alternatives",
                            row.len()
                        ));
                    }
                    Ok(row
                        .chunks_exact(2)
                        .map(|pair| vec![(pair[0] as usize, pair[1])])
                        .collect())
                })
                .collect::<Result<Vec<Vec<Vec<(usize, i64)>>>, String>>()?
        };
        let shop = Self {
            machines,
            jobs: read,
        };
        for ((line, _), job) in rows.iter().zip(&shop.jobs) {
            for &(machine, time) in job.iter().flatten() {
                if machine >= machines {
                    return Err(format!(
                        "line {line}: machine {machine}, but there are {machines}, counted from 0"
                    ));
                }
                if !(0..1 << 40).contains(&time) {
                    return Err(format!("line {line}: a time of {time}; expected 0 or more"));
                }
            }
        }
        Ok(shop)
    }

    /// Whether every operation has one machine only.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.jobs.iter().flatten().all(|options| options.len() == 1)
    }

    /// How many operations there are.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.jobs.iter().map(Vec::len).sum()
    }
}

/// A line of a flexible job shop, if it is one.
fn flexible(row: &[i64]) -> Option<Vec<Vec<(usize, i64)>>> {
    let mut numbers = row.iter().copied();
    let count = usize::try_from(numbers.next()?).ok()?;
    let mut job = Vec::new();
    for _ in 0..count {
        let options = numbers.next().filter(|&k| k > 0)?;
        let mut choice = Vec::new();
        for _ in 0..options {
            let machine = usize::try_from(numbers.next()?).ok()?;
            choice.push((machine, numbers.next()?));
        }
        job.push(choice);
    }
    numbers.next().is_none().then_some(job)
}

/// Everything that is wrong with a solution, read straight from the rules.
#[must_use]
pub fn check(shop: &JobShop, solution: &Solution) -> Vec<String> {
    let mut wrong = Vec::new();
    if solution.jobs.len() != shop.jobs.len() {
        wrong.push(format!(
            "{} jobs, expected {}",
            solution.jobs.len(),
            shop.jobs.len()
        ));
        return wrong;
    }
    let mut used: Vec<Vec<(i64, i64)>> = vec![Vec::new(); shop.machines];
    let mut makespan = 0;
    for (j, (job, plan)) in shop.jobs.iter().zip(&solution.jobs).enumerate() {
        if plan.len() != job.len() {
            wrong.push(format!("job {j} has {} operations", plan.len()));
            continue;
        }
        let mut ready = 0;
        for (k, (options, slot)) in job.iter().zip(plan).enumerate() {
            let Some(&(_, time)) = options.iter().find(|o| o.0 == slot.machine) else {
                wrong.push(format!(
                    "job {j} operation {k}: not on machine {}",
                    slot.machine
                ));
                continue;
            };
            if slot.start < ready {
                wrong.push(format!("job {j} operation {k} begins too early"));
            }
            ready = slot.start + time;
            if time > 0 {
                used[slot.machine].push((slot.start, ready));
            }
        }
        makespan = makespan.max(ready);
    }
    for (machine, list) in used.iter_mut().enumerate() {
        list.sort_unstable();
        if list.windows(2).any(|pair| pair[1].0 < pair[0].1) {
            wrong.push(format!("two operations at once on machine {machine}"));
        }
    }
    if makespan != solution.makespan {
        wrong.push(format!(
            "the makespan is {makespan}, not {}",
            solution.makespan
        ));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_told_apart() {
        let plain = JobShop::read("# a comment\n2 2\n0 3 1 2\n1 2 0 4\n").unwrap();
        assert!(plain.is_plain());
        assert_eq!(plain.jobs[1], [[(1, 2)], [(0, 4)]]);
        let flexible = JobShop::read("2 2 1.5\n2 1 0 3 2 0 4 1 2\n1 1 1 2\n").unwrap();
        assert!(!flexible.is_plain());
        assert_eq!(flexible.jobs[0][1], [(0, 4), (1, 2)]);
    }

    #[test]
    fn problems_name_the_line() {
        assert!(JobShop::read("1 1\n0 x\n").unwrap_err().contains("line 2"));
        assert!(
            JobShop::read("1 1\n3 5\n")
                .unwrap_err()
                .contains("machine 3")
        );
        assert!(JobShop::read("").is_err());
        assert!(JobShop::read("3 1\n0 1\n").is_err());
    }
}
