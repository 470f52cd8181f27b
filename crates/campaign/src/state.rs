//! What a campaign knows: a fold over its records and the effects that concern it.

use crate::answer::CONFIRM;
use crate::assay::{Assay, Campaign};
use crate::causes;
use crate::judge::{Judgement, PlateData, judge};
use crate::map::PlateMap;
use crate::proposer::{Proposed, Settled};
use crate::record::{Analysed, Answer, Asked, Plated, Record, Told, ToldPoint};
use bus::Flag;
use conductor::{Effect, FaultHandled};
use design::{Outcome, Point, Policy, Trial};
use labware::Well;
use quantity::{Duration, Instant, InstrumentId, OrderId, PersonTaskId, PlateId, StepId};
use reason::language::track;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A point that was asked for.
#[derive(Clone, Debug)]
pub struct AskedFor {
    /// The setting.
    pub point: Point,
    /// The texts of its levels.
    pub levels: Vec<String>,
    /// The batch that it came in.
    pub batch: u32,
    /// Who asked.
    pub policy: Arc<str>,
    /// What the model expected when it asked, and its standard deviation.
    pub predicted: Option<(f64, f64)>,
    /// Why it was asked.
    pub why: Arc<str>,
    /// The model that proposed it, and its place in that answer, if one did.
    pub proposal: Option<(String, u32)>,
    /// The order on which it was last plated.
    pub order: Option<OrderId>,
    /// What the policy was told of it, and when.
    pub told: Option<(ToldPoint, Instant)>,
}

/// An operation of an instrument on a plate.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTimes {
    /// Which step.
    pub step: StepId,
    /// Where.
    pub instrument: InstrumentId,
    /// When it began.
    pub began: Instant,
    /// When it ended, once it has.
    pub ended: Option<Instant>,
}

/// A plate of the campaign.
#[derive(Clone, Debug)]
pub struct PlateState {
    /// The order.
    pub order: OrderId,
    /// The plate.
    pub plate: PlateId,
    /// What its barcode says.
    pub barcode: Arc<str>,
    /// Whether candidates are confirmed on it.
    pub confirms: bool,
    /// The points by seat.
    pub seats: Vec<u32>,
    /// Which well holds what.
    pub map: PlateMap,
    /// When the order was handed in.
    pub submitted: Instant,
    /// When the conductor expects it to be finished.
    pub promised: Option<Instant>,
    /// When it was promised first to be finished.
    pub promised_first: Option<Instant>,
    /// Why its order was not taken, if so, and the earliest finish that could be promised where that was
    /// for its deadline.
    pub refused: Option<(Arc<str>, Option<Instant>)>,
    /// What its steps did.
    pub steps: Vec<StepTimes>,
    /// What is known of its wells.
    pub data: PlateData,
    /// The instrument that gave the reading that counts, and the reading's unit.
    pub reader: Option<(InstrumentId, Arc<str>)>,
    /// How the order ended.
    pub ended: Option<(Arc<str>, Instant)>,
    /// How it was judged.
    pub analysed: Option<Analysed>,
    /// What several variables gave in its controls where nothing was done, as the policy was told.
    pub controls: Vec<Vec<f64>>,
}

impl PlateState {
    /// The judgement of its wells, worked out again from what is known.
    #[must_use]
    pub fn judgement(&self, assay: &Assay) -> Judgement {
        judge(assay, &self.map, self.seats.len(), &self.data)
    }

    /// Whether it was judged and counts.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.analysed
            .as_ref()
            .is_some_and(|analysed| analysed.rejected.is_empty())
    }
}

/// Something that was lost, for the report.
#[derive(Clone, Debug, PartialEq)]
pub enum Lost {
    /// Wells of a plate, and why.
    Wells(PlateId, Vec<Well>, Arc<str>),
    /// A lag was broken: order, index of the lag, limit, actual.
    Lag(PlateId, usize, Duration, Duration),
}

/// Something that a person was asked for, for the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its id.
    pub id: PersonTaskId,
    /// When.
    pub at: Instant,
    /// What.
    pub request: bus::Request,
    /// Why.
    pub why: Arc<str>,
    /// When it was done.
    pub done: Option<Instant>,
}

