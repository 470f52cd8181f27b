//! Effects from a table of anyone's, by the columns that options name.

use crate::columns::Columns;
use crate::exit::Failure;
use clap::{Args, ValueEnum};
use reason::meta::Effects;
use reason::meta::tables::{
    Group, Measure as Table, TwoByTwo, mean_difference, standardised_mean_difference,
};
use source::Problem;

/// What effects are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Measure {
    /// Risk ratio, from counts; kept as its logarithm
    Rr,
    /// Odds ratio, from counts; kept as its logarithm
    Or,
    /// Risk difference, from counts
    Rd,
    /// Difference of means
    Md,
    /// Standardised difference of means (Hedges' g)
    Smd,
}

impl Measure {
    /// What the effect is, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Measure::Rr => "log risk ratio",
            Measure::Or => "log odds ratio",
            Measure::Rd => "risk difference",
            Measure::Md => "difference of means",
            Measure::Smd => "standardised difference of means",
        }
    }
}

/// Which columns hold what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Columns")]
pub struct Mapping {
    /// The effect
    #[arg(long, default_value = "yi")]
    pub yi: String,
    /// Its variance; 'vi' if nothing else is named
    #[arg(long)]
    pub vi: Option<String>,
    /// Its standard error
    #[arg(long, conflicts_with = "vi")]
    pub sei: Option<String>,
    /// Lower end of its 95 % interval
    #[arg(long, requires = "ci_high", conflicts_with_all = ["vi", "sei"])]
    pub ci_low: Option<String>,
    /// Upper end of its 95 % interval
    #[arg(long, requires = "ci_low")]
    pub ci_high: Option<String>,
    /// Take logarithms: the effect and its interval are ratios
    #[arg(long)]
    pub ratios: bool,
    /// Make the effects from counts or means instead
    #[arg(long, value_enum)]
    pub measure: Option<Measure>,
    /// Treated with the event
    #[arg(long, default_value = "ai")]
    pub ai: String,
    /// Treated without the event
    #[arg(long, default_value = "bi")]
    pub bi: String,
    /// Controls with the event
    #[arg(long, default_value = "ci")]
    pub ci: String,
    /// Controls without the event
    #[arg(long, default_value = "di")]
    pub di: String,
    /// How many were treated (in place of those without the event)
    #[arg(long)]
    pub n1i: Option<String>,
    /// How many were controls
    #[arg(long)]
    pub n2i: Option<String>,
    /// Mean of the treated
    #[arg(long, default_value = "m1i")]
    pub m1i: String,
    /// Standard deviation of the treated
    #[arg(long, default_value = "sd1i")]
    pub sd1i: String,
    /// Mean of the controls
    #[arg(long, default_value = "m2i")]
    pub m2i: String,
    /// Standard deviation of the controls
    #[arg(long, default_value = "sd2i")]
    pub sd2i: String,
    /// What names a row: one column or several; author (or study, label, trial, id) and year if not given
    #[arg(long, value_delimiter = ',')]
    pub label: Vec<String>,
    /// What may explain differences; a column of numbers as it is, one of texts by level
    #[arg(long = "moderator")]
    pub moderators: Vec<String>,
    /// Rows with the same value here share an origin (a laboratory, a district): a level of its own
    #[arg(long)]
    pub group: Option<String>,
}

/// Effects, and what belongs to their rows.
pub struct Read {
    /// The effects, with moderators.
    pub effects: Effects,
    /// The rows' names.
    pub labels: Vec<String>,
    /// The rows' groups, where asked for.
    pub groups: Option<Vec<u32>>,
    /// What the effect is.
    pub words: String,
    /// Whether it is the logarithm of a ratio.
    pub ratios: bool,
    /// Lines that were left out, and why.
    pub left_out: Vec<(usize, String)>,
}

/// z of a 95 % interval's end.
const Z95: f64 = 1.959_963_984_540_054;

type Row = Result<Option<(f64, f64)>, String>;

