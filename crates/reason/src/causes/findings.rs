//! What a campaign for causes found: links, effects, and what each plate and each intervention settled.

use cause::belief::{self, Belief};
use cause::{Data, effects};
use std::collections::BTreeMap;

/// Below this probability a link is not named.
const NAMED_MIN: f64 = 0.05;

/// One variable drives another.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The driver.
    pub from: String,
    /// The driven.
    pub to: String,
    /// The probability of the arrow.
    pub probability: f64,
    /// Whether it is the likeliest of forth, back and none.
    pub believed: bool,
    /// Units of the driven for one of the driver, directly, with the 95 % interval; where the likeliest graph
    /// has the arrow.
    pub effect: Option<(f64, (f64, f64))>,
    /// Whether wells so far leave open which way it points.
    pub open: bool,
}

/// What one plate added.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The batch.
    pub batch: u64,
    /// What was done, in how many wells.
    pub arms: BTreeMap<String, u32>,
    /// The probability of the least certain link after it.
    pub certainty: f64,
    /// Everything that was certain after it, in words: arrows, hidden causes, and pairs without either.
    pub certain: Vec<String>,
    /// What of this was not certain before it, pairs without anything left out.
    pub settled: Vec<String>,
    /// Pairs newly known to have no arrow.
    pub ruled_out: u32,
}

/// An intervention, a variable, the difference that it made, and its 95 % interval.
pub type Changed = (String, String, f64, (f64, f64));

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// The variables.
    pub variables: Vec<String>,
    /// Arrows that are believed or not unlikely.
    pub links: Vec<Link>,
    /// Pairs with a hidden common cause, and its probability.
    pub hidden: Vec<(String, String, f64)>,
    /// The probability of the least certain link.
    pub certainty: f64,
    /// The probability that all links and all absences of one are as said.
    pub together: f64,
    /// The probability at which a link counts as settled.
    pub wanted: f64,
    /// Plate by plate.
    pub stages: Vec<Stage>,
    /// What each intervention settled of the likeliest graph, in the order in which they were made.
    pub by_intervention: Vec<(String, Vec<String>)>,
    /// What each intervention did to each variable against wells where nothing was done.
    pub changes: Vec<Changed>,
    /// Wells that counted.
    pub wells: u32,
    /// Wells that were left out, since no likely graph accounts for them.
    pub disturbed: u32,
    /// Greatest difference in any probability between chains of the sample, where graphs were drawn.
    pub disagreement: Option<f64>,
}

impl Findings {
    /// The verdict in one sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let arrows: Vec<String> = self
            .links
            .iter()
            .filter(|link| link.believed)
            .map(|link| arrow(&link.from, &link.to))
            .collect();
        let hidden: Vec<String> = self
            .hidden
            .iter()
            .filter(|(_, _, probability)| *probability > 0.5)
            .map(|(a, b, _)| format!("{a} and {b}"))
            .collect();
        let arrows = if arrows.is_empty() {
            "nothing drives anything else".to_owned()
        } else {
            arrows.join(", ")
        };
        let hidden = if hidden.is_empty() {
            "no two have a hidden common cause".to_owned()
        } else {
            format!("a hidden common cause moves {}", hidden.join("; "))
        };
        format!(
            "{arrows}; {hidden}; each of these, and that there is no other link, has probability {:.3} or more, and all of it together {:.2}",
            self.certainty, self.together
        )
    }
}

fn arrow(from: &str, to: &str) -> String {
    format!("{from} \u{2192} {to}")
}

/// Pairs that are certain: in words, and whether there is anything between them.
fn certain(variables: &[String], belief: &Belief, least: f64) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    for a in 0..variables.len() {
        for b in a + 1..variables.len() {
            let (one, other) = (&variables[a], &variables[b]);
            let (link, probability) = belief.verdict(a, b);
            if probability >= least {
                all.push(match link {
                    belief::Link::Forth => (arrow(one, other), true),
                    belief::Link::Back => (arrow(other, one), true),
                    belief::Link::None => (format!("no arrow between {one} and {other}"), false),
                });
            }
            if belief.hidden(a, b) >= least {
                all.push((format!("a hidden cause of {one} and {other}"), true));
            }
        }
    }
    all
}

pub(super) fn stage(
    batch: u64,
    arms: BTreeMap<String, u32>,
    (variables, belief): (&[String], &Belief),
    least: f64,
    before: Option<&Stage>,
) -> Stage {
    let now = certain(variables, belief, least);
    let fresh = |what: &String| before.is_none_or(|stage| !stage.certain.contains(what));
    let (mut settled, mut ruled_out) = (Vec::new(), 0);
    for (what, linked) in now.iter().filter(|(what, _)| fresh(what)) {
        if *linked {
            settled.push(what.clone());
        } else {
            ruled_out += 1;
        }
    }
    Stage {
        batch,
        arms,
        certainty: belief.certainty(),
        certain: now.into_iter().map(|(what, _)| what).collect(),
        settled,
        ruled_out,
    }
}

pub(super) fn findings(data: &Data, belief: &Belief, stages: &[Stage], wanted: f64) -> Findings {
    let names = data.names();
    let n = names.len();
    let pairs = || (0..n).flat_map(|a| (0..n).filter(move |b| *b != a).map(move |b| (a, b)));
    let links = pairs().filter_map(|(a, b)| {
        let probability = belief.arrow(a, b);
        let believed = belief.verdict(a, b).0 == belief::Link::Forth;
        let effect = belief.effects.iter().find(|e| (e.from, e.to) == (a, b));
        (believed || probability >= NAMED_MIN).then(|| Link {
            from: names[a].clone(),
            to: names[b].clone(),
            probability,
            believed,
            effect: effect.map(|effect| (effect.slope, effect.interval())),
            open: belief.best.dag.parents(b).has(a) && belief.settled.neighbours(a).has(b),
        })
    });
    let hidden = pairs().filter_map(|(a, b)| {
        let probability = belief.hidden(a, b);
        (a < b && probability >= NAMED_MIN)
            .then(|| (names[a].clone(), names[b].clone(), probability))
    });
    let by_intervention =
        belief::settled_by(data, &belief.best.dag)
            .into_iter()
            .map(|(regime, arrows)| {
                let arrows = arrows.iter().map(|(a, b)| arrow(&names[*a], &names[*b]));
                (data.regimes()[regime].name.clone(), arrows.collect())
            });
    let changes = (1..data.regimes().len()).flat_map(|regime| {
        (0..n).filter_map(move |node| {
            let change = effects::change(data, node, regime, 0)?;
            let interval = change.interval();
            let finite = interval.0.is_finite() && interval.1.is_finite();
            finite.then(|| {
                (
                    data.regimes()[regime].name.clone(),
                    names[node].clone(),
                    change.difference,
                    interval,
                )
            })
        })
    });
    Findings {
        variables: names.to_vec(),
        links: links.collect(),
        hidden: hidden.collect(),
        certainty: belief.certainty(),
        together: belief.together(),
        wanted,
        stages: stages.to_vec(),
        by_intervention: by_intervention.collect(),
        changes: changes.collect(),
        wells: data.rows() as u32,
        disturbed: 0,
        disagreement: match belief.method {
            belief::Method::Sampled { disagreement } => Some(disagreement),
            _ => None,
        },
    }
}
