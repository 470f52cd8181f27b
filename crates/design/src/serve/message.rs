//! What requests hold.

use serde_json::{Map, Value, json};

use super::extension;

use crate::effort::Effort;
use crate::policy::Options;
use crate::question::{Aim, Goal, Limit, Question, Side};
use crate::space::{Factor, FactorKind, Level, LinearConstraint, Point, Relation, Space};
use crate::trial::{Outcome, Trial};

/// Longest sequence.
const SITES_MAX: f64 = 10_000.0;

/// What an `init` asks for.
#[derive(Clone, Debug)]
pub struct Task {
    /// The space, with its candidate table if there is one.
    pub space: Space,
    /// Objectives and outcome constraints.
    pub question: Question,
    /// How the policy is made.
    pub options: Options,
    /// The batch that an `ask` without `q` gives.
    pub batch: usize,
    /// The seed of every random choice.
    pub seed: u64,
}

/// Reads an `init` request.
///
/// # Errors
/// The first thing that can't be read: what was found and what was expected.
pub fn read_task(request: &Value) -> Result<Task, String> {
    let space = request.get("space").ok_or("`init` has no `space`")?;
    let params = list(space, "params")?.ok_or("the space has no `params`")?;
    let factors = params.iter().map(factor).collect::<Result<Vec<_>, _>>()?;
    let mut space_read = Space::new(factors);
    for constraint in list(space, "constraints")?.into_iter().flatten() {
        let rule = linear(constraint, &space_read)?;
        space_read.constraints.push(rule);
    }
    extension::rules(space, &mut space_read)?;
    if let Some(candidates) = present(request, "candidates") {
        let points = candidate_points(candidates, &space_read)?;
        space_read = space_read.with_candidates(points);
    }
    let mut question = question(request)?;
    extension::question(request, &space_read, &mut question)?;
    Ok(Task {
        space: space_read,
        question,
        options: Options {
            repeats: present(request, "repeats")
                .is_some_and(|repeats| repeats == &Value::Bool(true)),
            effort: match present(request, "effort") {
                None => Effort::default(),
                Some(_) => Effort::new(number(request, "effort", "`init`")?)
                    .map_err(|error| error.to_string())?,
            },
        },
        batch: match whole(request, "batch")? {
            None => 1,
            Some(batch) if batch <= super::BATCH_MAX => batch as usize,
            Some(_) => {
                let (found, most) = (&request["batch"], super::BATCH_MAX);
                return Err(format!(
                    "`batch` is {found}, expected a whole number from 0 to {most}"
                ));
            }
        },
        seed: whole(request, "seed")?.unwrap_or(0),
    })
}

pub(super) fn present<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

pub(super) fn list<'a>(object: &'a Value, key: &str) -> Result<Option<&'a Vec<Value>>, String> {
    match present(object, key) {
        None => Ok(None),
        Some(value) => value
            .as_array()
            .map(Some)
            .ok_or_else(|| format!("`{key}` is {}, expected a list", short(value))),
    }
}

fn whole(object: &Value, key: &str) -> Result<Option<u64>, String> {
    match present(object, key) {
        None => Ok(None),
        // A negative seed is as good as any.
        Some(value) => value
            .as_u64()
            .or_else(|| value.as_i64().map(|number| number as u64))
            .map(Some)
            .ok_or_else(|| format!("`{key}` is {}, expected a whole number", short(value))),
    }
}

pub(super) fn number(object: &Value, key: &str, of: &str) -> Result<f64, String> {
    let value = object
        .get(key)
        .ok_or_else(|| format!("{of} has no `{key}`"))?;
    value
        .as_f64()
        .ok_or_else(|| format!("`{key}` of {of} is {}, expected a number", short(value)))
}

pub(super) fn text<'a>(object: &'a Value, key: &str, of: &str) -> Result<&'a str, String> {
    let value = object
        .get(key)
        .ok_or_else(|| format!("{of} has no `{key}`"))?;
    value
        .as_str()
        .ok_or_else(|| format!("`{key}` of {of} is {}, expected a text", short(value)))
}

/// A value as a message shows it: not all of a long one.
pub(super) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// A categorical level's name: a text as it is, anything else as JSON writes it.
fn label(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToString::to_string)
}

