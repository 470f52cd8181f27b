//! Problems that a file gives as a table.

use std::sync::Arc;

use design::{Aim, Point, read_task};

use crate::problem::{Problem, volume};

pub fn table(path: &str) -> Problem {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let task = read_task(&file["init"]).unwrap();
    let outcomes: Vec<Vec<f64>> = file["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            row.as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_f64().unwrap())
                .collect()
        })
        .collect();
    let space = Arc::new(task.space);
    let rows = space.candidates.as_ref().unwrap().points();
    let starts: Vec<Vec<Point>> = file["starts"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|plate| {
            let places = plate.as_array().unwrap().iter();
            places
                .map(|v| rows[v.as_u64().unwrap() as usize].clone())
                .collect()
        })
        .collect();
    let shared = space.clone();
    let values = outcomes.clone();
    let truth = Box::new(move |point: &Point| {
        values[shared.candidates.as_ref().unwrap().position(point).unwrap()].clone()
    });
    if task.question.goals.len() > 1 {
        let signs: Vec<f64> = task
            .question
            .goals
            .iter()
            .map(|g| if g.aim == Aim::Minimise { 1.0 } else { -1.0 })
            .collect();
        let flip = move |all: &[Vec<f64>]| -> Vec<Vec<f64>> {
            let turned: Vec<Vec<f64>> = all
                .iter()
                .map(|v| v.iter().zip(&signs).map(|(v, s)| v * s).collect())
                .collect();
            turned
                .iter()
                .filter(|a| {
                    !turned
                        .iter()
                        .any(|b| b != *a && b.iter().zip(*a).all(|(x, y)| x <= y))
                })
                .cloned()
                .collect()
        };
        let reference = task.question.reference.clone().unwrap();
        let reference = flip(&[reference])[0].clone();
        let full = volume(&flip(&outcomes), &reference);
        return Problem {
            space,
            question: task.question,
            truth,
            score: Box::new(move |all| (full - volume(&flip(all), &reference)) / full),
            found: None,
            noise: 0.0,
            starts,
        };
    }
    let sign = if task.question.goals[0].aim == Aim::Minimise {
        -1.0
    } else {
        1.0
    };
    let mut sorted: Vec<f64> = outcomes.iter().map(|v| sign * v[0]).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let top = ((0.01 * sorted.len() as f64).round() as usize).max(1);
    let (best, cut) = (sorted[0], sorted[top - 1]);
    Problem {
        space,
        question: task.question,
        truth,
        score: Box::new(move |all| {
            best - all
                .iter()
                .map(|v| sign * v[0])
                .fold(f64::NEG_INFINITY, f64::max)
        }),
        found: Some(Box::new(move |all| {
            (all.iter().filter(|v| sign * v[0] >= cut).count() as f64 / top as f64).min(1.0)
        })),
        noise: 0.0,
        starts,
    }
}
