//! Winograd's minimal filtering for 3×3 convolutions with stride 1: F(2×2, 3×3) and F(4×4, 3×3).
//!
//! Source: Lavin and Gray, *Fast Algorithms for Convolutional Neural Networks*, 2015: `Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`.
//! The transforms of the map work lane by lane; the element-wise products over the channels are [`super::gemm`] products,
//! one for each of the `(m + 2)²` positions. Weights are transformed in f64.

use std::marker::PhantomData;
use std::ops::Range;

use super::activation::{Act, ApplyInPlace};
use super::simd::{Kernel, Lanes, Simd};
use super::window::WindowMut;

/// How a map is cut into output tiles, numbered image by image and row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// Edge of an output tile: 2 or 4.
    pub edge: usize,
    /// Height and width of the input.
    pub input: [usize; 2],
    /// Height and width of the output.
    pub output: [usize; 2],
    /// Rows of zeros above and columns of zeros left of the input.
    pub padding: [usize; 2],
}

impl Tiling {
    /// Tiles of an image by rows and columns.
    pub fn grid(&self) -> [usize; 2] {
        self.output.map(|n| n.div_ceil(self.edge))
    }

    /// Tiles of an image.
    pub fn tiles(&self) -> usize {
        let [rows, columns] = self.grid();
        rows * columns
    }

    /// Positions of a transformed tile.
    pub fn positions(&self) -> usize {
        (self.edge + 2) * (self.edge + 2)
    }

    /// Image, tile row and tile column of a tile.
    #[inline(always)]
    fn place(&self, tile: usize) -> [usize; 3] {
        let [_, columns] = self.grid();
        let per_image = self.tiles();
        [tile / per_image, tile % per_image / columns, tile % columns]
    }
}

/// One-dimensional transforms of tiles with `A` inputs and `M` outputs.
trait Scheme<const A: usize, const M: usize> {
    fn input<S: Simd>(s: S, d: [S::V; A]) -> [S::V; A];
    fn output<S: Simd>(s: S, m: [S::V; A]) -> [S::V; M];
}

struct F2;
struct F4;

impl Scheme<4, 2> for F2 {
    #[inline(always)]
    fn input<S: Simd>(s: S, d: [S::V; 4]) -> [S::V; 4] {
        [s.sub(d[0], d[2]), s.add(d[1], d[2]), s.sub(d[2], d[1]), s.sub(d[1], d[3])]
    }
    #[inline(always)]
    fn output<S: Simd>(s: S, m: [S::V; 4]) -> [S::V; 2] {
        [s.add(s.add(m[0], m[1]), m[2]), s.sub(s.sub(m[1], m[2]), m[3])]
    }
}

impl Scheme<6, 4> for F4 {
    #[inline(always)]
    fn input<S: Simd>(s: S, d: [S::V; 6]) -> [S::V; 6] {
        let (two, four) = (s.splat(2.0), s.splat(4.0));
        let (minus_four, minus_five) = (s.splat(-4.0), s.splat(-5.0));
        let a = s.fma(d[2], minus_four, d[4]);
        let b = s.fma(d[1], minus_four, d[3]);
        let c = s.sub(d[4], d[2]);
        let e = s.mul(s.sub(d[3], d[1]), two);
        [
            s.fma(d[0], four, s.fma(d[2], minus_five, d[4])),
            s.add(a, b),
            s.sub(a, b),
            s.add(c, e),
            s.sub(c, e),
            s.fma(d[1], four, s.fma(d[3], minus_five, d[5])),
        ]
    }
    #[inline(always)]
    fn output<S: Simd>(s: S, m: [S::V; 6]) -> [S::V; 4] {
        let (sum1, difference1) = (s.add(m[1], m[2]), s.sub(m[1], m[2]));
        let (sum2, difference2) = (s.add(m[3], m[4]), s.sub(m[3], m[4]));
        [
            s.add(s.add(m[0], sum1), sum2),
            s.fma(difference2, s.splat(2.0), difference1),
            s.fma(sum2, s.splat(4.0), sum1),
            s.add(s.fma(difference2, s.splat(8.0), difference1), m[5]),
        ]
    }
}

