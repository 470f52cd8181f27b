//! The loop: ask, plate, order, conduct, analyse, control quality, tell.
//!
//! - [`CampaignFile`]: a campaign file, read and checked.
//! - [`Loop`]: a campaign as a customer of the conductor: it asks a policy for points, lays plates
//!   out, hands orders in, judges what comes back, and answers. Everything that it decides is kept in
//!   the journal, so that a restart goes on without deciding anything twice.
//! - [`Campaigns`]: several of them in one hall.
//! - [`PlateMap`], [`recipe`], [`judge`], [`analysis`]: the parts, as plain functions.
//! - [`Record`]: what it keeps in the journal, with versions.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod analysis;
mod answer;
mod assay;
mod campaigns;
mod causes;
mod conclude;
mod file;
mod fill;
pub mod judge;
mod map;
mod next;
mod numbers;
mod plating;
mod prior;
mod promises;
mod proposer;
mod reagent;
pub mod recipe;
pub mod record;
mod rivals;
mod shares;
mod state;
mod turn;
mod worklists;

pub use assay::{
    Analysis, Assay, Budget, Campaign, Causes, Confirm, Control, ControlContent, ControlKind,
    HallShare, Limits, Normalise, PolicyChoice, Position, Response, Rim, Rivals, Series, Take,
};
pub use campaigns::{Campaigns, kind_of};
pub use file::{CampaignFile, FileError, Files, NatureFile, Setting, TableFile};
pub use fill::{fill, fill_shared, in_words};
pub use map::{Content, PlateMap, TooFull};
pub use numbers::{Numbers, share_out};
pub use prior::{Belief, Prior};
pub use promises::{Promises, Refused};
pub use proposer::{Proposer, SHARE_MAX};
pub use reagent::{Reagent, Shelf, Strength, Substance, member};
pub use record::Record;
pub use shares::{Bottleneck, Share, Shares, shares};
pub use state::{AskedFor, Chronicle, Lost, PlateState, State, StepTimes, Task};
pub use turn::Loop;
