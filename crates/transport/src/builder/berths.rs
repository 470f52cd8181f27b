//! Checking that a mover in a berth, or on its siding, is in nobody's way.

use super::near::Near;
use super::{COMPARE_EVERY, TrackError};
use crate::track::{Berth, Track};

pub(super) fn check_berths(track: &Track, apart: f64) -> Result<(), TrackError> {
    let mut grid = Near::new(apart.max(0.5));
    // A mover on a tile stays within the tile, however near the next one is.
    for (i, block) in track.blocks.iter().enumerate() {
        if !block.cell {
            grid.add(i, block.curve.bounds(), apart);
        }
    }
    let near = |berth: &Berth, other: String, found: f64| TrackError::TooNear {
        berth: berth.name.clone(),
        other,
        found_mm: (found * 1e3) as i64,
        least_mm: (apart * 1e3).ceil() as i64,
    };
    for berth in &track.berths {
        let at = berth.position.xy();
        for i in grid.at(at) {
            let found = track.blocks[i].curve.nearest(at).1;
            if found + 1e-6 < apart {
                return Err(near(berth, "the track".to_owned(), found));
            }
        }
        for siding in [&berth.enter, &berth.leave] {
            // The mover in the berth must have its end past the clearance of the node.
            let clear = track.node(siding.node).clearance + track.footprint.length / 2;
            if siding.length < clear {
                return Err(TrackError::ShortSiding {
                    berth: berth.name.clone(),
                    found_mm: siding.length.base() / 1000,
                    least_mm: (clear.base() + 999) / 1000,
                });
            }
            let steps = (siding.length.as_m() / COMPARE_EVERY).ceil();
            for step in 0..=steps as usize {
                let spot = siding
                    .curve
                    .at(siding.length.as_m() * step as f64 / steps)
                    .0;
                for i in grid.at(spot) {
                    let block = &track.blocks[i];
                    let found = block.curve.nearest(spot).1;
                    let meets = [block.from, block.to].contains(&siding.node);
                    if !meets && found + 1e-6 < apart {
                        return Err(near(berth, "a rail beside its siding".to_owned(), found));
                    }
                }
            }
        }
    }
    let mut grid = Near::new(apart.max(0.5));
    for (i, berth) in track.berths.iter().enumerate() {
        let [x, y] = berth.position.xy();
        grid.add(i, [x, y, x, y], apart);
    }
    for (i, berth) in track.berths.iter().enumerate() {
        for j in grid.at(berth.position.xy()) {
            let other = &track.berths[j];
            let found = berth.position.distance(other.position).as_m();
            if j > i && found + 1e-6 < apart {
                return Err(near(berth, format!("berth `{}`", other.name), found));
            }
            for siding in [&other.enter, &other.leave] {
                let found = siding.curve.nearest(berth.position.xy()).1;
                if j != i && found + 1e-6 < apart {
                    return Err(near(
                        berth,
                        format!("the siding of `{}`", other.name),
                        found,
                    ));
                }
            }
        }
    }
    Ok(())
}
