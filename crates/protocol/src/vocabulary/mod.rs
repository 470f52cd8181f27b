//! The words for what can be done to a plate, and what each of them needs.
//!
//! A protocol says `do = "incubate"`; an instrument offers `incubate`; the twin does it. This is the
//! one list of such words. Ranges are what any instrument of the kind could do; an instrument's own
//! limits are narrower and stand in the lab file.

use crate::Repeat;
use Form::{Integer, OneOf, Quantity};
use Reading::{Always, Never, Sometimes};
use Repeat::{Checkable, Irreversible, Repeatable};
use labware::Cover;
use quantity::{Kind, nearest};
use std::fmt::Write as _;
use words::ANY;
pub use words::{LONGEST, WORDS};

mod words;

/// What values a parameter may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// A quantity of this kind, from, to.
    Quantity(Kind, &'static str, &'static str),
    /// A whole number, from, to.
    Integer(i64, i64),
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// Whether a parameter must be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// It must.
    Required,
    /// It may be left out, and then there is none.
    Optional,
    /// It may be left out, and then it is this.
    Default(&'static str),
}

/// A parameter of a capability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Param {
    /// Its key in protocol files.
    pub name: &'static str,
    /// What values it may have.
    pub form: Form,
    /// Whether it must be given.
    pub given: Given,
    /// What it is, for people.
    pub about: &'static str,
}

/// Whether an operation measures something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It does not.
    Never,
    /// It does if the step names a reading.
    Sometimes,
    /// That is what it is for.
    Always,
}

/// A capability: something that can be done to a plate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Word {
    /// Its name in files.
    pub name: &'static str,
    /// What it does, for people.
    pub about: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// What may be done with one in doubt.
    pub repeat: Repeat,
    /// It puts liquid into wells, so each order brings a worklist.
    pub adds_liquid: bool,
    /// It takes all liquid out of the wells at its end.
    pub empties: bool,
    /// Whether it measures.
    pub reading: Reading,
    /// The covers with which it can be done at all.
    pub covers: &'static [Cover],
    /// The cover that it leaves, if it changes it.
    pub leaves: Option<Cover>,
    /// Parameters that only make sense together.
    pub together: Option<(&'static str, &'static str)>,
}

/// What every plate gets at its end without being asked: it goes to a waste.
pub const DISPOSE: &str = "dispose";

/// The word with this name.
#[must_use]
pub fn word(name: &str) -> Option<&'static Word> {
    WORDS.iter().find(|word| word.name == name)
}

/// The word that is nearest to a name.
#[must_use]
pub fn nearest_word(name: &str) -> Option<&'static str> {
    nearest(name, WORDS.iter().map(|word| word.name))
}

impl Word {
    /// The parameter with this name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|param| param.name == name)
    }
}

impl Form {
    /// What a person would write: `a temperature from 0 °C to 100 °C`.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Quantity(kind, from, to) => format!("{} from {from} to {to}", kind.described()),
            Integer(from, to) => format!("a whole number from {from} to {to}"),
            OneOf(words) => format!("one of {}", words.join(", ")),
        }
    }
}

/// The vocabulary as Markdown: what `protocols/README.md` ends with.
#[must_use]
pub fn reference() -> String {
    let mut out = String::new();
    for word in WORDS {
        let _ = writeln!(out, "### `{}`\n\n{}.", word.name, sentence(word.about));
        let mut facts = Vec::new();
        if word.adds_liquid {
            facts.push("each order brings a worklist".to_owned());
        }
        match word.reading {
            Always => facts.push("measures".to_owned()),
            Sometimes => facts.push("measures if the step names a `reading`".to_owned()),
            Never => {}
        }
        if word.covers.len() < ANY.len() {
            let covers: Vec<&str> = word.covers.iter().map(|c| c.adjective()).collect();
            facts.push(format!("the plate must be {}", covers.join(" or ")));
        }
        if let Some(cover) = word.leaves {
            facts.push(format!("leaves it {}", cover.adjective()));
        }
        facts.push(
            match word.repeat {
                Repeatable => "may be repeated",
                Checkable => "in doubt it is looked at",
                Irreversible => "never done twice: in doubt its wells are lost",
            }
            .to_owned(),
        );
        let _ = writeln!(out, "{}.\n", sentence(&facts.join("; ")));
        for param in word.params {
            let given = match param.given {
                Given::Required => "required".to_owned(),
                Given::Optional => "may be left out".to_owned(),
                Given::Default(text) => format!("{text} if left out"),
            };
            let form = param.form.describe();
            let _ = writeln!(out, "- `{}`: {} ({form}; {given})", param.name, param.about);
        }
        if !word.params.is_empty() {
            out.push('\n');
        }
    }
    out
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sound() {
        for (index, word) in WORDS.iter().enumerate() {
            assert!(WORDS[..index].iter().all(|w| w.name != word.name));
            assert!(!word.covers.is_empty() && !word.about.is_empty());
            for param in word.params {
                if let Quantity(kind, from, to) = param.form {
                    let (from, to) = (kind.parse(from).unwrap(), kind.parse(to).unwrap());
                    assert!(from < to, "{}.{}", word.name, param.name);
                    if let Given::Default(text) = param.given {
                        assert!((from..=to).contains(&kind.parse(text).unwrap()));
                    }
                }
                if let (OneOf(words), Given::Default(text)) = (param.form, param.given) {
                    assert!(words.contains(&text));
                }
                if let (Integer(from, to), Given::Default(text)) = (param.form, param.given) {
                    assert!((from..=to).contains(&text.parse().unwrap()));
                }
            }
            if let Some((a, b)) = word.together {
                assert!(word.param(a).is_some() && word.param(b).is_some());
            }
        }
    }

    #[test]
    fn names_are_found_or_nearly() {
        assert_eq!(word("incubate").unwrap().repeat, Repeatable);
        assert_eq!(nearest_word("inkubate"), Some("incubate"));
        assert!(word("dance").is_none());
    }
}
