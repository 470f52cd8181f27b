//! Who drives whom, for the report.

use crate::causes::CausesFound;
use report::figure::{Arrow, CauseGraph, HiddenCause};

/// What the report shows of causes.
pub(super) fn report(found: &CausesFound) -> report::Causes {
    let place = |name: &str| found.variables.iter().position(|own| own == name);
    let arrows = found.arrows.iter().filter(|arrow| arrow.believed);
    let graph = CauseGraph {
        title: "Who drives whom".into(),
        names: found.variables.clone(),
        arrows: arrows
            .filter_map(|arrow| {
                Some(Arrow {
                    from: place(&arrow.from)?,
                    to: place(&arrow.to)?,
                    probability: arrow.probability,
                    effect: arrow.effect,
                    open: arrow.open,
                })
            })
            .collect(),
        hidden: found
            .hidden
            .iter()
            .filter(|pair| pair.probability > 0.5)
            .filter_map(|pair| {
                Some(HiddenCause {
                    a: place(&pair.a)?,
                    b: place(&pair.b)?,
                    probability: pair.probability,
                })
            })
            .collect(),
    };
    let arrows = found.arrows.iter().map(|arrow| report::CauseArrow {
        from: arrow.from.clone(),
        to: arrow.to.clone(),
        probability: arrow.probability,
        effect: arrow.effect.zip(arrow.interval),
        open: arrow.open,
    });
    let hidden = found
        .hidden
        .iter()
        .map(|pair| (pair.a.clone(), pair.b.clone(), pair.probability));
    let plates = found.plates.iter().map(|plate| report::CausePlate {
        plate: plate.order,
        arms: plate.arms.clone().into_iter().collect(),
        certainty: plate.certainty,
        settled: plate.settled.clone(),
        ruled_out: plate.ruled_out,
    });
    let by_intervention = found
        .by_intervention
        .iter()
        .map(|by| (by.intervention.clone(), by.arrows.clone()));
    let changes = found.changes.iter().map(|change| report::CauseChange {
        intervention: change.intervention.clone(),
        variable: change.variable.clone(),
        difference: change.difference,
        interval: change.interval,
    });
    report::Causes {
        graph,
        arrows: arrows.collect(),
        hidden: hidden.collect(),
        certainty: found.certainty,
        together: found.together,
        wanted: found.wanted,
        plates: plates.collect(),
        by_intervention: by_intervention.collect(),
        changes: changes.collect(),
        wells: found.wells,
        disturbed: found.disturbed,
    }
}
