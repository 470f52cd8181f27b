//! Conversations with the engine, broken at random places: what the fuzz test and the fuzz example share.
//!
//! A conversation is a list of requests. Mutations know the shape of JSON, not of the protocol: they replace,
//! remove, copy and swap nodes of a request, take values from elsewhere in the conversation, reorder
//! requests, and damage bytes. What must hold whatever comes: every line is answered, every answer says `ok`
//! or why not, numbers in answers are finite, proposals are as many as asked for, and what was refused has
//! changed nothing.

use quantity::{Rng, Seed};
use rand::RngExt;
use serde_json::{Value, json};

/// Largest batch that is asked for: larger ones are slow, not different.
const BATCH_MAX: u64 = 40;
/// Most steps of a slice.
const STEPS_MAX: u64 = 60;

fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.random_range(0..from.len())]
}

/// Requests that are right, over all kinds of factors and questions.
fn inits() -> Vec<Value> {
    let mixed = json!([
        {"name": "t", "type": "continuous", "low": 20, "high": 80},
        {"name": "c", "type": "continuous", "low": 1e-6, "high": 1, "log": true},
        {"name": "n", "type": "integer", "low": 1, "high": 5},
        {"name": "e", "type": "discrete", "values": [1, 1.5, 3]},
        {"name": "s", "type": "categorical", "values": ["a", "b"], "descriptors": {"a": [0.1, 2], "b": [0.4, 1]}}]);
    let plain = json!([{"name": "t", "type": "continuous", "low": 0, "high": 1},
        {"name": "s", "type": "categorical", "values": ["a", "b"]}]);
    let one = json!([{"name": "y", "goal": "max"}]);
    vec![
        json!({"op": "init", "protocol": 1, "seed": 3, "batch": 4, "rounds": 3,
            "space": {"params": mixed, "constraints": [
                {"terms": [{"param": "t", "coef": 1}, {"param": "n", "coef": 10}], "op": "<=", "rhs": 100}],
                "exclusions": [{"when": [{"param": "s", "in": ["a"]}, {"param": "t", "low": 70}]}]},
            "objectives": [{"name": "y", "goal": "min"}],
            "outcome_constraints": [{"name": "z", "op": "<=", "rhs": 0.5}]}),
        json!({"op": "init", "protocol": 1, "seed": 1, "batch": 3, "space": {"params": plain},
            "objectives": [{"name": "y", "goal": "max"}, {"name": "z", "goal": "min"}], "ref_point": [0, 3]}),
        json!({"op": "init", "batch": 2, "space": {"params": plain},
            "objectives": [{"name": "y", "goal": "map", "level": 0.5}]}),
        json!({"op": "init", "batch": 2, "space": {"params": plain}, "objectives": one, "repeats": true,
            "target": {"s": "b"}, "cheaper": true,
            "costs": {"base": 1, "terms": [{"param": "t", "coef": 2}], "levels": {"s": {"a": 1, "b": 9}}}}),
        json!({"op": "init", "batch": 3, "space": {"params": [
                {"name": "p", "type": "sequence", "alphabet": "ACDE", "length": 4, "shortest": 2},
                {"name": "u", "type": "mixture", "group": "m"}, {"name": "v", "type": "mixture", "group": "m"},
                {"name": "w", "type": "mixture", "group": "m"}],
                "cardinality": {"params": ["u", "v", "w"], "at_least": 1, "at_most": 2}},
            "objectives": one}),
        json!({"op": "init", "batch": 2, "space": {"params": plain}, "objectives": one,
            "candidates": {"columns": ["t", "s"], "rows": [[0.1, "a"], [0.2, "b"], [0.3, "a"], [0.9, "b"],
                [0.5, "a"], [0.6, "b"], [0.7, "a"], [0.8, "b"], [0.15, "a"], [0.25, "b"]]}}),
    ]
}

