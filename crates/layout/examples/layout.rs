//! A hall computed for a load, and the same instruments on benches: `layout [RATE] [OUT_FOLDER]`, from
//! the root of the repository. Prints the metrics of every form of track, and writes lab files and
//! pictures.

use labware::Catalogue;
use layout::design::{self, Design, Form, Wanted};
use layout::load::{Mix, Recipe};
use layout::next;
use layout::picture;
use layout::simulate::REAGENTS;
use protocol::ProtocolFile;
use quantity::Seed;
use std::path::Path;

type Failure = Box<dyn std::error::Error>;

/// Protocols and their shares of the plates.
const MIX: [(&str, f64); 5] = [
    ("growth-inhibition", 3.0),
    ("variant-fitness", 3.0),
    ("gene-network", 2.0),
    ("qpcr", 2.0),
    ("electrolyte", 1.0),
];

/// Forms of track that are tried.
const FORMS: [Form; 6] = [
    Form::Loop,
    Form::Ladder(2),
    Form::Ladder(4),
    Form::Tiles(1),
    Form::Tiles(2),
    Form::Tiles(3),
];

fn main() -> Result<(), Failure> {
    let mut words = std::env::args().skip(1);
    let rate: f64 = words.next().map_or(Ok(20.0), |word| word.parse())?;
    let folder = words.next();
    let catalogue = Catalogue::standard();
    let parts: Result<Vec<_>, Failure> = MIX
        .iter()
        .map(|(name, share)| {
            let path = format!("protocols/{name}.toml");
            let text = std::fs::read_to_string(&path).map_err(|why| format!("{path}: {why}"))?;
            let (file, _) =
                ProtocolFile::parse(&path, &text, &catalogue).map_err(|p| p.to_string())?;
            Ok((Recipe::new(file.protocol, REAGENTS), *share))
        })
        .collect();
    let mix = Mix::new(parts?);
    let kinds = lab::Kinds::standard().map_err(|p| p.to_string())?;
    let wanted = Wanted {
        rate,
        utilisation: 0.75,
        seed: Seed(1),
    };
    let begun = std::time::Instant::now();
    let designs = design::design(kinds, &mix, wanted, &FORMS)?;
    let best = designs.first().ok_or("no design")?;
    let human = design::human(&mix, wanted, &best.need, false)?;
    let arranged = design::human(&mix, wanted, &best.need, true)?;
    println!(
        "| hall | stations | instruments | movers | m² | k€ | plates/h | limits kept % | plates/h/m² | m/plate | mover s/plate | busiest instrument % | busiest block/h | N-1 plates/h at most |"
    );
    println!("| --- |{}", " ---: |".repeat(13));
    for design in &designs {
        row(&format!("computed, {}", design.site.form), design, &mix);
    }
    row("benches, by zones", &human, &mix);
    row("benches, placed by flows", &arranged, &mix);
    let less = |a: f64, b: f64| (1.0 - a / b) * 100.0;
    println!(
        "\nless floor: {:.1} %; fewer mover-metres a plate: {:.1} %; {:.0} s in all",
        less(best.floor.area(), human.floor.area()),
        less(best.outcome.metres(), human.outcome.metres()),
        begun.elapsed().as_secs_f64()
    );
    println!("instruments: {:?}", best.need.counts);
    if let Some(folder) = folder {
        let folder = Path::new(&folder);
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("computed.toml"), &best.text)?;
        std::fs::write(folder.join("benches.toml"), &human.text)?;
        for (k, design) in designs.iter().enumerate() {
            let title = format!("Computed, {}", design.site.form);
            std::fs::write(
                folder.join(format!("design-{k}.svg")),
                picture::svg(design, &title),
            )?;
        }
        let pair = [
            (best, "Computed hall"),
            (
                &human,
                "The same instruments on benches, by zones, with aisles of 1.5 m",
            ),
        ];
        std::fs::write(folder.join("comparison.svg"), picture::page(&pair))?;
    }
    Ok(())
}

fn row(name: &str, design: &Design, mix: &Mix) {
    let o = &design.outcome;
    let busiest = o.instruments.first().map_or(0.0, |i| i.share);
    // What is left when the one instrument fails whose failure costs most, but may cost not all.
    let less = next::one_less(&design.hall, mix);
    println!(
        "| {name} | {} | {} | {} | {:.1} | {:.0} | {:.2} | {:.1} | {:.3} | {:.1} | {:.1} | {:.0} | {:.0} | {:.1} |",
        design.hall.stations.len(),
        design.hall.instruments.len(),
        design.hall.movers.len(),
        design.floor.area(),
        design.price.total(),
        o.plates_per_hour(),
        o.compliance() * 100.0,
        o.plates_per_hour() / design.floor.area(),
        o.metres(),
        o.mover_seconds(),
        busiest * 100.0,
        o.busiest_block_per_hour(),
        less.first().map_or(0.0, |c| c.plates_per_hour)
    );
}
