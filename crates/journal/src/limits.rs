//! Every limit of this crate.

/// The newest format that this program writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// The longest kind of an event or a snapshot, in bytes.
pub const KIND_BYTES_MAX: usize = 64;

/// The longest body of one event, in bytes.
pub const BODY_BYTES_MAX: usize = 16 << 20;

/// The longest snapshot, in bytes; SQLite holds a blob of up to 10⁹ bytes.
pub const SNAPSHOT_BYTES_MAX: usize = 256 << 20;

/// Events that wait for a commit before an append commits them itself.
pub const GROUP_EVENTS_MAX: usize = 1024;

/// Bytes of bodies that wait for a commit before an append commits them itself.
pub const GROUP_BYTES_MAX: usize = 16 << 20;

/// Events that a reader takes from its store at once.
pub const PAGE_EVENTS_MAX: usize = 512;

/// Bytes of bodies at which a page ends early, so that a reader's memory stays small.
pub const PAGE_BYTES_MAX: usize = 4 << 20;

/// How far `verify` looks for an event that is not in its place, in events.
pub const DISPLACED_MAX: u64 = 256;

const _: () = assert!(GROUP_BYTES_MAX >= BODY_BYTES_MAX);
const _: () = assert!(SNAPSHOT_BYTES_MAX >= BODY_BYTES_MAX && SNAPSHOT_BYTES_MAX < 1_000_000_000);
const _: () = assert!(PAGE_EVENTS_MAX > 0 && GROUP_EVENTS_MAX > 0);
