//! What is true of a point, worked out apart from everything that the campaigns use: ranks counted in
//! the measured table, optima of mechanisms found by dense search.

use quantity::Seed;
use rand::RngExt;
use std::path::Path;
use twin::nature::{Antibiotics, Electrolyte, Form, Network};

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    /// The true value of the response at the point, in its own unit.
    pub value: f64,
    /// How many of the measured points are better, for a table.
    pub better: Option<usize>,
    /// What endless wells, made and read as those of the confirmation were, would give in the mean: what the
    /// interval of an honest answer holds in 95 of 100 cases.
    pub response: f64,
    /// The value over the best there is, for a mechanism.
    pub share: Option<f64>,
    /// Whether it meets the bar.
    pub good: bool,
}

/// The truth of one campaign.
#[derive(Debug)]
pub enum Truth {
    /// A measured table: key and value of each distinct row, and whether greater is better.
    Table {
        /// Rows.
        rows: Vec<(Vec<String>, f64)>,
        /// Whether greater is better.
        greatest: bool,
    },
    /// A mechanism: its value at a point, and the best found by dense search.
    Mechanism {
        /// The value at a point.
        value: fn(&[f64]) -> f64,
        /// The greatest value within the campaign's space.
        best: f64,
        /// The point of `best`.
        at: Vec<f64>,
    },
}

/// An answer among this share of the best of a table is good.
pub const TOP: f64 = 0.01;
/// An answer of at least this share of a mechanism's optimum is good.
pub const NEAR: f64 = 0.95;

impl Truth {
    /// The truth of a campaign that ships; none for others.
    ///
    /// # Errors
    /// If its table can't be read.
    pub fn of(campaign: &str, data: &Path) -> Result<Option<Truth>, String> {
        let table = |file: &str, header: bool, keys: &[usize], value: usize, greatest: bool| {
            table(&data.join(file), header, keys, value)
                .map(|rows| Some(Truth::Table { rows, greatest }))
        };
        match campaign {
            "gb1" => table("landscapes/gb1.csv", true, &[0], 3, true),
            "tfbind8" => table("landscapes/tfbind8_six6.csv", true, &[0], 2, true),
            "reaction-yield" => table(
                "hte/suzuki_perera/data.csv",
                true,
                &[1, 2, 3, 4, 5],
                6,
                true,
            ),
            "photovoltaics" => table(
                "olympus/photo_pce10/data.csv",
                false,
                &[0, 1, 2, 3],
                4,
                false,
            ),
            "antibiotics" => Ok(Some(mechanism(
                inhibition,
                &[0.5; 5],
                |doses| doses.iter().sum::<f64>() <= 0.5,
                |_| {},
            ))),
            "electrolyte" => Ok(Some(mechanism(
                conductivity,
                &[1.0; 6],
                |shares| shares[2] + shares[5] >= 0.1 - 1e-12,
                |shares| {
                    let sum: f64 = shares.iter().sum();
                    shares.iter_mut().for_each(|share| *share /= sum);
                },
            ))),
            "gene-network" => Ok(Some(mechanism(
                expression,
                &[3.0; 8],
                |doses| doses.iter().sum::<f64>() <= 6.0,
                |_| {},
            ))),
            _ => Ok(None),
        }
    }

