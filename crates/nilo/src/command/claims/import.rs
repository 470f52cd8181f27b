//! `nilo claims import`: claims from a table, from JSON, or from a text that a language model reads.

use super::ledger::append;
use super::pair;
use crate::columns::Columns;
use crate::endpoint::Endpoint;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::Output;
use clap::Args;
use reason::claims::record::{ClaimRecord, ConditionRecord};
use reason::language::extract::{Extraction, Rejected};
use serde_json::{Value, json};
use source::Problem;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Claims to take in.
#[derive(Debug, Args)]
pub struct Import {
    /// The ledger; it is made if it isn't there
    pub ledger: PathBuf,
    /// A CSV file, a JSON array or JSON lines (docs/claims.md); any other text is read by a language model
    pub file: PathBuf,
    /// Take a field from a column of another name: estimate=yi, variance=vi
    #[arg(long = "map", value_name = "FIELD=COLUMN", value_parser = pair)]
    pub maps: Vec<(String, String)>,
    /// Give a field to every row: intervention=BCG
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = pair)]
    pub sets: Vec<(String, String)>,
    /// Columns that are conditions; all that are no field if not given
    #[arg(long, value_delimiter = ',')]
    pub context: Option<Vec<String>>,
    /// Who wrote the text that a language model reads
    #[arg(long)]
    pub source: Option<String>,
    /// When
    #[arg(long)]
    pub year: Option<i32>,
    /// Where it can be found
    #[arg(long)]
    pub locator: Option<String>,
}

/// Takes claims in.
pub fn import(args: &Import, output: &Output) -> Result<Exit, Failure> {
    let is = |kinds: &[&str]| {
        args.file
            .extension()
            .is_some_and(|own| kinds.iter().any(|kind| own.eq_ignore_ascii_case(kind)))
    };
    let (records, rejected) = if is(&["csv"]) {
        (from_csv(args)?, Vec::new())
    } else if is(&["json", "jsonl", "ndjson"]) {
        (from_json(args)?, Vec::new())
    } else {
        from_text(args)?
    };
    for claim in &rejected {
        output.message(&format!("rejected: {}", claim.why));
    }
    let (count, known) = append(&args.ledger, &records)?;
    let text = format!(
        "{}: {count} claims taken in, {known} stood there already",
        args.ledger.display()
    );
    let rejected: Vec<Value> = rejected
        .iter()
        .map(|claim| json!({ "said": claim.said, "why": claim.why }))
        .collect();
    let fields = json!({ "imported": count, "known": known, "rejected": rejected });
    output.result("claims import", &text, fields)?;
    Ok(Exit::Success)
}

type Records = Vec<(ClaimRecord, String)>;

fn from_text(args: &Import) -> Result<(Records, Vec<Rejected>), Failure> {
    let Some(source) = args.source.clone() else {
        return Err(Failure::refused("a text needs to be known by its source")
            .help("say who wrote it with --source, and better also --year and --locator"));
    };
    let endpoint = Endpoint::from_env()?;
    let task = Extraction {
        source,
        year: args.year,
        locator: args.locator.clone(),
        text: files::text(&args.file)?,
        model: endpoint.model.clone(),
    };
    let found = endpoint
        .ask(task, 0)
        .map_err(|why| Failure::new(Exit::Device, why))?;
    let place = args.file.display().to_string();
    Ok((
        found
            .claims
            .into_iter()
            .map(|claim| (claim, place.clone()))
            .collect(),
        found.rejected,
    ))
}

fn from_json(args: &Import) -> Result<Vec<(ClaimRecord, String)>, Failure> {
    let text = files::text(&args.file)?;
    let name = args.file.display();
    if text.trim_start().starts_with('[') {
        let all: Vec<Value> = serde_json::from_str(&text)
            .map_err(|error| Failure::refused(format!("{name}: {error}")))?;
        return all
            .iter()
            .enumerate()
            .map(|(at, value)| record(&value.to_string(), format!("{name}, claim {}", at + 1)))
            .collect();
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| record(line, format!("{name}:{}", at + 1)))
        .collect()
}

fn record(text: &str, place: String) -> Result<(ClaimRecord, String), Failure> {
    ClaimRecord::parse(text.as_bytes())
        .map(|record| (record, place.clone()))
        .map_err(|error| {
            Failure::refused(format!("{place}: {error}")).help("docs/claims.md has the fields")
        })
}

