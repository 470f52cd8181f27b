//! From an order to a job for the planner: which instruments can do what, and for how long.

use crate::believed::touched;
use crate::crew::recipe;
use crate::durations::Durations;
use crate::families::{Families, change, work};
use crate::limits::{LATE_QUANTILE, RUN_STEP};
use bus::{Capability, Instrument, Range, Role, cover_after};
use lab::Hall;
use labware::Cover;
use protocol::{Edge, Operation, Order, Value};
use quantity::{Duration, InstrumentId, Volume};
use schedule::STOCKS_MOST;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range as Span;
use std::sync::Arc;

/// What an order's plate goes through, in the planner's terms: consecutive steps that one
/// instrument can do are one task, and the last task is the visit to the waste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub tasks: Vec<TaskSpec>,
    /// The lags of the protocol between tasks, by edges of tasks.
    pub lags: Vec<schedule::Lag>,
    /// Wells that each step touches.
    pub wells: Vec<usize>,
    /// Its work on the instruments that it needs most of, over the plates that these work on at once.
    pub share: Duration,
    /// [`Durations::version`] when times were reckoned.
    version: u32,
}

/// One stay in an instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskSpec {
    /// The steps that are done in it; empty for the waste.
    pub steps: Span<usize>,
    /// The instruments that can, with the time that the plan allows for.
    pub options: Arc<[schedule::Choice]>,
}

impl Compiled {
    /// The task that a step belongs to.
    pub fn task_of(&self, step: usize) -> usize {
        self.tasks
            .iter()
            .position(|task| task.steps.contains(&step))
            .unwrap_or(self.tasks.len() - 1)
    }

    /// Whether an instrument can do a task.
    pub fn can(&self, task: usize, instrument: InstrumentId) -> bool {
        self.tasks[task]
            .options
            .iter()
            .any(|choice| choice.machine == instrument.index())
    }
}

/// Whether an offer covers an operation on such a plate.
fn offers(
    instrument: &Instrument,
    offer: &Capability,
    operation: &Operation,
    class: labware::LabwareClass,
    cover: Cover,
) -> Result<(), String> {
    if !offer.labware.contains(&class) {
        return Err(format!(
            "{} does not take a {}",
            instrument.name,
            class.name()
        ));
    }
    if !offer.covers.contains(&cover) {
        return Err(format!(
            "{} can't do it on a plate that is {cover:?}",
            instrument.name
        ));
    }
    for (name, range) in &offer.limits {
        let fits = match (range, operation.params.get(name)) {
            (_, None) => true,
            (Range::Quantity(kind, low, high), Some(Value::Quantity(found, base))) => {
                kind == found && (*low..=*high).contains(base)
            }
            (Range::Integer(low, high), Some(Value::Integer(value))) => {
                (*low..=*high).contains(value)
            }
            (Range::OneOf(words), Some(Value::Text(text))) => words.contains(text),
            _ => false,
        };
        if !fits {
            return Err(format!("{} has other limits on '{name}'", instrument.name));
        }
    }
    Ok(())
}

/// The instruments that can do each step, in order of id.
fn able(order: &Order, hall: &Hall) -> Result<Vec<Vec<InstrumentId>>, String> {
    let protocol = &order.protocol;
    let mut cover = Cover::Open;
    let mut able = Vec::with_capacity(protocol.steps.len());
    for step in &protocol.steps {
        let name = &step.operation.capability;
        let mut fit = Vec::new();
        let mut whys = String::new();
        for (instrument, offer) in hall.offering(name) {
            match offers(
                instrument,
                offer,
                &step.operation,
                protocol.labware.class,
                cover,
            ) {
                Ok(()) => fit.push(instrument.id),
                Err(why) => {
                    let _ = write!(whys, "; {why}");
                }
            }
        }
        if fit.is_empty() {
            if whys.is_empty() {
                whys.push_str("; no instrument offers it");
            }
            return Err(format!(
                "step '{}' ({name}) can't be done here{whys}",
                step.name
            ));
        }
        able.push(fit);
        cover = cover_after(name).unwrap_or(cover);
    }
    Ok(able)
}

