//! Plates that become known one by one: each is promised a completion at once, and the plan of those that
//! have not left the hotel is improved until the next one comes.
//!
//! Nothing that has left is touched, and no plate is ever planned beyond its promise: the completion that
//! was found when it came, or its due time where that is later.

use super::lab::{Layout, kinds, solution};
use super::pack::{Kind, Pack, Place, Plate};
use crate::formats::lab::{Lab, Solution};
use crate::line::FAR;
use crate::planner::Draw;
use quantity::Seed;
use std::collections::BTreeMap;

/// Plates that are taken out together, at most.
const GROUP: usize = 8;

/// Tries between two questions whether to go on.
const ASK: u64 = 8;

/// What happens while plates arrive; for a caller who keeps the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A plate became known.
    Asked,
    /// It has its promise.
    Promised,
    /// The plan may be improved: the answer says whether to go on.
    Idle,
}

/// How plates were served that arrived one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// The plan as it was carried out.
    pub solution: Solution,
    /// Mean seconds from release to completion.
    pub flow: f64,
    /// Sum over plates of weight times seconds of completion after the due time.
    pub tardiness: i64,
    /// Promises that were not kept; the rule of the search is that there is none.
    pub broken: usize,
    /// Tries of the improvement.
    pub steps: u64,
}

/// Feeds the plates of an instance one by one, in the order of their release, to a plan that promises and
/// improves; at most `tries` neighbourhoods after each. The answer of `watch` counts at
/// [`Moment::Idle`] only.
///
/// # Errors
/// Why there is no solution at all.
pub fn lab_online(
    lab: &Lab,
    seed: u64,
    tries: u64,
    watch: &mut dyn FnMut(Moment) -> bool,
) -> Result<Service, String> {
    let (kinds, layout) = kinds(lab)?;
    let index: BTreeMap<&str, usize> = lab.workflows.keys().map(String::as_str).zip(0..).collect();
    let plates: Vec<Plate> = lab
        .plates
        .iter()
        .map(|p| Plate {
            kind: index[p.wf.as_str()],
            release: p.release,
        })
        .collect();
    let mut desk = Desk::new(lab, &kinds, &layout, &plates, seed);
    let mut order: Vec<usize> = (0..plates.len()).collect();
    order.sort_by_key(|&p| plates[p].release);
    let mut steps = 0;
    for plate in order {
        watch(Moment::Asked);
        desk.arrive(plate)?;
        watch(Moment::Promised);
        for tried in 0..tries {
            if desk.open.len() < 2 || (tried % ASK == 0 && !watch(Moment::Idle)) {
                break;
            }
            desk.improve();
            steps += 1;
        }
    }
    Ok(desk.close(&layout, steps))
}

struct Desk<'a> {
    lab: &'a Lab,
    pack: Pack<'a>,
    promises: Vec<i64>,
    /// Plates that are known and have not left.
    open: Vec<usize>,
    now: i64,
    draw: Draw,
}

impl<'a> Desk<'a> {
    fn new(
        lab: &'a Lab,
        kinds: &'a [Kind],
        layout: &Layout,
        plates: &'a [Plate],
        seed: u64,
    ) -> Self {
        Self {
            lab,
            pack: Pack::new(kinds, plates, &layout.capacities),
            promises: vec![FAR; plates.len()],
            open: Vec::new(),
            now: 0,
            draw: Draw::new(Seed(seed).derive("online", 0)),
        }
    }

