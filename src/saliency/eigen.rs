//! Eigen-CAM: the direction in which a layer's channels vary most over the grid.
//!
//! Comes in: [`ChannelMaps`]. Goes out: the signed map. May not live here: networks, batches.

use super::cams::ChannelMaps;

/// Steps after which the iteration stops even if the direction still moves (two directions of equal weight).
const MAX_STEPS: usize = 10_000;

/// Eigen-CAM (Muhammad & Yeasin 2020): the matrix of cells by channels, each channel's mean taken off, projected on its first
/// right singular vector. It asks for no class and no gradient.
pub fn eigen_cam(a: ChannelMaps<'_>) -> Vec<f32> {
    let values: Vec<f64> = a.channels().flatten().map(|v| f64::from(*v)).collect();
    first_component(&values, a.cells())
}

/// Eigen-CAM of `G A`, cell by cell, so that the class counts.
pub fn eigen_grad_cam(a: ChannelMaps<'_>, g: ChannelMaps<'_>) -> Vec<f32> {
    let values: Vec<f64> =
        a.channels().flatten().zip(g.channels().flatten()).map(|(a, g)| f64::from(*a) * f64::from(*g)).collect();
    first_component(&values, a.cells())
}

/// `X v_1` for `X` = cells by channels with each channel's mean taken off and `v_1` its first right singular vector.
///
/// A singular vector has no sign of its own; here it is the one that gives the larger values to the cells with the larger sum
/// over the channels (before the means are taken off), and where that decides nothing, that makes the first value that is
/// largest in size positive.
///
/// # Shapes
/// `values` is `(channels, cells)`; the result has `cells` values.
fn first_component(values: &[f64], cells: usize) -> Vec<f32> {
    let sums = channel_sums(values, cells);
    let centred = centred(values, cells);
    // X X^T and X^T X share their largest eigenvalue: take the smaller of the two.
    let mut map = if cells <= values.len() / cells {
        let (vector, value) = leading_eigenvector(&gram_of_columns(&centred, cells), cells);
        vector.iter().map(|u| u * value.sqrt()).collect()
    } else {
        let channels = values.len() / cells;
        let (vector, _) = leading_eigenvector(&gram_of_rows(&centred, cells), channels);
        projected(&centred, &vector, cells)
    };
    if points_away(&map, &sums) {
        map.iter_mut().for_each(|v| *v = -*v);
    }
    map.iter().map(|v| *v as f32).collect()
}

fn channel_sums(values: &[f64], cells: usize) -> Vec<f64> {
    let mut sums = vec![0.0; cells];
    for channel in values.chunks_exact(cells) {
        sums.iter_mut().zip(channel).for_each(|(s, v)| *s += v);
    }
    sums
}

fn centred(values: &[f64], cells: usize) -> Vec<f64> {
    let mut centred = values.to_vec();
    for channel in centred.chunks_exact_mut(cells) {
        let mean = channel.iter().sum::<f64>() / cells as f64;
        channel.iter_mut().for_each(|v| *v -= mean);
    }
    centred
}

/// `sum_k x_ki x_kj` for all pairs of cells.
fn gram_of_columns(x: &[f64], cells: usize) -> Vec<f64> {
    let mut gram = vec![0.0; cells * cells];
    for channel in x.chunks_exact(cells) {
        for (row, v) in gram.chunks_exact_mut(cells).zip(channel) {
            row.iter_mut().zip(channel).for_each(|(g, w)| *g += v * w);
        }
    }
    gram
}

/// `sum_p x_kp x_lp` for all pairs of channels.
fn gram_of_rows(x: &[f64], cells: usize) -> Vec<f64> {
    let rows = || x.chunks_exact(cells);
    rows().flat_map(|a| rows().map(|b| dot(a, b))).collect()
}

fn projected(x: &[f64], vector: &[f64], cells: usize) -> Vec<f64> {
    let mut map = vec![0.0; cells];
    for (channel, weight) in x.chunks_exact(cells).zip(vector) {
        map.iter_mut().zip(channel).for_each(|(m, v)| *m += weight * v);
    }
    map
}

/// The unit eigenvector of the largest eigenvalue of a symmetric matrix without negative eigenvalues, by power iteration from a
/// fixed start, and the eigenvalue. A zero matrix gives a zero vector.
fn leading_eigenvector(matrix: &[f64], n: usize) -> (Vec<f64>, f64) {
    // A start with no structure: the fractional parts of multiples of the golden ratio.
    let mut vector: Vec<f64> = (1..=n).map(|i| (i as f64 * 0.618_033_988_749_894_9).fract() + 0.1).collect();
    scale_to_unit(&mut vector);
    let mut value = 0.0;
    for _ in 0..MAX_STEPS {
        let mut next: Vec<f64> = matrix.chunks_exact(n).map(|row| dot(row, &vector)).collect();
        value = scale_to_unit(&mut next);
        let moved = vector.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        vector = next;
        if moved < 1e-13 {
            break;
        }
    }
    (vector, value)
}

/// Divides by the length and returns it; a zero vector stays.
fn scale_to_unit(vector: &mut [f64]) -> f64 {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|v| *v /= length);
    }
    length
}

/// Whether the map's sign is the one not wanted.
fn points_away(map: &[f64], sums: &[f64]) -> bool {
    let agreement = dot(map, sums);
    // The map sums to zero, so rounding alone gives about this much.
    if agreement.abs() > 1e-12 * (dot(map, map) * dot(sums, sums)).sqrt() {
        return agreement < 0.0;
    }
    let largest = map.iter().fold(0.0_f64, |best, v| if v.abs() > best.abs() { *v } else { best });
    largest < 0.0
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_varying_channel_is_its_own_component() {
        // The second channel is constant: what is left is the first without its mean of 2.
        let a = ChannelMaps::new(1, 3, &[0.0, 1.0, 5.0, 7.0, 7.0, 7.0]);
        let map = eigen_cam(a);
        for (m, e) in map.iter().zip([-2.0, -1.0, 3.0]) {
            assert!((m - e).abs() < 1e-6, "{map:?}");
        }
    }

    #[test]
    fn both_ways_of_finding_the_direction_agree() {
        let values: Vec<f64> = (0..5 * 7).map(|i| f64::from((i * 37 + 11) % 19) - 4.0).collect();
        let centred = centred(&values, 7);
        let (u, value) = leading_eigenvector(&gram_of_columns(&centred, 7), 7);
        let (v, same) = leading_eigenvector(&gram_of_rows(&centred, 7), 5);
        assert!((value - same).abs() < 1e-9 * value);
        let map = projected(&centred, &v, 7);
        let sign = dot(&u, &map).signum();
        for (u, m) in u.iter().zip(&map) {
            assert!((u * value.sqrt() - sign * m).abs() < 1e-6);
        }
    }

    #[test]
    fn constant_channels_give_a_zero_map() {
        assert_eq!(eigen_cam(ChannelMaps::new(2, 2, &[3.0; 8])), [0.0; 4]);
    }

    #[test]
    fn the_sign_follows_the_activation() {
        // Nearly all channels are high in the last cell.
        let a = ChannelMaps::new(1, 3, &[0.0, 0.0, 9.0, 1.0, 0.0, 8.0, 0.0, 1.0, 9.0, 4.0, 0.0, 0.0]);
        let map = eigen_cam(a);
        assert!(map[2] > map[0] && map[2] > map[1], "{map:?}");
    }
}
