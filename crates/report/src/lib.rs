//! What a run found and how it went: HTML, Parquet and CSV.