    /// What a point is worth; `hours` at 37 °C are what the culture of the wells grew for.
    ///
    /// # Errors
    /// If it is none of the table, or a level is no number.
    pub fn worth(&self, campaign: &str, levels: &[String], hours: f64) -> Result<Worth, String> {
        match self {
            Truth::Table { rows, greatest } => {
                let same = |a: &str, b: &str| match (a.parse::<f64>(), b.parse::<f64>()) {
                    (Ok(a), Ok(b)) => (a - b).abs() < 0.004,
                    _ => a == b,
                };
                let value = rows
                    .iter()
                    .find(|(key, _)| key.iter().zip(levels).all(|(a, b)| same(a, b)))
                    .map(|row| row.1)
                    .ok_or_else(|| format!("{levels:?} is not in the table"))?;
                let better = rows
                    .iter()
                    .filter(|row| {
                        if *greatest {
                            row.1 > value
                        } else {
                            row.1 < value
                        }
                    })
                    .count();
                let of = |word: &str| {
                    let row = rows.iter().find(|(key, _)| key[0] == word);
                    row.map_or(f64::NAN, |row| row.1)
                };
                // Responses of `campaigns/tfbind8.toml` are in relation to two words.
                let response = match campaign {
                    "tfbind8" => {
                        let (low, high) = (of("ACGTACGT"), of("CGTATCAG"));
                        (value - low) / (high - low)
                    }
                    _ => value,
                };
                Ok(Worth {
                    value,
                    response,
                    better: Some(better),
                    share: None,
                    good: (better as f64) < TOP * rows.len() as f64,
                })
            }
            Truth::Mechanism { value, best, .. } => {
                let point: Vec<f64> = levels
                    .iter()
                    .map(|level| level.parse().map_err(|_| format!("{level} is no number")))
                    .collect::<Result<_, _>>()?;
                let point = natural(campaign, &point);
                let response = match campaign {
                    "antibiotics" => growth_lost(&point, hours),
                    "gene-network" => read_out(&point),
                    _ => value(&point),
                };
                let value = value(&point);
                let share = value / best;
                Ok(Worth {
                    value,
                    response,
                    better: None,
                    share: Some(share),
                    good: share >= NEAR,
                })
            }
        }
    }
}

/// A campaign's levels in the units that the mechanism's search runs in.
fn natural(campaign: &str, levels: &[f64]) -> Vec<f64> {
    if campaign != "antibiotics" {
        return levels.to_vec();
    }
    let drugs = Antibiotics::published();
    let in_zmic = |name: &str, dose: f64| {
        drugs
            .drugs()
            .iter()
            .find(|drug| &*drug.name == name)
            .map_or(f64::NAN, |drug| dose / drug.zmic)
    };
    ORDER
        .iter()
        .zip(levels)
        .map(|(name, dose)| in_zmic(name, *dose))
        .collect()
}

/// The factors of `campaigns/antibiotics.toml`.
const ORDER: [&str; 5] = [
    "ampicillin",
    "ciprofloxacin",
    "rifampin",
    "streptomycin",
    "tetracycline",
];

/// Density of the culture at first: 80 of 90 µL at 0.01.
const INOCULUM: f64 = 0.01 * 80.0 / 90.0;

/// Doses in mg/L in the order of the nature's drugs, from doses in units of zMIC.
fn in_mg_per_l(nature: &Antibiotics, doses: &[f64]) -> Vec<f64> {
    let of = |drug: &twin::nature::Drug| {
        let at = ORDER.iter().position(|name| *name == &*drug.name);
        at.map_or(0.0, |at| doses[at] * drug.zmic)
    };
    nature.drugs().iter().map(of).collect()
}

/// Growth inhibition after six hours, doses in units of zMIC.
fn inhibition(doses: &[f64]) -> f64 {
    let nature = Antibiotics::published();
    nature.inhibition(&in_mg_per_l(&nature, doses), INOCULUM, 6.0)
}

/// The same as the assay defines it: density against that of untreated wells when it was read, blanks being
/// without cells.
fn growth_lost(doses: &[f64], hours: f64) -> f64 {
    let nature = Antibiotics::published();
    let held = nature.optical_density(&in_mg_per_l(&nature, doses), INOCULUM, hours);
    1.0 - held / nature.optical_density(&[], INOCULUM, hours)
}

/// Conductivity at 25 °C: shares of DMC, EMC and FEC with 2 mol/L of salt, then without.
fn conductivity(shares: &[f64]) -> f64 {
    let blend = |at: usize| shares[at] + shares[at + 3];
    let salt = 2.0 * (shares[0] + shares[1] + shares[2]);
    Electrolyte.conductivity([blend(0), blend(1), blend(2)], salt, 25.0)
}

/// What doses make of the drive of each gene.
fn factors(doses: &[f64]) -> Vec<f64> {
    const DOWN: [usize; 3] = [3, 4, 5];
    let of = |gene: usize| {
        let effect = if DOWN.contains(&gene) { -1.0 } else { 1.0 };
        1.0 + effect * doses[gene] / (1.0 + doses[gene])
    };
    (0..8).map(of).collect()
}