/// Fields of a claim, beyond its conditions; `variance` is taken for the square of `se`.
const FIELDS: [&str; 16] = [
    "intervention",
    "outcome",
    "direction",
    "estimate",
    "se",
    "variance",
    "n",
    "p",
    "source",
    "year",
    "locator",
    "quote",
    "design",
    "stance",
    "condition",
    "supersedes",
];

fn from_csv(args: &Import) -> Result<Vec<(ClaimRecord, String)>, Failure> {
    let table = Columns::read(&args.file)?;
    for (field, _) in args.maps.iter().chain(&args.sets) {
        if !FIELDS.contains(&field.as_str()) {
            let near = quantity::nearest(field, FIELDS).map(str::to_owned);
            return Err(Failure::problem(
                Problem::error(format!("a claim has no field '{field}'"))
                    .expected(format!("one of {}", FIELDS.join(", ")))
                    .nearest(near),
            ));
        }
    }
    let of = |field: &str| -> Result<Option<usize>, Failure> {
        match args.maps.iter().find(|(own, _)| own == field) {
            Some((_, column)) => table.find(column).map(Some),
            None => Ok(table.find(field).ok()),
        }
    };
    let mut columns = BTreeMap::new();
    for field in FIELDS {
        if let Some(column) = of(field)? {
            columns.insert(field, column);
        }
    }
    let conditions: Vec<usize> = match &args.context {
        Some(names) => names
            .iter()
            .map(|name| table.find(name))
            .collect::<Result<_, _>>()?,
        None => (0..table.names.len())
            .filter(|at| !columns.values().any(|own| own == at))
            .collect(),
    };
    (0..table.len())
        .map(|row| {
            let place = format!("{}:{}", table.path(), table.line_number(row));
            let refused = |what: String| Failure::problem(Problem::error(what).at(&table.line(row)));
            let text = |field: &str| -> Option<&str> {
                let set = args.sets.iter().find(|(own, _)| own == field).map(|(_, v)| v.as_str());
                set.or_else(|| columns.get(field).map(|at| table.text(row, *at)))
                    .filter(|text| !matches!(*text, "" | "NA"))
            };
            let number = |field: &str| -> Result<Option<f64>, Failure> {
                text(field)
                    .map(|cell| {
                        cell.parse::<f64>().map_err(|_| refused(format!("'{cell}' for '{field}' is no number")))
                    })
                    .transpose()
            };
            let needed = |field: &str| {
                text(field).map(str::to_owned).ok_or_else(|| {
                    refused(format!("the claim has no '{field}'")).help(format!(
                        "name its column with --map {field}=COLUMN, or give it with --set {field}=TEXT"
                    ))
                })
            };
            let estimate = number("estimate")?;
            let se = match (number("se")?, number("variance")?) {
                (Some(se), _) => Some(se),
                (None, variance) => variance.map(f64::sqrt),
            };
            let direction = match text("direction") {
                Some(direction) => direction.to_owned(),
                // An effect without a word for it goes where its sign does.
                None => match estimate {
                    Some(value) if value > 0.0 => "increases".into(),
                    Some(value) if value < 0.0 => "decreases".into(),
                    Some(_) => "no effect".into(),
                    None => needed("direction")?,
                },
            };
            let context = conditions
                .iter()
                .filter(|at| !matches!(table.text(row, **at), "" | "NA"))
                .map(|at| {
                    let cell = table.text(row, *at);
                    let value = match cell.parse::<f64>() {
                        Ok(value) if value.is_finite() => ConditionRecord::Number(value),
                        _ => ConditionRecord::Text(cell.to_owned()),
                    };
                    (table.names[*at].clone(), value)
                })
                .collect();
            let owned = |field: &str| text(field).map(str::to_owned);
            let record = ClaimRecord {
                v: reason::claims::record::VERSION,
                intervention: needed("intervention")?,
                outcome: needed("outcome")?,
                direction,
                estimate,
                se,
                n: number("n")?,
                p: number("p")?,
                context,
                source: needed("source")?,
                year: number("year")?.map(|year| year as i32),
                locator: owned("locator"),
                quote: owned("quote"),
                reader: None,
                design: owned("design").unwrap_or_else(|| "unknown".into()),
                stance: owned("stance").unwrap_or_else(|| "for".into()),
                condition: owned("condition"),
                supersedes: number("supersedes")?.map(|number| number as u64),
            };
            Ok((record, place))
        })
        .collect()
}
