//! Runs seeds: `seeds FROM COUNT`.

fn main() {
    let number = |at: usize, default: u64| {
        std::env::args()
            .nth(at)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (from, count) = (number(1, 0), number(2, 100));
    let (mut failed, mut sum) = (0, simtest::Summary::default());
    for seed in from..from + count {
        let result = std::panic::catch_unwind(|| simtest::check_seed(seed));
        match result {
            Ok(Ok(summary)) => {
                sum.orders += summary.orders;
                sum.completed += summary.completed;
                sum.faults += summary.faults;
                sum.inputs += summary.inputs;
                sum.kills += summary.kills;
            }
            Ok(Err(failure)) => {
                failed += 1;
                let text = failure.to_string();
                println!("{}", text.chars().take(900).collect::<String>());
            }
            Err(_) => {
                failed += 1;
                println!("seed {seed} panicked");
            }
        }
    }
    println!("{count} seeds, {failed} failed, {sum:?}");
}
