//! `[[hypothesis]]` and `[discriminate]`: rivals, and when one of them is certain.

use super::hypothesis;
use crate::assay::Rivals;
use design::Space;
use reason::rivals::{RIVALS_MAX, RivalOptions};
use source::{Problem, Table};

/// The probability at which a hypothesis is taken for true when a file says nothing.
const CERTAINTY: f64 = 0.99;
/// Most points that a file may ask for on a plate.
const POINTS_MAX: i64 = 10_000;

/// Reads the rivals of a campaign that is to tell them apart.
pub(super) fn read(root: &Table, tables: Vec<Table>, space: &Space, asked: bool) -> Option<Rivals> {
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
                "2 to {RIVALS_MAX} of [[hypothesis]], each with a name and {}",
                hypothesis::KINDS
            )),
        );
    }
    let hypotheses: Vec<Option<hypothesis::Read>> = tables
        .into_iter()
        .map(|table| hypothesis::read(table, space))
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
    let hypotheses = hypothesis::whole(hypotheses, space, root)?;
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
