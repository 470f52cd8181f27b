//! What arms and movers did, read from the journal.

use crate::exit::{Exit, Failure};
use journal::{Journal, Version};
use quantity::{ArmId, Instant, MoverId, PlateId};
use report::{Device, Work};
use serde_json::Value;
use std::collections::BTreeMap;

/// Every completed ride, grip and scan, by beginning.
///
/// # Errors
/// If the journal can't be read.
pub fn of(journal: &Journal) -> Result<Vec<Work>, Failure> {
    let lost = |error: journal::ReadError| Failure::new(Exit::Lost, error);
    let mut open: BTreeMap<u64, Work> = BTreeMap::new();
    let mut work = Vec::new();
    for event in journal.read(Version(1), Version::MAX).map_err(lost)? {
        let event = event.map_err(lost)?;
        match event.kind.as_str() {
            "out.command" => {
                let Ok(body) = serde_json::from_slice::<Value>(&event.body) else {
                    continue;
                };
                if let (Some(id), Some(begun)) =
                    (body["id"].as_u64(), begun(&body["action"], event.at))
                {
                    open.insert(id, begun);
                }
            }
            "in.report" => {
                let Ok(body) = serde_json::from_slice::<Value>(&event.body) else {
                    continue;
                };
                if let Some((id, done)) = ended(&body)
                    && let Some(mut begun) = open.remove(&id)
                {
                    begun.ended = event.at;
                    begun.done = done;
                    work.push(begun);
                }
            }
            _ => {}
        }
    }
    work.sort_by_key(|work| (work.began, work.ended, work.device));
    Ok(work)
}

/// A ride, grip or scan that begins; nothing for other commands.
fn begun(action: &Value, at: Instant) -> Option<Work> {
    let (name, fields) = action.as_object()?.iter().next()?;
    let number = |key: &str| {
        fields
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|n| u32::try_from(n).ok())
    };
    let (device, operation) = match name.as_str() {
        "travel" => (Device::Mover(MoverId(number("mover")?)), "carry"),
        "pick" | "place" | "scan" => (Device::Arm(ArmId(number("arm")?)), name.as_str()),
        _ => return None,
    };
    let moment = |key: &str| {
        fields
            .get(key)
            .and_then(Value::as_i64)
            .map(Instant::from_base)
    };
    Some(Work {
        device,
        plate: number("plate").map(PlateId),
        operation: operation.to_owned(),
        began: moment("depart").unwrap_or(at),
        ended: at,
        done: false,
    })
}

/// The command that a report ends, and whether it was done.
fn ended(report: &Value) -> Option<(u64, bool)> {
    let find = |key: &str| {
        report
            .get("report")?
            .get(key)?
            .get("command")
            .and_then(Value::as_u64)
    };
    find("done")
        .map(|id| (id, true))
        .or_else(|| find("failed").map(|id| (id, false)))
}
