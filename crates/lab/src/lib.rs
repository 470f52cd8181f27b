//! A hall: what a lab file describes, enumerated.
//!
//! - [`LabFile`]: a lab file, read and checked, with the places in it.
//! - [`Hall`]: everything by id.
//! - [`check()`]: whether a protocol can be done in a hall, found out before anything moves.
//! - [`generate()`]: lab files made to size.
//! - [`drawing`]: a floor plan, to scale.
//! - [`Kinds`]: the kinds of instrument, `instruments.toml`, which a lab file may change or add to.
//!
//! A track is one of the ready-made forms of [`transport::layouts`] (`loop`, `ladder`, `streets`,
//! `comb`), a tile `floor` (full, or drawn as a map), or `rails` laid by hand.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod batch;
mod check;
mod closed;
pub mod drawing;
mod file;
mod fit;
mod floor;
mod generate;
mod hall;
mod kinds;
pub mod limits;
mod movers;
mod planning;
mod rails;
mod setup;
mod stations;
mod track;
mod ways;

pub use file::{LabFile, LabPlaces};
pub use fit::check;
pub use generate::generate;
pub use hall::{Hall, Mover};
pub use kinds::{Kind, Kinds, Offer, Simultaneous};
pub use planning::Planning;
