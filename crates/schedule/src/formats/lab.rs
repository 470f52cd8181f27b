//! `labsched-1`: plates through an automated laboratory, with lags, stay limits, blocking, doors and
//! movers. Times are whole seconds.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Identical devices.
#[derive(Clone, Debug, Deserialize)]
pub struct Type {
    /// How many devices.
    pub machines: u32,
    /// Plates that each holds.
    pub slots: u32,
    /// Seconds of putting a plate in.
    pub load: i64,
    /// Seconds of taking it out.
    pub unload: i64,
    /// One door: handlings of one device don't overlap.
    #[serde(default)]
    pub gate: bool,
}

/// A step of a workflow.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// Name of the device type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Least seconds in the device.
    pub stay_min: i64,
    /// Most seconds in the device.
    pub stay_max: i64,
}

/// A least and most time between two edges (`b` begin, `e` end) of steps.
#[derive(Clone, Debug, Deserialize)]
pub struct Lag {
    /// Step that it counts from.
    pub a: usize,
    /// Edge of that step.
    pub ae: String,
    /// Step that it counts to.
    pub b: usize,
    /// Edge of that step.
    pub be: String,
    /// Least seconds.
    pub min: i64,
    /// Most seconds.
    pub max: i64,
}

/// What a plate goes through.
#[derive(Clone, Debug, Deserialize)]
pub struct Workflow {
    /// Steps in order.
    pub steps: Vec<Step>,
    /// Lags.
    #[serde(default)]
    pub lags: Vec<Lag>,
}

/// A plate.
#[derive(Clone, Debug, Deserialize)]
pub struct Plate {
    /// Its number.
    pub id: u32,
    /// Name of its workflow.
    pub wf: String,
    /// Earliest departure from the hotel.
    #[serde(default)]
    pub release: i64,
    /// When it is due.
    #[serde(default)]
    pub due: i64,
    /// Weight of lateness.
    #[serde(default = "one")]
    pub weight: i64,
}

fn one() -> i64 {
    1
}

/// An instance.
#[derive(Clone, Debug, Deserialize)]
pub struct Lab {
    /// `labsched-1`.
    pub format: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Device types by name.
    pub types: BTreeMap<String, Type>,
    /// Number of movers.
    pub movers: u32,
    /// Most seconds that a plate may stand on its mover within a leg.
    pub wait_max: i64,
    /// Seconds of travel by `from>to`.
    pub travel: BTreeMap<String, i64>,
    /// Workflows by name.
    pub workflows: BTreeMap<String, Workflow>,
    /// Plates.
    pub plates: Vec<Plate>,
}

/// A step of a plate in a solution.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Stay {
    /// Loaded, processing begins.
    pub begin: i64,
    /// Unloading begins.
    pub end: i64,
    /// Which device of the type, from 0.
    pub machine: u32,
}

/// A plate in a solution.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct PlatePlan {
    /// Its number.
    pub id: u32,
    /// Its steps in order.
    pub steps: Vec<Stay>,
    /// Completion that it was promised when it arrived, where plates arrive one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<i64>,
}

/// A solution, `labsched-solution-1`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Solution {
    /// `labsched-solution-1`.
    pub format: String,
    /// Name of the instance.
    pub instance: String,
    /// Maximum completion.
    pub makespan: i64,
    /// A bound that no solution can beat.
    pub bound: i64,
    /// All plates.
    pub plates: Vec<PlatePlan>,
}

impl Lab {
    /// Reads an instance.
    ///
    /// # Errors
    /// What is wrong with the text, as a sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        let lab: Self = serde_json::from_str(text).map_err(|e| format!("not labsched-1: {e}"))?;
        if lab.format != "labsched-1" {
            return Err(format!("format is '{}', expected 'labsched-1'", lab.format));
        }
        for (name, workflow) in &lab.workflows {
            if workflow.steps.is_empty() {
                return Err(format!("workflow '{name}' has no steps"));
            }
            for step in &workflow.steps {
                if !lab.types.contains_key(&step.kind) {
                    return Err(format!(
                        "workflow '{name}' needs type '{}', which is not there",
                        step.kind
                    ));
                }
            }
            for lag in &workflow.lags {
                let n = workflow.steps.len();
                if lag.a >= n || lag.b >= n {
                    return Err(format!(
                        "a lag of workflow '{name}' names step {}, but it has {n}",
                        lag.a.max(lag.b)
                    ));
                }
            }
        }
        let mut places: Vec<&str> = lab.types.keys().map(String::as_str).collect();
        places.push("hotel");
        for from in &places {
            for to in &places {
                if !lab.travel.contains_key(&format!("{from}>{to}")) {
                    return Err(format!("no travel time for '{from}>{to}'"));
                }
            }
        }
        if let Some(plate) = lab
            .plates
            .iter()
            .find(|p| !lab.workflows.contains_key(&p.wf))
        {
            return Err(format!(
                "plate {} has workflow '{}', which is not there",
                plate.id, plate.wf
            ));
        }
        Ok(lab)
    }

    /// Seconds of travel; the reader has made sure that they are there.
    #[must_use]
    pub fn travel(&self, from: &str, to: &str) -> i64 {
        self.travel
            .get(&format!("{from}>{to}"))
            .copied()
            .unwrap_or(0)
    }

    /// Whether plates become known over time, at their release, instead of all at once.
    #[must_use]
    pub fn arrives(&self) -> bool {
        self.plates.iter().any(|p| p.release > 0)
    }

    /// Completion of a plate whose last step ends at `end`.
    #[must_use]
    pub fn completion(&self, workflow: &Workflow, end: i64) -> i64 {
        let kind = &workflow.steps[workflow.steps.len() - 1].kind;
        end + self.types[kind].unload + self.travel(kind, "hotel")
    }
}

