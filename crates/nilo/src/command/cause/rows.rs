//! Which columns are variables, and which say what was done.

use crate::columns::Columns;
use crate::exit::Failure;
use crate::output::Output;
use cause::{Data, Gaussian, Nodes, Regime, belief};
use clap::{Args, ValueEnum};
use source::Problem;
use std::path::PathBuf;

/// How graphs are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Score {
    /// Bayesian information criterion
    Bic,
    /// Marginal likelihood under a normal-Wishart prior (without hidden causes)
    Bge,
}

/// A table of measurements, and what was done in each row.
#[derive(Debug, Args)]
pub struct Rows {
    /// A CSV file with one row for each well, cell or sample
    pub file: PathBuf,
    /// The columns that are variables; every column of numbers that no other option names, if not given
    #[arg(long, value_delimiter = ',', value_name = "COLUMN,...")]
    pub variables: Vec<String>,
    /// The column that says what was acted on: names of variables joined by '+', or their number from 0;
    /// empty, NA, none, -1 or observation where nothing was
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// The column that names the condition; rows of one condition belong together
    #[arg(long, value_name = "COLUMN")]
    pub condition: Option<String>,
    /// Interventions change how a variable responds, and its drivers still act; they set it from outside
    /// if not given
    #[arg(long)]
    pub soft: bool,
    /// Conditions that may have acted on any variable: the data say on which
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "CONDITION,...",
        requires = "condition"
    )]
    pub unknown: Vec<String>,
    /// The condition that others are compared with; the first one without target if not given
    #[arg(long, value_name = "CONDITION", requires = "condition")]
    pub reference: Option<String>,
    /// Take logarithms of all variables
    #[arg(long)]
    pub log: bool,
    /// Take it for granted that no variables have a hidden common cause
    #[arg(long)]
    pub no_hidden: bool,
    /// How graphs without hidden causes are scored
    #[arg(long, value_enum, default_value_t = Score::Bic)]
    pub score: Score,
    /// Seed of every random choice
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// The rows.
    pub data: Data,
    /// The regime that others are compared with.
    pub reference: usize,
}

const NOTHING: [&str; 7] = ["", "NA", "none", "None", "-1", "observation", "control"];

impl Rows {
    /// Reads the table, and says which columns it makes no use of.
    pub fn read(&self, output: &Output) -> Result<Read, Failure> {
        let table = Columns::read(&self.file)?;
        let options = [&self.target, &self.condition];
        for name in options.into_iter().flatten().chain(&self.variables) {
            table.find(name)?;
        }
        let named = |name: &String| options.iter().any(|o| o.as_ref() == Some(name));
        let names: Vec<String> = if self.variables.is_empty() {
            let columns = table.names.iter().enumerate();
            columns
                .filter(|(at, name)| !named(name) && table.is_numeric(*at))
                .map(|(_, name)| name.clone())
                .collect()
        } else {
            self.variables.clone()
        };
        if self.variables.is_empty() {
            for (at, name) in table.names.iter().enumerate() {
                if !named(name) && !names.contains(name) {
                    output.message(&unused(&table, at, &names));
                }
            }
        }
        let mut columns = Vec::with_capacity(names.len());
        for name in &names {
            columns.push(table.numbers(name)?);
        }
        let text = |column: &Option<String>, row: usize| -> Result<String, Failure> {
            column.as_ref().map_or(Ok(String::new()), |name| {
                Ok(table.text(row, table.find(name)?).to_owned())
            })
        };
        let mut regimes: Vec<((String, String), Regime)> = Vec::new();
        let mut rows = Vec::with_capacity(table.len());
        for row in 0..table.len() {
            let key = (text(&self.condition, row)?, text(&self.target, row)?);
            let known = regimes.iter().position(|(own, _)| *own == key);
            let at = match known {
                Some(at) => at,
                None => {
                    let regime = self.regime(&table, row, &key, &names)?;
                    regimes.push((key, regime));
                    regimes.len() - 1
                }
            };
            let mut values = Vec::with_capacity(names.len());
            for (name, column) in names.iter().zip(&columns) {
                let value = column[row].ok_or_else(|| {
                    Failure::problem(
                        Problem::error(format!("variable '{name}' has no value here"))
                            .at(&table.line(row))
                            .expected("a number in every row")
                            .help("leave the row or the variable out"),
                    )
                })?;
                if self.log && value <= 0.0 {
                    return Err(Failure::problem(
                        Problem::error(format!("{value} in column '{name}' has no logarithm"))
                            .at(&table.line(row))
                            .expected("values above zero with --log"),
                    ));
                }
                values.push(if self.log { value.ln() } else { value });
            }
            rows.push((at, values));
        }
        for name in self.unknown.iter().chain(&self.reference) {
            if !regimes.iter().any(|((condition, _), _)| condition == name) {
                let known = regimes.iter().map(|((condition, _), _)| condition.as_str());
                return Err(Failure::problem(
                    Problem::error(format!("no row has condition '{name}'"))
                        .in_file(table.path())
                        .nearest(quantity::nearest(name, known).map(str::to_owned)),
                ));
            }
        }
        let chosen = |regime: &((String, String), Regime)| match &self.reference {
            Some(name) => regime.0.0 == *name,
            None => regime.1.targets().is_empty() && !regime.1.unknown,
        };
        let reference = regimes.iter().position(chosen).unwrap_or(0);
        let regimes = regimes.into_iter().map(|(_, regime)| regime).collect();
        let data = Data::new(names, regimes, rows).map_err(|why| {
            Failure::problem(Problem::error(why.to_string()).in_file(table.path()))
        })?;
        Ok(Read { data, reference })
    }

