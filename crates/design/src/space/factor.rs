//! What may be varied.

use super::point::Level;

/// A name that is varied, with its unit and what it can be set to.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// The name, unique in the space.
    pub name: String,
    /// The unit of numeric levels as people write it; empty for none.
    pub unit: String,
    /// What the factor can be set to.
    pub kind: FactorKind,
}

/// What a factor can be set to.
#[derive(Clone, Debug, PartialEq)]
pub enum FactorKind {
    /// Any number from `low` to `high`, both included. `log` spreads points evenly in the logarithm.
    Continuous {
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
        /// Even in the logarithm; needs `low` above zero.
        log: bool,
    },
    /// Any whole number from `low` to `high`, both included.
    Integer {
        /// Lowest value.
        low: i64,
        /// Highest value.
        high: i64,
    },
    /// One of a few numbers, whose distances mean something.
    Ordinal {
        /// The numbers, strictly ascending.
        levels: Vec<f64>,
    },
    /// One of a few names.
    Categorical {
        /// The names, each once.
        levels: Vec<String>,
        /// For each level a vector of numbers of the same length that says what the levels have in
        /// common (a computed property of a ligand, say).
        descriptors: Option<Vec<Vec<f64>>>,
    },
    /// A word over an alphabet.
    Sequence {
        /// The letters, each once; at most 256.
        alphabet: Vec<char>,
        /// Fewest letters in the word.
        shortest: usize,
        /// Most letters in the word.
        longest: usize,
    },
    /// A share of a mixture: all members of one `group` add up to 1.
    Mixture {
        /// The name of the mixture that this is a member of.
        group: String,
        /// Lowest share, at least 0.
        low: f64,
        /// Highest share, at most 1.
        high: f64,
    },
}

impl Factor {
    /// A continuous factor.
    #[must_use]
    pub fn continuous(name: &str, unit: &str, low: f64, high: f64) -> Factor {
        let kind = FactorKind::Continuous {
            low,
            high,
            log: false,
        };
        Factor {
            name: name.into(),
            unit: unit.into(),
            kind,
        }
    }

    /// A continuous factor spread evenly in the logarithm.
    #[must_use]
    pub fn log(name: &str, unit: &str, low: f64, high: f64) -> Factor {
        let kind = FactorKind::Continuous {
            low,
            high,
            log: true,
        };
        Factor {
            name: name.into(),
            unit: unit.into(),
            kind,
        }
    }

    /// A whole number.
    #[must_use]
    pub fn integer(name: &str, low: i64, high: i64) -> Factor {
        Factor {
            name: name.into(),
            unit: String::new(),
            kind: FactorKind::Integer { low, high },
        }
    }

    /// One of a few numbers, given in any order.
    #[must_use]
    pub fn ordinal(name: &str, unit: &str, levels: &[f64]) -> Factor {
        let mut levels = levels.to_vec();
        levels.sort_by(f64::total_cmp);
        Factor {
            name: name.into(),
            unit: unit.into(),
            kind: FactorKind::Ordinal { levels },
        }
    }

    /// One of a few names.
    #[must_use]
    pub fn categorical(name: &str, levels: &[&str]) -> Factor {
        let levels = levels.iter().map(|&level| level.into()).collect();
        let kind = FactorKind::Categorical {
            levels,
            descriptors: None,
        };
        Factor {
            name: name.into(),
            unit: String::new(),
            kind,
        }
    }

    /// A word of `length` letters over `alphabet`.
    #[must_use]
    pub fn sequence(name: &str, alphabet: &str, length: usize) -> Factor {
        let alphabet = alphabet.chars().collect();
        let kind = FactorKind::Sequence {
            alphabet,
            shortest: length,
            longest: length,
        };
        Factor {
            name: name.into(),
            unit: String::new(),
            kind,
        }
    }

    /// A member of a mixture, with any share.
    #[must_use]
    pub fn mixture(name: &str, group: &str) -> Factor {
        let kind = FactorKind::Mixture {
            group: group.into(),
            low: 0.0,
            high: 1.0,
        };
        Factor {
            name: name.into(),
            unit: String::new(),
            kind,
        }
    }

    /// The lowest and highest number, for factors that are numbers.
    #[must_use]
    pub fn range(&self) -> Option<(f64, f64)> {
        match &self.kind {
            FactorKind::Continuous { low, high, .. } | FactorKind::Mixture { low, high, .. } => {
                Some((*low, *high))
            }
            FactorKind::Integer { low, high } => Some((*low as f64, *high as f64)),
            FactorKind::Ordinal { levels } => Some((*levels.first()?, *levels.last()?)),
            FactorKind::Categorical { .. } | FactorKind::Sequence { .. } => None,
        }
    }

