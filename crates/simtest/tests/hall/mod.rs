//! Plates through halls that ship, for tests.

use conductor::{Conductor, Shell, Stop};
use journal::{Header, Journal};
use lab::LabFile;
use labware::Catalogue;
use protocol::{Order, ProtocolFile, Transfer, Worklist};
use quantity::{CampaignId, Instant, OrderId, PlateId, ReagentId, StepId, Volume};
use simtest::Batch;
use std::collections::BTreeMap;
use std::sync::Arc;
use twin::{Twin, TwinConfig};

fn root(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub fn hall(name: &str) -> Arc<lab::Hall> {
    let (file, _) = LabFile::parse(name, &root(&format!("labs/{name}.toml"))).unwrap();
    file.hall
}

#[allow(dead_code)]
pub fn orders(protocol: &str, count: u32, from: u32) -> Vec<Arc<Order>> {
    orders_of(&root(&format!("protocols/{protocol}.toml")), count, from)
}

/// Orders of a protocol by its text.
pub fn orders_of(text: &str, count: u32, from: u32) -> Vec<Arc<Order>> {
    let (file, _) = ProtocolFile::parse("protocol", text, &Catalogue::standard()).unwrap();
    let protocol = file.protocol;
    (from..from + count)
        .map(|n| {
            let worklists = protocol
                .steps
                .iter()
                .filter(|step| step.worklist.is_some())
                .map(|step| {
                    let transfers = protocol
                        .labware
                        .each_well()
                        .map(|well| Transfer {
                            well,
                            reagent: ReagentId(0),
                            volume: Volume::from_ul(5.0),
                        })
                        .collect();
                    (step.id, Arc::new(Worklist { transfers }))
                })
                .collect::<BTreeMap<StepId, _>>();
            Arc::new(Order {
                id: OrderId(n),
                campaign: CampaignId(0),
                plate: PlateId(n),
                barcode: format!("P{n:05}").into(),
                protocol: protocol.clone(),
                worklists,
                release: Instant::EPOCH,
                due: None,
                deadline: None,
                priority: 1,
                weight: 1,
            })
        })
        .collect()
}

/// A hall that ships, with its file changed.
#[allow(dead_code)]
pub fn changed(name: &str, from: &str, to: &str) -> Arc<lab::Hall> {
    let text = root(&format!("labs/{name}.toml"));
    assert!(text.contains(from), "{from}");
    let (file, _) = LabFile::parse(name, &text.replace(from, to)).unwrap();
    file.hall
}

/// Runs orders in a hall that ships to their end.
#[allow(dead_code)]
pub fn run_with(lab: &str, orders: Vec<Arc<Order>>, config: TwinConfig) -> Shell<Twin, Batch> {
    run_in(hall(lab), orders, config)
}

/// A twin that knows the one liquid of these orders.
pub fn twin_of(hall: Arc<lab::Hall>, config: TwinConfig) -> Twin {
    let config = TwinConfig {
        reagents: vec![twin::nature::Reagent::new(
            "water",
            twin::nature::ReagentMeaning::Inert,
        )],
        ..config
    };
    Twin::new(hall, config).unwrap()
}

/// Runs orders in a hall to their end, with the conductor's invariants checked after every turn.
pub fn run_in(
    hall: Arc<lab::Hall>,
    orders: Vec<Arc<Order>>,
    config: TwinConfig,
) -> Shell<Twin, Batch> {
    let twin = twin_of(hall.clone(), config);
    let conductor = Conductor::new(hall).unwrap();
    let journal = Journal::in_memory(Header::new("test"));
    let customer = Batch::new(orders, BTreeMap::new());
    let mut shell = Shell::open(conductor, twin, customer, journal).unwrap();
    let end = Instant::from_secs_f64(20.0 * 86400.0);
    loop {
        match shell.advance(end).unwrap() {
            None => {
                let wrong = shell.conductor().check_invariants();
                assert!(
                    wrong.is_empty(),
                    "at {} s: {wrong:#?}\n{:#?}",
                    shell.now().as_secs_f64(),
                    shell.conductor().explain_waiting()
                );
            }
            Some(Stop::Finished) => break,
            Some(stop) => panic!(
                "{stop:?} at {}: {:#?}",
                shell.now().as_secs_f64(),
                shell.conductor().explain_waiting()
            ),
        }
    }
    println!(
        "{} plates, {} h, {:?}, {:?}",
        shell.customer().completed(),
        shell.now().as_secs_f64() / 3600.0,
        shell.conductor().counters(),
        shell.driver().violations()
    );
    shell
}
