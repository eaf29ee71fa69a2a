//! NEON, part of every 64-bit Arm processor: four registers for sixteen lanes.

use core::arch::aarch64::*;

use super::{Kernel, Lanes, Simd};

/// Proof that the processor has NEON, which 64-bit Arm processors do.
#[derive(Clone, Copy, Debug)]
pub struct Neon;

/// Four lanes each.
type Quad = [float32x4_t; 4];

/// Methods that do one instruction on all four registers.
macro_rules! neon_ops {
    ($($name:ident($($arg:ident),*) = $e:expr;)*) => {
        $(#[inline(always)]
        fn $name(self, $($arg: Quad),*) -> Quad {
            // SAFETY: NEON is part of the base instruction set of 64-bit Arm.
            unsafe {
                [
                    { $(let $arg = $arg[0];)* $e },
                    { $(let $arg = $arg[1];)* $e },
                    { $(let $arg = $arg[2];)* $e },
                    { $(let $arg = $arg[3];)* $e },
                ]
            }
        })*
    };
}

impl Simd for Neon {
    type V = Quad;
    const ACCUMULATORS: usize = 6;

    // kept apart: inlined into one function, the register tiles of several sizes would not stay in registers
    #[inline(never)]
    fn vectorize<K: Kernel>(self, kernel: K) {
        kernel.run(self);
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Quad {
        // SAFETY: NEON is part of the base instruction set of 64-bit Arm.
        unsafe { [vdupq_n_f32(x); 4] }
    }
    #[inline(always)]
    fn load(self, from: &Lanes) -> Quad {
        let p = from.as_ptr();
        // SAFETY: NEON is part of the base instruction set; the reference covers four times four f32.
        unsafe { [vld1q_f32(p), vld1q_f32(p.add(4)), vld1q_f32(p.add(8)), vld1q_f32(p.add(12))] }
    }
    #[inline(always)]
    fn store(self, to: &mut Lanes, v: Quad) {
        let p = to.as_mut_ptr();
        // SAFETY: NEON is part of the base instruction set; the reference covers four times four f32.
        unsafe {
            vst1q_f32(p, v[0]);
            vst1q_f32(p.add(4), v[1]);
            vst1q_f32(p.add(8), v[2]);
            vst1q_f32(p.add(12), v[3]);
        }
    }
    neon_ops! {
        fma(a, b, c) = vfmaq_f32(c, a, b);
        add(a, b) = vaddq_f32(a, b);
        sub(a, b) = vsubq_f32(a, b);
        mul(a, b) = vmulq_f32(a, b);
        div(a, b) = vdivq_f32(a, b);
        max(a, b) = vmaxq_f32(a, b);
        min(a, b) = vminq_f32(a, b);
        round(v) = vrndnq_f32(v);
        pow2(n) = vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127))));
    }
    #[inline(always)]
    fn prefetch(self, _at: *const Lanes) {}
}
