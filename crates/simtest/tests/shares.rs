//! Campaigns share a hall by weight, and nobody's share is lost.
#![allow(clippy::unwrap_used)]

mod hall;

use conductor::{Conductor, Customer, Effect, Input, Note, Shell, Turn};
use hall::{hall, orders, twin_of};
use journal::{Header, Journal};
use protocol::Order;
use quantity::{CampaignId, Duration, Instant, InstrumentId, OrderId};
use std::collections::BTreeMap;
use std::sync::Arc;
use twin::{FaultRates, TwinConfig};

/// Hands in the orders of campaigns, each at its time, and adds up what instruments worked for each.
#[derive(Clone, Default)]
struct Campaigns {
    orders: Vec<(Instant, Arc<Order>)>,
    of: BTreeMap<OrderId, CampaignId>,
    /// By instrument and campaign: seconds, and from when they count.
    work: BTreeMap<(InstrumentId, CampaignId), f64>,
    since: Instant,
    ended: BTreeMap<CampaignId, Vec<Instant>>,
}

impl Customer for Campaigns {
    fn start(&mut self, _now: Instant, turn: &mut Turn) {
        for (at, order) in &self.orders {
            self.of.insert(order.id, order.campaign);
            if *at <= Instant::EPOCH {
                turn.input(Input::Submit(order.clone()));
            }
        }
        self.orders.retain(|(at, _)| *at > Instant::EPOCH);
    }

    fn on_effect(&mut self, effect: &Effect, now: Instant, turn: &mut Turn) {
        for (at, order) in std::mem::take(&mut self.orders) {
            if at <= now {
                turn.input(Input::Submit(order));
            } else {
                self.orders.push((at, order));
            }
        }
        match effect {
            Effect::StepDone {
                order,
                instrument,
                began,
                ended,
                ..
            } if *began >= self.since => {
                *self.work.entry((*instrument, self.of[order])).or_default() +=
                    ended.since(*began).as_secs_f64();
            }
            Effect::OrderEnded { order, .. } => {
                self.ended.entry(self.of[order]).or_default().push(now);
            }
            _ => {}
        }
    }

    fn replay_effect(&mut self, _: &Effect, _: Instant) {}

    fn replay_note(&mut self, _: &Note, _: Instant) -> Result<(), String> {
        Ok(())
    }

    fn finished(&self) -> bool {
        true
    }
}

/// Orders of one campaign.
fn of(campaign: u16, weight: u32, protocol: &str, count: u32) -> Vec<Arc<Order>> {
    let first = u32::from(campaign) * 1000;
    (orders(protocol, count, first).into_iter())
        .map(|order| {
            Arc::new(Order {
                campaign: CampaignId(campaign),
                weight,
                ..(*order).clone()
            })
        })
        .collect()
}

/// What instruments of the bench worked for each campaign between two hours, the busiest first.
fn run(customer: Campaigns, from: f64, until: f64) -> (Vec<Vec<f64>>, Campaigns) {
    let hall = hall("bench");
    let config = TwinConfig {
        faults: FaultRates::scaled(0.0),
        ..TwinConfig::default()
    };
    let twin = twin_of(hall.clone(), config);
    let customer = Campaigns {
        since: Instant::from_secs_f64(from * 3600.0),
        ..customer
    };
    let journal = Journal::in_memory(Header::new("test"));
    let conductor = Conductor::new(hall.clone()).unwrap();
    let mut shell = Shell::open(conductor, twin, customer, journal).unwrap();
    shell.run(Instant::from_secs_f64(until * 3600.0)).unwrap();
    let customer = shell.customer().clone();
    let mut busy: Vec<Vec<f64>> = (hall.instruments.iter())
        .filter(|instrument| instrument.simultaneous == 1)
        .map(|instrument| {
            let of = |c: u16| customer.work.get(&(instrument.id, CampaignId(c)));
            (0..3).map(|c| of(c).copied().unwrap_or(0.0)).collect()
        })
        .collect();
    busy.sort_by(|a, b| b.iter().sum::<f64>().total_cmp(&a.iter().sum()));
    (busy, customer)
}

fn all_at_once(lists: Vec<Vec<Arc<Order>>>) -> Campaigns {
    let orders = lists.into_iter().flatten();
    Campaigns {
        orders: orders.map(|order| (Instant::EPOCH, order)).collect(),
        ..Campaigns::default()
    }
}

fn share(part: f64, all: &[f64]) -> f64 {
    part / all.iter().sum::<f64>()
}

#[test]
fn backlogs_share_the_bottleneck_by_weight() {
    for (weights, expected) in [([1, 1], 0.5), ([3, 1], 0.75)] {
        // The second is handed in after five hundred orders of the first.
        let customer = all_at_once(vec![
            of(0, weights[0], "electrolyte", 500),
            of(1, weights[1], "electrolyte", 500),
        ]);
        let (busy, _) = run(customer, 6.0, 72.0);
        let got = share(busy[0][0], &busy[0]);
        assert!((got - expected).abs() < 0.03, "{got}, {expected}: {busy:?}");
    }
}

#[test]
fn unlike_protocols_each_get_their_share_of_what_they_need_most() {
    let alone = |customer| run(customer, 6.0, 60.0).1.ended;
    let (a, b) = ("electrolyte", "growth-inhibition");
    let only_a = alone(all_at_once(vec![of(0, 1, a, 400)]))[&CampaignId(0)].len();
    let only_b = alone(all_at_once(vec![of(1, 1, b, 400)]))[&CampaignId(1)].len();
    let both = alone(all_at_once(vec![of(0, 1, a, 400), of(1, 1, b, 400)]));
    let got = |c: u16, only: usize| both[&CampaignId(c)].len() as f64 / only as f64;
    // Each gets at least half of what it gets alone, less the plates on their way.
    let (a, b) = (got(0, only_a), got(1, only_b));
    assert!(a > 0.45 && b > 0.45, "{a} {b}: {both:?} {only_a} {only_b}");
}

#[test]
fn a_few_plates_do_not_wait_for_a_long_queue_nor_idle_shares_get_lost() {
    let mut customer = all_at_once(vec![of(0, 1, "electrolyte", 500)]);
    let later = Instant::from_secs_f64(30.0 * 3600.0);
    let few = of(1, 1, "electrolyte", 5);
    customer
        .orders
        .extend(few.into_iter().map(|order| (later, order)));
    let (_, told) = run(customer, 0.0, 80.0);
    let alone = run(all_at_once(vec![of(0, 1, "electrolyte", 500)]), 0.0, 80.0).1;
    let [first, few] = [0, 1].map(|c| &told.ended[&CampaignId(c)]);
    // While the second had none, the first had the whole hall.
    let before = |ended: &[Instant], at: Instant| ended.iter().filter(|e| **e < at).count();
    assert_eq!(
        before(first, later),
        before(&alone.ended[&CampaignId(0)], later)
    );
    // Those few are done long before the queue of the first is.
    assert_eq!(few.len(), 5);
    let took = few[4].since(later);
    assert!(took < Duration::from_hours(16), "{took}");
    let total = first.len() + few.len();
    let usual = alone.ended[&CampaignId(0)].len();
    assert!(total.abs_diff(usual) <= 2, "{total} of {usual}");
}
