//! Races on grids: `cargo run --release -p transport --example mapf -- MAP SCEN AGENTS SECONDS [SEED]`
//! or `… -- lifelong INSTANCE.json STEPS [SEED]`.
#![allow(clippy::unwrap_used)]

use quantity::Seed;
use std::path::Path;
use std::sync::Arc;
use transport::mapf::{Lifelong, Outcome, check, read_errands, read_map, read_scenario, solve};

/// CPU time of this thread: the machine may be busy with other things.
struct Cpu(rustix::time::Timespec);

impl Cpu {
    fn start() -> Self {
        Self(rustix::time::clock_gettime(
            rustix::time::ClockId::ThreadCPUTime,
        ))
    }

    fn seconds(&self) -> f64 {
        let now = Self::start().0;
        (now.tv_sec - self.0.tv_sec) as f64 + (now.tv_nsec - self.0.tv_nsec) as f64 / 1e9
    }
}

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
    let clock = Cpu::start();
    let grid = Arc::new(read_map(&std::fs::read_to_string(&args[0]).unwrap()).unwrap());
    let agents: usize = args[2].parse().unwrap();
    let text = std::fs::read_to_string(&args[1]).unwrap();
    let instance = read_scenario(&grid, &text, Some(agents)).unwrap();
    let seconds: f64 = args[3].parse().unwrap();
    let seed = Seed(args.get(4).map_or(1, |s| s.parse().unwrap()));
    let mut best = None;
    let mut next = 0.0;
    let outcome = solve(&instance, seed, |cost| {
        let t = clock.seconds();
        if let Some(cost) = cost {
            if best.is_none() {
                println!("{agents} agents: first {cost} at {t:.2} s");
                next = 1.5 * t;
            } else if t > next {
                println!("  {t:6.2} s: {cost}");
                next = 1.5 * t;
            }
        }
        best = cost;
        t < seconds
    });
    let Outcome::Solved(plan) = outcome else {
        println!(
            "{agents} agents: {outcome:?} after {:.2} s",
            clock.seconds()
        );
        return;
    };
    println!("  {:6.2} s: {}", clock.seconds(), plan.sum_of_costs());
    check(&instance, &plan).unwrap();
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
    let clock = Cpu::start();
    let mut worst = 0.0_f64;
    for step in 1..=steps {
        let before = Cpu::start();
        world.advance_within(|| true).unwrap();
        worst = worst.max(before.seconds());
        if step % (steps / 10).max(1) == 0 {
            println!("  step {step}: {} errands", world.done());
        }
    }
    println!(
        "{} robots on {} cells: {} errands in {steps} steps, {:.2} s, longest step {:.3} s",
        starts.len(),
        grid.cells(),
        world.done(),
        clock.seconds(),
        worst
    );
}
