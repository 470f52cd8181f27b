//! What a rival is made of: a formula, a mechanism that is known by name, or any smooth response.

use super::surrogate::Surrogate;
use super::{Formula, Input, Scratch};
use mechanism::Mechanism;

/// Where a number that a law takes comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// A factor, by its place in the space.
    Factor(usize),
    /// An open parameter, by its place in the hypothesis.
    Parameter(usize),
    /// It is this.
    Fixed(f64),
}

/// A mechanism whose inputs and parameters are tied to factors, open parameters and numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Tied {
    /// The mechanism.
    pub mechanism: &'static Mechanism,
    /// Where each of its inputs comes from, in its order.
    pub inputs: Vec<Source>,
    /// Where each of its parameters comes from, in its order.
    pub parameters: Vec<Source>,
}

/// What a rival is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Law {
    /// A formula, and where each of its names comes from.
    Formula(Formula, Vec<Source>),
    /// A mechanism of the library.
    Mechanism(Tied),
    /// Some smooth response, whichever.
    Surrogate(Surrogate),
}

impl Law {
    /// The law in one line.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Law::Formula(formula, _) => formula.text().to_owned(),
            Law::Mechanism(tied) => tied.mechanism.about.to_owned(),
            Law::Surrogate(surrogate) => surrogate.text(),
        }
    }

    /// Its kind, as a campaign file names it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Law::Formula(..) => "formula",
            Law::Mechanism(_) => "mechanism",
            Law::Surrogate(_) => "surrogate",
        }
    }

    /// Whether its parameters determine the response: all but a surrogate.
    #[must_use]
    pub fn is_determined(&self) -> bool {
        !matches!(self, Law::Surrogate(_))
    }

    /// The responses at many points, given as a column for each factor, where `at` is the value of each open parameter.
    /// Not a number where the law has none, and everywhere for one that parameters don't determine.
    pub(super) fn responses(
        &self,
        columns: &[Vec<f64>],
        at: impl Fn(usize) -> f64,
        out: &mut [f64],
        scratch: &mut Scratch,
    ) {
        match self {
            Law::Formula(formula, names) => {
                let input = |name: usize| match names[name] {
                    Source::Factor(factor) => Input::Rows(&columns[factor]),
                    Source::Parameter(own) => Input::Same(at(own)),
                    Source::Fixed(value) => Input::Same(value),
                };
                formula.values(input, out, scratch);
            }
            Law::Mechanism(tied) => {
                let value = |source: &Source, row: usize| match *source {
                    Source::Factor(factor) => columns[factor][row],
                    Source::Parameter(own) => at(own),
                    Source::Fixed(value) => value,
                };
                let parameters: Vec<f64> = tied.parameters.iter().map(|s| value(s, 0)).collect();
                let mut inputs = vec![0.0; tied.inputs.len()];
                for (row, out) in out.iter_mut().enumerate() {
                    for (input, source) in inputs.iter_mut().zip(&tied.inputs) {
                        *input = value(source, row);
                    }
                    *out = tied.mechanism.response(&inputs, &parameters);
                }
            }
            Law::Surrogate(_) => out.fill(f64::NAN),
        }
    }
}
