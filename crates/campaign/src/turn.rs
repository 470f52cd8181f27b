//! A campaign as a customer of the conductor: the loop itself.

use crate::answer;
use crate::assay::Campaign;
use crate::causes;
use crate::next::Next;
use crate::proposer::{self, Proposed, Proposer};
use crate::record::{Answer, Record};
use crate::state::State;
use conductor::{Customer, Effect, Note, Turn};
use design::{Aim, Options, Policy, PolicyError, Question};
use quantity::{Instant, Seed};
use reason::language::Proposals;
use reason::language::propose::Proposing;
use reason::rivals::{RivalOptions, RivalPolicy};
use std::sync::Arc;

/// A campaign that runs.
pub struct Loop {
    pub(crate) campaign: Arc<Campaign>,
    pub(crate) policy: Box<dyn Policy>,
    pub(crate) state: State,
    /// Something that can't happen did: the run must not go on.
    pub(crate) broken: Option<String>,
}

impl std::fmt::Debug for Loop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loop of {} with {:?}", self.campaign.name, self.state)
    }
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
            let policy = causes::asked(&campaign, causes);
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
    pub(crate) fn keep(&mut self, record: &Record, now: Instant, turn: &mut Turn) {
        turn.note(record.kind(), record.body());
        if let Err(why) = self
            .state
            .apply(record, &self.campaign, &mut *self.policy, now)
        {
            self.broken.get_or_insert(why);
        }
    }

    /// Does whatever there is room for.
    pub(crate) fn go(&mut self, now: Instant, turn: &mut Turn) {
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

    /// The proposer that is to be asked before new points are chosen.
    pub(crate) fn proposer(&self) -> Option<&Proposer> {
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

    pub(crate) fn close(&mut self, early: Option<String>, now: Instant, turn: &mut Turn) {
        let answer = answer::answer(&self.campaign, &self.state, &*self.policy, early);
        self.keep(&Record::Answered(answer), now, turn);
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
