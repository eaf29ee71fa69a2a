//! A row of values times a matrix: what reaches the inputs of a linear layer from its outputs.

use rayon::prelude::*;

use super::isa::Isa;
use super::simd::{Kernel, LANES, Lanes, Simd};

/// Columns that one task sums: the sums stay in the first-level cache while the matrix passes by.
const COLUMNS: usize = 4096;

/// `out[c] = sum_r factors[r] * matrix[r][c]`, the rows in order. Rows whose factor is zero are not read, which is exact for a
/// finite matrix; the others are read once. Columns are shared among the threads of the current rayon pool; a sum does not depend
/// on how.
///
/// # Shapes
/// `factors`: `(rows)`; `matrix`: `(rows, columns)`, row by row; `out`: `(columns)`.
///
/// # Panics
/// If the lengths do not fit each other.
pub fn weighted_rows(isa: Isa, factors: &[f32], matrix: &[f32], out: &mut [f32]) {
    let columns = out.len();
    assert!(matrix.len() == factors.len() * columns, "a matrix of other dimensions");
    if columns == 0 {
        return;
    }
    let rows = factors.iter().copied().zip(matrix.chunks_exact(columns));
    let rows: Vec<(f32, &[f32])> = rows.filter(|(factor, _)| *factor != 0.0).collect();
    out.par_chunks_mut(COLUMNS).enumerate().for_each(|(i, out)| {
        out.fill(0.0);
        isa.run(Columns { rows: &rows, first: i * COLUMNS, out });
    });
}

/// Adds the rows to the sums of some columns.
struct Columns<'a> {
    /// Factors and whole rows.
    rows: &'a [(f32, &'a [f32])],
    /// The first column.
    first: usize,
    out: &'a mut [f32],
}

impl Kernel for Columns<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { rows, first, out } = self;
        // four rows at a time, so that the sums are read and written less often
        let (fours, rest) = rows.as_chunks::<4>();
        for four in fours {
            add(s, four, first, out);
        }
        for one in rest {
            add(s, std::array::from_ref(one), first, out);
        }
    }
}

/// Adds the columns of `R` rows, one after the other.
#[inline(always)]
fn add<S: Simd, const R: usize>(s: S, rows: &[(f32, &[f32]); R], first: usize, out: &mut [f32]) {
    let columns = first..first + out.len();
    let (sums, last_sums) = out.as_chunks_mut::<LANES>();
    let mut blocks: [&[Lanes]; R] = [&[]; R];
    let mut factors = [s.splat(0.0); R];
    for (r, (factor, row)) in rows.iter().enumerate() {
        let (row, last) = row[columns.clone()].as_chunks::<LANES>();
        (blocks[r], factors[r]) = (&row[..sums.len()], s.splat(*factor));
        let mut sum = [0.0; LANES];
        let mut values = [0.0; LANES];
        sum[..last.len()].copy_from_slice(last_sums);
        values[..last.len()].copy_from_slice(last);
        let total = s.fma(factors[r], s.load(&values), s.load(&sum));
        s.store(&mut sum, total);
        last_sums.copy_from_slice(&sum[..last.len()]);
    }
    for (i, sum) in sums.iter_mut().enumerate() {
        let mut v = s.load(sum);
        for (factor, row) in factors.iter().zip(&blocks) {
            v = s.fma(*factor, s.load(&row[i]), v);
        }
        s.store(sum, v);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn rows_are_summed_whatever_their_zeros_and_the_threads(rows in 0..12usize, odd in 1..70usize, wide in 0..2usize) {
            let columns = odd + wide * 8170;
            let value = |i: usize| (i * 7919 % 2003) as f32 / 1001.0 - 1.0;
            let matrix: Vec<f32> = (0..rows * columns).map(value).collect();
            let factors: Vec<f32> = (0..rows).map(|r| value(r + odd).max(0.0)).collect();
            let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
            let one = one.map_err(|e| TestCaseError::fail(e.to_string()))?;
            for isa in Isa::available() {
                let mut out = vec![f32::NAN; columns];
                weighted_rows(isa, &factors, &matrix, &mut out);
                for (c, sum) in out.iter().enumerate() {
                    let terms = (0..rows).map(|r| f64::from(factors[r]) * f64::from(matrix[r * columns + c]));
                    let expected: f64 = terms.sum();
                    prop_assert!((f64::from(*sum) - expected).abs() <= 1e-5, "{} {c}: {sum} {expected}", isa.name());
                }
                let mut alone = vec![0.0; columns];
                one.install(|| weighted_rows(isa, &factors, &matrix, &mut alone));
                prop_assert!(out == alone, "{}", isa.name());
            }
        }
    }
}
