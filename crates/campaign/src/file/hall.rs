//! How much of the hall is a campaign's, and until when.
//!
//! ```toml
//! [hall]
//! weight = 3          # three times the machine time of a campaign with 1, while both have plates that wait
//! deadline = "36 h"   # after the start: a plate that can't be finished by then is not begun
//! ```

use crate::assay::HallShare;
use quantity::Duration;
use source::{Problem, Span, Table};

/// The most that one campaign may weigh; a hundredth of a hall is hardly a share any more.
const WEIGHT_MAX: i64 = 100;
/// The longest deadline, of about eleven years.
const DEADLINE_MAX: Duration = Duration::from_hours(100_000);

/// What the file says, and where its deadline stands.
pub(super) struct HallFile {
    pub value: HallShare,
    pub deadline: Option<Span>,
}

/// Reads the table; the usual share and no deadline where there is none.
pub(super) fn read(table: Option<Table>) -> Option<HallFile> {
    let mut value = HallShare {
        weight: 1,
        deadline: None,
    };
    let Some(table) = table else {
        return Some(HallFile {
            value,
            deadline: None,
        });
    };
    let weight = match table.item("weight") {
        Some(item) => item.integer_in(1..=WEIGHT_MAX).map(|weight| weight as u32),
        None => Some(value.weight),
    };
    let deadline = table.optional::<Duration>("deadline");
    let sound = deadline.as_ref().is_none_or(|deadline| {
        let fits = deadline.value > Duration::ZERO && deadline.value <= DEADLINE_MAX;
        if !fits {
            table.push(
                Problem::error(format!(
                    "a campaign can't be done {} after its start",
                    deadline.value
                ))
                .at(&deadline.span)
                .expected("a time above zero and at most 100000 h, as in \"36 h\"")
                .help("leave it out if there is no such limit"),
            );
        }
        fits
    });
    table.finish();
    value.weight = weight?;
    value.deadline = deadline.as_ref().map(|at| at.value);
    sound.then(|| HallFile {
        value,
        deadline: deadline.map(|at| at.span),
    })
}
