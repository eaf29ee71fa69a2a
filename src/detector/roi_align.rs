//! ROIAlign (He et al. 2017): the part of a feature map under a box, resampled to a fixed grid without rounding.
//!
//! A bin averages bilinear samples on a regular grid, so its weights are a product of one weight per row and one per
//! column. They are computed once for a box and shared by all channels: first the rows of a bin are summed, then its
//! columns. The result differs from the sample-by-sample sum of the reference libraries only by rounding.

use crate::geometry::BBox;
use rayon::prelude::*;

/// How a box is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoiAlign {
    /// Rows and columns of the result.
    pub output: usize,
    /// Samples a bin and axis; `None`: as many as the bin is cells long, rounded up.
    pub samples: Option<usize>,
    /// Whether cell `i` has its value at `i + 0.5` (else at `i`, and a box is at least one cell long).
    pub aligned: bool,
}

/// A feature map of one image, `(channels, height, width)`.
#[derive(Clone, Copy, Debug)]
pub struct FeatureMap<'a> {
    /// Row-major values.
    pub values: &'a [f32],
    /// Number of channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Cells of this map per pixel of the network's input.
    pub scale: f64,
}

/// The weights of the cells along one axis for each bin: cells `first ..` with one weight each.
#[derive(Clone, Debug, PartialEq)]
struct BinWeights {
    first: usize,
    weights: Vec<f32>,
}

impl RoiAlign {
    /// Resamples each of `boxes` (network-input pixels) from the map of `maps` that `levels` names.
    ///
    /// # Shapes
    /// Returns `(boxes, channels, output, output)`; all maps have the same number of channels.
    ///
    /// # Panics
    /// If a level has no map.
    pub fn pool(self, maps: &[FeatureMap<'_>], boxes: &[BBox], levels: &[usize]) -> Vec<f32> {
        let channels = maps.first().map_or(0, |map| map.channels);
        let one = channels * self.output * self.output;
        let mut pooled = vec![0.0; boxes.len() * one];
        if one > 0 {
            pooled.par_chunks_mut(one).zip(boxes).zip(levels).for_each(|((out, bbox), level)| {
                self.pool_one(maps[*level], *bbox, out);
            });
        }
        pooled
    }

    fn pool_one(self, map: FeatureMap<'_>, bbox: BBox, out: &mut [f32]) {
        let columns = self.axis(f64::from(bbox.x0) * map.scale, f64::from(bbox.x1) * map.scale, map.width);
        let rows = self.axis(f64::from(bbox.y0) * map.scale, f64::from(bbox.y1) * map.scale, map.height);
        let left = columns.iter().map(|c| c.first).min().unwrap_or(0);
        let right = columns.iter().map(|c| c.first + c.weights.len()).max().unwrap_or(0).max(left);
        let mut line = vec![0.0f32; right - left];
        let planes = map.values.chunks_exact(map.height * map.width);
        for (plane, out) in planes.zip(out.chunks_exact_mut(self.output * self.output)) {
            for (row, out) in rows.iter().zip(out.chunks_exact_mut(self.output)) {
                line.fill(0.0);
                for (dy, weight) in row.weights.iter().enumerate() {
                    let start = (row.first + dy) * map.width;
                    for (sum, value) in line.iter_mut().zip(&plane[start + left..start + right]) {
                        *sum += weight * value;
                    }
                }
                for (column, out) in columns.iter().zip(out) {
                    let part = &line[column.first - left..][..column.weights.len()];
                    *out = part.iter().zip(&column.weights).map(|(value, weight)| value * weight).sum();
                }
            }
        }
    }

    /// The weights of an axis of `cells` for a box from `start` to `end`, in cells.
    fn axis(self, start: f64, end: f64, cells: usize) -> Vec<BinWeights> {
        let shift = if self.aligned { 0.5 } else { 0.0 };
        let length = (end - start).max(if self.aligned { 0.0 } else { 1.0 });
        let bin = length / self.output as f64;
        let samples = self.samples.unwrap_or(bin.ceil().max(0.0) as usize);
        let weight = 1.0 / samples.max(1) as f64;
        (0..self.output)
            .map(|b| {
                let taps = (0..samples).filter_map(|s| {
                    let offset = (s as f64 + 0.5) / samples as f64;
                    bilinear_taps(start - shift + (b as f64 + offset) * bin, cells)
                });
                gather(taps, weight)
            })
            .collect()
    }
}

/// The two cells around `at` and the weight of the second; `None` more than a cell outside. Cells have their values at
/// whole numbers, and the outermost ones extend as constants.
fn bilinear_taps(at: f64, cells: usize) -> Option<(usize, usize, f64)> {
    if cells == 0 || !(at >= -1.0 && at <= cells as f64) {
        return None;
    }
    let at = at.max(0.0);
    let low = at as usize;
    if low + 1 >= cells { Some((cells - 1, cells - 1, 0.0)) } else { Some((low, low + 1, at - low as f64)) }
}

/// Adds up the taps of a bin's samples, each sample counting `weight`.
fn gather(taps: impl Iterator<Item = (usize, usize, f64)>, weight: f64) -> BinWeights {
    let mut sums: Vec<f64> = Vec::new();
    let mut first = 0;
    for (low, high, fraction) in taps {
        // Samples come in rising order.
        if sums.is_empty() {
            first = low;
        }
        sums.resize(sums.len().max(high - first + 1), 0.0);
        sums[low - first] += weight * (1.0 - fraction);
        sums[high - first] += weight * fraction;
    }
    BinWeights { first, weights: sums.into_iter().map(|w| w as f32).collect() }
}

/// How the pyramid level of a box is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelRule {
    /// `floor(4 + log2(sqrt(area) / 224 + 1e-8))`
    Detectron2,
    /// `floor(4 + log2(sqrt(area) / 224) + 1e-6)`
    Torchvision,
}

