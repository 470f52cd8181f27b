//! Whatever is told or sent: an answer or a clear error, never a panic, and the state kept.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use design::{Factor, Level, Options, Outcome, Point, Question, Space, Trial, policy, serve};
use proptest::prelude::*;
use quantity::Seed;
use serde_json::{Value, json};

fn talk(input: &[u8]) -> Vec<Value> {
    let mut output = Vec::new();
    serve(input, &mut output).unwrap();
    String::from_utf8(output)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Tells values at points and asks twice; every proposal must be in the space.
fn survives(space: Space, points: Vec<Point>, values: &[f64]) {
    let space = Arc::new(space);
    let mut gp = policy(
        "gp",
        space.clone(),
        Question::maximise("y"),
        Options::default(),
        Seed(1),
    )
    .unwrap();
    let trials: Vec<Trial> = points
        .iter()
        .zip(values)
        .map(|(point, &value)| Trial::measured(point.clone(), value, 0))
        .collect();
    gp.tell(&trials).unwrap();
    let first = gp.ask(5, &[], Seed(1)).unwrap();
    let pending: Vec<Point> = first.into_iter().map(|proposal| proposal.point).collect();
    for proposal in gp.ask(5, &pending, Seed(2)).unwrap() {
        assert!(
            space.contains(&proposal.point),
            "{}",
            space.print(&proposal.point)
        );
        assert!(!pending.contains(&proposal.point));
        if let Some(predicted) = proposal.predicted {
            assert!(
                predicted.mean.is_finite() && predicted.sd.is_finite(),
                "{predicted:?}"
            );
        }
    }
}

fn plane() -> Space {
    Space::new(vec![
        Factor::continuous("x", "", 0.0, 1.0),
        Factor::continuous("y", "", 0.0, 1.0),
    ])
}

fn at(x: f64, y: f64) -> Point {
    Point(vec![Level::Real(x), Level::Real(y)])
}

#[test]
fn repeated_points() {
    let points = (0..12).map(|i| at(0.5, f64::from(i % 2) * 0.3)).collect();
    survives(
        plane(),
        points,
        &[1.0, 2.0, 1.1, 1.9, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0],
    );
}

#[test]
fn constant_columns_and_constant_values() {
    let points = (0..9).map(|i| at(f64::from(i) / 9.0, 0.0)).collect();
    survives(plane(), points, &[3.0; 9]);
}

#[test]
fn one_two_and_three_points() {
    for n in 1..4 {
        let points = (0..n).map(|i| at(f64::from(i) / 9.0, 0.1)).collect();
        survives(plane(), points, &[1.0, -4.0, 2.0][..n as usize]);
    }
}

#[test]
fn ranges_and_values_of_twelve_orders_and_more() {
    let space = Space::new(vec![
        Factor::continuous("x", "", -1e12, 1e12),
        Factor::log("y", "", 1e-12, 1e12),
        Factor::integer("n", i64::MIN / 4, i64::MAX / 4),
    ]);
    let mut rng = Seed(3).rng();
    let points: Vec<Point> = (0..12).map(|_| space.sample(&mut rng).unwrap()).collect();
    let values: Vec<f64> = (0..12)
        .map(|i| 10_f64.powi(i * 3 - 12) * if i % 2 == 0 { 1.0 } else { -1.0 })
        .collect();
    survives(space.clone(), points.clone(), &values);
    let values: Vec<f64> = (0..12)
        .map(|i| if i == 5 { 1e300 } else { f64::from(i) })
        .collect();
    survives(space.clone(), points.clone(), &values);
    let values: Vec<f64> = (0..12).map(|i| 1e-300 * f64::from(i)).collect();
    survives(space, points, &values);
}

#[test]
fn a_space_that_can_not_vary() {
    let space = Arc::new(Space::new(vec![Factor::continuous("x", "", 2.0, 2.0)]));
    let mut gp = policy(
        "gp",
        space,
        Question::maximise("y"),
        Options::default(),
        Seed(1),
    )
    .unwrap();
    assert_eq!(gp.ask(1, &[], Seed(1)).unwrap().len(), 1);
    assert!(gp.ask(2, &[], Seed(1)).is_err());
}

#[test]
fn all_failed() {
    let space = Arc::new(plane());
    let mut gp = policy(
        "gp",
        space,
        Question::maximise("y"),
        Options::default(),
        Seed(1),
    )
    .unwrap();
    let failed: Vec<Trial> = (0..10)
        .map(|i| Trial::failed(at(f64::from(i) / 10.0, 0.0), 0))
        .collect();
    gp.tell(&failed).unwrap();
    assert_eq!(gp.ask(4, &[], Seed(1)).unwrap().len(), 4);
}

#[test]
fn known_errors_of_any_size() {
    for sd in [0.0, 1e-200, 1e200] {
        let space = Arc::new(plane());
        let mut gp = policy(
            "gp",
            space,
            Question::maximise("y"),
            Options::default(),
            Seed(1),
        )
        .unwrap();
        let trials: Vec<Trial> = (0..10)
            .map(|i| Trial {
                point: at(f64::from(i) / 10.0, 0.3),
                outcome: Outcome::Measured {
                    values: vec![f64::from(i)],
                    sd: Some(sd),
                    replicates: 2,
                },
                batch: 0,
            })
            .collect();
        gp.tell(&trials).unwrap();
        assert_eq!(gp.ask(4, &[], Seed(1)).unwrap().len(), 4, "{sd}");
    }
}

fn init() -> Value {
    json!({"op": "init", "protocol": 1, "seed": 3, "batch": 4,
        "space": {"params": [
            {"name": "t", "type": "continuous", "low": 0, "high": 1},
            {"name": "n", "type": "integer", "low": 1, "high": 8},
            {"name": "e", "type": "discrete", "values": [1.0, 1.5, 3.0]},
            {"name": "c", "type": "categorical", "values": ["a", "b"],
             "descriptors": {"a": [0.1, 2.0], "b": [0.4, 1.0]}}],
            "constraints": [{"terms": [{"param": "t", "coef": 1}, {"param": "n", "coef": 0.1}], "op": "<=", "rhs": 1.2}]},
        "objectives": [{"name": "y", "goal": "max"}],
        "outcome_constraints": [{"name": "z", "op": "<=", "rhs": 0.5}]})
}

#[test]
fn a_refused_request_changes_nothing() {
    let good = json!({"op": "tell", "trials": [
        {"params": {"t": 0.1, "n": 2, "e": 1.5, "c": "a"}, "outcomes": {"y": 1.0, "z": 0.1}},
        {"params": {"t": 0.2, "n": 3, "e": 3.0, "c": "b"}, "outcomes": {"y": null, "z": 0.1}}]});
    let bad = json!({"op": "tell", "trials": [
        {"params": {"t": 0.3, "n": 2, "e": 1.5, "c": "a"}, "outcomes": {"y": 1.0, "z": 0.1}},
        {"params": {"t": 0.4, "n": 2, "e": 1.7, "c": "a"}, "outcomes": {"y": 1.0, "z": 0.1}}]});
    let ask = json!({"op": "ask", "q": 4});
    let run = |requests: &[&Value]| {
        let text: Vec<String> = requests.iter().map(|request| request.to_string()).collect();
        talk(text.join("\n").as_bytes())
    };
    let plain = run(&[&init(), &good, &ask]);
    let disturbed = run(&[
        &init(),
        &bad,
        &good,
        &json!({"op": "ask", "q": -1}),
        &json!({"op": "aks"}),
        &ask,
    ]);
    assert_eq!(plain[2]["trials"], disturbed[5]["trials"]);
    assert_eq!(
        disturbed[1]["error"],
        "trial 1: `e` is 1.7, expected one of 1, 1.5, 3"
    );
    assert_eq!(
        disturbed[4]["error"],
        "found op `aks`, expected one of init, tell, ask, predict, end; did you mean `ask`?"
    );
}

/// Replaces, removes or empties the value at a random place of a request.
fn broken(request: &Value, path: &[u8], with: &Value) -> Value {
    let Some((&step, rest)) = path.split_first() else {
        return with.clone();
    };
    let mut request = request.clone();
    let inner = match &mut request {
        Value::Object(map) if !map.is_empty() => {
            let place = usize::from(step) % map.len();
            map.values_mut().nth(place)
        }
        Value::Array(list) if !list.is_empty() => {
            let place = usize::from(step) % list.len();
            list.get_mut(place)
        }
        _ => None,
    };
    match inner {
        Some(inner) => {
            *inner = broken(inner, rest, with);
            request
        }
        None => with.clone(),
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(-1)),
        Just(json!(1e308)),
        Just(json!(u64::MAX)),
        Just(json!("")),
        Just(json!("t")),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[1]])),
        Just(json!(true)),
        any::<f64>().prop_map(|number| json!(number)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        talk(&bytes);
    }

    #[test]
    fn any_broken_request_is_answered(path in proptest::collection::vec(any::<u8>(), 1..7), with in any_value()) {
        let tell = json!({"op": "tell", "trials": [
            {"params": {"t": 0.1, "n": 2, "e": 1.5, "c": "a"}, "outcomes": {"y": 1.0, "z": 0.1}},
            {"params": {"t": 0.2, "n": 3, "e": 3.0, "c": "b"}, "outcomes": {"y": 2.0, "z": 0.9}},
            {"params": {"t": 0.3, "n": 1, "e": 1.0, "c": "b"}, "outcomes": {"y": 0.5, "z": 0.2}}]});
        // A range that is too wide for the batch's size is a fair answer; a huge batch is not tried.
        for request in [broken(&init(), &path, &with), broken(&tell, &path, &with)] {
            let first = if request["op"] == "tell" { init() } else { request.clone() };
            if first["batch"].as_u64().is_some_and(|batch| batch > 100) { continue; }
            let lines = [first, request, json!({"op": "ask"}), json!({"op": "predict", "points": [{"t": 0.5}]}), json!({"op": "end"})];
            let text: Vec<String> = lines.iter().map(Value::to_string).collect();
            let answers = talk(text.join("\n").as_bytes());
            for answer in answers {
                prop_assert!(answer["ok"] == true || answer["error"].is_string());
            }
        }
    }
}
