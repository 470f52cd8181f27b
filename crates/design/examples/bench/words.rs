//! Landscapes over words whose best word is known, and a genetic algorithm to compare with.

use std::f64::consts::TAU;
use std::sync::Arc;

use design::{Aim, Factor, Level, Point, Question, Space};
use quantity::{Rng, Seed};
use rand::RngExt;

use crate::problem::{Problem, lowest};
use crate::runs::Run;

/// What runs of so many letters that follow each other add, by place and then by the letters of the run read as
/// a number.
struct Chain {
    letters: usize,
    run: usize,
    adds: Vec<Vec<f64>>,
}

impl Chain {
    fn height(&self, word: &[u8]) -> f64 {
        let runs = word.windows(self.run).zip(&self.adds);
        runs.map(|(run, adds)| {
            let number = |sum: usize, letter: &u8| sum * self.letters + usize::from(*letter);
            adds[run.iter().fold(0, number)]
        })
        .sum()
    }

    /// The height of the highest word, by dynamic programming over the last letters.
    fn highest(&self) -> f64 {
        let states = self.letters.pow(self.run as u32 - 1);
        let mut best = vec![0.0; states];
        for adds in &self.adds {
            let mut next = vec![f64::NEG_INFINITY; states];
            for (number, add) in adds.iter().enumerate() {
                let to = &mut next[number % states];
                *to = f64::max(*to, best[number / self.letters] + add);
            }
            best = next;
        }
        best.into_iter().fold(f64::NEG_INFINITY, f64::max)
    }
}

fn normal(rng: &mut Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos()
}

/// `pairs12-K`: 12 letters of 20, each of which adds something, as does each pair of neighbours, half as much.
/// `nk20-K`: 20 letters of 4; what a letter adds is anything for each choice of it and the three that follow (Kauffman
/// and Levin, J. Theor. Biol. 128 (1987) 11, without its last letters meeting the first). K seeds what is added. Heights
/// are in the standard deviation of random words.
pub fn landscape(name: &str) -> Option<Problem> {
    let (kind, number) = name.rsplit_once('-')?;
    let (alphabet, length, run) = match kind {
        "pairs12" => ("ABCDEFGHIJKLMNOPQRST", 12, 2),
        "nk20" => ("ACGT", 20, 4),
        _ => return None,
    };
    let mut rng = Seed(number.parse().ok()?).derive(kind, 0).rng();
    let letters = alphabet.len();
    let mut adds: Vec<Vec<f64>> = (0..=length - run)
        .map(|_| {
            (0..letters.pow(run as u32))
                .map(|_| normal(&mut rng))
                .collect()
        })
        .collect();
    if kind == "pairs12" {
        let alone: Vec<Vec<f64>> = (0..length)
            .map(|_| (0..letters).map(|_| normal(&mut rng)).collect())
            .collect();
        for (place, adds) in adds.iter_mut().enumerate() {
            for (number, add) in adds.iter_mut().enumerate() {
                *add = 0.5 * *add + alone[place][number / letters];
                if place + 2 == length {
                    *add += alone[place + 1][number % letters];
                }
            }
        }
    }
    let mut chain = Chain { letters, run, adds };
    let space = Arc::new(Space::new(vec![Factor::sequence("word", alphabet, length)]));
    let heights: Vec<f64> = (0..10_000)
        .map(|_| chain.height(&random(&mut rng, letters, length)))
        .collect();
    let mean = heights.iter().sum::<f64>() / heights.len() as f64;
    let square = heights.iter().map(|h| (h - mean).powi(2)).sum::<f64>() / heights.len() as f64;
    let scale = square.sqrt().recip();
    chain
        .adds
        .iter_mut()
        .flatten()
        .for_each(|add| *add *= scale);
    let highest = chain.highest();
    Some(Problem {
        space,
        question: Question::minimise("y"),
        truth: Box::new(move |point| match &point.levels()[0] {
            Level::Sequence(word) => vec![-chain.height(word)],
            _ => vec![f64::NAN],
        }),
        score: lowest(-highest),
        found: None,
        noise: 0.0,
        starts: Vec::new(),
    })
}

fn random(rng: &mut Rng, letters: usize, length: usize) -> Vec<u8> {
    (0..length)
        .map(|_| rng.random_range(0..letters) as u8)
        .collect()
}

/// How many of the best words so far have children, how many of these have two parents, and how many letters of a
/// child are another than its parents', on average; it has at least one.
const PARENTS: usize = 24;
const CROSSED: f64 = 0.5;
const CHANGED: f64 = 1.5;

/// A genetic algorithm on words: a random first plate, then children of the best.
pub fn genetic(problem: &Problem, q: usize, rounds: usize, seed: Seed) -> Run {
    let mut rng = seed.derive("genetic", 0).rng();
    let first = problem.space.sample(&mut rng).unwrap();
    let Level::Sequence(first) = &first.levels()[0] else {
        panic!("words alone have a genetic algorithm here");
    };
    let letters = problem.space.factors[0].count().unwrap();
    let letters = letters.powf((first.len() as f64).recip()).round() as usize;
    let sign = match problem.question.goals[0].aim {
        Aim::Maximise => -1.0,
        _ => 1.0,
    };
    let mut told: Vec<(f64, Vec<u8>)> = Vec::new();
    let mut truths = Vec::new();
    let mut found = 0.0;
    for round in 0..rounds {
        let parents: Vec<Vec<u8>> = told.iter().take(PARENTS).map(|t| t.1.clone()).collect();
        let mut plate: Vec<Vec<u8>> = Vec::new();
        while plate.len() < q {
            let mut child = match round {
                0 => random(&mut rng, letters, first.len()),
                _ => parents[rng.random_range(0..parents.len())].clone(),
            };
            if round > 0 {
                if rng.random::<f64>() < CROSSED {
                    let other = &parents[rng.random_range(0..parents.len())];
                    let from = rng.random_range(0..child.len());
                    child[from..].copy_from_slice(&other[from..]);
                }
                let certain = rng.random_range(0..child.len());
                let chance = (CHANGED - 1.0) / child.len() as f64;
                for (site, letter) in child.iter_mut().enumerate() {
                    if site == certain || rng.random::<f64>() < chance {
                        let step = rng.random_range(1..letters);
                        *letter = ((usize::from(*letter) + step) % letters) as u8;
                    }
                }
            }
            if !plate.contains(&child) && told.iter().all(|t| t.1 != child) {
                plate.push(child);
            }
        }
        for word in plate {
            let values = (problem.truth)(&Point(vec![Level::Sequence(word.clone())]));
            told.push((sign * values[0], word));
            truths.push(values);
        }
        told.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some(share) = &problem.found {
            found += share(&truths) / rounds as f64;
        }
    }
    Run {
        regret: (problem.score)(&truths),
        found,
        seconds: 0.0,
        note: String::new(),
    }
}
