//! Runs over the shortest way, or round what is in the way.

use super::Traffic;
use crate::profile::Limits;
use crate::run::{End, Run, Start};
use crate::track::{Block, Track, ZoneId};
use crate::zones::Zones;
use quantity::{BerthId, BlockId, MoverId};
use std::sync::Arc;

/// Windows kept for runs asked for before; beyond that all are forgotten and made again.
const CACHE_WINDOWS_MAX: usize = 2_000_000;
/// With more berths than these a run is hardly ever asked for twice before it is forgotten.
const CACHE_BERTHS_MAX: usize = 5_000;

impl Traffic {
    /// The run over the shortest way between two berths, or the shortest that avoids a zone.
    pub(super) fn run(
        &mut self,
        from: BerthId,
        to: BerthId,
        limits: Limits,
        avoid: Option<ZoneId>,
    ) -> Option<Arc<Run>> {
        let key = (from, to, limits, avoid);
        let keeps = self.track.berths().len() <= CACHE_BERTHS_MAX;
        if keeps && let Some(run) = self.runs.get(&key) {
            return run.clone();
        }
        let path = match avoid {
            None => self.routes.first(&self.track, from, to),
            Some(zone) => self.routes.detour(&self.track, from, to, zone),
        };
        let run = path.map(|path| {
            Arc::new(Run::new(
                &self.track,
                Start::Berth(from),
                path,
                End::Berth(to),
                limits,
            ))
        });
        if !keeps {
            return run;
        }
        if self.run_windows > CACHE_WINDOWS_MAX {
            self.runs.clear();
            self.run_windows = 0;
        }
        self.run_windows += run.as_ref().map_or(1, |r| r.uses.len());
        self.runs.insert(key, run.clone());
        run
    }

    /// A run that avoids every zone in which somebody stands.
    pub(super) fn way_round(
        &mut self,
        from: BerthId,
        to: BerthId,
        limits: Limits,
    ) -> Option<Arc<Run>> {
        let (track, zones) = (&self.track, &self.zones);
        let path = self
            .routes
            .avoiding(track, from, to, |block| closed(track, zones, block, None))?;
        Some(Arc::new(Run::new(
            track,
            Start::Berth(from),
            path,
            End::Berth(to),
            limits,
        )))
    }

    pub(crate) fn blocks_at_rest(&self, block: BlockId, offset: f64) -> Vec<(BlockId, f64)> {
        let here = self.track.block(block).curve.at(offset).0;
        self.track.zone_blocks[self.track.block(block).zone.index()]
            .iter()
            .filter_map(|b| {
                let (s, distance) = self.track.block(*b).curve.nearest(here);
                (distance < 1e-3).then_some((*b, if *b == block { offset } else { s }))
            })
            .collect()
    }
}

/// Whether somebody other than `own` stands in a block's zone or on its first node for good.
pub(crate) fn closed(track: &Track, zones: &Zones, block: &Block, own: Option<MoverId>) -> bool {
    let held = |zone: ZoneId| {
        let holder = zones.holder(zone);
        holder.is_some() && holder != own
    };
    held(block.zone) || track.node(block.from).zone.is_some_and(held)
}
