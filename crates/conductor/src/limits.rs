//! Every limit of the conductor.

use quantity::Duration;

/// Times that an arm tries a grip, a put-down or a barcode again before a person is asked.
pub const ARM_RETRIES: u8 = 3;

/// Times that a person services an arm for one way of a plate before the person takes the plate away.
pub const ARM_SERVICES: u8 = 3;

/// Times that an operation is tried again on the same instrument, with a reset before each.
pub const WORK_RETRIES: u8 = 2;

/// Times that a step is moved to another instrument, or begun again after service.
pub const WORK_MOVES: u8 = 3;

/// Times that a mover is reset before a person frees it.
pub const MOVER_RETRIES: u8 = 2;

/// Times that a silent device is asked what became of a command before a person is sent.
pub const QUERIES: u8 = 3;

/// How long a device may take to answer a query, a reset, a halt or an abort.
pub const ANSWER_TIME: Duration = Duration::from_secs(60);

/// What a command may take beyond what is expected: this, and [`DEADLINE_SHARE`] of it.
pub const DEADLINE_MARGIN: Duration = Duration::from_secs(60);

/// What a command may take beyond what is expected, as a share of it.
pub const DEADLINE_SHARE: f64 = 1.0;

/// How long a person may take before being asked again.
pub const PERSON_TIME: Duration = Duration::from_hours(12);

/// How long bringing a fresh plate is expected to take.
pub const BRING_TIME: Duration = Duration::from_secs(30);

/// What a finish is promised later, beyond [`PROMISE_MARGIN`], as a share of the time until then: what is
/// planned far ahead stands behind many that may be late.
pub const PROMISE_SHARE: f64 = 0.1;

/// How late a plan may run before it is repaired.
pub const LATE_TOLERANCE: Duration = Duration::from_secs(300);

/// What a finish is promised later than it is planned: the plan is repaired before it runs later than that,
/// so that it does not break promises as it goes.
pub const PROMISE_MARGIN: Duration = LATE_TOLERANCE;

/// The share of a greatest lag that plans leave unused where they can.
pub const SPARE_SHARE: f64 = 0.2;

/// What of a greatest lag plans leave unused at most.
pub const SPARE_MOST: Duration = Duration::from_secs(120);

/// The least time between two repairs that lateness asks for (those after faults don't wait).
pub const REPAIR_INTERVAL: Duration = Duration::from_secs(900);

/// How long a plate waits for its next nest beyond the plan before it gives its own nest free and
/// goes home.
pub const CLEAR_AFTER: Duration = Duration::from_secs(180);

/// How long a plate that is late keeps its turn at an instrument before others go first.
pub const TURN_KEPT: Duration = Duration::from_secs(60);

/// How often something is tried again that nobody announces: a way over the track, an order that
/// the planner found no room for.
pub const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Orders that step back at once for one that has begun, at most.
pub const STEP_BACK_MOST: usize = 256;

/// How often an order that the planner can't place is tried again.
pub const PLAN_AGAIN: Duration = Duration::from_secs(300);

/// What an empty run may take longer than its estimate: the mover is called earlier by this.
pub const CALL_MARGIN: Duration = Duration::from_secs(4);

/// How much later than it was called for a leg may start before its mover is given to others.
pub const CALL_HOLD: Duration = Duration::from_secs(60);

/// What a leg may take longer than its nominal times, in the plan.
pub const LEG_MARGIN: Duration = Duration::from_secs(6);

/// Pairs of stations up to which the ride between each two is worked out for the plan.
pub const EXACT_RIDES: usize = 200 * 200;

/// Rides that are worked out where there are more.
pub const RIDES_SAMPLED: usize = 400;

/// How long a plate may stand on its mover within one leg, in the plan.
pub const MOVER_WAIT: Duration = Duration::from_secs(120);

/// Orders that wait on their movers for a way are looked at again at least this often.
pub const WAY_AGAIN: Duration = Duration::from_secs(2);

/// Standard deviations of an operation's duration beyond which it is taken for late.
pub const LATE_QUANTILE: f64 = 5.0;

/// Runs of an operation on an instrument after which plans trust them more than its descriptor.
pub const LEARN_FROM: u32 = 8;

