//! Rectangles of a buffer that one task may write while other tasks write the rest.

use std::marker::PhantomData;
use std::ops::Range;

use super::simd::{LANES, Lanes};

/// A rectangle of a buffer: `rows` runs of `len` f32, each `stride` after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where the first run starts.
    pub start: usize,
    /// Number of runs.
    pub rows: usize,
    /// From the start of a run to the start of the next; at least `len` where there are several.
    pub stride: usize,
    /// Length of a run.
    pub len: usize,
}

impl Window {
    /// One run.
    pub fn run(start: usize, len: usize) -> Self {
        Self { start, rows: 1, stride: len, len }
    }

    /// The runs, first to last, none if they are empty.
    pub(super) fn runs(self) -> impl Iterator<Item = Range<usize>> {
        let rows = if self.len == 0 { 0 } else { self.rows };
        (0..rows).map(move |r| {
            let start = self.start + r * self.stride;
            start..start + self.len
        })
    }
}

/// Exclusive access to a rectangle of a buffer.
#[derive(Debug)]
pub struct WindowMut<'a, T> {
    /// The first value. Invariant: the `rows` runs of `len` values at distances of `stride` are valid for reads and writes
    /// for `'a` through this value alone, and `stride >= len` where there are several rows.
    first: *mut T,
    rows: usize,
    stride: usize,
    len: usize,
    exclusive: PhantomData<&'a mut T>,
}

impl<'a, T> WindowMut<'a, T> {
    /// A rectangle that starts with a slice.
    ///
    /// # Panics
    /// If the slice is too short or the runs overlap.
    pub fn new(slice: &'a mut [T], rows: usize, stride: usize, len: usize) -> Self {
        assert!(rows <= 1 || stride >= len, "the runs of a window overlap");
        assert!(rows == 0 || (rows - 1) * stride + len <= slice.len(), "a window is larger than its slice");
        Self { first: slice.as_mut_ptr(), rows, stride, len, exclusive: PhantomData }
    }

    /// A rectangle at an address.
    ///
    /// # Safety
    /// The runs must be valid for reads and writes for `'a`, with no other access to them, and must not overlap.
    pub(super) unsafe fn from_raw(first: *mut T, rows: usize, stride: usize, len: usize) -> Self {
        Self { first, rows, stride, len, exclusive: PhantomData }
    }

    /// Number of runs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Length of a run.
    #[expect(clippy::len_without_is_empty, reason = "the length of a run, not a count of elements")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The run of this number.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn row(&mut self, row: usize) -> &mut [T] {
        let [run] = self.rows_from::<1>(row);
        run
    }

    /// `N` successive runs.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn rows_from<const N: usize>(&mut self, row: usize) -> [&mut [T]; N] {
        assert!(row + N <= self.rows, "a window has fewer rows");
        // SAFETY: the rows are within the window, which this borrow holds exclusively, and do not overlap one another.
        std::array::from_fn(|i| unsafe {
            std::slice::from_raw_parts_mut(self.first.add((row + i) * self.stride), self.len)
        })
    }

    /// All `N` runs.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn into_rows<const N: usize>(self) -> [&'a mut [T]; N] {
        assert!(N == self.rows, "a window has another number of rows");
        // SAFETY: the rows are the window's, which is given up for them, and do not overlap one another.
        std::array::from_fn(|i| unsafe { std::slice::from_raw_parts_mut(self.first.add(i * self.stride), self.len) })
    }

    /// A part of the rectangle.
    ///
    /// # Panics
    /// If it is not inside.
    pub fn part(&mut self, rows: Range<usize>, columns: Range<usize>) -> WindowMut<'_, T> {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "a window has fewer rows");
        assert!(columns.start <= columns.end && columns.end <= self.len, "a window has shorter rows");
        // wrapping: an empty part may start where no row does
        let first = self.first.wrapping_add(rows.start * self.stride + columns.start);
        WindowMut { first, rows: rows.len(), stride: self.stride, len: columns.len(), exclusive: PhantomData }
    }

    /// One value.
    ///
    /// # Panics
    /// If it is not inside.
    #[inline(always)]
    pub fn at(&mut self, row: usize, column: usize) -> &mut T {
        assert!(row < self.rows && column < self.len, "outside of a window");
        // SAFETY: the value is within the window, which this borrow holds exclusively.
        unsafe { &mut *self.first.add(row * self.stride + column) }
    }

    /// The values of the first `rows` runs in one column.
    ///
    /// # Panics
    /// If they are not inside.
    #[inline(always)]
    pub fn column(&mut self, column: usize, rows: usize) -> ColumnMut<'_, T> {
        assert!(rows <= self.rows && column < self.len, "outside of a window");
        ColumnMut { first: self.first.wrapping_add(column), rows, stride: self.stride, exclusive: PhantomData }
    }
}

