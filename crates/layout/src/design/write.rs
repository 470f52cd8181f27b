//! A design as a lab file.

use super::group::Module;
use super::site::Site;
use crate::sizes::{self, Zone};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the most costly instrument of a station is for.
fn word(module: &Module) -> &'static str {
    let price = |kind: &str| sizes::of(kind).price;
    let main = module
        .items
        .iter()
        .max_by(|a, b| price(&a.kind).total_cmp(&price(&b.kind)));
    match main.map(|item| sizes::of(&item.kind).zone) {
        Some(Zone::Liquid) => "liquid",
        Some(Zone::Cover) => "cover",
        Some(Zone::Bench) => "treat",
        Some(Zone::Warm) => "warm",
        Some(Zone::Cold) => "cold",
        Some(Zone::Read) => "read",
        Some(Zone::Exit) => "exit",
        Some(Zone::Storage) | None => "shelves",
    }
}

/// The names of stations: what they are for, numbered where there are several.
pub fn names(modules: &[Module]) -> Vec<String> {
    let mut all: BTreeMap<&str, usize> = BTreeMap::new();
    for module in modules {
        *all.entry(word(module)).or_default() += 1;
    }
    let mut given: BTreeMap<&str, usize> = BTreeMap::new();
    modules
        .iter()
        .map(|module| {
            let word = word(module);
            let n = given.entry(word).or_default();
            *n += 1;
            if all[word] > 1 {
                format!("{word}-{n}")
            } else {
                word.to_owned()
            }
        })
        .collect()
}

/// The lab file; `slots[m]` is the slot of module `m`.
pub fn text(
    name: &str,
    about: &str,
    modules: &[Module],
    slots: &[usize],
    site: &Site,
    movers: usize,
) -> String {
    let mut out = format!(
        "# {about}.\nname = \"{name}\"\nabout = \"{about}\"\n\n[track]\n{}\n[movers]\ncount = {movers}\n",
        site.text
    );
    for (module, (name, slot)) in modules.iter().zip(names(modules).iter().zip(slots)) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for item in &module.items {
            *counts.entry(&item.kind).or_default() += 1;
        }
        let list: Vec<String> = counts
            .iter()
            .map(|(kind, count)| match count {
                1 => format!("{{ kind = \"{kind}\" }}"),
                _ => format!("{{ kind = \"{kind}\", count = {count} }}"),
            })
            .collect();
        let docks: Vec<String> = site.slots[*slot]
            .iter()
            .map(|d| format!("\"{d}\""))
            .collect();
        let _ = write!(
            out,
            "\n[[station]]\nname = \"{name}\"\ndocks = [{}]\ninstruments = [\n  {},\n]\n",
            docks.join(", "),
            list.join(",\n  ")
        );
    }
    out
}
