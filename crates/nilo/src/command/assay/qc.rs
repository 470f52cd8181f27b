//! `nilo assay qc`: whether plates are good, and which wells stand out.

use crate::columns::Columns;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use campaign::analysis::{position, quality, stats};
use clap::Args;
use report::figure::{Axis, Curves, Mark, Series};
use serde_json::{Value, json};
use source::Problem;
use std::fmt::Write;
use std::path::PathBuf;

/// What to judge.
#[derive(Debug, Args)]
pub struct Qc {
    /// A CSV file with one row for each well
    pub file: PathBuf,
    /// The column of values
    #[arg(long, value_name = "COLUMN")]
    pub value: String,
    /// The column of well names, such as A1 or P24
    #[arg(long, value_name = "COLUMN")]
    pub well: Option<String>,
    /// A column that says which plate a row belongs to
    #[arg(long, value_name = "COLUMN")]
    pub plate: Option<String>,
    /// A column that says what a well holds
    #[arg(long, value_name = "COLUMN", requires_all = ["positive", "negative"])]
    pub role: Option<String>,
    /// What the role of positive controls is called
    #[arg(long, value_name = "TEXT", requires = "role")]
    pub positive: Option<String>,
    /// What the role of negative controls is called
    #[arg(long, value_name = "TEXT", requires = "role")]
    pub negative: Option<String>,
    /// B-score beyond which a well that is no control is a hit
    #[arg(long, default_value_t = 3.0)]
    pub hit: f64,
    /// Smallest Z' of a plate that is good; below it the command ends with exit code 1
    #[arg(long, default_value_t = 0.5)]
    pub z_prime: f64,
    /// Write every well with its B-score
    #[arg(long, value_name = "FILE.csv")]
    pub out: Option<PathBuf>,
    /// Write the B-scores of all wells
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
}

#[derive(Default)]
struct Plate {
    name: String,
    /// Name, row, column, value, role.
    wells: Vec<(String, usize, usize, f64, String)>,
    scores: Vec<f64>,
}

/// Judges the plates.
pub fn qc(args: &Qc, output: &Output) -> Result<Exit, Failure> {
    if args.well.is_none() && args.role.is_none() {
        return Err(Failure::refused("there is nothing to judge by")
            .help("name the column of wells with --well, or that of roles with --role, --positive and --negative"));
    }
    let mut plates = plates(args)?;
    let (mut text, mut found, mut poor) = (String::new(), Vec::new(), 0);
    for plate in &mut plates {
        let _ = writeln!(text, "{}: {} wells", plate.name, plate.wells.len());
        let mut fields = json!({ "plate": plate.name, "wells": plate.wells.len() });
        if let (Some(positive), Some(negative)) = (&args.positive, &args.negative) {
            poor += usize::from(!controls(
                args,
                plate,
                (positive, negative),
                &mut text,
                &mut fields,
            )?);
        }
        if args.well.is_some() {
            positions(args, plate, &mut text, &mut fields);
        }
        found.push(fields);
    }
    if let Some(path) = &args.out {
        let mut csv = String::from("plate,well,value,role,b_score\n");
        for plate in &plates {
            for (at, (well, _, _, value, role)) in plate.wells.iter().enumerate() {
                let score = plate.scores.get(at).filter(|s| s.is_finite());
                let score = score.map_or(String::new(), f64::to_string);
                let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
                let _ = writeln!(
                    csv,
                    "{},{well},{value},{},{score}",
                    quoted(&plate.name),
                    quoted(role)
                );
            }
        }
        std::fs::write(path, csv)
            .map_err(|why| Failure::io(format!("{}: {why}", path.display())))?;
    }
    if let Some(path) = &args.plot {
        std::fs::write(path, picture(args, &plates).svg())
            .map_err(|why| Failure::io(format!("{}: {why}", path.display())))?;
    }
    let whole = json!({ "plates": found, "poor": poor, "out": args.out, "plot": args.plot });
    output.result("assay qc", text.trim_end(), whole)?;
    Ok(if poor == 0 {
        Exit::Success
    } else {
        Exit::Found
    })
}

