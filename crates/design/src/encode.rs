//! Points as numbers: what the models see.

use std::sync::Arc;

use crate::descriptors::{Described, residues, scaled};
use crate::space::{Factor, FactorKind, Level, Point, Space};

/// One thing that kernels measure a distance along.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Group {
    /// One numeric column, 0 to 1 over the factor's range.
    Number { column: usize },
    /// One column that holds the index of a level: equal or different.
    Code { column: usize, levels: usize },
    /// The same column of levels: as far apart as their descriptors.
    Described {
        column: usize,
        levels: Arc<Described>,
    },
    /// Several numeric columns with one length scale: the descriptors of a level of very many.
    Vector { start: usize, end: usize },
}

/// How a space's points become rows of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Encoding {
    pub groups: Vec<Group>,
    pub width: usize,
    parts: Vec<Part>,
}

/// How one factor becomes columns.
#[derive(Clone, Debug)]
enum Part {
    /// Affine in the value, or in its logarithm.
    Number {
        column: usize,
        low: f64,
        span: f64,
        log: bool,
    },
    /// The level's index, and its descriptors if it has some that aren't looked up by it.
    Category {
        column: usize,
        descriptors: Option<(usize, Vec<Vec<f64>>)>,
    },
    /// A letter's index for each site (one past the alphabet where the word has ended), and the length.
    Sequence {
        column: usize,
        sites: usize,
        letters: usize,
        length: Option<usize>,
    },
}

impl Encoding {
    pub(crate) fn new(space: &Space) -> Encoding {
        let mut encoding = Encoding {
            groups: Vec::new(),
            width: 0,
            parts: Vec::new(),
        };
        for factor in &space.factors {
            let part = encoding.part(factor);
            encoding.parts.push(part);
        }
        encoding
    }

    fn number(&mut self, low: f64, high: f64, log: bool) -> Part {
        let column = self.width;
        self.width += 1;
        self.groups.push(Group::Number { column });
        let (low, high) = if log {
            (low.ln(), high.ln())
        } else {
            (low, high)
        };
        // A factor that can't vary is a constant column.
        let span = if high > low { high - low } else { 1.0 };
        Part::Number {
            column,
            low,
            span,
            log,
        }
    }

    fn code(&mut self, levels: usize) -> usize {
        let column = self.width;
        self.width += 1;
        self.groups.push(Group::Code { column, levels });
        column
    }

    fn part(&mut self, factor: &Factor) -> Part {
        match &factor.kind {
            FactorKind::Continuous { low, high, log } => self.number(*low, *high, *log),
            FactorKind::Mixture { low, high, .. } => self.number(*low, *high, false),
            FactorKind::Integer { low, high } => self.number(*low as f64, *high as f64, false),
            FactorKind::Ordinal { levels } => {
                let (low, high) = (levels[0], levels[levels.len() - 1]);
                self.number(low, high, false)
            }
            FactorKind::Categorical {
                levels,
                descriptors,
            } => {
                let column = self.code(levels.len());
                let scaled = descriptors
                    .as_ref()
                    .map(|rows| scaled(rows))
                    .filter(|rows| !rows[0].is_empty());
                if let Some(rows) = &scaled
                    && rows.len() <= Described::MOST
                {
                    let levels = Arc::new(Described::new(rows.clone()));
                    self.groups.push(Group::Described { column, levels });
                    return Part::Category {
                        column,
                        descriptors: None,
                    };
                }
                let descriptors = scaled.map(|rows| {
                    let start = self.width;
                    self.width += rows[0].len();
                    self.groups.push(Group::Vector {
                        start,
                        end: self.width,
                    });
                    (start, rows)
                });
                Part::Category {
                    column,
                    descriptors,
                }
            }
            FactorKind::Sequence {
                alphabet,
                shortest,
                longest,
            } => {
                let varies = shortest != longest;
                let letters = alphabet.len();
                let column = self.width;
                for _ in 0..*longest {
                    self.code(letters + usize::from(varies));
                }
                let length = varies.then(|| {
                    self.groups.push(Group::Number { column: self.width });
                    self.width += 1;
                    self.width - 1
                });
                if let Some(mut rows) = residues(alphabet) {
                    // Where the word has ended there is nothing to describe.
                    if varies {
                        rows.push(vec![0.0; rows[0].len()]);
                    }
                    let levels = Arc::new(Described::new(rows));
                    for column in column..column + longest {
                        let levels = levels.clone();
                        self.groups.push(Group::Described { column, levels });
                    }
                }
                Part::Sequence {
                    column,
                    sites: *longest,
                    letters,
                    length,
                }
            }
        }
    }

    /// Writes the row of a point of the space.
    pub(crate) fn write(&self, point: &Point, row: &mut [f64]) {
        for (part, level) in self.parts.iter().zip(&point.0) {
            match (part, level) {
                (
                    Part::Number {
                        column,
                        low,
                        span,
                        log,
                    },
                    level,
                ) => {
                    let value = level.number().unwrap_or(0.0);
                    let value = if *log { value.ln() } else { value };
                    row[*column] = (value - low) / span;
                }
                (
                    Part::Category {
                        column,
                        descriptors,
                    },
                    Level::Category(index),
                ) => {
                    row[*column] = *index as f64;
                    if let Some((start, rows)) = descriptors {
                        row[*start..*start + rows[*index].len()].copy_from_slice(&rows[*index]);
                    }
                }
                (
                    Part::Sequence {
                        column,
                        sites,
                        letters,
                        length,
                    },
                    Level::Sequence(word),
                ) => {
                    for site in 0..*sites {
                        row[column + site] =
                            word.get(site).map_or(*letters as f64, |&l| f64::from(l));
                    }
                    if let Some(length) = length {
                        row[*length] = word.len() as f64 / *sites as f64;
                    }
                }
                _ => {}
            }
        }
    }

