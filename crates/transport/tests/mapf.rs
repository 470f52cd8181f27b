//! Path finding on grids: every plan is checked by code that shares nothing with the planners.
#![allow(clippy::unwrap_used)]

use quantity::Seed;
use rand::RngExt;
use std::path::PathBuf;
use std::sync::Arc;
use transport::mapf::{
    Distances, Grid, Instance, Lacam, Lifelong, Plan, PlanFault, Progress, Refiner, check,
    read_map, read_scenario,
};

fn distances(instance: &Instance) -> Vec<Distances> {
    let goals = instance.goals.iter();
    goals.map(|g| Distances::to(&instance.grid, *g)).collect()
}

fn solve(instance: &Instance, expansions: usize) -> Progress {
    let distances = distances(instance);
    Lacam::new(instance, &distances, Seed(1)).search(expansions)
}

/// A random map of one piece, and agents on it.
fn random(seed: u64, side: usize, blocked: f64, agents: usize) -> Option<Instance> {
    let mut rng = Seed(seed).derive("map", 0).rng();
    let free: Vec<bool> = (0..side * side)
        .map(|_| !rng.random_bool(blocked))
        .collect();
    let grid = Grid::new(side, side, &free);
    let from = Distances::to(&grid, 0);
    if grid.cells() < agents || (0..grid.cells()).any(|c| from.from(c as u32) == Distances::FAR) {
        return None;
    }
    let mut pick = || {
        let mut cells: Vec<u32> = (0..grid.cells() as u32).collect();
        for k in (1..cells.len()).rev() {
            cells.swap(k, rng.random_range(0..=k));
        }
        cells.truncate(agents);
        cells
    };
    let (starts, goals) = (pick(), pick());
    Some(Instance {
        grid: Arc::new(grid),
        starts,
        goals,
    })
}

#[test]
fn plans_are_right_and_get_cheaper() {
    let mut solved = 0;
    for seed in 0..60 {
        let Some(instance) = random(seed, 10, 0.12, 30) else {
            continue;
        };
        let distances = distances(&instance);
        let mut search = Lacam::new(&instance, &distances, Seed(seed));
        let Progress::Solved(plan) = search.search(20_000) else {
            panic!("seed {seed} not solved");
        };
        check(&instance, &plan).unwrap();
        let first = plan.sum_of_costs();
        let mut refiner = Refiner::new(&instance, &distances, plan, Seed(seed)).unwrap();
        refiner.rounds(300);
        let cost = refiner.cost();
        let plan = refiner.into_plan();
        check(&instance, &plan).unwrap();
        assert_eq!(plan.sum_of_costs(), cost);
        assert!(cost <= first && cost >= instance.lower_bound(&distances));
        solved += 1;
    }
    assert!(solved > 10, "{solved}");
}

#[test]
fn two_swap_in_a_corridor_with_a_bay_and_cannot_without() {
    for (bay, possible) in [('.', true), ('@', false)] {
        let text = format!("height 2\nwidth 6\nmap\n......\n@@@{bay}@@\n");
        let grid = Arc::new(read_map(&text).unwrap());
        let instance = Instance {
            starts: vec![0, 5],
            goals: vec![5, 0],
            grid,
        };
        match solve(&instance, 100_000) {
            Progress::Solved(plan) => {
                assert!(possible);
                check(&instance, &plan).unwrap();
            }
            Progress::Impossible => assert!(!possible),
            Progress::Searching => panic!("not decided"),
        }
    }
}

#[test]
fn the_checker_sees_every_kind_of_fault() {
    let grid = Arc::new(read_map("height 2\nwidth 3\nmap\n...\n...\n").unwrap());
    let instance = Instance {
        grid,
        starts: vec![0, 1],
        goals: vec![1, 0],
    };
    let fault = |paths: Vec<Vec<u32>>| check(&instance, &Plan { paths }).unwrap_err();
    assert!(matches!(
        fault(vec![vec![0, 1], vec![1, 0]]),
        PlanFault::Swap { .. }
    ));
    assert!(matches!(
        fault(vec![vec![0, 1], vec![1, 1, 0]]),
        PlanFault::Meet { .. }
    ));
    assert!(matches!(
        fault(vec![vec![0, 4, 1], vec![1, 0]]),
        PlanFault::Jump { .. }
    ));
    assert!(matches!(
        fault(vec![vec![0], vec![1, 0]]),
        PlanFault::Ends { .. }
    ));
    assert!(matches!(fault(vec![vec![0]]), PlanFault::Agents { .. }));
    let right = vec![vec![0, 3, 4, 1], vec![1, 0]];
    check(&instance, &Plan { paths: right }).unwrap();
}

#[test]
fn robots_finish_errands_without_collision() {
    let instance = random(3, 12, 0.05, 40).or_else(|| random(4, 12, 0.05, 40));
    let instance = instance.or_else(|| random(5, 12, 0.03, 40)).unwrap();
    let mut rng = Seed(9).derive("errands", 0).rng();
    let errands: Vec<u32> = (0..5000)
        .map(|_| rng.random_range(0..instance.grid.cells() as u32))
        .collect();
    let mut world = Lifelong::new(instance.grid, &instance.starts, &errands, Seed(1));
    for _ in 0..400 {
        world.advance_within(|| true).unwrap();
    }
    // 40 robots on 144 cells, some 8 steps and 2 turns apart: at least a third of free flow.
    assert!(world.done() > 500, "{}", world.done());
}

#[test]
fn a_crowded_map_keeps_flowing_and_serves_everybody() {
    // Nearly every other free cell is taken, and there are dead ends and alleys.
    let instance = (1..20).find_map(|seed| random(seed, 18, 0.2, 120)).unwrap();
    let mut rng = Seed(4).derive("errands", 0).rng();
    let errands: Vec<u32> = (0..6000)
        .map(|_| rng.random_range(0..instance.grid.cells() as u32))
        .collect();
    let n = instance.starts.len();
    let mut world = Lifelong::new(instance.grid, &instance.starts, &errands, Seed(1));
    let mut done = Vec::new();
    for _ in 0..3 {
        for _ in 0..150 {
            world.advance_within(|| true).unwrap();
        }
        done.push(world.done());
        println!("{done:?}, least {:?}", world.served().iter().min());
    }
    let (first, last) = (done[0], done[2] - done[1]);
    assert!(last * 10 > first * 8, "{first} errands, then {last}");
    assert!(done[2] > n * 450 / 36, "{done:?}");
    assert!(world.served().iter().all(|served| *served > 0));
}

#[test]
fn benchmark_instances() {
    let root = std::env::var_os("NILO_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = root.join("mapf/movingai/random-32-32-20");
    let Ok(map) = std::fs::read_to_string(folder.join("random-32-32-20.map")) else {
        println!("skipped: NILO_DATA not found");
        return;
    };
    let grid = Arc::new(read_map(&map).unwrap());
    let scen = std::fs::read_to_string(folder.join("random-32-32-20-random-1.scen")).unwrap();
    let instance = read_scenario(&grid, &scen, Some(400)).unwrap();
    let Progress::Solved(plan) = solve(&instance, 20_000) else {
        panic!("not solved");
    };
    check(&instance, &plan).unwrap();
}