/// Transforms some tiles of one block of channels.
pub struct InputTransform<'a> {
    /// How the map is cut.
    pub tiling: Tiling,
    /// The block's plane, all images.
    pub plane: &'a [Lanes],
    /// Which tiles.
    pub tiles: Range<usize>,
    /// One row for each position, one column for each tile.
    pub out: WindowMut<'a, Lanes>,
}

impl Kernel for InputTransform<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        if self.tiling.edge == 4 {
            s.vectorize(InputScheme::<'_, F4, 6, 4>(self, PhantomData));
        } else {
            s.vectorize(InputScheme::<'_, F2, 4, 2>(self, PhantomData));
        }
    }
}

/// A transform of one scheme.
struct InputScheme<'a, F, const A: usize, const M: usize>(InputTransform<'a>, PhantomData<F>);

impl<F: Scheme<A, M>, const A: usize, const M: usize> Kernel for InputScheme<'_, F, A, M> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        transform_input::<S, F, A, M>(s, self.0);
    }
}

#[inline(always)]
fn transform_input<S: Simd, F: Scheme<A, M>, const A: usize, const M: usize>(s: S, mut job: InputTransform<'_>) {
    for (column, tile) in job.tiles.clone().enumerate() {
        let mut v = load_tile::<S, A>(s, &job.tiling, job.plane, tile);
        for row in &mut v {
            *row = F::input(s, *row);
        }
        for c in 0..A {
            let mut d = [v[0][c]; A];
            for r in 0..A {
                d[r] = v[r][c];
            }
            let d = F::input(s, d);
            for r in 0..A {
                s.store(job.out.at(r * A + c, column), d[r]);
            }
        }
    }
}

/// The `A` × `A` input pixels of a tile, zeros outside of the map.
#[inline(always)]
fn load_tile<S: Simd, const A: usize>(s: S, tiling: &Tiling, plane: &[Lanes], tile: usize) -> [[S::V; A]; A] {
    let [image, row, column] = tiling.place(tile);
    let [h, w] = tiling.input;
    let plane = &plane[image * h * w..][..h * w];
    // positions in the padded map
    let (y0, x0) = (row * tiling.edge, column * tiling.edge);
    let [top, left] = tiling.padding;
    let mut v = [[s.splat(0.0); A]; A];
    let inside = y0 >= top && x0 >= left && y0 - top + A <= h && x0 - left + A <= w;
    if inside {
        for r in 0..A {
            let pixels = &plane[(y0 - top + r) * w + x0 - left..][..A];
            for c in 0..A {
                v[r][c] = s.load(&pixels[c]);
            }
        }
    } else {
        for r in 0..A {
            for c in 0..A {
                let (y, x) = (y0 + r, x0 + c);
                if y >= top && y - top < h && x >= left && x - left < w {
                    v[r][c] = s.load(&plane[(y - top) * w + x - left]);
                }
            }
        }
    }
    v
}

/// Transforms some tiles of one block of output channels back, adds bias and residual, applies the activation.
pub struct OutputTransform<'a> {
    /// How the map is cut.
    pub tiling: Tiling,
    /// The products: those of position `i` and the tile of number `t` in `tiles` at `i * stride + t`.
    pub products: &'a [Lanes],
    /// From one position to the next.
    pub stride: usize,
    /// Which tiles.
    pub tiles: Range<usize>,
    /// One value for each channel.
    pub bias: &'a Lanes,
    /// Added before the activation; the same pixels as `out`.
    pub residual: Option<&'a [Lanes]>,
    /// Applied last.
    pub act: Act,
    /// Whether the largest value of each 2×2 window is kept instead of all four; output edges must be even.
    pub pool: bool,
    /// The block's output pixels from `first_pixel` on.
    pub out: &'a mut [Lanes],
    /// Number of the first pixel of `out` in the block's plane over all images.
    pub first_pixel: usize,
}

impl Kernel for OutputTransform<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // kept apart, so that the tiles of one scheme have the registers
        if self.tiling.edge == 4 {
            s.vectorize(OutputScheme::<'_, F4, 6, 4>(self, PhantomData));
        } else {
            s.vectorize(OutputScheme::<'_, F2, 4, 2>(self, PhantomData));
        }
    }
}

/// A transform of one scheme.
struct OutputScheme<'a, F, const A: usize, const M: usize>(OutputTransform<'a>, PhantomData<F>);

