//! Functions applied to every value, on vectors and, as their oracle, on numbers.

use super::simd::{Kernel, Lanes, Simd};

/// Function applied to every value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// `x`
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `x` where positive, `slope * x` elsewhere.
    LeakyRelu(f32),
    /// `x * sigmoid(x)`
    Silu,
    /// `x * relu6(x + 3) / 6`
    HardSwish,
    /// `relu6(x + 3) / 6`
    HardSigmoid,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `x/2 * (1 + erf(x / sqrt 2))`
    Gelu,
}

impl Act {
    /// Whether it is a few instructions, so that a product may apply it to its registers.
    pub(super) fn is_short(self) -> bool {
        matches!(self, Act::Identity | Act::Relu | Act::Relu6 | Act::LeakyRelu(_))
    }

    /// The function on a number: what the vector version is tested against.
    pub fn scalar(self, x: f64) -> f64 {
        let relu6 = |x: f64| x.clamp(0.0, 6.0);
        match self {
            Act::Identity => x,
            Act::Relu => x.max(0.0),
            Act::Relu6 => relu6(x),
            Act::LeakyRelu(slope) => {
                if x > 0.0 {
                    x
                } else {
                    f64::from(slope) * x
                }
            }
            Act::Silu => x / (1.0 + (-x).exp()),
            Act::HardSwish => x * relu6(x + 3.0) / 6.0,
            Act::HardSigmoid => relu6(x + 3.0) / 6.0,
            Act::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Act::Gelu => 0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2)),
        }
    }

    /// The function on a vector if it is short, else the vector itself.
    #[inline(always)]
    pub(super) fn apply_if_short<S: Simd>(self, s: S, v: S::V) -> S::V {
        match self {
            Act::Relu => Act::Relu.apply(s, v),
            Act::Relu6 => Act::Relu6.apply(s, v),
            Act::LeakyRelu(slope) => Act::LeakyRelu(slope).apply(s, v),
            _ => v,
        }
    }

    /// The function on a vector. A NaN stays a NaN.
    #[inline(always)]
    pub(super) fn apply<S: Simd>(self, s: S, v: S::V) -> S::V {
        let zero = s.splat(0.0);
        match self {
            Act::Identity => v,
            Act::Relu => s.max(zero, v),
            Act::Relu6 => relu6(s, v),
            Act::LeakyRelu(slope) => s.fma(s.splat(slope), s.min(zero, v), s.max(zero, v)),
            Act::Silu => s.div(v, s.add(s.splat(1.0), exp(s, s.sub(zero, v)))),
            Act::HardSwish => s.mul(v, hard_sigmoid(s, v)),
            Act::HardSigmoid => hard_sigmoid(s, v),
            Act::Sigmoid => s.div(s.splat(1.0), s.add(s.splat(1.0), exp(s, s.sub(zero, v)))),
            Act::Gelu => {
                let half = s.mul(v, s.splat(0.5));
                s.fma(half, erf_vector(s, s.mul(v, s.splat(std::f32::consts::FRAC_1_SQRT_2))), half)
            }
        }
    }
}

#[inline(always)]
fn relu6<S: Simd>(s: S, v: S::V) -> S::V {
    s.min(s.splat(6.0), s.max(s.splat(0.0), v))
}

#[inline(always)]
fn hard_sigmoid<S: Simd>(s: S, v: S::V) -> S::V {
    s.mul(relu6(s, s.add(v, s.splat(3.0))), s.splat(1.0 / 6.0))
}

/// ln 2 as a sum of a short and a long number, so that `n * LN2_HIGH` is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// Minimax coefficients of `(exp(r) - 1 - r) / r^2` on `|r| <= ln 2 / 2`, highest power first (Cephes, `expf`).
const EXP: [f32; 6] = [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5.0e-1];

/// `exp(x)` with the argument kept within ±87, relative error about 1e-7.
#[inline(always)]
fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    let x = s.min(s.splat(87.0), s.max(s.splat(-87.0), x));
    let n = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    let r = s.fma(n, s.splat(-LN2_HIGH), x);
    let r = s.fma(n, s.splat(-LN2_LOW), r);
    let mut p = s.splat(EXP[0]);
    p = s.fma(p, r, s.splat(EXP[1]));
    p = s.fma(p, r, s.splat(EXP[2]));
    p = s.fma(p, r, s.splat(EXP[3]));
    p = s.fma(p, r, s.splat(EXP[4]));
    p = s.fma(p, r, s.splat(EXP[5]));
    let y = s.add(s.fma(p, s.mul(r, r), r), s.splat(1.0));
    s.mul(y, s.pow2(n))
}

