//! A plate as a heat map.

use super::frame::svg;
use super::scale::{Scale, ticks};
use super::{at, colour};
use crate::markup::Markup;
use crate::number::{level, number, with_unit};
use crate::{Campaign, Plate, Role, Well};

/// Which of a well's values is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Raw,
    Corrected,
}

impl Value {
    pub(crate) fn of(self, well: &Well) -> Option<f64> {
        let reading = well.reading?;
        let value = match self {
            Value::Raw => Some(reading.raw),
            Value::Corrected => reading.corrected,
        };
        value.filter(|value| value.is_finite())
    }

    fn name(self) -> &'static str {
        match self {
            Value::Raw => "raw",
            Value::Corrected => "corrected",
        }
    }

    fn unit(self, plate: &Plate) -> &str {
        match self {
            Value::Raw => &plate.raw_unit,
            Value::Corrected => &plate.corrected_unit,
        }
    }
}

/// The share of values at each end that the colours don't spread out for.
const TAIL: f64 = 0.005;

/// The range of colours, the same for all plates so that they can be compared: that of all values
/// but the outermost half percent at each end.
pub(crate) fn range<'a>(plates: impl IntoIterator<Item = &'a Plate>, value: Value) -> (f64, f64) {
    let mut values: Vec<f64> = plates
        .into_iter()
        .flat_map(|plate| &plate.wells)
        .filter_map(|well| value.of(well))
        .collect();
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else {
        return (0.0, 1.0);
    };
    let cut = (last as f64 * TAIL) as usize;
    let (low, high) = (values[cut], values[last - cut]);
    Scale::around([low, high], 0.0)
}

const MARGIN: f64 = 20.0;
const LEGEND: f64 = 74.0;
const WIDTH: f64 = 384.0;

/// One plate with one kind of value. What a well is for is written into it (+ − c b), what casts
/// doubt on it is hatched, and one without a value is empty.
pub(crate) fn draw(
    m: &mut Markup,
    plate: &Plate,
    campaign: &Campaign,
    value: Value,
    (low, high): (f64, f64),
) {
    let (rows, columns) = (
        f64::from(plate.rows.max(1)),
        f64::from(plate.columns.max(1)),
    );
    let pitch = (WIDTH / columns).min(34.0);
    let (wide, tall) = (pitch * columns, pitch * rows);
    let (width, height) = (MARGIN + wide + LEGEND, MARGIN + tall + 4.0);
    let shares = Scale {
        low,
        high,
        from: 0.0,
        to: 1.0,
    };
    let title = format!("{}, {} values", plate.id, value.name());
    let description = format!(
        "{} rows by {} columns, from {} to {}",
        plate.rows,
        plate.columns,
        number(low),
        with_unit(number(high), value.unit(plate))
    );
    svg(m, width, height, &title, &description, |m| {
        names(m, plate, pitch);
        for well in &plate.wells {
            if well.row >= plate.rows || well.column >= plate.columns || well.role == Role::Empty {
                continue;
            }
            let share = value.of(well).map(|v| shares.place(v));
            cell(m, plate, campaign, well, value, share, pitch);
        }
        legend(
            m,
            (MARGIN + wide + 12.0, tall),
            (low, high),
            value.unit(plate),
        );
    });
}

fn names(m: &mut Markup, plate: &Plate, pitch: f64) {
    // Small wells get a name for every second row and column.
    let every = if pitch < 12.0 { 2 } else { 1 };
    m.within("g", &[("class", &"wellnames")], |m| {
        for row in (0..plate.rows).step_by(every) {
            let name = Plate::well_name(row, 0);
            let y = at(MARGIN + (f64::from(row) + 0.5) * pitch + 3.0);
            let x = MARGIN - 5.0;
            m.element(
                "text",
                &[("class", &"end"), ("x", &x), ("y", &y)],
                name.trim_end_matches('1'),
            );
        }
        for column in (0..plate.columns).step_by(every) {
            let x = at(MARGIN + (f64::from(column) + 0.5) * pitch);
            let y = MARGIN - 6.0;
            let name = u16::from(column) + 1;
            m.element("text", &[("class", &"middle"), ("x", &x), ("y", &y)], name);
        }
    });
}

/// The mark of a role in a well; none for a sample.
pub(crate) fn mark(role: &Role) -> &'static str {
    match role {
        Role::Sample | Role::Empty => "",
        Role::Positive(_) => "+",
        Role::Negative(_) => "−",
        Role::Control(_) => "c",
        Role::Blank => "b",
    }
}

/// What a well is for, in words.
pub(crate) fn role(role: &Role) -> String {
    match role {
        Role::Sample => "sample".into(),
        Role::Positive(name) => format!("positive control ({name})"),
        Role::Negative(name) => format!("negative control ({name})"),
        Role::Control(name) => format!("control ({name})"),
        Role::Blank => "blank".into(),
        Role::Empty => "empty".into(),
    }
}