/// What happened in the hall while the campaign ran, for the report.
#[derive(Clone, Debug, Default)]
pub struct Chronicle {
    /// Faults that came to an end.
    pub faults: Vec<(FaultHandled, Instant)>,
    /// What was lost.
    pub losses: Vec<(Lost, Instant)>,
    /// What persons were asked for.
    pub tasks: Vec<Task>,
}

/// What a campaign knows. Only [`State::apply`] and [`State::effect`] change it, so that a restart,
/// which calls them with what the journal holds, comes to the same state.
pub struct State {
    /// Points by number.
    pub points: Vec<AskedFor>,
    /// Batches that were asked for.
    pub batches: u32,
    /// Plates in order of their orders.
    pub plates: Vec<PlateState>,
    /// Points to be asked again, oldest first.
    pub again: Vec<u32>,
    /// What language models proposed, in order.
    pub proposed: Vec<Proposed>,
    /// What of it wells settled, in order.
    pub settled: Vec<Settled>,
    /// How well each model's confidence held.
    pub track: track::Record,
    /// The answer, once there is one.
    pub answer: Option<Answer>,
    /// What happened in the hall.
    pub chronicle: Chronicle,
    /// When the run began: the moment of the first record.
    pub began: Option<Instant>,
    /// The latest moment that was seen.
    pub now: Instant,
    by_order: BTreeMap<OrderId, usize>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "State of {} points on {} plates",
            self.points.len(),
            self.plates.len()
        )
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            points: Vec::new(),
            batches: 0,
            plates: Vec::new(),
            again: Vec::new(),
            proposed: Vec::new(),
            settled: Vec::new(),
            track: track::Record::default(),
            answer: None,
            chronicle: Chronicle::default(),
            began: None,
            now: Instant::EPOCH,
            by_order: BTreeMap::new(),
        }
    }
}

impl State {
    /// The plate of an order.
    #[must_use]
    pub fn plate(&self, order: OrderId) -> Option<&PlateState> {
        self.by_order.get(&order).map(|at| &self.plates[*at])
    }

    fn plate_mut(&mut self, order: OrderId) -> Option<&mut PlateState> {
        self.by_order.get(&order).map(|at| &mut self.plates[*at])
    }

