//! Solving S-LAB instances.
//!
//! Operations that time constraints tie together form a block: a pattern with a temporal network, that
//! is placed as a whole and exactly. Between blocks there are only precedences, so blocks placed in any
//! order that respects them give a schedule (a serial schedule generation scheme). The search changes
//! the order, and makes every schedule denser by placing all blocks anew from its end and then from its
//! begin (forward-backward improvement, Tormos and Lova, Annals of Operations Research 102, 2001).

mod board;
mod model;

pub use model::slab_bound;

use super::Effort;
use crate::formats::slab::{Slab, Solution};
use crate::planner::Draw;
use board::{Board, sorted};
use model::{Model, bound, whole_head, whole_net};
use quantity::Seed;

/// Schedules in a wave of the search, from warm to cold.
const WAVE: u64 = 60_000;

/// The temperature at the begin of a wave, as a part of the makespan.
const WARM: f64 = 0.006;

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
    let mut variant = vec![0; count];
    let mut key: Vec<i64> = model
        .blocks
        .iter()
        .map(|b| whole_head(&whole, b.ops[0]))
        .collect();
    let mut spent = 0;
    let mut best: Option<(i64, Vec<Vec<i64>>)> = None;
    let mut current = i64::MAX;
    let (mut kept, mut kept_variant) = (key.clone(), variant.clone());
    while spent < effort.iterations
        && (spent % 16 != 0 || best.is_none() || (effort.go_on)())
        && best.as_ref().is_none_or(|b| b.0 > least)
    {
        if best.is_none() && spent > 10_000 {
            return Err("no schedule was found".to_owned());
        }
        let step = spent % WAVE;
        spent += 1;
        let order = sorted(&model, &key, false);
        if let Some(mut makespan) = board.forward(&order, &variant) {
            let lead = best.as_ref().map_or(i64::MAX, |b| b.0);
            if step == 0 || makespan <= lead {
                makespan = squeeze(&mut board, &variant, makespan);
            }
            if makespan < lead {
                best = Some((makespan, board.times.clone()));
            }
            // Simulated annealing in waves (Kirkpatrick, Gelatt and Vecchi 1983); the ends of what
            // nothing waits for tell schedules of one makespan apart.
            let ends: i64 = (0..count)
                .filter(|&b| model.blocks[b].before.is_empty())
                .map(|b| board.last(b))
                .sum();
            let cost = makespan * 256 + ends * 32 / count as i64;
            let cold = step as f64 / WAVE as f64;
            let warm = lead.min(makespan) as f64 * 256.0 * WARM * (1.0 - cold).powi(2);
            let most =
                current as f64 - warm * (draw.below(1 << 20) as f64 / f64::from(1 << 20)).ln();
            if cost as f64 <= most {
                current = cost;
                kept = (0..count).map(|b| board.first(b) * 8).collect();
                kept_variant.clone_from(&variant);
            }
        }
        (key, variant) = (kept.clone(), kept_variant.clone());
        disturb(&model, &mut key, &mut variant, &mut draw);
    }
    let Some((makespan, times)) = best else {
        return Err("no schedule was found".to_owned());
    };
    Ok((
        Solution {
            format: "slab-solution-1".to_owned(),
            instance: name.to_owned(),
            makespan,
            bound: least,
            operations: model.assign(slab, &times),
        },
        spent,
    ))
}

/// Makes a schedule denser from the end and from the begin, as long as that helps.
fn squeeze(board: &mut Board, variant: &[usize], mut makespan: i64) -> i64 {
    let model = board.model;
    let count = model.blocks.len();
    loop {
        let times = board.times.clone();
        let ends: Vec<i64> = (0..count).map(|b| -board.last(b)).collect();
        if board.backward(&sorted(model, &ends, true), variant, 2 * makespan) {
            let begins: Vec<i64> = (0..count).map(|b| board.first(b)).collect();
            match board.forward(&sorted(model, &begins, false), variant) {
                Some(shorter) if shorter < makespan => {
                    makespan = shorter;
                    continue;
                }
                _ => {}
            }
        }
        board.times = times;
        return makespan;
    }
}

/// A few blocks earlier or later in the order, or all that begin within a stretch in a drawn order.
fn disturb(model: &Model, key: &mut [i64], variant: &mut [usize], draw: &mut Draw) {
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