fn cell(
    m: &mut Markup,
    plate: &Plate,
    campaign: &Campaign,
    well: &Well,
    value: Value,
    share: Option<f64>,
    pitch: f64,
) {
    let x = at(MARGIN + f64::from(well.column) * pitch);
    let y = at(MARGIN + f64::from(well.row) * pitch);
    let size = at(pitch - 1.0);
    let tip = tip(plate, campaign, well, value);
    let fill = share.map(colour::viridis);
    let class = if fill.is_some() { "w" } else { "w none" };
    let fill = fill.as_deref().unwrap_or("none");
    m.within(
        "rect",
        &[
            ("class", &class),
            ("x", &x),
            ("y", &y),
            ("width", &size),
            ("height", &size),
            ("fill", &fill),
        ],
        |m| m.element("title", &[], tip),
    );
    if !well.flags.is_empty() || well.failed.is_some() {
        m.shape(
            "rect",
            &[
                ("class", &"over"),
                ("x", &x),
                ("y", &y),
                ("width", &size),
                ("height", &size),
                ("fill", &"url(#hatch)"),
            ],
        );
    }
    let mark = mark(&well.role);
    if !mark.is_empty() && pitch >= 10.0 {
        let (x, y) = (at(x + size / 2.0), at(y + size / 2.0 + pitch * 0.25));
        // Classes of the page would win over attributes.
        let style = format!(
            "fill:{};font-size:{}px",
            share.map_or("currentColor", colour::ink),
            at((pitch * 0.75).min(18.0))
        );
        m.element(
            "text",
            &[
                ("class", &"mark middle"),
                ("x", &x),
                ("y", &y),
                ("style", &style),
            ],
            mark,
        );
    }
}

fn tip(plate: &Plate, campaign: &Campaign, well: &Well, value: Value) -> String {
    let mut tip = format!(
        "{} {}",
        Plate::well_name(well.row, well.column),
        role(&well.role)
    );
    if let Some(point) = &well.point {
        let levels: Vec<String> = point
            .levels
            .iter()
            .enumerate()
            .map(|(index, setting)| level(setting, campaign.factors.get(index)))
            .collect();
        tip.push_str(&format!(", point {}: {}", point.point, levels.join(", ")));
    }
    if let Some(found) = value.of(well) {
        tip.push_str(&format!(
            " → {}",
            with_unit(number(found), value.unit(plate))
        ));
    }
    if !well.flags.is_empty() {
        tip.push_str(&format!(" [{}]", well.flags.join(", ")));
    }
    if let Some(why) = &well.failed {
        tip.push_str(&format!(" (no value that counts: {why})"));
    }
    tip
}

fn legend(m: &mut Markup, (x, tall): (f64, f64), (low, high): (f64, f64), unit: &str) {
    let (top, height) = (MARGIN, tall - 1.0);
    let place = Scale {
        low,
        high,
        from: top + height,
        to: top,
    };
    m.shape(
        "rect",
        &[
            ("x", &at(x)),
            ("y", &top),
            ("width", &10),
            ("height", &at(height)),
            ("rx", &2),
            ("fill", &"url(#viridis)"),
        ],
    );
    m.within("g", &[("class", &"grid")], |m| {
        for (value, text) in ticks(low, high, 4) {
            let y = at(place.place(value));
            let (x1, x2) = (at(x + 10.0), at(x + 14.0));
            m.shape("line", &[("x1", &x1), ("x2", &x2), ("y1", &y), ("y2", &y)]);
            let (x, y) = (at(x + 17.0), at(y + 4.0));
            m.element("text", &[("x", &x), ("y", &y)], text);
        }
        let y = MARGIN - 7.0;
        m.element("text", &[("x", &at(x)), ("y", &y)], unit);
    });
}

/// What all heat maps share, once per page: the gradient of the legends and the hatch of doubt.
pub(crate) fn definitions(m: &mut Markup) {
    m.within(
        "svg",
        &[
            ("class", &"defs"),
            ("width", &0),
            ("height", &0),
            ("aria-hidden", &"true"),
        ],
        |m| {
            m.open("defs", &[]);
            m.within(
                "linearGradient",
                &[
                    ("id", &"viridis"),
                    ("x1", &0),
                    ("x2", &0),
                    ("y1", &1),
                    ("y2", &0),
                ],
                |m| {
                    for step in 0..=16 {
                        let share = f64::from(step) / 16.0;
                        let colour = colour::viridis(share);
                        m.shape("stop", &[("offset", &share), ("stop-color", &colour)]);
                    }
                },
            );
            m.literal(
                "<pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
                 patternTransform=\"rotate(45)\"><line x1=\"1\" x2=\"1\" y1=\"0\" y2=\"5\" \
                 stroke=\"#fff\" stroke-width=\"2.2\"/><line x1=\"1\" x2=\"1\" y1=\"0\" y2=\"5\" \
                 stroke=\"#d55e00\" stroke-width=\"1.3\"/></pattern>",
            );
            m.close("defs");
        },
    );
}
