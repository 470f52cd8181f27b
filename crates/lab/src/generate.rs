//! Lab files made to size, for races and tests and as a start for one's own.

use crate::limits::MAX_STATIONS;
use std::fmt::Write as _;

/// Below this a lab has few stations with many instruments each, as on a bench.
const BENCH_BELOW: usize = 30;
/// Stations are laid in neighbourhoods of this many, each with its share of every type.
const NEIGHBOURHOOD: usize = 60;
/// Up to here the track is a ladder of four lanes; above, a grid of streets.
const LADDER_UP_TO: usize = 120;

/// A type of station: its name, how many of sixty, its docks and instruments.
struct Type {
    name: &'static str,
    share: usize,
    docks: usize,
    instruments: &'static str,
}

const fn of(name: &'static str, share: usize, docks: usize, instruments: &'static str) -> Type {
    Type {
        name,
        share,
        docks,
        instruments,
    }
}

/// In the order in which a small lab needs them.
const BENCH: [Type; 6] = [
    of("shelves", 10, 1, r#"{ kind = "hotel", count = 2 }"#),
    of(
        "prep",
        10,
        1,
        r#"{ kind = "acoustic_dispenser" }, { kind = "reagent_dispenser" }, { kind = "liquid_handler" }"#,
    ),
    of(
        "cover",
        10,
        1,
        r#"{ kind = "lid_handler" }, { kind = "sealer" }, { kind = "peeler" }, { kind = "centrifuge" }"#,
    ),
    of(
        "warm",
        12,
        1,
        r#"{ kind = "incubator" }, { kind = "heater_shaker_bank" }"#,
    ),
    of(
        "read",
        10,
        1,
        r#"{ kind = "plate_reader" }, { kind = "conductivity_meter" }, { kind = "lcms" }"#,
    ),
    of(
        "exit",
        8,
        1,
        r#"{ kind = "waste" }, { kind = "quarantine" }"#,
    ),
];

/// As in the hall of sixty stations that ships.
const HALL: [Type; 21] = [
    of("shelves", 6, 2, r#"{ kind = "hotel", count = 3 }"#),
    of(
        "exit",
        2,
        2,
        r#"{ kind = "waste", count = 2 }, { kind = "quarantine" }"#,
    ),
    of("pipette", 3, 1, r#"{ kind = "liquid_handler" }"#),
    of("stamp", 3, 1, r#"{ kind = "liquid_handler_96" }"#),
    of(
        "drops",
        6,
        1,
        r#"{ kind = "acoustic_dispenser" }, { kind = "reagent_dispenser" }, { kind = "lid_handler" }"#,
    ),
    of(
        "cover",
        4,
        1,
        r#"{ kind = "sealer" }, { kind = "peeler" }, { kind = "lid_handler" }"#,
    ),
    of(
        "warm",
        8,
        1,
        r#"{ kind = "incubator", count = 2 }, { kind = "lid_handler" }"#,
    ),
    of(
        "spin",
        1,
        1,
        r#"{ kind = "centrifuge", count = 2 }, { kind = "balance" }, { kind = "barcode_reader" }"#,
    ),
    of(
        "absorb",
        4,
        1,
        r#"{ kind = "absorbance_reader" }, { kind = "lid_handler" }"#,
    ),
    of(
        "glow",
        4,
        1,
        r#"{ kind = "fluorescence_reader" }, { kind = "luminescence_reader" }"#,
    ),
    of(
        "multi",
        2,
        1,
        r#"{ kind = "plate_reader" }, { kind = "lid_handler" }"#,
    ),
    of("cycle", 3, 1, r#"{ kind = "thermocycler", count = 3 }"#),
    of(
        "shake",
        2,
        1,
        r#"{ kind = "shaker", count = 3 }, { kind = "heater_shaker_bank" }"#,
    ),
    of("wash", 2, 1, r#"{ kind = "washer", count = 2 }"#),
    of("look", 2, 1, r#"{ kind = "imager" }"#),
    of("cold", 1, 1, r#"{ kind = "cold_store" }"#),
    of("freeze", 1, 1, r#"{ kind = "freezer" }"#),
    of("sequence", 1, 1, r#"{ kind = "sequencer", count = 2 }"#),
    of("separate", 3, 1, r#"{ kind = "lcms" }"#),
    of(
        "conduct",
        1,
        1,
        r#"{ kind = "conductivity_meter" }, { kind = "shaker" }"#,
    ),
    of(
        "conduct-hot",
        1,
        1,
        r#"{ kind = "conductivity_meter" }, { kind = "heater_shaker_bank" }"#,
    ),
];

/// Writes a lab file with so many stations (at least six, at most [`MAX_STATIONS`]): every type of
/// station in its share, two movers for three stations.
#[must_use]
pub fn generate(stations: usize) -> String {
    let stations = stations.clamp(BENCH.len(), MAX_STATIONS);
    let types: &[Type] = if stations < BENCH_BELOW {
        &BENCH
    } else {
        &HALL
    };
    let movers = (stations * 2 / 3).max(2);
    let mut text = format!(
        "# A lab of {stations} stations, made by 'nilo lab generate --stations {stations}'.\n\
         name = \"generated-{stations}\"\n\
         about = \"{stations} stations, {movers} movers\"\n\n[track]\n"
    );
    text.push_str(if stations < BENCH_BELOW {
        "kind = \"loop\"\npitch = \"0.9 m\"\n"
    } else if stations <= LADDER_UP_TO {
        "kind = \"ladder\"\nlanes = 4\nevery = 3\n"
    } else {
        "kind = \"streets\"\neach = 4\n"
    });
    let _ = writeln!(text, "\n[movers]\ncount = {movers}");
    let hoods = stations.div_ceil(NEIGHBOURHOOD);
    let counts = shares(stations, types);
    let mut given = vec![0_usize; types.len()];
    for hood in 0..hoods {
        let _ = writeln!(text, "\n# Neighbourhood {} of {hoods}.", hood + 1);
        for (index, one) in types.iter().enumerate() {
            let due = counts[index] * (hood + 1) / hoods - given[index];
            if due == 0 {
                continue;
            }
            given[index] += due;
            let suffix = if hoods > 1 {
                format!("-{}", hood + 1)
            } else {
                String::new()
            };
            let _ = write!(text, "\n[[station]]\nname = \"{}{suffix}\"\n", one.name);
            if due > 1 {
                let _ = writeln!(text, "count = {due}");
            }
            if one.docks > 1 {
                let _ = writeln!(text, "docks = {}", one.docks);
            }
            let _ = writeln!(text, "instruments = [{}]", one.instruments);
        }
    }
    text
}

/// How many of each type: one at least, the rest by largest remainder.
fn shares(stations: usize, types: &[Type]) -> Vec<usize> {
    let rest = stations.saturating_sub(types.len());
    let weight: usize = types.iter().map(|one| one.share).sum();
    let mut counts: Vec<usize> = types
        .iter()
        .map(|one| 1 + rest * one.share / weight)
        .collect();
    let mut order: Vec<usize> = (0..types.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(rest * types[i].share % weight), i));
    let given: usize = counts.iter().sum();
    for &i in order.iter().cycle().take(stations - given) {
        counts[i] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up() {
        for stations in [6, 7, 29, 1000] {
            let types: &[Type] = if stations < BENCH_BELOW {
                &BENCH
            } else {
                &HALL
            };
            assert_eq!(shares(stations, types).iter().sum::<usize>(), stations);
        }
        assert_eq!(
            HALL.iter().map(|one| one.share).sum::<usize>(),
            NEIGHBOURHOOD
        );
    }
}