fn factor(param: &Value) -> Result<Factor, String> {
    let name = text(param, "name", "a parameter")?;
    let of = format!("parameter `{name}`");
    let kind = match text(param, "type", &of)? {
        "continuous" => {
            let log = present(param, "log").is_some_and(|log| log == &Value::Bool(true));
            FactorKind::Continuous {
                low: number(param, "low", &of)?,
                high: number(param, "high", &of)?,
                log,
            }
        }
        "integer" => {
            let bound = |key: &str| -> Result<i64, String> {
                let value = number(param, key, &of)?;
                if value.fract() != 0.0 || value.abs() > 9e15 {
                    return Err(format!(
                        "`{key}` of {of} is {value}, expected a whole number"
                    ));
                }
                Ok(value as i64)
            };
            FactorKind::Integer {
                low: bound("low")?,
                high: bound("high")?,
            }
        }
        "discrete" => {
            let values = list(param, "values")?.ok_or_else(|| format!("{of} has no `values`"))?;
            let mut levels = values
                .iter()
                .map(|value| {
                    value
                        .as_f64()
                        .ok_or_else(|| format!("value {} of {of} is no number", short(value)))
                })
                .collect::<Result<Vec<_>, _>>()?;
            levels.sort_by(f64::total_cmp);
            FactorKind::Ordinal { levels }
        }
        "categorical" => {
            let values = list(param, "values")?.ok_or_else(|| format!("{of} has no `values`"))?;
            let levels: Vec<String> = values.iter().map(label).collect();
            let descriptors = present(param, "descriptors")
                .map(|table| {
                    levels
                        .iter()
                        .map(|level| {
                            let row = table.get(level).and_then(Value::as_array);
                            let row = row.ok_or_else(|| {
                                format!("{of}: level `{level}` has no descriptors")
                            })?;
                            row.iter()
                                .map(|value| {
                                    value.as_f64().ok_or_else(|| {
                                        format!(
                                            "{of}: descriptor {} of `{level}` is no number",
                                            short(value)
                                        )
                                    })
                                })
                                .collect::<Result<Vec<_>, _>>()
                        })
                        .collect::<Result<Vec<_>, _>>()
                })
                .transpose()?;
            FactorKind::Categorical {
                levels,
                descriptors,
            }
        }
        "sequence" => {
            let alphabet = text(param, "alphabet", &of)?.chars().collect();
            let length = number(param, "length", &of)?;
            if length.fract() != 0.0 || !(1.0..=SITES_MAX).contains(&length) {
                return Err(format!(
                    "`length` of {of} is {length}, expected a whole number from 1 to {SITES_MAX}"
                ));
            }
            let shortest = present(param, "shortest")
                .and_then(Value::as_u64)
                .unwrap_or(length as u64);
            FactorKind::Sequence {
                alphabet,
                shortest: shortest as usize,
                longest: length as usize,
            }
        }
        "mixture" => FactorKind::Mixture {
            group: present(param, "group")
                .and_then(Value::as_str)
                .unwrap_or("mixture")
                .into(),
            low: present(param, "low").and_then(Value::as_f64).unwrap_or(0.0),
            high: present(param, "high")
                .and_then(Value::as_f64)
                .unwrap_or(1.0),
        },
        other => {
            let known = [
                "continuous",
                "integer",
                "discrete",
                "categorical",
                "sequence",
                "mixture",
            ];
            let hint = quantity::nearest(other, known)
                .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(format!(
                "type of {of} is `{other}`, expected one of {}{hint}",
                known.join(", ")
            ));
        }
    };
    Ok(Factor {
        name: name.into(),
        unit: String::new(),
        kind,
    })
}

fn linear(constraint: &Value, space: &Space) -> Result<LinearConstraint, String> {
    let terms = list(constraint, "terms")?.ok_or("a constraint has no `terms`")?;
    let terms = terms
        .iter()
        .map(|term| {
            let name = text(term, "param", "a constraint's term")?;
            let index = space.index(name).ok_or_else(|| unknown(name, space))?;
            Ok((index, number(term, "coef", "a constraint's term")?))
        })
        .collect::<Result<Vec<_>, String>>()?;
    let relation = match text(constraint, "op", "a constraint")? {
        "<=" => Relation::AtMost,
        ">=" => Relation::AtLeast,
        "==" | "=" => Relation::Equal,
        other => {
            return Err(format!(
                "`op` of a constraint is `{other}`, expected <=, >= or =="
            ));
        }
    };
    Ok(LinearConstraint {
        terms,
        relation,
        bound: number(constraint, "rhs", "a constraint")?,
    })
}

pub(super) fn unknown(name: &str, space: &Space) -> String {
    let hint = quantity::nearest(
        name,
        space.factors.iter().map(|factor| factor.name.as_str()),
    )
    .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!("there is no parameter `{name}`{hint}")
}

