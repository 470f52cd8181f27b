//! The one list of id types.
//!
//! Ids are dense integers given in order of creation, so they index tables and are the same in
//! every replay; names for people are separate fields.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($int:ty) $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl $name {
            /// The id as an index into a table kept in id order.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::QuantityError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix($prefix)
                    .and_then(|digits| digits.parse().ok())
                    .map(Self)
                    .ok_or_else(|| crate::QuantityError::id(text, concat!($prefix, "<number>")))
            }
        }
    )*};
}

ids! {
    /// A plate, from its first registration to its disposal.
    PlateId(u32) "plate-";
    /// One protocol on one plate, submitted to be run.
    OrderId(u32) "order-";
    /// A step of a protocol, in the order of the file.
    StepId(u16) "step-";
    /// A campaign among those that share a hall.
    CampaignId(u16) "campaign-";
    /// One answer of a policy: the points of one ask.
    BatchId(u32) "batch-";
    /// A physical action, remembered by its driver.
    CommandId(u64) "cmd-";
    /// A station: a dock, its arm and its instruments.
    StationId(u32) "station-";
    /// The arm of a station.
    ArmId(u32) "arm-";
    /// A device with capabilities.
    InstrumentId(u32) "instrument-";
    /// A place for one plate in an instrument; numbered through the whole hall.
    NestId(u32) "nest-";
    /// A carrier on the track.
    MoverId(u32) "mover-";
    /// A stretch of track (rail) or a cell (tile floor) that holds at most one mover.
    BlockId(u32) "block-";
    /// A place off the thoroughfare where a mover may stand still: at a dock, or for parking.
    BerthId(u32) "berth-";
    /// A stock liquid or a library member.
    ReagentId(u32) "reagent-";
    /// Something that only a person can do.
    PersonTaskId(u32) "task-";
}
