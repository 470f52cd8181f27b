//! Races on grids: `cargo run --release -p transport --example mapf -- MAP SCEN AGENTS SECONDS [SEED]`
//! or `… -- lifelong INSTANCE.json STEPS [SEED]`.
#![allow(clippy::unwrap_used)]

use quantity::Seed;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use transport::mapf::{
    Distances, Lacam, Lifelong, Progress, Refiner, check, read_errands, read_map, read_scenario,
};

fn main() {
    // Priority inheritance goes as deep as there are agents.
    std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

fn run() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args[0] == "lifelong" {
        lifelong(&args[1], args[2].parse().unwrap(), args.get(3));
        return;
    }
    let clock = Instant::now();
    let grid = Arc::new(read_map(&std::fs::read_to_string(&args[0]).unwrap()).unwrap());
    let agents = args[2].parse().unwrap();
    let text = std::fs::read_to_string(&args[1]).unwrap();
    let instance = read_scenario(&grid, &text, agents).unwrap();
    let seconds: f64 = args[3].parse().unwrap();
    let seed = Seed(args.get(4).map_or(1, |s| s.parse().unwrap()));
    let distances: Vec<Distances> = instance
        .goals
        .iter()
        .map(|g| Distances::to(&grid, *g))
        .collect();
    let tables = clock.elapsed().as_secs_f64();
    let mut search = Lacam::new(&instance, &distances, seed);
    let bound = search.lower_bound();
    let plan = loop {
        match search.search(100) {
            Progress::Solved(plan) => break plan,
            Progress::Impossible => panic!("no solution"),
            Progress::Searching if clock.elapsed().as_secs_f64() > seconds => {
                println!("no solution in {seconds} s: {search:?}");
                return;
            }
            Progress::Searching => {}
        }
    };
    drop(search);
    let first = clock.elapsed().as_secs_f64();
    check(&instance, &plan).unwrap();
    let cost = plan.sum_of_costs();
    println!(
        "{agents} agents, bound {bound}: tables {tables:.2} s, first {cost} ({:.3}) at {first:.2} s",
        cost as f64 / bound as f64
    );
    let mut refiner = Refiner::new(&instance, &distances, plan, seed).unwrap();
    let mut rounds = 0;
    let mut next = first * 1.5;
    while clock.elapsed().as_secs_f64() < seconds {
        refiner.rounds(20);
        rounds += 20;
        let t = clock.elapsed().as_secs_f64();
        if t > next {
            println!("  {t:6.2} s: {} after {rounds} rounds", refiner.cost());
            next = t * 1.5;
        }
    }
    let plan = refiner.into_plan();
    check(&instance, &plan).unwrap();
    let cost = plan.sum_of_costs();
    println!(
        "  {seconds:6.2} s: {cost} ({:.3}) after {rounds} rounds",
        cost as f64 / bound as f64
    );
}

fn lifelong(file: &str, steps: u64, seed: Option<&String>) {
    let folder = Path::new(file).parent().unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let part = |key: &str| {
        let after = &text[text.find(key).unwrap() + key.len() + 3..];
        let name: String = after
            .trim_start_matches([' ', '"', ':'])
            .chars()
            .take_while(|c| *c != '"')
            .collect();
        std::fs::read_to_string(folder.join(name)).unwrap()
    };
    let grid = Arc::new(read_map(&part("mapFile")).unwrap());
    let starts = read_errands(&grid, &part("agentFile")).unwrap();
    let errands = read_errands(&grid, &part("taskFile")).unwrap();
    let seed = Seed(seed.map_or(1, |s| s.parse().unwrap()));
    let mut world = Lifelong::new(Arc::clone(&grid), &starts, &errands, seed);
    let clock = Instant::now();
    let mut worst = 0.0_f64;
    for step in 1..=steps {
        let before = Instant::now();
        world.advance_checked().unwrap();
        worst = worst.max(before.elapsed().as_secs_f64());
        if step % (steps / 10).max(1) == 0 {
            println!("  step {step}: {} errands", world.done());
        }
    }
    println!(
        "{} robots on {} cells: {} errands in {steps} steps, {:.2} s, longest step {:.3} s",
        starts.len(),
        grid.cells(),
        world.done(),
        clock.elapsed().as_secs_f64(),
        worst
    );
}
