//! A motion: one run at one time, by one mover.

use crate::geometry::Pose;
use crate::profile::Limits;
use crate::run::{FOREVER, Run};
use crate::track::Track;
use quantity::{BerthId, BlockId, Duration, Instant, Length, MoverId, Speed};
use std::sync::Arc;

/// Where a mover is when it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In a berth.
    Berth(BerthId),
    /// On the way: stopped behind an obstacle, or stuck.
    Track {
        /// The block.
        block: BlockId,
        /// Of its centre from the start of the block; below zero or beyond the block's length
        /// when on the siding before or after it.
        offset: Length,
    },
}

/// The time in which a mover has a block to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The block.
    pub block: BlockId,
    /// From when it could no longer stop short of it.
    pub enter: Instant,
    /// Until its end has left it behind; [`Instant::MAX`] if it comes to rest on it.
    pub leave: Instant,
}

/// One reserved ride, without a stop on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Motion {
    /// Who rides.
    pub mover: MoverId,
    /// From here.
    pub from: Place,
    /// To there.
    pub to: Place,
    /// When it sets off.
    pub depart: Instant,
    /// When it is there.
    pub arrive: Instant,
    /// What it keeps to.
    pub limits: Limits,
    pub(crate) run: Arc<Run>,
}

impl Motion {
    /// Its way and profile.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The blocks on its way.
    #[must_use]
    pub fn path(&self) -> &[BlockId] {
        self.run.path()
    }

    /// The distance.
    #[must_use]
    pub fn length(&self) -> Length {
        self.run.length()
    }

    /// How long it takes.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.arrive.since(self.depart)
    }

    /// When it has which block to itself, in order of the way.
    #[must_use]
    pub fn passages(&self, track: &Track) -> Vec<Passage> {
        self.run
            .path
            .iter()
            .filter_map(|block| {
                let zone = track.block(*block).zone;
                let window = self.run.uses.iter().find(|u| u.zone == zone)?;
                Some(Passage {
                    block: *block,
                    enter: self.depart + Duration::from_base(window.enter),
                    leave: if window.leave == FOREVER {
                        Instant::MAX
                    } else {
                        self.depart + Duration::from_base(window.leave)
                    },
                })
            })
            .collect()
    }

    /// The pose at a moment; before departure that of the start, after arrival that of the end.
    #[must_use]
    pub fn pose_at(&self, track: &Track, at: Instant) -> Pose {
        if at >= self.arrive
            && let Place::Berth(berth) = self.to
        {
            return track.pose_in(berth);
        }
        let since = at.since(self.depart).as_secs_f64().max(0.0);
        self.run.pose(track, self.run.profile.state(since).s)
    }

    /// The speed at a moment.
    #[must_use]
    pub fn speed_at(&self, at: Instant) -> Speed {
        if at < self.depart {
            return Speed::ZERO;
        }
        self.run.profile.speed_at(at.since(self.depart))
    }

    /// The distance gone at a moment.
    #[must_use]
    pub fn gone_at(&self, at: Instant) -> Length {
        if at < self.depart {
            return Length::ZERO;
        }
        self.run.profile.position_at(at.since(self.depart))
    }

    /// Where the mover would stand if it stopped dead at a moment.
    #[must_use]
    pub fn place_at(&self, at: Instant) -> Place {
        if at <= self.depart {
            return self.from;
        }
        if at >= self.arrive {
            return self.to;
        }
        let (k, offset) = self.run.spot(self.gone_at(at).as_m());
        Place::Track {
            block: self.run.path[k],
            offset: Length::from_m(offset),
        }
    }
}
