//! `nilo bench mapf`: path finding for many agents on grids, of MovingAI and the League of Robot
//! Runners.

use super::clock::{Clock, ClockKind};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::output::Output;
use quantity::Seed;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use transport::mapf::{
    Distances, Grid, Instance, Lifelong, Outcome, Plan, Turn, check, read_errands, read_map,
    read_scenario, solve,
};

/// Agents that ask one another to give way do so in nested calls.
const STACK_BYTES: usize = 512 << 20;

/// Which instance, and how long.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A MovingAI map (.map), or a lifelong problem of the League of Robot Runners 2023 (.json)
    file: PathBuf,
    /// The scenario of a map (.scen)
    scenario: Option<PathBuf>,
    /// How many agents of the scenario; all if not given
    #[arg(long)]
    agents: Option<usize>,
    /// Seconds to find a plan and make it better; lifelong: at most for each step
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Which clock the seconds are of: processor seconds don't depend on what else a machine does
    #[arg(long, value_enum, default_value_t = ClockKind::Wall)]
    clock: ClockKind,
    /// Steps of a lifelong problem
    #[arg(long, default_value_t = 1_000)]
    steps: u64,
    /// Where the random choices start
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to write the solution (docs/solutions.md)
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Solves it.
pub fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    if !(args.seconds.is_finite() && args.seconds > 0.0) {
        return Err(Failure::refused(format!(
            "--seconds {}: expected a number above zero",
            args.seconds
        )));
    }
    let lifelong = args.file.extension().is_some_and(|e| e == "json");
    let solve = || match (&args.scenario, lifelong) {
        (None, true) => errands(args, output),
        (Some(scenario), false) => one_shot(args, scenario, output),
        (None, false) => Err(Failure::refused(format!(
            "{}: a map needs a scenario",
            args.file.display()
        ))
        .help("nilo bench mapf MAP SCENARIO, or a problem of the League of Robot Runners (.json)")),
        (Some(scenario), true) => Err(Failure::refused(format!(
            "{}: a lifelong problem names its own files",
            scenario.display()
        ))),
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let solving = thread.spawn_scoped(scope, solve).map_err(Failure::io)?;
        solving
            .join()
            .unwrap_or_else(|_| Err(Failure::internal("the search stopped half-way")))
    })
}

fn read<T, E: std::fmt::Display>(
    path: &Path,
    how: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    how(&files::text(path)?).map_err(|why| Failure::refused(format!("{}: {why}", path.display())))
}

fn write(args: &Args, solution: &Value) -> Result<(), Failure> {
    let Some(path) = &args.out else {
        return Ok(());
    };
    let cannot = |error: std::io::Error| Failure::io(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(cannot)?;
    }
    std::fs::write(path, format!("{solution}\n")).map_err(cannot)
}

fn one_shot(args: &Args, scenario: &Path, output: &Output) -> Result<Exit, Failure> {
    let grid = Arc::new(read(&args.file, read_map)?);
    let instance = read(scenario, |text| read_scenario(&grid, text, args.agents))?;
    let agents = instance.starts.len();
    let clock = Clock::start(args.clock);
    let (mut first, mut best) = (None, None);
    let outcome = solve(&instance, Seed(args.seed), |cost| {
        let now = clock.seconds();
        if let Some(cost) = cost {
            first.get_or_insert((cost, now));
            if best.is_none_or(|(b, _)| cost < b) {
                best = Some((cost, now));
            }
        }
        now < args.seconds
    });
    let seconds = clock.seconds();
    let plan = match outcome {
        Outcome::Solved(plan) => plan,
        Outcome::Impossible => {
            return Err(Failure::new(Exit::Found, "the instance has no solution"));
        }
        Outcome::Stopped => {
            return Err(Failure::new(
                Exit::Found,
                format!("no plan for {agents} agents in {} s", args.seconds),
            )
            .help("give it more --seconds, or fewer --agents"));
        }
    };
    check(&instance, &plan).map_err(Failure::internal)?;
    let goals = instance.goals.iter();
    let distances: Vec<Distances> = goals.map(|g| Distances::to(&grid, *g)).collect();
    let bound = instance.lower_bound(&distances);
    let cost = plan.sum_of_costs();
    let (first, first_s) = first.unwrap_or((cost, seconds));
    let found_s = best.filter(|b| b.0 == cost).map_or(seconds, |b| b.1);
    let name = |path: &Path| path.file_name().map(|n| n.to_string_lossy().into_owned());
    write(
        args,
        &json!({
            "format": "mapf-solution-1",
            "map": name(&args.file),
            "scenario": name(scenario),
            "agents": agents,
            "sum_of_costs": cost,
            "makespan": plan.makespan(),
            "bound": bound,
            "starts": instance.starts.iter().map(|c| grid.position(*c)).collect::<Vec<_>>(),
            "moves": moves(&instance, &plan),
        }),
    )?;
    let text = format!(
        "{agents} agents: sum of costs {cost} ({:.3} of the bound {bound}), makespan {}\n\
         first plan {first} after {first_s:.2} s, the best after {found_s:.2} s",
        cost as f64 / bound.max(1) as f64,
        plan.makespan(),
    );
    output.result(
        "bench mapf",
        &text,
        json!({
            "agents": agents,
            "sum_of_costs": cost,
            "bound": bound,
            "makespan": plan.makespan(),
            "first": first,
            "first_s": first_s,
            "found_s": found_s,
            "seconds": seconds,
            "seed": args.seed,
            "solution": args.out,
        }),
    )?;
    Ok(Exit::Success)
}

