//! What a campaign is, checked: the question, the space, and the assay that turns a point into wells
//! and wells into a response.

use crate::numbers::Numbers;
use crate::prior::Prior;
use crate::proposer::Proposer;
use crate::recipe::Recipe;
use design::{Aim, Space};
use labware::LabwareType;
use protocol::Protocol;
use quantity::{CampaignId, Duration, Seed};
use reason::causes::{Act, CauseOptions, GraphRival};
use reason::rivals::{Hypothesis, RivalOptions, Wells};
use std::sync::Arc;

/// A question put to nature under a budget, ready to be run.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Its id among those that share the hall.
    pub id: CampaignId,
    /// The ids that it gives to orders, plates and liquids.
    pub numbers: Numbers,
    /// Its name.
    pub name: Arc<str>,
    /// One sentence for people.
    pub about: Option<String>,
    /// What should become of the response.
    pub aim: Aim,
    /// What is asked about.
    pub response: Response,
    /// What may be varied.
    pub space: Arc<Space>,
    /// How a point becomes wells, and wells a response.
    pub assay: Assay,
    /// What may be spent.
    pub budget: Budget,
    /// How much of the hall is its, and until when.
    pub hall: HallShare,
    /// Who chooses points.
    pub policy: PolicyChoice,
    /// Hypotheses to be told apart, where that is the question.
    pub rivals: Option<Rivals>,
    /// Who drives whom, where that is the question.
    pub causes: Option<Causes>,
    /// What was written, where that is to be looked at first.
    pub prior: Option<Prior>,
    /// Language models that propose, for wells to judge.
    pub proposers: Vec<Proposer>,
    /// How the answer is made sure of.
    pub confirm: Confirm,
    /// Where every random choice comes from.
    pub seed: Seed,
}

impl Campaign {
    /// Whether hypotheses compete: laws of a response, or graphs of several variables.
    #[must_use]
    pub fn discriminates(&self) -> bool {
        self.rivals.is_some() || self.causes.as_ref().is_some_and(|c| !c.rivals.is_empty())
    }

    /// What competes, and the probability at which one of them is taken for true; empty where nothing does.
    pub(crate) fn contenders(&self) -> (Vec<Contender>, f64) {
        if let Some(rivals) = &self.rivals {
            let each = rivals.hypotheses.iter().map(|own| Contender {
                kind: own.law.kind(),
                says: own.law.text(),
                prior: own.prior,
            });
            return (each.collect(), rivals.options.certainty);
        }
        let Some(causes) = &self.causes else {
            return (Vec::new(), 1.0);
        };
        let names: Vec<String> = causes.variables.iter().map(ToString::to_string).collect();
        let each = causes.rivals.iter().map(|own| Contender {
            kind: "graph",
            says: own.text(&names),
            prior: own.prior,
        });
        (each.collect(), causes.options.certainty)
    }
}

/// A hypothesis as people read it.
pub(crate) struct Contender {
    /// What it is made of.
    pub kind: &'static str,
    /// What it says.
    pub says: String,
    /// Its probability before any well; only ratios count.
    pub prior: f64,
}

/// Hypotheses to be told apart.
#[derive(Clone, Debug)]
pub struct Rivals {
    /// The hypotheses.
    pub hypotheses: Vec<Hypothesis>,
    /// Most points on a plate, where fewer are wanted than fit.
    pub points: Option<u32>,
    /// When one of them is certain.
    pub options: RivalOptions,
}

/// Who drives whom, as a question.
#[derive(Clone, Debug)]
pub struct Causes {
    /// Channels of the reading that counts: the variables.
    pub variables: Vec<Arc<str>>,
    /// Which factor acts on which variable.
    pub acts: Vec<Act>,
    /// Graphs that compete; none where any graph may be right.
    pub rivals: Vec<GraphRival>,
    /// Most points on a plate, where fewer are wanted than fit.
    pub wells: Option<u32>,
    /// How interventions are chosen.
    pub options: CauseOptions,
}

/// The response's name and unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its name.
    pub name: Arc<str>,
    /// Its unit; empty for none.
    pub unit: Arc<str>,
}

/// What may be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Plates whose wells count.
    pub plates: u32,
    /// Plates more, for those that fail quality control or are lost.
    pub spare: u32,
    /// Plates asked for and not yet told, at most.
    pub in_flight: u32,
    /// No plate is asked for later than this after the start, where there is such a limit.
    pub time: Option<Duration>,
}

/// How much of the hall a campaign has, and until when it may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HallShare {
    /// Its share beside others whose orders wait: one with 3 gets three times the machine time of one with 1.
    pub weight: u32,
    /// Every plate is to be finished by this after the start, where there is such a limit: a plate that
    /// can't be is not begun.
    pub deadline: Option<Duration>,
}

/// Which policy chooses points.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyChoice {
    /// Its name in `design`.
    pub name: Arc<str>,
    /// Whether it may ask for a point again.
    pub repeats: bool,
    /// How much computing an ask may spend.
    pub effort: design::Effort,
}

/// The confirmation at the end: the best candidates are measured again, side by side, so that the
/// answer is not the luckiest well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// How many candidates; 0 for no confirmation.
    pub candidates: u32,
    /// Wells for each.
    pub replicates: u32,
}

