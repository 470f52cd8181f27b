//! The twin's world for a campaign: its nature, its liquids, its bad luck.

use campaign::{
    CampaignFile, NatureFile, Reagent, Setting, Strength, Substance, TableFile, member,
};
use design::FactorKind;
use quantity::Seed;
use source::{At, Problem};
use std::sync::Arc;
use twin::nature::{
    self, Antibiotics, Detector, Electrolyte, Form, Key, Mapping, Nature, Natures, Network,
    ReagentMeaning, Table,
};
use twin::{FaultRates, TwinConfig};

/// Mechanisms that a campaign may name.
const MECHANISMS: [&str; 3] = ["antibiotics", "electrolyte", "gene-network"];
/// How far a well may be from a row of a table, in the column's unit.
const TOLERANCE: f64 = 0.02;

/// The world of a campaign.
///
/// # Errors
/// If the file names no nature, or one that does not go with its liquids.
pub fn world(file: &CampaignFile, seed: Seed) -> Result<TwinConfig, Box<Problem>> {
    let campaign = &file.campaign;
    let nature: Arc<dyn Nature> = match &file.nature {
        None => {
            return Err(Box::new(
                Problem::error("nobody answers: this campaign has no nature to run against")
                    .at(&file.lab.span)
                    .expected("[nature] with mechanism = … or table = …"),
            ));
        }
        Some(NatureFile::Mechanism { name, settings }) => mechanism(name, settings)?,
        Some(NatureFile::Table(table)) => Arc::new(measured(file, table)?),
    };
    for channel in file.channel.iter().chain(&file.channels) {
        let known = nature.channels(Detector::Fluorescence);
        if !known.is_empty() && !known.contains(&channel.value) {
            let named = At {
                value: channel.value.to_string(),
                span: channel.span.clone(),
            };
            let known = known.iter().map(|name| &**name);
            return Err(Box::new(Problem::unknown_name("channel", &named, known)));
        }
    }
    let mut reagents = Vec::new();
    for reagent in &campaign.assay.recipe.shelf.reagents {
        for place in 0..reagent.members {
            reagents.push(liquid(file, reagent, place));
        }
    }
    // A liquid that nature does not know would answer nothing: found now, not at the first plate.
    for (id, reagent) in reagents.iter().enumerate() {
        if let Err(why) = nature.bind(&reagent.meaning) {
            let shelf = &file.campaign.assay.recipe.shelf;
            let at = u32::try_from(id)
                .ok()
                .and_then(|id| shelf.find(quantity::ReagentId(id)))
                .and_then(|(family, _)| shelf.reagents.iter().position(|r| r.id == family.id));
            let problem = Problem::error(format!("reagent '{}': {why}", reagent.name));
            return Err(Box::new(match at.and_then(|at| file.reagents.get(at)) {
                Some(span) => problem.at(span),
                None => problem.at(&file.lab.span),
            }));
        }
    }
    Ok(TwinConfig {
        seed: seed.derive("twin", 0),
        faults: FaultRates::scaled(file.faults),
        nature: Natures::from(nature),
        reagents,
        ..TwinConfig::default()
    })
}

fn mechanism(
    name: &At<String>,
    settings: &[(At<String>, Setting)],
) -> Result<Arc<dyn Nature>, Box<Problem>> {
    let known: &[&str] = match name.value.as_str() {
        "gene-network" => &["form"],
        _ => &[],
    };
    for (key, _) in settings {
        if !known.contains(&key.value.as_str()) {
            return Err(Box::new(Problem::unknown_name(
                "setting",
                key,
                known.iter().copied(),
            )));
        }
    }
    Ok(match name.value.as_str() {
        "antibiotics" => Arc::new(Antibiotics::published()),
        "electrolyte" => Arc::new(Electrolyte),
        "gene-network" => {
            let form = match settings.first() {
                None => Form::Hill,
                Some((_, Setting::Word(word))) if word == "hill" => Form::Hill,
                Some((_, Setting::Word(word))) if word == "linear" => Form::Linear,
                Some((key, _)) => {
                    return Err(Box::new(
                        Problem::error("this form of gene network is not known")
                            .at(&key.span)
                            .expected("one of hill, linear"),
                    ));
                }
            };
            let network = Network::example(form)
                .map_err(|why| Box::new(Problem::error(why.to_string()).at(&name.span)))?;
            Arc::new(network)
        }
        _ => {
            return Err(Box::new(Problem::unknown_name(
                "mechanism",
                name,
                MECHANISMS,
            )));
        }
    })
}

