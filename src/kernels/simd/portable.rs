//! The same operations on plain arrays, which the compiler vectorises for the build's base processor.

use super::{Kernel, Lanes, Simd};

/// No instruction beyond the build's base processor.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

macro_rules! lanewise {
    ($i:ident => $e:expr) => {{
        let mut lanes = [0.0; super::LANES];
        let mut $i = 0;
        while $i < super::LANES {
            lanes[$i] = $e;
            $i += 1;
        }
        lanes
    }};
}

/// 1.5 * 2^23: adding it leaves no bits for a fraction.
const ROUNDING: f32 = 12_582_912.0;

impl Simd for Portable {
    type V = Lanes;
    const ACCUMULATORS: usize = 2;

    #[inline(never)]
    fn vectorize<K: Kernel>(self, kernel: K) {
        kernel.run(self);
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Lanes {
        [x; super::LANES]
    }
    #[inline(always)]
    fn load(self, from: &Lanes) -> Lanes {
        *from
    }
    #[inline(always)]
    fn store(self, to: &mut Lanes, v: Lanes) {
        *to = v;
    }
    #[inline(always)]
    fn fma(self, a: Lanes, b: Lanes, c: Lanes) -> Lanes {
        // `mul_add` without the instruction would be a call of the C library for each lane
        lanewise!(i => a[i] * b[i] + c[i])
    }
    #[inline(always)]
    fn add(self, a: Lanes, b: Lanes) -> Lanes {
        lanewise!(i => a[i] + b[i])
    }
    #[inline(always)]
    fn sub(self, a: Lanes, b: Lanes) -> Lanes {
        lanewise!(i => a[i] - b[i])
    }
    #[inline(always)]
    fn mul(self, a: Lanes, b: Lanes) -> Lanes {
        lanewise!(i => a[i] * b[i])
    }
    #[inline(always)]
    fn div(self, a: Lanes, b: Lanes) -> Lanes {
        lanewise!(i => a[i] / b[i])
    }
    #[inline(always)]
    fn max(self, a: Lanes, b: Lanes) -> Lanes {
        lanewise!(i => if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn min(self, a: Lanes, b: Lanes) -> Lanes {
        lanewise!(i => if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    fn round(self, v: Lanes) -> Lanes {
        lanewise!(i => (v[i] + ROUNDING) - ROUNDING)
    }
    #[inline(always)]
    fn pow2(self, n: Lanes) -> Lanes {
        lanewise!(i => f32::from_bits(((n[i] as i32 + 127) << 23) as u32))
    }
    #[inline(always)]
    fn prefetch(self, _at: *const Lanes) {}
}
