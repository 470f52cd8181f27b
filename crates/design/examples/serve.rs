//! Serves one campaign over standard input and output: `cargo run --release -p design --example serve`.

fn main() -> std::io::Result<()> {
    design::serve(std::io::stdin().lock(), std::io::stdout().lock())
}
