//! How much each cell of a grid's axis counts in a range of the view.

/// How much each cell of an axis counts.
pub(super) struct Weights {
    /// In the range.
    pub(super) inside: Vec<f64>,
    /// In the whole view.
    pub(super) whole: Vec<f64>,
}

/// The range `start..end` of an axis of the view that goes from `view_start` to `view_end`, as shares of it.
pub(super) fn shares(view_start: f32, view_end: f32, start: f32, end: f32) -> (f64, f64) {
    let (origin, length) = (f64::from(view_start), f64::from(view_end) - f64::from(view_start));
    ((f64::from(start) - origin) / length, (f64::from(end) - origin) / length)
}

/// The weights of an axis of `cells` for the range of `area`, in shares of the axis, under the exact integral.
pub(super) fn exact_weights(cells: usize, area: (f64, f64)) -> Weights {
    Weights { inside: hat_weights(cells, area), whole: vec![1.0; cells] }
}

/// The part of each of `cells` hat functions in `area`, in shares of the axis. Hat `i` has its top, of height 1, at `i + 0.5`
/// cells and falls to 0 over one cell on each side; the outer halves of the first and last are constant 1.
pub(super) fn hat_weights(cells: usize, area: (f64, f64)) -> Vec<f64> {
    let (a, b) = (area.0 * cells as f64, area.1 * cells as f64);
    (0..cells).map(|i| hat_integral(cells, i, b) - hat_integral(cells, i, a)).collect()
}

/// Integral of hat `i` of `n` from 0 to `t`, all in cells.
fn hat_integral(n: usize, i: usize, t: f64) -> f64 {
    let d = t - (i as f64 + 0.5);
    let left = if i == 0 {
        // Constant 1 from 0 to the top.
        t.clamp(0.0, 0.5)
    } else {
        let u = (d.min(0.0) + 1.0).max(0.0);
        0.5 * u * u
    };
    let right = if i + 1 == n {
        d.clamp(0.0, 0.5)
    } else {
        let u = d.clamp(0.0, 1.0);
        u - 0.5 * u * u
    };
    left + right
}

/// The weights of an axis of `cells` for the range of `area`, in shares of the axis, when the surface is sampled at the
/// centres of `pixels` and those in the range are summed.
pub(super) fn pixel_weights(cells: usize, pixels: u32, area: (f64, f64)) -> Weights {
    let mut weights = Weights { inside: vec![0.0; cells], whole: vec![0.0; cells] };
    for Sample { at, cells } in pixel_samples(cells, pixels) {
        for (cell, weight) in cells {
            weights.whole[cell] += weight;
            weights.inside[cell] += if at >= area.0 && at < area.1 { weight } else { 0.0 };
        }
    }
    weights
}

/// A point of an axis and the two cells that the surface there is made of, with their weights.
pub(super) struct Sample {
    /// As a share of the axis.
    pub(super) at: f64,
    pub(super) cells: [(usize, f64); 2],
}

/// The centres of `pixels` over an axis of `cells`.
pub(super) fn pixel_samples(cells: usize, pixels: u32) -> impl Iterator<Item = Sample> {
    (0..pixels).map(move |pixel| {
        let at = (f64::from(pixel) + 0.5) / f64::from(pixels);
        let cell = (at * cells as f64 - 0.5).clamp(0.0, (cells - 1) as f64);
        let (first, share) = (cell as usize, cell.fract());
        Sample { at, cells: [(first, 1.0 - share), ((first + 1).min(cells - 1), share)] }
    })
}