/// Everything that is wrong with a solution, read straight from the rules of the format.
#[must_use]
pub fn check(lab: &Lab, solution: &Solution) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut movers = Vec::new();
    let mut bays: BTreeMap<(&str, u32), Vec<(i64, i64)>> = BTreeMap::new();
    let mut doors: BTreeMap<(&str, u32), Vec<(i64, i64)>> = BTreeMap::new();
    let plans: BTreeMap<u32, &PlatePlan> = solution.plates.iter().map(|p| (p.id, p)).collect();
    let mut makespan = 0;
    for plate in &lab.plates {
        let workflow = &lab.workflows[&plate.wf];
        let Some(plan) = plans.get(&plate.id) else {
            wrong.push(format!("plate {} is missing", plate.id));
            continue;
        };
        if plan.steps.len() != workflow.steps.len() {
            wrong.push(format!("plate {} has {} steps", plate.id, plan.steps.len()));
            continue;
        }
        let mut before: Option<(&str, i64)> = None;
        for (k, (step, stay)) in workflow.steps.iter().zip(&plan.steps).enumerate() {
            let kind = step.kind.as_str();
            let t = &lab.types[kind];
            let inside = stay.end - stay.begin;
            if inside < step.stay_min || inside > step.stay_max {
                wrong.push(format!("plate {} step {k} stays {inside} s", plate.id));
            }
            if stay.machine >= t.machines {
                wrong.push(format!(
                    "plate {} step {k} is on {kind} {}",
                    plate.id, stay.machine
                ));
            }
            let start = match before {
                None => {
                    let start = stay.begin - t.load - lab.travel("hotel", kind);
                    if start < plate.release {
                        wrong.push(format!("plate {} leaves before its release", plate.id));
                    }
                    start
                }
                Some((from, end)) => {
                    let leg = lab.types[from].unload + lab.travel(from, kind) + t.load;
                    let took = stay.begin - end;
                    if took < leg || took > leg + lab.wait_max {
                        wrong.push(format!("plate {} leg to step {k} takes {took} s", plate.id));
                    }
                    end
                }
            };
            movers.push((start, stay.begin));
            let key = (kind, stay.machine);
            bays.entry(key)
                .or_default()
                .push((stay.begin - t.load, stay.end + t.unload));
            if t.gate && t.slots > 1 {
                let door = doors.entry(key).or_default();
                door.push((stay.begin - t.load, stay.begin));
                door.push((stay.end, stay.end + t.unload));
            }
            before = Some((kind, stay.end));
        }
        if let Some((kind, end)) = before {
            let done = end + lab.types[kind].unload + lab.travel(kind, "hotel");
            movers.push((end, done));
            makespan = makespan.max(done);
            if let Some(promise) = plan.promise
                && done > promise
            {
                wrong.push(format!(
                    "plate {} is complete at {done} s, {promise} s was promised",
                    plate.id
                ));
            }
        }
        for lag in &workflow.lags {
            let time = |step: usize, edge: &str| match edge {
                "b" => plan.steps[step].begin,
                _ => plan.steps[step].end,
            };
            let gap = time(lag.b, &lag.be) - time(lag.a, &lag.ae);
            if gap < lag.min || gap > lag.max {
                wrong.push(format!(
                    "plate {} lag {} to {} is {gap} s",
                    plate.id, lag.a, lag.b
                ));
            }
        }
    }
    for (what, uses) in &bays {
        if most(uses) > i64::from(lab.types[what.0].slots) {
            wrong.push(format!("{} {} is overfull", what.0, what.1));
        }
    }
    for (what, uses) in &doors {
        if most(uses) > 1 {
            wrong.push(format!(
                "the door of {} {} is used twice at once",
                what.0, what.1
            ));
        }
    }
    if most(&movers) > i64::from(lab.movers) {
        wrong.push(format!("{} movers are needed", most(&movers)));
    }
    if makespan != solution.makespan {
        wrong.push(format!(
            "the makespan is {makespan}, not {}",
            solution.makespan
        ));
    }
    wrong
}

/// The most intervals that overlap at a time.
fn most(uses: &[(i64, i64)]) -> i64 {
    let mut edges: Vec<(i64, i64)> = uses
        .iter()
        .filter(|u| u.1 > u.0)
        .flat_map(|u| [(u.0, 1), (u.1, -1)])
        .collect();
    edges.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, by) in edges {
        now += by;
        most = most.max(now);
    }
    most
}