fn candidate_points(candidates: &Value, space: &Space) -> Result<Vec<Point>, String> {
    let columns = list(candidates, "columns")?.ok_or("`candidates` has no `columns`")?;
    let places = space
        .factors
        .iter()
        .map(|factor| {
            columns
                .iter()
                .position(|column| column.as_str() == Some(&factor.name))
                .ok_or_else(|| format!("`candidates` has no column `{}`", factor.name))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let rows = list(candidates, "rows")?.ok_or("`candidates` has no `rows`")?;
    let readers: Vec<Reader> = space.factors.iter().map(Reader::new).collect();
    rows.iter()
        .enumerate()
        .map(|(number, row)| {
            let cells = row
                .as_array()
                .ok_or_else(|| format!("candidate row {number} is no list"))?;
            readers
                .iter()
                .zip(&places)
                .map(|(reader, &place)| reader.level(cells.get(place).unwrap_or(&Value::Null)))
                .collect::<Result<Vec<_>, _>>()
                .map(Point)
                .map_err(|why| format!("candidate row {number}: {why}"))
        })
        .collect()
}

fn question(request: &Value) -> Result<Question, String> {
    let goals = list(request, "objectives")?.ok_or("`init` has no `objectives`")?;
    let goals = goals
        .iter()
        .map(|goal| {
            let name = text(goal, "name", "an objective")?.to_string();
            let aim = match text(goal, "goal", "an objective")? {
                "max" => Aim::Maximise,
                "min" => Aim::Minimise,
                "map" => Aim::Map,
                other => {
                    return Err(format!(
                        "`goal` of `{name}` is `{other}`, expected max, min or map"
                    ));
                }
            };
            Ok(Goal { name, aim })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let limits = list(request, "outcome_constraints")?.map_or(&[][..], Vec::as_slice);
    let limits = limits
        .iter()
        .map(|limit| {
            let name = text(limit, "name", "an outcome constraint")?.to_string();
            let side = match text(limit, "op", "an outcome constraint")? {
                "<=" => Side::AtMost,
                ">=" => Side::AtLeast,
                other => return Err(format!("`op` of `{name}` is `{other}`, expected <= or >=")),
            };
            let bound = number(limit, "rhs", "an outcome constraint")?;
            Ok(Limit { name, side, bound })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let reference = list(request, "ref_point")?
        .filter(|reference| !reference.is_empty())
        .map(|reference| {
            reference
                .iter()
                .map(|value| {
                    value.as_f64().ok_or_else(|| {
                        format!("`ref_point` holds {}, expected numbers", short(value))
                    })
                })
                .collect::<Result<Vec<_>, _>>()
        })
        .transpose()?;
    let rounds = whole(request, "rounds")?.and_then(|rounds| u32::try_from(rounds).ok());
    Ok(Question {
        goals,
        limits,
        rounds,
        reference,
        ..Question::maximise("")
    })
}

/// Reads JSON values as levels of one factor.
pub(super) struct Reader<'a> {
    factor: &'a Factor,
    places: std::collections::BTreeMap<&'a str, usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(factor: &'a Factor) -> Reader<'a> {
        let places = match &factor.kind {
            FactorKind::Categorical { levels, .. } => levels
                .iter()
                .enumerate()
                .map(|(index, level)| (level.as_str(), index))
                .collect(),
            _ => Default::default(),
        };
        Reader { factor, places }
    }

    pub(super) fn level(&self, value: &Value) -> Result<Level, String> {
        let refuse = || {
            format!(
                "`{}` is {}, expected {}",
                self.factor.name,
                short(value),
                self.factor.expected()
            )
        };
        match &self.factor.kind {
            FactorKind::Categorical { .. } => {
                let name = label(value);
                self.places
                    .get(name.as_str())
                    .map(|&index| Level::Category(index))
                    .ok_or_else(refuse)
            }
            FactorKind::Sequence { .. } => {
                let word = value.as_str().ok_or_else(refuse)?;
                self.factor.parse(word).map_err(|error| error.to_string())
            }
            FactorKind::Integer { .. } => {
                let number = value
                    .as_f64()
                    .filter(|number| number.fract() == 0.0)
                    .ok_or_else(refuse)?;
                Ok(Level::Integer(number as i64))
            }
            FactorKind::Ordinal { levels } => {
                let number = value.as_f64().ok_or_else(refuse)?;
                if levels.contains(&number) {
                    return Ok(Level::Real(number));
                }
                self.factor.parse(&number.to_string()).map_err(|_| refuse())
            }
            FactorKind::Continuous { .. } | FactorKind::Mixture { .. } => {
                value.as_f64().map(Level::Real).ok_or_else(refuse)
            }
        }
    }
}

impl Task {
    /// Reads a point: a candidate's row, or `params` with a value for each parameter.
    fn read_point(&self, trial: &Value) -> Result<Point, String> {
        if let Some(params) = present(trial, "params") {
            let levels = self
                .space
                .factors
                .iter()
                .map(|factor| {
                    let value = params
                        .get(&factor.name)
                        .ok_or_else(|| format!("`params` has no `{}`", factor.name))?;
                    Reader::new(factor).level(value)
                })
                .collect::<Result<Vec<_>, String>>()?;
            return Ok(Point(levels));
        }
        let row = present(trial, "candidate").ok_or("has neither `params` nor `candidate`")?;
        let table = self
            .space
            .candidates
            .as_ref()
            .ok_or("names a `candidate`, but there is no candidate table")?;
        let place = row.as_u64().and_then(|row| usize::try_from(row).ok());
        place
            .and_then(|place| table.points().get(place))
            .cloned()
            .ok_or_else(|| {
                format!(
                    "`candidate` is {row}, expected a row from 0 to {}",
                    table.len().saturating_sub(1)
                )
            })
    }

    /// Reads a list of points: each an object of parameters, or one with `params` or `candidate`.
    pub(super) fn read_points(&self, points: &Value) -> Result<Vec<Point>, String> {
        let points = points.as_array().ok_or("points are no list")?;
        points
            .iter()
            .enumerate()
            .map(|(place, point)| {
                let bare = point.get("params").is_none() && point.get("candidate").is_none();
                let read = if bare {
                    self.read_point(&json!({"params": point}))
                } else {
                    self.read_point(point)
                };
                read.map_err(|why| format!("point {place}: {why}"))
            })
            .collect()
    }

    /// Reads the trials of a `tell`.
    pub(super) fn read_trials(&self, request: &Value, batch: u64) -> Result<Vec<Trial>, String> {
        let trials = list(request, "trials")?.ok_or("`tell` has no `trials`")?;
        trials
            .iter()
            .enumerate()
            .map(|(place, trial)| {
                self.read_trial(trial, batch)
                    .map_err(|why| format!("trial {place}: {why}"))
            })
            .collect()
    }

    fn read_trial(&self, trial: &Value, batch: u64) -> Result<Trial, String> {
        let point = self.read_point(trial)?;
        let Some(outcomes) = present(trial, "outcomes") else {
            return Ok(Trial::failed(point, batch));
        };
        let names = self.question.goals.iter().map(|goal| &goal.name);
        let names = names.chain(self.question.limits.iter().map(|limit| &limit.name));
        let mut values = Vec::new();
        for name in names {
            match outcomes.get(name) {
                Some(Value::Null) => return Ok(Trial::failed(point, batch)),
                Some(value) => {
                    let value = value.as_f64().ok_or_else(|| {
                        format!(
                            "`{name}` is {}, expected a number, or null if it failed",
                            short(value)
                        )
                    })?;
                    values.push(value);
                }
                None => return Err(format!("`outcomes` has no `{name}`")),
            }
        }
        let sd = present(trial, "sd").and_then(Value::as_f64);
        let replicates = whole(trial, "replicates")?
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(1);
        let outcome = Outcome::Measured {
            values,
            sd,
            replicates,
        };
        Ok(Trial {
            point,
            outcome,
            batch,
        })
    }

    /// A proposed point: a candidate's row where there is a table, otherwise its parameters.
    pub(super) fn write_point(&self, point: &Point) -> Value {
        if let Some(place) = self
            .space
            .candidates
            .as_ref()
            .and_then(|table| table.position(point))
        {
            return json!({"candidate": place});
        }
        json!({"params": self.params(point)})
    }

    /// A point's parameters by name.
    pub(super) fn params(&self, point: &Point) -> Value {
        let params: Map<String, Value> = self
            .space
            .factors
            .iter()
            .zip(point.levels())
            .map(|(factor, level)| {
                let value = match level {
                    Level::Real(value) => json!(value),
                    Level::Integer(value) => json!(value),
                    Level::Category(_) | Level::Sequence(_) => json!(factor.print(level)),
                };
                (factor.name.clone(), value)
            })
            .collect();
        Value::Object(params)
    }
}