/// Reads the effects.
///
/// # Errors
/// Names the column or line that can't be used.
pub fn read(table: &Columns, map: &Mapping) -> Result<Read, Failure> {
    let pairs = match map.measure {
        Some(measure @ (Measure::Md | Measure::Smd)) => means(table, map, measure)?,
        Some(measure) => counts(table, map, measure)?,
        None => given(table, map)?,
    };
    let numeric: Vec<(String, Vec<Option<f64>>)> = map
        .moderators
        .iter()
        .filter(|name| {
            table
                .find(name)
                .is_ok_and(|column| table.is_numeric(column))
        })
        .map(|name| Ok((name.clone(), table.numbers(name)?)))
        .collect::<Result<_, Failure>>()?;
    let mut left_out = Vec::new();
    let mut keep = Vec::new();
    for (row, pair) in pairs.iter().enumerate() {
        let line = table.line_number(row);
        match pair {
            Err(why) => {
                return Err(Failure::problem(
                    Problem::error(why.clone()).at(&table.line(row)),
                ));
            }
            Ok(None) => left_out.push((
                line,
                "it has no effect, or a ratio that does not exist".to_owned(),
            )),
            Ok(Some(_)) => match numeric.iter().find(|(_, values)| values[row].is_none()) {
                Some((name, _)) => left_out.push((line, format!("its '{name}' is not known"))),
                None => keep.push(row),
            },
        }
    }
    let pick = |of: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        keep.iter()
            .filter_map(|row| pairs[*row].as_ref().ok().and_then(|p| p.as_ref()).map(of))
            .collect()
    };
    let mut effects = Effects::new(pick(|p| p.0), pick(|p| p.1)).map_err(Failure::refused)?;
    for name in &map.moderators {
        effects = match numeric.iter().find(|(own, _)| own == name) {
            Some((_, values)) => {
                let values = keep.iter().filter_map(|row| values[*row]).collect();
                effects.moderated(name, values)
            }
            None => {
                let column = table.find(name)?;
                let levels: Vec<&str> = keep.iter().map(|row| table.text(*row, column)).collect();
                effects.by_level(name, &levels)
            }
        }
        .map_err(Failure::refused)?;
    }
    let groups = match &map.group {
        Some(name) => {
            let texts = table.texts(name)?;
            let mut distinct = texts.clone();
            distinct.sort_unstable();
            distinct.dedup();
            let place = |text: &str| distinct.binary_search(&text).map_or(0, |at| at as u32);
            Some(keep.iter().map(|row| place(texts[*row])).collect())
        }
        None => None,
    };
    let ratios = map.ratios || matches!(map.measure, Some(Measure::Rr | Measure::Or));
    Ok(Read {
        effects,
        labels: labels(table, map, &keep)?,
        groups,
        words: map.measure.map_or_else(
            || {
                if map.ratios {
                    "log ratio".into()
                } else {
                    "effect".into()
                }
            },
            |measure| measure.words().to_owned(),
        ),
        ratios,
        left_out,
    })
}

fn labels(table: &Columns, map: &Mapping, keep: &[usize]) -> Result<Vec<String>, Failure> {
    let columns: Vec<usize> = if map.label.is_empty() {
        let first = |names: &[&str]| names.iter().find_map(|name| table.find(name).ok());
        let name = first(&["author", "study", "label", "trial", "id"]);
        name.into_iter().chain(first(&["year"])).collect()
    } else {
        map.label
            .iter()
            .map(|name| table.find(name))
            .collect::<Result<_, _>>()?
    };
    Ok(keep
        .iter()
        .map(|row| {
            if columns.is_empty() {
                return format!("line {}", table.line_number(*row));
            }
            let texts: Vec<&str> = columns
                .iter()
                .map(|column| table.text(*row, *column))
                .collect();
            texts.join(" ")
        })
        .collect())
}