/// Exclusive access to one value of each run of a rectangle: where the number of runs is a constant, checks cost nothing.
#[derive(Debug)]
pub struct ColumnMut<'a, T> {
    /// Invariant: `rows` values at distances of `stride` are valid for reads and writes for `'a` through this value alone.
    first: *mut T,
    rows: usize,
    stride: usize,
    exclusive: PhantomData<&'a mut T>,
}

impl<T> ColumnMut<'_, T> {
    /// The value in the run of this number.
    ///
    /// # Panics
    /// If there are not so many.
    #[inline(always)]
    pub fn at(&mut self, row: usize) -> &mut T {
        assert!(row < self.rows, "outside of a column");
        // SAFETY: the value is within the column, which this borrow holds exclusively.
        unsafe { &mut *self.first.add(row * self.stride) }
    }
}

impl<'a> WindowMut<'a, f32> {
    /// The same rectangle in units of sixteen lanes.
    ///
    /// # Panics
    /// If its runs are not whole blocks of lanes.
    pub fn lanes(self) -> WindowMut<'a, Lanes> {
        let whole = self.len.is_multiple_of(LANES) && (self.rows <= 1 || self.stride.is_multiple_of(LANES));
        assert!(whole, "a window does not consist of whole blocks of channels");
        WindowMut {
            first: self.first.cast(),
            rows: self.rows,
            stride: self.stride / LANES,
            len: self.len / LANES,
            exclusive: PhantomData,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_rows_address_the_same_values() {
        let mut data: Vec<usize> = (0..20).collect();
        let mut window = WindowMut::new(&mut data[1..], 3, 6, 4);
        assert_eq!(window.row(1), [7, 8, 9, 10]);
        assert_eq!(*window.at(2, 3), 16);
        let mut part = window.part(1..3, 2..4);
        assert_eq!(part.row(0), [9, 10]);
        let [a, b] = part.rows_from::<2>(0);
        std::mem::swap(&mut a[0], &mut b[0]);
        assert_eq!((data[9], data[15]), (15, 9));
    }

    #[test]
    #[should_panic(expected = "outside of a window")]
    fn values_between_the_runs_are_out_of_reach() {
        let mut data = vec![0.0; 20];
        WindowMut::new(&mut data, 3, 6, 4).at(0, 4);
    }

    #[test]
    fn a_column_has_one_value_of_each_run() {
        let mut data: Vec<usize> = (0..20).collect();
        let mut window = WindowMut::new(&mut data[1..], 3, 6, 4);
        let mut column = window.column(2, 3);
        *column.at(1) = 0;
        assert_eq!((*column.at(0), *column.at(2), data[9]), (3, 15, 0));
    }

    #[test]
    #[should_panic(expected = "outside of a column")]
    fn a_column_ends_with_its_runs() {
        let mut data = vec![0.0; 20];
        WindowMut::new(&mut data, 3, 6, 4).column(0, 2).at(2);
    }

    #[test]
    #[should_panic(expected = "larger than its slice")]
    fn a_window_must_fit_its_slice() {
        let mut data = vec![0.0; 15];
        WindowMut::new(&mut data, 3, 6, 4);
    }
}
