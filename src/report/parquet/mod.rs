//! Apache Parquet: the class table and the samples, with the names that CSV and JSON have.
//!
//! Comes in: the records of JSON. Goes out: a file with typed columns, missing values as nulls, lists and groups as such. May
//! not live here: what a field means.

mod classes;
mod column;
mod samples;

use std::sync::Arc;

use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::json::{Class, Sample};
use column::{Leaf, Out};

/// Samples that are written together.
const GROUP_ROWS: usize = 10_000;

/// Values of saliency maps that are written together, at least; 4 bytes each.
const GROUP_VALUES: usize = 4 << 20;

/// What the numbers are counted in, kept in the file.
const UNITS: &str = "shares, probabilities and scores: 0 to 1; lift: fit over area share; width, height, view, box: pixels of \
                     the upright image, from its top left corner; saliency: raw values, row by row";

fn open<'a>(schema: &str, out: Out<'a>) -> Result<SerializedFileWriter<Out<'a>>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("camroi ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new("camroi.units".to_owned(), UNITS.to_owned())]))
        .build();
    SerializedFileWriter::new(out, Arc::new(parse_message_type(schema)?), Arc::new(properties))
}

fn write_group(file: &mut SerializedFileWriter<Out<'_>>, leaves: Vec<&mut dyn Leaf>) -> Result<()> {
    let mut group = file.next_row_group()?;
    for leaf in leaves {
        leaf.write(&mut group)?;
    }
    group.close().map(drop)
}

/// Writes the class table.
pub(super) fn classes<'r>(rows: impl IntoIterator<Item = Class<'r>>, out: Out<'_>) -> Result<()> {
    let rows: Vec<Class<'r>> = rows.into_iter().collect();
    let mut columns = classes::Rows::new(rows.iter().any(|row| row.measure.is_some()));
    let mut file = open(&columns.schema(), out)?;
    for row in &rows {
        columns.push(row);
    }
    write_group(&mut file, columns.leaves())?;
    file.close().map(drop)
}

/// Writes samples row by row; holds one group of them.
pub(super) struct SampleFile<'a> {
    file: SerializedFileWriter<Out<'a>>,
    rows: samples::Rows,
}

impl<'a> SampleFile<'a> {
    pub(super) fn new(out: Out<'a>, with_measures: bool) -> Result<Self> {
        let rows = samples::Rows::new(with_measures);
        Ok(Self { file: open(&rows.schema(), out)?, rows })
    }

    pub(super) fn row(&mut self, sample: &Sample<'_>) -> Result<()> {
        self.rows.push(sample);
        if self.rows.pushed >= GROUP_ROWS || self.rows.values >= GROUP_VALUES {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        (self.rows.pushed, self.rows.values) = (0, 0);
        write_group(&mut self.file, self.rows.leaves())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        if self.rows.pushed > 0 {
            self.write()?;
        }
        self.file.close().map(drop)
    }
}

/// The error of the receiver, where that is what went wrong.
pub(super) fn error(error: ParquetError) -> super::ReportError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(io) => super::ReportError::Write(*io),
            Err(other) => super::ReportError::Parquet(ParquetError::External(other)),
        },
        other => super::ReportError::Parquet(other),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::{Field, Row};
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::report::{SampleExtras, fixture, json};

    /// A row as JSON has it, but for boxes, which are groups.
    fn row_value(row: &Row) -> Value {
        row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect::<Map<_, _>>().into()
    }

    fn value(field: &Field) -> Value {
        match field {
            Field::Null => Value::Null,
            Field::Bool(b) => json!(b),
            Field::Long(n) => json!(n),
            // In the digits that JSON is written in.
            Field::Float(x) => json!(x.to_string().parse::<f64>().expect("a number reads back")),
            Field::Double(x) => json!(x),
            Field::Str(text) => json!(text),
            Field::Group(row) => row_value(row),
            Field::ListInternal(list) => list.elements().iter().map(value).collect(),
            other => panic!("no column has {other:?}"),
        }
    }

    /// An array of four numbers as the group that Parquet has.
    fn named(value: Value) -> Value {
        match value {
            Value::Array(items) if items.len() == 4 && items.iter().all(Value::is_number) => {
                json!({"x0": items[0], "y0": items[1], "x1": items[2], "y1": items[3]})
            }
            Value::Array(items) => items.into_iter().map(named).collect(),
            Value::Object(map) => map.into_iter().map(|(k, v)| (k, named(v))).collect::<Map<_, _>>().into(),
            other => other,
        }
    }

    fn rows(file: File) -> anyhow::Result<Vec<Value>> {
        let reader = SerializedFileReader::new(file)?;
        reader.get_row_iter(None)?.map(|row| Ok(row_value(&row?))).collect()
    }

    #[test]
    fn class_rows_have_every_field_of_json() -> anyhow::Result<()> {
        for table in [[fixture::row(), fixture::empty_row()], fixture::measured_rows()] {
            let (mut file, mut text) = (tempfile::tempfile()?, Vec::new());
            classes(table.iter().map(Class::from), &mut file)?;
            json::classes(&table, &mut text)?;
            assert_eq!(Value::from(rows(file)?), serde_json::from_slice::<Value>(&text)?);
        }
        Ok(())
    }

    #[test]
    fn samples_have_every_field_of_json_and_the_best_class_by_itself() -> anyhow::Result<()> {
        for (saliency, measures) in [(false, false), (true, false), (false, true)] {
            let with = SampleExtras { saliency, measures };
            let mut written = tempfile::tempfile()?;
            let mut file = SampleFile::new(&mut written, measures)?;
            let (samples, judgements) = (fixture::samples(), fixture::judgements());
            for (sample, judgement) in samples.iter().zip(&judgements) {
                file.row(&json::record(sample, judgement.as_ref(), &fixture::names(), with))?;
            }
            file.finish()?;
            let rows = rows(written)?;
            assert_eq!(rows.len(), 3);
            for (mut row, (sample, judgement)) in rows.into_iter().zip(samples.iter().zip(&judgements)) {
                let mut line = Vec::new();
                json::sample(sample, judgement.as_ref(), &fixture::names(), with, &mut line)?;
                let mut expected = named(serde_json::from_slice(&line)?);
                let fields = row.as_object_mut().ok_or_else(|| anyhow::anyhow!("a row is an object"))?;
                let top = expected["top"][0].clone();
                assert_eq!(fields.remove("predicted"), Some(top["name"].clone()));
                assert_eq!(fields.remove("probability"), Some(top["probability"].clone()));
                if expected.get("saliency").is_none() {
                    expected["saliency"] = Value::Null;
                }
                assert_eq!(row, expected);
            }
        }
        Ok(())
    }

    #[test]
    fn the_file_says_what_its_numbers_are_counted_in() -> anyhow::Result<()> {
        let mut file = tempfile::tempfile()?;
        SampleFile::new(&mut file, false)?.finish()?;
        let reader = SerializedFileReader::new(file)?;
        let metadata = reader.metadata().file_metadata();
        assert_eq!(metadata.num_rows(), 0);
        let units =
            metadata.key_value_metadata().and_then(|pairs| pairs.first()).and_then(|pair| pair.value.as_deref());
        assert_eq!(units, Some(UNITS));
        Ok(())
    }

    #[test]
    fn a_receiver_that_takes_no_more_is_an_error_of_writing() {
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(matches!(error(broken.into()), super::super::ReportError::Write(_)));
    }
}
