//! `[assay]`: recipe, controls, analysis, limits.

use super::part::{Context, reagent};
use super::reagents::{ShelfFile, stock};
use crate::assay::{Assay, Control, ControlKind, Limits, Normalise, Position, Rim, Series, Take};
use crate::recipe::Recipe;
use design::Space;
use protocol::Protocol;
use quantity::Volume;
use source::{At, Span, Table};
use std::sync::Arc;

/// An assay with the places in the file that later checks point at.
#[derive(Debug)]
pub(super) struct AssayFile {
    pub assay: Assay,
    pub span: Span,
    /// Where each part begins.
    pub parts: Vec<Span>,
    /// Where the number of wells per point is said.
    pub replicates: Span,
    /// Where each reagent is named.
    pub reagents: Vec<Span>,
    /// Where each control begins.
    pub controls: Vec<Span>,
    /// The channel of the reading that counts, where one is named.
    pub channel: Option<At<Arc<str>>>,
}

/// The smallest drop that is dispensed when a file says nothing: 2.5 nL, an acoustic droplet.
const DROP_NL: i64 = 3;
/// Share of a plate's wells that must give a value when a file says nothing.
const VALID_SHARE: f64 = 0.5;

pub(super) const NORMALISE: [(&str, Normalise); 5] = [
    ("none", Normalise::None),
    ("blank", Normalise::Blank),
    ("controls", Normalise::Controls),
    ("negative", Normalise::Negative),
    ("inhibition", Normalise::Inhibition),
];
pub(super) const POSITION: [(&str, Position); 3] = [
    ("none", Position::None),
    ("trend", Position::Trend),
    ("median-polish", Position::MedianPolish),
];

pub(super) fn read(
    table: Table,
    space: &Arc<Space>,
    shelf: ShelfFile,
    protocol: Option<Arc<Protocol>>,
) -> Option<AssayFile> {
    let before = table.sink().errors();
    let span = table.span();
    let volume = table.required::<Volume>("volume");
    let drop = table.or("drop", Volume::from_base(DROP_NL));
    let replicates_span = table
        .item("replicates")
        .map_or_else(|| span.clone(), |item| item.span());
    let replicates = table
        .item("replicates")
        .map_or(Some(1), |item| item.integer_in(1..=96));
    let blanks = table.or("blanks", 0u32);
    let blocks = table
        .item("blocks")
        .map_or(Some(1), |item| item.integer_in(1..=24));
    let rim = table.optional_choice("rim", &[("used", Rim::Used), ("empty", Rim::Empty)]);
    let series = table
        .table("series")
        .map(|series| read_series(series, &shelf));
    let context = Context {
        space,
        shelf: &shelf,
        protocol: protocol.as_deref(),
        series: &series,
    };
    let (mut parts, mut part_spans) = (Vec::new(), Vec::new());
    for table in table.tables("part") {
        let span = table.span();
        if let Some(part) = context.part(table) {
            parts.push(part);
            part_spans.push(span);
        }
    }
    if !table.has("part") {
        table.push(
            table
                .problem("no part: nothing is put into a well")
                .expected("[[assay.part]]"),
        );
    }
    let control_tables = table.tables("control");
    let control_spans: Vec<Span> = control_tables.iter().map(Table::span).collect();
    let controls: Vec<Control> = control_tables
        .into_iter()
        .filter_map(|control| context.control(control))
        .collect();
    let all_controls = controls.len() == control_spans.len();
    let analysis_table = table.required_table("analysis");
    let channel = analysis_table
        .as_ref()
        .and_then(|table| table.optional::<Arc<str>>("channel"));
    let analysis =
        analysis_table.and_then(|a| context.analysis(a, &controls, blanks, channel.as_ref()));
    let limits = match table.table("limits") {
        Some(limits) => read_limits(limits, &controls, all_controls),
        None => Some(Limits {
            z_prime_min: None,
            control_cv_max: None,
            replicate_sd_max: None,
            valid_share_min: VALID_SHARE,
        }),
    };
    let sink = table.sink();
    table.finish();
    let series = match series {
        Some(series) => Some(series?.0),
        None => None,
    };
    if sink.errors() > before {
        return None;
    }
    let reagents = shelf.spans;
    let recipe = Recipe {
        shelf: shelf.shelf,
        volume: volume?.value,
        parts,
        drop,
        space: space.clone(),
    };
    let assay = Assay {
        protocol: protocol?,
        recipe,
        replicates: u32::try_from(replicates?).ok()?,
        controls,
        blanks,
        rim: rim.map_or(Rim::Used, |rim| rim.value),
        blocks: u32::try_from(blocks?).ok()?,
        series,
        analysis: analysis?,
        limits: limits?,
    };
    Some(AssayFile {
        assay,
        span,
        parts: part_spans,
        replicates: replicates_span,
        reagents,
        controls: control_spans,
        channel,
    })
}

/// The series, and its stock.
fn read_series(table: Table, shelf: &ShelfFile) -> Option<(Series, usize, f64)> {
    let item = table.required_item("reagent", "the name of a reagent");
    let at = item.as_ref().and_then(|item| reagent(item, shelf));
    let unit = table.required::<String>("unit");
    let doses: Option<Vec<f64>> = table
        .list::<f64>("doses")
        .map(|doses| doses.into_iter().map(|dose| dose.value).collect());
    if doses.is_none() && !table.has("doses") {
        table.required_item("doses", "[0, 1, 2, 4, 8]");
    }
    if let Some(doses) = &doses
        && (doses.len() < 5 || !doses.is_sorted_by(|a, b| a < b) || doses[0] < 0.0)
    {
        table.push(
            table
                .problem("these doses can't carry a four-parameter curve")
                .expected("at least 5 doses, ascending, none below zero"),
        );
    }
    let take = table.optional_choice(
        "take",
        &[
            ("log-ed50", Take::LogEd50),
            ("top", Take::Top),
            ("bottom", Take::Bottom),
            ("slope", Take::Slope),
        ],
    );
    table.finish();
    let (at, unit) = (at?, unit?);
    let strength = stock(&shelf.shelf.reagents[at], &unit.value, &item?)?;
    let series = Series {
        doses: doses?,
        unit: unit.value.as_str().into(),
        take: take.map_or(Take::LogEd50, |take| take.value),
    };
    Some((series, at, strength))
}

fn read_limits(table: Table, controls: &[Control], all: bool) -> Option<Limits> {
    let z_prime = table.item("z_prime");
    let z_prime_min = z_prime
        .as_ref()
        .and_then(|item| item.number_in(-10.0..=1.0));
    let both = [ControlKind::Positive, ControlKind::Negative]
        .iter()
        .all(|kind| {
            controls
                .iter()
                .filter(|c| c.kind == *kind)
                .map(|c| c.wells)
                .sum::<u32>()
                >= 2
        });
    // A control with a problem of its own is missed no second time.
    if let Some(item) = z_prime
        && !both
        && all
    {
        item.push(
            item.problem("Z′ can't be worked out: there are fewer than two positive or two negative controls")
                .expected("an [[assay.control]] of each kind with at least two wells"),
        );
    }
    let control_cv_max = table
        .optional::<quantity::Ratio>("control_cv")
        .map(|at| at.value.as_f64());
    let replicate_sd_max = table
        .item("replicate_sd")
        .and_then(|item| item.number_in(0.0..=f64::MAX));
    let valid_share_min = table
        .or("valid_share", quantity::Ratio::from_f64(VALID_SHARE))
        .as_f64();
    table.finish();
    Some(Limits {
        z_prime_min,
        control_cv_max,
        replicate_sd_max,
        valid_share_min,
    })
}
