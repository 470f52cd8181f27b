//! Orders that wait to be planned, and whose turn it is.
//!
//! Campaigns share the hall by weight: of those with orders that wait, the one comes next that has had
//! least for its weight (start-time fair queueing: Goyal, Vin and Cheng, SIGCOMM 1996). What an order
//! takes is its use of what it needs most of, as a share of what the hall has of it, so that campaigns
//! with unlike protocols are each measured by their own bottleneck (dominant resource fairness: Ghodsi
//! et al., NSDI 2011). A campaign without orders gets nothing and saves nothing up: others have its
//! share, and when it comes back it begins where they are.

use protocol::Order;
use quantity::{CampaignId, Duration, Instant, OrderId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Resolution of what was had per weight: machine time is counted in parts of this of a nanosecond.
const FINE: i128 = 1 << 16;

/// The orders of one campaign that wait, and what it has had.
#[derive(Clone, Debug, Default)]
struct Line {
    /// Those that may begin, the most urgent first.
    open: BTreeSet<(Reverse<u32>, Instant, OrderId)>,
    /// Those that are to begin later, the earliest first; with their priority.
    later: BTreeSet<(Instant, OrderId, u32)>,
    /// What it has had for its weight, from where it began: the finish tag of its last order.
    had: i128,
}

impl Line {
    fn is_empty(&self) -> bool {
        self.open.is_empty() && self.later.is_empty()
    }
}

/// See the [module](self)'s documentation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    lines: BTreeMap<CampaignId, Line>,
    /// The start tag of the order that was served last.
    clock: i128,
    /// Orders that were promised a finish already and wait for a home, by when they are to leave it.
    promised: BTreeSet<(Instant, OrderId)>,
}

impl Queue {
    /// Whether orders of more than one campaign have come.
    pub fn is_shared(&self) -> bool {
        self.lines.len() > 1
    }

    /// An order begins to wait, unless it does so already.
    pub fn enter(&mut self, order: &Order, now: Instant) {
        let line = self.lines.entry(order.campaign).or_default();
        if order.release <= now {
            (line.later).remove(&(order.release, order.id, order.priority));
            (line.open).insert((Reverse(order.priority), order.release, order.id));
        } else {
            (line.later).insert((order.release, order.id, order.priority));
        }
    }

    /// An order waits no more.
    pub fn leave(&mut self, order: &Order) {
        if let Some(line) = self.lines.get_mut(&order.campaign) {
            (line.open).remove(&(Reverse(order.priority), order.release, order.id));
            (line.later).remove(&(order.release, order.id, order.priority));
        }
        self.promised.retain(|(_, id)| *id != order.id);
    }

    /// An order that was promised a finish waits for a home that it is to leave then.
    pub fn await_home(&mut self, order: OrderId, leaves: Instant) {
        self.promised.retain(|(_, id)| *id != order);
        self.promised.insert((leaves, order));
    }

    /// Orders with a promise that wait for a home.
    pub fn promised(&self) -> usize {
        self.promised.len()
    }

    /// Whose turn it is.
    pub fn first(&mut self, now: Instant) -> Option<OrderId> {
        if let Some((_, order)) = self.promised.first() {
            return Some(*order);
        }
        let lines = self.lines.iter().filter(|(_, line)| !line.is_empty());
        let start = |line: &Line| line.had.max(self.clock);
        let campaign = *(lines.min_by_key(|(id, line)| (start(line), **id)))?.0;
        let line = self.lines.get_mut(&campaign)?;
        while let Some(&(release, order, priority)) = line.later.first()
            && release <= now
        {
            line.later.pop_first();
            line.open.insert((Reverse(priority), release, order));
        }
        let open = line.open.first().map(|(_, _, order)| *order);
        open.or_else(|| line.later.first().map(|(_, order, _)| *order))
    }

