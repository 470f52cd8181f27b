//! S-LAB: jobs of operations with precedences and 'time constraints by mutual boundaries', in four
//! tab-separated tables (Itoh et al. 2021, Arai et al. 2023).
//!
//! Tables are read by position, as headers differ: machines (id, type, name), operations (job,
//! operation, machine type, time, note), dependency (job, a, b: a ends before b begins), tcmb (job, a,
//! point, b, point, limit: the absolute difference of the two points is at most the limit). Transport is
//! an operation like any other; nothing blocks.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An operation, by job and number.
pub type Key = (i64, i64);

/// A limit on the distance of two points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcmb {
    /// One operation, and whether its end (or its begin) is meant.
    pub a: (Key, bool),
    /// The other.
    pub b: (Key, bool),
    /// The most that the two points may be apart.
    pub limit: i64,
}

/// An instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slab {
    /// Type by machine.
    pub machines: BTreeMap<i64, i64>,
    /// Machine type and time by operation.
    pub operations: BTreeMap<Key, (i64, i64)>,
    /// The first ends before the second begins.
    pub dependencies: Vec<(Key, Key)>,
    /// Time constraints.
    pub tcmb: Vec<Tcmb>,
}

/// An operation in a solution.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Placed {
    /// Job.
    pub job: i64,
    /// Operation of the job.
    pub operation: i64,
    /// Machine.
    pub machine: i64,
    /// Begin.
    pub start: i64,
}

/// A solution, `slab-solution-1`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Solution {
    /// `slab-solution-1`.
    pub format: String,
    /// Name of the instance.
    pub instance: String,
    /// When the last operation ends; the first may begin at 0.
    pub makespan: i64,
    /// A makespan that no solution can beat.
    pub bound: i64,
    /// All operations.
    pub operations: Vec<Placed>,
}

impl Slab {
    /// Reads the four tables.
    ///
    /// # Errors
    /// What is wrong, with table and line.
    pub fn read(
        machines: &str,
        operations: &str,
        dependency: &str,
        tcmb: &str,
    ) -> Result<Self, String> {
        let mut slab = Self::default();
        for row in rows("machines", machines) {
            slab.machines.insert(row.number(0)?, row.number(1)?);
        }
        for row in rows("operations", operations) {
            let key = (row.number(0)?, row.number(1)?);
            let kind = row.number(2)?;
            if !slab.machines.values().any(|&k| k == kind) {
                return row.wrong(&format!("machine type {kind}, of which there is none"));
            }
            if slab
                .operations
                .insert(key, (kind, row.number(3)?))
                .is_some()
            {
                return row.wrong("an operation that was there already");
            }
        }
        let known = |row: &Row, key: Key| {
            if slab.operations.contains_key(&key) {
                Ok(key)
            } else {
                row.wrong(&format!(
                    "operation {} of job {}, which is not there",
                    key.1, key.0
                ))
            }
        };
        for row in rows("dependency", dependency) {
            let job = row.number(0)?;
            let a = known(&row, (job, row.number(1)?))?;
            let b = known(&row, (job, row.number(2)?))?;
            slab.dependencies.push((a, b));
        }
        for row in rows("tcmb", tcmb) {
            let job = row.number(0)?;
            let a = known(&row, (job, row.number(1)?))?;
            let b = known(&row, (job, row.number(3)?))?;
            slab.tcmb.push(Tcmb {
                a: (a, row.is_end(2)?),
                b: (b, row.is_end(4)?),
                limit: row.number(5)?,
            });
        }
        Ok(slab)
    }
}

struct Row<'a> {
    table: &'a str,
    line: usize,
    cells: Vec<&'a str>,
}

fn rows<'a>(table: &'a str, text: &'a str) -> impl Iterator<Item = Row<'a>> {
    text.lines()
        .enumerate()
        .skip(1)
        .map(move |(index, line)| Row {
            table,
            line: index + 1,
            cells: line.split('\t').map(str::trim).collect(),
        })
        .filter(|row| row.cells.first().is_some_and(|c| !c.is_empty()))
}

impl Row<'_> {
    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("{} line {}: {what}", self.table, self.line))
    }

    fn number(&self, column: usize) -> Result<i64, String> {
        let cell = self.cells.get(column).copied().unwrap_or("");
        cell.parse().or_else(|_| {
            self.wrong(&format!(
                "'{cell}' in column {}, expected a number",
                column + 1
            ))
        })
    }

    fn is_end(&self, column: usize) -> Result<bool, String> {
        match self.cells.get(column).map(|c| c.to_lowercase()).as_deref() {
            Some("end") => Ok(true),
            Some("start") => Ok(false),
            other => self.wrong(&format!(
                "'{}' in column {}, expected start or end",
                other.unwrap_or(""),
                column + 1
            )),
        }
    }
}

/// Everything that is wrong with a solution, read straight from the rules.
#[must_use]
pub fn check(slab: &Slab, solution: &Solution) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut begin: BTreeMap<Key, i64> = BTreeMap::new();
    let mut used: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    let mut makespan = 0;
    for placed in &solution.operations {
        let key = (placed.job, placed.operation);
        let Some(&(kind, time)) = slab.operations.get(&key) else {
            wrong.push(format!("{key:?} is not asked for"));
            continue;
        };
        if slab.machines.get(&placed.machine) != Some(&kind) {
            wrong.push(format!("{key:?} is on machine {}", placed.machine));
        }
        if placed.start < 0 || begin.insert(key, placed.start).is_some() {
            wrong.push(format!("{key:?} is there twice, or before time"));
        }
        let span = (placed.start, placed.start + time);
        makespan = makespan.max(span.1);
        if time > 0 {
            used.entry(placed.machine).or_default().push(span);
        }
    }
    for key in slab.operations.keys() {
        if !begin.contains_key(key) {
            wrong.push(format!("{key:?} is missing"));
        }
    }
    if !wrong.is_empty() {
        return wrong;
    }
    let point =
        |(key, end): (Key, bool)| begin[&key] + if end { slab.operations[&key].1 } else { 0 };
    for &(a, b) in &slab.dependencies {
        if point((a, true)) > begin[&b] {
            wrong.push(format!("{b:?} begins before {a:?} ends"));
        }
    }
    for t in &slab.tcmb {
        let apart = (point(t.a) - point(t.b)).abs();
        if apart > t.limit {
            wrong.push(format!("{:?} and {:?} are {apart} apart", t.a, t.b));
        }
    }
    for (machine, list) in &mut used {
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