    fn kind(&self, plate: usize) -> &'a Kind {
        &self.pack.kinds[self.pack.plates[plate].kind]
    }

    /// When a plate leaves the hotel.
    fn leaves(&self, plate: usize) -> i64 {
        self.pack.places[plate]
            .as_ref()
            .map_or(FAR, |place| place.times[0] - self.kind(plate).head)
    }

    /// A plate becomes known and is promised.
    fn arrive(&mut self, plate: usize) -> Result<(), String> {
        self.now = self.pack.plates[plate].release;
        let from = self.now + self.kind(plate).head;
        let variants = self.kind(plate).variants.len();
        let place = self
            .pack
            .earliest_of(plate, from, FAR, variants, &mut self.draw)
            .ok_or_else(|| format!("plate {} fits nowhere", self.lab.plates[plate].id))?;
        self.pack.lay(plate, place);
        self.promises[plate] = self.pack.completion(plate).max(self.lab.plates[plate].due);
        let now = self.now;
        let mut open = std::mem::take(&mut self.open);
        open.push(plate);
        open.retain(|&p| self.leaves(p) > now);
        self.open = open;
        Ok(())
    }

    /// Seconds of flow, and weighted ones of tardiness.
    fn cost(&self, plate: usize) -> i64 {
        let asked = &self.lab.plates[plate];
        let done = self.pack.completion(plate);
        done + TARDY * asked.weight * (done - asked.due).max(0)
    }

    /// Takes a few plates out and plans them again in another order; undone unless that is no worse.
    fn improve(&mut self) {
        let count = self.open.len();
        let centre = self.open[self.draw.below(count)];
        let centre = self.leaves(centre);
        let near = 60 << self.draw.below(6);
        let size = 2 + self.draw.below((GROUP - 1).min(count - 1));
        let mut taken: Vec<(usize, Place)> = Vec::with_capacity(size);
        let mut old = 0;
        for _ in 0..size * 4 {
            let plate = self.open[self.draw.below(count)];
            if (self.leaves(plate) - centre).abs() > near || self.pack.places[plate].is_none() {
                continue;
            }
            let cost = self.cost(plate);
            if let Some(place) = self.pack.lift(plate) {
                old += cost;
                taken.push((plate, place));
            }
            if taken.len() == size {
                break;
            }
        }
        let mut order: Vec<usize> = taken.iter().map(|t| t.0).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, self.draw.below(i + 1));
        }
        match self.draw.below(3) {
            0 => order.sort_by_key(|&p| -self.lab.plates[p].weight),
            1 => order.sort_by_key(|&p| self.pack.plates[p].kind),
            _ => {}
        }
        let mut new = 0;
        let mut laid = Vec::with_capacity(order.len());
        for &plate in &order {
            let from = self.now + self.kind(plate).head;
            let promise = self.promises[plate];
            let found = self
                .pack
                .earliest_of(plate, from, promise, TRIES, &mut self.draw);
            let Some(place) = found else { break };
            self.pack.lay(plate, place);
            laid.push(plate);
            new += self.cost(plate);
            if new > old {
                break;
            }
        }
        if laid.len() < order.len() || new > old {
            for plate in laid {
                self.pack.lift(plate);
            }
            for (plate, place) in taken {
                self.pack.lay(plate, place);
            }
        }
    }

    fn close(self, layout: &Layout, steps: u64) -> Service {
        let places: Vec<Place> = self.pack.places.iter().flatten().cloned().collect();
        let bound = super::lab_bound(self.lab);
        let (kinds, plates) = (self.pack.kinds, self.pack.plates);
        let mut service = Service {
            solution: solution(self.lab, kinds, layout, plates, &places, bound),
            flow: 0.0,
            tardiness: 0,
            broken: 0,
            steps,
        };
        let promises = self.promises.iter().zip(&mut service.solution.plates);
        for (&promise, plan) in promises {
            plan.promise = Some(promise);
        }
        for (plate, asked) in self.lab.plates.iter().enumerate() {
            let done = self.pack.completion(plate);
            service.flow += (done - asked.release) as f64 / self.lab.plates.len() as f64;
            service.tardiness += asked.weight * (done - asked.due).max(0);
            service.broken += usize::from(done > self.promises[plate]);
        }
        service
    }
}

/// What a weighted second of tardiness costs, in seconds of flow.
const TARDY: i64 = 2;

/// Choices of machines that are tried for a plate in an improvement.
const TRIES: usize = 2;
