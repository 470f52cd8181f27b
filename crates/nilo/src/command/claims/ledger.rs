//! `nilo claims import|list|debate|rank`: the ledger of claims.

use crate::columns::Columns;
use crate::endpoint::Endpoint;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::Output;
use clap::Args;
use journal::{Header, Journal, NewEvent, Version};
use quantity::Instant;
use reason::claims::record::{ClaimRecord, ConditionRecord};
use reason::claims::{Claim, Ledger, NextKind, Pair, Stance, debate, rank};
use reason::language::extract::{Extraction, Rejected};
use serde_json::{Value, json};
use source::Problem;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Kind of a claim's event, and what the journal's header says of itself.
const KIND: &str = "claim";
const OF: &str = "claims";

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

/// Which debate.
#[derive(Debug, Args)]
pub struct About {
    /// The ledger
    pub ledger: PathBuf,
    /// Only claims about this intervention
    #[arg(long)]
    pub intervention: Option<String>,
    /// Only claims about this outcome
    #[arg(long)]
    pub outcome: Option<String>,
}

/// What to rank, and what trials cost.
#[derive(Debug, Args)]
pub struct Rank {
    #[command(flatten)]
    pub about: About,
    /// Standard error that the next trial would have
    #[arg(long, default_value_t = 0.2236)]
    pub se: f64,
    /// Cost of a trial that varies a condition, where one more of the same costs 1
    #[arg(long, value_name = "CONDITION=COST", value_parser = pair)]
    pub cost: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("'{text}': expected a name, '=', and a value")),
    }
}

/// Opens a ledger and folds it.
fn open(path: &Path) -> Result<(Journal, Ledger), Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    if !path.exists() {
        return Err(Failure::refused(named(&"there is no such ledger"))
            .help("nilo claims import makes one"));
    }
    let journal = Journal::open_read_only(path).map_err(|e| Failure::refused(named(&e)))?;
    let ledger = fold(&journal).map_err(|what| Failure::refused(named(&what)))?;
    Ok((journal, ledger))
}

fn fold(journal: &Journal) -> Result<Ledger, String> {
    if journal.header().run() != OF {
        return Err("this is the journal of a run, not a ledger of claims".into());
    }
    let mut ledger = Ledger::default();
    for event in journal
        .read(Version(1), Version::MAX)
        .map_err(|e| e.to_string())?
    {
        let event = event.map_err(|e| e.to_string())?;
        if event.kind == KIND {
            ledger
                .apply(event.version.0, &event.body)
                .map_err(|error| format!("claim {}: {error}", event.version))?;
        }
    }
    Ok(ledger)
}

/// Appends records to a ledger: all of them, or none where one is no claim. Those that stand there already are
/// counted, and not taken in twice.
///
/// # Errors
/// If the ledger can't be opened or written, or a record is refused, with its place.
pub fn append(path: &Path, records: &[(ClaimRecord, String)]) -> Result<(u64, u64), Failure> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    for (record, place) in records {
        record
            .claim()
            .map_err(|error| Failure::refused(format!("{place}: {error}")))?;
    }
    let header = Header::new(OF).with("program", env!("CARGO_PKG_VERSION"));
    let mut journal =
        Journal::open_or_create(path, header).map_err(|e| Failure::refused(named(&e)))?;
    let mut ledger = fold(&journal).map_err(|what| Failure::refused(named(&what)))?;
    let clock = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64());
    let now = Instant::from_secs_f64(clock);
    let now = journal.last_at().map_or(now, |last| last.max(now));
    let (mut new, mut known) = (Vec::new(), 0);
    let mut number = journal.version().0;
    for (record, place) in records {
        let claim = record.claim().map_err(Failure::refused)?;
        if ledger.holds(&claim) {
            known += 1;
            continue;
        }
        number += 1;
        let body = record.body();
        ledger
            .apply(number, &body)
            .map_err(|error| Failure::refused(format!("{place}: {error}")))?;
        new.push(NewEvent::new(now, KIND, body));
    }
    let count = new.len() as u64;
    if count > 0 {
        journal
            .append(journal.version(), new)
            .map_err(|e| Failure::io(named(&e)))?;
        journal.commit().map_err(|e| Failure::io(named(&e)))?;
    }
    Ok((count, known))
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

