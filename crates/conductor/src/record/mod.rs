//! What the journal holds of the conductor: its inputs, whole, and its effects, as people want to
//! read them.
//!
//! Wire types of this module's own, JSON, with [`VERSION`] in the journal's header. The state is a
//! fold over the inputs; effects follow from them, are written beside them, and are compared when
//! the journal is read again, so that a program that would act differently finds out.
//!
//! | kind | body |
//! | --- | --- |
//! | `in.submit` | the order, with its protocol unless that is known by number already |
//! | `in.cancel` | the order's number |
//! | `in.report` | the report, with readings |
//! | `in.restarted` | nothing |
//! | `in.wake` | nothing |
//! | `out.<effect>` | the effect; readings without values, commands without worklists |
//! | `note.<kind>` | a customer's note |

mod effect;
mod input;
mod order;
mod parts;
mod report;

pub use effect::{effect_kind, write_effect};
pub use input::{InputError, Reader, Writer};

/// The version of these wire types. A journal of a newer one is not read.
pub const VERSION: u32 = 1;

/// The key of the journal's header that holds the version.
pub const VERSION_KEY: &str = "conductor.record";

/// What kinds of inputs start with.
pub const INPUT: &str = "in.";

/// What kinds of effects start with.
pub const EFFECT: &str = "out.";

/// What kinds of a customer's notes start with.
pub const NOTE: &str = "note.";
