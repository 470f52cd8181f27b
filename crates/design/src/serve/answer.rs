//! What answers hold beyond proposals: predictions, explanations, slices.

use serde_json::{Map, Value, json};

use super::Session;
use super::extension;
use super::message::{list, present, short};
use crate::space::{FactorKind, Level, Point, moved};

/// Earlier trials named for each explained point.
const BEARING: usize = 8;
/// Steps of a slice where none are asked for, and most points of one.
const STEPS: usize = 21;
const SLICE_MAX: usize = 10_000;

impl Session {
    fn points(&self, request: &Value, op: &str) -> Result<Vec<Point>, String> {
        let points = request
            .get("points")
            .ok_or_else(|| format!("`{op}` has no `points`"))?;
        let points: Vec<Point> = self.task.read_points(points)?;
        match points.iter().find(|point| !self.space.shaped(point)) {
            Some(point) => Err(format!(
                "{} lies outside the space",
                self.space.print(point)
            )),
            None => Ok(points),
        }
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        let question = &self.task.question;
        let goals = question.goals.iter().map(|goal| &goal.name);
        goals.chain(question.limits.iter().map(|limit| &limit.name))
    }

    pub(super) fn predict(&mut self, request: &Value) -> Result<Value, String> {
        let points = self.points(request, "predict")?;
        self.predictions(&points)
    }

    fn predictions(&mut self, points: &[Point]) -> Result<Value, String> {
        self.policy.refit();
        let predictions = self
            .policy
            .predict_all(points)
            .ok_or("there is no model yet: `tell` some trials first")?;
        let list = |number: fn(&crate::Prediction) -> f64| -> Vec<Value> {
            (0..points.len())
                .map(|point| {
                    let named = self.names().zip(&predictions);
                    let values = named.map(|(name, of)| (name.clone(), json!(number(&of[point]))));
                    Value::Object(values.collect::<Map<_, _>>())
                })
                .collect()
        };
        Ok(json!({
            "ok": true, "mean": list(|p| p.mean), "sd": list(|p| p.sd),
            "noise": list(|p| p.noise), "low": list(|p| p.low), "high": list(|p| p.high),
        }))
    }

    /// Predictions, the earlier trials that bear on them, and how much each factor matters.
    pub(super) fn explain(&mut self, request: &Value) -> Result<Value, String> {
        let points = match request.get("points") {
            None => Vec::new(),
            Some(_) => self.points(request, "explain")?,
        };
        let mut answer = self.predictions(&points)?;
        let bears: Vec<Value> = points
            .iter()
            .map(|point| match self.policy.bearing(point) {
                None => Value::Null,
                Some(all) => {
                    let named = all.into_iter().take(BEARING).map(|(trial, weight)| {
                        let id = self.ids.get(trial).cloned().unwrap_or(Value::Null);
                        json!({"trial": trial, "id": id, "weight": weight})
                    });
                    Value::Array(named.collect())
                }
            })
            .collect();
        answer["bears"] = Value::Array(bears);
        if let Some(shares) = self.policy.importance() {
            let named = self.space.factors.iter().zip(shares);
            let shares: Map<String, Value> = named
                .map(|(factor, share)| (factor.name.clone(), json!(share)))
                .collect();
            answer["importance"] = Value::Object(shares);
        }
        answer["model"] = json!(self.policy.note());
        Ok(answer)
    }

    /// Predictions along one factor or over two, the others held: at `at`, or as in the best trial.
    pub(super) fn slice(&mut self, request: &Value) -> Result<Value, String> {
        let names = list(request, "params")?.ok_or("`slice` has no `params`")?;
        if names.is_empty() || names.len() > 2 {
            return Err(format!(
                "`params` names {} parameters, expected 1 or 2",
                names.len()
            ));
        }
        let factors = names
            .iter()
            .map(|name| {
                let found = name.as_str().and_then(|name| self.space.index(name));
                found.ok_or_else(|| format!("there is no parameter {}", short(name)))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let steps = match present(request, "steps") {
            None => STEPS,
            Some(steps) => steps
                .as_u64()
                .filter(|&steps| (2..=SLICE_MAX as u64).contains(&steps))
                .ok_or_else(|| format!("`steps` is {steps}, expected 2 to {SLICE_MAX}"))?
                as usize,
        };
        let held = match present(request, "at") {
            Some(at) => extension::held(at, &self.space).map_err(|why| format!("`at`: {why}"))?,
            None => Vec::new(),
        };
        let base = self
            .base()
            .ok_or("there is nothing to slice through: `tell` some trials first")?;
        let mut points = vec![moved(base, &held)];
        for &factor in &factors {
            let levels = self.levels(factor, steps);
            if levels.len() * points.len() > SLICE_MAX {
                return Err(format!(
                    "the slice has over {SLICE_MAX} points: ask for fewer `steps`"
                ));
            }
            points = points
                .iter()
                .flat_map(|point| {
                    levels
                        .iter()
                        .map(|level| moved(point.clone(), &[(factor, level.clone())]))
                })
                .collect();
        }
        let mut answer = self.predictions(&points)?;
        let written: Vec<Value> = points.iter().map(|point| self.task.params(point)).collect();
        answer["points"] = Value::Array(written);
        Ok(answer)
    }

    /// The told point with the best expected first response.
    fn base(&mut self) -> Option<Point> {
        self.policy.refit();
        let predictions = self.policy.predict(&self.told)?;
        let minimise = self.task.question.goals[0].aim == crate::Aim::Minimise;
        let worth = |i: usize| {
            if minimise {
                -predictions[i].mean
            } else {
                predictions[i].mean
            }
        };
        let best =
            (0..self.told.len()).max_by(|&a, &b| worth(a).total_cmp(&worth(b)).then(b.cmp(&a)))?;
        Some(self.told[best].clone())
    }

    fn levels(&self, factor: usize, steps: usize) -> Vec<Level> {
        let factor = &self.space.factors[factor];
        match (&factor.kind, factor.range()) {
            (FactorKind::Continuous { .. } | FactorKind::Mixture { .. }, Some((low, high))) => (0
                ..steps)
                .map(|i| i as f64 / (steps - 1) as f64)
                .map(|share| {
                    let log = matches!(factor.kind, FactorKind::Continuous { log: true, .. });
                    let value = if log {
                        (low.ln() + share * (high.ln() - low.ln())).exp()
                    } else {
                        low + share * (high - low)
                    };
                    Level::Real(value.clamp(low, high))
                })
                .collect(),
            (FactorKind::Integer { low, high }, _) if high.saturating_sub(*low) >= steps as i64 => {
                let width = high.saturating_sub(*low) as f64;
                let step = |i: usize| (i as f64 / (steps - 1) as f64 * width).round() as i64;
                (0..steps)
                    .map(|i| Level::Integer(low.saturating_add(step(i)).min(*high)))
                    .collect()
            }
            _ => factor
                .levels()
                .unwrap_or_default()
                .into_iter()
                .take(SLICE_MAX)
                .collect(),
        }
    }
}
