//! `[[assay.part]]`, `[[assay.control]]` and `[assay.analysis]`: what goes into wells and comes out of them.

use super::assay::{NORMALISE, POSITION};
use super::reagents::{ShelfFile, stock};
use crate::assay::{Analysis, Control, ControlContent, ControlKind, Normalise, Position, Series};
use crate::reagent::{Reagent, Substance};
use crate::recipe::{Amount, Into, Part};
use design::{FactorKind, Level, Space};
use protocol::Protocol;
use quantity::Volume;
use source::{At, Item, Problem, Table};
use std::sync::Arc;

pub(super) fn reagent(item: &Item, shelf: &ShelfFile) -> Option<usize> {
    let name = item.read::<String>()?;
    let found = shelf
        .shelf
        .reagents
        .iter()
        .position(|reagent| *reagent.name == *name.value);
    if found.is_none() && !shelf.broken.contains(&name.value) {
        item.push(Problem::unknown_name(
            "reagent",
            &name,
            shelf.shelf.reagents.iter().map(|r| &*r.name),
        ));
    }
    found
}

/// The kinds of well that a part goes into; all of them if nothing is said.
fn into(table: &Table) -> Into {
    let Some(items) = table.item("into").and_then(|item| item.list()) else {
        return Into {
            points: true,
            blanks: true,
            controls: true,
        };
    };
    let mut into = Into {
        points: false,
        blanks: false,
        controls: false,
    };
    for item in items {
        match item
            .choice(&[("points", 0), ("controls", 1), ("blanks", 2)])
            .map(|choice| choice.value)
        {
            Some(0) => into.points = true,
            Some(1) => into.controls = true,
            Some(_) => into.blanks = true,
            None => {}
        }
    }
    into
}

pub(super) struct Context<'a> {
    pub space: &'a Arc<Space>,
    pub shelf: &'a ShelfFile,
    pub protocol: Option<&'a Protocol>,
    pub series: &'a Option<Option<(Series, usize, f64)>>,
}