fn line(number: u64, claim: &Claim) -> String {
    let size = match (claim.size.estimate, claim.size.effect()) {
        (Some(y), Some((_, v))) => format!("{y:.3} ± {:.3}", v.sqrt()),
        (Some(y), None) => format!("{y:.3}, no error stated"),
        (None, _) => "no size".into(),
    };
    let year = claim
        .source
        .year
        .map_or(String::new(), |year| format!(" {year}"));
    format!(
        "{number:>5}  {}{year} ({}): {} {} {}, {size}",
        claim.source.name,
        claim.design.name(),
        claim.intervention,
        match claim.direction {
            reason::claims::Direction::Increases => "increases",
            reason::claims::Direction::Decreases => "decreases",
            reason::claims::Direction::NoEffect => "does nothing to",
        },
        claim.outcome
    )
}

/// Lists claims.
pub fn list(about: &About, output: &Output) -> Result<Exit, Failure> {
    let (_, ledger) = open(&about.ledger)?;
    let shown: Vec<&(u64, Claim)> = ledger
        .standing()
        .filter(|(_, c)| {
            about
                .intervention
                .as_ref()
                .is_none_or(|i| *i == c.intervention)
        })
        .filter(|(_, c)| about.outcome.as_ref().is_none_or(|o| *o == c.outcome))
        .collect();
    let text: Vec<String> = shown
        .iter()
        .map(|(number, claim)| line(*number, claim))
        .collect();
    let claims: Vec<Value> = shown
        .iter()
        .map(|(number, c)| {
            json!({
                "number": number, "intervention": c.intervention, "outcome": c.outcome,
                "estimate": c.size.estimate, "effect": c.size.effect(), "source": c.source.name,
                "year": c.source.year, "design": c.design.name(), "quote": c.source.quote,
                "reader": c.source.reader,
            })
        })
        .collect();
    output.result("claims list", &text.join("\n"), json!({ "claims": claims }))?;
    Ok(Exit::Success)
}

/// The pairs that are asked about.
fn pairs(ledger: &Ledger, about: &About) -> Result<Vec<Pair>, Failure> {
    let all = ledger.pairs();
    let chosen: Vec<Pair> = all
        .iter()
        .filter(|p| {
            about
                .intervention
                .as_ref()
                .is_none_or(|i| *i == p.intervention)
        })
        .filter(|p| about.outcome.as_ref().is_none_or(|o| *o == p.outcome))
        .cloned()
        .collect();
    if chosen.is_empty() {
        let known: Vec<String> = all
            .iter()
            .map(|p| format!("{} on {}", p.intervention, p.outcome))
            .collect();
        return Err(Failure::problem(
            Problem::error("no claim is about that")
                .expected(format!("one of: {}", known.join("; "))),
        ));
    }
    Ok(chosen)
}

