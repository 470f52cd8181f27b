//! Choosing a batch.

mod climb;
mod elsewhere;
mod greedy;
mod list;
mod pool;
mod share;
mod slide;
mod surface;
mod utility;

pub(crate) use elsewhere::{elsewhere_pool, on_hills};
pub(crate) use greedy::{best_sum, least_error};
pub(crate) use list::{even_table_pool, table_pool};
pub(crate) use pool::{Pool, Source, even_pool, open_pool};
pub(crate) use share::best_share;
pub(crate) use utility::Utility;
