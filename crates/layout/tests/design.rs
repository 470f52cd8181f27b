//! Halls computed for a load: sound lab files that do what was wanted, on less floor than benches.
#![allow(clippy::unwrap_used)]

use lab::{Kinds, LabFile};
use labware::Catalogue;
use layout::design::{self, DesignError, Form, Wanted};
use layout::load::{Mix, Recipe};
use layout::picture;
use protocol::ProtocolFile;
use quantity::Seed;

const GROW: &str = r#"
name = "grow"
labware = "corning_96_wellplate_360ul_flat"
[[step]]
do = "transfer"
volume = "20 µL"
[[step]]
do = "dispense"
volume = "50 µL"
within = "30 min"
[[step]]
do = "seal"
within = "15 min"
[[step]]
do = "incubate"
temperature = "37 °C"
duration = "40 min"
[[step]]
do = "peel"
within = "20 min"
[[step]]
do = "read_fluorescence"
excitation = "485 nm"
emission = "528 nm"
within = "20 min"
"#;

fn file() -> ProtocolFile {
    let read = ProtocolFile::parse("grow", GROW, &Catalogue::standard());
    read.unwrap().0
}

fn mix() -> Mix {
    Mix::new(vec![(Recipe::new(file().protocol, 2), 1.0)])
}

const WANTED: Wanted = Wanted {
    rate: 16.0,
    utilisation: 0.75,
    seed: Seed(1),
};

#[test]
fn counts_follow_from_the_load() {
    let need = design::need(Kinds::standard().unwrap(), &mix(), 16.0, 0.75).unwrap();
    // One pipette with 96 channels is cheaper than the two with 8 that the load would need.
    assert_eq!(need.counts.get("liquid_handler_96"), Some(&1), "{need:?}");
    assert_eq!(need.counts.get("liquid_handler"), None);
    assert_eq!(need.counts.get("incubator"), Some(&1));
    let into = |kind: &str| -> f64 {
        let to = need.flows.iter().filter(|((_, to), _)| to == kind);
        to.map(|(_, flow)| flow).sum()
    };
    assert!((into("waste") - 16.0).abs() < 1e-9 && (into("sealer") - 16.0).abs() < 1e-9);
}

#[test]
fn a_computed_hall_does_what_was_wanted_on_less_floor_than_benches() {
    let forms = [Form::Loop, Form::Tiles(1)];
    let designs = design::design(Kinds::standard().unwrap(), &mix(), WANTED, &forms).unwrap();
    assert_eq!(designs.len(), 2);
    for design in &designs {
        assert!(
            design.suffices(WANTED.rate),
            "{}: {:?}",
            design.site.form,
            design.outcome
        );
        assert_eq!(design.outcome.breaches, 0);
        let (again, warnings) = LabFile::parse("again", &design.text).unwrap();
        assert!(warnings.is_empty(), "{warnings}");
        assert_eq!(again.hall.stations.len(), design.modules.len());
        assert_eq!(lab::check(&again.hall, &file()).errors(), 0);
        for (station, module) in again.hall.stations.iter().zip(&design.modules) {
            assert_eq!(station.instruments.len(), module.items.len());
        }
    }
    let best = &designs[0];
    let benches = design::human(&mix(), WANTED, &best.need, false).unwrap();
    assert!(benches.suffices(WANTED.rate), "{:?}", benches.outcome);
    assert_eq!(benches.hall.instruments.len(), best.hall.instruments.len());
    assert!(best.floor.area() < 0.7 * benches.floor.area());
    // On the same kind of track as the benches, movers also go less far.
    let tiles = designs.iter().find(|d| d.site.form == Form::Tiles(1));
    assert!(tiles.unwrap().outcome.metres() < benches.outcome.metres());
    let svg = picture::page(&[(best, "computed"), (&benches, "benches & aisles")]);
    assert!(svg.contains("benches &amp; aisles") && svg.ends_with("</svg>\n"));
    for kind in best.need.counts.keys() {
        assert!(svg.contains(&format!("<title>{kind}</title>")), "{kind}");
    }
}

#[test]
fn the_same_seed_gives_the_same_hall() {
    let design = || {
        let kinds = Kinds::standard().unwrap();
        let mut list = design::design(kinds, &mix(), WANTED, &[Form::Tiles(1)]).unwrap();
        list.remove(0)
    };
    let (one, other) = (design(), design());
    assert_eq!(one.text, other.text);
    assert_eq!(one.outcome, other.outcome);
}

#[test]
fn what_cannot_be_is_refused() {
    let kinds = Kinds::standard().unwrap();
    let wanted = Wanted {
        rate: f64::NAN,
        ..WANTED
    };
    let error = design::design(kinds, &mix(), wanted, &[Form::Loop]).unwrap_err();
    assert!(error.to_string().contains("plates an hour"), "{error}");
    let hot = GROW.replace("\"37 °C\"", "\"90 °C\"");
    let (file, _) = ProtocolFile::parse("hot", &hot, &Catalogue::standard()).unwrap();
    let mix = Mix::new(vec![(Recipe::new(file.protocol, 2), 1.0)]);
    let error = design::design(kinds, &mix, WANTED, &[Form::Loop]).unwrap_err();
    assert!(
        matches!(error, DesignError::NoKind { ref word, .. } if word == "incubate"),
        "{error}"
    );
}
