//! The well table: one row for each filled well of every plate.

mod columns;
mod csv;
mod parquet;

pub use csv::wells_csv;
pub use parquet::wells_parquet;
