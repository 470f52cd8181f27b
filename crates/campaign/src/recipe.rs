//! How a point becomes liquid in a well.

use crate::reagent::Shelf;
use design::{FactorKind, Level, Point, Space};
use quantity::{ReagentId, Volume};
use std::sync::Arc;

/// Which wells a part goes into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Into {
    /// Into the wells of points.
    pub points: bool,
    /// Into blanks.
    pub blanks: bool,
    /// Into controls.
    pub controls: bool,
}

/// One addition to a well.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The worklist of the protocol that it belongs to.
    pub worklist: Arc<str>,
    /// Of what: the liquid, or the first member of a family.
    pub reagent: ReagentId,
    /// How much.
    pub amount: Amount,
    /// Into which wells.
    pub into: Into,
}

/// How much of a part goes into a well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// Enough for the factor's level to be the concentration in the full well.
    Dose {
        /// Which factor.
        factor: usize,
        /// The stock's concentration, in the factor's unit.
        stock: f64,
    },
    /// The factor's share of a volume.
    Share {
        /// Which factor.
        factor: usize,
        /// The volume that all shares make up.
        volume: Volume,
    },
    /// The factor's level chooses the member of the family.
    Choice {
        /// Which factor.
        factor: usize,
        /// How much.
        volume: Volume,
    },
    /// The point, a row of the candidate table, is the member of the family.
    Member {
        /// How much.
        volume: Volume,
    },
    /// Enough for the dose of the series.
    Series {
        /// The stock's concentration, in the unit of the doses.
        stock: f64,
    },
    /// Always the same.
    Fixed {
        /// How much.
        volume: Volume,
    },
    /// What the other parts leave of the full well.
    Fill,
}

/// What goes into a well.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The liquids.
    pub shelf: Shelf,
    /// The volume of a full well: doses are concentrations in it, and a filler fills up to it.
    pub volume: Volume,
    /// The additions, in the order in which they are dispensed.
    pub parts: Vec<Part>,
    /// Doses and shares are dispensed in whole drops of this size.
    pub drop: Volume,
    /// What is varied.
    pub space: Arc<Space>,
}

/// What a well is for, as the recipe sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Purpose<'a> {
    /// A point, at this dose of the series.
    Point(&'a Point, Option<f64>),
    /// A control made of levels.
    Levels(&'a [Option<Level>]),
    /// A control made of one more reagent, dispensed with the first part.
    Extra(ReagentId, Volume),
    /// A blank.
    Blank,
}

/// Why a recipe can't make a well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// The parts add up to more than the full well.
    #[error("its parts add up to {sum}, and a full well is {volume}")]
    TooMuch {
        /// The parts' sum.
        sum: Volume,
        /// The full well.
        volume: Volume,
    },
    /// No liquid stands for a level.
    #[error("no liquid stands for this level of '{factor}'")]
    NoLevel {
        /// The factor's name.
        factor: String,
    },
    /// The point is not in the library.
    #[error("the point is no member of the library")]
    NoMember,
}

/// An addition that was worked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    /// The worklist that it belongs to.
    pub worklist: Arc<str>,
    /// Of what.
    pub reagent: ReagentId,
    /// How much.
    pub volume: Volume,
}

impl Recipe {
    /// The factors that are dispensed as doses.
    #[must_use]
    pub fn doses(&self) -> Vec<usize> {
        let each = self.parts.iter().filter_map(|part| match part.amount {
            Amount::Dose { factor, .. } => Some(factor),
            _ => None,
        });
        let mut doses: Vec<usize> = each.collect();
        doses.sort_unstable();
        doses.dedup();
        doses
    }

    /// What goes into a well, in the order of dispensing; nothing of what would be nothing.
    ///
    /// # Errors
    /// If the recipe can't make the well.
    pub fn make(&self, purpose: Purpose) -> Result<Vec<Addition>, RecipeError> {
        let mut made: Vec<Addition> = Vec::with_capacity(self.parts.len() + 1);
        let mut filler = None;
        for part in &self.parts {
            let wanted = match purpose {
                Purpose::Point(..) => part.into.points,
                Purpose::Blank => part.into.blanks,
                Purpose::Levels(_) | Purpose::Extra(..) => part.into.controls,
            };
            if !wanted {
                continue;
            }
            let worklist = part.worklist.clone();
            if part.amount == Amount::Fill {
                filler = Some((made.len(), worklist, part.reagent));
            } else if let Some((reagent, volume)) = self.amount(part, purpose)?
                && volume > Volume::ZERO
            {
                made.push(Addition {
                    worklist,
                    reagent,
                    volume,
                });
            }
        }
        if let Purpose::Extra(reagent, volume) = purpose
            && let Some(part) = self.parts.first()
        {
            made.push(Addition {
                worklist: part.worklist.clone(),
                reagent,
                volume,
            });
        }
        let sum: Volume = made.iter().map(|addition| addition.volume).sum();
        // Rounding to drops may miss the full well by a drop for each part.
        let slack = self.drop * self.parts.len() as i64;
        if sum > self.volume + slack {
            return Err(RecipeError::TooMuch {
                sum,
                volume: self.volume,
            });
        }
        if let Some((at, worklist, reagent)) = filler
            && sum < self.volume
        {
            made.insert(
                at,
                Addition {
                    worklist,
                    reagent,
                    volume: self.volume - sum,
                },
            );
        }
        Ok(made)
    }

