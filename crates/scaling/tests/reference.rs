//! Published and independently computed results, on data read from `NILO_DATA`.
#![allow(clippy::unwrap_used)]

mod common;

use common::data;
use quantity::Seed;
use scaling::split::Reducible;
use scaling::{Loss, Table, Terms, bootstrap, broken, choose, fit_terms, proxy};
use serde_json::Value;

fn columns(path: &std::path::Path) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
        .collect();
    (0..rows[0].len())
        .map(|c| rows.iter().map(|row| row[c]).collect())
        .collect()
}

fn json(path: &std::path::Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn chinchilla(folder: &std::path::Path) -> Table {
    let columns = columns(&folder.join("chinchilla_epoch.csv"));
    let resources = vec![
        ("params".to_owned(), columns[0].clone()),
        ("tokens".to_owned(), columns[3].clone()),
    ];
    Table::new(resources, ("loss", columns[2].clone())).unwrap()
}

fn close(found: f64, expected: f64, relative: f64, what: &str) {
    assert!(
        (found / expected - 1.0).abs() <= relative,
        "{what}: {found}, expected {expected}"
    );
}

#[test]
fn chinchilla_is_refitted_under_each_loss() {
    let Some(folder) = data() else { return };
    let expected = json(&folder.join("expected.json"));
    let all = chinchilla(&folder);
    let used = all.select(&all.without_highest(5));
    assert_eq!((all.rows(), used.rows()), (245, 240));
    for (key, delta, table, tolerance) in [
        ("huber_1e-3", 1e-3, &used, 2e-5),
        ("huber_1e-9_is_LAD_matches_published", 1e-9, &used, 2e-4),
        ("huber_1e-3_all245", 1e-3, &all, 1e-4),
        ("huber_0.01", 1e-2, &used, 2e-5),
        ("huber_0.1", 0.1, &used, 2e-5),
    ] {
        let reference = &expected[key];
        let fit = fit_terms(&Terms::two_resources(), table, Loss { delta }).unwrap();
        let objective = reference["objective"].as_f64().unwrap();
        assert!(
            fit.objective <= objective * (1.0 + 1e-7),
            "{key}: {} against {objective}",
            fit.objective
        );
        for name in ["E", "A", "alpha", "B", "beta"] {
            close(
                fit.parameter(name).unwrap(),
                reference[name].as_f64().unwrap(),
                tolerance,
                &format!("{key} {name}"),
            );
        }
    }
}

#[test]
fn bootstrap_gives_the_published_standard_errors() {
    let Some(folder) = data() else { return };
    let all = chinchilla(&folder);
    let used = all.select(&all.without_highest(5));
    let fit = fit_terms(&Terms::two_resources(), &used, Loss::CHINCHILLA).unwrap();
    let draws = bootstrap(&fit, &used, 1000, Seed(1));
    // A sampled standard error of 1,000 draws is itself known to some per cent; B is heavy-tailed.
    for (at, name, low, high) in [
        (0, "E", 0.023, 0.028),
        (1, "A", 105.0, 137.0),
        (2, "alpha", 0.0135, 0.0165),
        (3, "B", 1050.0, 1550.0),
        (4, "beta", 0.0185, 0.0225),
    ] {
        let error = draws.standard_error(at);
        assert!((low..high).contains(&error), "{name}: {error}");
    }
    let slope = draws.interval(0.95, |p| p[4] / (p[2] + p[4]));
    assert!(slope.low > 0.46 && slope.high < 0.56, "{slope:?}");
}

#[test]
fn larger_scale_is_predicted_though_parameters_move() {
    let Some(folder) = data() else { return };
    let expected = json(&folder.join("expected.json"))["extrapolation_train_C<1e21"].clone();
    let flop = columns(&folder.join("chinchilla_epoch.csv"))[1].clone();
    let all = chinchilla(&folder);
    let (train, test): (Vec<usize>, Vec<usize>) = all
        .without_highest(5)
        .into_iter()
        .partition(|&row| flop[row] < 1e21);
    let fit = fit_terms(
        &Terms::two_resources(),
        &all.select(&train),
        Loss::CHINCHILLA,
    )
    .unwrap();
    assert!(fit.objective <= expected["objective"].as_f64().unwrap() * (1.0 + 1e-7));
    close(
        fit.log_error(&all.select(&test)),
        expected["rmsle_test"].as_f64().unwrap(),
        1e-3,
        "error at larger scale",
    );
}

#[test]
fn optimal_allocation_of_compute() {
    let Some(folder) = data() else { return };
    let expected = json(&folder.join("expected.json"));
    let all = chinchilla(&folder);
    let fit = fit_terms(
        &Terms::two_resources(),
        &all.select(&all.without_highest(5)),
        Loss::CHINCHILLA,
    )
    .unwrap();
    let of = |name| fit.parameter(name).unwrap();
    let law = Reducible {
        a: of("A"),
        alpha: of("alpha"),
        b: of("B"),
        beta: of("beta"),
    };
    let (params, tokens) = law.divide_product(5.88e23, 6.0);
    let reference = &expected["optimal_at_5.88e23"]["huber"];
    close(
        tokens / params,
        reference["tokens_per_param"].as_f64().unwrap(),
        1e-3,
        "tokens per parameter",
    );
}

#[test]
fn splits_and_closed_forms() {
    let Some(folder) = data() else { return };
    let expected = json(&folder.join("formulas_expected.json"));
    for example in expected["gpu_experiment_split"]["examples"]
        .as_array()
        .unwrap()
    {
        let of = |name: &str| example[name].as_f64().unwrap();
        let law = Reducible {
            a: of("A"),
            alpha: of("alpha"),
            b: of("B"),
            beta: of("beta"),
        };
        let split = law
            .divide(of("budget"), of("price_gpu"), of("price_exp"))
            .unwrap();
        close(split.first, of("gpu_units"), 1e-9, "GPU units");
        close(split.second, of("experiments"), 1e-9, "experiments");
        close(split.share_first, of("gpu_share"), 1e-9, "GPU share");
        close(split.reducible, of("reducible"), 1e-9, "reducible");
    }
    for (n, value) in expected["best_of_n_KL"]["values"].as_object().unwrap() {
        assert!(
            (proxy::best_of_n_divergence(n.parse().unwrap()) - value.as_f64().unwrap()).abs()
                < 1e-12
        );
    }
    for example in expected["pass_at_k_unbiased"]["values"].as_array().unwrap() {
        let of = |name: &str| example[name].as_u64().unwrap();
        let value = proxy::pass_at_k(of("n"), of("c"), of("k"));
        assert!(
            (value - example["value"].as_f64().unwrap()).abs() < 1e-10,
            "{example}"
        );
    }
    let example = &expected["gold_vs_proxy"]["example"];
    let of = |name: &str| example[name].as_f64().unwrap();
    let (bon, rl) = (
        proxy::best_of_n_peak(of("a"), of("b")),
        proxy::reinforcement_peak(of("a"), of("b")),
    );
    for (found, name) in [
        (bon.distance, "bon_d"),
        (bon.reward, "bon_R"),
        (rl.distance, "rl_d"),
        (rl.reward, "rl_R"),
    ] {
        close(found, of(name), 1e-12, name);
    }
}

fn addition(folder: &std::path::Path) -> Table {
    let columns = columns(&folder.join("bnsl_4digit_addition.csv"));
    Table::new(
        vec![("examples".to_owned(), columns[0].clone())],
        ("loss", columns[1].clone()),
    )
    .unwrap()
}

#[test]
fn broken_law_is_refitted() {
    let Some(folder) = data() else { return };
    let expected = json(&folder.join("expected.json"))["bnsl_4digit_addition"].clone();
    let table = addition(&folder);
    for rows in [14, 13, 12] {
        let reference = &expected[format!("train_first_{rows}")];
        let of = |name: &str| reference[name].as_f64().unwrap();
        let (train, test): (Vec<usize>, Vec<usize>) =
            (0..table.rows()).partition(|&row| row < rows);
        let fit = broken::fit(&table.select(&train), Seed(1)).unwrap();
        close(fit.error, of("rmsle_train"), 1e-5, "training error");
        for (found, name) in [
            (fit.law.a, "a"),
            (fit.law.b, "b"),
            (fit.law.c0, "c0"),
            (fit.law.c1, "c1"),
            (fit.law.d1, "d1"),
            (fit.law.f1, "f1"),
        ] {
            close(found, of(name), 2e-3, &format!("{rows} rows, {name}"));
        }
        close(
            broken::error(&fit.law, &table.select(&test)),
            of("rmsle_extrap"),
            5e-3,
            "extrapolation error",
        );
    }
}

#[test]
fn an_unidentified_limit_is_said_and_covered() {
    let Some(folder) = data() else { return };
    let table = addition(&folder);
    for (rows, identified) in [(12, false), (13, false)] {
        let (train, test): (Vec<usize>, Vec<usize>) =
            (0..table.rows()).partition(|&row| row < rows);
        let beyond: Vec<f64> = test
            .iter()
            .map(|&row| table.log_resource(0)[row].exp())
            .collect();
        let found = broken::assess(&table.select(&train), &beyond, 0.95, Seed(1)).unwrap();
        println!(
            "{rows} rows: limit {:?}, {:?}, identified {}",
            found.limit, found.predictions, found.identified
        );
        assert_eq!(found.identified, identified, "{rows} rows");
        for (row, (x, interval)) in test.iter().zip(&found.predictions) {
            let y = table.response()[*row];
            assert!(
                (interval.low..=interval.high).contains(&y),
                "{rows} rows, at {x}: {y} outside {interval:?}"
            );
        }
    }
}

#[test]
fn the_law_that_made_the_data_is_chosen() {
    let noise = |i: usize| 0.004 * ((i * 7919 % 101) as f64 / 50.0 - 1.0);
    let x: Vec<f64> = (0..40).map(|i| 10f64.powf(1.0 + i as f64 / 8.0)).collect();
    let make = |floor: f64| -> Table {
        let y = x
            .iter()
            .enumerate()
            .map(|(i, x)| (floor + 3.0 * x.powf(-0.4)) * (1.0 + noise(i)))
            .collect();
        Table::new(vec![("wells".to_owned(), x.clone())], ("regret", y)).unwrap()
    };
    let laws = [Terms::power(), Terms::power_with_floor()];
    assert_eq!(
        choose::choose(&laws, &make(0.3), Loss::SQUARES, 0.2)
            .unwrap()
            .best,
        1
    );
    let without = choose::choose(&laws, &make(0.0), Loss::SQUARES, 0.2).unwrap();
    let floor = without.candidates[1].fit.parameter("E").unwrap();
    assert!(floor < 0.01, "a floor of {floor} was made up");
    assert!(Table::new(vec![("x".into(), vec![1.0, 0.0])], ("y", vec![1.0, 1.0])).is_err());
    assert!(fit_terms(&Terms::power(), &make(0.1).select(&[0, 1]), Loss::SQUARES).is_err());
}
