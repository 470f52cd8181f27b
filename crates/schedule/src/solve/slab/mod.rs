//! Solving S-LAB instances.
//!
//! Operations that time constraints tie together form a block: a pattern with a temporal network, that
//! is placed as a whole and exactly. Between blocks there are only precedences, so blocks placed in any
//! order that respects them give a schedule (a serial schedule generation scheme). The search changes
//! the order, and makes every schedule denser by placing all blocks anew from its end and then from its
//! begin (forward-backward improvement, Tormos and Lova, Annals of Operations Research 102, 2001). Some
//! schedules that matter no order leads to; these are reached by holding single operations back.

mod board;
mod model;

pub use model::slab_bound;

use super::Effort;
use crate::formats::slab::{Slab, Solution};
use crate::planner::Draw;
use board::{Board, Hold, Recipe, Sorter, sorted};
use model::{Model, bound, whole_head, whole_net};
use quantity::Seed;

/// Schedules in a wave of the search, from warm to cold.
const WAVE: u64 = 8_000;

/// The temperature at the begin of a wave, as a part of the makespan.
const WARM: f64 = 0.006;

/// The same where a wave begins at the best schedule so far and tries holds.
const COOL: f64 = 0.004;

/// After so many waves without a shorter schedule the search begins afresh.
const AFRESH_AFTER: u64 = 25;

/// A second of makespan, as a cost.
const UNIT: i64 = 256;

/// Operations that wait without having to, at most.
const HOLDS: usize = 6;

/// In a wave with holds, one move in so many changes these.
const HOLD_MOVES: usize = 3;

/// Solves an instance for the least makespan; the solution and how many schedules were made.
///
/// # Errors
/// Why there is no solution.
pub fn slab(slab: &Slab, name: &str, effort: Effort) -> Result<(Solution, u64), String> {
    let mut draw = Draw::new(Seed(effort.seed).derive("slab", 0));
    let whole = whole_net(slab)?;
    let least = bound(slab, &whole);
    let model = Model::new(slab, &whole, &mut draw)?;
    let count = model.blocks.len();
    let mut board = Board::new(&model);
    let mut recipe = Recipe {
        key: model
            .blocks
            .iter()
            .map(|b| whole_head(&whole, b.ops[0]))
            .collect(),
        variant: vec![0; count],
        holds: Vec::new(),
    };
    let last: Vec<usize> = (0..count)
        .filter(|&b| model.blocks[b].before.is_empty())
        .collect();
    let mut sorter = Sorter::new(&model);
    let first = recipe.clone();
    let mut spent = 0;
    // Of all, and of those since the search began afresh.
    let mut champion: Option<Found> = None;
    let mut best: Option<Found> = None;
    let mut begun = 0;
    let mut improved = 0;
    let mut current = i64::MAX;
    let mut kept = Found {
        makespan: i64::MAX,
        recipe: recipe.clone(),
        times: Vec::new(),
    };
    while spent < effort.iterations
        && (spent % 16 != 0 || champion.is_none() && best.is_none() || (effort.go_on)())
        && best.as_ref().is_none_or(|b| b.makespan > least)
    {
        if champion.is_none() && best.is_none() && spent > 10_000 {
            return Err("no schedule was found".to_owned());
        }
        if spent - improved >= WAVE * AFRESH_AFTER {
            // Nothing better is near: once more from somewhere else.
            champion = better(champion, best.take());
            recipe.clone_from(&first);
            let span = recipe.key.iter().max().map_or(1, |&m| m.max(1));
            for key in &mut recipe.key {
                *key += draw.below(span as usize / 4 + 1) as i64;
            }
            current = i64::MAX;
            kept = Found {
                makespan: i64::MAX,
                recipe: recipe.clone(),
                times: Vec::new(),
            };
            (begun, improved) = (spent, spent);
        }
        let step = (spent - begun) % WAVE;
        let with_holds = !((spent - begun) / WAVE).is_multiple_of(3);
        spent += 1;
        sorter.sort(&model, &recipe.key);
        let lead = best.as_ref().map_or(i64::MAX, |b| b.makespan);
        // Simulated annealing in waves (Kirkpatrick, Gelatt and Vecchi 1983): what may be accepted is
        // drawn first, so that a schedule that won't be needn't be finished.
        let cold = step as f64 / WAVE as f64;
        let begin = if with_holds { COOL } else { WARM };
        let warm = lead as f64 * UNIT as f64 * begin * (1.0 - cold).powi(2);
        let chance = (draw.below(1 << 20) + 1) as f64 / f64::from(1 << 20);
        let most = (current as f64 - warm * chance.ln()) as i64;
        if let Some(mut makespan) = board.forward(&sorter.order, &recipe, most / UNIT) {
            if step == 0 || makespan <= lead {
                makespan = squeeze(&mut board, &recipe, makespan);
            }
            if makespan < lead {
                improved = spent;
                best = Some(Found {
                    makespan,
                    recipe: recipe.clone(),
                    times: board.times.clone(),
                });
            }
            // The ends of what nothing waits for tell schedules of one makespan apart.
            let ends: i64 = last.iter().map(|&b| board.last(b)).sum();
            let cost = makespan * UNIT + ends * (UNIT / 8) / count as i64;
            if cost <= most {
                current = cost;
                kept.keep(makespan, &recipe, &board);
            }
        }
        if (spent - begun).is_multiple_of(WAVE) {
            // The next wave goes on from the best schedule so far, and may hold operations back.
            if let Some(best) = best.as_ref() {
                kept.clone_from(best);
                kept.recipe.key = begins(&kept.times);
                current = i64::MAX;
            }
            kept.recipe.holds.clear();
        }
        recipe.clone_from(&kept.recipe);
        let held = with_holds && draw.below(HOLD_MOVES) == 0;
        if held {
            hold(&model, &kept.times, &mut recipe.holds, &mut draw);
        }
        if !held || draw.below(2) == 0 {
            disturb(&model, &mut recipe, &mut draw);
        }
    }
    let Some(best) = better(champion, best) else {
        return Err("no schedule was found".to_owned());
    };
    Ok((
        Solution {
            format: "slab-solution-1".to_owned(),
            instance: name.to_owned(),
            makespan: best.makespan,
            bound: least,
            operations: model.assign(slab, &best.times),
        },
        spent,
    ))
}

