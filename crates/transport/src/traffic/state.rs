//! What movers are doing.

use super::MoverSpec;
use crate::motion::Motion;
use crate::track::ZoneId;
use quantity::BerthId;

/// What a mover is doing.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// Standing in a berth.
    Berth(BerthId),
    /// With a motion that ends in a berth, departed or not.
    Moving {
        motion: Motion,
        /// Where it rests until it departs, if not in a berth.
        rest: Option<Box<Rest>>,
    },
    /// Coming to rest on the track, or at rest there since the motion's arrival.
    Resting(Rest),
    /// Stopped dead on the way.
    Dead(Dead),
    /// Dead in a berth.
    DeadInBerth(BerthId),
    /// Lifted off.
    Gone,
}

/// A rest on the track.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    /// The ride that ends here.
    pub(crate) motion: Motion,
    /// The berth it was bound for.
    pub(crate) bound: BerthId,
}

/// A mover that stopped dead on the way.
#[derive(Clone, Debug)]
pub(crate) struct Dead {
    /// The ride that broke off.
    pub(crate) motion: Motion,
    /// Where its centre is on the run of that ride, in metres.
    pub(crate) place: f64,
    /// The berth it was bound for.
    pub(crate) bound: BerthId,
    /// What it keeps others from.
    pub(crate) held: Vec<ZoneId>,
}

#[derive(Clone, Debug)]
pub(crate) struct Mover {
    pub(crate) spec: MoverSpec,
    pub(crate) state: State,
}
