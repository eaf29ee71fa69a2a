//! Leaf columns on their way into a row group: values, and the levels that say which of them are missing or belong together.

use std::io::Write;

use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedRowGroupWriter;

/// What takes the bytes.
pub(super) type Out<'a> = &'a mut (dyn Write + Send);

/// The values of one leaf of the schema, with the levels of Dremel (Melnik et al. 2010).
pub(super) struct Column<T: DataType> {
    values: Vec<T::T>,
    /// For each entry how many of the optional and repeated steps down to the leaf are there.
    definition: Vec<i16>,
    /// For each entry 0 if it begins a row, 1 if it goes on with the list of the one before.
    repetition: Vec<i16>,
}

// A derive would ask the same of the data type.
impl<T: DataType> Default for Column<T> {
    fn default() -> Self {
        Self { values: Vec::new(), definition: Vec::new(), repetition: Vec::new() }
    }
}

impl<T: DataType> Column<T> {
    /// A row's value in a required column.
    pub(super) fn push(&mut self, value: T::T) {
        self.entry(Some(value), 0, 0);
    }

    /// A row's value, which may be missing.
    pub(super) fn push_optional(&mut self, value: Option<T::T>) {
        let definition = i16::from(value.is_some());
        self.entry(value, definition, 0);
    }

    /// A row's value in a group; group and value may be missing.
    pub(super) fn push_in_group(&mut self, value: Option<Option<T::T>>) {
        let definition = i16::from(value.is_some()) + i16::from(value.as_ref().is_some_and(Option::is_some));
        self.entry(value.flatten(), definition, 0);
    }

    /// A row's list of values.
    pub(super) fn push_list(&mut self, values: impl IntoIterator<Item = T::T>) {
        self.push_nested(0, values.into_iter().map(|value| (Some(value), 1)));
    }

    /// A row's list of values that may be missing one by one.
    pub(super) fn push_list_of_optional(&mut self, values: impl IntoIterator<Item = Option<T::T>>) {
        self.push_nested(0, values.into_iter().map(|value| (value.clone(), 1 + i16::from(value.is_some()))));
    }

    /// A row's list, which may be missing as a whole.
    pub(super) fn push_optional_list(&mut self, values: Option<impl IntoIterator<Item = T::T>>) {
        match values {
            Some(values) => self.push_nested(1, values.into_iter().map(|value| (Some(value), 2))),
            None => self.entry(None, 0, 0),
        }
    }

    /// Entries of a list with their definition levels; `empty` is that of a list without any.
    fn push_nested(&mut self, empty: i16, values: impl Iterator<Item = (Option<T::T>, i16)>) {
        let mut repetition = 0;
        for (value, definition) in values {
            self.entry(value, definition, repetition);
            repetition = 1;
        }
        if repetition == 0 {
            self.entry(None, empty, 0);
        }
    }

    fn entry(&mut self, value: Option<T::T>, definition: i16, repetition: i16) {
        self.values.extend(value);
        self.definition.push(definition);
        self.repetition.push(repetition);
    }
}

/// A column of any type, written in the order of the schema.
pub(super) trait Leaf {
    /// Writes and forgets what was pushed.
    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, Out<'_>>) -> Result<()>;
}

impl<T: DataType> Leaf for Column<T> {
    fn write(&mut self, group: &mut SerializedRowGroupWriter<'_, Out<'_>>) -> Result<()> {
        let column = std::mem::take(self);
        let mut writer =
            group.next_column()?.ok_or_else(|| ParquetError::General("the schema has fewer columns".into()))?;
        writer.typed::<T>().write_batch(&column.values, Some(&column.definition), Some(&column.repetition))?;
        writer.close()
    }
}
