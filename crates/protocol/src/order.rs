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
    /// Must be finished by, if it must: an order that can't be is refused at once, with the earliest
    /// finish that can be promised.
    pub deadline: Option<Instant>,
    /// Higher goes first, among the orders of one campaign and in repairs of the plan.
    pub priority: u32,
    /// The share of the hall that its campaign has beside others with orders that wait, by weight; 1
    /// is usual, and 0 counts as that.
    pub weight: u32,
}
