//! A campaign as a customer of the conductor: the loop itself.

use crate::answer::{self, CONFIRM};
use crate::assay::Campaign;
use crate::causes;
use crate::judge::PointResult;
use crate::map::PlateMap;
use crate::proposer::{self, PROPOSED, Proposed, Proposer};
use crate::record::{
    Analysed, Answer, Asked, AskedPoint, Plated, Record, Told, ToldPoint, VERSION, write_content,
};
use crate::state::State;
use crate::worklists::{barcode_stem, worklists};
use conductor::{Customer, Effect, Input, Note, Turn};
use design::{Aim, AskError, Options, Point, Policy, PolicyError, Question};
use protocol::Order;
use quantity::{Instant, OrderId, PlateId, Seed};
use reason::language::Proposals;
use reason::language::propose::Proposing;
use reason::rivals::{RivalOptions, RivalPolicy};
use std::sync::Arc;

/// How often a point is put on a plate before it is given up.
const ATTEMPTS_MAX: u32 = 3;

/// A point that was chosen.
struct Chosen {
    point: Point,
    /// The mean and standard deviation that the policy expects there.
    predicted: Option<(f64, f64)>,
    why: &'static str,
    /// The model that proposed it, and its place in that answer.
    proposal: Option<(String, u32)>,
}

/// A campaign that runs.
pub struct Loop {
    campaign: Arc<Campaign>,
    policy: Box<dyn Policy>,
    state: State,
    /// Something that can't happen did: the run must not go on.
    broken: Option<String>,
}

impl std::fmt::Debug for Loop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loop of {} with {:?}", self.campaign.name, self.state)
    }
}

/// What to do next.
#[derive(Debug, PartialEq)]
enum Next {
    /// Hand a plate in: with new points, or only with points to be asked again.
    Plate { fresh: bool },
    /// Hand in the plate of the confirmation.
    Confirm,
    /// Wait for plates in flight.
    Wait,
    /// Give the answer, and why early.
    Answer(Option<String>),
}

impl Loop {
    /// A campaign at its beginning.
    ///
    /// # Errors
    /// If the policy can't be made for its space and question.
    pub fn new(campaign: Arc<Campaign>) -> Result<Loop, PolicyError> {
        let name = &campaign.response.name;
        let question = match campaign.aim {
            Aim::Maximise => Question::maximise(name),
            Aim::Minimise => Question::minimise(name),
            Aim::Map => Question::map(name),
        };
        if let Some(rivals) = &campaign.rivals {
            let policy = RivalPolicy::new(
                campaign.space.clone(),
                rivals.hypotheses.clone(),
                RivalOptions {
                    by_lot: &*campaign.policy.name == "random",
                    ..rivals.options
                },
                campaign.seed.derive("policy", 0),
            )
            .map_err(|error| PolicyError::Question(error.to_string()))?
            .learning_errors(&campaign.assay.known_errors());
            return Ok(Loop {
                campaign,
                policy: Box::new(policy),
                state: State::default(),
                broken: None,
            });
        }
        if let Some(causes) = &campaign.causes {
            let policy = Box::new(causes::policy(&campaign, causes));
            return Ok(Loop {
                campaign,
                policy,
                state: State::default(),
                broken: None,
            });
        }
        let mut policy = design::policy(
            &campaign.policy.name,
            campaign.space.clone(),
            question,
            Options {
                repeats: campaign.policy.repeats,
                effort: campaign.policy.effort,
            },
            campaign.seed.derive("policy", 0),
        )?;
        if let Some(prior) = &campaign.prior {
            let guesses = prior.guesses(&campaign.space, campaign.seed.derive("prior", 0));
            policy
                .guess(&guesses)
                .map_err(|error| PolicyError::Question(error.to_string()))?;
        }
        Ok(Loop {
            campaign,
            policy,
            state: State::default(),
            broken: None,
        })
    }

    /// The campaign.
    #[must_use]
    pub fn campaign(&self) -> &Arc<Campaign> {
        &self.campaign
    }