/// Runs that what is learned of durations remembers, about.
pub const LEARN_MEMORY: u32 = 64;

/// Change of a mean or spread (of a duration's logarithm) from which on plans are made otherwise.
pub const LEARN_CHANGE: f64 = 0.02;

/// Standard deviations from which on a run counts as no further from the mean.
pub const LEARN_OUTLIER: f64 = 4.0;

/// Pieces of a consumable, as a share of its stock, at which a person is asked to refill.
pub const REFILL_SHARE: f64 = 0.1;

/// A refill that could not begin when it was planned, or takes longer, is looked at again after this.
pub const REFILL_AGAIN: Duration = Duration::from_secs(60);

/// How far back the planner's timetables are kept.
pub const PLAN_MEMORY: Duration = Duration::from_hours(2);

/// How far back reservations of ways are kept: longer than any ride, so that a mover that reports late
/// finds its own.
pub const WAY_MEMORY: Duration = Duration::from_secs(600);

/// How long ago a call of a mover counts 1/e, where empty movers are placed by them.
pub const CALL_MEMORY: Duration = Duration::from_secs(1800);

/// The share of the mean way to the next call that a ride of an empty mover must save.
pub const PLACED_WORTH: f64 = 0.15;

/// Pairs of berth and station up to which empty movers are placed.
pub const PLACED_BERTHS: usize = 40_000;

/// Of the movers that are free, as many of the nearest by nominal time are compared by the ride itself.
pub const MOVERS_COMPARED: usize = 6;

/// Kinds of loads for which limits of rides are remembered.
pub const RIDES_KNOWN: usize = 4096;

/// Inputs between two clearings of the planner's past.
pub const FORGET_EVERY: u64 = 4096;

/// The most orders that are planned and have not begun, for each hundred stations and at least
/// [`UNBEGUN_LEAST`]; later ones wait to be admitted. The plan of one that has not begun changes with
/// every repair, so a long queue would cost much and promise little.
pub const UNBEGUN_SHARE: usize = 150;

/// See [`UNBEGUN_SHARE`].
pub const UNBEGUN_LEAST: usize = 24;

/// The same where orders of several campaigns come. What is planned is promised, and nobody who comes later goes before it: a
/// campaign that asks for one plate at a time would wait behind all that others have planned ahead. About an hour's work is
/// enough to keep instruments busy: of 80 plates on the bench of six stations the last ends within one in a hundred of when it
/// does with 24, and a campaign of single plates gets 8 of them in 17 hours beside 40 of another, not in 22.
pub const UNBEGUN_SHARE_SHARED: usize = 20;

/// See [`UNBEGUN_SHARE_SHARED`].
pub const UNBEGUN_LEAST_SHARED: usize = 2;

const _: () =
    assert!(UNBEGUN_SHARE_SHARED <= UNBEGUN_SHARE && UNBEGUN_LEAST_SHARED <= UNBEGUN_LEAST);

/// The work of runs that several plates share is planned in steps of this.
pub const RUN_STEP: Duration = Duration::from_secs(10);

const _: () = assert!(QUERIES >= 1 && ARM_RETRIES >= 1 && WORK_RETRIES >= 1);
const _: () = assert!(REPAIR_INTERVAL.base() >= LATE_TOLERANCE.base());
// Two plates that wait for the nests of one another are not saved by a plan made anew, which has them
// swap again: one goes home before that.
const _: () = assert!(CLEAR_AFTER.base() < LATE_TOLERANCE.base());
// What plans allow for is not late.
const _: () = assert!(lab::limits::MAX_QUANTILE_Z < LATE_QUANTILE);
const _: () = assert!(LEARN_FROM >= 2 && LEARN_FROM <= LEARN_MEMORY);
// Turns are given up before the plan is repaired, so that nobody is found late for holding back.
const _: () = assert!(TURN_KEPT.base() < LATE_TOLERANCE.base());
// A person is asked again only after a device would have been.
const _: () = assert!(
    PERSON_TIME.base() > ANSWER_TIME.base() * (QUERIES as i64 + 1) + DEADLINE_MARGIN.base()
);
const _: () = assert!(BRING_TIME.base() < PERSON_TIME.base());
const _: () = assert!(REFILL_SHARE > 0.0 && REFILL_SHARE < 1.0);
