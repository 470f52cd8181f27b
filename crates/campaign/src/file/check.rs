//! What can't work is found before anything moves.

use super::{CampaignFile, Places};
use crate::assay::{Campaign, ControlContent};
use crate::recipe::{Amount, Purpose, Recipe, RecipeError};
use design::{Aim, LinearConstraint, Relation};
use lab::Hall;
use quantity::{Duration, Kind, Volume};
use source::{Problem, Problems, Sink, Span};

pub(super) struct CheckPlaces<'a> {
    pub assay: &'a Span,
    pub parts: &'a [Span],
    pub replicates: &'a Span,
    pub factors: &'a [Span],
    pub reagents: &'a [Span],
    pub controls: &'a [Span],
    pub hours: Option<&'a Span>,
    pub deadline: Option<&'a Span>,
}

/// Everything that can be seen without a lab.
pub(super) fn campaign(campaign: &Campaign, places: &CheckPlaces, sink: &Sink) {
    let assay = &campaign.assay;
    let (usable, controls) = (assay.wells_usable(), assay.wells_for_controls());
    let per_point = assay.wells_per_point();
    if assay.points_per_plate() == 0 {
        sink.push(
            Problem::error(format!(
                "no point fits on a plate: {usable} wells, {controls} of them for controls and blanks, and {per_point} for each point"
            ))
            .at(places.replicates)
            .help("use fewer controls or replicates, or a plate with more wells"),
        );
    }
    let confirmation = (campaign.confirm.candidates * campaign.confirm.replicates) as usize
        * assay.series.as_ref().map_or(1, |series| series.doses.len());
    if campaign.aim != Aim::Map && campaign.budget.plates > 1 && confirmation + controls > usable {
        sink.push(
            Problem::error(format!(
                "{} candidates in {} wells each need {confirmation} wells of the last plate, and {} are free",
                campaign.confirm.candidates,
                campaign.confirm.replicates,
                usable.saturating_sub(controls)
            ))
            .at(places.assay)
            .expected("[confirm] with fewer candidates or replicates"),
        );
    }
    used(campaign, places, sink);
    worklists(campaign, places, sink);
    // What is missing above would only be missed again.
    if sink.errors() == 0 {
        volumes(campaign, places, sink);
    }
    amounts(campaign, places, sink);
    hours(campaign, places, sink);
}

/// What stands on the shelf must do for what every plate takes for certain; that it may not do for the
/// most that points could take is a warning.
fn amounts(campaign: &Campaign, places: &CheckPlaces, sink: &Sink) {
    let assay = &campaign.assay;
    let recipe = &assay.recipe;
    let plates = f64::from(campaign.budget.plates);
    let blanks = f64::from(assay.blanks);
    let controls = assay
        .controls
        .iter()
        .map(|c| f64::from(c.wells))
        .sum::<f64>();
    let points = (assay.points_per_plate() * assay.wells_per_point()) as f64;
    for (reagent, span) in recipe.shelf.reagents.iter().zip(places.reagents) {
        let Some(amount) = reagent.amount else {
            continue;
        };
        let (mut certain, mut most) = (0.0, 0.0);
        for part in recipe
            .parts
            .iter()
            .filter(|part| part.reagent == reagent.id)
        {
            let wells = if part.into.points { points } else { 0.0 }
                + if part.into.controls { controls } else { 0.0 }
                + if part.into.blanks { blanks } else { 0.0 };
            match part.amount {
                // Each member of a family is asked for as often as the policy likes.
                Amount::Fixed { volume } => {
                    certain += wells * volume.as_ul();
                    most += wells * volume.as_ul();
                }
                Amount::Dose { factor, stock } => {
                    let high = recipe.space.factors[factor]
                        .range()
                        .map_or(0.0, |range| range.1);
                    most += points * recipe.volume.as_ul() * high / stock;
                }
                Amount::Share { volume, .. } => most += points * volume.as_ul(),
                _ => {}
            }
        }
        let (certain, most) = (certain * plates, most * plates);
        let spoken = |ul: f64| Volume::from_ul(ul.ceil());
        if certain > amount.as_ul() {
            sink.push(
                Problem::error(format!(
                    "'{}' runs out: {} plates take {}, and there is {amount}",
                    reagent.name,
                    campaign.budget.plates,
                    spoken(certain)
                ))
                .at(span)
                .help("prepare more, or ask for fewer plates"),
            );
        } else if most > amount.as_ul() {
            sink.push(
                Problem::warning(format!(
                    "'{}' may run out: {} plates take up to {}, and there is {amount}",
                    reagent.name,
                    campaign.budget.plates,
                    spoken(most)
                ))
                .at(span)
                .help("prepare more, or add a [[constraint]]"),
            );
        }
    }
}