    /// What it knows.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The answer, once there is one.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        self.state.answer.as_ref()
    }

    /// Something that can't happen did, and what: the run must not go on.
    #[must_use]
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Keeps a record and takes it in.
    fn keep(&mut self, record: &Record, now: Instant, turn: &mut Turn) {
        turn.note(record.kind(), record.body());
        if let Err(why) = self
            .state
            .apply(record, &self.campaign, &mut *self.policy, now)
        {
            self.broken.get_or_insert(why);
        }
    }

    fn next(&self, now: Instant) -> Next {
        let (state, budget) = (&self.state, &self.campaign.budget);
        let flying = state.in_flight() as u32;
        let (made, rejected) = (state.plates.len() as u32, state.rejected() as u32);
        let opened = made - rejected;
        let left = made < budget.plates + budget.spare;
        let late = budget
            .time
            .zip(state.began)
            .is_some_and(|(time, began)| now.since(began) >= time);
        let wait_or = |next: Next| if flying > 0 { Next::Wait } else { next };
        if late {
            return wait_or(Next::Answer(Some("its time was up".into())));
        }
        if self.policy.settled().is_some() {
            return wait_or(Next::Answer(None));
        }
        if let Some(earliest) = state.too_late() {
            return wait_or(Next::Answer(Some(format!(
                "its deadline leaves no room for another plate, which could be finished by {earliest} at the \
                 earliest"
            ))));
        }
        if opened < budget.plates {
            if !left {
                return wait_or(Next::Answer(Some(format!(
                    "{rejected} plates were lost or failed quality control, and the spare ones are used up"
                ))));
            }
            let confirms = self.campaign.confirm.candidates > 0
                && self.campaign.aim != Aim::Map
                && budget.plates > 1;
            if confirms && opened + 1 == budget.plates {
                return wait_or(Next::Confirm);
            }
            if let Some(deadline) = state.deadline(&self.campaign).filter(|_| confirms) {
                let mut made = state.plates.iter();
                if made.any(|plate| plate.confirms && (plate.analysed.is_none() || plate.counts()))
                {
                    return wait_or(Next::Answer(Some(format!(
                        "its deadline left room for {opened} of {} plates",
                        budget.plates
                    ))));
                }
                // A plate more, and the confirmation would come too late.
                if opened > 0 && now + state.turnaround() * 2 > deadline {
                    return wait_or(Next::Confirm);
                }
            }
            return if flying < budget.in_flight {
                Next::Plate { fresh: true }
            } else {
                Next::Wait
            };
        }
        if !state.again.is_empty() && left {
            return wait_or(Next::Plate { fresh: false });
        }
        wait_or(Next::Answer(None))
    }

    /// Does whatever there is room for.
    fn go(&mut self, now: Instant, turn: &mut Turn) {
        while self.state.answer.is_none() && self.broken.is_none() {
            match self.next(now) {
                Next::Wait => return,
                Next::Answer(early) => return self.close(early, now, turn),
                Next::Plate { fresh: true } if self.proposer().is_some() => return,
                Next::Plate { fresh } => {
                    if !self.plate(fresh, now, turn) {
                        return;
                    }
                }
                Next::Confirm => {
                    if !self.confirm(now, turn) {
                        return;
                    }
                }
            }
        }
    }

    /// Points that a plate takes.
    fn capacity(&self) -> usize {
        let causes = self.campaign.causes.as_ref().and_then(|c| c.wells);
        let most = causes.or_else(|| self.campaign.rivals.as_ref()?.points);
        let fit = self.campaign.assay.points_per_plate();
        most.map_or(fit, |most| fit.min(most as usize))
    }

    /// New points that the next plate has room for.
    fn room(&self) -> usize {
        self.capacity().saturating_sub(self.state.again.len())
    }

    /// The proposer that is to be asked before new points are chosen.
    fn proposer(&self) -> Option<&Proposer> {
        if self.room() == 0 {
            return None;
        }
        proposer::wanted(&self.campaign, &self.state).map(|at| &self.campaign.proposers[at])
    }

    /// What a language model is to be asked before the campaign can go on: which, the question, and a seed. Whoever
    /// runs the loop asks it and hands the answer to [`Loop::propose`].
    #[must_use]
    pub fn question(&self, now: Instant) -> Option<(&Proposer, Proposing, Seed)> {
        let waits = self.state.began.is_some()
            && self.state.answer.is_none()
            && self.broken.is_none()
            && self.next(now) == Next::Plate { fresh: true };
        let proposer = self.proposer().filter(|_| waits)?;
        let question = proposer::question(&self.campaign, &self.state, proposer, self.room());
        Some((proposer, question, self.proposing_seed(proposer)))
    }

    fn proposing_seed(&self, proposer: &Proposer) -> Seed {
        let seed = self.campaign.seed.derive(&proposer.model, 0);
        seed.derive("propose", u64::from(self.state.batches))
    }

    /// Takes in what a language model answered to [`Loop::question`], or why it did not, and goes on.
    pub fn propose(&mut self, answer: Result<Proposals, String>, now: Instant, turn: &mut Turn) {
        let Some(proposer) = self.proposer() else {
            return;
        };
        let (model, seed) = (proposer.model.clone(), self.proposing_seed(proposer));
        let asked = (self.state.batches, &*model, seed.0);
        let worth = |kind: &str, p: f64| self.state.track.weigh(&model, kind, p);
        let record = Proposed::new(&self.campaign, asked, answer, &self.state.proposed, worth);
        self.keep(&Record::Proposed(record), now, turn);
        self.go(now, turn);
    }

    fn close(&mut self, early: Option<String>, now: Instant, turn: &mut Turn) {
        let answer = answer::answer(&self.campaign, &self.state, &*self.policy, early);
        self.keep(&Record::Answered(answer), now, turn);
    }

    /// Points to be asked again, as many as fit; the rest of the plate is for new ones.
    fn again(&self, room: usize) -> Vec<u32> {
        self.state.again.iter().copied().take(room).collect()
    }

    /// Hands in a plate; false if there is nothing to put on it now.
    fn plate(&mut self, fresh: bool, now: Instant, turn: &mut Turn) -> bool {
        let capacity = self.capacity();
        let mut seats = self.again(capacity);
        if fresh && seats.len() < capacity {
            match self.ask(capacity - seats.len(), now, turn) {
                Ok(new) => seats.extend(new),
                Err(why) if seats.is_empty() => {
                    if self.state.in_flight() == 0 {
                        self.close(Some(why), now, turn);
                    }
                    return false;
                }
                Err(_) => {}
            }
        }
        if seats.is_empty() {
            return false;
        }
        let replicates = vec![self.campaign.assay.replicates; seats.len()];
        self.submit(seats, replicates, false, now, turn);
        true
    }

    /// Asks the policy for this many points, or as many as there are; their numbers.
    fn ask(&mut self, count: usize, now: Instant, turn: &mut Turn) -> Result<Vec<u32>, String> {
        let proposed = proposer::seats(&self.campaign, &self.state, count);
        let mut pending = self.state.pending();
        pending.extend(proposed.iter().map(|seat| seat.point.clone()));
        let count = count - proposed.len();
        let seed = self
            .campaign
            .seed
            .derive("ask", u64::from(self.state.batches));
        let proposals = match self.policy.ask(count, &pending, seed) {
            Err(AskError::Exhausted { left, .. }) if left > 0 => {
                self.policy.ask(left, &pending, seed)
            }
            other => other,
        };
        let proposals = proposals.map_err(|error| match error {
            AskError::Exhausted { .. } => "every point of the space was measured".to_owned(),
            other => other.to_string(),
        })?;
        let own = proposals.into_iter().map(|p| Chosen {
            point: p.point,
            predicted: p.predicted.map(|p| (p.mean, p.sd)),
            why: p.why.name(),
            proposal: None,
        });
        let mut points: Vec<Chosen> = own.collect();
        let others: Vec<Point> = proposed.iter().map(|seat| seat.point.clone()).collect();
        let expected = if others.is_empty() {
            None
        } else {
            self.policy.predict(&others)
        };
        for (at, seat) in proposed.into_iter().enumerate() {
            points.push(Chosen {
                point: seat.point,
                predicted: expected.as_ref().map(|all| (all[at].mean, all[at].sd)),
                why: PROPOSED,
                proposal: Some(seat.by),
            });
        }
        let name = self.policy.name().to_owned();
        let note = self.policy.note();
        Ok(self.asked(&name, note, points, seed, now, turn))
    }

    fn asked(
        &mut self,
        policy: &str,
        note: Option<String>,
        points: Vec<Chosen>,
        seed: Seed,
        now: Instant,
        turn: &mut Turn,
    ) -> Vec<u32> {
        let first = self.state.points.len() as u32;
        let ids: Vec<u32> = (first..first + points.len() as u32).collect();
        let space = &self.campaign.space;
        let points = ids
            .iter()
            .zip(points)
            .map(|(id, chosen)| AskedPoint {
                id: *id,
                levels: space
                    .factors
                    .iter()
                    .zip(&chosen.point.0)
                    .map(|(f, level)| f.print(level))
                    .collect(),
                predicted: chosen
                    .predicted
                    .filter(|(mean, sd)| mean.is_finite() && sd.is_finite()),
                why: chosen.why.into(),
                proposal: chosen.proposal,
            })
            .collect();
        let record = Asked {
            v: VERSION,
            batch: self.state.batches,
            policy: policy.into(),
            program: env!("CARGO_PKG_VERSION").into(),
            seed: seed.0,
            told: self
                .state
                .points
                .iter()
                .filter(|asked| asked.told.is_some())
                .count() as u32,
            pending: self
                .state
                .points
                .iter()
                .filter(|asked| asked.told.is_none())
                .count() as u32,
            note,
            points,
        };
        self.keep(&Record::Asked(record), now, turn);
        ids
    }

    /// Hands in the plate of the confirmation: candidates in many wells, points to be asked again,
    /// and new points in what is left.
    fn confirm(&mut self, now: Instant, turn: &mut Turn) -> bool {
        let campaign = self.campaign.clone();
        let assay = &campaign.assay;
        let chosen = answer::to_confirm(&campaign, &self.state, &*self.policy);
        if chosen.is_empty() {
            return self.plate(true, now, turn);
        }
        let per_replicate = assay.wells_per_point() / assay.replicates as usize;
        let count = chosen.len();
        let predicted = self.policy.predict(&chosen);
        let points = chosen
            .into_iter()
            .enumerate()
            .map(|(at, point)| {
                let predicted = predicted.as_ref().map(|p| (p[at].mean, p[at].sd));
                Chosen {
                    point,
                    predicted,
                    why: CONFIRM,
                    proposal: None,
                }
            })
            .collect();
        let seed = campaign
            .seed
            .derive("confirm", u64::from(self.state.batches));
        let mut seats = self.asked(CONFIRM, None, points, seed, now, turn);
        let mut replicates = vec![campaign.confirm.replicates; count];
        let taken = count * campaign.confirm.replicates as usize * per_replicate;
        let free = assay
            .wells_usable()
            .saturating_sub(assay.wells_for_controls() + taken);
        let room = free / assay.wells_per_point();
        let mut others = self.again(room);
        if others.len() < room
            && let Ok(new) = self.ask(room - others.len(), now, turn)
        {
            others.extend(new);
        }
        replicates.extend(vec![assay.replicates; others.len()]);
        seats.extend(others);
        self.submit(seats, replicates, true, now, turn);
        true
    }

    fn submit(
        &mut self,
        seats: Vec<u32>,
        replicates: Vec<u32>,
        confirms: bool,
        now: Instant,
        turn: &mut Turn,
    ) {
        let campaign = self.campaign.clone();
        let number = self.state.plates.len() as u32;
        let seed = campaign.seed.derive("plate map", u64::from(number));
        let map = match PlateMap::randomised(&campaign.assay, &replicates, seed) {
            Ok(map) => map,
            Err(why) => {
                self.broken
                    .get_or_insert(format!("plate {number} can't be laid out: {why}"));
                return;
            }
        };
        if let Some(problem) = map
            .problems(&campaign.assay, &replicates)
            .into_iter()
            .next()
        {
            self.broken
                .get_or_insert(format!("the map of plate {number} is wrong: {problem}"));
            return;
        }
        let barcode = format!("{}-{number:04}", barcode_stem(&campaign.name));
        let record = Plated {
            v: VERSION,
            order: number,
            plate: number,
            barcode: barcode.clone(),
            confirms,
            seats,
            replicates,
            seed: seed.0,
            wells: map
                .wells
                .iter()
                .map(|content| write_content(*content))
                .collect(),
        };
        self.keep(&Record::Plated(record), now, turn);
        let Some(plate) = self.state.plates.last() else {
            return;
        };
        let order = Order {
            id: plate.order,
            campaign: campaign.id,
            plate: PlateId(number),
            barcode: barcode.into(),
            protocol: campaign.assay.protocol.clone(),
            worklists: worklists(&campaign, &self.state, plate),
            release: now,
            due: None,
            deadline: self.state.deadline(&campaign),
            priority: 0,
            weight: campaign.hall.weight,
        };
        turn.input(Input::Submit(Arc::new(order)));
    }

    /// A plate came to its end: judge it, tell the policy, and go on.
    fn conclude(&mut self, order: OrderId, now: Instant, turn: &mut Turn) {
        let Some(plate) = self.state.plate(order) else {
            return;
        };
        if plate.analysed.is_some() {
            return;
        }
        let (seats, confirms) = (plate.seats.clone(), plate.confirms);
        let judged = plate.judgement(&self.campaign.assay);
        let several = self
            .campaign
            .causes
            .as_ref()
            .map(|causes| causes::values(&self.campaign, &causes.variables, plate));
        let ending = plate
            .ended
            .as_ref()
            .map(|ended| ended.0.to_string())
            .unwrap_or_default();
        let mut rejected = judged.rejected;
        if !plate
            .data
            .readings
            .contains_key(&self.campaign.assay.analysis.reading)
        {
            rejected = vec![format!("it was never read: {ending}")];
        }
        let finite = |value: f64| value.is_finite().then_some(value);
        let analysed = Analysed {
            v: VERSION,
            order: order.0,
            ending,
            z_prime: finite(judged.separation.z_prime),
            robust_z_prime: finite(judged.separation.robust_z_prime),
            ssmd: finite(judged.separation.ssmd),
            control_cv: finite(judged.control_cv),
            replicate_sd: finite(judged.replicate_sd),
            standard: judged.standard.map(|level| (level.value, level.error)),
            valid: judged.valid,
            wanted: judged.wanted,
            rejected: rejected.clone(),
        };
        self.keep(&Record::Analysed(analysed), now, turn);

        let (mut points, mut again) = (Vec::new(), Vec::new());
        let settings: Vec<Point> = seats
            .iter()
            .map(|id| self.state.points[*id as usize].point.clone())
            .collect();
        let expected = self.policy.predict(&settings);
        let widening = answer::widening(&self.state);
        for (seat, id) in seats.iter().enumerate() {
            let result = if rejected.is_empty() {
                match (&several, &judged.points[seat]) {
                    (Some(all), PointResult::Value { .. }) if all.seats[seat].is_none() => {
                        PointResult::Lost("not every variable gave a value".into())
                    }
                    (_, result) => result.clone(),
                }
            } else {
                PointResult::Lost(format!("its plate does not count: {}", rejected[0]))
            };
            let expected = expected
                .as_ref()
                .map(|all| (all[seat].mean, all[seat].sd * widening))
                .filter(|(mean, sd)| mean.is_finite() && sd.is_finite());
            let nothing = |why: String| ToldPoint {
                id: *id,
                value: None,
                values: Vec::new(),
                sd: None,
                shared: None,
                spread: None,
                wells: 0,
                expected,
                failed: Some(why),
            };
            match result {
                PointResult::Value {
                    value,
                    sd,
                    shared,
                    spread,
                    wells,
                } if value.is_finite() => {
                    points.push(ToldPoint {
                        id: *id,
                        value: Some(value),
                        values: several
                            .as_ref()
                            .and_then(|all| all.seats[seat].clone())
                            .unwrap_or_default(),
                        sd,
                        shared,
                        spread: spread.filter(|_| self.campaign.rivals.is_some()),
                        wells,
                        expected,
                        failed: None,
                    });
                }
                PointResult::Value { .. } => {
                    points.push(nothing("its response is no number".into()))
                }
                PointResult::None(why) => points.push(nothing(why)),
                PointResult::Lost(why) => {
                    let candidate = confirms && &*self.state.points[*id as usize].why == CONFIRM;
                    let attempts = self
                        .state
                        .plates
                        .iter()
                        .filter(|p| p.seats.contains(id))
                        .count() as u32;
                    // Candidates of a plate that failed are chosen anew; a point that fails every
                    // time is given up.
                    if (candidate && !rejected.is_empty()) || attempts >= ATTEMPTS_MAX {
                        points.push(nothing(why));
                    } else {
                        again.push(*id);
                    }
                }
            }
        }
        let controls = several
            .filter(|_| rejected.is_empty())
            .map_or_else(Vec::new, |all| all.controls);
        let settled = proposer::at_plate(&self.campaign, &self.state, &points);
        self.keep(
            &Record::Told(Told {
                v: VERSION,
                order: order.0,
                points,
                again,
                controls,
                settled,
            }),
            now,
            turn,
        );
        self.go(now, turn);
    }
}

impl Customer for Loop {
    fn start(&mut self, now: Instant, turn: &mut Turn) {
        self.state.began.get_or_insert(now);
        self.go(now, turn);
    }

    fn on_effect(&mut self, effect: &Effect, now: Instant, turn: &mut Turn) {
        self.state.effect(effect, &self.campaign, now);
        if let Effect::OrderEnded { order, .. } | Effect::Refused { order, .. } = effect {
            self.conclude(*order, now, turn);
        }
    }

    fn replay_effect(&mut self, effect: &Effect, now: Instant) {
        self.state.effect(effect, &self.campaign, now);
    }

    fn replay_note(&mut self, note: &Note, now: Instant) -> Result<(), String> {
        let record = Record::read(&note.kind, &note.body).map_err(|error| error.to_string())?;
        self.state
            .apply(&record, &self.campaign, &mut *self.policy, now)
    }

    fn finished(&self) -> bool {
        self.state.answer.is_some() || self.broken.is_some()
    }
}
