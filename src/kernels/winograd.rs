//! Winograd's minimal filtering for 3×3 convolutions: F(2×2, 3×3) and F(4×4, 3×3) with stride 1, and one scheme for stride 2.
//!
//! Source: Lavin and Gray, *Fast Algorithms for Convolutional Neural Networks*, 2015: `Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A`.
//! The transforms of the map work lane by lane; the element-wise products over the channels are [`super::gemm`] products,
//! one for each position of a transformed tile. Weights are transformed in f64.
//!
//! Stride 2 takes even and odd input pixels apart: along one axis `y[i] = g0 d[2i] + g1 d[2i+1] + g2 d[2i+2]` is F(2, 2) of
//! the even pixels with `(g0, g2)`, which needs three products for two outputs instead of four, plus `g1` times the odd ones.

use std::marker::PhantomData;
use std::ops::Range;

use super::activation::{Act, ApplyInPlace};
use super::simd::{Kernel, LANES, Lanes, Simd};
use super::window::WindowMut;

/// A way to compute a tile of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// 2×2 outputs with stride 1: 16 products for 36.
    Two,
    /// 4×4 outputs with stride 1: 36 products for 144.
    Four,
    /// 2×2 outputs with stride 2: 25 products for 36.
    Halving,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Two, Self::Four, Self::Halving];

    /// Edge of an output tile.
    #[inline(always)]
    pub fn edge(self) -> usize {
        match self {
            Self::Two | Self::Halving => 2,
            Self::Four => 4,
        }
    }

    /// Vertical and horizontal step of the convolution.
    #[inline(always)]
    pub fn stride(self) -> usize {
        match self {
            Self::Two | Self::Four => 1,
            Self::Halving => 2,
        }
    }

    /// Positions of a transformed tile.
    pub fn positions(self) -> usize {
        match self {
            Self::Two => 16,
            Self::Four => 36,
            Self::Halving => 25,
        }
    }
}

/// How a map is cut into output tiles, numbered image by image and row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tiling {
    /// How a tile is computed.
    pub scheme: Scheme,
    /// Height and width of the input.
    pub input: [usize; 2],
    /// Height and width of the output.
    pub output: [usize; 2],
    /// Rows of zeros above and columns of zeros left of the input.
    pub padding: [usize; 2],
}

impl Tiling {
    /// Tiles of an image by rows and columns.
    #[inline(always)]
    pub fn grid(&self) -> [usize; 2] {
        self.output.map(|n| n.div_ceil(self.scheme.edge()))
    }

    /// Tiles of an image.
    #[inline(always)]
    pub fn tiles(&self) -> usize {
        let [rows, columns] = self.grid();
        rows * columns
    }

    /// Where a tile lies.
    #[inline(always)]
    fn place(&self, tile: usize) -> Place {
        let grid = self.grid();
        let per_image = self.tiles();
        Place { image: tile / per_image, row: tile % per_image / grid[1], column: tile % grid[1], grid }
    }
}

/// The place of a tile, and the way to the next one without a division.
#[derive(Clone, Copy)]
struct Place {
    image: usize,
    row: usize,
    column: usize,
    grid: [usize; 2],
}

impl Place {
    #[inline(always)]
    fn advance(&mut self) {
        self.column += 1;
        if self.column == self.grid[1] {
            self.column = 0;
            self.row += 1;
            if self.row == self.grid[0] {
                self.row = 0;
                self.image += 1;
            }
        }
    }
}

/// One-dimensional transforms of tiles with `A` inputs and `M` outputs.
trait Transforms<const A: usize, const M: usize> {
    /// Vertical and horizontal step of the convolution.
    const STRIDE: usize;

    fn input<S: Simd>(s: S, d: [S::V; A]) -> [S::V; A];
    fn output<S: Simd>(s: S, m: [S::V; A]) -> [S::V; M];
}

struct F2;
struct F4;
struct Halves;

impl Transforms<4, 2> for F2 {
    const STRIDE: usize = 1;
    #[inline(always)]
    fn input<S: Simd>(s: S, d: [S::V; 4]) -> [S::V; 4] {
        [s.sub(d[0], d[2]), s.add(d[1], d[2]), s.sub(d[2], d[1]), s.sub(d[1], d[3])]
    }
    #[inline(always)]
    fn output<S: Simd>(s: S, m: [S::V; 4]) -> [S::V; 2] {
        [s.add(s.add(m[0], m[1]), m[2]), s.sub(s.sub(m[1], m[2]), m[3])]
    }
}