/// A level of a factor as `init` describes it; now and then one that isn't there.
fn level(param: &Value, rng: &mut Rng) -> Value {
    if rng.random_range(0..40) == 0 {
        return any(rng);
    }
    let share: f64 = rng.random();
    let (low, high) = (param["low"].as_f64(), param["high"].as_f64());
    match (param["type"].as_str(), low, high) {
        (Some("integer"), Some(low), Some(high)) => {
            json!((low + share * (high - low)).round() as i64)
        }
        (Some("continuous"), Some(low), Some(high)) => json!(low + share * (high - low)),
        (Some("sequence"), ..) => {
            let letters = param["alphabet"]
                .as_str()
                .unwrap_or("A")
                .as_bytes()
                .to_vec();
            let length = param["length"].as_u64().unwrap_or(1).min(30);
            let word = (0..length).map(|_| *pick(rng, &letters) as char);
            json!(word.collect::<String>())
        }
        (Some("mixture"), ..) => json!(share),
        _ => match param["values"].as_array() {
            Some(values) if !values.is_empty() => pick(rng, values).clone(),
            _ => Value::Null,
        },
    }
}

fn point(init: &Value, rng: &mut Rng) -> Value {
    let mut point = json!({});
    let params = init["space"]["params"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut left = 1.0;
    let mixtures = params
        .iter()
        .filter(|param| param["type"] == "mixture")
        .count();
    let mut seen = 0;
    for param in &params {
        let Some(name) = param["name"].as_str() else {
            continue;
        };
        point[name] = level(param, rng);
        if param["type"] == "mixture" {
            // Shares add up to one, one of them zero.
            seen += 1;
            let share = if seen == mixtures {
                left
            } else if seen == 1 {
                0.0
            } else {
                (left * 100.0_f64 * rng.random::<f64>()).round() / 100.0
            };
            left -= share;
            point[name] = json!(share);
        }
    }
    point
}

/// Some right trials of a campaign.
fn trials(init: &Value, rng: &mut Rng) -> Value {
    let count = *pick(rng, &[1, 2, 3, 5, 12, 20]);
    let scale = *pick(rng, &[1.0, 1.0, 1e-12, 1e12, 1e308, 0.0]);
    let all: Vec<Value> = (0..count)
        .map(|i| {
            let mut trial = json!({"id": i, "params": point(init, rng)});
            if let Some(rows) = init["candidates"]["rows"].as_array() {
                trial = json!({"id": i, "candidate": rng.random_range(0..rows.len().max(1))});
            }
            if rng.random_range(0..8) > 0 {
                let mut outcomes = json!({});
                for response in ["objectives", "outcome_constraints"] {
                    for response in init[response].as_array().into_iter().flatten() {
                        if let Some(name) = response["name"].as_str() {
                            outcomes[name] = json!(scale * (rng.random::<f64>() - 0.5));
                        }
                    }
                }
                trial["outcomes"] = outcomes;
            }
            match rng.random_range(0..12) {
                0 => trial["guess"] = json!(true),
                1 => trial["sd"] = json!(*pick(rng, &[0.0, 0.1, 1e-300, 1e300])),
                2 => trial["replicates"] = json!(*pick(rng, &[1, 3, 4_000_000_000_u64])),
                _ => {}
            }
            trial
        })
        .collect();
    json!({"op": "tell", "trials": all})
}

/// A conversation that is nearly right.
fn conversation(rng: &mut Rng) -> Vec<Value> {
    let init = pick(rng, &inits()).clone();
    let mut requests = vec![init.clone()];
    for _ in 0..rng.random_range(1..6) {
        let request = match rng.random_range(0..8) {
            0 | 1 => json!({"op": "ask", "q": rng.random_range(0..6)}),
            2 => json!({"op": "ask", "q": 2, "pending": [{"params": point(&init, rng)}]}),
            3 => json!({"op": "predict", "points": [point(&init, rng), point(&init, rng)]}),
            4 => json!({"op": "explain", "points": [point(&init, rng)]}),
            5 => json!({"op": "slice", "params": ["t"], "steps": 4, "at": {"s": "a"}}),
            _ => trials(&init, rng),
        };
        requests.push(request);
    }
    requests.insert(1, trials(&init, rng));
    requests.push(json!({"op": "ask", "q": 3}));
    requests
}

/// A value of any kind, edges first.
fn any(rng: &mut Rng) -> Value {
    match rng.random_range(0..20) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!([]),
        3 => json!({}),
        4 => json!(""),
        5 => json!("t"),
        6 => json!("é\u{0}\u{1F9EA}"),
        7 => json!("x".repeat(3_000)),
        8 => json!(u64::MAX),
        9 => json!(i64::MIN),
        10 => json!(1e308),
        11 => json!(-1e308),
        12 => json!(5e-324),
        13 => json!(-0.0),
        14 => json!([[], [[]]]),
        15 => json!({"params": {"t": 0.5}}),
        16 => json!(rng.random_range(-3..9)),
        17 => json!(rng.random::<f64>()),
        18 => json!("1e5"),
        _ => json!([1, "a", null]),
    }
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(nodes).sum(),
        Value::Object(map) => map.values().map(nodes).sum(),
        _ => 0,
    }
}

