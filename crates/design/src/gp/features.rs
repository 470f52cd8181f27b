//! Random Fourier features: cosines whose sums are draws of a process without data.
//!
//! Matérn-5/2 frequencies are Student-t with 5 degrees of freedom (Rahimi and Recht, NIPS 20 (2008);
//! Rasmussen and Williams (2006), section 4.2.1).

use faer::Mat;
use quantity::Rng;
use rand::RngExt;

use super::elementary::cosine_and_sine;
use super::kernel::Kernel;
use super::matern::{dot, total, wide};
use crate::encode::{Group, Rows};
use crate::space::normal;

/// One cosine: which groups it sees and how fast it turns along them.
#[derive(Clone, Debug)]
struct Feature {
    phase: f64,
    amplitude: f64,
    /// Column and frequency of numeric columns.
    turns: Vec<(usize, f64)>,
    /// Column and phase by level.
    codes: Vec<(usize, Vec<f64>)>,
}

/// Cosines that may all see the same columns, held by column.
#[derive(Clone, Debug, Default)]
struct Block {
    phases: Vec<f64>,
    /// For each numeric column the frequency of every cosine.
    turns: Vec<(usize, Vec<f64>)>,
    /// For each column of levels, and each level, what it adds to the angle of every cosine.
    codes: Vec<(usize, Vec<Vec<f64>>)>,
    /// For each column that only some cosines see, their places.
    seeing: Vec<(usize, Vec<usize>)>,
}

impl Block {
    fn new(features: &[Feature]) -> Block {
        let mut block = Block {
            phases: features.iter().map(|feature| feature.phase).collect(),
            ..Block::default()
        };
        let count = features.len();
        for (place, feature) in features.iter().enumerate() {
            let turns = feature.turns.iter().map(|turn| turn.0);
            for column in turns.chain(feature.codes.iter().map(|code| code.0)) {
                match block.seeing.iter_mut().find(|(other, _)| *other == column) {
                    Some((_, places)) if places.last() == Some(&place) => {}
                    Some((_, places)) => places.push(place),
                    None => block.seeing.push((column, vec![place])),
                }
            }
            for &(column, turn) in &feature.turns {
                let at = block.turns.iter().position(|(other, _)| *other == column);
                let at = at.unwrap_or_else(|| {
                    block.turns.push((column, vec![0.0; count]));
                    block.turns.len() - 1
                });
                block.turns[at].1[place] = turn;
            }
            for (column, phases) in &feature.codes {
                let at = block.codes.iter().position(|(other, _)| other == column);
                let at = at.unwrap_or_else(|| {
                    block
                        .codes
                        .push((*column, vec![vec![0.0; count]; phases.len()]));
                    block.codes.len() - 1
                });
                for (level, phase) in block.codes[at].1.iter_mut().zip(phases) {
                    level[place] += *phase;
                }
            }
        }
        block.seeing.retain(|(_, places)| places.len() < count);
        block
    }

    /// Whether any cosine sees a column.
    fn sees(&self, column: usize) -> bool {
        self.turns.iter().any(|(other, _)| *other == column)
            || self.codes.iter().any(|(other, _)| *other == column)
    }

    /// By how much the angle of every cosine grows when a column's number does from one to another, added to `out`.
    #[inline(always)]
    fn turn(&self, column: usize, from: f64, to: f64, out: &mut [f64]) {
        for (_, turns) in self.turns.iter().filter(|(other, _)| *other == column) {
            for (angle, turn) in out.iter_mut().zip(turns) {
                *angle += turn * (to - from);
            }
        }
        for (_, levels) in self.codes.iter().filter(|(other, _)| *other == column) {
            let phases = levels[from as usize].iter().zip(&levels[to as usize]);
            for (angle, (from, to)) in out.iter_mut().zip(phases) {
                *angle += to - from;
            }
        }
    }

    /// The same of one cosine.
    fn turn_one(&self, place: usize, column: usize, from: f64, to: f64) -> f64 {
        let turns = self.turns.iter().filter(|(other, _)| *other == column);
        let codes = self.codes.iter().filter(|(other, _)| *other == column);
        turns
            .map(|(_, turns)| turns[place] * (to - from))
            .sum::<f64>()
            + codes
                .map(|(_, levels)| levels[to as usize][place] - levels[from as usize][place])
                .sum::<f64>()
    }

    /// Writes the angle of every cosine at a point.
    #[inline(always)]
    fn angles(&self, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.phases);
        for (column, turns) in &self.turns {
            let at = x[*column];
            for (angle, turn) in out.iter_mut().zip(turns) {
                *angle += turn * at;
            }
        }
        for (column, levels) in &self.codes {
            for (angle, phase) in out.iter_mut().zip(&levels[x[*column] as usize]) {
                *angle += phase;
            }
        }
    }
}