/// How a point becomes wells, and wells become a response.
#[derive(Clone, Debug)]
pub struct Assay {
    /// What every plate goes through.
    pub protocol: Arc<Protocol>,
    /// What goes into a well.
    pub recipe: Recipe,
    /// Wells for each point (for each dose of it, with a series).
    pub replicates: u32,
    /// Positive and negative controls.
    pub controls: Vec<Control>,
    /// Wells without the parts that the recipe leaves out of blanks.
    pub blanks: u32,
    /// Whether wells on the rim are used.
    pub rim: Rim,
    /// Blocks of neighbouring columns; controls are spread evenly over them, and replicates of a
    /// point go to different ones.
    pub blocks: u32,
    /// Each point is measured at several doses of one reagent.
    pub series: Option<Series>,
    /// From readings to responses.
    pub analysis: Analysis,
    /// What a plate must show for its wells to count.
    pub limits: Limits,
}

impl Assay {
    /// The labware that plates are.
    #[must_use]
    pub fn labware(&self) -> &Arc<LabwareType> {
        &self.protocol.labware
    }

    /// Wells that one point takes.
    #[must_use]
    pub fn wells_per_point(&self) -> usize {
        self.replicates as usize * self.series.as_ref().map_or(1, |series| series.doses.len())
    }

    /// Wells that controls and blanks take.
    #[must_use]
    pub fn wells_for_controls(&self) -> usize {
        (self.blanks
            + self
                .controls
                .iter()
                .map(|control| control.wells)
                .sum::<u32>()) as usize
    }

    /// What those who learn the error of wells are to know of them.
    #[must_use]
    pub fn known_errors(&self) -> Wells {
        Wells {
            each: self.replicates,
            doses: self.recipe.doses(),
        }
    }

    /// Wells that are used at all.
    #[must_use]
    pub fn wells_usable(&self) -> usize {
        let labware = self.labware();
        labware
            .each_well()
            .filter(|well| self.rim == Rim::Used || !labware.is_edge(*well))
            .count()
    }

    /// Points that one plate holds.
    #[must_use]
    pub fn points_per_plate(&self) -> usize {
        self.wells_usable()
            .saturating_sub(self.wells_for_controls())
            / self.wells_per_point().max(1)
    }
}

/// What becomes of the wells on the rim, which dry out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rim {
    /// They are used like any others.
    Used,
    /// They stay empty.
    Empty,
}

/// Which end of the scale a control stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ControlKind {
    /// Full effect.
    Positive,
    /// No effect.
    Negative,
}

impl ControlKind {
    /// The word that files and reports use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ControlKind::Positive => "positive",
            ControlKind::Negative => "negative",
        }
    }
}

/// A control on every plate.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// Which end of the scale.
    pub kind: ControlKind,
    /// Wells on each plate.
    pub wells: u32,
    /// What is in them.
    pub content: ControlContent,
}

/// What is in the wells of a control.
#[derive(Clone, Debug, PartialEq)]
pub enum ControlContent {
    /// What the recipe makes of these levels, which may lie outside the space; one per factor, with
    /// nothing of the factors that are `None`.
    Levels(Vec<Option<design::Level>>),
    /// The recipe's fixed parts, and so much of one reagent.
    Reagent(quantity::ReagentId, quantity::Volume),
}

/// Doses at which each point is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The doses, ascending, in the unit of `stock`.
    pub doses: Vec<f64>,
    /// The unit of the doses, for people.
    pub unit: Arc<str>,
    /// What of the fitted curve is the response.
    pub take: Take,
}

/// What of a dose-response curve is the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// The decimal logarithm of the dose half way.
    LogEd50,
    /// The level at dose zero.
    Top,
    /// The level at a great dose.
    Bottom,
    /// The slope.
    Slope,
}

/// From readings to responses.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// The reading of the protocol that counts.
    pub reading: Arc<str>,
    /// The channel of that reading that counts, where it has several; the first one otherwise.
    pub channel: Option<Arc<str>>,
    /// A reading that is subtracted, well by well.
    pub baseline: Option<Arc<str>>,
    /// What values are set in relation to.
    pub normalise: Normalise,
    /// How position effects are taken out.
    pub position: Position,
}

/// What values are set in relation to. Means are robust: medians of the control wells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalise {
    /// Nothing: the value as it was read.
    None,
    /// x - blank.
    Blank,
    /// (x - negative) / (positive - negative).
    Controls,
    /// (x - blank) / (negative - blank).
    Negative,
    /// 1 - (x - blank) / (negative - blank).
    Inhibition,
}

/// How position effects are taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Not at all.
    None,
    /// Gradients and rim fitted to the controls ([`crate::analysis::position::Trend`]).
    Trend,
    /// Median polish over the whole plate; for plates on which most wells are alike.
    MedianPolish,
}

/// What a plate must show for its wells to count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Smallest Z′, where positive and negative controls are there.
    pub z_prime_min: Option<f64>,
    /// Greatest coefficient of variation of the negative controls, as read.
    pub control_cv_max: Option<f64>,
    /// Greatest pooled standard deviation of replicates, in units of the response.
    pub replicate_sd_max: Option<f64>,
    /// Smallest share of the plate's wells that must give a value.
    pub valid_share_min: f64,
}
