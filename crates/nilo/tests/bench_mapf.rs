//! `nilo bench mapf` as people run it; solutions are checked here from their files alone.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

type Place = (i64, i64);

fn nilo(args: &[&str]) -> Value {
    let done = Command::new(env!("CARGO_BIN_EXE_nilo"))
        .args(args)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{told}");
    serde_json::from_slice(&done.stdout).unwrap()
}

/// A map of shelves with lanes between, as rows.
fn shelves() -> Vec<String> {
    let row = |y: usize| match y % 3 {
        0 => ".".repeat(21),
        _ => "..@@@@..@@@@..@@@@...".to_owned(),
    };
    (0..13).map(row).collect()
}

fn free(rows: &[String]) -> Vec<Place> {
    let mut places = Vec::new();
    for (y, row) in rows.iter().enumerate() {
        for (x, c) in row.chars().enumerate() {
            if c == '.' {
                places.push((x as i64, y as i64));
            }
        }
    }
    places
}

fn map(folder: &Path, rows: &[String]) -> String {
    let file = folder.join("shelves.map");
    let (height, width) = (rows.len(), rows[0].len());
    let text = rows.join("\n");
    let text = format!("type octile\nheight {height}\nwidth {width}\nmap\n{text}\n");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// No two in one place, no two swap, nobody off the map.
fn step_is_right(free: &[Place], was: &[Place], is: &[Place]) {
    let mut at: HashMap<Place, usize> = HashMap::new();
    for (a, place) in is.iter().enumerate() {
        assert!(free.contains(place), "{a} at {place:?}");
        assert_eq!(at.insert(*place, a), None, "two at {place:?}");
    }
    for (a, place) in is.iter().enumerate() {
        let Some(b) = at.get(&was[a]) else { continue };
        assert!(*b == a || was[*b] != *place, "{a} and {b} swap");
    }
}

#[test]
fn a_plan_holds_and_costs_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let rows = shelves();
    let free = free(&rows);
    let map = map(folder.path(), &rows);
    // Everybody goes to the place of the one that many places on: 7 has no divisor in common.
    let n = 60;
    let place = |i: usize| free[i * 7 % free.len()];
    assert_ne!(free.len() % 7, 0);
    let mut scen = "version 1\n".to_owned();
    let mut ends = Vec::new();
    for i in 0..n {
        let ((x, y), (gx, gy)) = (place(i), place(i + 31));
        scen += &format!("0\tshelves.map\t21\t13\t{x}\t{y}\t{gx}\t{gy}\t0\n");
        ends.push(((x, y), (gx, gy)));
    }
    let file = folder.path().join("shelves.scen");
    std::fs::write(&file, scen).unwrap();
    let out = folder.path().join("solution.json");
    let told = nilo(&[
        "--json",
        "bench",
        "mapf",
        &map,
        file.to_str().unwrap(),
        "--seconds",
        "1",
        "--out",
        out.to_str().unwrap(),
    ]);
    let solution: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let moves: Vec<&str> = solution["moves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m.as_str().unwrap())
        .collect();
    assert_eq!(moves.len(), n);
    let cost: usize = moves.iter().map(|m| m.len()).sum();
    assert_eq!(told["sum_of_costs"], cost);
    assert!(told["sum_of_costs"].as_u64() <= told["first"].as_u64());
    assert!(told["bound"].as_u64().unwrap() as usize <= cost);
    let mut at: Vec<Place> = ends.iter().map(|e| e.0).collect();
    for step in 0..moves.iter().map(|m| m.len()).max().unwrap() {
        let was = at.clone();
        for (a, place) in at.iter_mut().enumerate() {
            let (x, y) = match moves[a].as_bytes().get(step) {
                Some(b'r') => (1, 0),
                Some(b'd') => (0, 1),
                Some(b'l') => (-1, 0),
                Some(b'u') => (0, -1),
                Some(b'w') | None => (0, 0),
                Some(other) => panic!("{other}"),
            };
            *place = (place.0 + x, place.1 + y);
        }
        step_is_right(&free, &was, &at);
    }
    assert_eq!(at, ends.iter().map(|e| e.1).collect::<Vec<_>>());
}

#[test]
fn robots_serve_their_errands_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let rows = shelves();
    let free = free(&rows);
    map(folder.path(), &rows);
    let n = 40;
    let line = |(x, y): Place| format!("{}\n", y * 21 + x);
    let starts: Vec<Place> = (0..n).map(|i| free[i * 3]).collect();
    let errands: Vec<Place> = (0..400).map(|i| free[i * 17 % free.len()]).collect();
    let list = |places: &[Place]| {
        let lines: String = places.iter().map(|p| line(*p)).collect();
        format!("{}\n{lines}", places.len())
    };
    std::fs::write(folder.path().join("some.agents"), list(&starts)).unwrap();
    std::fs::write(folder.path().join("some.tasks"), list(&errands)).unwrap();
    let problem = folder.path().join("problem.json");
    let text = r#"{"mapFile":"shelves.map","agentFile":"some.agents","taskFile":"some.tasks","teamSize":40}"#;
    std::fs::write(&problem, text).unwrap();
    let out = folder.path().join("out.json");
    let told = nilo(&[
        "--json",
        "bench",
        "mapf",
        problem.to_str().unwrap(),
        "--steps",
        "120",
        "--out",
        out.to_str().unwrap(),
    ]);
    let solution: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let paths = solution["actualPaths"].as_array().unwrap();
    let actions: Vec<Vec<char>> = paths
        .iter()
        .map(|p| p.as_str().unwrap().chars().filter(|c| *c != ',').collect())
        .collect();
    let (mut at, mut heading) = (starts, vec![0_usize; n]);
    let (mut served, mut done) = (vec![0; n], 0);
    for step in 0..120 {
        let was = at.clone();
        let now = actions.iter().map(|robot| robot[step]);
        for (a, action) in now.enumerate() {
            match action {
                'F' => {
                    let (x, y) = [(1, 0), (0, 1), (-1, 0), (0, -1)][heading[a]];
                    at[a] = (at[a].0 + x, at[a].1 + y);
                }
                'R' => heading[a] = (heading[a] + 1) % 4,
                'C' => heading[a] = (heading[a] + 3) % 4,
                other => assert_eq!(other, 'W'),
            }
        }
        step_is_right(&free, &was, &at);
        for a in 0..n {
            if at[a] == errands[(served[a] * n + a) % errands.len()] {
                served[a] += 1;
                done += 1;
            }
        }
    }
    assert_eq!(told["errands"], done);
    // Some 14 steps and 3 turns apart: at least a third of free flow.
    assert!(done > 90, "{done}");
}