/// The cosines of one set of draws.
#[derive(Clone, Debug)]
pub(crate) struct Features {
    blocks: Vec<Block>,
    /// The largest value of each.
    pub amplitudes: Vec<f64>,
}

/// Buffers for angles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Angles {
    angles: Vec<f64>,
    sines: Vec<f64>,
}

/// What is kept of a point for others around it: by cosine, its angle and what it adds; by block, what all add.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nearby {
    angles: Vec<f64>,
    terms: Vec<f64>,
    sums: Vec<f64>,
    work: Vec<f64>,
}

/// How many features each part of the kernel gets.
const RADIAL_FEATURES: usize = 256;
const SINGLE_FEATURES: usize = 24;
const PAIRED_FEATURES: usize = 192;

impl Features {
    pub(crate) fn draw(kernel: &Kernel, rng: &mut Rng) -> Features {
        let scales = kernel.scales();
        let g = kernel.groups.len();
        let all: Vec<usize> = (0..g).collect();
        let mut blocks = Vec::new();
        let mut amplitudes = Vec::new();
        let mut add = |features: Vec<Feature>| {
            amplitudes.extend(features.iter().map(|feature| feature.amplitude));
            blocks.push(Block::new(&features));
        };
        let amplitude = |variance: f64, count: usize| (2.0 * variance / count as f64).sqrt();
        let height = amplitude(scales.radial, RADIAL_FEATURES);
        let radial = (0..RADIAL_FEATURES).map(|_| {
            // One common draw of the chi-squared makes the frequencies jointly Student-t.
            let stretches = vec![student_stretch(rng); g];
            let inverses = &scales.radial_inverse;
            feature(&kernel.groups, &all, inverses, &stretches, height, rng)
        });
        add(radial.collect());
        let inverses = &scales.single_inverse;
        if scales.single > 0.0 {
            let height = amplitude(scales.single / g as f64, SINGLE_FEATURES);
            for index in 0..g {
                let single = (0..SINGLE_FEATURES).map(|_| {
                    let stretches = vec![student_stretch(rng); g];
                    feature(&kernel.groups, &[index], inverses, &stretches, height, rng)
                });
                add(single.collect());
            }
        }
        if scales.paired > 0.0 {
            let height = amplitude(scales.paired, PAIRED_FEATURES);
            let paired = (0..PAIRED_FEATURES).map(|_| {
                let a = rng.random_range(0..g);
                let b = (a + rng.random_range(1..g)) % g;
                let mut stretches = vec![0.0; g];
                (stretches[a], stretches[b]) = (student_stretch(rng), student_stretch(rng));
                feature(&kernel.groups, &[a, b], inverses, &stretches, height, rng)
            });
            add(paired.collect());
        }
        Features { blocks, amplitudes }
    }

    pub(crate) fn len(&self) -> usize {
        self.amplitudes.len()
    }

    /// The cosine of every angle: one row per feature, one column per point.
    pub(crate) fn cosines(&self, points: &Rows) -> Mat<f64> {
        let mut out = Mat::zeros(self.len(), points.len());
        wide(
            #[inline(always)]
            || {
                for j in 0..points.len() {
                    let x = points.row(j);
                    let mut rest = out.col_as_slice_mut(j);
                    for block in &self.blocks {
                        let (own, others) = rest.split_at_mut(block.phases.len());
                        block.angles(x, own);
                        own.iter_mut()
                            .for_each(|cell| *cell = cosine_and_sine(*cell).0);
                        rest = others;
                    }
                }
            },
        );
        out
    }

    /// The weighted sum of all cosines at a point, and its slope along numeric columns added to `slope`.
    pub(crate) fn sum(
        &self,
        weights: &[f64],
        x: &[f64],
        work: &mut Angles,
        slope: &mut [f64],
    ) -> f64 {
        wide(
            #[inline(always)]
            || self.sum_in_step(weights, x, work, slope),
        )
    }