    fn regime(
        &self,
        table: &Columns,
        row: usize,
        (condition, target): &(String, String),
        names: &[String],
    ) -> Result<Regime, Failure> {
        let mut targets = Nodes::NONE;
        if !NOTHING.contains(&target.as_str()) {
            for part in target.split('+').map(str::trim) {
                let by_number = || part.parse().ok().filter(|at: &usize| *at < names.len());
                let found = names
                    .iter()
                    .position(|name| name == part)
                    .or_else(by_number);
                let Some(at) = found else {
                    let near = quantity::nearest(part, names.iter().map(String::as_str));
                    return Err(Failure::problem(
                        Problem::error(format!("'{part}' is no variable"))
                            .at(&table.line(row))
                            .expected(format!(
                                "one of {}, or nothing where nothing was done",
                                names.join(", ")
                            ))
                            .nearest(near.map(str::to_owned)),
                    ));
                };
                targets = targets.with(at);
            }
        }
        let acted: Vec<&str> = targets.iter().map(|at| names[at].as_str()).collect();
        let name = match (condition.is_empty(), acted.is_empty()) {
            (false, _) => condition.clone(),
            (true, true) => "observation".into(),
            (true, false) => acted.join("+"),
        };
        let unknown = self.unknown.contains(condition);
        let (hard, soft) = if self.soft {
            (Nodes::NONE, targets)
        } else {
            (targets, Nodes::NONE)
        };
        Ok(Regime {
            name,
            hard: if unknown { Nodes::NONE } else { hard },
            soft: if unknown { Nodes::NONE } else { soft },
            unknown,
        })
    }

    /// What to allow for.
    pub fn options(&self) -> belief::Options {
        belief::Options {
            hidden: !self.no_hidden && self.score == Score::Bic,
            score: match self.score {
                Score::Bic => Gaussian::Bic,
                Score::Bge => Gaussian::Bge,
            },
            ..belief::Options::default()
        }
    }
}

/// What to say of a column of words that no option names.
fn unused(table: &Columns, column: usize, variables: &[String]) -> String {
    let name = &table.names[column];
    let acts = (0..table.len()).all(|row| {
        let cell = table.text(row, column);
        NOTHING.contains(&cell)
            || (cell.split('+')).all(|part| variables.iter().any(|own| own == part.trim()))
    });
    let option = if acts { "target" } else { "condition" };
    let says = if acts {
        "what was acted on"
    } else {
        "which rows belong together"
    };
    format!(
        "note: column '{name}' holds words and is left out; --{option} {name} if it says {says}"
    )
}
