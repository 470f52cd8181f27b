//! Who hands orders in and is told what became of them.

use crate::{Effect, Input};
use quantity::Instant;

/// What a customer wants kept in the journal: its own events, in its own words.
///
/// The shell prefixes the kind with `note.` so that nobody else's events are met there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// A short tag that tells the customer how to read the body.
    pub kind: String,
    /// The event, by convention one JSON value in UTF-8.
    pub body: Vec<u8>,
}

/// What a customer does at one moment: notes and inputs, kept in the order in which they are made.
#[derive(Debug, Default)]
pub struct Turn {
    pub(crate) deeds: Vec<Deed>,
}

#[derive(Debug)]
pub(crate) enum Deed {
    Note(Note),
    Input(Input),
}

impl Turn {
    /// Keeps an event in the journal.
    pub fn note(&mut self, kind: impl Into<String>, body: impl Into<Vec<u8>>) {
        self.deeds.push(Deed::Note(Note {
            kind: kind.into(),
            body: body.into(),
        }));
    }

    /// Hands an input to the conductor: `Submit` or `Cancel`. It is taken after this call has
    /// returned; its effects come to the customer like any others.
    pub fn input(&mut self, input: Input) {
        self.deeds.push(Deed::Input(input));
    }

    /// Takes over what one of several did in a turn of its own, with the kinds of its notes changed so that it is known
    /// whose they are.
    pub fn take_over(&mut self, other: Turn, kind: impl Fn(&str) -> String) {
        self.deeds
            .extend(other.deeds.into_iter().map(|deed| match deed {
                Deed::Note(note) => Deed::Note(Note {
                    kind: kind(&note.kind),
                    body: note.body,
                }),
                input => input,
            }));
    }

    /// The turn in parts, each up to an input; what follows the last input is a part as well.
    #[must_use]
    pub fn into_parts(self) -> Vec<Turn> {
        let mut parts = vec![Turn::default()];
        for deed in self.deeds {
            let ends = matches!(deed, Deed::Input(_));
            if let Some(last) = parts.last_mut() {
                last.deeds.push(deed);
            }
            if ends {
                parts.push(Turn::default());
            }
        }
        parts.retain(|part| !part.deeds.is_empty());
        parts
    }

    /// What was done in this turn so far, for tests of customers: the inputs.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.deeds.iter().filter_map(|deed| match deed {
            Deed::Input(input) => Some(input),
            Deed::Note(_) => None,
        })
    }

    /// What was done in this turn so far, for tests of customers: the notes.
    pub fn notes(&self) -> impl Iterator<Item = &Note> {
        self.deeds.iter().filter_map(|deed| match deed {
            Deed::Note(note) => Some(note),
            Deed::Input(_) => None,
        })
    }
}

/// Hands orders in, and reacts to what becomes of them: a campaign, or several.
///
/// An input, its effects, and the notes and inputs of the customer that follow from them (and
/// their effects, and so on) are one group in the journal, written whole or not at all, in exactly
/// the order in which the customer was told of them or made them. So a restart never meets half a
/// reaction: it calls [`replay_effect`](Customer::replay_effect) and
/// [`replay_note`](Customer::replay_note) in that same order, and then goes on live where it ended.
/// The effects of an input made in a reaction come after those that are waiting already.
///
/// A customer's state must follow from the effects and its notes alone. What it decided with much
/// computing it keeps in notes, so that a restart does not compute it again.
pub trait Customer {
    /// A run begins that has no journal yet. Never called on a restart.
    fn start(&mut self, now: Instant, turn: &mut Turn);

    /// Something happened. Called for every effect but commands, in order.
    fn on_effect(&mut self, effect: &Effect, now: Instant, turn: &mut Turn);

    /// On a restart: an effect that was there before, in the order of the journal. The reaction
    /// to it is in the journal too and must not be made again.
    fn replay_effect(&mut self, effect: &Effect, now: Instant);

    /// On a restart: a note that was made before, in the order of the journal.
    ///
    /// # Errors
    /// The note is not one that this customer, with these files, would have made: says why.
    fn replay_note(&mut self, note: &Note, now: Instant) -> Result<(), String>;

    /// Whether the customer will hand in nothing more of its own accord, whatever comes. The run
    /// ends when this is so and every order has ended.
    fn finished(&self) -> bool;
}
