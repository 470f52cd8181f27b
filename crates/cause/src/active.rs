//! Which variable to act on next, if every intervention told all it can: the design limit that noise
//! can only worsen.
//!
//! Acting on one variable settles every open edge at it, and what follows from them. Of the graphs that
//! are still possible, those that would answer alike form a group; the variable whose groups have the
//! highest entropy tells most (He and Geng, JMLR 9 (2008) 2523, 'maximum entropy').

use crate::graph::{Dag, Essential};
use crate::nodes::Nodes;
use std::collections::HashMap;

/// What acting on a variable would tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The variable.
    pub target: usize,
    /// Expected information about the graph, nats.
    pub information: f64,
    /// Edges that are expected to stay open.
    pub open: f64,
}

/// What acting on each variable with an open edge would tell about equally likely graphs of one class.
#[must_use]
pub fn choices(class: &Essential, members: &[Dag], done: &[Nodes]) -> Vec<Choice> {
    let mut all = Vec::new();
    for target in 0..class.variables() {
        let around = class.neighbours(target);
        if around.is_empty() {
            continue;
        }
        let mut targets = done.to_vec();
        targets.push(Nodes::one(target));
        // The answer is which of the open edges point to the target.
        let mut groups: HashMap<Nodes, (usize, usize)> = HashMap::new();
        for member in members {
            let answer = member.parents(target).and(around);
            let group = groups
                .entry(answer)
                .or_insert_with(|| (0, member.essential(&targets).open()));
            group.0 += 1;
        }
        let mut choice = Choice {
            target,
            information: 0.0,
            open: 0.0,
        };
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_unstable();
        for (_, (count, open)) in groups {
            let share = count as f64 / members.len() as f64;
            choice.information -= share * share.ln();
            choice.open += share * open as f64;
        }
        all.push(choice);
    }
    all
}

/// The variable that tells most about equally likely graphs of one class; `None` if nothing is open.
///
/// Ties go to fewer open edges, then to the lower number.
#[must_use]
pub fn choose(class: &Essential, members: &[Dag], done: &[Nodes]) -> Option<Choice> {
    choices(class, members, done)
        .into_iter()
        .reduce(|best, choice| {
            let (more, fewer) = (
                choice.information - best.information,
                best.open - choice.open,
            );
            if more > TIE || (more > -TIE && fewer > TIE) {
                choice
            } else {
                best
            }
        })
}

/// Information that differs by less is the same.
const TIE: f64 = 1e-9;

/// Whether choosing gains nothing over drawing an open variable by lot: all tell alike, as in a complete
/// graph, where every variable stands like every other.
#[must_use]
pub fn no_gain(choices: &[Choice]) -> bool {
    let ends = choices
        .iter()
        .map(|choice| choice.information)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        });
    ends.1 - ends.0 <= TIE
}

/// The most members of a class that are listed to choose among; more are represented by this many.
const MEMBERS_MAX: usize = 5_000;

/// Acts on one variable after the other, as [`choose`] says, until a graph's arrows are settled; the
/// variables in order.
#[must_use]
pub fn settle(truth: &Dag) -> Vec<usize> {
    let (mut done, mut order) = (vec![Nodes::NONE], Vec::new());
    loop {
        let class = truth.essential(&done);
        let members = class.members(MEMBERS_MAX);
        let Some(choice) = choose(&class, &members, &done) else {
            return order;
        };
        order.push(choice.target);
        done.push(Nodes::one(choice.target));
    }
}
