//! Plates and other labware: geometry, wells, contents, custody.
//!
//! - [`LabwareType`] and the [`Catalogue`]: what a plate is, from published drawings.
//! - [`Well`]: a place in a plate, `A1` to `AF48`.
//! - [`PlateContents`]: what liquid is where, by volume of each reagent.
//! - [`Custody`]: each plate is in exactly one [`Place`], and moves only by a completed hand-off.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod catalogue;
mod contents;
mod custody;
mod kind;
mod well;

pub use catalogue::{Catalogue, UnknownLabware};
pub use contents::{ContentsError, PlateContents, WellContents};
pub use custody::{Custody, CustodyError, Place};
pub use kind::{Cover, LabwareClass, LabwareType, WellGeometry, WellShape};
pub use well::{Well, WellError};
