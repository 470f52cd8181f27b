//! Points as numbers: what the models see.

use crate::space::{Factor, FactorKind, Level, Point, Space};

/// One thing that kernels measure a distance along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// One numeric column, 0 to 1 over the factor's range.
    Number { column: usize },
    /// One column that holds the index of a level: equal or different.
    Code { column: usize, levels: usize },
    /// Several numeric columns with one length scale: a level's descriptors.
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
    /// The level's index, and its descriptors if it has some.
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
        /// For proteins: the first column of descriptors, and those of each letter.
        residues: Option<(usize, Vec<Vec<f64>>)>,
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
                let residues = residues(alphabet).map(|mut rows| {
                    let start = self.width;
                    let each = rows[0].len();
                    for _ in 0..*longest {
                        self.groups.push(Group::Vector {
                            start: self.width,
                            end: self.width + each,
                        });
                        self.width += each;
                    }
                    // Where the word has ended there is nothing to describe.
                    rows.push(vec![0.0; each]);
                    (start, rows)
                });
                Part::Sequence {
                    column,
                    sites: *longest,
                    letters,
                    length,
                    residues,
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
                        residues,
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
                    if let Some((start, rows)) = residues {
                        let each = rows[0].len();
                        for site in 0..*sites {
                            let letter = word.get(site).map_or(*letters, |&l| usize::from(l));
                            let at = start + site * each;
                            row[at..at + each].copy_from_slice(&rows[letter]);
                        }
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

/// What is known of the letters of an alphabet of amino acids; nothing for any other alphabet. Fewer than so
/// many letters may be those of something else.
fn residues(alphabet: &[char]) -> Option<Vec<Vec<f64>>> {
    if alphabet.len() < RESIDUES_MIN {
        return None;
    }
    let find = |letter: &char| RESIDUES.iter().find(|(other, _)| other == letter);
    let rows: Option<Vec<Vec<f64>>> = alphabet
        .iter()
        .map(|letter| find(letter).map(|(_, scales)| scales.to_vec()))
        .collect();
    rows.map(|rows| scaled(&rows))
}

const RESIDUES_MIN: usize = 12;

/// The five z-scales of the amino acids: lipophilicity, bulk, polarity, and two of electronic effects
/// (Sandberg and others, J. Med. Chem. 41 (1998) 2481, table 6).
const RESIDUES: [(char, [f64; 5]); 20] = [
    ('A', [0.24, -2.32, 0.60, -0.14, 1.30]),
    ('C', [0.84, -1.67, 3.75, 0.18, -2.65]),
    ('D', [3.98, 0.93, 1.93, -2.46, 0.75]),
    ('E', [3.11, 0.26, -0.11, -3.04, -0.25]),
    ('F', [-4.22, 1.94, 1.06, 0.54, -0.62]),
    ('G', [2.05, -4.06, 0.36, -0.82, -0.38]),
    ('H', [2.47, 1.95, 0.26, 3.90, 0.09]),
    ('I', [-3.89, -1.73, -1.71, -0.84, 0.26]),
    ('K', [2.29, 0.89, -2.49, 1.49, 0.31]),
    ('L', [-4.28, -1.30, -1.49, -0.72, 0.84]),
    ('M', [-2.85, -0.22, 0.47, 1.94, -0.98]),
    ('N', [3.05, 1.62, 1.04, -1.15, 1.61]),
    ('P', [-1.66, 0.27, 1.84, 0.70, 2.00]),
    ('Q', [1.75, 0.50, -1.44, -1.34, 0.66]),
    ('R', [3.52, 2.50, -3.50, 1.99, -0.17]),
    ('S', [2.39, -1.07, 1.15, -1.39, 0.67]),
    ('T', [0.75, -2.18, -1.12, -1.46, -0.40]),
    ('V', [-2.59, -2.64, -1.54, -0.85, -0.02]),
    ('W', [-4.36, 3.94, 0.59, 3.44, -1.59]),
    ('Y', [-2.54, 2.44, 0.43, 0.04, -1.47]),
];

/// Descriptor columns without the constant ones, scaled so that two levels are at a squared distance
/// of 1 on average.
fn scaled(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let count = rows.len() as f64;
    let width = rows.first().map_or(0, Vec::len);
    let mut columns: Vec<Vec<f64>> = (0..width)
        .map(|c| rows.iter().map(|row| row[c]).collect())
        .collect();
    let largest = columns
        .iter()
        .flatten()
        .fold(0.0_f64, |a, b| a.max(b.abs()));
    if largest > 0.0 {
        columns
            .iter_mut()
            .flatten()
            .for_each(|value| *value /= largest);
    }
    let spread = |column: &[f64]| {
        let mean = column.iter().sum::<f64>() / count;
        column
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / count
    };
    columns.retain(|column| spread(column) > 1e-18);
    // The mean squared distance of two draws is twice the variance.
    let total: f64 = 2.0 * columns.iter().map(|column| spread(column)).sum::<f64>();
    let scale = if total > 0.0 {
        total.sqrt().recip()
    } else {
        1.0
    };
    (0..rows.len())
        .map(|r| columns.iter().map(|column| column[r] * scale).collect())
        .collect()
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
        assert_eq!((protein.groups.len(), protein.width), (4, 2 + 2 * 5));
        let place = |letter: char| letters.find(letter).unwrap() as u8;
        let row = |a: char, b: char| {
            let word = vec![place(a), place(b)];
            protein.row(&Point(vec![Level::Sequence(word)]))
        };
        let apart = |a: &[f64], b: &[f64]| -> f64 {
            a[2..]
                .iter()
                .zip(&b[2..])
                .map(|(x, y)| (x - y).powi(2))
                .sum()
        };
        // Leucine is more like isoleucine than like aspartate.
        let leucine = row('L', 'G');
        assert!(apart(&leucine, &row('I', 'G')) < 0.2 * apart(&leucine, &row('D', 'G')));
        assert_eq!(apart(&leucine, &leucine), 0.0);
        assert_eq!(Encoding::new(&space("ACGT")).groups.len(), 2);
    }
}
