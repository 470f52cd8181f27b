//! What a run found and how it went: `report.html`, `data/wells.parquet` and `data/wells.csv`.
//!
//! This crate only renders. Whoever knows the run fills in a [`Run`]; [`Run::problems`] says what
//! does not fit together in it, and [`write()`] puts the three files into a folder. Whatever is
//! filled in, the files are whole: what does not fit is left out of the page, never a panic, and
//! no text can become markup.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod campaign;
mod chart;
pub mod figure;
mod limits;
mod markup;
mod number;
mod page;
mod plate;
pub mod plot;
mod problems;
mod proposer;
mod run;
mod score;
mod shared;
mod table;
mod write;

pub use campaign::{
    Answer, Campaign, Candidate, CauseArrow, CauseChange, CausePlate, Causes, Evidence, Experiment,
    Factor, FactorKind, Goal, Level, Measured, Prediction, Promises, Rival, RivalVerdict, Rivals,
};
pub use page::{html, shared_html};
pub use plate::{Liquid, Plate, PointInWell, Quality, Reading, Role, Verdict, Well};
pub use proposer::{Proposal, ProposalFate, Proposer};
pub use run::{
    Device, DeviceInfo, Fault, FaultEnd, Hall, Loss, Lost, Provenance, Run, Station, Task, Work,
};
pub use shared::{Bottleneck, Member, Shared};
pub use table::{wells_csv, wells_parquet};
pub use write::{WriteError, Written, write, write_shared};