/// Row and column of a well's name, from 0: one or two letters, then a number from 1.
fn place(name: &str) -> Option<(usize, usize)> {
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let (letters, number) = name.split_at(digits);
    let column: usize = number.parse().ok().filter(|c| (1..=48).contains(c))?;
    let row = match letters.as_bytes() {
        [a] if a.is_ascii_alphabetic() => usize::from(a.to_ascii_uppercase() - b'A'),
        [a, b] if a.eq_ignore_ascii_case(&b'A') && b.is_ascii_alphabetic() => {
            26 + usize::from(b.to_ascii_uppercase() - b'A')
        }
        _ => return None,
    };
    (row < 32).then_some((row, column - 1))
}

fn plates(args: &Qc) -> Result<Vec<Plate>, Failure> {
    let table = Columns::read(&args.file)?;
    let values = table.numbers(&args.value)?;
    let texts = |column: &Option<String>| -> Result<Option<Vec<&str>>, Failure> {
        column.as_ref().map(|name| table.texts(name)).transpose()
    };
    let (wells, names, roles) = (texts(&args.well)?, texts(&args.plate)?, texts(&args.role)?);
    let mut plates: Vec<Plate> = Vec::new();
    for (row, value) in values.iter().enumerate() {
        let name = names.as_ref().map_or("plate", |names| names[row]);
        let well = wells.as_ref().map_or("", |wells| wells[row]);
        let Some((r, c)) = place(well).or(args.well.is_none().then_some((0, 0))) else {
            return Err(Failure::problem(
                Problem::error(format!("'{well}' is no well"))
                    .at(&table.line(row))
                    .expected("a name such as A1, up to AF48"),
            ));
        };
        let at = plates.iter().position(|plate| plate.name == name);
        let at = at.unwrap_or_else(|| {
            plates.push(Plate {
                name: name.into(),
                ..Plate::default()
            });
            plates.len() - 1
        });
        if args.well.is_some() && plates[at].wells.iter().any(|w| (w.1, w.2) == (r, c)) {
            return Err(Failure::problem(
                Problem::error(format!("well {well} of {name} comes twice"))
                    .at(&table.line(row))
                    .help("say with --plate which plate a row belongs to"),
            ));
        }
        let role = roles.as_ref().map_or("", |roles| roles[row]).to_owned();
        plates[at]
            .wells
            .push((well.to_owned(), r, c, value.unwrap_or(f64::NAN), role));
    }
    Ok(plates)
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Separation of the controls; whether it is good enough.
fn controls(
    args: &Qc,
    plate: &Plate,
    (positive, negative): (&str, &str),
    text: &mut String,
    fields: &mut Value,
) -> Result<bool, Failure> {
    let of = |role: &str| -> Vec<f64> {
        let wells = plate.wells.iter().filter(|w| w.4 == role);
        wells.map(|w| w.3).filter(|v| v.is_finite()).collect()
    };
    let (high, low) = (of(positive), of(negative));
    for (role, values) in [(positive, &high), (negative, &low)] {
        if values.len() < 2 {
            return Err(Failure::refused(format!(
                "{}: {} wells with role '{role}' have a value, and a spread needs two",
                plate.name,
                values.len()
            )));
        }
    }
    let s = quality::separation(&high, &low);
    let good = s.z_prime >= args.z_prime;
    let _ = writeln!(
        text,
        "  Z' {:.4} ({}), robust Z' {:.4}, SSMD {:.3}, signal over background {:.3}, {} positive and {} negative controls",
        s.z_prime,
        if good { "good" } else { "poor" },
        s.robust_z_prime,
        s.ssmd,
        s.signal_to_background,
        high.len(),
        low.len()
    );
    fields["z_prime"] = json!(finite(s.z_prime));
    fields["robust_z_prime"] = json!(finite(s.robust_z_prime));
    fields["ssmd"] = json!(finite(s.ssmd));
    fields["signal_to_background"] = json!(finite(s.signal_to_background));
    fields["good"] = json!(good);
    Ok(good)
}

/// Median polish over the wells that are no controls, B-scores and hits.
fn positions(args: &Qc, plate: &mut Plate, text: &mut String, fields: &mut Value) {
    let controls = [&args.positive, &args.negative];
    let is_control = |role: &str| controls.iter().any(|c| c.as_deref() == Some(role));
    let sample = plate.wells.iter().filter(|w| !is_control(&w.4));
    let rows = sample.clone().map(|w| w.1 + 1).max().unwrap_or(0);
    let columns = sample.map(|w| w.2 + 1).max().unwrap_or(0);
    let mut grid = vec![f64::NAN; rows * columns];
    for (_, r, c, value, role) in &plate.wells {
        if !is_control(role) {
            grid[r * columns + c] = *value;
        }
    }
    if rows < 3 || columns < 3 {
        text.push_str("  too few rows or columns for position effects\n");
        plate.scores = vec![f64::NAN; plate.wells.len()];
        return;
    }
    let polish = position::median_polish(&grid, columns, 1e-9);
    let scores = position::b_scores(&grid, columns);
    plate.scores = plate
        .wells
        .iter()
        .map(|w| {
            if is_control(&w.4) {
                f64::NAN
            } else {
                scores[w.1 * columns + w.2]
            }
        })
        .collect();
    let hits: Vec<(&str, f64)> = plate
        .wells
        .iter()
        .zip(&plate.scores)
        .filter(|(_, score)| score.abs() > args.hit)
        .map(|(well, score)| (well.0.as_str(), *score))
        .collect();
    let span = |of: &[f64]| {
        let known = of.iter().copied().filter(|v| v.is_finite());
        known.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        })
    };
    let ((r0, r1), (c0, c1)) = (span(&polish.rows), span(&polish.columns));
    let named: Vec<String> = hits
        .iter()
        .map(|(well, score)| format!("{well} {score:.1}"))
        .collect();
    let _ = writeln!(
        text,
        "  level {:.4}; row effects {r0:.3} to {r1:.3}, column effects {c0:.3} to {c1:.3}; residual MAD {:.4}\n  {} wells with |B| above {}: {}",
        polish.overall,
        stats::mad(&polish.residuals),
        hits.len(),
        args.hit,
        if named.is_empty() {
            "-".into()
        } else {
            named.join(", ")
        }
    );
    fields["overall"] = json!(polish.overall);
    fields["row_effects"] = json!(polish.rows);
    fields["column_effects"] = json!(polish.columns);
    fields["mad"] = json!(stats::mad(&polish.residuals));
    fields["hits"] = hits
        .iter()
        .map(|(well, score)| json!({ "well": well, "b_score": score }))
        .collect();
}

