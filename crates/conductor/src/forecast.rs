//! A plan of orders in an empty hall, made as the conductor makes it, without carrying anything out.

use crate::HallError;
use crate::admission::{home_cost, promise};
use crate::compile::{Compiled, compile};
use crate::durations::Durations;
use crate::families::Families;
use crate::limits::{BRING_TIME, PROMISE_MARGIN};
use crate::queue::Queue;
use crate::spare;
use bus::Role;
use lab::Hall;
use protocol::Order;
use quantity::{Instant, InstrumentId, OrderId};
use schedule::{Choice, Job, Planner, Refusal, Travel, Where, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use transport::Traffic;

/// What was planned.
#[derive(Debug)]
pub struct Forecast {
    /// The planner with all that were taken.
    pub planner: Planner,
    /// Those that were taken, in the order in which they were.
    pub taken: Vec<Planned>,
    /// Those that were not.
    pub refused: Vec<Refused>,
}

/// An order that was taken.
#[derive(Debug)]
pub struct Planned {
    /// The order.
    pub order: Arc<Order>,
    /// As the planner knows it.
    pub job: Job,
    /// The hotel in which it has its home.
    pub hotel: InstrumentId,
    /// By task: the names of its steps; empty for the way out.
    pub steps: Vec<Vec<Arc<str>>>,
}

/// An order that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The order.
    pub order: OrderId,
    /// Why, for a person.
    pub why: String,
    /// The earliest finish that could be promised, where its deadline is before that.
    pub earliest: Option<Instant>,
}

/// Homes in hotels, and from when each is free.
struct Homes {
    free: BTreeSet<(Instant, InstrumentId, usize)>,
}

impl Homes {
    fn new(hall: &Hall) -> Self {
        let homes = hall.with_role(Role::Storage).flat_map(|hotel| {
            (0..hotel.nests.len()).map(move |nest| (Instant::EPOCH, hotel.id, nest))
        });
        Self {
            free: homes.collect(),
        }
    }

    /// The home for a plate that is to go first to one of these: as the conductor chooses among those
    /// that are free, or else the one that comes free first.
    fn choose(
        &self,
        hall: &Hall,
        travel: &Travel,
        first: &[Choice],
    ) -> Option<(Instant, InstrumentId, usize)> {
        let mut now: BTreeMap<InstrumentId, (u32, usize)> = BTreeMap::new();
        for &(_, hotel, nest) in (self.free.iter()).take_while(|home| home.0 <= Instant::EPOCH) {
            now.entry(hotel).or_insert((0, nest)).0 += 1;
        }
        let costs = now.iter().filter_map(|(&hotel, &(free, nest))| {
            let cost = home_cost(hall, travel, first, hall.instrument(hotel), free)?;
            Some((cost, (Instant::EPOCH, hotel, nest)))
        });
        (costs.min()).map_or_else(|| self.free.first().copied(), |(_, home)| Some(home))
    }
}

/// Plans orders that are all handed in now: those with a deadline at once, the others as campaigns share
/// the hall. A plate has a home in a hotel from when it is brought until it is done, as in the hall; where
/// there are fewer homes than plates, the others are brought as homes come free. Then `tries`
/// improvements are tried, which keep every promise.
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
    let mut families = Families::default();
    let (shop, _) = crate::shop::shop(hall, &mut traffic, &mut families)?;
    let planner = Planner::new(shop).map_err(HallError::Shop)?;
    let mut forecast = Forecast {
        planner,
        taken: Vec::new(),
        refused: Vec::new(),
    };
    let mut homes = Homes::new(hall);
    let mut queue = Queue::default();
    let mut waiting: BTreeMap<OrderId, (Arc<Order>, Compiled)> = BTreeMap::new();
    for order in orders {
        match compile(order, hall, &mut families, &Durations::default()) {
            Err(why) => forecast.refuse(order.id, why, None),
            Ok(compiled) if order.deadline.is_some() => {
                if forecast.plan(hall, &mut homes, order, &compiled) {
                    queue.served(order, compiled.share);
                }
            }
            Ok(compiled) => {
                queue.enter(order, Instant::EPOCH);
                waiting.insert(order.id, (order.clone(), compiled));
            }
        }
    }
    while let Some(first) = queue.first(Instant::EPOCH) {
        let Some((order, compiled)) = waiting.remove(&first) else {
            break;
        };
        if forecast.plan(hall, &mut homes, &order, &compiled) {
            queue.served(&order, compiled.share);
        } else {
            queue.leave(&order);
        }
    }
    forecast.planner.improve(Instant::EPOCH, tries);
    Ok(forecast)
}

impl Forecast {
    /// When the order would be promised to be finished, if it was taken.
    #[must_use]
    pub fn promised(&self, hall: &Hall, order: OrderId) -> Option<Instant> {
        let planned = self.planner.promised(order)?;
        let taken = self.taken.iter().find(|taken| taken.order.id == order)?;
        Some(promise(hall, planned, Instant::EPOCH, &taken.order))
    }

    fn refuse(&mut self, order: OrderId, why: String, earliest: Option<Instant>) {
        self.refused.push(Refused {
            order,
            why,
            earliest,
        });
    }

    /// Plans an order if it can be.
    fn plan(
        &mut self,
        hall: &Hall,
        homes: &mut Homes,
        order: &Arc<Order>,
        compiled: &Compiled,
    ) -> bool {
        let first = &compiled.tasks[0].options;
        let Some(home) = homes.choose(hall, &self.planner.shop().travel, first) else {
            self.refuse(order.id, "the hall has no hotel".to_owned(), None);
            return false;
        };
        let (free, hotel, nest) = home;
        let at = Where::In {
            machine: hotel.index(),
            slot: 0,
        };
        let release = order.release.max(free + BRING_TIME);
        let mut job = compiled.job(order, 0, at, release);
        job.deadline = order.deadline.map(|by| by - PROMISE_MARGIN);
        match spare::admit(&mut self.planner, hall, &job, Instant::EPOCH) {
            Ok(promise) => {
                homes.free.remove(&home);
                homes.free.insert((promise.plan.finish, hotel, nest));
                let steps = compiled.tasks.iter().map(|task| {
                    let steps = &order.protocol.steps[task.steps.clone()];
                    steps.iter().map(|s| s.name.clone()).collect()
                });
                self.taken.push(Planned {
                    order: order.clone(),
                    job,
                    hotel,
                    steps: steps.collect(),
                });
                true
            }
            Err(Refusal::TooLate { deadline, earliest }) => {
                let (deadline, earliest) = (deadline + PROMISE_MARGIN, earliest + PROMISE_MARGIN);
                self.refuse(order.id, too_late(deadline, earliest), Some(earliest));
                false
            }
            Err(Refusal::Impossible(cause)) => {
                self.refuse(order.id, why(&cause), None);
                false
            }
        }
    }
}

/// Why an order with a deadline is refused, for a person.
pub(crate) fn too_late(deadline: Instant, earliest: Instant) -> String {
    format!("it can't be finished by {deadline}: the earliest that can be promised is {earliest}")
}

/// Why an order can't be done, for a person.
pub(crate) fn why(why: &Why) -> String {
    match why {
        Why::Unknown(what) => what.clone(),
        Why::Contradiction(lags) => format!(
            "its lags can't be kept in this hall, whatever the load: transport alone takes longer than {} of \
             them allow",
            lags.len()
        ),
        Why::NoMachine { task } => format!("no instrument that can do its task {task} is fit"),
        Why::NoMover => "the hall has no mover that is fit".to_owned(),
        Why::Locked { .. } | Why::Crowded { .. } => "there is no room for it".to_owned(),
    }
}