/// The wells of every worklist exist and don't overflow, and the worklists belong to steps.
fn check_volumes(order: &Order) -> Result<(), String> {
    let labware = &order.protocol.labware;
    let mut volumes = vec![Volume::ZERO; labware.wells()];
    for (step, list) in &order.worklists {
        if order.protocol.step(*step).is_none() {
            return Err(format!(
                "a worklist is for {step}, and the protocol has {} steps",
                order.protocol.steps.len()
            ));
        }
        for transfer in &list.transfers {
            if !labware.has(transfer.well) {
                return Err(format!("{} has no well {}", labware.name, transfer.well));
            }
            let volume = &mut volumes[labware.index(transfer.well)];
            *volume += transfer.volume;
            if *volume > labware.well.max_volume {
                return Err(format!(
                    "well {} would hold {volume}, and {} is the most it may",
                    transfer.well, labware.well.max_volume
                ));
            }
        }
    }
    Ok(())
}

/// The time of one step on one instrument, at so many standard deviations.
pub(crate) fn step_time(
    order: &Order,
    hall: &Hall,
    durations: &Durations,
    (step, wells): (usize, usize),
    instrument: InstrumentId,
    z: f64,
) -> Duration {
    let operation = &order.protocol.steps[step].operation;
    hall.instrument(instrument)
        .capability(&operation.capability)
        .map_or(Duration::ZERO, |offer| {
            durations.quantile(instrument, offer, operation, wells, z)
        })
}

/// A stay in an instrument before times are reckoned: its steps, and the instruments that can do them.
type Stay = (Span<usize>, Vec<InstrumentId>);

/// Compiles an order.
///
/// # Errors
/// Says what can't be done here, for a person.
pub(crate) fn compile(
    order: &Order,
    hall: &Hall,
    families: &mut Families,
    durations: &Durations,
) -> Result<Compiled, String> {
    if order.protocol.steps.is_empty() {
        return Err(format!("protocol '{}' has no steps", order.protocol.name));
    }
    check_volumes(order)?;
    let able = able(order, hall)?;
    let wells: Vec<usize> = order
        .protocol
        .steps
        .iter()
        .map(|step| {
            touched(
                order.worklists.get(&step.id).map(|list| &**list),
                &order.protocol.labware,
            )
            .len()
        })
        .collect();
    let mut tasks: Vec<Stay> = Vec::new();
    for (at, fit) in able.into_iter().enumerate() {
        if let Some((steps, common)) = tasks.last_mut() {
            // What is done in a run of several plates is a stay of its own.
            let alone = |i: &InstrumentId| hall.instrument(*i).batch.is_none();
            let both = common.iter().copied().filter(|i| fit.contains(i));
            let both: Vec<_> = both.filter(alone).collect();
            if !both.is_empty() {
                steps.end = at + 1;
                *common = both;
                continue;
            }
        }
        tasks.push((at..at + 1, fit));
    }
    if hall.with_role(Role::Waste).next().is_none() {
        return Err("the hall has no waste to put the plate into".to_owned());
    }
    Ok(reckon(order, hall, families, durations, &tasks, wells))
}