/// The node of that number, in the order of writing.
fn node<'a>(value: &'a mut Value, number: &mut usize) -> Option<&'a mut Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|inner| node(inner, number)),
        Value::Object(map) => map.values_mut().find_map(|inner| node(inner, number)),
        _ => None,
    }
}

fn some_node<'a>(requests: &'a mut [Value], rng: &mut Rng) -> Option<&'a mut Value> {
    let place = rng.random_range(0..requests.len());
    let request = &mut requests[place];
    let mut number = rng.random_range(0..nodes(request));
    node(request, &mut number)
}

fn damage(value: &mut Value, other: &Value, rng: &mut Rng) {
    match (rng.random_range(0..4), &mut *value) {
        (0, Value::Array(list)) if !list.is_empty() => {
            let place = rng.random_range(0..list.len());
            match rng.random_range(0..4) {
                0 => drop(list.remove(place)),
                1 => list.push(list[place].clone()),
                2 => list.insert(place, any(rng)),
                _ => list.reverse(),
            }
        }
        (0, Value::Object(map)) if !map.is_empty() => {
            let keys: Vec<String> = map.keys().cloned().collect();
            let key = pick(rng, &keys);
            match rng.random_range(0..3) {
                0 => drop(map.remove(key)),
                1 => drop(map.insert(key.clone(), other.clone())),
                _ => {
                    let moved = map.remove(key).unwrap_or_default();
                    map.insert(pick(rng, &keys).clone(), moved);
                }
            }
        }
        (0 | 1, Value::Number(number)) => {
            let number = number.as_f64().unwrap_or(0.0);
            let factor = *pick(rng, &[-1.0, 0.0, 0.5, 2.0, 1e3, 1e-9, 1e300]);
            *value = json!(number * factor);
        }
        (2, _) => *value = other.clone(),
        _ => *value = any(rng),
    }
}

/// Keeps a request from asking for more than can be waited for.
fn tamed(request: &mut Value) {
    for (key, most) in [("q", BATCH_MAX), ("batch", BATCH_MAX), ("steps", STEPS_MAX)] {
        if request[key]
            .as_u64()
            .is_some_and(|n| n > most && n <= 1_000_000)
        {
            request[key] = json!(most);
        }
    }
}

