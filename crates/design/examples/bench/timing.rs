//! What an ask costs.

use std::sync::Arc;

use design::{Factor, Level, Options, Point, Question, Space, Trial, policy};
use quantity::Seed;

use crate::functions::{hartmann, levy};
use crate::problem::{cube, numbers};

/// CPU seconds that this thread has spent.
pub fn thread_seconds() -> f64 {
    // Nanoseconds on the processor come first.
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = text.split_whitespace().next();
    first
        .and_then(|text| text.parse::<f64>().ok())
        .unwrap_or(0.0)
        * 1e-9
}

/// CPU seconds that this process has spent, and its peak memory in megabytes.
pub fn spent() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .collect();
    let ticks = |place: usize| {
        fields
            .get(place)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0.0)
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(0.0);
    // The kernel counts in hundredths of a second.
    ((ticks(11) + ticks(12)) / 100.0, peak / 1024.0)
}

/// CPU seconds of asks for `q` after `n` words of `letters` over the first letters of an alphabet of amino acids, or of
/// so many that there are no such, are told.
pub fn words(letters: usize, alphabet: usize, n: usize, q: usize) {
    let names: String = match alphabet {
        ..=20 => "ACDEFGHIKLMNPQRSTVWY".chars().take(alphabet).collect(),
        _ => ('A'..='z').take(alphabet).collect(),
    };
    let space = Arc::new(Space::new(vec![Factor::sequence("word", &names, letters)]));
    asks(space, n, q, &format!("{letters} letters of {alphabet}"));
}

/// The same for `factors` factors with `levels` levels each.
pub fn levels(factors: usize, levels: usize, n: usize, q: usize) {
    let names: Vec<String> = (0..levels).map(|level| format!("l{level}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let one = |i: usize| Factor::categorical(&format!("c{i}"), &names);
    let mut all: Vec<Factor> = (0..factors).map(one).collect();
    // With few factors of levels alone the space would be a table.
    all.push(Factor::continuous("x", "", 0.0, 1.0));
    let text = format!("{factors} factors of {levels} levels");
    asks(Arc::new(Space::new(all)), n, q, &text);
}

/// Times asks for `q` in a space where each level of each factor has an effect of its own.
fn asks(space: Arc<Space>, n: usize, q: usize, text: &str) {
    let mut rng = Seed(2).rng();
    let effect = |place: usize, level: usize| ((place * 31 + level * 17 + 5) as f64).sin();
    let value = |point: &Point| -> f64 {
        let levels = point.levels().iter().enumerate();
        levels
            .map(|(place, level)| match level {
                Level::Sequence(word) => {
                    let sites = word.iter().enumerate();
                    sites.map(|(site, &l)| effect(site, usize::from(l))).sum()
                }
                Level::Category(level) => effect(place, *level),
                other => other.number().unwrap_or(0.0),
            })
            .sum()
    };
    let trials: Vec<Trial> = (0..n)
        .map(|_| {
            let point = space.sample(&mut rng).unwrap();
            let value = value(&point);
            Trial::measured(point, value, 0)
        })
        .collect();
    let question = Question::minimise("y");
    let made = policy("gp", space, question, Options::default(), Seed(1));
    let mut chooser = made.unwrap_or_else(|error| panic!("{error}"));
    chooser.tell(&trials).unwrap();
    let before = spent().0;
    let batch = chooser.ask(q, &[], Seed(0)).unwrap();
    let (after, peak) = spent();
    let mean = batch.iter().map(|p| value(&p.point)).sum::<f64>() / q as f64;
    println!(
        "n {n}, {text}, q {q}: {:.2} CPU s, peak {peak:.0} MB, mean of the batch {mean:.6}; {}",
        after - before,
        chooser.note().unwrap_or_default()
    );
}

/// CPU seconds of the first ask after `n` trials of a function in `d` dimensions are told.
pub fn speed(n: usize, d: usize, q: usize) {
    let space = cube(d, -5.0, 10.0);
    let made = policy(
        "gp",
        space.clone(),
        Question::minimise("y"),
        Options::default(),
        Seed(1),
    );
    let mut chooser = made.unwrap_or_else(|error| panic!("{error}"));
    let mut rng = Seed(2).rng();
    let trials: Vec<Trial> = (0..n)
        .map(|_| {
            let point = space.sample(&mut rng).unwrap();
            let value = levy(&numbers(&point));
            Trial::measured(point, value, 0)
        })
        .collect();
    chooser.tell(&trials).unwrap();
    for ask in 0..2 {
        let before = spent().0;
        chooser.ask(q, &[], Seed(ask)).unwrap();
        let (after, peak) = spent();
        println!(
            "n {n} d {d} q {q}, ask {ask}: {:.2} CPU s, peak {peak:.0} MB",
            after - before
        );
    }
    println!("{}", chooser.note().unwrap_or_default());
}

/// CPU seconds of an ask of `q` of `m` listed candidates in six dimensions, of which `n` are measured.
pub fn scale(n: usize, m: usize, q: usize) {
    let bare = cube(6, 0.0, 1.0);
    let mut rng = Seed(2).rng();
    let rows: Vec<Point> = (0..m).map(|_| bare.sample(&mut rng).unwrap()).collect();
    let trials: Vec<Trial> = rows[..n]
        .iter()
        .map(|point| Trial::measured(point.clone(), hartmann(&numbers(point)), 0))
        .collect();
    let best = |points: &[Point]| {
        let values = points.iter().map(|point| hartmann(&numbers(point)));
        values.fold(f64::INFINITY, f64::min)
    };
    let (told, all) = (best(&rows[..n]), best(&rows));
    let space = Arc::new((*bare).clone().with_candidates(rows));
    let began = std::time::Instant::now();
    let before = spent().0;
    let question = Question::minimise("y");
    let made = policy("gp", space, question, Options::default(), Seed(1));
    let mut chooser = made.unwrap_or_else(|error| panic!("{error}"));
    chooser.tell(&trials).unwrap();
    let proposals = chooser.ask(q, &[], Seed(3)).unwrap();
    let (after, peak) = spent();
    let points: Vec<Point> = proposals.into_iter().map(|p| p.point).collect();
    println!(
        "n {n} of {m} candidates, q {q}: {:.1} CPU s, {:.1} s, peak {peak:.0} MB; best told {told:.4}, \
         proposed {:.4}, of all {all:.4}",
        after - before,
        began.elapsed().as_secs_f64(),
        best(&points)
    );
    println!("{}", chooser.note().unwrap_or_default());
}