/// A time that ends before the first plate could come back buys no answer.
fn hours(campaign: &Campaign, places: &CheckPlaces, sink: &Sink) {
    let least: Duration = campaign
        .assay
        .protocol
        .steps
        .iter()
        .filter_map(|step| step.operation.duration("duration"))
        .sum();
    let hours = (least.as_secs_f64() / 3600.0).ceil() + 1.0;
    let budget = (campaign.budget.time, places.hours);
    let deadline = (campaign.hall.deadline, places.deadline);
    for ((time, span), expected) in [
        (budget, format!("hours = {hours:.0} or more")),
        (deadline, format!("deadline = \"{hours:.0} h\" or later")),
    ] {
        let (Some(time), Some(span)) = (time, span) else {
            continue;
        };
        if least >= time {
            sink.push(
                Problem::error(format!(
                    "no plate comes back in time: protocol '{}' alone takes {least}",
                    campaign.assay.protocol.name
                ))
                .at(span)
                .expected(expected),
            );
        }
    }
}

/// A factor that no part of the recipe carries into a well can't change anything.
fn used(campaign: &Campaign, places: &CheckPlaces, sink: &Sink) {
    let recipe = &campaign.assay.recipe;
    for (at, factor) in campaign.space.factors.iter().enumerate() {
        let carried = recipe
            .parts
            .iter()
            .filter(|part| part.into.points)
            .any(|part| match part.amount {
                Amount::Dose { factor, .. }
                | Amount::Share { factor, .. }
                | Amount::Choice { factor, .. } => factor == at,
                Amount::Member { .. } => true,
                _ => false,
            });
        if !carried {
            sink.push(
                Problem::error(format!(
                    "nothing carries factor '{}' into a well",
                    factor.name
                ))
                .at(&places.factors[at])
                .expected("an [[assay.part]] with dose, share, choose or member"),
            );
        }
    }
}

/// Each worklist of the protocol needs a part, or its step has nothing to do.
fn worklists(campaign: &Campaign, places: &CheckPlaces, sink: &Sink) {
    let assay = &campaign.assay;
    for step in &assay.protocol.steps {
        if let Some(worklist) = &step.worklist
            && !assay
                .recipe
                .parts
                .iter()
                .any(|part| part.worklist == *worklist)
        {
            sink.push(
                Problem::error(format!(
                    "nothing is dispensed in step '{}': worklist '{worklist}' has no part",
                    step.name
                ))
                .at(places.assay)
                .expected(format!("an [[assay.part]] with worklist = \"{worklist}\"")),
            );
        }
    }
}

