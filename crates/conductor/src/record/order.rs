//! Orders and protocols on the wire.

use super::parts::{to_well, well};
use labware::Catalogue;
use protocol::{Edge, Lag, Operation, Order, Protocol, Step, Transfer, Value, Worklist};
use quantity::{CampaignId, Duration, Instant, Kind, OrderId, PlateId, ReagentId, StepId, Volume};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
pub(super) struct ProtocolWire {
    name: Arc<str>,
    labware: Arc<str>,
    steps: Vec<StepWire>,
    lags: Vec<LagWire>,
}

#[derive(Serialize, Deserialize)]
struct StepWire {
    name: Arc<str>,
    capability: Arc<str>,
    params: BTreeMap<Arc<str>, ValueWire>,
    after: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    worklist: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reading: Option<Arc<str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ValueWire {
    /// Name of the kind, base units.
    Quantity(Arc<str>, i64),
    Integer(i64),
    Text(Arc<str>),
}

#[derive(Serialize, Deserialize)]
struct LagWire {
    from: (u16, EdgeWire),
    to: (u16, EdgeWire),
    min: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    max: Option<i64>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EdgeWire {
    Begin,
    End,
}

impl From<Edge> for EdgeWire {
    fn from(edge: Edge) -> Self {
        match edge {
            Edge::Begin => Self::Begin,
            Edge::End => Self::End,
        }
    }
}

impl From<EdgeWire> for Edge {
    fn from(edge: EdgeWire) -> Self {
        match edge {
            EdgeWire::Begin => Self::Begin,
            EdgeWire::End => Self::End,
        }
    }
}

impl From<&Protocol> for ProtocolWire {
    fn from(protocol: &Protocol) -> Self {
        Self {
            name: protocol.name.clone(),
            labware: protocol.labware.name.clone(),
            steps: protocol.steps.iter().map(step_wire).collect(),
            lags: protocol
                .lags
                .iter()
                .map(|lag| LagWire {
                    from: (lag.from.0.0, lag.from.1.into()),
                    to: (lag.to.0.0, lag.to.1.into()),
                    min: lag.min.base(),
                    max: lag.max.map(Duration::base),
                })
                .collect(),
        }
    }
}

fn step_wire(step: &Step) -> StepWire {
    StepWire {
        name: step.name.clone(),
        capability: step.operation.capability.clone(),
        params: step
            .operation
            .params
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Value::Quantity(kind, base) => ValueWire::Quantity(kind.name().into(), *base),
                    Value::Integer(value) => ValueWire::Integer(*value),
                    Value::Text(text) => ValueWire::Text(text.clone()),
                };
                (name.clone(), value)
            })
            .collect(),
        after: step.after.iter().map(|id| id.0).collect(),
        worklist: step.worklist.clone(),
        reading: step.reading.clone(),
    }
}

impl ProtocolWire {
    pub fn read(self, catalogue: &Catalogue) -> Result<Protocol, String> {
        let labware = catalogue
            .get(&self.labware)
            .map_err(|error| error.to_string())?
            .clone();
        let mut steps = Vec::with_capacity(self.steps.len());
        for (at, step) in self.steps.into_iter().enumerate() {
            let mut params = BTreeMap::new();
            for (name, value) in step.params {
                let value = match value {
                    ValueWire::Quantity(kind, base) => {
                        let kind = Kind::ALL
                            .into_iter()
                            .find(|known| known.name() == &*kind)
                            .ok_or_else(|| format!("no kind of quantity is called '{kind}'"))?;
                        Value::Quantity(kind, base)
                    }
                    ValueWire::Integer(value) => Value::Integer(value),
                    ValueWire::Text(text) => Value::Text(text),
                };
                params.insert(name, value);
            }
            steps.push(Step {
                id: StepId(at as u16),
                name: step.name,
                operation: Operation {
                    capability: step.capability,
                    params,
                },
                after: step.after.into_iter().map(StepId).collect(),
                worklist: step.worklist,
                reading: step.reading,
            });
        }
        Ok(Protocol {
            name: self.name,
            labware,
            steps,
            lags: self
                .lags
                .into_iter()
                .map(|lag| Lag {
                    from: (StepId(lag.from.0), lag.from.1.into()),
                    to: (StepId(lag.to.0), lag.to.1.into()),
                    min: Duration::from_base(lag.min),
                    max: lag.max.map(Duration::from_base),
                })
                .collect(),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct OrderWire {
    id: u32,
    campaign: u16,
    plate: u32,
    barcode: Arc<str>,
    /// The protocol's number in this journal.
    pub protocol: usize,
    /// The protocol itself, the first time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub define: Option<ProtocolWire>,
    /// For each step: row, column, reagent, nanolitres.
    worklists: BTreeMap<u16, Vec<(u8, u8, u32, i64)>>,
    release: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    due: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    deadline: Option<i64>,
    priority: u32,
    #[serde(skip_serializing_if = "is_one", default = "one")]
    weight: u32,
}

fn one() -> u32 {
    1
}

fn is_one(weight: &u32) -> bool {
    *weight == 1
}

impl OrderWire {
    pub fn new(order: &Order, protocol: usize, define: bool) -> Self {
        Self {
            id: order.id.0,
            campaign: order.campaign.0,
            plate: order.plate.0,
            barcode: order.barcode.clone(),
            protocol,
            define: define.then(|| (&*order.protocol).into()),
            worklists: order
                .worklists
                .iter()
                .map(|(step, list)| {
                    let transfers = list.transfers.iter().map(|transfer| {
                        let (row, column) = well(transfer.well);
                        (row, column, transfer.reagent.0, transfer.volume.base())
                    });
                    (step.0, transfers.collect())
                })
                .collect(),
            release: order.release.base(),
            due: order.due.map(Instant::base),
            deadline: order.deadline.map(Instant::base),
            priority: order.priority,
            weight: order.weight,
        }
    }

    pub fn read(self, protocol: Arc<Protocol>) -> Order {
        Order {
            id: OrderId(self.id),
            campaign: CampaignId(self.campaign),
            plate: PlateId(self.plate),
            barcode: self.barcode,
            protocol,
            worklists: self
                .worklists
                .into_iter()
                .map(|(step, list)| {
                    let transfers = list
                        .into_iter()
                        .map(|(row, column, reagent, volume)| Transfer {
                            well: to_well((row, column)),
                            reagent: ReagentId(reagent),
                            volume: Volume::from_base(volume),
                        })
                        .collect();
                    (StepId(step), Arc::new(Worklist { transfers }))
                })
                .collect(),
            release: Instant::from_base(self.release),
            due: self.due.map(Instant::from_base),
            deadline: self.deadline.map(Instant::from_base),
            priority: self.priority,
            weight: self.weight,
        }
    }
}