/// For each agent a letter a step: right, down, left, up, wait.
fn moves(instance: &Instance, plan: &Plan) -> Vec<String> {
    let letter = |pair: &[u32]| {
        let ((ax, ay), (bx, by)) = (
            instance.grid.position(pair[0]),
            instance.grid.position(pair[1]),
        );
        match (bx as i64 - ax as i64, by as i64 - ay as i64) {
            (1, 0) => 'r',
            (0, 1) => 'd',
            (-1, 0) => 'l',
            (0, -1) => 'u',
            _ => 'w',
        }
    };
    let paths = plan.paths.iter();
    paths.map(|p| p.windows(2).map(letter).collect()).collect()
}

/// The parts of a problem that are read; others are let be.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    map_file: PathBuf,
    agent_file: PathBuf,
    task_file: PathBuf,
    team_size: usize,
}

fn errands(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let problem: Problem = read(&args.file, |text| serde_json::from_str(text))?;
    let folder = args.file.parent().unwrap_or(Path::new(""));
    let grid: Arc<Grid> = Arc::new(read(&folder.join(&problem.map_file), read_map)?);
    let file = folder.join(&problem.agent_file);
    let mut starts = read(&file, |text| read_errands(&grid, text))?;
    let wanted = args.agents.unwrap_or(problem.team_size);
    if starts.len() < wanted {
        let found = starts.len();
        return Err(Failure::refused(format!(
            "{}: {found} robots, {wanted} were asked for",
            file.display()
        )));
    }
    starts.truncate(wanted);
    let errands = read(&folder.join(&problem.task_file), |text| {
        read_errands(&grid, text)
    })?;
    let mut world = Lifelong::new(Arc::clone(&grid), &starts, &errands, Seed(args.seed));
    let mut actions: Vec<String> = vec![String::new(); wanted];
    let mut times = Vec::new();
    for _ in 0..args.steps {
        let clock = Clock::start(args.clock);
        let turns = world
            .advance_within(|| clock.seconds() < args.seconds)
            .map_err(Failure::internal)?;
        times.push(clock.seconds());
        for (actions, turn) in actions.iter_mut().zip(turns) {
            if !actions.is_empty() {
                actions.push(',');
            }
            actions.push(match turn {
                Turn::Forward => 'F',
                Turn::Clockwise => 'R',
                Turn::Counter => 'C',
                Turn::Wait => 'W',
            });
        }
    }
    let longest = times.iter().copied().fold(0.0, f64::max);
    let total: f64 = times.iter().sum();
    let place = |cell: &u32| {
        let (x, y) = grid.position(*cell);
        (y, x)
    };
    write(
        args,
        &json!({
            "actionModel": "MAPF_T",
            "teamSize": wanted,
            "start": starts.iter().map(|c| { let (y, x) = place(c); json!([y, x, "E"]) }).collect::<Vec<_>>(),
            "numTaskFinished": world.done(),
            "makespan": args.steps,
            "actualPaths": actions,
            "plannerTimes": times,
        }),
    )?;
    let steps = args.steps.max(1);
    let text = format!(
        "{wanted} robots: {} errands in {} steps ({:.2} a step); planning {:.3} s a step, at most {longest:.3} s",
        world.done(),
        args.steps,
        world.done() as f64 / steps as f64,
        total / steps as f64,
    );
    output.result(
        "bench mapf",
        &text,
        json!({
            "agents": wanted,
            "steps": args.steps,
            "errands": world.done(),
            "seconds_a_step": total / steps as f64,
            "longest_s": longest,
            "seed": args.seed,
            "solution": args.out,
        }),
    )?;
    Ok(Exit::Success)
}