    /// An order was taken into the plan; it needs so much of what it needs most of.
    pub fn served(&mut self, order: &Order, share: Duration) {
        self.leave(order);
        let line = self.lines.entry(order.campaign).or_default();
        let start = line.had.max(self.clock);
        let cost = i128::from(share.base().max(1)) * FINE;
        line.had = start + cost / i128::from(order.weight.max(1));
        self.clock = start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use labware::Catalogue;
    use protocol::Protocol;
    use quantity::PlateId;
    use std::sync::Arc;

    fn order(id: u32, campaign: u16, weight: u32) -> Order {
        let labware = Catalogue::standard()
            .get("corning_96_wellplate_360ul_flat")
            .unwrap()
            .clone();
        Order {
            id: OrderId(id),
            campaign: CampaignId(campaign),
            plate: PlateId(id),
            barcode: "".into(),
            protocol: Arc::new(Protocol {
                name: "none".into(),
                labware,
                steps: Vec::new(),
                lags: Vec::new(),
            }),
            worklists: BTreeMap::new(),
            release: Instant::EPOCH,
            due: None,
            deadline: None,
            priority: 1,
            weight,
        }
    }

    /// Serves as many, each of which needs as many seconds as its campaign's place in `needs` says,
    /// and tells how many seconds each campaign got.
    fn serve(queue: &mut Queue, orders: &[Order], count: usize, needs: &[i64]) -> Vec<i64> {
        let mut got = vec![0; needs.len()];
        for _ in 0..count {
            let Some(first) = queue.first(Instant::EPOCH) else {
                break;
            };
            let order = &orders[first.index()];
            let campaign = order.campaign.index();
            queue.served(order, Duration::from_secs(needs[campaign]));
            got[campaign] += needs[campaign];
        }
        got
    }

    #[test]
    fn campaigns_get_machine_time_by_weight_whatever_their_plates_need() {
        let mut queue = Queue::default();
        let weights = [3, 1, 1];
        let orders: Vec<Order> = (0..900)
            .map(|id| order(id, (id % 3) as u16, weights[(id % 3) as usize]))
            .collect();
        for order in &orders {
            queue.enter(order, Instant::EPOCH);
        }
        let got = serve(&mut queue, &orders, 400, &[60, 60, 300]);
        assert!((got[0] - 3 * got[1]).abs() <= 240, "{got:?}");
        assert!((got[2] - got[1]).abs() <= 360, "{got:?}");
    }

    #[test]
    fn who_was_idle_neither_loses_nor_saves_up() {
        let mut queue = Queue::default();
        let orders: Vec<Order> = (0..400).map(|id| order(id, (id / 200) as u16, 1)).collect();
        for order in &orders[..200] {
            queue.enter(order, Instant::EPOCH);
        }
        // The second has no orders: the first has the hall.
        assert_eq!(serve(&mut queue, &orders, 100, &[60, 60]), [6000, 0]);
        for order in &orders[200..] {
            queue.enter(order, Instant::EPOCH);
        }
        // From now on they share: what was not used is not paid back.
        assert_eq!(serve(&mut queue, &orders, 100, &[60, 60]), [3000, 3000]);
    }

    #[test]
    fn within_a_campaign_the_urgent_and_open_come_first() {
        let mut queue = Queue::default();
        let mut orders: Vec<Order> = (0..4).map(|id| order(id, 0, 1)).collect();
        orders[1].priority = 2;
        orders[2].priority = 3;
        orders[2].release = Instant::from_secs_f64(100.0);
        for order in &orders {
            queue.enter(order, Instant::EPOCH);
        }
        queue.enter(&orders[0], Instant::EPOCH);
        let mut turns = Vec::new();
        for second in [0.0, 200.0, 200.0, 200.0] {
            let first = queue.first(Instant::from_secs_f64(second)).unwrap();
            queue.served(&orders[first.index()], Duration::from_secs(60));
            turns.push(first.0);
        }
        assert_eq!(turns, [1, 2, 0, 3]);
        assert_eq!(queue.first(Instant::EPOCH), None);
    }
}
