//! A customer that hands orders in, steadily or whenever one ends, and keeps book.

use crate::load::{Dealer, Mix};
use conductor::{Customer, Effect, Ending, Input, Note, Turn};
use quantity::{Duration, Instant, OrderId};
use std::collections::{BTreeMap, BTreeSet};

/// What became of the orders of one recipe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// Orders that completed.
    pub finished: u32,
    /// Orders that ended otherwise.
    pub otherwise: u32,
    /// Limits between steps that were broken.
    pub lags_broken: u32,
    /// Completed orders with a broken limit.
    pub late: u32,
}

/// How orders come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arrivals {
    /// From outside, one after so many seconds, the first at once.
    Every(f64),
    /// So many at the start, and another for each that ends.
    Backlog(u32),
}

/// The orders.
#[derive(Debug)]
pub struct Feed {
    mix: Mix,
    dealer: Dealer,
    arrivals: Arrivals,
    /// The recipe of each order, by its number, and when it was handed in.
    orders: Vec<(usize, Instant)>,
    broken: BTreeSet<OrderId>,
    /// What became of them, by recipe.
    pub books: Vec<Book>,
    /// Why orders ended otherwise, or were refused.
    pub whys: BTreeMap<String, u32>,
    /// Seconds of steps, by instrument.
    pub busy: Vec<f64>,
    /// Hours from being handed in to the end, of completed orders.
    pub flow_hours: f64,
    since: Instant,
}

impl Feed {
    /// A feed for a hall of so many instruments; what is before `since` does not count.
    pub fn new(mix: Mix, arrivals: Arrivals, instruments: usize, since: Instant) -> Self {
        Self {
            dealer: Dealer::new(&mix),
            books: vec![Book::default(); mix.len()],
            mix,
            arrivals,
            orders: Vec::new(),
            broken: BTreeSet::new(),
            whys: BTreeMap::new(),
            busy: vec![0.0; instruments],
            flow_hours: 0.0,
            since,
        }
    }

    /// The next order of the mix, handed in now.
    fn order(&mut self, now: Instant) -> Option<Input> {
        let recipe = self.dealer.next()?;
        let number = self.orders.len() as u32;
        self.orders.push((recipe, now));
        Some(Input::Submit(self.mix.recipe(recipe).order(number)))
    }

    /// The recipe of an order and when it was handed in. Those from outside come in the order and
    /// at the moments that are known.
    fn known(&mut self, order: OrderId) -> (usize, Instant) {
        while self.orders.len() <= order.index() {
            let Arrivals::Every(seconds) = self.arrivals else {
                break;
            };
            let at = Duration::from_secs_f64(seconds * self.orders.len() as f64);
            let recipe = self.dealer.next().unwrap_or_default();
            self.orders.push((recipe, Instant::EPOCH + at));
        }
        self.orders[order.index()]
    }

    fn ended(&mut self, order: OrderId, how: &Ending, now: Instant) {
        let (recipe, handed_in) = self.known(order);
        let late = self.broken.remove(&order);
        if now < self.since {
            return;
        }
        let book = &mut self.books[recipe];
        if *how == Ending::Completed {
            book.finished += 1;
            book.late += u32::from(late);
            self.flow_hours += now.since(handed_in).as_secs_f64() / 3600.0;
        } else {
            book.otherwise += 1;
            *self.whys.entry(how.to_string()).or_default() += 1;
        }
    }
}

impl Customer for Feed {
    fn start(&mut self, now: Instant, turn: &mut Turn) {
        if let Arrivals::Backlog(count) = self.arrivals {
            for _ in 0..count {
                if let Some(input) = self.order(now) {
                    turn.input(input);
                }
            }
        }
    }

    fn on_effect(&mut self, effect: &Effect, now: Instant, turn: &mut Turn) {
        match effect {
            Effect::OrderEnded { order, how } => {
                self.ended(*order, how, now);
                if matches!(self.arrivals, Arrivals::Backlog(_))
                    && let Some(input) = self.order(now)
                {
                    turn.input(input);
                }
            }
            Effect::Refused { order, why, .. } => {
                // No other follows: what is refused once would be refused for ever.
                let recipe = self.known(*order).0;
                self.books[recipe].otherwise += 1;
                *self.whys.entry(format!("refused: {why}")).or_default() += 1;
            }
            Effect::StepDone {
                instrument,
                began,
                ended,
                ..
            } => {
                let began = (*began).max(self.since);
                self.busy[instrument.index()] += ended.since(began).as_secs_f64().max(0.0);
            }
            Effect::LagBroken { order, .. } => {
                let recipe = self.known(*order).0;
                self.broken.insert(*order);
                self.books[recipe].lags_broken += u32::from(now >= self.since);
            }
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