    /// Keeps what [`Features::beside`] needs of a point.
    pub(crate) fn keep(&self, weights: &[f64], x: &[f64], kept: &mut Nearby) {
        kept.angles.resize(self.len(), 0.0);
        kept.terms.resize(self.len(), 0.0);
        kept.work.resize(self.len(), 0.0);
        kept.sums.clear();
        wide(
            #[inline(always)]
            || {
                let mut start = 0;
                for block in &self.blocks {
                    let own = start..start + block.phases.len();
                    start = own.end;
                    let angles = &mut kept.angles[own.clone()];
                    block.angles(x, angles);
                    let terms = &mut kept.terms[own.clone()];
                    let weights = &weights[own];
                    for i in 0..angles.len() {
                        terms[i] = weights[i] * cosine_and_sine(angles[i]).0;
                    }
                    kept.sums.push(total(terms));
                }
            },
        );
    }

    /// The weighted sum of all cosines at a point that differs in these columns from one that is kept.
    pub(crate) fn beside(
        &self,
        weights: &[f64],
        from: &[f64],
        to: &[f64],
        changed: &[usize],
        kept: &mut Nearby,
    ) -> f64 {
        wide(
            #[inline(always)]
            || {
                let (mut start, mut value) = (0, 0.0);
                for (block, sum) in self.blocks.iter().zip(&kept.sums) {
                    let own = start..start + block.phases.len();
                    start = own.end;
                    let (angles, terms) = (&kept.angles[own.clone()], &kept.terms[own.clone()]);
                    let weights = &weights[own.clone()];
                    value += sum;
                    if let [column] = *changed
                        && let Some((_, few)) =
                            block.seeing.iter().find(|(other, _)| *other == column)
                    {
                        for &place in few {
                            let turn = block.turn_one(place, column, from[column], to[column]);
                            let cosine = cosine_and_sine(angles[place] + turn).0;
                            value += weights[place] * cosine - terms[place];
                        }
                        continue;
                    }
                    if !changed.iter().any(|&column| block.sees(column)) {
                        continue;
                    }
                    let work = &mut kept.work[own];
                    work.copy_from_slice(angles);
                    for &column in changed {
                        block.turn(column, from[column], to[column], work);
                    }
                    for i in 0..work.len() {
                        work[i] = weights[i] * cosine_and_sine(work[i]).0;
                    }
                    value += total(work) - sum;
                }
                value
            },
        )
    }

    #[inline(always)]
    fn sum_in_step(&self, weights: &[f64], x: &[f64], work: &mut Angles, slope: &mut [f64]) -> f64 {
        let mut value = 0.0;
        let mut rest = weights;
        for block in &self.blocks {
            let count = block.phases.len();
            let (weights, others) = rest.split_at(count);
            rest = others;
            work.angles.resize(count, 0.0);
            work.sines.resize(count, 0.0);
            let (angles, sines) = (&mut work.angles[..count], &mut work.sines[..count]);
            block.angles(x, angles);
            for i in 0..count {
                let (cosine, sine) = cosine_and_sine(angles[i]);
                angles[i] = weights[i] * cosine;
                sines[i] = weights[i] * sine;
            }
            value += total(angles);
            for (column, turns) in &block.turns {
                slope[*column] -= dot(sines, turns);
            }
        }
        value
    }
}

/// The factor that turns a normal number into a Student-t one with 5 degrees of freedom.
fn student_stretch(rng: &mut Rng) -> f64 {
    let chi: f64 = (0..5).map(|_| normal(rng).powi(2)).sum();
    (5.0 / chi).sqrt()
}

fn feature(
    groups: &[Group],
    chosen: &[usize],
    inverses: &[f64],
    stretches: &[f64],
    amplitude: f64,
    rng: &mut Rng,
) -> Feature {
    let mut feature = Feature {
        phase: std::f64::consts::TAU * rng.random::<f64>(),
        amplitude,
        turns: Vec::new(),
        codes: Vec::new(),
    };
    for &index in chosen {
        let scale = inverses[index].sqrt() * stretches[index];
        match &groups[index] {
            Group::Number { column } => feature.turns.push((*column, scale * normal(rng))),
            Group::Vector { start, end } => {
                for column in *start..*end {
                    feature.turns.push((column, scale * normal(rng)));
                }
            }
            // Levels as corners at a squared distance of 1: each has its own direction, of length 1/2.
            Group::Code { column, levels } => {
                let half = scale * std::f64::consts::FRAC_1_SQRT_2;
                let phases = (0..*levels).map(|_| half * normal(rng)).collect();
                feature.codes.push((*column, phases));
            }
            Group::Described { column, levels } => {
                let turns: Vec<f64> = levels.rows[0].iter().map(|_| scale * normal(rng)).collect();
                let turned = |row: &Vec<f64>| row.iter().zip(&turns).map(|(d, t)| d * t).sum();
                let phases = levels.rows.iter().map(turned).collect();
                feature.codes.push((*column, phases));
            }
        }
    }
    feature
}