    /// The row of a point of the space.
    pub(crate) fn row(&self, point: &Point) -> Vec<f64> {
        let mut row = vec![0.0; self.width];
        self.write(point, &mut row);
        row
    }

    /// The rows of points of the space.
    pub(crate) fn rows(&self, points: &[Point]) -> Rows {
        let mut rows = Rows::new(self.width);
        for point in points {
            rows.push(&self.row(point));
        }
        rows
    }

    /// For each continuous factor its place in a point, its column, and how to get its value back.
    pub(crate) fn continuous(&self, space: &Space) -> Vec<Continuous> {
        let free = |real: &Continuous| {
            matches!(
                space.factors[real.factor].kind,
                FactorKind::Continuous { .. }
            )
        };
        self.reals(space).into_iter().filter(free).collect()
    }

    /// The same for every factor with real levels: continuous ones and shares of mixtures.
    pub(crate) fn reals(&self, space: &Space) -> Vec<Continuous> {
        let mut all = Vec::new();
        for (factor, (part, kind)) in self
            .parts
            .iter()
            .zip(space.factors.iter().map(|factor| &factor.kind))
            .enumerate()
        {
            let (FactorKind::Continuous { low, high, .. } | FactorKind::Mixture { low, high, .. }) =
                kind
            else {
                continue;
            };
            if let Part::Number {
                column,
                low: start,
                span,
                log,
            } = part
                && high > low
            {
                all.push(Continuous {
                    factor,
                    column: *column,
                    start: *start,
                    span: *span,
                    log: *log,
                    low: *low,
                    high: *high,
                });
            }
        }
        all
    }
}

/// A continuous factor and its column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Continuous {
    pub factor: usize,
    pub column: usize,
    start: f64,
    span: f64,
    log: bool,
    low: f64,
    high: f64,
}

impl Continuous {
    /// The least and the greatest level.
    pub(crate) fn bounds(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// How fast the column's number grows along the level's place between its bounds, from 0 to 1.
    pub(crate) fn stretch(&self, place: f64) -> f64 {
        let level = self.low + place * (self.high - self.low);
        let across = (self.high - self.low) / self.span;
        if self.log { across / level } else { across }
    }

    /// The factor's value at a column's number.
    pub(crate) fn level(&self, number: f64) -> Level {
        let value = self.start + self.span * number.clamp(0.0, 1.0);
        Level::Real(if self.log { value.exp() } else { value }.clamp(self.low, self.high))
    }
}

/// Encoded points, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rows {
    pub width: usize,
    data: Vec<f64>,
}

impl Rows {
    pub(crate) fn new(width: usize) -> Rows {
        Rows {
            width,
            data: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.data.len().checked_div(self.width).unwrap_or(0)
    }

    pub(crate) fn push(&mut self, row: &[f64]) {
        self.data.extend_from_slice(row);
    }

    pub(crate) fn row(&self, index: usize) -> &[f64] {
        &self.data[index * self.width..(index + 1) * self.width]
    }

    /// The rows at these places, in this order.
    pub(crate) fn pick(&self, places: &[usize]) -> Rows {
        let mut rows = Rows::new(self.width);
        for &place in places {
            rows.push(self.row(place));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proteins_are_described_and_other_words_are_not() {
        let letters = "ACDEFGHIKLMNPQRSTVWY";
        let space = |alphabet: &str| Space::new(vec![Factor::sequence("word", alphabet, 2)]);
        let protein = Encoding::new(&space(letters));
        assert_eq!((protein.groups.len(), protein.width), (4, 2));
        let Group::Described { column, levels } = &protein.groups[3] else {
            panic!("{:?}", protein.groups[3]);
        };
        assert_eq!((*column, levels.count()), (1, 20));
        let place = |letter: char| letters.find(letter).unwrap();
        let apart = |a: char, b: char| levels.square(place(a), place(b));
        // Leucine is more like isoleucine than like aspartate.
        assert!(apart('L', 'I') < 0.2 * apart('L', 'D'));
        assert_eq!(apart('L', 'L'), 0.0);
        assert_eq!(Encoding::new(&space("ACGT")).groups.len(), 2);
    }

    #[test]
    fn descriptors_of_many_levels_stay_in_the_rows() {
        for (count, width) in [(30_usize, 1), (90, 3)] {
            let descriptors = (0..count)
                .map(|i| vec![i as f64, (i * i % 7) as f64])
                .collect();
            let kind = FactorKind::Categorical {
                levels: (0..count).map(|i| i.to_string()).collect(),
                descriptors: Some(descriptors),
            };
            let factor = Factor {
                name: "ligand".into(),
                unit: String::new(),
                kind,
            };
            let encoding = Encoding::new(&Space::new(vec![factor]));
            assert_eq!((encoding.groups.len(), encoding.width), (2, width));
            let row = encoding.row(&Point(vec![Level::Category(3)]));
            assert_eq!((row.len(), row[0]), (width, 3.0));
        }
    }
}
