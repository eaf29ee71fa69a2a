//! Bilinear resampling of maps.
//!
//! Comes in: a row-major grid. Goes out: the grid at another size. May not live here: photographs, which shrink with an
//! antialiasing filter (see [`crate::preprocess`]).

/// Which points of the two grids lie on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// The outer edges: cell centres are at half steps, and beyond the outer ones the value stays. PyTorch's `align_corners=False`,
    /// OpenCV's `INTER_LINEAR`.
    Edges,
    /// The centres of the corner cells: PyTorch's `align_corners=True`.
    Corners,
}

/// The two cells a target cell lies between, and the second one's weight.
#[derive(Clone, Copy)]
struct Between {
    first: usize,
    second: usize,
    weight: f32,
}

/// The grid `(from[0], from[1])` at the size `(to[0], to[1])`, heights first.
///
/// # Panics
/// If a side is 0 or the number of values is not `from[0] * from[1]`.
pub fn bilinear(values: &[f32], from: [usize; 2], to: [usize; 2], alignment: Alignment) -> Vec<f32> {
    assert!(from.iter().chain(&to).all(|n| *n > 0) && values.len() == from[0] * from[1], "a full grid is needed");
    let columns = steps(from[1], to[1], alignment);
    let wide: Vec<f32> = values.chunks_exact(from[1]).flat_map(|row| columns.iter().map(|c| mix(row, *c))).collect();
    let mut result = Vec::with_capacity(to[0] * to[1]);
    for r in steps(from[0], to[0], alignment) {
        let (above, below) = (&wide[r.first * to[1]..][..to[1]], &wide[r.second * to[1]..][..to[1]]);
        result.extend(above.iter().zip(below).map(|(a, b)| a + (b - a) * r.weight));
    }
    result
}

fn mix(row: &[f32], at: Between) -> f32 {
    let (a, b) = (row[at.first], row[at.second]);
    a + (b - a) * at.weight
}

fn steps(from: usize, to: usize, alignment: Alignment) -> Vec<Between> {
    let position = |i: usize| match alignment {
        Alignment::Edges => ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, (from - 1) as f64),
        Alignment::Corners if to == 1 => 0.0,
        Alignment::Corners => i as f64 * (from - 1) as f64 / (to - 1) as f64,
    };
    (0..to)
        .map(|i| {
            let first = position(i).floor();
            let second = (first as usize + 1).min(from - 1);
            Between { first: first as usize, second, weight: (position(i) - first) as f32 }
        })
        .collect()
}

/// The grid `(from[0], from[1])` averaged down to `(to[0], to[1])`, heights first: each new cell is the mean over the area that it
/// covers, so that sums keep their proportions.
///
/// # Panics
/// If a side is 0 or grows, or the number of values is not `from[0] * from[1]`.
pub fn area_mean(values: &[f32], from: [usize; 2], to: [usize; 2]) -> Vec<f32> {
    assert!(
        to.iter().zip(&from).all(|(t, f)| (1..=*f).contains(t)) && values.len() == from[0] * from[1],
        "shrinks only"
    );
    let (rows, columns) = (overlaps(from[0], to[0]), overlaps(from[1], to[1]));
    let mut result = Vec::with_capacity(to[0] * to[1]);
    for row in &rows {
        for column in &columns {
            let mut sum = 0.0;
            for (y, wy) in row {
                for (x, wx) in column {
                    sum += wy * wx * f64::from(values[y * from[1] + x]);
                }
            }
            result.push(sum as f32);
        }
    }
    result
}

/// For each of `to` equal parts of a line of `from` cells, the cells that it covers and each one's share of it.
fn overlaps(from: usize, to: usize) -> Vec<Vec<(usize, f64)>> {
    let length = from as f64 / to as f64;
    let part = |i: usize| {
        // In units of 1 / to of a cell, all edges are whole numbers.
        let (start, end) = (i * from, (i + 1) * from);
        let covered = |cell: usize| (end.min((cell + 1) * to) - start.max(cell * to)) as f64 / to as f64;
        (start / to..end.div_ceil(to)).map(|cell| (cell, covered(cell) / length)).collect()
    };
    (0..to).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges_aligned_doubles_with_quarter_steps() {
        assert_eq!(bilinear(&[0.0, 4.0], [1, 2], [1, 4], Alignment::Edges), [0.0, 1.0, 3.0, 4.0]);
    }

    #[test]
    fn corners_aligned_reaches_both_ends() {
        assert_eq!(bilinear(&[0.0, 6.0], [2, 1], [4, 1], Alignment::Corners), [0.0, 2.0, 4.0, 6.0]);
    }

    #[test]
    fn an_area_mean_splits_the_cells_that_lie_across() {
        assert_eq!(area_mean(&[3.0, 6.0, 9.0], [1, 3], [1, 2]), [4.0, 8.0]);
    }

    proptest! {
        #[test]
        fn an_area_mean_keeps_the_mean(values in proptest::collection::vec(0f32..9.0, 7 * 11), h in 1usize..=7, w in 1usize..=11) {
            let small = area_mean(&values, [7, 11], [h, w]);
            let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
            prop_assert!((mean(&small) - mean(&values)).abs() < 1e-4);
        }

        #[test]
        fn values_stay_within_those_of_the_grid(values in proptest::collection::vec(-9f32..9.0, 12), h in 1usize..20, w in 1usize..20) {
            for alignment in [Alignment::Edges, Alignment::Corners] {
                let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
                let big = bilinear(&values, [3, 4], [h, w], alignment);
                prop_assert_eq!(big.len(), h * w);
                prop_assert!(big.iter().all(|v| (low - 1e-5..=high + 1e-5).contains(v)));
            }
        }

        #[test]
        fn the_same_size_changes_nothing(values in proptest::collection::vec(-9f32..9.0, 12)) {
            prop_assert_eq!(&bilinear(&values, [3, 4], [3, 4], Alignment::Edges), &values);
            prop_assert_eq!(&bilinear(&values, [3, 4], [3, 4], Alignment::Corners), &values);
        }
    }
}
