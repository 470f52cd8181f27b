//! Append-only hash-chained log with snapshots, on SQLite.
