//! Class activation maps: formulas on the target layer's activations `A` and the gradients `G = d y_c / d A` of the class score.
//!
//! Comes in: one image's `A` and `G` as [`ChannelMaps`]. Goes out: the signed map, row-major, `height * width` values; the
//! ReLU is [`super::SaliencyMap`]'s. May not live here: networks, batches.
//!
//! Sums run in f64 in a fixed order, so a map does not depend on anything around it. `k` counts channels, `p` grid cells.

/// The channels of one image at a layer.
///
/// # Shapes
/// `values` is `(channels, height, width)`, row-major f32.
#[derive(Clone, Copy, Debug)]
pub struct ChannelMaps<'a> {
    height: usize,
    width: usize,
    values: &'a [f32],
}

impl<'a> ChannelMaps<'a> {
    /// Channels of `height * width` values each.
    ///
    /// # Panics
    /// If a side is 0 or `values` does not hold whole channels.
    pub fn new(height: usize, width: usize, values: &'a [f32]) -> Self {
        assert!(height > 0 && width > 0 && values.len().is_multiple_of(height * width), "whole channels are needed");
        Self { height, width, values }
    }

    /// Rows of the grid.
    pub fn height(self) -> usize {
        self.height
    }

    /// Columns of the grid.
    pub fn width(self) -> usize {
        self.width
    }

    /// Cells of the grid.
    pub fn cells(self) -> usize {
        self.height * self.width
    }

    /// Number of channels.
    pub fn count(self) -> usize {
        self.values.len() / self.cells()
    }

    /// The channels in order, each row-major.
    pub fn channels(self) -> impl Iterator<Item = &'a [f32]> {
        self.values.chunks_exact(self.cells())
    }
}

/// Grad-CAM (Selvaraju et al. 2017): `sum_k w_k A_k` with `w_k = mean_p G_k`.
pub fn grad_cam(a: ChannelMaps<'_>, g: ChannelMaps<'_>) -> Vec<f32> {
    let weights: Vec<_> = g.channels().map(|g| sum(g) / g.len() as f64).collect();
    weighted(a, &weights)
}

/// Grad-CAM++ (Chattopadhay et al. 2018) for the exponential of the score, as its authors compute it: `w_k = sum_p relu(G) a` with
/// `a = G^2 / (2 G^2 + S_k G^3 + 1e-6)`, 0 where `G` is 0, and `S_k = sum_p A_k`.
pub fn grad_cam_plus_plus(a: ChannelMaps<'_>, g: ChannelMaps<'_>) -> Vec<f32> {
    let weight = |(a, g): (&[f32], &[f32])| {
        let total = sum(a);
        g.iter().map(|g| f64::from(*g)).filter(|g| *g > 0.0).fold(0.0, |w, g| {
            let (g2, g3) = (g * g, g * g * g);
            w + g * g2 / (2.0 * g2 + total * g3 + 1e-6)
        })
    };
    let weights: Vec<_> = a.channels().zip(g.channels()).map(weight).collect();
    weighted(a, &weights)
}

/// XGrad-CAM (Fu et al. 2020): `w_k = sum_p G A / (S_k + 1e-7)`, gradients weighted by each cell's share of the channel.
pub fn x_grad_cam(a: ChannelMaps<'_>, g: ChannelMaps<'_>) -> Vec<f32> {
    let weight = |(a, g): (&[f32], &[f32])| products(a, g).sum::<f64>() / (sum(a) + 1e-7);
    let weights: Vec<_> = a.channels().zip(g.channels()).map(weight).collect();
    weighted(a, &weights)
}

/// HiResCAM (Draelos & Carin 2020): `sum_k G A`, cell by cell.
pub fn hi_res_cam(a: ChannelMaps<'_>, g: ChannelMaps<'_>) -> Vec<f32> {
    by_cell(a, g, |a, g| g * a)
}

/// LayerCAM (Jiang et al. 2021): `sum_k relu(G) A`.
pub fn layer_cam(a: ChannelMaps<'_>, g: ChannelMaps<'_>) -> Vec<f32> {
    by_cell(a, g, |a, g| g.max(0.0) * a)
}

/// Element-wise Grad-CAM: `sum_k relu(G A)`.
pub fn grad_cam_elementwise(a: ChannelMaps<'_>, g: ChannelMaps<'_>) -> Vec<f32> {
    by_cell(a, g, |a, g| (g * a).max(0.0))
}