    fn amount(
        &self,
        part: &Part,
        purpose: Purpose,
    ) -> Result<Option<(ReagentId, Volume)>, RecipeError> {
        let level = |factor: usize| match purpose {
            Purpose::Point(point, _) => point.0.get(factor),
            Purpose::Levels(levels) => levels.get(factor).and_then(Option::as_ref),
            Purpose::Extra(..) | Purpose::Blank => None,
        };
        let number = |factor: usize| level(factor).and_then(Level::number);
        let first = part.reagent;
        Ok(match part.amount {
            Amount::Dose { factor, stock } => {
                number(factor).map(|value| (first, self.drops(self.volume.scale(value / stock))))
            }
            Amount::Share { factor, volume } => {
                number(factor).map(|share| (first, self.drops(volume.scale(share))))
            }
            Amount::Choice { factor, volume } => match level(factor) {
                None => None,
                Some(level) => Some((ReagentId(first.0 + self.place(factor, level)?), volume)),
            },
            Amount::Member { volume } => {
                let row = match purpose {
                    Purpose::Point(point, _) => Some(self.row(point)?),
                    Purpose::Levels(levels) => {
                        match levels.iter().cloned().collect::<Option<_>>() {
                            Some(whole) => Some(self.row(&Point(whole))?),
                            None => None,
                        }
                    }
                    Purpose::Extra(..) | Purpose::Blank => None,
                };
                row.map(|row| (ReagentId(first.0 + row), volume))
            }
            Amount::Series { stock } => match purpose {
                Purpose::Point(_, Some(dose)) => {
                    Some((first, self.drops(self.volume.scale(dose / stock))))
                }
                _ => None,
            },
            Amount::Fixed { volume } => Some((first, volume)),
            Amount::Fill => None,
        })
    }

    /// The place of a level among the levels of its factor.
    fn place(&self, factor: usize, level: &Level) -> Result<u32, RecipeError> {
        let of = &self.space.factors[factor];
        let place = match (&of.kind, level) {
            (FactorKind::Categorical { levels, .. }, Level::Category(index)) => {
                (*index < levels.len()).then_some(*index)
            }
            (FactorKind::Ordinal { levels }, Level::Real(value)) => {
                levels.iter().position(|known| known == value)
            }
            _ => None,
        };
        place
            .map(|place| place as u32)
            .ok_or_else(|| RecipeError::NoLevel {
                factor: of.name.clone(),
            })
    }

    fn row(&self, point: &Point) -> Result<u32, RecipeError> {
        let table = self.space.candidates.as_ref();
        let row = table.and_then(|table| table.position(point));
        row.map(|row| row as u32).ok_or(RecipeError::NoMember)
    }

    /// To the nearest whole drop.
    fn drops(&self, volume: Volume) -> Volume {
        let drop = self.drop.base().max(1);
        Volume::from_base((volume.base() + drop / 2).div_euclid(drop) * drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use design::Factor;

    const SAMPLES: Into = Into {
        points: true,
        blanks: false,
        controls: true,
    };
    const ALL: Into = Into {
        points: true,
        blanks: true,
        controls: true,
    };

    fn part(reagent: u32, amount: Amount, into: Into) -> Part {
        Part {
            worklist: "fill".into(),
            reagent: ReagentId(reagent),
            amount,
            into,
        }
    }

    fn recipe() -> Recipe {
        Recipe {
            shelf: Shelf::default(),
            volume: Volume::from_ul(100.0),
            parts: vec![
                part(
                    0,
                    Amount::Dose {
                        factor: 0,
                        stock: 10.0,
                    },
                    SAMPLES,
                ),
                part(1, Amount::Fill, ALL),
                part(
                    2,
                    Amount::Fixed {
                        volume: Volume::from_ul(5.0),
                    },
                    SAMPLES,
                ),
            ],
            drop: Volume::from_base(25),
            space: Arc::new(Space::new(vec![Factor::continuous(
                "drug", "mg/L", 0.0, 9.0,
            )])),
        }
    }

    #[test]
    fn a_dose_is_a_concentration_in_the_full_well() {
        let point = Point(vec![Level::Real(0.5)]);
        let made = recipe().make(Purpose::Point(&point, None)).unwrap();
        let volumes: Vec<(u32, f64)> = made
            .iter()
            .map(|a| (a.reagent.0, a.volume.as_ul()))
            .collect();
        assert_eq!(volumes, [(0, 5.0), (1, 90.0), (2, 5.0)]);
        // 0.123 mg/L of a 10 mg/L stock is 1230 nL: 49.2 drops of 25 nL.
        let point = Point(vec![Level::Real(0.123)]);
        let made = recipe().make(Purpose::Point(&point, None)).unwrap();
        assert_eq!(made[0].volume, Volume::from_base(1225));
    }

    #[test]
    fn blanks_and_controls_leave_parts_out() {
        let blank = recipe().make(Purpose::Blank).unwrap();
        let volumes: Vec<(u32, f64)> = blank
            .iter()
            .map(|a| (a.reagent.0, a.volume.as_ul()))
            .collect();
        assert_eq!(volumes, [(1, 100.0)]);
        assert_eq!(recipe().make(Purpose::Levels(&[None])).unwrap().len(), 2);
        let extra = recipe()
            .make(Purpose::Extra(ReagentId(9), Volume::from_ul(2.0)))
            .unwrap();
        assert_eq!(extra.iter().map(|a| a.volume.as_ul()).sum::<f64>(), 100.0);
    }

    #[test]
    fn too_much_is_refused() {
        let point = Point(vec![Level::Real(9.9)]);
        let refused = recipe().make(Purpose::Point(&point, None)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "its parts add up to 104 µL, and a full well is 100 µL"
        );
    }
}
