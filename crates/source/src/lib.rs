//! Text files that people write, read with spans; problems that say file, line, value, what was expected and the nearest right name.
