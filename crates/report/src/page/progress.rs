//! How the campaign learned.

use super::table::{Cell, figure};
use crate::chart::{error, parity, progress};
use crate::markup::Markup;
use crate::number::{number, percent};
use crate::{Campaign, Goal, score};

pub(super) fn write(m: &mut Markup, campaign: &Campaign) {
    let series = score::best_so_far(campaign);
    m.open("div", &[("class", &"card")]);
    let mut rows = Vec::new();
    let mut before = None;
    for (index, (value, best)) in series.iter().enumerate() {
        if before != Some(*best) {
            rows.push(vec![
                Cell::Number((index + 1).to_string()),
                Cell::Number(number(*value)),
            ]);
            before = Some(*best);
        }
    }
    let note = "Each dot is an experiment, in the order in which its value came in.";
    let (keys, title): (&[_], _) = if campaign.goal == Goal::Map {
        (&[("c1", "experiment")], "Values against experiments")
    } else {
        let keys = &[
            ("c1", "experiment"),
            ("c3", "confirmation"),
            ("bar c2", "best so far"),
            ("band", "95\u{202f}% interval of the answer"),
        ];
        (keys, "Best so far against experiments")
    };
    let heads: &[&str] = &["experiment", "new best"];
    let data = (campaign.goal != Goal::Map).then_some((heads, rows));
    figure(
        m,
        (title, note),
        keys,
        |m| progress::draw(m, campaign),
        data,
    );
    m.close("div");

    let scores = score::by_plate(&campaign.experiments);
    if scores.is_empty() {
        m.element("p", &[("class", &"sub")], "No experiment was predicted before it was measured, so there is no model error to show.");
        return;
    }
    m.open("div", &[("class", &"card")]);
    m.open("div", &[("class", &"pair")]);
    m.open("div", &[("class", &"column")]);
    let rows = || -> Vec<Vec<Cell>> {
        let row = |s: &score::PlateScore| {
            vec![
                Cell::Short(s.plate.map_or("–".into(), |plate| plate.to_string())),
                Cell::Number(s.measured.to_string()),
                Cell::Number(s.foretold.to_string()),
                Cell::Number(number(s.rmse)),
                Cell::Number(percent(s.covered)),
            ]
        };
        scores.iter().map(row).collect()
    };
    let heads: &[&str] = &[
        "plate",
        "measured so far",
        "predicted",
        "error",
        "in the 90\u{202f}% interval",
    ];
    let note =
        "Root mean square of measured minus predicted, on experiments that the model had not seen.";
    let caption = ("Model error against experiments", note);
    figure(
        m,
        caption,
        &[],
        |m| error::rmse(m, &scores, &campaign.response, &campaign.unit),
        Some((heads, rows())),
    );
    let note = "Share of values within the model's 90\u{202f}% interval; an honest one stays near 90\u{202f}%. Doubt is widened by what the errors on the plates before called for; on the first plate it is as the model has it.";
    let caption = ("Is its doubt honest?", note);
    figure(m, caption, &[], |m| error::coverage(m, &scores), None);
    m.close("div");
    let note =
        "The prediction was made before the well was read. The dashed line is where they agree.";
    let keys = &[("c1", "in the 90\u{202f}% interval"), ("c2", "outside")];
    let caption = ("Measured against predicted", note);
    figure(m, caption, keys, |m| parity::draw(m, campaign), None);
    m.close("div");
    m.close("div");
}