/// Shows who says what.
pub fn show_debate(about: &About, output: &Output) -> Result<Exit, Failure> {
    let (_, ledger) = open(&about.ledger)?;
    let (mut text, mut debates) = (String::new(), Vec::new());
    for pair in pairs(&ledger, about)? {
        let claims = ledger.about(&pair);
        let alone: Vec<&Claim> = claims.iter().map(|(_, claim)| *claim).collect();
        let found = debate(&alone);
        let _ = writeln!(
            text,
            "{} on {}: {} sources",
            pair.intervention,
            pair.outcome,
            claims.len()
        );
        match &found.fit {
            Some(fit) => {
                let (mean, h) = (fit.mean(), &fit.heterogeneity);
                let _ = writeln!(
                    text,
                    "  together {:.3} (95 % {:.3} to {:.3}); {:.0} % of their spread is more than chance",
                    mean.estimate, mean.ci.0, mean.ci.1, h.i2
                );
            }
            None => {
                let _ = writeln!(
                    text,
                    "  nothing to put together: fewer than two state an effect with its error"
                );
            }
        }
        let mut sides: Vec<_> = found.voices.iter().map(|voice| voice.side).collect();
        sides.sort();
        sides.dedup();
        for side in sides {
            let own: Vec<_> = found
                .voices
                .iter()
                .filter(|voice| voice.side == side)
                .collect();
            let weight: f64 = own.iter().map(|voice| voice.weight).sum();
            let _ = writeln!(
                text,
                "  {} say {}, with {:.0} % of the weight",
                own.len(),
                side.words(),
                weight * 100.0
            );
            for voice in own {
                let (number, claim) = claims[voice.at];
                let mut words = line(number, claim);
                if voice.weight > 0.0 {
                    let _ = write!(
                        words,
                        "; weight {:.1} %, worth {:.3} nats",
                        voice.weight * 100.0,
                        voice.worth
                    );
                } else {
                    words.push_str("; worth nothing in numbers");
                }
                let conditions: Vec<String> = claim
                    .context
                    .iter()
                    .map(|(name, value)| match value {
                        reason::claims::Condition::Number(v, unit) => {
                            format!("{name} {v} {unit}").trim_end().to_owned()
                        }
                        reason::claims::Condition::Text(text) => format!("{name} {text}"),
                    })
                    .collect();
                if !conditions.is_empty() {
                    let _ = write!(words, "; under {}", conditions.join(", "));
                }
                if let Stance::Conditional(when) = &claim.stance {
                    let _ = write!(words, "; only {when}");
                }
                let _ = writeln!(text, "  {words}");
            }
        }
        let voices: Vec<Value> = found
            .voices
            .iter()
            .map(|v| {
                json!({
                    "claim": claims[v.at].0, "source": claims[v.at].1.source.name,
                    "side": v.side.words(), "weight": v.weight,
                    "worth_nats": v.worth.is_finite().then_some(v.worth),
                })
            })
            .collect();
        debates.push(json!({
            "intervention": pair.intervention, "outcome": pair.outcome, "voices": voices,
            "mean": found.fit.as_ref().map(|f| f.mean().estimate),
            "se": found.fit.as_ref().map(|f| f.mean().se),
            "i2": found.fit.as_ref().map(|f| f.heterogeneity.i2),
        }));
    }
    output.result(
        "claims debate",
        text.trim_end(),
        json!({ "debates": debates }),
    )?;
    Ok(Exit::Success)
}

/// Ranks the next trials.
pub fn show_rank(args: &Rank, output: &Output) -> Result<Exit, Failure> {
    if !(args.se.is_finite() && args.se >= 0.0) {
        return Err(Failure::refused(format!(
            "--se is {}; it must be at least zero",
            args.se
        )));
    }
    let mut costs = BTreeMap::new();
    for (name, value) in &args.cost {
        let cost = value
            .parse::<f64>()
            .ok()
            .filter(|cost| cost.is_finite() && *cost > 0.0);
        let Some(cost) = cost else {
            return Err(Failure::refused(format!(
                "--cost {name}={value}: expected a number above zero"
            )));
        };
        costs.insert(name.clone(), cost);
    }
    let (_, ledger) = open(&args.about.ledger)?;
    let (mut text, mut plans) = (String::new(), Vec::new());
    for pair in pairs(&ledger, &args.about)? {
        let claims: Vec<&Claim> = ledger
            .about(&pair)
            .into_iter()
            .map(|(_, claim)| claim)
            .collect();
        let _ = writeln!(text, "{} on {}", pair.intervention, pair.outcome);
        let cost = |kind: &NextKind| match kind {
            NextKind::Repeat => 1.0,
            NextKind::At { moderator, .. } => costs.get(moderator).copied().unwrap_or(1.0),
        };
        match rank(&claims, args.se * args.se, cost) {
            Ok(ranked) => {
                for (place, next) in ranked.iter().enumerate() {
                    let _ = writeln!(text, "  {}. {}", place + 1, next.words);
                    let (moderator, value) = match &next.kind {
                        NextKind::Repeat => (None, None),
                        NextKind::At { moderator, value } => (Some(moderator), Some(value)),
                    };
                    plans.push(json!({
                        "intervention": pair.intervention, "outcome": pair.outcome, "rank": place + 1,
                        "moderator": moderator, "value": value, "nats": next.nats,
                        "per_cost": next.per_cost, "ceiling_repeat_nats": next.ceiling, "words": next.words,
                    }));
                }
            }
            Err(error) => {
                let _ = writeln!(text, "  not estimable: {error}");
            }
        }
    }
    output.result("claims rank", text.trim_end(), json!({ "next": plans }))?;
    Ok(Exit::Success)
}
