//! Orders: one protocol on one plate.

use crate::{Protocol, Worklist};
use quantity::{CampaignId, Instant, OrderId, PlateId, StepId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One protocol on one plate, submitted to be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Given by whoever submits it, in order of submission.
    pub id: OrderId,
    /// For whom.
    pub campaign: CampaignId,
    /// The plate that it runs on; a fresh, empty one of the protocol's labware.
    pub plate: PlateId,
    /// What the plate's barcode says.
    pub barcode: Arc<str>,
    /// What is done.
    pub protocol: Arc<Protocol>,
    /// What each liquid-handling step puts where.
    pub worklists: BTreeMap<StepId, Arc<Worklist>>,
    /// Not to be started before.
    pub release: Instant,
    /// Wanted by, if there is a wish.
    pub due: Option<Instant>,
    /// Higher goes first.
    pub priority: u32,
}
