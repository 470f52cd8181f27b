//! Levels known by numbers that say what they have in common.

/// Levels with a vector of descriptors each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Described {
    /// The descriptors, by level.
    pub rows: Vec<Vec<f64>>,
    /// Squared distances of all levels to the first one, to the second, and so on.
    squares: Vec<f64>,
}

impl Described {
    /// Most levels whose distances are held as a table: with more, a kernel of few rows would be longer in the making
    /// of its table than in looking up.
    pub(crate) const MOST: usize = 64;

    pub(crate) fn new(rows: Vec<Vec<f64>>) -> Described {
        let square = |a: &Vec<f64>, b: &Vec<f64>| -> f64 {
            let apart = a.iter().zip(b).map(|(a, b)| a - b);
            apart.fold(0.0, |sum: f64, d| d.mul_add(d, sum))
        };
        let of_level = |a| rows.iter().map(move |b| square(a, b));
        let squares = rows.iter().flat_map(of_level).collect();
        Described { rows, squares }
    }

    /// How many levels there are.
    pub(crate) fn count(&self) -> usize {
        self.rows.len()
    }

    /// The squared distance of two levels.
    pub(crate) fn square(&self, a: usize, b: usize) -> f64 {
        self.squares[a * self.rows.len() + b]
    }
}

/// What is known of the letters of an alphabet of amino acids; nothing for any other alphabet. Fewer than so
/// many letters may be those of something else.
pub(crate) fn residues(alphabet: &[char]) -> Option<Vec<Vec<f64>>> {
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
pub(crate) fn scaled(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
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
