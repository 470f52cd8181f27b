//! The labs that ship are sound.
#![allow(clippy::unwrap_used)]

use bus::Role;
use lab::{Hall, LabFile};
use std::collections::BTreeSet;
use std::path::PathBuf;
use transport::{BerthKind, Traffic};

fn shipped(name: &str) -> LabFile {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../labs");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let (lab, warnings) =
        LabFile::parse(name, &text).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(warnings.is_empty(), "{warnings}");
    lab
}

/// What every hall promises to those who read it.
fn sound(hall: &Hall) {
    for (index, station) in hall.stations.iter().enumerate() {
        assert_eq!((station.id.index(), station.arm.id.index()), (index, index));
        assert!(!hall.docks[index].is_empty());
        for id in &station.instruments {
            assert_eq!(hall.instrument(*id).station, station.id);
        }
    }
    for (index, instrument) in hall.instruments.iter().enumerate() {
        assert_eq!(instrument.id.index(), index);
        for nest in &instrument.nests {
            assert_eq!(hall.nests[nest.index()], instrument.id);
        }
    }
    let nests: usize = hall.instruments.iter().map(|i| i.nests.len()).sum();
    assert_eq!(nests, hall.nests.len());
    let docks: Vec<_> = hall.docks.iter().flatten().collect();
    assert_eq!(docks.iter().collect::<BTreeSet<_>>().len(), docks.len());
    for dock in docks {
        assert_eq!(hall.track.berth(*dock).kind, BerthKind::Dock);
    }
    let movers: Vec<_> = hall.movers.iter().map(|m| (m.spec, m.home)).collect();
    Traffic::new(hall.track.clone(), &movers).unwrap();
}

#[test]
fn the_bench_has_six_stations() {
    let lab = shipped("bench.toml");
    sound(&lab.hall);
    assert_eq!((lab.hall.stations.len(), lab.hall.movers.len()), (6, 3));
}

#[test]
fn the_hall_has_every_kind_of_instrument() {
    let lab = shipped("hall.toml");
    sound(&lab.hall);
    assert_eq!((lab.hall.stations.len(), lab.hall.movers.len()), (60, 40));
    for word in protocol::vocabulary::WORDS {
        let offered = lab.hall.offering(word.name).next().is_some();
        assert!(offered, "{}", word.name);
    }
    let homes: usize = lab
        .hall
        .with_role(Role::Storage)
        .map(|i| i.nests.len())
        .sum();
    assert!(homes >= 400, "{homes}");
}

#[test]
fn the_bench_for_pcr_spins_four_plates_at_once() {
    let lab = shipped("qpcr.toml");
    sound(&lab.hall);
    let spins = lab.hall.offering("centrifuge").map(|(i, _)| i.batch);
    let most: Vec<_> = spins.map(|batch| batch.map(|b| b.most())).collect();
    assert_eq!(most, [Some(4)]);
    let (_, text) = (protocols().into_iter())
        .find(|(name, _)| name == "qpcr.toml")
        .unwrap();
    let catalogue = labware::Catalogue::standard();
    let (file, _) = protocol::ProtocolFile::parse("qpcr.toml", &text, &catalogue).unwrap();
    let problems = lab::check(&lab.hall, &file);
    assert!(problems.is_empty(), "{problems}");
}

fn protocols() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../protocols");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn protocols_can_be_done_where_they_should() {
    let (bench, hall) = (shipped("bench.toml"), shipped("hall.toml"));
    // What needs a washer, an imager, a thermocycler or a sequencer is for the hall.
    let hall_only = [
        "amplicon-sequencing.toml",
        "cell-viability.toml",
        "elisa.toml",
        "qpcr.toml",
    ];
    for (name, text) in protocols() {
        let catalogue = labware::Catalogue::standard();
        let (file, _) = protocol::ProtocolFile::parse(&name, &text, &catalogue).unwrap();
        let problems = lab::check(&hall.hall, &file);
        assert!(problems.is_empty(), "{problems}");
        let problems = lab::check(&bench.hall, &file);
        assert_eq!(
            hall_only.contains(&name.as_str()),
            problems.errors() > 0,
            "{name}\n{problems}"
        );
        assert_eq!(problems.len(), problems.errors(), "{problems}");
    }
}

#[test]
fn generated_labs_are_sound_and_quick() {
    for stations in [6, 13, 29, 30, 60, 120, 121, 300, 1000] {
        let begin = std::time::Instant::now();
        let text = lab::generate(stations);
        let (lab, warnings) = LabFile::parse("generated.toml", &text)
            .unwrap_or_else(|problems| panic!("{stations}: {problems}"));
        assert!(warnings.is_empty(), "{stations}: {warnings}");
        assert_eq!(lab.hall.stations.len(), stations);
        sound(&lab.hall);
        println!("{stations} stations in {:?}", begin.elapsed());
    }
}

#[test]
fn ten_thousand_stations() {
    let begin = std::time::Instant::now();
    let (lab, _) = LabFile::parse("generated.toml", &lab::generate(10_000)).unwrap();
    assert_eq!(lab.hall.stations.len(), 10_000);
    println!("10,000 stations in {:?}", begin.elapsed());
    let begin = std::time::Instant::now();
    for (name, text) in protocols() {
        let catalogue = labware::Catalogue::standard();
        let (file, _) = protocol::ProtocolFile::parse(&name, &text, &catalogue).unwrap();
        let problems = lab::check(&lab.hall, &file);
        assert!(problems.is_empty(), "{problems}");
    }
    println!("all protocols against them in {:?}", begin.elapsed());
}

#[test]
fn floor_plans_show_everything() {
    for name in ["bench.toml", "hall.toml"] {
        let hall = shipped(name).hall;
        let drawing = lab::drawing::svg(&hall);
        let count = |class: &str| drawing.matches(&format!("class=\"{class}\"")).count();
        assert_eq!(count("station"), hall.stations.len());
        assert_eq!(count("mover"), hall.movers.len());
        assert_eq!(
            count("berth") + count("berth dock"),
            hall.track.berths().len()
        );
        for instrument in &hall.instruments {
            assert!(drawing.contains(&format!("<title>{} (", instrument.name)));
        }
        if let Ok(folder) = std::env::var("NILO_DRAWINGS") {
            std::fs::write(PathBuf::from(folder).join(format!("{name}.svg")), drawing).unwrap();
        }
    }
}