impl Transforms<6, 4> for F4 {
    const STRIDE: usize = 1;
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

impl Transforms<5, 2> for Halves {
    const STRIDE: usize = 2;
    #[inline(always)]
    fn input<S: Simd>(s: S, d: [S::V; 5]) -> [S::V; 5] {
        [s.sub(d[0], d[2]), d[2], s.sub(d[4], d[2]), d[1], d[3]]
    }
    #[inline(always)]
    fn output<S: Simd>(s: S, m: [S::V; 5]) -> [S::V; 2] {
        [s.add(s.add(m[0], m[1]), m[3]), s.add(s.add(m[1], m[2]), m[4])]
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
        match self.tiling.scheme {
            Scheme::Two => s.vectorize(InputScheme::<'_, F2, 4, 2>(self, PhantomData)),
            Scheme::Four => s.vectorize(InputScheme::<'_, F4, 6, 4>(self, PhantomData)),
            Scheme::Halving => s.vectorize(InputScheme::<'_, Halves, 5, 2>(self, PhantomData)),
        }
    }
}

/// A transform of one scheme.
struct InputScheme<'a, F, const A: usize, const M: usize>(InputTransform<'a>, PhantomData<F>);

impl<F: Transforms<A, M>, const A: usize, const M: usize> Kernel for InputScheme<'_, F, A, M> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        transform_input::<S, F, A, M>(s, self.0);
    }
}

#[inline(always)]
fn transform_input<S: Simd, F: Transforms<A, M>, const A: usize, const M: usize>(s: S, mut job: InputTransform<'_>) {
    let mut place = job.tiling.place(job.tiles.start);
    let mut border = [[[0.0; LANES]; A]; A];
    for column in 0..job.tiles.len() {
        let rows = tile_rows::<A>(&job.tiling, M * F::STRIDE, job.plane, place, &mut border);
        let mut v = [[s.splat(0.0); A]; A];
        for r in 0..A {
            let mut d = [s.splat(0.0); A];
            for c in 0..A {
                d[c] = s.load(&rows[r][c]);
            }
            v[r] = F::input(s, d);
        }
        let mut out = job.out.column(column, A * A);
        for c in 0..A {
            let mut d = [v[0][c]; A];
            for r in 0..A {
                d[r] = v[r][c];
            }
            let d = F::input(s, d);
            for r in 0..A {
                s.store(out.at(r * A + c), d[r]);
            }
        }
        place.advance();
    }
}

/// The `A` × `A` input pixels of a tile, `step` pixels from the next: in the map, or, with zeros where it ends, in `border`.
#[inline(always)]
fn tile_rows<'a, const A: usize>(
    tiling: &Tiling,
    step: usize,
    plane: &'a [Lanes],
    place: Place,
    border: &'a mut [[Lanes; A]; A],
) -> [&'a [Lanes; A]; A] {
    let [h, w] = tiling.input;
    let plane = &plane[place.image * h * w..][..h * w];
    // positions in the padded map
    let (y0, x0) = (place.row * step, place.column * step);
    let [top, left] = tiling.padding;
    let inside = y0 >= top && x0 >= left && y0 - top + A <= h && x0 - left + A <= w;
    if !inside {
        *border = [[[0.0; LANES]; A]; A];
        let columns = left.saturating_sub(x0)..A.min((w + left).saturating_sub(x0));
        for r in top.saturating_sub(y0)..A.min((h + top).saturating_sub(y0)) {
            if !columns.is_empty() {
                let from = &plane[(y0 + r - top) * w + x0 + columns.start - left..][..columns.len()];
                border[r][columns.clone()].copy_from_slice(from);
            }
        }
    }
    let mut rows = [&border[0]; A];
    for r in 0..A {
        rows[r] = if inside {
            plane[(y0 - top + r) * w + x0 - left..].first_chunk().expect("the tile is inside the map")
        } else {
            &border[r]
        };
    }
    rows
}

/// Transforms some tiles of one block of output channels back, adds bias and residual, applies the activation.
pub struct OutputTransform<'a> {
    /// How the map is cut.
    pub tiling: Tiling,
    /// The products: one row for each position, one column for each tile.
    pub products: WindowMut<'a, Lanes>,
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
        match self.tiling.scheme {
            Scheme::Two => s.vectorize(OutputScheme::<'_, F2, 4, 2>(self, PhantomData)),
            Scheme::Four => s.vectorize(OutputScheme::<'_, F4, 6, 4>(self, PhantomData)),
            Scheme::Halving => s.vectorize(OutputScheme::<'_, Halves, 5, 2>(self, PhantomData)),
        }
    }
}

/// A transform of one scheme.
struct OutputScheme<'a, F, const A: usize, const M: usize>(OutputTransform<'a>, PhantomData<F>);