/// Coefficients of Abramowitz and Stegun 7.1.26, highest power first; absolute error of erf at most 1.5e-7.
const ERF: [f64; 5] = [1.061_405_429, -1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592];
const ERF_P: f64 = 0.327_591_1;

/// `erf(x)` by `1 - poly(t) exp(-x^2)`, `t = 1 / (1 + p |x|)`.
#[inline(always)]
fn erf_vector<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    let magnitude = s.max(s.sub(s.splat(0.0), x), x);
    let t = s.div(one, s.fma(magnitude, s.splat(ERF_P as f32), one));
    let mut p = s.splat(ERF[0] as f32);
    p = s.fma(p, t, s.splat(ERF[1] as f32));
    p = s.fma(p, t, s.splat(ERF[2] as f32));
    p = s.fma(p, t, s.splat(ERF[3] as f32));
    p = s.fma(p, t, s.splat(ERF[4] as f32));
    let tail = s.mul(s.mul(p, t), exp(s, s.sub(s.splat(0.0), s.mul(x, x))));
    let positive = s.sub(one, tail);
    // |x| >= 1e-30 wherever the sign matters, and the quotient of a number and its magnitude is its sign
    s.mul(positive, s.div(x, s.max(s.splat(1e-30), magnitude)))
}

/// `erf(x)` by its series near zero and by its continued fraction beyond.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    let value = if a < 2.5 {
        let (mut term, mut sum) = (a, a);
        for n in 1..80 {
            term *= -a * a / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    } else {
        let mut fraction = a;
        for n in (1..60).rev() {
            fraction = a + f64::from(n) / 2.0 / fraction;
        }
        1.0 - (-a * a).exp() / (fraction * std::f64::consts::PI.sqrt())
    };
    value.copysign(x)
}

/// Applies a function to every value of a run of pixels: `to[i] = f(from[i])`.
pub struct Apply<'a> {
    /// What is read.
    pub from: &'a [Lanes],
    /// As long as `from`.
    pub to: &'a mut [Lanes],
    /// The function.
    pub act: Act,
}

impl Kernel for Apply<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (from, to) in self.from.iter().zip(self.to) {
            s.store(to, self.act.apply(s, s.load(from)));
        }
    }
}

/// Applies a function to every value of a run of pixels in place.
pub(super) struct ApplyInPlace<'a> {
    pub(super) values: &'a mut [Lanes],
    pub(super) act: Act,
}

impl Kernel for ApplyInPlace<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for v in self.values {
            let value = self.act.apply(s, s.load(v));
            s.store(v, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Isa;

    const ALL: [Act; 9] = [
        Act::Identity,
        Act::Relu,
        Act::Relu6,
        Act::LeakyRelu(0.1),
        Act::Silu,
        Act::HardSwish,
        Act::HardSigmoid,
        Act::Sigmoid,
        Act::Gelu,
    ];

    #[test]
    fn every_function_agrees_with_its_scalar_version() {
        let from: Vec<Lanes> = (-200..200).map(|i| std::array::from_fn(|l| i as f32 * 0.5 + l as f32 * 0.03)).collect();
        for isa in Isa::available() {
            for act in ALL {
                let mut to = vec![[f32::NAN; 16]; from.len()];
                isa.run(Apply { from: &from, to: &mut to, act });
                for (x, y) in from.as_flattened().iter().zip(to.as_flattened()) {
                    let expected = act.scalar(f64::from(*x));
                    let error = (f64::from(*y) - expected).abs();
                    assert!(error <= 3e-7 * (1.0 + x.abs() as f64), "{} {act:?}({x}) = {y}, {expected}", isa.name());
                }
            }
        }
    }

    #[test]
    fn a_nan_stays_a_nan() {
        for isa in Isa::available() {
            for act in ALL {
                let mut to = vec![[0.0; 16]];
                isa.run(Apply { from: &[[f32::NAN; 16]], to: &mut to, act });
                assert!(to[0].iter().all(|v| v.is_nan()), "{} {act:?}", isa.name());
            }
        }
    }

    #[test]
    fn erf_of_known_arguments() {
        for (x, y) in [(0.0, 0.0), (0.5, 0.520_499_877_813), (1.0, 0.842_700_792_950), (3.0, 0.999_977_909_503)] {
            assert!((erf(x) - y).abs() < 1e-11 && (erf(-x) + y).abs() < 1e-11, "{x}");
        }
    }
}