impl LevelRule {
    /// Index of the map that `bbox` (network-input pixels) is pooled from, among maps of strides `2^first ..= 2^last`:
    /// a box as large as an ImageNet crop belongs to stride 16 (Lin et al. 2017, equation 1).
    pub fn level(self, bbox: BBox, first: u32, last: u32) -> usize {
        let sides = f64::from(bbox.x1 - bbox.x0) * f64::from(bbox.y1 - bbox.y0);
        let relative = sides.max(0.0).sqrt() / 224.0;
        let level = match self {
            Self::Detectron2 => 4.0 + (relative + 1e-8).log2(),
            Self::Torchvision => 4.0 + relative.log2() + 1e-6,
        };
        (level.floor().clamp(f64::from(first), f64::from(last)) - f64::from(first)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(values: &[f32], channels: usize, height: usize, width: usize, scale: f64) -> FeatureMap<'_> {
        FeatureMap { values, channels, height, width, scale }
    }

    const ALIGNED: RoiAlign = RoiAlign { output: 2, samples: None, aligned: true };
    const UNALIGNED: RoiAlign = RoiAlign { output: 2, samples: Some(2), aligned: false };

    /// Row-major values `10 row + column` of a 4 × 4 map.
    fn ramp() -> Vec<f32> {
        (0..16).map(|i| (10 * (i / 4) + i % 4) as f32).collect()
    }

    #[test]
    fn an_aligned_box_over_four_cells_returns_them() {
        // Bins of one cell have one sample, at the cell's own centre.
        let pooled = ALIGNED.pool(&[map(&ramp(), 1, 4, 4, 0.5)], &[BBox::new(2.0, 4.0, 6.0, 8.0)], &[0]);
        assert_eq!(pooled, [21.0, 22.0, 31.0, 32.0]);
    }

    #[test]
    fn an_unaligned_box_is_read_half_a_cell_further() {
        // Bins of 1 cell from (1, 2): two samples at +0.25 and +0.75 average to +0.5.
        let pooled = UNALIGNED.pool(&[map(&ramp(), 1, 4, 4, 1.0)], &[BBox::new(0.0, 1.0, 2.0, 3.0)], &[0]);
        assert_eq!(pooled, [15.5, 16.5, 25.5, 26.5]);
    }

    #[test]
    fn an_unaligned_box_is_at_least_a_cell_long() {
        // One cell in two bins: samples at 1 + 0.125, 0.375 | 0.625, 0.875 along each axis.
        let pooled = UNALIGNED.pool(&[map(&ramp(), 1, 4, 4, 1.0)], &[BBox::new(1.0, 1.0, 1.0, 1.0)], &[0]);
        assert_eq!(pooled, [13.75, 14.25, 18.75, 19.25]);
    }

    #[test]
    fn samples_more_than_a_cell_outside_count_as_zero() {
        let ones = [1.0; 16];
        let pool = |b| UNALIGNED.pool(&[map(&ones, 1, 4, 4, 1.0)], &[b], &[0]);
        assert_eq!(pool(BBox::new(-8.0, 0.0, -2.0, 2.0)), [0.0; 4]);
        // Bins of 2 cells: samples at -1.5 and -0.5, then at 0.5 and 1.5.
        assert_eq!(pool(BBox::new(-2.0, 0.0, 2.0, 4.0)), [0.5, 1.0, 0.5, 1.0]);
    }

    #[test]
    fn an_empty_aligned_box_gives_zeros() {
        let pooled = ALIGNED.pool(&[map(&ramp(), 1, 4, 4, 1.0)], &[BBox::new(1.0, 1.0, 1.0, 3.0)], &[0]);
        assert_eq!(pooled, [0.0; 4]);
    }

    #[test]
    fn a_box_of_224_belongs_to_stride_16() {
        for rule in [LevelRule::Detectron2, LevelRule::Torchvision] {
            let level = |side: f32| rule.level(BBox::new(5.0, 5.0, 5.0 + side, 5.0 + side), 2, 5);
            assert_eq!(
                [level(0.0), level(111.0), level(112.0), level(223.0), level(224.0), level(2000.0)],
                [0, 0, 1, 1, 2, 3]
            );
        }
    }

    /// Sample by sample, as the definition reads.
    fn by_definition(align: RoiAlign, map: FeatureMap<'_>, bbox: BBox) -> Vec<f64> {
        let shift = if align.aligned { 0.5 } else { 0.0 };
        let at = |v: f32| f64::from(v) * map.scale - shift;
        let least = if align.aligned { 0.0 } else { 1.0 };
        let (w, h) = ((at(bbox.x1) - at(bbox.x0)).max(least), (at(bbox.y1) - at(bbox.y0)).max(least));
        let n = align.output as f64;
        let count = |length: f64| align.samples.unwrap_or((length / n).ceil() as usize);
        let (nx, ny) = (count(w), count(h));
        let value = |c: usize, y: f64, x: f64| {
            if y < -1.0 || y > map.height as f64 || x < -1.0 || x > map.width as f64 {
                return 0.0;
            }
            let (y, x) = (y.clamp(0.0, (map.height - 1) as f64), x.clamp(0.0, (map.width - 1) as f64));
            let (y0, x0) = (y.floor() as usize, x.floor() as usize);
            let (y1, x1) = ((y0 + 1).min(map.height - 1), (x0 + 1).min(map.width - 1));
            let (fy, fx) = (y - y0 as f64, x - x0 as f64);
            let cell = |y: usize, x: usize| f64::from(map.values[(c * map.height + y) * map.width + x]);
            let row = |y: usize| cell(y, x0) * (1.0 - fx) + cell(y, x1) * fx;
            row(y0) * (1.0 - fy) + row(y1) * fy
        };
        let mut all = Vec::new();
        for c in 0..map.channels {
            for i in 0..align.output * align.output {
                let (by, bx) = ((i / align.output) as f64, (i % align.output) as f64);
                let mut sum = 0.0;
                for s in 0..ny * nx {
                    let (sy, sx) = ((s / nx) as f64 + 0.5, (s % nx) as f64 + 0.5);
                    let y = at(bbox.y0) + (by + sy / ny as f64) * h / n;
                    let x = at(bbox.x0) + (bx + sx / nx as f64) * w / n;
                    sum += value(c, y, x);
                }
                all.push(sum / (nx * ny).max(1) as f64);
            }
        }
        all
    }

    proptest! {
        #[test]
        fn pooling_agrees_with_the_definition(
            x in -40f32..120.0, y in -40f32..120.0, w in 0f32..150.0, h in 0f32..150.0,
            aligned: bool, samples in proptest::option::of(1usize..4), output in 1usize..8, seed in 0u32..1000,
        ) {
            let values: Vec<f32> =
                (0..2 * 9 * 11u32).map(|i| (i + seed).wrapping_mul(2_654_435_761) as f32 / 4.3e9).collect();
            let map = map(&values, 2, 9, 11, 0.125);
            let align = RoiAlign { output, samples, aligned };
            let bbox = BBox::new(x, y, x + w, y + h);
            let expected = by_definition(align, map, bbox);
            for (a, b) in align.pool(&[map], &[bbox], &[0]).into_iter().zip(expected) {
                prop_assert!((f64::from(a) - b).abs() < 2e-6, "{a} is not {b}");
            }
        }

        #[test]
        fn a_constant_map_pools_to_its_constant(x in 0f32..30.0, y in 0f32..30.0, w in 1f32..40.0, h in 1f32..40.0) {
            let values = [3.5; 64];
            let bbox = BBox::new(x, y, x + w, y + h).clamp_to(BBox::new(0.0, 0.0, 64.0, 64.0));
            let align = RoiAlign { output: 7, samples: None, aligned: true };
            for v in align.pool(&[map(&values, 1, 8, 8, 0.125)], &[bbox], &[0]) {
                prop_assert!((v - 3.5).abs() < 1e-5);
            }
        }
    }
}
