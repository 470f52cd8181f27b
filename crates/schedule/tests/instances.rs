//! Solvers for the formats of others, judged by checks that step through time, and against every
//! possible schedule of small instances.
#![allow(missing_docs, clippy::unwrap_used)]

use quantity::Seed;
use schedule::formats::jobshop::{self, JobShop};
use schedule::formats::lab::{self, Lab};
use schedule::formats::slab::{self, Slab};
use schedule::formats::{Instance, Solution};
use schedule::solve::{
    Effort, Moment, job_shop, job_shop_bound, lab as solve_lab, lab_online, slab as solve_slab,
    solve,
};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Whole random numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = Seed(self.0).derive("dice", 1).0;
        self.0 % count
    }
}

fn effort<'a>(go_on: &'a mut dyn FnMut() -> bool, iterations: u64) -> Effort<'a> {
    Effort {
        go_on,
        iterations,
        seed: 7,
    }
}

fn data(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("NILO_DATA")
        .map_or_else(|| PathBuf::from("../../../shared/data"), PathBuf::from);
    let path = root.join("scheduling").join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// The least makespan by trying every order in which operations can be put at the end.
fn exhaustive(shop: &JobShop) -> i64 {
    fn go(shop: &JobShop, next: &mut [usize], ready: &[i64], free: &[i64], best: &mut i64) {
        if ready.iter().any(|r| r >= best) {
            return;
        }
        let mut all = true;
        for j in 0..next.len() {
            let Some(options) = shop.jobs[j].get(next[j]) else {
                continue;
            };
            all = false;
            for &(machine, time) in options {
                let end = ready[j].max(free[machine]) + time;
                let (mut ready, mut free) = (ready.to_vec(), free.to_vec());
                (ready[j], free[machine]) = (end, end);
                next[j] += 1;
                go(shop, next, &ready, &free, best);
                next[j] -= 1;
            }
        }
        if all {
            *best = ready.iter().copied().max().unwrap();
        }
    }
    let mut best = i64::MAX;
    go(
        shop,
        &mut vec![0; shop.jobs.len()],
        &vec![0; shop.jobs.len()],
        &vec![0; shop.machines],
        &mut best,
    );
    best
}

#[test]
fn small_job_shops_are_solved_to_the_optimum() {
    let mut dice = Dice(3);
    for turn in 0..40 {
        let flexible = turn % 2 == 1;
        let machines = 3;
        let jobs = (0..3)
            .map(|_| {
                (0..1 + dice.below(3))
                    .map(|_| {
                        let first = dice.below(3) as usize;
                        // Times of zero and machines visited twice are among them.
                        let mut options = vec![(first, dice.below(9) as i64)];
                        if flexible && dice.below(2) == 0 {
                            options.push(((first + 1) % 3, 1 + dice.below(9) as i64));
                        }
                        options
                    })
                    .collect()
            })
            .collect();
        let shop = JobShop { machines, jobs };
        let mut go_on = || true;
        let (solution, _) = job_shop(&shop, "small", effort(&mut go_on, 3000));
        assert_eq!(jobshop::check(&shop, &solution), [""; 0], "{shop:?}");
        let optimum = exhaustive(&shop);
        assert_eq!(solution.makespan, optimum, "{shop:?}");
        assert!(job_shop_bound(&shop) <= optimum, "{shop:?}");
    }
}

#[test]
fn a_classic_is_solved_and_the_same_seed_gives_the_same() {
    // ft06 of Fisher and Thompson 1963; its optimum is 55.
    let text = "6 6\n2 1 0 3 1 6 3 7 5 3 4 6\n1 8 2 5 4 10 5 10 0 10 3 4\n2 5 3 4 5 8 0 9 1 1 4 7\n\
                1 5 0 5 2 5 3 3 4 8 5 9\n2 9 1 3 4 5 5 4 0 3 3 1\n1 3 3 3 5 9 0 10 4 4 2 1\n";
    let instance = Instance::read(text).unwrap();
    let once = || {
        let mut go_on = || true;
        solve(&instance, "ft06", effort(&mut go_on, 20_000))
            .unwrap()
            .0
    };
    let (a, b) = (once(), once());
    assert_eq!(a.makespan(), 55);
    let (Solution::JobShop(a), Solution::JobShop(b)) = (a, b) else {
        panic!("not a job shop");
    };
    assert_eq!(a, b);
}

/// A laboratory with everything that the format has, drawn.
fn small_lab(dice: &mut Dice, plates: usize) -> Lab {
    let names = ["a", "b", "c"];
    let mut types = serde_json::Map::new();
    for (index, name) in names.iter().enumerate() {
        let slots = 1 + 2 * u64::from(index == 2);
        types.insert(
            (*name).to_owned(),
            serde_json::json!({
                "machines": 1 + dice.below(2), "slots": slots, "load": 1 + dice.below(3),
                "unload": 1 + dice.below(3), "gate": index == 2,
            }),
        );
    }
    let mut travel = serde_json::Map::new();
    for from in names.iter().chain(&["hotel"]) {
        for to in names.iter().chain(&["hotel"]) {
            travel.insert(format!("{from}>{to}"), (1 + dice.below(5)).into());
        }
    }
    let mut step = |kind: &str| {
        let least = 2 + dice.below(20);
        serde_json::json!({ "op": kind, "type": kind, "stay_min": least, "stay_max": least + dice.below(6) })
    };
    let workflows = serde_json::json!({
        "one": { "steps": [step("a"), step("c"), step("b")],
                 "lags": [{ "a": 0, "ae": "e", "b": 2, "be": "b", "min": 0, "max": 70 }] },
        "two": { "steps": [step("b"), step("c"), step("a"), step("b")], "lags": [] },
    });
    let plates: Vec<_> = (0..plates)
        .map(|id| {
            let workflow = if id % 2 == 0 { "one" } else { "two" };
            serde_json::json!({ "id": id, "wf": workflow, "release": dice.below(30) })
        })
        .collect();
    let text = serde_json::json!({
        "format": "labsched-1", "name": "small", "types": types, "movers": 2, "wait_max": 5,
        "travel": travel, "workflows": workflows, "plates": plates,
    });
    Lab::read(&text.to_string()).unwrap()
}

/// Second by second: who is in which device, at which door, on which mover.
fn watch(lab: &Lab, solution: &lab::Solution) {
    for now in 0..solution.makespan {
        let mut movers = 0;
        let mut inside: BTreeMap<(&str, u32), u32> = BTreeMap::new();
        let mut doors: BTreeMap<(&str, u32), u32> = BTreeMap::new();
        for (plate, plan) in lab.plates.iter().zip(&solution.plates) {
            let steps = &lab.workflows[&plate.wf].steps;
            let mut left = None;
            for (step, stay) in steps.iter().zip(&plan.steps) {
                let t = &lab.types[&step.kind];
                let from = left.unwrap_or(stay.begin - t.load - lab.travel("hotel", &step.kind));
                movers += u32::from((from..stay.begin).contains(&now));
                let key = (step.kind.as_str(), stay.machine);
                if (stay.begin - t.load..stay.end + t.unload).contains(&now) {
                    *inside.entry(key).or_default() += 1;
                }
                let handled = (stay.begin - t.load..stay.begin).contains(&now)
                    || (stay.end..stay.end + t.unload).contains(&now);
                if handled && t.gate {
                    *doors.entry(key).or_default() += 1;
                }
                left = Some(stay.end);
            }
            let last = &steps[steps.len() - 1].kind;
            let home = left.unwrap() + lab.types[last].unload + lab.travel(last, "hotel");
            movers += u32::from((left.unwrap()..home).contains(&now));
            assert!(home <= solution.makespan);
        }
        assert!(movers <= lab.movers, "{movers} movers at {now}");
        for ((kind, machine), plates) in inside {
            assert!(plates <= lab.types[kind].slots, "{kind} {machine} at {now}");
        }
        assert!(doors.values().all(|&d| d <= 1), "a door at {now}");
    }
}

#[test]
fn laboratories_are_sound_at_every_second() {
    let mut dice = Dice(11);
    for turn in 0..12 {
        let lab = small_lab(&mut dice, 2 + turn % 7);
        let mut go_on = || true;
        let (solution, _) = solve_lab(&lab, effort(&mut go_on, 400)).unwrap();
        assert_eq!(lab::check(&lab, &solution), [""; 0]);
        watch(&lab, &solution);
        assert!(solution.bound <= solution.makespan);
    }
}

#[test]
fn a_wrong_solution_is_found_out() {
    let mut dice = Dice(5);
    let lab = small_lab(&mut dice, 4);
    let mut go_on = || true;
    let (solution, _) = solve_lab(&lab, effort(&mut go_on, 50)).unwrap();
    for plate in 0..4 {
        for step in 0..2 {
            let mut wrong = solution.clone();
            wrong.plates[plate].steps[step].end += 40;
            assert_ne!(lab::check(&lab, &wrong), [""; 0]);
        }
    }
}

#[test]
fn time_windows_are_kept_where_the_optimum_is_known() {
    for (name, optimum) in [("Gu2016/N1", 87), ("qPCR/N5", 148)] {
        let Some(folder) = data(&format!("slab/{name}")) else {
            return;
        };
        let table = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
        let slab = Slab::read(
            &table("machines.tsv"),
            &table("operations.tsv"),
            &table("dependency.tsv"),
            &table("tcmb.tsv"),
        )
        .unwrap();
        let mut go_on = || true;
        let (solution, _) = solve_slab(&slab, name, effort(&mut go_on, 3000)).unwrap();
        assert_eq!(slab::check(&slab, &solution), [""; 0]);
        assert_eq!((solution.makespan, solution.bound), (optimum, optimum));
    }
}

#[test]
fn time_windows_with_rivals_in_one_block() {
    // Two operations that must be near one another on the only machine, then one that is tied to both.
    let slab = Slab::read(
        "id\ttype\tname\n1\t1\tm\n2\t2\tn\n",
        "job\top\ttype\ttime\n1\t1\t1\t4\n1\t2\t1\t3\n1\t3\t2\t5\n2\t1\t1\t4\n2\t2\t2\t1\n",
        "job\ta\tb\n1\t1\t3\n1\t2\t3\n2\t1\t2\n",
        "job\ta\tp\tb\tq\tlimit\n1\t1\tend\t3\tstart\t4\n1\t2\tend\t3\tstart\t4\n2\t1\tend\t2\tstart\t0\n",
    )
    .unwrap();
    let mut go_on = || true;
    let (solution, _) = solve_slab(&slab, "rivals", effort(&mut go_on, 500)).unwrap();
    assert_eq!(slab::check(&slab, &solution), [""; 0]);
    // 7 on the first machine, then 5 on the second; the other job, which may not wait, ends right
    // behind it. The other way round it is 4 + 7 + 5.
    assert_eq!(solution.makespan, 13);
}

/// A laboratory with two kinds of plates that compete, plates arriving one by one.
fn arriving(count: u32) -> Lab {
    let mut plates = Vec::new();
    let mut dice = Dice(11);
    let mut release = 0;
    for id in 0..count {
        release += dice.below(60) as i64;
        let kind = ["short", "long"][dice.below(2) as usize];
        let (due, weight) = (release + 900, 1 + dice.below(5));
        plates.push(format!(
            r#"{{"id":{id},"wf":"{kind}","release":{release},"due":{due},"weight":{weight}}}"#
        ));
    }
    let places = ["reader", "oven", "hotel"];
    let travel: Vec<String> = (places.iter())
        .flat_map(|a| {
            places
                .iter()
                .map(move |b| format!(r#""{a}>{b}":{}"#, 5 * usize::from(a != b)))
        })
        .collect();
    Lab::read(&format!(
        r#"{{"format":"labsched-1","movers":3,"wait_max":20,"travel":{{{}}},
        "types":{{"reader":{{"machines":1,"slots":1,"load":2,"unload":2}},"oven":{{"machines":2,"slots":3,"load":4,"unload":4,"gate":true}}}},
        "workflows":{{"short":{{"steps":[{{"type":"reader","stay_min":20,"stay_max":60}}]}},
        "long":{{"steps":[{{"type":"reader","stay_min":10,"stay_max":30}},{{"type":"oven","stay_min":200,"stay_max":260}},
        {{"type":"reader","stay_min":15,"stay_max":90}}],"lags":[{{"a":1,"ae":"e","b":2,"be":"b","min":0,"max":25}}]}}}},
        "plates":[{}]}}"#,
        travel.join(","),
        plates.join(",")
    ))
    .unwrap()
}

/// Completions by plate, and when each left the hotel.
fn left_and_done(lab: &Lab, solution: &lab::Solution) -> Vec<(i64, i64)> {
    (lab.plates.iter().zip(&solution.plates))
        .map(|(plate, plan)| {
            let first = &lab.workflows[&plate.wf].steps[0].kind;
            let out = lab.travel("hotel", first) + lab.types[first].load;
            let last = plan.steps[plan.steps.len() - 1].end;
            let done = lab.completion(&lab.workflows[&plate.wf], last);
            (plan.steps[0].begin - out, done)
        })
        .collect()
}

#[test]
fn plates_that_arrive_are_promised_and_served() {
    let lab = arriving(60);
    let mut asked = 0;
    let service = lab_online(&lab, 5, 40, &mut |moment| {
        asked += usize::from(moment == Moment::Asked);
        true
    })
    .unwrap();
    assert_eq!(asked, 60);
    assert_eq!(lab::check(&lab, &service.solution), [""; 0]);
    assert_eq!(service.broken, 0);
    let times = left_and_done(&lab, &service.solution);
    let flow: i64 = (times.iter().zip(&lab.plates))
        .map(|(t, p)| t.1 - p.release)
        .sum();
    assert!((service.flow - flow as f64 / 60.0).abs() < 1e-6);
    // Improvement helps, or it would not be worth its time.
    let greedy = lab_online(&lab, 5, 0, &mut |_| true).unwrap();
    assert!(
        service.flow < greedy.flow,
        "{} {}",
        service.flow,
        greedy.flow
    );
    // A completion behind its promise is found out.
    let mut late = service.solution.clone();
    late.plates[3].promise = Some(times[3].1 - 1);
    assert_eq!(lab::check(&lab, &late).len(), 1);
}

/// What comes later changes nothing of what has left before it became known.
#[test]
fn nothing_is_known_before_it_arrives() {
    let whole = arriving(40);
    let mut begun = whole.clone();
    begun.plates.truncate(25);
    let known = whole.plates[25].release;
    let (a, b) = (
        lab_online(&whole, 3, 30, &mut |_| true).unwrap(),
        lab_online(&begun, 3, 30, &mut |_| true).unwrap(),
    );
    let mut same = 0;
    let left = left_and_done(&whole, &a.solution);
    for (plate, left) in left.iter().enumerate().take(25) {
        assert_eq!(
            a.solution.plates[plate].promise,
            b.solution.plates[plate].promise
        );
        if left.0 <= known {
            assert_eq!(
                a.solution.plates[plate].steps,
                b.solution.plates[plate].steps
            );
            same += 1;
        }
    }
    assert!((5..25).contains(&same), "{same} of 25 had left");
}