impl Context<'_> {
    fn factor(&self, item: &Item) -> Option<usize> {
        let name = item.read::<String>()?;
        let found = self.space.index(&name.value);
        if found.is_none() {
            let names = self.space.factors.iter().map(|factor| factor.name.as_str());
            item.push(Problem::unknown_name("factor", &name, names));
        }
        found
    }

    fn reagent(&self, item: &Item) -> Option<&Reagent> {
        reagent(item, self.shelf).map(|at| &self.shelf.shelf.reagents[at])
    }

    pub(super) fn part(&self, table: Table) -> Option<Part> {
        let worklist = table.required::<String>("worklist");
        if let (Some(worklist), Some(protocol)) = (&worklist, self.protocol) {
            let names: Vec<&str> = protocol
                .steps
                .iter()
                .filter_map(|s| s.worklist.as_deref())
                .collect();
            if !names.contains(&worklist.value.as_str()) {
                table.push(
                    Problem::unknown_name("worklist", worklist, names).remark(format!(
                        "worklists are those of protocol '{}'",
                        protocol.name
                    )),
                );
            }
        }
        let reagent_item = table.required_item("reagent", "the name of a reagent");
        let reagent = reagent_item.as_ref().and_then(|item| self.reagent(item));
        let into = into(&table);
        let before = table.sink().errors();
        let amount = self.amount(&table, reagent, reagent_item.as_ref());
        if amount.is_none() && reagent.is_some() && table.sink().errors() == before {
            table.push(
                table
                    .problem("it isn't said how much of this part goes into a well")
                    .expected("one of dose, share, choose, member, series, volume, fill"),
            );
        }
        table.finish();
        Some(Part {
            worklist: worklist?.value.as_str().into(),
            reagent: reagent?.id,
            amount: amount?,
            into,
        })
    }

    fn amount(
        &self,
        table: &Table,
        reagent: Option<&Reagent>,
        reagent_item: Option<&Item>,
    ) -> Option<Amount> {
        let volume = |key: &str| table.required::<Volume>(key).map(|at| at.value);
        if let Some(item) = table.item("dose") {
            let factor = self.factor(&item)?;
            let stock = stock(reagent?, &self.space.factors[factor].unit, reagent_item?)?;
            return Some(Amount::Dose { factor, stock });
        }
        if let Some(item) = table.item("share") {
            let factor = self.factor(&item);
            let volume = volume("volume");
            let factor = factor?;
            if !matches!(self.space.factors[factor].kind, FactorKind::Mixture { .. }) {
                item.push(
                    item.problem(format!(
                        "factor '{}' is no share of a mixture",
                        self.space.factors[factor].name
                    ))
                    .expected("the name of a mixture factor"),
                );
                return None;
            }
            return Some(Amount::Share {
                factor,
                volume: volume?,
            });
        }
        if let Some(item) = table.item("choose") {
            let (factor, volume) = (self.factor(&item), volume("volume"));
            let (factor, reagent) = (factor?, reagent?);
            if !matches!(reagent.what, Substance::Levels { factor: of } if of == factor) {
                item.push(
                    item.problem(format!(
                        "reagent '{}' does not stand for the levels of '{}'",
                        reagent.name, self.space.factors[factor].name
                    ))
                    .expected(format!(
                        "a reagent with levels = \"{}\"",
                        self.space.factors[factor].name
                    )),
                );
                return None;
            }
            return Some(Amount::Choice {
                factor,
                volume: volume?,
            });
        }
        if let Some(item) = table.item("member") {
            let (wanted, volume) = (item.boolean(), volume("volume"));
            let reagent = reagent?;
            if !matches!(reagent.what, Substance::Library { .. }) {
                item.push(
                    item.problem(format!("reagent '{}' is no library", reagent.name))
                        .expected("a reagent with library = \"<factor>\""),
                );
                return None;
            }
            return wanted
                .filter(|wanted| *wanted)
                .and(volume)
                .map(|volume| Amount::Member { volume });
        }
        if let Some(item) = table.item("series") {
            item.boolean()?;
            let Some(Some((_, at, stock))) = self.series else {
                item.push(
                    item.problem("there is no series of doses")
                        .expected("[assay.series] with reagent and doses"),
                );
                return None;
            };
            if self.shelf.shelf.reagents[*at].id != reagent?.id {
                item.push(
                    item.problem("the series is of another reagent")
                        .expected(format!(
                            "reagent = \"{}\"",
                            self.shelf.shelf.reagents[*at].name
                        )),
                );
                return None;
            }
            return Some(Amount::Series { stock: *stock });
        }
        if let Some(item) = table.item("fill") {
            return item.boolean().filter(|fill| *fill).map(|_| Amount::Fill);
        }
        if table.has("volume") {
            return volume("volume").map(|volume| Amount::Fixed { volume });
        }
        None
    }

    pub(super) fn control(&self, table: Table) -> Option<Control> {
        let kind = table.choice(
            "kind",
            &[
                ("positive", ControlKind::Positive),
                ("negative", ControlKind::Negative),
            ],
        );
        let wells = table.required::<u32>("wells");
        let content = if let Some(item) = table.item("reagent") {
            let reagent = self.reagent(&item).map(|reagent| reagent.id);
            let volume = table.required::<Volume>("volume");
            reagent
                .zip(volume)
                .map(|(id, volume)| ControlContent::Reagent(id, volume.value))
        } else {
            let mut levels: Vec<Option<Level>> = vec![None; self.space.factors.len()];
            let mut sound = true;
            for (name, item) in table
                .table("levels")
                .map(|l| l.entries())
                .unwrap_or_default()
            {
                let Some(at) = self.space.index(&name.value) else {
                    let names = self.space.factors.iter().map(|factor| factor.name.as_str());
                    item.push(Problem::unknown_name("factor", &name, names));
                    sound = false;
                    continue;
                };
                levels[at] = self.level(at, &item);
                sound &= levels[at].is_some();
            }
            sound.then_some(ControlContent::Levels(levels))
        };
        table.finish();
        Some(Control {
            kind: kind?.value,
            wells: wells?.value,
            content: content?,
        })
    }

    /// A level for a control: any dose, whether the space holds it or not.
    fn level(&self, at: usize, item: &Item) -> Option<Level> {
        let factor = &self.space.factors[at];
        match &factor.kind {
            FactorKind::Continuous { .. } | FactorKind::Mixture { .. } => {
                item.number().map(Level::Real)
            }
            FactorKind::Integer { .. } => item.integer().map(Level::Integer),
            _ => {
                let text = if item.is_number() {
                    item.shown()
                } else {
                    item.read::<String>()?.value
                };
                match factor.parse(&text) {
                    Ok(level) => Some(level),
                    Err(error) => {
                        item.push(item.problem(error.to_string()).expected(error.expected));
                        None
                    }
                }
            }
        }
    }

    pub(super) fn analysis(
        &self,
        table: Table,
        controls: &[Control],
        blanks: u32,
        channel: Option<&At<Arc<str>>>,
    ) -> Option<Analysis> {
        let reading =
            self.reading(table.required_item("reading", "the name of a reading of the protocol"));
        let baseline = table.item("baseline").map(|item| self.reading(Some(item)));
        let normalise = table.optional_choice("normalise", &NORMALISE);
        let position = table.optional_choice("position", &POSITION);
        if let Some(choice) = &normalise {
            let has = |kind: ControlKind| controls.iter().any(|c| c.kind == kind && c.wells > 0);
            let (negative, positive) = (has(ControlKind::Negative), has(ControlKind::Positive));
            let (works, needs) = match choice.value {
                Normalise::None => (true, ""),
                Normalise::Blank => (blanks > 0, "blanks"),
                Normalise::Controls => (positive && negative, "positive and negative controls"),
                Normalise::Negative | Normalise::Inhibition => (negative, "negative controls"),
            };
            if !works {
                table.push(
                    Problem::error(format!("this needs {needs}, and there are none"))
                        .at(&choice.span)
                        .expected(match choice.value {
                            Normalise::Blank => "blanks = 4 or more under [assay]".to_owned(),
                            Normalise::Controls => {
                                "an [[assay.control]] of each kind, positive and negative"
                                    .to_owned()
                            }
                            _ => "an [[assay.control]] with kind = \"negative\"".to_owned(),
                        }),
                );
            }
            if blanks == 0 && matches!(choice.value, Normalise::Negative | Normalise::Inhibition) {
                table.push(
                    Problem::warning("there are no blanks: an empty well is taken to read zero")
                        .at(&choice.span)
                        .help("set blanks under [assay]"),
                );
            }
        }
        table.finish();
        let baseline = match baseline {
            Some(None) => return None,
            other => other.flatten(),
        };
        Some(Analysis {
            reading: reading?,
            channel: channel.map(|at| at.value.clone()),
            baseline,
            normalise: normalise.map_or(Normalise::None, |n| n.value),
            position: position.map_or(Position::None, |p| p.value),
        })
    }

    fn reading(&self, item: Option<Item>) -> Option<Arc<str>> {
        let item = item?;
        let name = item.read::<String>()?;
        if let Some(protocol) = self.protocol {
            let names: Vec<&str> = protocol
                .steps
                .iter()
                .filter_map(|step| step.reading.as_deref())
                .collect();
            if !names.contains(&name.value.as_str()) {
                item.push(
                    Problem::unknown_name("reading", &name, names).remark(format!(
                        "readings are those of protocol '{}'",
                        protocol.name
                    )),
                );
                return None;
            }
        }
        Some(name.value.as_str().into())
    }
}
