//! Typed quantities, instants and durations, ids and seeds.
//!
//! Every quantity is an integer in one base unit per kind, so that sums are exact, equality means
//! equality and a run is the same on every machine. Physics inside a crate may convert to `f64`
//! in the SI unit named by the method; across a crate border only these types travel.
//!
//! | kind | base unit | text |
//! | --- | --- | --- |
//! | [`Duration`], [`Instant`] | nanosecond | `90 s`, `1.5 h`, `2 min 30 s` |
//! | [`Length`] | micrometre | `9 mm` |
//! | [`Volume`] | nanolitre | `50 µL` |
//! | [`Temperature`] | millikelvin | `37 °C` |
//! | [`Mass`] | milligram | `350 g` |
//! | [`Speed`], [`Acceleration`], [`Jerk`] | µm/s, µm/s², µm/s³ | `2 m/s`, `10 m/s2` |
//! | [`Angle`] | microradian | `0.4 deg` |
//! | [`Rotation`] | milli-rpm | `800 rpm` |
//! | [`Wavelength`] | picometre | `600 nm` |
//! | [`Concentration`] | picomole per litre | `1 mol/L`, `10 µM` |
//! | [`MassConcentration`] | nanogram per litre | `2 mg/L` |
//! | [`Ratio`] | part per billion | `5 %`, `0.05` |

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod id;
mod kinds;
mod near;
mod seed;
mod text;
mod unit;

pub use id::{
    ArmId, BatchId, BerthId, BlockId, CampaignId, CommandId, InstrumentId, MoverId, NestId,
    OrderId, PersonTaskId, PlateId, ReagentId, StationId, StepId,
};
pub use kinds::{
    Acceleration, Angle, Concentration, Duration, Instant, Jerk, Length, Mass, MassConcentration,
    Ratio, Rotation, Speed, Temperature, Volume, Wavelength,
};
pub use near::{edit_distance, nearest};
pub use seed::{Rng, Seed};
pub use text::{QuantityError, Text};
pub use unit::{Kind, Unit};
