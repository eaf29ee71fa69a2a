//! The bilinear surface of a map, on a lattice over its view.

use crate::saliency::SaliencyMap;

/// Points of the lattice on each side of the view.
pub(super) const SIDE: usize = 64;

/// The surface at a point of the view, `0.0..=1.0` on both axes: bilinear between the cells' centres, constant beyond the
/// outer ones.
pub(super) fn surface(map: &SaliencyMap, u: f64, v: f64) -> f64 {
    let cell = |at: f64, n: usize| {
        let at = (at * n as f64 - 0.5).clamp(0.0, (n - 1) as f64);
        (at as usize, (at as usize + 1).min(n - 1), at.fract())
    };
    let ((left, right, x), (top, bottom, y)) = (cell(u, map.width()), cell(v, map.height()));
    let value = |row: usize, column: usize| f64::from(map.values()[row * map.width() + column]);
    let line = |row: usize| value(row, left) * (1.0 - x) + value(row, right) * x;
    line(top) * (1.0 - y) + line(bottom) * y
}

/// The middle of a lattice cell, `0.0..1.0`.
pub(super) fn middle(at: usize) -> f64 {
    (at as f64 + 0.5) / SIDE as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surface_is_linear_between_the_centres_and_constant_beyond() {
        let map = SaliencyMap::from_values(1, 2, vec![1.0, 3.0]);
        let at = [0.0, 0.25, 0.5, 0.625, 0.75, 1.0].map(|u| surface(&map, u, 0.5));
        assert_eq!(at, [1.0, 1.0, 2.0, 2.5, 3.0, 3.0]);
    }
}