impl<F: Transforms<A, M>, const A: usize, const M: usize> Kernel for OutputScheme<'_, F, A, M> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        transform_output::<S, F, A, M>(s, self.0);
    }
}

#[inline(always)]
fn transform_output<S: Simd, F: Transforms<A, M>, const A: usize, const M: usize>(s: S, mut job: OutputTransform<'_>) {
    let bias = s.load(job.bias);
    let mut place = job.tiling.place(job.tiles.start);
    for column in 0..job.tiles.len() {
        let mut u = [[s.splat(0.0); A]; M];
        let mut products = job.products.column(column, A * A);
        for c in 0..A {
            let mut m = [s.splat(0.0); A];
            for r in 0..A {
                m[r] = s.load(products.at(r * A + c));
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
        if job.pool {
            store_pooled::<S, M>(s, &mut job, bias, y, place);
        } else {
            store_tile::<S, M>(s, &mut job, bias, y, place);
        }
        place.advance();
    }
}

#[inline(always)]
fn store_tile<S: Simd, const M: usize>(
    s: S,
    job: &mut OutputTransform<'_>,
    bias: S::V,
    mut y: [[S::V; M]; M],
    Place { image, row, column, .. }: Place,
) {
    let [oh, ow] = job.tiling.output;
    let (rows, columns) = (M.min(oh - row * M), M.min(ow - column * M));
    let first = (image * oh + row * M) * ow + column * M - job.first_pixel;
    for r in 0..M {
        for c in 0..M {
            y[r][c] = s.add(y[r][c], bias);
            if let Some(residual) = job.residual
                && r < rows
                && c < columns
            {
                y[r][c] = s.add(y[r][c], s.load(&residual[first + r * ow + c]));
            }
        }
    }
    macro_rules! store {
        ($act:expr) => {
            for r in 0..M {
                if r < rows {
                    let out = &mut job.out[first + r * ow..][..columns];
                    if let Some(out) = out.first_chunk_mut::<M>() {
                        for c in 0..M {
                            s.store(&mut out[c], $act.apply(s, y[r][c]));
                        }
                    } else {
                        for c in 0..M {
                            if c < columns {
                                s.store(&mut out[c], $act.apply(s, y[r][c]));
                            }
                        }
                    }
                }
            }
        };
    }
    match job.act {
        Act::Relu => store!(Act::Relu),
        Act::Relu6 => store!(Act::Relu6),
        Act::LeakyRelu(slope) => store!(Act::LeakyRelu(slope)),
        _ => store!(Act::Identity),
    }
    if !job.act.is_short() {
        for r in 0..rows {
            let values = &mut job.out[first + r * ow..][..columns];
            s.vectorize(ApplyInPlace { values, act: job.act });
        }
    }
}

#[inline(always)]
fn store_pooled<S: Simd, const M: usize>(
    s: S,
    job: &mut OutputTransform<'_>,
    bias: S::V,
    y: [[S::V; M]; M],
    Place { image, row, column, .. }: Place,
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
/// `G` of the scheme for stride 2.
const G_HALVING: [[f64; 3]; 5] = [[1.0, 0.0, 0.0], [1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]];

/// `G g Gᵀ` of a 3×3 filter, row by row, into `out`, which has a value for each position.
///
/// # Panics
/// If `out` is shorter.
pub fn transform_filter(scheme: Scheme, filter: &[f32; 9], out: &mut [f32]) {
    let g: &[[f64; 3]] = match scheme {
        Scheme::Two => &G2,
        Scheme::Four => &G4,
        Scheme::Halving => &G_HALVING,
    };
    let filter = filter.map(f64::from);
    for (r, row) in g.iter().enumerate() {
        let half: [f64; 3] = std::array::from_fn(|c| (0..3).map(|j| row[j] * filter[j * 3 + c]).sum());
        for (c, column) in g.iter().enumerate() {
            out[r * g.len() + c] = half.iter().zip(column).map(|(a, b)| a * b).sum::<f64>() as f32;
        }
    }
}
