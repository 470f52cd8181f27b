//! A customer that always has more orders than the hall has room for.

use conductor::{Customer, Effect, Ending, Input, Note, Turn};
use layout::load::Recipe;
use protocol::Order;
use quantity::{Instant, InstrumentId, OrderId};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// Every lag that was broken: when, whose, what it was and may have been.
    pub breaks: Vec<String>,
    /// Wells that were read.
    pub readings: u64,
    /// The finish that orders were promised first.
    promised: BTreeMap<OrderId, Instant>,
    /// Completed orders whose first promise held, those whose did not, and by how many seconds in all.
    pub promises: (u64, u64, f64),
}

impl Load {
    /// As many orders as `backlog` are handed in at the start, and another for each that ends.
    /// Recipes come with the orders of each in one round of orders.
    pub fn new(recipes: Vec<(Recipe, u32)>, backlog: u32) -> Self {
        let mut round = Vec::new();
        for turn in 0..recipes.iter().map(|r| r.1).max().unwrap_or(0) {
            round.extend((0..recipes.len()).filter(|r| recipes[*r].1 > turn));
        }
        Self {
            ended: vec![(0, 0); recipes.len()],
            recipes: recipes.into_iter().map(|(recipe, _)| recipe).collect(),
            round,
            backlog,
            next: 0,
            otherwise: BTreeMap::new(),
            busy: BTreeMap::new(),
            broken: BTreeMap::new(),
            breaks: Vec::new(),
            readings: 0,
            promised: BTreeMap::new(),
            promises: (0, 0, 0.0),
        }
    }

    /// Names of the recipes, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.recipes.iter().map(|r| &*r.protocol().name)
    }

    fn recipe_of(&self, order: OrderId) -> usize {
        self.round[order.index() % self.round.len()]
    }

    fn order(&mut self) -> Arc<Order> {
        let n = self.next;
        self.next += 1;
        self.recipes[self.recipe_of(OrderId(n))].order(n)
    }
}

impl Customer for Load {
    fn start(&mut self, _now: Instant, turn: &mut Turn) {
        for _ in 0..self.backlog {
            turn.input(Input::Submit(self.order()));
        }
    }

    fn on_effect(&mut self, effect: &Effect, now: Instant, turn: &mut Turn) {
        match effect {
            Effect::Promise { order, finish } => {
                self.promised.entry(*order).or_insert(*finish);
            }
            Effect::OrderEnded { order, how } => {
                let recipe = self.recipe_of(*order);
                let promised = self.promised.remove(order);
                if *how == Ending::Completed {
                    self.ended[recipe].0 += 1;
                    match promised {
                        Some(finish) if now > finish => {
                            self.promises.1 += 1;
                            self.promises.2 += now.since(finish).as_secs_f64();
                        }
                        _ => self.promises.0 += 1,
                    }
                } else {
                    self.ended[recipe].1 += 1;
                    *self.otherwise.entry(format!("{how:?}")).or_default() += 1;
                }
                turn.input(Input::Submit(self.order()));
            }
            Effect::Refused { order, why, .. } => {
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
            Effect::LagBroken {
                order,
                lag,
                allowed,
                actual,
            } => {
                let name = self.recipes[self.recipe_of(*order)].protocol().name.clone();
                self.breaks.push(format!(
                    "{now}: lag {lag} of {order} ({name}) was {actual}, may be {allowed}"
                ));
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
