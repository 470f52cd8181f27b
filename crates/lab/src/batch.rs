//! Instruments that work on several plates at once, in one run: centrifuges.
//!
//! ```toml
//! instruments = [
//!   { kind = "centrifuge", nests = 4, batch = { plates = 4, balance = "even", counterweights = 1 } },
//! ]
//! ```
//!
//! All plates of a run are put in before it starts and taken out after its end; their operations are alike, in
//! every parameter. `balance = "even"` asks for an even number of plates and counterweights, `"any"` for
//! nothing. A plate alone must be able to go with a counterweight: who has to wait for a partner that may
//! never come can't be promised anything.

use crate::kinds::Kind;
use bus::{Batch, Role};
use protocol::vocabulary::{self, Reading};
use source::Table;

/// Plates in one run, at most.
const PLATES_MOST: i64 = 64;

/// Reads `batch` of an instrument.
pub(crate) fn read(table: &Table<'_>, kind: Option<&Kind>) -> Option<Batch> {
    let batch = table.table("batch")?;
    let plates = batch.required_item("plates", "how many plates it takes in one run, such as 4");
    let plates = plates.and_then(|item| item.integer_in(1..=PLATES_MOST));
    let even = batch.optional_choice("balance", &[("even", true), ("any", false)]);
    let even = even.is_some_and(|even| even.value);
    let weights = match batch.item("counterweights") {
        Some(item) => item.integer_in(0..=PLATES_MOST),
        None => Some(0),
    };
    let found = Batch {
        plates: plates? as u32,
        even,
        counterweights: weights? as u32,
    };
    if let Some(kind) = kind {
        let unfit = kind.offers.keys().filter_map(|name| vocabulary::word(name));
        let mut unfit = unfit
            .filter(|word| word.adds_liquid || word.reading != Reading::Never)
            .map(|word| word.name);
        if kind.role != Role::Work {
            batch.push(
                batch
                    .problem("a hotel, waste or quarantine does no work that plates could share")
                    .help("leave 'batch' out here"),
            );
        } else if let Some(name) = unfit.next() {
            batch.push(
                batch
                    .problem(format!(
                        "'{name}' is done plate by plate, and no run of several"
                    ))
                    .expected(
                        "an instrument that neither measures nor dispenses, such as a centrifuge",
                    ),
            );
        }
        if found.plates > kind.nests {
            batch.push(
                batch
                    .problem(format!(
                        "a run of {} plates, and {} places for them",
                        found.plates, kind.nests
                    ))
                    .help(format!("say nests = {} too", found.plates)),
            );
        }
    }
    if found.most() == 0 {
        batch.push(
            batch
                .problem(
                    "a plate alone could never go: it would wait for a partner that may not come",
                )
                .expected("counterweights = 1 and plates = 2 or more, or balance = \"any\""),
        );
    }
    if table.has("setup") {
        batch.push(
            batch
                .problem("an instrument that works by the run has no 'setup'")
                .help("leave one of both out; unlike work is never in one run"),
        );
    }
    batch.finish();
    Some(found)
}
