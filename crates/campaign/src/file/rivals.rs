//! `[[hypothesis]]` and `[discriminate]`: rivals, and when one of them is certain.

use crate::assay::Rivals;
use design::{FactorKind, Space};
use reason::rivals::{Formula, Hypothesis, Parameter, RIVALS_MAX, RivalOptions};
use source::{Problem, Table};

/// The probability at which a hypothesis is taken for true when a file says nothing.
const CERTAINTY: f64 = 0.99;
/// Most points that a file may ask for on a plate.
const POINTS_MAX: i64 = 10_000;

/// Reads the rivals of a campaign that is to tell them apart.
pub(super) fn read(root: &Table, space: &Space, asked: bool) -> Option<Rivals> {
    let tables = root.tables("hypothesis");
    let settings = root.table("discriminate");
    if !asked {
        for table in tables {
            table.push(
                Problem::error("a hypothesis, where nothing is to be told apart")
                    .at(&table.span())
                    .expected("question = \"discriminate\""),
            );
            let _ = table.entries();
            table.finish();
        }
        if let Some(table) = settings {
            let _ = table.entries();
            table.finish();
        }
        return None;
    }
    if !(2..=RIVALS_MAX).contains(&tables.len()) {
        root.push(
            root.problem(format!(
                "{} hypotheses, and a question between them",
                tables.len()
            ))
            .expected(format!(
                "2 to {RIVALS_MAX} of [[hypothesis]], each with a name and a formula"
            )),
        );
    }
    let factors: Vec<&str> = space
        .factors
        .iter()
        .map(|factor| factor.name.as_str())
        .collect();
    let hypotheses: Vec<Option<Hypothesis>> = tables
        .into_iter()
        .map(|table| hypothesis(table, space, &factors))
        .collect();
    let (certainty, noise, points) = match settings {
        None => (Some(CERTAINTY), None, None),
        Some(table) => {
            let certainty = table
                .item("certainty")
                .map_or(Some(CERTAINTY), |item| item.number_in(0.5..=0.999_999));
            let noise = table
                .item("noise")
                .and_then(|item| item.number_in(1e-12..=1e12));
            let points = table
                .item("points")
                .and_then(|item| item.integer_in(1..=POINTS_MAX).map(|points| points as u32));
            table.finish();
            (certainty, noise, points)
        }
    };
    let hypotheses = hypotheses.into_iter().collect::<Option<Vec<_>>>()?;
    (hypotheses.len() >= 2).then_some(())?;
    Some(Rivals {
        hypotheses,
        points,
        options: RivalOptions {
            certainty: certainty?,
            noise,
            repeats: true,
            by_lot: false,
        },
    })
}

fn hypothesis(table: Table, space: &Space, factors: &[&str]) -> Option<Hypothesis> {
    let name = table.required::<String>("name");
    let prior = table
        .item("prior")
        .map_or(Some(1.0), |item| item.number_in(1e-9..=1e9));
    let text = table.required::<String>("formula");
    let mut parameters = Vec::new();
    let mut whole = true;
    if let Some(ranges) = table.table("parameters") {
        for (key, item) in ranges.entries() {
            let range: Option<Vec<f64>> = item
                .list()
                .and_then(|items| items.iter().map(|i| i.number()).collect());
            match range.as_deref() {
                Some([low, high]) => parameters.push(Parameter {
                    name: key.value,
                    low: *low,
                    high: *high,
                    // A range over more than a decade of positive numbers is one of sizes.
                    log: *low > 0.0 && high / low > 10.0,
                }),
                _ => {
                    whole = false;
                    item.push(
                        item.problem("no range")
                            .expected("its least and greatest value, such as [0.5, 4]"),
                    );
                }
            }
        }
        ranges.finish();
    }
    let span = table.span();
    let place = text.as_ref().map_or(span, |text| text.span.clone());
    let refuse = |what: String| table.push(Problem::error(what).at(&place));
    let (name, text, prior) = match (name, text, prior) {
        (Some(name), Some(text), Some(prior)) if whole => (name.value, text.value, prior),
        _ => {
            table.finish();
            return None;
        }
    };
    let formula = match Formula::parse(&text) {
        Ok(formula) => formula,
        Err(error) => {
            refuse(format!("the formula can't be read: {error}"));
            table.finish();
            return None;
        }
    };
    let unlike = formula.names().iter().find(|used| {
        space.index(used).is_some_and(|at| {
            matches!(
                space.factors[at].kind,
                FactorKind::Categorical { .. } | FactorKind::Sequence { .. }
            )
        })
    });
    if let Some(used) = unlike {
        refuse(format!(
            "the formula computes with '{used}', which is no number"
        ));
        table.finish();
        return None;
    }
    let found = Hypothesis::new(&name, prior, formula, parameters, factors);
    let found = found.map_err(|error| refuse(error.to_string())).ok();
    table.finish();
    found
}
