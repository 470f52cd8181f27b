//! The well table as Parquet (<https://parquet.apache.org/docs/file-format/>).

use super::columns::{Values, columns};
use crate::Run;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::io::{Error, Result, Write};
use std::sync::Arc;

/// Writes one row for each filled well, in one row group, compressed with Snappy.
///
/// Columns: `campaign`, `plate`, `order`, `barcode`, `well`, `row`, `column`, `role`, `control`,
/// `point`, `replicate`, `batch`, `policy`, one `factor.NAME` for each factor (number, integer or
/// text), `liquids_ul` (JSON object of microlitres by liquid), `instrument`, `began_s`, `ended_s`,
/// `raw`, `raw_unit`, `corrected`, `corrected_unit`, `flags`, `failed`, `counts`. Moments are
/// seconds since the run's epoch. Run, journal version and hash are in the file's metadata.
///
/// # Errors
/// The output can't be written.
pub fn wells_parquet<W: Write + Send>(run: &Run, out: W) -> Result<()> {
    encode(run, out).map_err(|error| match error {
        ParquetError::External(source) => Error::other(source),
        other => Error::other(other.to_string()),
    })
}

fn encode<W: Write + Send>(run: &Run, out: W) -> std::result::Result<(), ParquetError> {
    let columns = columns(run);
    let fields = columns
        .iter()
        .map(|column| {
            let (physical, logical) = match column.values {
                Values::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
                Values::Integer(_) => (Physical::INT64, None),
                Values::Number(_) => (Physical::DOUBLE, None),
                Values::Truth(_) => (Physical::BOOLEAN, None),
            };
            let field = Type::primitive_type_builder(&column.name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(logical)
                .build()?;
            Ok(Arc::new(field))
        })
        .collect::<std::result::Result<Vec<_>, ParquetError>>()?;
    let schema = Type::group_type_builder("well")
        .with_fields(fields)
        .build()?;
    let from = &run.provenance;
    let metadata = [
        ("nilo.run", from.run.clone()),
        ("nilo.program", from.program.clone()),
        ("nilo.journal.version", from.version.to_string()),
        ("nilo.journal.hash", from.hash.clone()),
    ];
    let metadata = metadata.map(|(key, value)| KeyValue::new(key.to_owned(), value));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(from.program.clone())
        .set_key_value_metadata(Some(metadata.to_vec()))
        .build();
    let mut file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    for column in columns {
        match column.values {
            Values::Text(values) => {
                let bytes = |text: String| ByteArray::from(text.into_bytes());
                let values = values.into_iter().map(|value| value.map(bytes));
                put::<ByteArrayType, W>(&mut group, values.collect())?;
            }
            Values::Integer(values) => put::<Int64Type, W>(&mut group, values)?,
            Values::Number(values) => put::<DoubleType, W>(&mut group, values)?,
            Values::Truth(values) => put::<BoolType, W>(&mut group, values)?,
        }
    }
    group.close()?;
    file.close()?;
    Ok(())
}

fn put<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: Vec<Option<T::T>>,
) -> std::result::Result<(), ParquetError> {
    // A definition level of 1 says that a value is there, 0 that it is null.
    let levels: Vec<i16> = values
        .iter()
        .map(|value| i16::from(value.is_some()))
        .collect();
    let present: Vec<T::T> = values.into_iter().flatten().collect();
    if let Some(mut column) = group.next_column()? {
        column
            .typed::<T>()
            .write_batch(&present, Some(&levels), None)?;
        column.close()?;
    }
    Ok(())
}