/// No point, control or blank may overflow.
fn volumes(campaign: &Campaign, places: &CheckPlaces, sink: &Sink) {
    let assay = &campaign.assay;
    let recipe = &assay.recipe;
    let well = assay.labware().well;
    if recipe.volume > well.max_volume {
        sink.push(
            Problem::error(format!(
                "a full well is {} here, and a well of {} takes {} at most",
                recipe.volume,
                assay.labware().name,
                well.max_volume
            ))
            .at(places.assay)
            .expected(format!("volume = \"{}\" or less", well.max_volume)),
        );
        return;
    }
    if let Some((point, sum)) = overflow(campaign) {
        sink.push(
            Problem::error(format!(
                "volumes overflow: {} takes {sum}, and a full well is {}",
                spoken(campaign, &point),
                recipe.volume
            ))
            .at(worst_part(recipe, places))
            .help(
                "use a stronger stock, a narrower factor, a larger volume, or add a [[constraint]]",
            ),
        );
        return;
    }
    let dose = assay
        .series
        .as_ref()
        .and_then(|series| series.doses.last().copied());
    if let Ok(point) = campaign.space.has_feasible_point()
        && let Err(why) = recipe.make(Purpose::Point(&point, dose))
    {
        sink.push(
            Problem::error(format!(
                "the point {} can't be made: {why}",
                campaign.space.print(&point)
            ))
            .at(places.assay),
        );
    }
    for (control, span) in assay.controls.iter().zip(places.controls) {
        let made = match &control.content {
            ControlContent::Levels(levels) => recipe.make(Purpose::Levels(levels)),
            ControlContent::Reagent(id, volume) => recipe.make(Purpose::Extra(*id, *volume)),
        };
        if let Err(why) = made {
            let help = match why {
                RecipeError::NoMember => "name a member of the library",
                _ => "use a stronger stock or a lower level",
            };
            sink.push(
                Problem::error(format!(
                    "the {} control can't be made: {why}",
                    control.kind.name()
                ))
                .at(span)
                .help(help),
            );
        }
    }
}

/// A point whose parts are more than a full well, with their sum.
///
/// Parts are linear in the levels, so such a point exists exactly if the space with one more
/// constraint, `sum >= full well`, has one.
fn overflow(campaign: &Campaign) -> Option<(design::Point, Volume)> {
    let recipe = &campaign.assay.recipe;
    let full = recipe.volume.as_ul();
    let mut fixed = 0.0;
    let mut terms = Vec::new();
    for part in recipe.parts.iter().filter(|part| part.into.points) {
        match part.amount {
            Amount::Dose { factor, stock } => terms.push((factor, full / stock)),
            Amount::Share { factor, volume } => terms.push((factor, volume.as_ul())),
            Amount::Choice { volume, .. }
            | Amount::Member { volume }
            | Amount::Fixed { volume } => {
                fixed += volume.as_ul();
            }
            Amount::Series { stock } => {
                let dose = campaign
                    .assay
                    .series
                    .as_ref()
                    .and_then(|series| series.doses.last());
                fixed += dose.map_or(0.0, |dose| full * dose / stock);
            }
            Amount::Fill => {}
        }
    }
    let sum_at = |point: &design::Point| {
        let varied: f64 = terms
            .iter()
            .filter_map(|(at, weight)| Some(weight * point.0[*at].number()?))
            .sum();
        Volume::from_ul(fixed + varied)
    };
    // A hair above, so that a recipe that fills the well exactly is not refused for rounding.
    let limit = full * (1.0 + 1e-6) + 0.001;
    let space = &campaign.space;
    if let Some(table) = &space.candidates {
        let over = table
            .points()
            .iter()
            .find(|point| sum_at(point).as_ul() > limit);
        return over.map(|point| (point.clone(), sum_at(point)));
    }
    if terms.is_empty() {
        let point = space.has_feasible_point().ok()?;
        return (fixed > limit).then(|| (point.clone(), sum_at(&point)));
    }
    let fuller = LinearConstraint {
        terms: terms.clone(),
        relation: Relation::AtLeast,
        bound: limit - fixed,
    };
    let point = (**space)
        .clone()
        .with_constraint(fuller)
        .has_feasible_point()
        .ok()?;
    let sum = sum_at(&point);
    (sum > recipe.volume).then_some((point, sum))
}