    /// Plates whose order has not been judged.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.plates
            .iter()
            .filter(|plate| plate.analysed.is_none())
            .count()
    }

    /// Plates that were judged and count.
    #[must_use]
    pub fn counted(&self) -> usize {
        self.plates.iter().filter(|plate| plate.counts()).count()
    }

    /// Plates that were judged and do not count.
    #[must_use]
    pub fn rejected(&self) -> usize {
        self.plates
            .iter()
            .filter(|plate| plate.analysed.is_some() && !plate.counts())
            .count()
    }

    /// Points that were asked for and of which the policy was told nothing yet.
    #[must_use]
    pub fn pending(&self) -> Vec<Point> {
        self.points
            .iter()
            .filter(|asked| asked.told.is_none())
            .map(|asked| asked.point.clone())
            .collect()
    }

    /// Points with a response: number, response.
    pub fn answered(&self) -> impl Iterator<Item = (u32, &AskedFor, f64)> {
        self.points.iter().enumerate().filter_map(|(id, asked)| {
            let value = asked.told.as_ref()?.0.value?;
            Some((id as u32, asked, value))
        })
    }

    /// Takes a record in, and tells the policy what it says.
    ///
    /// # Errors
    /// If it does not fit this campaign or what came before.
    pub fn apply(
        &mut self,
        record: &Record,
        campaign: &Campaign,
        policy: &mut dyn Policy,
        now: Instant,
    ) -> Result<(), String> {
        self.began.get_or_insert(now);
        self.now = self.now.max(now);
        match record {
            Record::Proposed(proposed) => {
                self.proposed.push(proposed.clone());
                Ok(())
            }
            Record::Asked(asked) => {
                // The models of that moment are what later expectations rest on. A confirmation is
                // chosen by the models that there are.
                if asked.policy != CONFIRM {
                    policy.refit();
                }
                self.asked(asked, campaign)
            }
            Record::Plated(plated) => self.plated(plated, campaign, now),
            Record::Analysed(analysed) => {
                let order = OrderId(analysed.order);
                let plate = self
                    .plate_mut(order)
                    .ok_or_else(|| format!("{order} was never plated"))?;
                plate.analysed = Some(analysed.clone());
                Ok(())
            }
            Record::Told(told) => self.told(told, campaign, policy, now),
            Record::Answered(answer) => {
                self.settle(&answer.settled);
                self.answer = Some(answer.clone());
                Ok(())
            }
        }
    }

    fn settle(&mut self, settled: &[Settled]) {
        for one in settled {
            self.track
                .settle(&one.model, &one.kind, one.confidence, one.came_true);
        }
        self.settled.extend_from_slice(settled);
    }

    fn asked(&mut self, asked: &Asked, campaign: &Campaign) -> Result<(), String> {
        for point in &asked.points {
            if point.id as usize != self.points.len() {
                return Err(format!(
                    "point {} follows point {}",
                    point.id,
                    self.points.len()
                ));
            }
            let texts: Vec<&str> = point.levels.iter().map(String::as_str).collect();
            let parsed = campaign.space.parse(&texts).map_err(|errors| {
                let first = errors.first().map(ToString::to_string).unwrap_or_default();
                format!(
                    "point {} is none of this campaign's space: {first}",
                    point.id
                )
            })?;
            self.points.push(AskedFor {
                point: parsed,
                levels: point.levels.clone(),
                batch: asked.batch,
                policy: asked.policy.as_str().into(),
                predicted: point.predicted,
                why: point.why.as_str().into(),
                proposal: point.proposal.clone(),
                order: None,
                told: None,
            });
        }
        self.batches = asked.batch + 1;
        Ok(())
    }

    fn plated(&mut self, plated: &Plated, campaign: &Campaign, now: Instant) -> Result<(), String> {
        let labware = campaign.assay.labware();
        let map = plated
            .map(labware.columns)
            .filter(|map| map.wells.len() == labware.wells())
            .ok_or_else(|| format!("the map of plate {} can't be read", plated.plate))?;
        let order = OrderId(plated.order);
        for seat in &plated.seats {
            let asked = self.points.get_mut(*seat as usize);
            asked
                .ok_or_else(|| format!("point {seat} was never asked for"))?
                .order = Some(order);
        }
        self.again.retain(|id| !plated.seats.contains(id));
        self.by_order.insert(order, self.plates.len());
        self.plates.push(PlateState {
            order,
            plate: PlateId(plated.plate),
            barcode: plated.barcode.as_str().into(),
            confirms: plated.confirms,
            seats: plated.seats.clone(),
            map,
            submitted: now,
            promised: None,
            promised_first: None,
            refused: None,
            steps: Vec::new(),
            data: PlateData::default(),
            reader: None,
            ended: None,
            analysed: None,
            controls: Vec::new(),
        });
        Ok(())
    }

    fn told(
        &mut self,
        told: &Told,
        campaign: &Campaign,
        policy: &mut dyn Policy,
        now: Instant,
    ) -> Result<(), String> {
        let mut trials = Vec::with_capacity(told.points.len());
        for point in &told.points {
            let asked = self
                .points
                .get_mut(point.id as usize)
                .ok_or_else(|| format!("point {} was never asked for", point.id))?;
            let outcome = match point.value {
                Some(value) => Outcome::Measured {
                    values: if point.values.is_empty() {
                        vec![value]
                    } else {
                        point.values.clone()
                    },
                    // Rivals learn how much wells err, from what those of a point show and nothing else does.
                    sd: point.spread.map_or(point.sd, |spread| {
                        Some(spread / f64::from(point.wells.max(1)).sqrt())
                    }),
                    replicates: point.wells.max(1),
                },
                None => Outcome::Failed,
            };
            trials.push(Trial {
                point: asked.point.clone(),
                outcome,
                batch: u64::from(told.order),
            });
            asked.told = Some((point.clone(), now));
        }
        self.again.extend(&told.again);
        self.settle(&told.settled);
        if !told.controls.is_empty() {
            trials.extend(causes::controls(campaign, &told.controls, told.order));
            if let Some(plate) = self.plate_mut(OrderId(told.order)) {
                plate.controls.clone_from(&told.controls);
            }
        }
        policy.tell(&trials).map_err(|error| error.to_string())
    }

    /// Takes an effect in, as far as it concerns the campaign.
    pub fn effect(&mut self, effect: &Effect, campaign: &Campaign, now: Instant) {
        self.now = self.now.max(now);
        let labware = campaign.assay.labware().clone();
        let analysis = &campaign.assay.analysis;
        match effect {
            Effect::Promise { order, finish } => {
                if let Some(plate) = self.plate_mut(*order) {
                    plate.promised = Some(*finish);
                    plate.promised_first.get_or_insert(*finish);
                }
            }
            Effect::Refused {
                order,
                why,
                earliest,
            } => {
                if let Some(plate) = self.plate_mut(*order) {
                    plate.refused = Some((why.clone(), *earliest));
                    plate.ended = Some((format!("refused: {why}").into(), now));
                }
            }
            Effect::StepBegan {
                order,
                step,
                instrument,
            } => {
                if let Some(plate) = self.plate_mut(*order) {
                    plate.steps.push(StepTimes {
                        step: *step,
                        instrument: *instrument,
                        began: now,
                        ended: None,
                    });
                }
            }
            Effect::StepDone {
                order,
                step,
                instrument,
                began,
                ended,
            } => {
                if let Some(plate) = self.plate_mut(*order) {
                    let open = plate
                        .steps
                        .iter_mut()
                        .rev()
                        .find(|s| s.step == *step && s.ended.is_none());
                    let times = StepTimes {
                        step: *step,
                        instrument: *instrument,
                        began: *began,
                        ended: Some(*ended),
                    };
                    match open {
                        Some(open) => *open = times,
                        None => plate.steps.push(times),
                    }
                }
            }
            Effect::Reading { order, reading } => {
                let name = campaign
                    .assay
                    .protocol
                    .step(reading.step)
                    .and_then(|step| step.reading.clone());
                if let (Some(plate), Some(name)) = (self.plate_mut(*order), name) {
                    let several = campaign.causes.as_ref();
                    if several.is_some_and(|c| c.variables.contains(&reading.channel))
                        && name == analysis.reading
                    {
                        let values = reading.values.clone();
                        plate.data.channels.insert(reading.channel.clone(), values);
                    }
                    let wanted = analysis
                        .channel
                        .as_ref()
                        .is_none_or(|channel| *channel == reading.channel);
                    if wanted
                        && (!plate.data.readings.contains_key(&name) || analysis.channel.is_some())
                    {
                        if name == analysis.reading {
                            plate.reader = Some((reading.instrument, reading.unit.clone()));
                        }
                        plate.data.readings.insert(name, reading.values.clone());
                    }
                }
            }
            Effect::WellsFlagged {
                order, wells, flag, ..
            } => {
                if let Some(plate) = self.plate_mut(*order) {
                    plate.flag(wells.iter().map(|well| labware.index(*well)), *flag);
                }
            }
            Effect::WellsLost {
                order,
                plate: id,
                wells,
                why,
            } => {
                if let Some(plate) = self.plate_mut(*order) {
                    for well in wells {
                        plate.data.lost.insert(labware.index(*well), why.clone());
                    }
                    self.chronicle
                        .losses
                        .push((Lost::Wells(*id, wells.clone(), why.clone()), now));
                }
            }
            Effect::LagBroken {
                order,
                lag,
                allowed,
                actual,
            } => {
                if let Some(plate) = self.plate(*order) {
                    let lost = Lost::Lag(plate.plate, *lag, *allowed, *actual);
                    self.chronicle.losses.push((lost, now));
                }
            }
            Effect::FaultHandled(fault) => self.chronicle.faults.push((fault.clone(), now)),
            Effect::OrderEnded { order, how } => {
                if let Some(plate) = self.plate_mut(*order) {
                    plate.ended = Some((how.to_string().into(), now));
                }
            }
            Effect::PersonTask { task, request, why } => {
                self.chronicle.tasks.push(Task {
                    id: *task,
                    at: now,
                    request: request.clone(),
                    why: why.clone(),
                    done: None,
                });
            }
            Effect::PersonTaskDone { task } => {
                if let Some(task) = self
                    .chronicle
                    .tasks
                    .iter_mut()
                    .find(|known| known.id == *task)
                {
                    task.done = Some(now);
                }
            }
            Effect::Command(_) => {}
        }
    }
}

impl PlateState {
    fn flag(&mut self, wells: impl Iterator<Item = usize>, flag: Flag) {
        for well in wells {
            self.data.flags.entry(well).or_default().insert(flag);
        }
    }
}
