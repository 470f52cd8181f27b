//! A gap in crowded traffic: when a run fits in between the windows of all its zones.
//!
//! Departures are cut into slots; every window of another mover in a zone that the run uses blocks
//! the slots in which a departure would meet it. One look at each window finds the first free slot,
//! where trying departures one after the other would look at all zones again for each.

use crate::run::{FOREVER, Use};
use crate::timeline::Timeline;
use quantity::MoverId;

/// Length of a slot: 2 to this power nanoseconds, 4.2 ms.
const SLOT_BITS: u32 = 22;
/// Slots looked at together, in words of 64: 34 s.
const WORDS: usize = 128;
/// Of so many zones that follow each other the one with the most windows is looked at: who is in the
/// way in one is mostly in the way in its neighbours too.
const TOGETHER: usize = 6;
const SLOTS: i64 = WORDS as i64 * 64;

/// A departure at `from` or later at which all windows of a run are free, or who stands in the way for
/// good; nobody does if there is none before `before`. It is the first free one up to a slot; gaps shorter
/// than two slots may be passed over.
pub(crate) fn first(
    zones: &[Timeline],
    uses: &[Use],
    mover: MoverId,
    from: i64,
    before: i64,
) -> Result<i64, Option<MoverId>> {
    let mut from = from;
    while from < before {
        let mut blocked = [0_u64; WORDS];
        // From which slot on somebody stands in the way for good.
        let mut never: Option<(i64, MoverId)> = None;
        let until = from + (SLOTS << SLOT_BITS);
        let busiest = uses.chunks(TOGETHER).filter_map(|few| {
            few.iter()
                .max_by_key(|u| zones[u.zone.index()].windows().len())
        });
        for u in busiest {
            for window in zones[u.zone.index()].windows_after(from + u.enter) {
                // A departure between these meets the window.
                let first = if u.leave == FOREVER {
                    from
                } else {
                    window.enter.saturating_sub(u.leave).max(from)
                };
                if first >= until {
                    break;
                }
                if window.mover == mover {
                    continue;
                }
                let first = (first - from) >> SLOT_BITS;
                if window.leave == FOREVER {
                    if never.is_none_or(|(slot, _)| first < slot) {
                        never = Some((first, window.mover));
                    }
                    continue;
                }
                let last = (window.leave - u.enter - from - 1) >> SLOT_BITS;
                block(&mut blocked, first, last.min(SLOTS - 1));
            }
        }
        let free = blocked
            .iter()
            .position(|word| *word != u64::MAX)
            .map(|i| i as i64 * 64 + i64::from(blocked[i].trailing_ones()));
        match (free, never) {
            (Some(slot), Some((end, _))) if slot < end => return Ok(from + (slot << SLOT_BITS)),
            (_, Some((_, by))) => return Err(Some(by)),
            (Some(slot), None) => return Ok(from + (slot << SLOT_BITS)),
            (None, None) => from = until,
        }
    }
    Err(None)
}

/// Blocks the slots from the first to the last.
fn block(blocked: &mut [u64; WORDS], first: i64, last: i64) {
    if last < first {
        return;
    }
    let (first, last) = (first as usize, last as usize);
    let (from, to) = (first / 64, last / 64);
    let head = u64::MAX << (first % 64);
    let tail = u64::MAX >> (63 - last % 64);
    if from == to {
        blocked[from] |= head & tail;
        return;
    }
    blocked[from] |= head;
    blocked[from + 1..to].fill(u64::MAX);
    blocked[to] |= tail;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Window;
    use crate::track::ZoneId;
    use quantity::Seed;
    use rand::RngExt;

    #[test]
    fn the_gap_is_free_in_the_zones_looked_at_and_hardly_later_than_the_first() {
        const SECOND: i64 = 1_000_000_000;
        let mut rng = Seed(3).derive("gap", 0).rng();
        for case in 0..60 {
            let mut zone = Timeline::default();
            let mut at = 0;
            for i in 1..40_u32 {
                let enter = at + rng.random_range(0..4 * SECOND);
                at = enter + rng.random_range(1..3 * SECOND);
                let leave = if i == 39 && case % 2 == 0 {
                    FOREVER
                } else {
                    at
                };
                let mover = MoverId(i);
                zone.insert(
                    Window {
                        enter,
                        leave,
                        mover,
                    },
                    0,
                );
            }
            let zones = [zone];
            let begins = rng.random_range(0..SECOND);
            let u = Use {
                zone: ZoneId(0),
                enter: begins,
                leave: begins + rng.random_range(1..3 * SECOND),
            };
            let from = rng.random_range(0..100 * SECOND);
            let mover = MoverId(0);
            let meets = |depart: i64| zones[0].conflict(depart + u.enter, depart + u.leave, mover);
            // One after the other, gaps shorter than two slots left out.
            let mut plain = Ok(from);
            while let Ok(depart) = plain {
                let next = (depart..=depart + (2 << SLOT_BITS))
                    .step_by(1 << 18)
                    .filter_map(meets)
                    .last();
                match next {
                    None => break,
                    Some(window) if window.leave == FOREVER => plain = Err(Some(window.mover)),
                    Some(window) => plain = Ok(window.leave - u.enter),
                }
            }
            let found = first(&zones, &[u], mover, from, FOREVER);
            match (found, plain) {
                (Ok(found), Ok(plain)) => {
                    assert_eq!(meets(found), None);
                    assert!(found <= plain + (2 << SLOT_BITS), "{found} {plain}");
                }
                (found, plain) => assert!(found.is_ok() || found == plain, "{found:?} {plain:?}"),
            }
            assert_eq!(first(&zones, &[u], mover, from, from), Err(None));
        }
    }

    #[test]
    fn slots_are_blocked_from_the_first_to_the_last() {
        for (first, last) in [
            (0, 0),
            (5, 63),
            (5, 64),
            (63, 64),
            (60, 200),
            (0, SLOTS - 1),
        ] {
            let mut blocked = [0; WORDS];
            block(&mut blocked, first, last);
            for slot in 0..SLOTS {
                let set = blocked[slot as usize / 64] >> (slot % 64) & 1 == 1;
                assert_eq!(set, (first..=last).contains(&slot));
            }
        }
    }
}