/// The effect as it stands, with its variance, standard error or interval.
fn given(table: &Columns, map: &Mapping) -> Result<Vec<Row>, Failure> {
    let y = table.numbers(&map.yi)?;
    let log = |value: f64| -> Result<f64, String> {
        match map.ratios {
            true if value > 0.0 => Ok(value.ln()),
            true => Err(format!("the ratio is {value}; it must be above zero")),
            false => Ok(value),
        }
    };
    if let (Some(low), Some(high)) = (&map.ci_low, &map.ci_high) {
        let (low, high) = (table.numbers(low)?, table.numbers(high)?);
        return Ok((0..table.len())
            .map(|row| {
                let (Some(y), Some(low), Some(high)) = (y[row], low[row], high[row]) else {
                    return Ok(None);
                };
                let (y, low, high) = (log(y)?, log(low)?, log(high)?);
                if low >= high || y < low || y > high {
                    return Err(format!(
                        "the interval from {low} to {high} does not hold the effect {y}"
                    ));
                }
                Ok(Some((y, ((high - low) / (2.0 * Z95)).powi(2))))
            })
            .collect());
    }
    let (spread, square) = match (&map.sei, &map.vi) {
        (Some(sei), _) => (table.numbers(sei)?, true),
        (None, Some(vi)) => (table.numbers(vi)?, false),
        (None, None) if !table.has("vi") && table.has("sei") => (table.numbers("sei")?, true),
        (None, None) => (table.numbers("vi")?, false),
    };
    Ok((0..table.len())
        .map(|row| match (y[row], spread[row]) {
            (Some(_), Some(spread)) if spread <= 0.0 => Err(format!(
                "the {} is {spread}; it must be above zero",
                if square { "standard error" } else { "variance" }
            )),
            (Some(y), Some(spread)) => Ok(Some((
                log(y)?,
                if square { spread * spread } else { spread },
            ))),
            _ => Ok(None),
        })
        .collect())
}

fn counts(table: &Columns, map: &Mapping, measure: Measure) -> Result<Vec<Row>, Failure> {
    let measure = match measure {
        Measure::Rr => Table::LogRiskRatio,
        Measure::Or => Table::LogOddsRatio,
        _ => Table::RiskDifference,
    };
    let (a, c) = (table.numbers(&map.ai)?, table.numbers(&map.ci)?);
    let others = |total: &Option<String>, without: &str, with: &[Option<f64>]| match total {
        Some(name) => {
            let totals = table.numbers(name)?;
            Ok::<_, Failure>(
                totals
                    .iter()
                    .zip(with)
                    .map(|(n, a)| Some((*n)? - (*a)?))
                    .collect(),
            )
        }
        None => table.numbers(without),
    };
    let b: Vec<Option<f64>> = others(&map.n1i, &map.bi, &a)?;
    let d: Vec<Option<f64>> = others(&map.n2i, &map.di, &c)?;
    Ok((0..table.len())
        .map(|row| {
            let (Some(a), Some(b), Some(c), Some(d)) = (a[row], b[row], c[row], d[row]) else {
                return Ok(None);
            };
            if let Some(count) = [a, b, c, d].into_iter().find(|count| *count < 0.0) {
                return Err(format!(
                    "{count} is no count; expected a number of at least 0"
                ));
            }
            if a + b == 0.0 || c + d == 0.0 {
                return Err("one arm has nobody in it".into());
            }
            Ok(TwoByTwo { a, b, c, d }.effect(measure))
        })
        .collect())
}

fn means(table: &Columns, map: &Mapping, measure: Measure) -> Result<Vec<Row>, Failure> {
    let named =
        |name: &Option<String>, usual: &str| table.numbers(name.as_deref().unwrap_or(usual));
    let (n1, n2) = (named(&map.n1i, "n1i")?, named(&map.n2i, "n2i")?);
    let (m1, m2) = (table.numbers(&map.m1i)?, table.numbers(&map.m2i)?);
    let (sd1, sd2) = (table.numbers(&map.sd1i)?, table.numbers(&map.sd2i)?);
    Ok((0..table.len())
        .map(|row| {
            let group = |n: &[Option<f64>], mean: &[Option<f64>], sd: &[Option<f64>]| {
                Some(Group { n: n[row]?, mean: mean[row]?, sd: sd[row]? })
            };
            let (Some(treated), Some(control)) = (group(&n1, &m1, &sd1), group(&n2, &m2, &sd2)) else {
                return Ok(None);
            };
            for group in [treated, control] {
                if group.n < 2.0 || group.sd <= 0.0 {
                    return Err(format!(
                        "a group of {} with standard deviation {} tells no variance; expected at least 2, and a standard deviation above zero",
                        group.n, group.sd
                    ));
                }
            }
            Ok(Some(match measure {
                Measure::Md => mean_difference(treated, control),
                _ => standardised_mean_difference(treated, control),
            }))
        })
        .collect())
}