/// Expression of g7 over that of cells left alone, without the noise of wells.
fn expression(doses: &[f64]) -> f64 {
    let Ok(network) = Network::example(Form::Hill) else {
        return f64::NAN;
    };
    let of = |factors: &[f64]| network.expression(factors, 0.0, &[])[6];
    of(&factors(doses)) / of(&[1.0; 8])
}

/// Wells over which the response of noisy cells is averaged.
const WELLS: usize = 20_000;

/// The same as the assay defines it: the mean over wells with their noise and hidden cause, over the median
/// of untreated wells.
fn read_out(doses: &[f64]) -> f64 {
    let Ok(network) = Network::example(Form::Hill) else {
        return f64::NAN;
    };
    let mut rng = Seed(1).derive("wells", 0).rng();
    // Box and Muller.
    let mut normal = || {
        let (u, v) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    };
    let (treated, mut sum, mut alone) = (factors(doses), 0.0, Vec::with_capacity(WELLS));
    for _ in 0..WELLS {
        let hidden = normal();
        let noise: Vec<f64> = (0..8).map(|_| normal()).collect();
        sum += network.expression(&treated, hidden, &noise)[6];
        alone.push(network.expression(&[1.0; 8], hidden, &noise)[6]);
    }
    alone.sort_by(f64::total_cmp);
    sum / WELLS as f64 / alone[WELLS / 2]
}

/// Random points and then shrinking random steps from the best of them.
const SCATTERED: usize = 20_000;
/// Points from which steps are taken.
const STARTS: usize = 12;
/// Steps from each.
const STEPS: usize = 6_000;

/// The greatest value of a mechanism in a box from zero, where `allowed`, after `repair`.
fn mechanism(
    value: fn(&[f64]) -> f64,
    high: &[f64],
    allowed: impl Fn(&[f64]) -> bool,
    repair: impl Fn(&mut [f64]),
) -> Truth {
    let mut rng = Seed(1).derive("truth", 0).rng();
    let mut found: Vec<(f64, Vec<f64>)> = Vec::new();
    while found.len() < SCATTERED {
        // Powers of a uniform number reach edges and corners, where optima like to be.
        let power = 1.0 + 3.0 * rng.random::<f64>();
        let mut point: Vec<f64> = high
            .iter()
            .map(|high| high * rng.random::<f64>().powf(power))
            .collect();
        repair(&mut point);
        if allowed(&point) {
            found.push((value(&point), point));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(STARTS);
    for (best, at) in &mut found {
        for step in 0..STEPS {
            let size = 0.3 * (1.0 - step as f64 / STEPS as f64).powi(3);
            // Half of the steps trade one level for another, which slides along a limit on their sum.
            let mut next = at.clone();
            let one = rng.random_range(0..next.len());
            let by = high[one] * size * (2.0 * rng.random::<f64>() - 1.0);
            next[one] += by;
            if step % 2 == 0 {
                let other = rng.random_range(0..next.len());
                next[other] -= by;
            }
            for (level, high) in next.iter_mut().zip(high) {
                *level = level.clamp(0.0, *high);
            }
            repair(&mut next);
            if allowed(&next) {
                let there = value(&next);
                if there > *best {
                    (*best, *at) = (there, next);
                }
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (best, at) = found.swap_remove(0);
    Truth::Mechanism { value, best, at }
}

/// Distinct keys of a table with the mean of their values.
fn table(
    path: &Path,
    header: bool,
    keys: &[usize],
    value: usize,
) -> Result<Vec<(Vec<String>, f64)>, String> {
    let text = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let mut sums: std::collections::BTreeMap<Vec<String>, (f64, f64)> = Default::default();
    for line in text
        .lines()
        .skip(usize::from(header))
        .filter(|line| !line.is_empty())
    {
        let cells = cells(line);
        let key: Vec<String> = keys.iter().map(|at| cells[*at].trim().to_owned()).collect();
        if let Ok(value) = cells[value].trim().parse::<f64>() {
            let sum = sums.entry(key).or_default();
            sum.0 += value;
            sum.1 += 1.0;
        }
    }
    Ok(sums
        .into_iter()
        .map(|(key, (sum, n))| (key, sum / n))
        .collect())
}

/// The cells of a line, some of them in quotes.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => {
                if let Some(cell) = cells.last_mut() {
                    cell.push(c);
                }
            }
        }
    }
    cells
}
