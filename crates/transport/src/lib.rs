//! The track, its movers and arms: geometry, motion limited by slosh, traffic control.
//!
//! Pure: no clock, no I/O. Three entry points: [`TrackBuilder`] makes a checked [`Track`],
//! [`Traffic`] plans collision-free and deadlock-free [`Motion`]s on it.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod arm;
mod builder;
pub mod check;
mod fault;
mod geometry;
pub mod layouts;
pub mod mapf;
mod mix;
mod motion;
pub mod placement;
mod profile;
mod route;
pub mod run;
pub mod slosh;
mod stems;
pub mod sweep;
mod timeline;
mod track;
pub mod traffic;
mod zones;

pub use builder::{DEFAULT_BLOCK_UM, DEFAULT_GAP_UM, TrackBuilder, TrackError};
pub use fault::Stopped;
pub use geometry::{Point, Pose, Shape};
pub use motion::{Motion, Passage, Place};
pub use profile::{Limits, Profile};
pub use run::Run;
pub use track::{Berth, BerthKind, Block, Footprint, Node, NodeId, Siding, Track, ZoneId};
pub use traffic::{MoverSpec, Traffic, TrafficError, WAY_ROUND_AFTER};
