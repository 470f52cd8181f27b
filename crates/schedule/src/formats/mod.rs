//! Instances in the formats of others, told apart by what is in them.

pub mod building;
pub mod jobshop;
pub mod lab;
pub mod plateline;
pub mod slab;

use serde::Serialize;

/// An instance of one of the formats.
#[derive(Clone, Debug)]
pub enum Instance {
    /// `labsched-1`.
    Lab(Box<lab::Lab>),
    /// A job shop, flexible or not.
    JobShop(jobshop::JobShop),
    /// S-LAB.
    Slab(slab::Slab),
}

/// A solution, written as its format has it.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Solution {
    /// `labsched-solution-1`.
    Lab(lab::Solution),
    /// `jobshop-solution-1`.
    JobShop(jobshop::Solution),
    /// `slab-solution-1`.
    Slab(slab::Solution),
}

impl Instance {
    /// Reads the text of one file: JSON is a laboratory, numbers are a job shop.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.trim_start().starts_with('{') {
            lab::Lab::read(text).map(|lab| Self::Lab(Box::new(lab)))
        } else {
            jobshop::JobShop::read(text).map(Self::JobShop)
        }
    }

    /// Reads the four tables of S-LAB.
    ///
    /// # Errors
    /// What is wrong, with table and line.
    pub fn read_tables(
        machines: &str,
        operations: &str,
        dependency: &str,
        tcmb: &str,
    ) -> Result<Self, String> {
        slab::Slab::read(machines, operations, dependency, tcmb).map(Self::Slab)
    }

    /// The name of its format.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Lab(_) => "lab",
            Self::JobShop(shop) if shop.is_plain() => "jsp",
            Self::JobShop(_) => "fjsp",
            Self::Slab(_) => "slab",
        }
    }

    /// Everything that is wrong with a solution.
    #[must_use]
    pub fn check(&self, solution: &Solution) -> Vec<String> {
        match (self, solution) {
            (Self::Lab(lab), Solution::Lab(s)) => lab::check(lab, s),
            (Self::JobShop(shop), Solution::JobShop(s)) => jobshop::check(shop, s),
            (Self::Slab(slab), Solution::Slab(s)) => slab::check(slab, s),
            _ => vec!["the solution is of another format".to_owned()],
        }
    }
}

impl Solution {
    /// When all is done.
    #[must_use]
    pub fn makespan(&self) -> i64 {
        match self {
            Self::Lab(s) => s.makespan,
            Self::JobShop(s) => s.makespan,
            Self::Slab(s) => s.makespan,
        }
    }

    /// What no solution can beat.
    #[must_use]
    pub fn bound(&self) -> i64 {
        match self {
            Self::Lab(s) => s.bound,
            Self::JobShop(s) => s.bound,
            Self::Slab(s) => s.bound,
        }
    }
}