/// Times of stays and the lags between them, with what is known of durations now.
fn reckon(
    order: &Order,
    hall: &Hall,
    families: &mut Families,
    durations: &Durations,
    tasks: &[Stay],
    wells: Vec<usize>,
) -> Compiled {
    let time = |steps: Span<usize>, instrument, z| -> Duration {
        let between = (steps.clone().skip(1))
            .map(|s| change(order, hall, (s - 1, s), instrument))
            .sum::<Duration>();
        let work = steps.map(|s| step_time(order, hall, durations, (s, wells[s]), instrument, z));
        between + work.sum::<Duration>()
    };
    let waste: Arc<[schedule::Choice]> = hall
        .with_role(Role::Waste)
        .map(|i| schedule::Choice {
            machine: i.id.index(),
            stay: Duration::ZERO,
            early: Duration::ZERO,
            ..schedule::Choice::default()
        })
        .collect();
    // What is used up on each instrument by this plate so far, of the consumables that are planned.
    let mut spent: BTreeMap<InstrumentId, [u32; STOCKS_MOST]> = BTreeMap::new();
    let mut compiled = Compiled {
        tasks: tasks
            .iter()
            .map(|(steps, fit)| TaskSpec {
                steps: steps.clone(),
                options: fit
                    .iter()
                    .map(|i| {
                        // Where the last step is unlike the first, the instrument is set up for
                        // the first again before the next plate: that is part of the stay.
                        let (first, last) = (steps.start, steps.end - 1);
                        let back = change(order, hall, (last, first), *i);
                        let mut stay = time(steps.clone(), *i, hall.planning.z) + back;
                        let by_the_run = hall.instrument(*i).batch.is_some();
                        if by_the_run {
                            // So that what was learned in between does not keep plates apart.
                            let step = RUN_STEP.base();
                            stay = Duration::from_base((stay.base() + step - 1) / step * step);
                        }
                        let quick = time(steps.clone(), *i, -LATE_QUANTILE / 2.0);
                        let family = if by_the_run {
                            Some(recipe(&order.protocol.steps[first].operation))
                        } else {
                            work(order, hall, first, *i)
                        };
                        schedule::Choice {
                            machine: i.index(),
                            stay,
                            early: stay - quick,
                            family: family.map_or(0, |work| families.number(&work)),
                            uses: takes(order, hall, steps.clone(), &wells, *i, &mut spent),
                        }
                    })
                    .collect(),
            })
            .collect(),
        lags: Vec::new(),
        wells: wells.clone(),
        share: Duration::ZERO,
        version: durations.version(),
    };
    compiled.share = share(&compiled, hall);
    let end = order.protocol.steps.len();
    compiled.tasks.push(TaskSpec {
        steps: end..end,
        options: waste,
    });
    // An edge of a step inside a task is some time after the task's begin: at least what the steps
    // before it take when they are quick, at most what they take when they are slow. The end of the
    // last step is when the work is done, which the planner knows for each instrument.
    let edge = |(step, edge): (quantity::StepId, Edge)| {
        let task = compiled.task_of(step.index());
        let (steps, fit) = &tasks[task];
        let before = match edge {
            Edge::Begin => steps.start..step.index(),
            Edge::End => steps.start..step.index() + 1,
        };
        if before == *steps {
            let done = (task, schedule::Edge::Done);
            return (done, Duration::ZERO, Duration::ZERO);
        }
        let shortest = fit
            .iter()
            .map(|i| time(before.clone(), *i, -LATE_QUANTILE / 2.0));
        let longest = fit.iter().map(|i| {
            let at = step.index();
            let set_up = match edge {
                Edge::Begin if at > steps.start => change(order, hall, (at - 1, at), *i),
                _ => Duration::ZERO,
            };
            time(before.clone(), *i, hall.planning.z) + set_up
        });
        (
            (task, schedule::Edge::Begin),
            shortest.min().unwrap_or(Duration::ZERO),
            longest.max().unwrap_or(Duration::ZERO),
        )
    };
    let mut lags = Vec::new();
    for lag in &order.protocol.lags {
        let (from, from_min, from_max) = edge(lag.from);
        let (to, to_min, to_max) = edge(lag.to);
        if from.0 == to.0 {
            continue;
        }
        // Work is not done before it begins: what comes after the former task's work can't come
        // before its begin.
        let min = lag.min + from_max - to_min;
        let max = lag.max.map(|max| max + from_min - to_max);
        lags.push(schedule::Lag { from, to, min, max });
    }
    compiled.lags = lags;
    compiled
}

