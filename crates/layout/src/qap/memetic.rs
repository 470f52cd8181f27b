//! A population of good assignments: children keep what both parents agree on, and are improved by
//! tabu search (Benlic and Hao, Expert Syst. Appl. 42 (2015)).

use super::evaluate::{Matrices, State};
use super::tabu::Tabu;
use super::{Instance, Solution};
use quantity::{Rng, Seed};
use rand::RngExt;
use rand::seq::SliceRandom;

/// Assignments kept.
const POPULATION: usize = 15;
/// Parents of a child: the best of so many drawn.
const DRAWN: usize = 4;
/// Children without a new best, after which the population is shaken.
const STAGNATION: u32 = 15;
/// Exchanges of tabu search that improve a child.
const TURNS: u64 = 5_000;
/// Exchanges between two questions whether to go on.
const ASK_EVERY: u64 = 250;
/// A shaken assignment has this share of its units at random.
const SHAKEN: f64 = 0.5;

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Exchanges made.
    pub turns: u64,
    /// The least cost so far.
    pub cost: i64,
}

/// Searches until `go_on` says no, and returns the best that was found. With the same seed it asks
/// the same questions, so stopped after the same number of turns it gives the same answer.
pub fn solve(instance: &Instance, seed: Seed, go_on: &mut dyn FnMut(Progress) -> bool) -> Solution {
    let n = instance.size();
    let identity: Vec<usize> = (0..n).collect();
    if n < 2 {
        let cost = instance.cost(&identity);
        return Solution {
            places: identity,
            cost,
        };
    }
    let matrices = Matrices::new(instance);
    let mut search = Search {
        state: State::new(&matrices, identity.clone()),
        tabu: Tabu::new(n),
        rng: seed.derive("qap", n as u64).rng(),
        turns: 0,
        best: (i64::MAX, identity),
        stopped: false,
        matrices: &matrices,
        go_on,
    };
    search.run();
    let places = search.best.1;
    let cost = instance.cost(&places);
    Solution { places, cost }
}

struct Search<'a> {
    matrices: &'a Matrices,
    state: State,
    tabu: Tabu,
    rng: Rng,
    turns: u64,
    best: (i64, Vec<usize>),
    stopped: bool,
    go_on: &'a mut dyn FnMut(Progress) -> bool,
}

/// An assignment with its (doubled) cost.
type Member = (i64, Vec<usize>);

impl Search<'_> {
    fn run(&mut self) {
        let n = self.matrices.n;
        let mut population: Vec<Member> = Vec::new();
        while population.len() < POPULATION && !self.stopped {
            let mut places: Vec<usize> = (0..n).collect();
            places.shuffle(&mut self.rng);
            let member = self.improve(&places);
            population.push(member);
        }
        let mut stagnant = 0;
        while !self.stopped {
            let before = self.best.0;
            let child = self.child(&population);
            let child = self.improve(&child);
            stagnant = if self.best.0 < before {
                0
            } else {
                stagnant + 1
            };
            keep(&mut population, child);
            if stagnant >= STAGNATION {
                stagnant = 0;
                for member in &mut population {
                    if self.stopped {
                        break;
                    }
                    let mut places = member.1.clone();
                    self.shake(&mut places);
                    *member = self.improve(&places);
                }
            }
        }
    }

    /// Tabu search from here; the best on the way.
    fn improve(&mut self, places: &[usize]) -> Member {
        self.state.reset(self.matrices, places);
        self.tabu.begin(&self.state);
        let mut left = TURNS;
        while left > 0 && !self.stopped {
            let turns = left.min(ASK_EVERY);
            self.tabu
                .run(self.matrices, &mut self.state, turns, &mut self.rng);
            left -= turns;
            self.turns += turns;
            if self.tabu.cost < self.best.0 {
                self.best.0 = self.tabu.cost;
                self.best.1.clone_from(&self.tabu.best);
            }
            self.stopped = !(self.go_on)(Progress {
                turns: self.turns,
                cost: self.best.0 / 2,
            });
        }
        (self.tabu.cost, self.tabu.best.clone())
    }

    /// The best of some members drawn at random.
    fn parent<'p>(&mut self, population: &'p [Member]) -> &'p Member {
        let first = self.rng.random_range(0..population.len());
        let mut best = &population[first];
        for _ in 1..DRAWN {
            let other = &population[self.rng.random_range(0..population.len())];
            if other.0 < best.0 {
                best = other;
            }
        }
        best
    }

    /// Uniform crossover: a unit takes the place that one of its parents gives it, if that is free;
    /// the rest are put into the places left at random.
    fn child(&mut self, population: &[Member]) -> Vec<usize> {
        let n = self.matrices.n;
        let one = self.parent(population);
        let mut other = self.parent(population);
        for _ in 0..8 {
            if other.1 != one.1 {
                break;
            }
            other = &population[self.rng.random_range(0..population.len())];
        }
        let mut child = vec![usize::MAX; n];
        let mut taken = vec![false; n];
        for unit in (0..n).filter(|&unit| one.1[unit] == other.1[unit]) {
            child[unit] = one.1[unit];
            taken[one.1[unit]] = true;
        }
        let mut units: Vec<usize> = (0..n).filter(|&unit| child[unit] == usize::MAX).collect();
        units.shuffle(&mut self.rng);
        for unit in units {
            let mut from = [one.1[unit], other.1[unit]];
            if self.rng.random::<bool>() {
                from.reverse();
            }
            if let Some(place) = from.into_iter().find(|&place| !taken[place]) {
                child[unit] = place;
                taken[place] = true;
            }
        }
        let mut free: Vec<usize> = (0..n).filter(|&place| !taken[place]).collect();
        free.shuffle(&mut self.rng);
        for place in child.iter_mut().filter(|place| **place == usize::MAX) {
            *place = free.pop().unwrap_or_default();
        }
        child
    }

    /// Puts some units into each other's places.
    fn shake(&mut self, places: &mut [usize]) {
        let n = places.len();
        let mut units: Vec<usize> = (0..n).collect();
        units.shuffle(&mut self.rng);
        units.truncate(((n as f64 * SHAKEN) as usize).max(2));
        let mut given: Vec<usize> = units.iter().map(|&unit| places[unit]).collect();
        given.rotate_left(1);
        for (unit, place) in units.into_iter().zip(given) {
            places[unit] = place;
        }
    }
}

/// A child takes the place of the worst member, unless it is worse or there already.
fn keep(population: &mut [Member], child: Member) {
    if population.contains(&child) {
        return;
    }
    if let Some(worst) = population.iter_mut().max_by_key(|member| member.0)
        && child.0 <= worst.0
    {
        *worst = child;
    }
}
