//! One setting of all factors, and its text.

use std::cmp::Ordering;

use super::factor::{Factor, FactorKind};

/// The setting of one factor.
#[derive(Clone, Debug, PartialEq)]
pub enum Level {
    /// A continuous, ordinal or mixture factor: the value in the factor's own unit.
    Real(f64),
    /// An integer factor.
    Integer(i64),
    /// A categorical factor: the index of the level.
    Category(usize),
    /// A sequence: for each site the index of the letter in the alphabet.
    Sequence(Vec<u8>),
}

impl Level {
    /// The number in the factor's unit, where the level is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Level::Real(value) => Some(*value),
            Level::Integer(value) => Some(*value as f64),
            Level::Category(_) | Level::Sequence(_) => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Level::Real(_) => 0,
            Level::Integer(_) => 1,
            Level::Category(_) => 2,
            Level::Sequence(_) => 3,
        }
    }
}

impl Eq for Level {}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Level {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            // Adding zero makes -0.0 and 0.0 the same setting.
            (Level::Real(a), Level::Real(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            (Level::Integer(a), Level::Integer(b)) => a.cmp(b),
            (Level::Category(a), Level::Category(b)) => a.cmp(b),
            (Level::Sequence(a), Level::Sequence(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// One setting of all factors, in the order of the space.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point(pub Vec<Level>);

impl Point {
    /// The levels, in the order of the space's factors.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.0
    }
}

/// Why a text is no level of a factor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{factor}: found {found}, expected {expected}")]
pub struct LevelError {
    /// The factor's name.
    pub factor: String,
    /// The text that was found.
    pub found: String,
    /// What the factor takes, and the nearest right text where there is one.
    pub expected: String,
}

impl Factor {
    /// The text of a level: a number, a level's name, or the letters of a sequence.
    #[must_use]
    pub fn print(&self, level: &Level) -> String {
        match (&self.kind, level) {
            (FactorKind::Categorical { levels, .. }, Level::Category(index)) => levels
                .get(*index)
                .cloned()
                .unwrap_or_else(|| format!("level {index}")),
            (FactorKind::Sequence { alphabet, .. }, Level::Sequence(letters)) => letters
                .iter()
                .map(|&letter| alphabet.get(usize::from(letter)).copied().unwrap_or('?'))
                .collect(),
            (_, Level::Real(value)) => format!("{value}"),
            (_, Level::Integer(value)) => format!("{value}"),
            (_, Level::Category(index)) => format!("level {index}"),
            (_, Level::Sequence(letters)) => format!("{letters:?}"),
        }
    }

    /// The level that a text names. Bounds are checked too.
    ///
    /// # Errors
    /// When the text is no number, no level's name, or holds a letter outside the alphabet, or when
    /// the level lies outside the factor.
    pub fn parse(&self, text: &str) -> Result<Level, LevelError> {
        let refuse = |expected: String| LevelError {
            factor: self.name.clone(),
            found: if text.is_empty() {
                "nothing".into()
            } else {
                format!("`{text}`")
            },
            expected,
        };
        let text = text.trim();
        let level = match &self.kind {
            FactorKind::Continuous { .. } | FactorKind::Mixture { .. } => {
                Level::Real(text.parse().map_err(|_| refuse(self.expected()))?)
            }
            FactorKind::Ordinal { levels } => {
                let value: f64 = text.parse().map_err(|_| refuse(self.expected()))?;
                // A level that went through a text or another unit may differ in its last digits.
                let nearest = levels
                    .iter()
                    .copied()
                    .min_by(|a, b| (a - value).abs().total_cmp(&(b - value).abs()));
                match nearest {
                    Some(level) if (level - value).abs() <= 1e-9 * level.abs().max(1e-300) => {
                        Level::Real(level)
                    }
                    _ => return Err(refuse(self.expected())),
                }
            }
            FactorKind::Integer { .. } => {
                let value: f64 = text.parse().map_err(|_| refuse(self.expected()))?;
                if value.fract() != 0.0 || value.abs() > 9e15 {
                    return Err(refuse(self.expected()));
                }
                Level::Integer(value as i64)
            }
            FactorKind::Categorical { levels, .. } => {
                match levels.iter().position(|level| level == text) {
                    Some(index) => Level::Category(index),
                    None => {
                        let near = quantity::nearest(text, levels.iter().map(String::as_str));
                        let hint =
                            near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                        return Err(refuse(format!("{}{hint}", self.expected())));
                    }
                }
            }
            FactorKind::Sequence { alphabet, .. } => {
                let mut letters = Vec::with_capacity(text.len());
                for letter in text.chars() {
                    match alphabet.iter().position(|&known| known == letter) {
                        Some(index) => letters.push(index as u8),
                        None => return Err(refuse(self.expected())),
                    }
                }
                Level::Sequence(letters)
            }
        };
        if self.contains(&level) {
            Ok(level)
        } else {
            Err(refuse(self.expected()))
        }
    }
}
/// The point with these factors at these levels.
pub(crate) fn moved(mut point: Point, held: &[(usize, Level)]) -> Point {
    for (factor, level) in held {
        if let Some(place) = point.0.get_mut(*factor) {
            *place = level.clone();
        }
    }
    point
}
