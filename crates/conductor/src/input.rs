//! What the conductor is told.

use bus::Received;
use protocol::Order;
use quantity::OrderId;
use std::sync::Arc;

/// One input of [`Conductor::step`](crate::Conductor::step). Everything that changes the state
/// is one of these, so a journal of inputs is the state.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// An order is handed in. Its id must be new, and so must its plate.
    Submit(Arc<Order>),
    /// An order is not wanted any more: its plate is cleared away to waste as soon as that can be.
    Cancel(OrderId),
    /// A device, a station or a person reported.
    Report(Received),
    /// The conductor was started again in a world that went on without it: commands without a final
    /// report may not have reached their devices, and are asked about.
    Restarted,
    /// The moment that [`Conductor::next_wake`](crate::Conductor::next_wake) named has come.
    Wake,
}
