//! A plan of orders in an empty hall, made as the conductor makes it, without carrying anything out.

use crate::HallError;
use crate::compile::compile;
use crate::limits::BRING_TIME;
use bus::Role;
use lab::Hall;
use protocol::Order;
use quantity::{Instant, OrderId};
use schedule::{Job, Planner, Refusal, Where, Why};
use std::sync::Arc;
use transport::Traffic;

/// What was planned.
#[derive(Debug)]
pub struct Forecast {
    /// The planner with all that were taken.
    pub planner: Planner,
    /// Those that were taken, in the order in which they were handed in.
    pub taken: Vec<Planned>,
    /// Those that were not, and why.
    pub refused: Vec<(OrderId, String)>,
}

/// An order that was taken.
#[derive(Debug)]
pub struct Planned {
    /// The order.
    pub order: Arc<Order>,
    /// As the planner knows it.
    pub job: Job,
    /// By task: the names of its steps; empty for the way out.
    pub steps: Vec<Vec<Arc<str>>>,
}

/// Plans orders that are all handed in now. Their plates stand in the hotel nearest to their first
/// instrument; that a hotel may have too few homes for all of them at once is left out of account.
/// Then `tries` improvements are tried, which keep every promise.
///
/// # Errors
/// What in the hall does not fit together.
pub fn forecast(
    hall: &Arc<Hall>,
    orders: &[Arc<Order>],
    tries: u64,
) -> Result<Forecast, HallError> {
    let movers: Vec<_> = hall.movers.iter().map(|m| (m.spec, m.home)).collect();
    let mut traffic = Traffic::new(hall.track.clone(), &movers)?;
    let (shop, _) = crate::shop::shop(hall, &mut traffic)?;
    let mut planner = Planner::new(shop).map_err(HallError::Shop)?;
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for order in orders {
        let compiled = match compile(order, hall) {
            Ok(compiled) => compiled,
            Err(why) => {
                refused.push((order.id, why));
                continue;
            }
        };
        let first = &compiled.tasks[0].options;
        let hotel = hall.with_role(Role::Storage).min_by_key(|hotel| {
            let to = |machine: usize| hall.instruments[machine].station.index();
            let from = hotel.station.index();
            let travel = &planner.shop().travel;
            let ways = first.iter().map(|o| travel.time(from, to(o.machine)));
            ways.min()
        });
        let Some(hotel) = hotel else {
            refused.push((order.id, "the hall has no hotel".to_owned()));
            continue;
        };
        let at = Where::In {
            machine: hotel.id.index(),
            slot: 0,
        };
        let release = order.release.max(Instant::EPOCH + BRING_TIME);
        let job = compiled.job(order, 0, at, release);
        match planner.admit(job.clone(), Instant::EPOCH) {
            Ok(_) => taken.push(Planned {
                order: order.clone(),
                job,
                steps: (compiled.tasks.iter())
                    .map(|task| {
                        let steps = &order.protocol.steps[task.steps.clone()];
                        steps.iter().map(|s| s.name.clone()).collect()
                    })
                    .collect(),
            }),
            Err(refusal) => refused.push((order.id, why(&refusal))),
        }
    }
    planner.improve(Instant::EPOCH, tries);
    Ok(Forecast {
        planner,
        taken,
        refused,
    })
}

fn why(refusal: &Refusal) -> String {
    match refusal {
        Refusal::TooLate { deadline, earliest } => format!(
            "it can be finished {} s after the start, not {} s",
            (*earliest - Instant::EPOCH).as_secs_f64().ceil(),
            (*deadline - Instant::EPOCH).as_secs_f64()
        ),
        Refusal::Impossible(Why::Unknown(what)) => what.clone(),
        Refusal::Impossible(Why::Contradiction(lags)) => format!(
            "its lags can't be kept in this hall, whatever the load: transport alone takes longer than {} of \
             them allow",
            lags.len()
        ),
        Refusal::Impossible(Why::NoMachine { task }) => {
            format!("no instrument can do its task {task}")
        }
        Refusal::Impossible(Why::NoMover) => "the hall has no mover".to_owned(),
        Refusal::Impossible(Why::Locked { .. } | Why::Crowded { .. }) => {
            "there is no room for it".to_owned()
        }
    }
}