/// `sum_k weights_k A_k`
///
/// # Panics
/// If there is not one weight a channel.
pub fn weighted(a: ChannelMaps<'_>, weights: &[f64]) -> Vec<f32> {
    assert_eq!(weights.len(), a.count(), "one weight a channel");
    let mut map = vec![0.0; a.cells()];
    for (channel, weight) in a.channels().zip(weights) {
        for (m, a) in map.iter_mut().zip(channel) {
            *m += weight * f64::from(*a);
        }
    }
    narrowed(&map)
}

fn by_cell(a: ChannelMaps<'_>, g: ChannelMaps<'_>, term: impl Fn(f64, f64) -> f64) -> Vec<f32> {
    let mut map = vec![0.0; a.cells()];
    for (a, g) in a.channels().zip(g.channels()) {
        for ((m, a), g) in map.iter_mut().zip(a).zip(g) {
            *m += term(f64::from(*a), f64::from(*g));
        }
    }
    narrowed(&map)
}

fn sum(values: &[f32]) -> f64 {
    values.iter().map(|v| f64::from(*v)).sum()
}

fn products(a: &[f32], b: &[f32]) -> impl Iterator<Item = f64> {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b))
}

fn narrowed(values: &[f64]) -> Vec<f32> {
    values.iter().map(|v| *v as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: [f32; 4] = [1.0, 3.0, 2.0, -1.0];
    const G: [f32; 4] = [0.5, 0.25, -1.0, 2.0];

    /// Two channels of two cells: `A = [[1, 3], [2, -1]]`, `G = [[1/2, 1/4], [-1, 2]]`.
    fn small() -> (ChannelMaps<'static>, ChannelMaps<'static>) {
        (ChannelMaps::new(1, 2, &A), ChannelMaps::new(1, 2, &G))
    }

    #[test]
    fn grad_cam_weighs_by_the_mean_gradient() {
        let (a, g) = small();
        assert_eq!(grad_cam(a, g), [0.375 + 1.0, 3.0 * 0.375 - 0.5]);
    }

    #[test]
    fn x_grad_cam_weighs_by_each_cells_share() {
        let (a, g) = small();
        // (0.5 * 1 + 0.25 * 3) / 4 and (-1 * 2 + 2 * -1) / 1
        let (w0, w1) = (0.3125, -4.0);
        let map = x_grad_cam(a, g);
        assert!((map[0] - (w0 + 2.0 * w1)).abs() < 1e-5 && (map[1] - (3.0 * w0 - w1)).abs() < 1e-5, "{map:?}");
    }

    #[test]
    fn cell_by_cell_maps_differ_in_where_they_cut() {
        let (a, g) = small();
        assert_eq!(hi_res_cam(a, g), [0.5 - 2.0, 0.75 - 2.0]);
        assert_eq!(layer_cam(a, g), [0.5, 0.75 - 2.0]);
        assert_eq!(grad_cam_elementwise(a, g), [0.5, 0.75]);
    }

    #[test]
    fn grad_cam_plus_plus_counts_positive_gradients_only() {
        let (a, g) = small();
        let alpha = |g: f64, s: f64| g * g / (2.0 * g * g + s * g * g * g + 1e-6);
        let w0 = 0.5 * alpha(0.5, 4.0) + 0.25 * alpha(0.25, 4.0);
        let w1 = 2.0 * alpha(2.0, 1.0);
        let map = grad_cam_plus_plus(a, g);
        assert!(
            (f64::from(map[0]) - (w0 + 2.0 * w1)).abs() < 1e-6 && (f64::from(map[1]) - (3.0 * w0 - w1)).abs() < 1e-6
        );
    }

    #[test]
    fn a_gradient_constant_in_space_makes_three_methods_one() {
        let a = ChannelMaps::new(2, 2, &[1.0, 2.0, 3.0, 4.0, 0.0, 1.0, 0.0, 5.0]);
        let g = ChannelMaps::new(2, 2, &[0.5, 0.5, 0.5, 0.5, -2.0, -2.0, -2.0, -2.0]);
        let cam = grad_cam(a, g);
        assert_eq!(hi_res_cam(a, g), cam);
        assert!(x_grad_cam(a, g).iter().zip(&cam).all(|(x, c)| (x - c).abs() < 1e-5));
    }
}