/// The shorter of two schedules, where there are any.
fn better(a: Option<Found>, b: Option<Found>) -> Option<Found> {
    a.into_iter().chain(b).min_by_key(|found| found.makespan)
}

/// A schedule and what it was made from.
#[derive(Clone)]
struct Found {
    makespan: i64,
    recipe: Recipe,
    times: Vec<Vec<i64>>,
}

impl Found {
    /// Remembers what is on the board, with keys that put blocks in the order in which they begin.
    fn keep(&mut self, makespan: i64, recipe: &Recipe, board: &Board) {
        self.makespan = makespan;
        self.recipe.clone_from(recipe);
        self.times.clone_from(&board.times);
        self.recipe.key = begins(&self.times);
    }
}

/// Keys by begin, with room between them.
fn begins(times: &[Vec<i64>]) -> Vec<i64> {
    times
        .iter()
        .map(|t| t.iter().min().map_or(0, |&first| first * 8))
        .collect()
}

/// Makes a schedule denser from the end and from the begin, as long as that helps.
fn squeeze(board: &mut Board, recipe: &Recipe, mut makespan: i64) -> i64 {
    let model = board.model;
    let count = model.blocks.len();
    let free = Recipe {
        variant: recipe.variant.clone(),
        ..Recipe::default()
    };
    loop {
        let times = board.times.clone();
        let ends: Vec<i64> = (0..count).map(|b| -board.last(b)).collect();
        if board.backward(&sorted(model, &ends, true), &free.variant, 2 * makespan) {
            let begins: Vec<i64> = (0..count).map(|b| board.first(b)).collect();
            board.clear();
            match board.forward(&sorted(model, &begins, false), &free, i64::MAX) {
                Some(shorter) if shorter < makespan => {
                    makespan = shorter;
                    continue;
                }
                _ => {}
            }
        }
        board.clear();
        board.times = times;
        return makespan;
    }
}

/// Holds an operation back behind one that overlaps it or follows it on its type of machine, or lets
/// one go that was held back.
fn hold(model: &Model, times: &[Vec<i64>], holds: &mut Vec<Hold>, draw: &mut Draw) {
    const TRIES: usize = 20;
    const NEAR: i64 = 3;
    if holds.len() >= HOLDS || (!holds.is_empty() && draw.below(2) == 0) {
        holds.swap_remove(draw.below(holds.len()));
    }
    for _ in 0..TRIES {
        let block = draw.below(model.blocks.len());
        let node = draw.below(model.blocks[block].ops.len());
        let other = draw.below(model.blocks.len());
        if other == block {
            continue;
        }
        let begin = times[block][node];
        let end = begin + model.takes(block, node);
        let rivals: Vec<usize> = (0..model.blocks[other].ops.len())
            .filter(|&there| {
                let from = times[other][there];
                model.line(other, there) == model.line(block, node)
                    && from + model.takes(other, there) > begin
                    && from < end + NEAR
            })
            .collect();
        if !rivals.is_empty() {
            holds.push(Hold {
                block,
                node,
                behind: (other, rivals[draw.below(rivals.len())]),
            });
            return;
        }
    }
}

/// A few blocks earlier or later in the order, and one of them perhaps in another pattern.
fn disturb(model: &Model, recipe: &mut Recipe, draw: &mut Draw) {
    let Recipe { key, variant, .. } = recipe;
    let count = key.len();
    let span = key.iter().max().map_or(8, |&m| m.max(8));
    for _ in 0..1 + draw.below(2) {
        // Just before or behind another one that is not far.
        let b = draw.below(count);
        let other = draw.below(count);
        if (key[other] - key[b]).abs() < span / 6 {
            key[b] = key[other] + draw.below(2) as i64 * 2 - 1;
        }
    }
    let b = draw.below(count);
    if model.blocks[b].variants.len() > 1 {
        variant[b] = draw.below(model.blocks[b].variants.len());
    }
}