/// The lines of one broken conversation.
pub fn lines(seed: Seed) -> Vec<Vec<u8>> {
    let mut rng = seed.rng();
    let mut requests = conversation(&mut rng);
    for _ in 0..*pick(&mut rng, &[0, 1, 1, 2, 3, 8]) {
        let other = some_node(&mut requests, &mut rng).map_or(Value::Null, |node| node.clone());
        if let Some(chosen) = some_node(&mut requests, &mut rng) {
            damage(chosen, &other, &mut rng);
        }
        if rng.random_range(0..6) == 0 {
            let (from, to) = (
                rng.random_range(0..requests.len()),
                rng.random_range(0..requests.len()),
            );
            match rng.random_range(0..3) {
                0 => requests.swap(from, to),
                1 => requests.insert(to, requests[from].clone()),
                _ if requests.len() > 2 => drop(requests.remove(from)),
                _ => {}
            }
        }
    }
    requests
        .iter_mut()
        .map(|request| {
            if request.is_object() {
                tamed(request);
            }
            let mut line = request.to_string().into_bytes();
            if rng.random_range(0..30) == 0 {
                for _ in 0..3 {
                    let place = rng.random_range(0..line.len());
                    match rng.random_range(0..3) {
                        0 => line[place] = rng.random_range(0..=255),
                        1 if line.len() > 1 => drop(line.remove(place)),
                        _ => line.truncate(place.max(1)),
                    }
                }
            }
            line.retain(|&byte| byte != b'\n');
            line
        })
        .filter(|line| !line.iter().all(u8::is_ascii_whitespace))
        .collect()
}

fn answers(lines: &[Vec<u8>]) -> Result<Vec<Value>, String> {
    let mut output = Vec::new();
    design::serve(&lines.join(&b'\n')[..], &mut output).map_err(|error| error.to_string())?;
    let text = String::from_utf8(output).map_err(|error| error.to_string())?;
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{line}: {error}")))
        .collect()
}

/// Talks through a broken conversation; says what was wrong with the answers.
pub fn check(seed: Seed) -> Result<(), String> {
    let lines = lines(seed);
    let given = answers(&lines)?;
    let ended = |line: &Vec<u8>| {
        let request: Result<Value, _> = serde_json::from_slice(line);
        request.is_ok_and(|request| request["op"] == "end")
    };
    let expected = lines
        .iter()
        .position(ended)
        .map_or(lines.len(), |end| end + 1);
    if given.len() != expected {
        return Err(format!("{} answers to {expected} lines", given.len()));
    }
    let mut kept = Vec::new();
    let mut accepted = Vec::new();
    for (line, answer) in lines.iter().zip(&given) {
        match (&answer["ok"], answer["error"].as_str()) {
            (Value::Bool(true), None) => {
                sound(line, answer)?;
                kept.push(line.clone());
                accepted.push(answer.clone());
            }
            (Value::Bool(false), Some(why)) if !why.is_empty() && why.len() < 20_000 => {}
            _ => return Err(format!("neither yes nor why not: {answer}")),
        }
    }
    // The same without what was refused.
    for (line, (mut answer, mut again)) in
        kept.iter().zip(accepted.into_iter().zip(answers(&kept)?))
    {
        for answer in [&mut answer, &mut again] {
            if let Some(info) = answer["info"].as_object_mut() {
                info.remove("ask_s");
            }
        }
        if answer != again {
            let line = String::from_utf8_lossy(line);
            return Err(format!(
                "a refused request changed the answer to {line}: {answer}, without it {again}"
            ));
        }
    }
    Ok(())
}

/// An answer holds as many proposals as were asked for, and no number that isn't one.
fn sound(line: &[u8], answer: &Value) -> Result<(), String> {
    let request: Value = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if request["op"] == "ask"
        && let Some(q) = request["q"].as_u64()
        && answer["trials"]
            .as_array()
            .is_none_or(|trials| trials.len() as u64 != q)
    {
        return Err(format!("asked for {q}: {answer}"));
    }
    fn nulls(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(list) => list.iter().any(nulls),
            Value::Object(map) => map.values().any(nulls),
            _ => false,
        }
    }
    let numbers = ["mean", "sd", "noise", "low", "high", "trials", "importance"];
    match numbers
        .iter()
        .find(|key| answer.get(**key).is_some_and(nulls))
    {
        Some(key) => Err(format!("`{key}` holds no number: {answer}")),
        None => Ok(()),
    }
}