fn measured(file: &CampaignFile, table: &TableFile) -> Result<Table, Box<Problem>> {
    let width = table
        .columns
        .iter()
        .map(|column| column.1)
        .chain([table.value])
        .max()
        .unwrap_or(0)
        + 1;
    let column = |at: usize| -> Arc<str> { format!("column {}", at + 1).into() };
    // Columns are told apart by place, whatever their names: names may come twice.
    let first = table
        .text
        .lines()
        .next()
        .map_or(width, |line| line.split(',').count());
    let names: Vec<Arc<str>> = (0..width.max(first)).map(column).collect();
    let text: &str = if table.header {
        table.text.split_once('\n').map_or("", |(_, rest)| rest)
    } else {
        &table.text
    };
    let keys = table
        .columns
        .iter()
        .zip(&file.campaign.space.factors)
        .map(|((name, at), factor)| {
            let factor_name: Arc<str> = name.as_str().into();
            let key = match factor.kind {
                FactorKind::Sequence { .. } => Key::Variant,
                FactorKind::Mixture { .. } => Key::Share {
                    factor: factor_name,
                    tolerance: TOLERANCE,
                },
                FactorKind::Categorical { .. } | FactorKind::Ordinal { .. } => Key::Level {
                    factor: factor_name,
                },
                _ => Key::Concentration {
                    substance: factor_name,
                    tolerance: TOLERANCE,
                },
            };
            (column(*at), key)
        })
        .collect();
    let mapping = Mapping {
        header: Some(names),
        keys,
        value: column(table.value),
        scale: Vec::new(),
        gain: table.scale,
        offset: table.offset,
    };
    Table::from_csv(text, &mapping).map_err(|why| {
        let twin::nature::NatureError::Table { line, problem } = &why else {
            return Box::new(Problem::error(format!("{}: {why}", table.path)).at(&table.span));
        };
        if *line == 0 {
            return Box::new(Problem::error(format!("{}: {problem}", table.path)).at(&table.span));
        }
        // Lines are counted below the header that was taken off.
        let file = source::File::new(&table.path, &*table.text);
        let at = file.line(line + usize::from(table.header));
        Box::new(Problem::error(problem.clone()).at(&at))
    })
}

fn liquid(file: &CampaignFile, reagent: &Reagent, place: u32) -> nature::Reagent {
    let space = &file.campaign.space;
    let factor = |at: usize| -> Arc<str> { space.factors[at].name.as_str().into() };
    let name = member(reagent, place, space);
    let meaning = match &reagent.what {
        Substance::Inert => ReagentMeaning::Inert,
        Substance::Culture { density } => ReagentMeaning::Culture { density: *density },
        Substance::Solution {
            substance,
            strength,
        } => ReagentMeaning::Solution {
            substance: substance.clone(),
            strength: match strength {
                Strength::Molar(molar) => nature::Strength::Molar(*molar),
                Strength::Mass(mass) => nature::Strength::Mass(*mass),
            },
        },
        Substance::Electrolyte { blend, salt } => ReagentMeaning::Electrolyte {
            blend: blend.clone(),
            salt: *salt,
        },
        Substance::Intervention {
            gene,
            effect,
            strength,
        } => ReagentMeaning::Intervention {
            gene: gene.clone(),
            effect: *effect,
            strength: *strength,
        },
        Substance::Component { factor: at } => ReagentMeaning::Component {
            factor: factor(*at),
        },
        Substance::Levels { factor: at } => ReagentMeaning::Level {
            factor: factor(*at),
            level: name.clone().unwrap_or_default().into(),
        },
        Substance::Library { .. } => ReagentMeaning::Variant {
            sequence: name.clone().unwrap_or_default().into(),
        },
    };
    nature::Reagent::new(name.as_deref().unwrap_or(&reagent.name), meaning)
}
