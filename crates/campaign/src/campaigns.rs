//! Campaigns that share a hall, as one customer of its conductor.
//!
//! The hall has one conductor and one journal; each campaign is folded from what concerns it there: its own notes, which
//! bear its name, and the effects of its orders. What concerns nobody's order (a device that broke, a person who is asked
//! to refill it) each of them hears of. One campaign alone keeps its notes without a name, as it always did.

use crate::Campaign;
use crate::proposer::Proposer;
use crate::turn::Loop;
use bus::Request;
use conductor::{Customer, Effect, Note, Turn};
use quantity::{Instant, Seed};
use reason::language::Proposals;
use reason::language::propose::Proposing;
use std::collections::VecDeque;

/// What an order of a campaign with weight 1 costs when turns are given by weight.
const FINE: u64 = 1 << 32;
/// Between the name of a campaign and the kind of its note.
const OF: char = '/';

/// The kind of a note, without the name of the campaign that made it; and the name, where several share the journal.
#[must_use]
pub fn kind_of(kind: &str) -> (Option<&str>, &str) {
    match kind.split_once(OF) {
        Some((name, kind)) => (Some(name), kind),
        None => (None, kind),
    }
}

/// Campaigns that share a hall; see the [module](self).
#[derive(Debug)]
pub struct Campaigns {
    each: Vec<Loop>,
}

impl Campaigns {
    /// Campaigns whose ids were [shared out](crate::share_out) in this order, or one alone.
    #[must_use]
    pub fn new(each: Vec<Loop>) -> Self {
        Self { each }
    }

    /// Each of them.
    #[must_use]
    pub fn each(&self) -> &[Loop] {
        &self.each
    }

    /// Each of them, to keep.
    #[must_use]
    pub fn into_each(self) -> Vec<Loop> {
        self.each
    }

    /// What a language model is to be asked before one of the campaigns can go on: whose it is, and as
    /// [`Loop::question`] says.
    #[must_use]
    pub fn question(&self, now: Instant) -> Option<(usize, &Proposer, Proposing, Seed)> {
        let mut asks = (0..).zip(&self.each);
        asks.find_map(|(place, own)| {
            let (proposer, question, seed) = own.question(now)?;
            Some((place, proposer, question, seed))
        })
    }

    /// Hands what a language model answered to whom it was asked for.
    pub fn propose(
        &mut self,
        place: usize,
        answer: Result<Proposals, String>,
        now: Instant,
        turn: &mut Turn,
    ) {
        self.with(place, turn, |own, turn| own.propose(answer, now, turn));
    }

    /// One campaign's part of a turn: its notes bear its name where there are several.
    fn with(&mut self, place: usize, turn: &mut Turn, act: impl FnOnce(&mut Loop, &mut Turn)) {
        let alone = self.each.len() == 1;
        let Some(own) = self.each.get_mut(place) else {
            return;
        };
        if alone {
            return act(own, turn);
        }
        let mut part = Turn::default();
        act(own, &mut part);
        let stem = &own.campaign().numbers.stem;
        turn.take_over(part, |kind| format!("{stem}{OF}{kind}"));
    }
}

/// Whether an effect concerns a campaign.
fn concerns(effect: &Effect, campaign: &Campaign) -> bool {
    let numbers = &campaign.numbers;
    match effect {
        Effect::Promise { order, .. }
        | Effect::Refused { order, .. }
        | Effect::StepBegan { order, .. }
        | Effect::StepDone { order, .. }
        | Effect::Reading { order, .. }
        | Effect::WellsFlagged { order, .. }
        | Effect::WellsLost { order, .. }
        | Effect::LagBroken { order, .. }
        | Effect::OrderEnded { order, .. } => numbers.is_order(*order),
        Effect::FaultHandled(fault) => fault.order.is_none_or(|order| numbers.is_order(order)),
        Effect::PersonTask { request, .. } => match request {
            Request::Bring { plate, .. } | Request::TakeAway { plate, .. } => {
                numbers.is_plate(*plate)
            }
            _ => true,
        },
        Effect::PersonTaskDone { .. } => true,
        Effect::Command(_) => false,
    }
}

impl Customer for Campaigns {
    /// All begin at once: their first orders are handed in by weight, so that whoever is first by name does not fill the
    /// plan before the others are there; those with a deadline first.
    fn start(&mut self, now: Instant, turn: &mut Turn) {
        let mut waiting = Vec::with_capacity(self.each.len());
        for place in 0..self.each.len() {
            let mut own = Turn::default();
            self.with(place, &mut own, |own, turn| own.start(now, turn));
            let hall = self.each[place].campaign().hall;
            // What must be done by some time is promised at once or never: nobody's promise may be in its way.
            let cost = match hall.deadline {
                Some(_) => 0,
                None => FINE / u64::from(hall.weight.max(1)),
            };
            waiting.push((cost, VecDeque::from(own.into_parts())));
        }
        let mut had = vec![0; waiting.len()];
        loop {
            let places = (0..waiting.len()).filter(|place| !waiting[*place].1.is_empty());
            let Some(place) = places.min_by_key(|place| (had[*place], *place)) else {
                return;
            };
            let (cost, parts) = &mut waiting[place];
            had[place] += *cost;
            if let Some(part) = parts.pop_front() {
                turn.take_over(part, str::to_owned);
            }
        }
    }

    fn on_effect(&mut self, effect: &Effect, now: Instant, turn: &mut Turn) {
        for place in 0..self.each.len() {
            if concerns(effect, self.each[place].campaign()) {
                self.with(place, turn, |own, turn| own.on_effect(effect, now, turn));
            }
        }
    }

    fn replay_effect(&mut self, effect: &Effect, now: Instant) {
        for own in &mut self.each {
            if concerns(effect, own.campaign()) {
                own.replay_effect(effect, now);
            }
        }
    }

    fn replay_note(&mut self, note: &Note, now: Instant) -> Result<(), String> {
        if let [own] = self.each.as_mut_slice() {
            return own.replay_note(note, now);
        }
        let (name, kind) = kind_of(&note.kind);
        let mut each = self.each.iter_mut();
        let own = each.find(|own| name == Some(&*own.campaign().numbers.stem));
        let own = own.ok_or_else(|| format!("no campaign here makes notes '{}'", note.kind))?;
        let note = Note {
            kind: kind.to_owned(),
            body: note.body.clone(),
        };
        own.replay_note(&note, now)
    }

    fn finished(&self) -> bool {
        self.each.iter().all(Loop::finished)
    }
}
