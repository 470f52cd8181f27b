//! Broken conversations: `cargo run --release -p design --example fuzz -- --hours 8` goes on from here.

#![allow(clippy::unwrap_used)]

mod mutate;

use quantity::Seed;

#[test]
fn broken_conversations_are_answered() {
    for case in 0..240 {
        let seed = Seed(7).derive("conversation", case);
        if let Err(why) = mutate::check(seed) {
            let lines = mutate::lines(seed);
            let text: Vec<_> = lines
                .iter()
                .map(|line| String::from_utf8_lossy(line))
                .collect();
            panic!("conversation {case}: {why}\n{}", text.join("\n"));
        }
    }
}