/// A point as a person would write it down.
fn spoken(campaign: &Campaign, point: &design::Point) -> String {
    let level = |(factor, level): (&design::Factor, &design::Level)| {
        let text = match level {
            // Four digits that count.
            design::Level::Real(value) if *value != 0.0 => {
                let digits = 3 - value.abs().log10().floor() as i32;
                let scale = 10_f64.powi(digits);
                format!("{}", (value * scale).round() / scale)
            }
            other => factor.print(other),
        };
        format!("{} {text} {}", factor.name, factor.unit)
            .trim_end()
            .to_owned()
    };
    let levels: Vec<String> = campaign
        .space
        .factors
        .iter()
        .zip(&point.0)
        .map(level)
        .collect();
    levels.join(", ")
}

/// The part that can take up the most; one that varies, if there is any.
fn worst_part<'a>(recipe: &Recipe, places: &CheckPlaces<'a>) -> &'a Span {
    let varies = |amount: &Amount| matches!(amount, Amount::Dose { .. } | Amount::Share { .. });
    let any = recipe.parts.iter().any(|part| varies(&part.amount));
    let most = |at: &usize| match recipe.parts[*at].amount {
        amount if any && !varies(&amount) => -1,
        Amount::Dose { factor, stock } => {
            let high = recipe.space.factors[factor]
                .range()
                .map_or(0.0, |range| range.1);
            (recipe.volume.as_ul() * high / stock * 1e3) as i64
        }
        Amount::Share { volume, .. }
        | Amount::Choice { volume, .. }
        | Amount::Member { volume }
        | Amount::Fixed { volume } => volume.base(),
        _ => 0,
    };
    let worst = (0..recipe.parts.len()).max_by_key(most);
    worst.map_or(places.assay, |at| &places.parts[at])
}

impl CampaignFile {
    /// What can't be done in a hall: doses below what its dispensers can do.
    #[must_use]
    pub fn check_volumes_in(&self, hall: &Hall) -> Problems {
        let assay = &self.campaign.assay;
        let Places { assay: span, parts } = &self.places;
        let mut problems = Vec::new();
        for step in &assay.protocol.steps {
            let Some(worklist) = &step.worklist else {
                continue;
            };
            // The least and the most that some instrument here dispenses in one go.
            let offers: Vec<(i64, i64)> = hall
                .offering(&step.operation.capability)
                .filter(|(_, offer)| offer.labware.contains(&assay.labware().class))
                .map(|(_, offer)| match offer.limits.get("volume") {
                    Some(bus::Range::Quantity(Kind::Volume, low, high)) => (*low, *high),
                    _ => (0, i64::MAX),
                })
                .collect();
            let Some(least) = offers.iter().map(|offer| offer.0).min() else {
                continue;
            };
            let most = offers.iter().map(|offer| offer.1).max().unwrap_or(i64::MAX);
            for (part, span_of) in assay.recipe.parts.iter().zip(parts) {
                if part.worklist != *worklist {
                    continue;
                }
                let volume = match part.amount {
                    Amount::Choice { volume, .. }
                    | Amount::Member { volume }
                    | Amount::Fixed { volume } => volume,
                    _ => continue,
                };
                if volume.base() < least || volume.base() > most {
                    problems.push(
                        Problem::error(format!(
                            "no instrument here dispenses {volume} in step '{}'",
                            step.name
                        ))
                        .at(span_of)
                        .expected(format!(
                            "from {} to {}",
                            Volume::from_base(least),
                            Volume::from_base(most)
                        )),
                    );
                }
            }
            if assay.recipe.drop.base() < least
                && assay.recipe.parts.iter().any(|part| {
                    part.worklist == *worklist
                        && matches!(part.amount, Amount::Dose { .. } | Amount::Share { .. })
                })
            {
                problems.push(
                    Problem::warning(format!(
                        "doses of less than {} can't be dispensed in step '{}' and count as none",
                        Volume::from_base(least),
                        step.name
                    ))
                    .at(span)
                    .help(format!(
                        "set drop = \"{}\" under [assay]",
                        Volume::from_base(least)
                    )),
                );
            }
        }
        problems.into_iter().collect()
    }
}