/// By instruments that the same tasks can be done by: the work, over the plates that they take at once.
/// Of all the most.
fn share(compiled: &Compiled, hall: &Hall) -> Duration {
    let mut work: BTreeMap<Vec<usize>, Duration> = BTreeMap::new();
    for task in &compiled.tasks {
        let machines: Vec<usize> = task.options.iter().map(|o| o.machine).collect();
        let capacity: i64 = (machines.iter())
            .map(|&m| &hall.instruments[m])
            .map(|i| i64::from(i.simultaneous.min(i.nests.len() as u32).max(1)))
            .sum();
        let stays = task.options.iter().map(|o| o.stay);
        let mean = stays.sum::<Duration>() / task.options.len().max(1) as i64;
        *work.entry(machines).or_default() += mean / capacity.max(1);
    }
    work.into_values().max().unwrap_or(Duration::ZERO)
}

impl Compiled {
    /// The same with what is known of durations now; `None` if nothing has changed.
    pub fn anew(
        &self,
        order: &Order,
        hall: &Hall,
        families: &mut Families,
        durations: &Durations,
    ) -> Option<Self> {
        if self.version == durations.version() {
            return None;
        }
        let instrument = |choice: &schedule::Choice| InstrumentId(choice.machine as u32);
        let work = self.tasks.iter().filter(|task| !task.steps.is_empty());
        let stays: Vec<Stay> = work
            .map(|task| {
                let able = task.options.iter().map(instrument).collect();
                (task.steps.clone(), able)
            })
            .collect();
        let wells = self.wells.clone();
        Some(reckon(order, hall, families, durations, &stays, wells))
    }

    /// The lags between tasks from `first` on, which is the first of the job.
    pub fn lags_from(&self, first: usize) -> Vec<schedule::Lag> {
        self.lags
            .iter()
            .filter(|lag| lag.from.0 >= first && lag.to.0 >= first)
            .map(|lag| schedule::Lag {
                from: (lag.from.0 - first, lag.from.1),
                to: (lag.to.0 - first, lag.to.1),
                ..*lag
            })
            .collect()
    }

    /// The job for the planner, from task `first` on.
    pub fn job(
        &self,
        order: &Order,
        first: usize,
        at: schedule::Where,
        release: quantity::Instant,
    ) -> schedule::Job {
        schedule::Job {
            id: order.id,
            release,
            due: order.due,
            deadline: None,
            priority: order.priority.max(1),
            at,
            tasks: self.tasks[first..]
                .iter()
                .map(|task| schedule::Task {
                    options: task.options.clone(),
                    stay_max: None,
                })
                .collect(),
            lags: self.lags_from(first),
            stays: false,
            progress: Vec::new(),
        }
    }
}

/// What steps of a plate use of each consumable of an instrument whose refills are planned. A plate that
/// needs more than a full stock of one, over all its steps, is planned with that: the rest is refilled in
/// the middle of it, by a person who is asked when it is empty.
fn takes(
    order: &Order,
    hall: &Hall,
    steps: Span<usize>,
    wells: &[usize],
    instrument: InstrumentId,
    spent: &mut BTreeMap<InstrumentId, [u32; STOCKS_MOST]>,
) -> [u32; STOCKS_MOST] {
    let mut all = [0; STOCKS_MOST];
    let known = hall.instrument(instrument);
    let planned = known.consumables.iter().filter(|c| c.refill.is_some());
    for (stock, consumable) in planned.enumerate().take(STOCKS_MOST) {
        let used = steps.clone().map(|step| {
            let name = &order.protocol.steps[step].operation.capability;
            let used = known
                .capability(name)
                .and_then(|offer| uses(offer, wells[step]));
            used.map_or(
                0,
                |(what, pieces)| if what == consumable.name { pieces } else { 0 },
            )
        });
        let used = used.fold(0, u32::saturating_add);
        let so_far = &mut spent.entry(instrument).or_default()[stock];
        all[stock] = used.min(consumable.stock - *so_far);
        *so_far += all[stock];
    }
    all
}

/// What one operation uses of each consumable: pieces for this many wells.
pub(crate) fn uses(offer: &Capability, wells: usize) -> Option<(Arc<str>, u32)> {
    offer.uses.as_ref().map(|u| {
        (
            u.consumable.clone(),
            u.per_plate + u.per_well * wells as u32,
        )
    })
}
