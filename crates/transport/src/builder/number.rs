//! The numbers of zones.

use crate::geometry::wrap;
use crate::track::{Block, Node, ZoneId};

/// Numbers the zones of blocks and nodes anew, in the order in which a mover that goes straight on
/// comes through them: what is asked for one after the other will lie side by side.
pub(super) fn along_streets(blocks: &mut [Block], nodes: &mut [Node], zones: usize) {
    let mut numbers: Vec<Option<u32>> = vec![None; zones];
    let mut next = 0;
    let mut number = |zone: ZoneId| {
        if numbers[zone.index()].is_none() {
            numbers[zone.index()] = Some(next);
            next += 1;
        }
    };
    let mut passed = vec![false; blocks.len()];
    for first in 0..blocks.len() {
        let mut at = Some(first);
        while let Some(i) = at.filter(|i| !passed[*i]) {
            passed[i] = true;
            let block = &blocks[i];
            nodes[block.from.index()]
                .zone
                .iter()
                .copied()
                .for_each(&mut number);
            number(block.zone);
            let out = block.curve.at(block.curve.length()).1;
            let turn = |next: usize| wrap(blocks[next].curve.at(0.0).1 - out).abs();
            at = block
                .next
                .iter()
                .map(|next| next.index())
                .min_by(|a, b| turn(*a).total_cmp(&turn(*b)));
        }
    }
    // A node at which all ways end is left over.
    nodes
        .iter()
        .filter_map(|node| node.zone)
        .for_each(&mut number);
    let renumber = |zone: &mut ZoneId| *zone = numbers[zone.index()].map_or(*zone, ZoneId);
    blocks
        .iter_mut()
        .for_each(|block| renumber(&mut block.zone));
    let of_nodes = nodes.iter_mut().filter_map(|node| node.zone.as_mut());
    of_nodes.for_each(renumber);
}
