//! Limits of protocols.

use quantity::Duration;

/// The most steps of a protocol. The longest assays of a plate lab have some thirty.
pub const MAX_STEPS: usize = 200;
/// The most lags of a protocol.
pub const MAX_LAGS: usize = 4 * MAX_STEPS;
/// What `no_wait` allows between the end of a step and the begin of the next: what one leg over the
/// track of a large hall takes, two arms included, and little more.
pub const NO_WAIT: Duration = Duration::from_secs(150);
/// The longest lag.
pub const MAX_LAG: Duration = Duration::from_hours(24 * 30);

const _: () = assert!(MAX_STEPS < u16::MAX as usize);
const _: () = assert!(NO_WAIT.base() < MAX_LAG.base());
