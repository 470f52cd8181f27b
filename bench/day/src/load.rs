//! A customer that always has more orders than the hall has room for.

use conductor::{Customer, Effect, Ending, Input, Note, Turn};
use protocol::{Order, Protocol, Transfer, Value, Worklist};
use quantity::{
    CampaignId, Instant, InstrumentId, Kind, OrderId, PlateId, ReagentId, StepId, Volume,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A protocol with its worklists, which all orders for it share.
#[derive(Debug)]
pub struct Recipe {
    protocol: Arc<Protocol>,
    worklists: BTreeMap<StepId, Arc<Worklist>>,
    /// Orders of it in one round of orders.
    share: u32,
}

impl Recipe {
    /// Every well is filled, at each step with as much as the step says, from `reagents` in equal
    /// parts; where that is more than the well holds, all steps put in less in proportion.
    pub fn new(protocol: Arc<Protocol>, share: u32, reagents: u32) -> Self {
        let stated = |params: &protocol::Params| match params.get("volume") {
            Some(Value::Quantity(Kind::Volume, base)) => *base,
            _ => 1000,
        };
        let fills = || protocol.steps.iter().filter(|s| s.worklist.is_some());
        let total: i64 = fills().map(|s| stated(&s.operation.params)).sum();
        let most = protocol.labware.well.max_volume.base();
        let worklists = fills()
            .map(|step| {
                let volume = stated(&step.operation.params);
                let volume = if total > most {
                    volume * most / total
                } else {
                    volume
                };
                let parts = if step.operation.capability.contains("transfer") {
                    reagents
                } else {
                    1
                };
                let transfers = protocol
                    .labware
                    .each_well()
                    .flat_map(|well| {
                        (0..parts).map(move |part| Transfer {
                            well,
                            reagent: ReagentId(if parts == 1 { 0 } else { part + 1 }),
                            volume: Volume::from_base(volume / i64::from(parts)),
                        })
                    })
                    .collect();
                (step.id, Arc::new(Worklist { transfers }))
            })
            .collect();
        Self {
            protocol,
            worklists,
            share,
        }
    }
}

/// Keeps the queue of orders that wait at a constant length, and keeps book.
#[derive(Debug)]
pub struct Load {
    recipes: Vec<Recipe>,
    round: Vec<usize>,
    backlog: u32,
    next: u32,
    /// Endings by recipe: completed, otherwise.
    pub ended: Vec<(u64, u64)>,
    /// Endings otherwise, by what was said.
    pub otherwise: BTreeMap<String, u64>,
    /// Time that steps took, in seconds, by instrument.
    pub busy: BTreeMap<InstrumentId, f64>,
    /// Lags broken.
    pub broken: BTreeMap<(Arc<str>, usize), u64>,
    /// Wells that were read.
    pub readings: u64,
}

impl Load {
    /// As many orders as `backlog` are handed in at the start, and another for each that ends.
    pub fn new(recipes: Vec<Recipe>, backlog: u32) -> Self {
        let mut round = Vec::new();
        for turn in 0..recipes.iter().map(|r| r.share).max().unwrap_or(0) {
            round.extend((0..recipes.len()).filter(|r| recipes[*r].share > turn));
        }
        Self {
            ended: vec![(0, 0); recipes.len()],
            recipes,
            round,
            backlog,
            next: 0,
            otherwise: BTreeMap::new(),
            busy: BTreeMap::new(),
            broken: BTreeMap::new(),
            readings: 0,
        }
    }

    /// Names of the recipes, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.recipes.iter().map(|r| &*r.protocol.name)
    }

    fn recipe_of(&self, order: OrderId) -> usize {
        self.round[order.index() % self.round.len()]
    }

    fn order(&mut self) -> Arc<Order> {
        let n = self.next;
        self.next += 1;
        let recipe = &self.recipes[self.recipe_of(OrderId(n))];
        Arc::new(Order {
            id: OrderId(n),
            campaign: CampaignId(0),
            plate: PlateId(n),
            barcode: format!("D{n:06}").into(),
            protocol: recipe.protocol.clone(),
            worklists: recipe.worklists.clone(),
            release: Instant::EPOCH,
            due: None,
            priority: 1,
        })
    }
}

impl Customer for Load {
    fn start(&mut self, _now: Instant, turn: &mut Turn) {
        for _ in 0..self.backlog {
            turn.input(Input::Submit(self.order()));
        }
    }

    fn on_effect(&mut self, effect: &Effect, _now: Instant, turn: &mut Turn) {
        match effect {
            Effect::OrderEnded { order, how } => {
                let recipe = self.recipe_of(*order);
                if *how == Ending::Completed {
                    self.ended[recipe].0 += 1;
                } else {
                    self.ended[recipe].1 += 1;
                    *self.otherwise.entry(format!("{how:?}")).or_default() += 1;
                }
                turn.input(Input::Submit(self.order()));
            }
            Effect::Refused { order, why } => {
                let recipe = self.recipe_of(*order);
                self.ended[recipe].1 += 1;
                *self.otherwise.entry(format!("refused: {why}")).or_default() += 1;
            }
            Effect::StepDone {
                instrument,
                began,
                ended,
                ..
            } => {
                *self.busy.entry(*instrument).or_default() += ended.since(*began).as_secs_f64();
            }
            Effect::LagBroken { order, lag, .. } => {
                let name = self.recipes[self.recipe_of(*order)].protocol.name.clone();
                *self.broken.entry((name, *lag)).or_default() += 1;
            }
            Effect::Reading { reading, .. } => self.readings += reading.values.len() as u64,
            _ => {}
        }
    }

    fn replay_effect(&mut self, _effect: &Effect, _now: Instant) {}

    fn replay_note(&mut self, _note: &Note, _now: Instant) -> Result<(), String> {
        Ok(())
    }

    fn finished(&self) -> bool {
        false
    }
}