    /// Whether the level is of this factor's kind and inside its bounds. Bounds of real factors are
    /// held to a billionth of the range.
    #[must_use]
    pub fn contains(&self, level: &Level) -> bool {
        match (&self.kind, level) {
            (
                FactorKind::Continuous { low, high, .. } | FactorKind::Mixture { low, high, .. },
                Level::Real(value),
            ) => {
                let slack = BOUND_SLACK * (high - low);
                value.is_finite() && *value >= low - slack && *value <= high + slack
            }
            (FactorKind::Ordinal { levels }, Level::Real(value)) => levels.contains(value),
            (FactorKind::Integer { low, high }, Level::Integer(value)) => {
                (low..=high).contains(&value)
            }
            (FactorKind::Categorical { levels, .. }, Level::Category(index)) => {
                *index < levels.len()
            }
            (
                FactorKind::Sequence {
                    alphabet,
                    shortest,
                    longest,
                },
                Level::Sequence(letters),
            ) => {
                (*shortest..=*longest).contains(&letters.len())
                    && letters
                        .iter()
                        .all(|&letter| usize::from(letter) < alphabet.len())
            }
            _ => false,
        }
    }

    /// The number of levels, where it is finite; infinity where it is beyond counting.
    #[must_use]
    pub fn count(&self) -> Option<f64> {
        match &self.kind {
            FactorKind::Continuous { low, high, .. } | FactorKind::Mixture { low, high, .. } => {
                (low == high).then_some(1.0)
            }
            FactorKind::Integer { low, high } => Some(*high as f64 - *low as f64 + 1.0),
            FactorKind::Ordinal { levels } => Some(levels.len() as f64),
            FactorKind::Categorical { levels, .. } => Some(levels.len() as f64),
            FactorKind::Sequence {
                alphabet,
                shortest,
                longest,
            } => Some(
                (*shortest..=*longest)
                    .map(|length| (alphabet.len() as f64).powf(length as f64))
                    .sum(),
            ),
        }
    }

    /// What the factor takes, for messages.
    #[must_use]
    pub fn expected(&self) -> String {
        let unit = if self.unit.is_empty() {
            String::new()
        } else {
            format!(" {}", self.unit)
        };
        match &self.kind {
            FactorKind::Continuous { low, high, .. } | FactorKind::Mixture { low, high, .. } => {
                format!("a number from {low} to {high}{unit}")
            }
            FactorKind::Integer { low, high } => format!("a whole number from {low} to {high}"),
            FactorKind::Ordinal { levels } => format!("one of {}{unit}", some(levels)),
            FactorKind::Categorical { levels, .. } => format!("one of {}", some(levels)),
            FactorKind::Sequence {
                alphabet,
                shortest,
                longest,
            } => {
                let letters: String = alphabet.iter().collect();
                if shortest == longest {
                    format!("{shortest} letters of {letters}")
                } else {
                    format!("{shortest} to {longest} letters of {letters}")
                }
            }
        }
    }
}

/// Share of a factor's range by which a real level may lie outside and still count as inside:
/// rounding in a text or a unit must not refuse a bound.
const BOUND_SLACK: f64 = 1e-9;

fn some<T: std::fmt::Display>(levels: &[T]) -> String {
    let mut text: Vec<String> = levels.iter().take(8).map(ToString::to_string).collect();
    if levels.len() > 8 {
        text.push(format!("... ({} in all)", levels.len()));
    }
    text.join(", ")
}

impl Factor {
    /// Every level, for a factor that has finitely many; in ascending order.
    #[must_use]
    pub fn levels(&self) -> Option<Vec<Level>> {
        match &self.kind {
            FactorKind::Continuous { low, high, .. } | FactorKind::Mixture { low, high, .. } => {
                (low == high).then(|| vec![Level::Real(*low)])
            }
            FactorKind::Integer { low, high } => Some((*low..=*high).map(Level::Integer).collect()),
            FactorKind::Ordinal { levels } => {
                Some(levels.iter().copied().map(Level::Real).collect())
            }
            FactorKind::Categorical { levels, .. } => {
                Some((0..levels.len()).map(Level::Category).collect())
            }
            FactorKind::Sequence {
                alphabet,
                shortest,
                longest,
            } => {
                let mut words: Vec<Vec<u8>> = vec![Vec::new()];
                let mut all = Vec::new();
                for length in 0..=*longest {
                    if length >= *shortest {
                        all.extend(words.iter().cloned().map(Level::Sequence));
                    }
                    if length < *longest {
                        words = words
                            .iter()
                            .flat_map(|word| {
                                (0..alphabet.len()).map(move |letter| {
                                    let mut longer = word.clone();
                                    longer.push(letter as u8);
                                    longer
                                })
                            })
                            .collect();
                    }
                }
                Some(all)
            }
        }
    }
}