impl<F: Scheme<A, M>, const A: usize, const M: usize> Kernel for OutputScheme<'_, F, A, M> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        transform_output::<S, F, A, M>(s, self.0);
    }
}

#[inline(always)]
fn transform_output<S: Simd, F: Scheme<A, M>, const A: usize, const M: usize>(s: S, mut job: OutputTransform<'_>) {
    let bias = s.load(job.bias);
    for (column, tile) in job.tiles.clone().enumerate() {
        let mut u = [[s.splat(0.0); A]; M];
        for c in 0..A {
            let mut m = [s.splat(0.0); A];
            for r in 0..A {
                m[r] = s.load(&job.products[(r * A + c) * job.stride + column]);
            }
            let m = F::output(s, m);
            for r in 0..M {
                u[r][c] = m[r];
            }
        }
        let mut y = [[s.splat(0.0); M]; M];
        for r in 0..M {
            y[r] = F::output(s, u[r]);
        }
        let place = job.tiling.place(tile);
        if job.pool {
            store_pooled::<S, M>(s, &mut job, bias, y, place);
        } else {
            store_tile::<S, M>(s, &mut job, bias, y, place);
        }
    }
}

#[inline(always)]
fn store_tile<S: Simd, const M: usize>(
    s: S,
    job: &mut OutputTransform<'_>,
    bias: S::V,
    y: [[S::V; M]; M],
    [image, row, column]: [usize; 3],
) {
    let [oh, ow] = job.tiling.output;
    let (rows, columns) = (M.min(oh - row * M), M.min(ow - column * M));
    let first = (image * oh + row * M) * ow + column * M - job.first_pixel;
    for r in 0..M {
        if r >= rows {
            break;
        }
        let at = first + r * ow;
        let out = &mut job.out[at..][..columns];
        let residual = job.residual.map(|pixels| &pixels[at..][..columns]);
        for c in 0..M {
            if c < columns {
                let mut v = s.add(y[r][c], bias);
                if let Some(residual) = residual {
                    v = s.add(v, s.load(&residual[c]));
                }
                s.store(&mut out[c], job.act.apply_if_short(s, v));
            }
        }
        if !job.act.is_short() {
            s.vectorize(ApplyInPlace { values: out, act: job.act });
        }
    }
}

#[inline(always)]
fn store_pooled<S: Simd, const M: usize>(
    s: S,
    job: &mut OutputTransform<'_>,
    bias: S::V,
    y: [[S::V; M]; M],
    [image, row, column]: [usize; 3],
) {
    let [oh, ow] = job.tiling.output.map(|n| n / 2);
    let edge = M / 2;
    for r in 0..edge {
        for c in 0..edge {
            let (py, px) = (row * edge + r, column * edge + c);
            if py < oh && px < ow {
                let (upper, lower) = (&y[2 * r], &y[2 * r + 1]);
                let largest = s.max(s.max(upper[2 * c], upper[2 * c + 1]), s.max(lower[2 * c], lower[2 * c + 1]));
                let at = (image * oh + py) * ow + px - job.first_pixel;
                let out = &mut job.out[at..][..1];
                s.store(&mut out[0], job.act.apply_if_short(s, s.add(largest, bias)));
            }
        }
    }
}

/// `G` of F(4×4, 3×3).
const G4: [[f64; 3]; 6] = [
    [1.0 / 4.0, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];
/// `G` of F(2×2, 3×3).
const G2: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];

/// `G g Gᵀ` of a 3×3 filter, row by row, into `out` of `(edge + 2)²` values.
///
/// # Panics
/// If `out` is shorter.
pub fn transform_filter(edge: usize, filter: &[f32; 9], out: &mut [f32]) {
    let g: &[[f64; 3]] = if edge == 4 { &G4 } else { &G2 };
    let filter = filter.map(f64::from);
    for (r, row) in g.iter().enumerate() {
        let half: [f64; 3] = std::array::from_fn(|c| (0..3).map(|j| row[j] * filter[j * 3 + c]).sum());
        for (c, column) in g.iter().enumerate() {
            out[r * g.len() + c] = half.iter().zip(column).map(|(a, b)| a * b).sum::<f64>() as f32;
        }
    }
}
