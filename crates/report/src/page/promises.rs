//! What the hall promised a campaign.

use crate::Promises;
use crate::markup::Markup;
use crate::number::{count, moment, span};

/// Nothing is written where nothing was promised or refused.
pub(super) fn write(m: &mut Markup, promises: &Promises) {
    let finished = promises.kept + promises.late;
    if finished == 0 && promises.refused.is_empty() {
        return;
    }
    let mut text = format!(
        "{} of {} finished by when the hall promised them first",
        promises.kept,
        count(finished as usize, "plate was", "plates were")
    );
    if promises.late > 0 {
        text.push_str(&format!(
            ", {} later, by {} at most",
            promises.late,
            span(promises.worst)
        ));
    }
    text.push('.');
    if let Some(deadline) = promises.deadline {
        text.push_str(&format!(
            " All were to be finished by {}{}.",
            moment(deadline),
            match promises.after_deadline {
                0 => ", and were".to_owned(),
                late => format!("; {late} came after that"),
            }
        ));
    }
    if promises.weight > 1 {
        text.push_str(&format!(
            " The campaign weighs {}: beside others it has so many times the machine time of one that weighs 1.",
            promises.weight
        ));
    }
    m.element("p", &[], text);
    for (plate, why, _) in &promises.refused {
        m.element("p", &[], format!("{plate} was not taken: {why}."));
    }
}
