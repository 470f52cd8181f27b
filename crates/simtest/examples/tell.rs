//! Prints the journal of one world run whole: `tell SEED`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = std::env::args()
        .nth(1)
        .ok_or("usage: tell SEED [whole|killed|outlived]")?
        .parse()?;
    let way = std::env::args().nth(2).unwrap_or_else(|| "whole".into());
    for line in simtest::tell(seed, &way)? {
        println!("{line}");
    }
    Ok(())
}