/// B-scores in the order of the wells, or values where there are no places.
fn picture(args: &Qc, plates: &[Plate]) -> Curves {
    let placed = args.well.is_some();
    let mut series = Vec::new();
    let mut widest = 1.0_f64;
    for (colour, plate) in plates.iter().enumerate() {
        let values = plate.wells.iter().enumerate().map(|(at, well)| {
            let y = if placed {
                plate.scores.get(at).copied().unwrap_or(f64::NAN)
            } else {
                well.3
            };
            (at as f64 + 1.0, y)
        });
        let points: Vec<(f64, f64)> = values.filter(|(_, y)| y.is_finite()).collect();
        widest = points.iter().map(|p| p.0).fold(widest, f64::max);
        series.push(Series {
            name: plate.name.clone(),
            mark: Mark::Points,
            colour,
            points,
            intervals: Vec::new(),
        });
    }
    if placed {
        for (sign, name) in [(1.0, "hits lie beyond"), (-1.0, "")] {
            series.push(Series {
                name: name.into(),
                mark: Mark::Broken,
                colour: 1,
                points: vec![(0.0, sign * args.hit), (widest, sign * args.hit)],
                intervals: Vec::new(),
            });
        }
    }
    Curves {
        title: if placed { "B-scores" } else { "Values" }.into(),
        description: format!("{} plates", plates.len()),
        x: Axis {
            label: "well, in the order of the file".into(),
            logarithmic: false,
        },
        y: Axis {
            label: if placed {
                "B-score".into()
            } else {
                args.value.clone()
            },
            logarithmic: false,
        },
        series,
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn wells_have_places() {
        assert_eq!(place("A1"), Some((0, 0)));
        assert_eq!(place("h12"), Some((7, 11)));
        assert_eq!(place("AF48"), Some((31, 47)));
        for wrong in ["", "A", "1", "A0", "A49", "BA1", "AG1", "A1B"] {
            assert_eq!(place(wrong), None, "{wrong}");
        }
    }
}
