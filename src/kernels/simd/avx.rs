//! AVX-512 (one register for sixteen lanes) and AVX2 with FMA (a pair of registers).

use core::arch::x86_64::*;

use super::{Kernel, Lanes, Simd};

/// Proof that the processor has AVX-512 F, VL, DQ and BW.
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

impl Avx512 {
    /// The proof, if the processor has them.
    pub fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("fma");
        has.then_some(Self(()))
    }
}

/// Proof that the processor has AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Avx2 {
    /// The proof, if the processor has them.
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

/// The processor's prefetch instruction.
#[inline(always)]
fn prefetch(at: *const Lanes) {
    // SAFETY: the instruction is part of every x86-64 processor and never faults, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
}

/// Methods that pass their vectors on to one instruction.
macro_rules! avx512_ops {
    ($($name:ident($($arg:ident),*) = $e:expr;)*) => {
        $(#[inline(always)]
        fn $name(self, $($arg: __m512),*) -> __m512 {
            // SAFETY: `self` proves that the processor has the instructions.
            unsafe { $e }
        })*
    };
}

impl Simd for Avx512 {
    type V = __m512;
    const ACCUMULATORS: usize = 28;

    #[inline]
    fn vectorize<K: Kernel>(self, kernel: K) {
        // kept apart: inlined into one function, the register tiles of several sizes would not stay in registers
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
        #[inline(never)]
        fn inner<K: Kernel>(simd: Avx512, kernel: K) {
            kernel.run(simd);
        }
        // SAFETY: `self` proves that the processor has the instructions.
        unsafe { inner(self, kernel) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: `self` proves that the processor has the instructions.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    fn load(self, from: &Lanes) -> __m512 {
        // SAFETY: `self` proves that the processor has the instructions; the reference covers sixteen f32.
        unsafe { _mm512_loadu_ps(from.as_ptr()) }
    }
    #[inline(always)]
    fn store(self, to: &mut Lanes, v: __m512) {
        // SAFETY: `self` proves that the processor has the instructions; the reference covers sixteen f32.
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), v) }
    }
    avx512_ops! {
        fma(a, b, c) = _mm512_fmadd_ps(a, b, c);
        add(a, b) = _mm512_add_ps(a, b);
        sub(a, b) = _mm512_sub_ps(a, b);
        mul(a, b) = _mm512_mul_ps(a, b);
        div(a, b) = _mm512_div_ps(a, b);
        max(a, b) = _mm512_max_ps(a, b);
        min(a, b) = _mm512_min_ps(a, b);
        round(v) = _mm512_roundscale_ps::<0>(v);
        pow2(n) = _mm512_scalef_ps(_mm512_set1_ps(1.0), n);
    }
    #[inline(always)]
    fn prefetch(self, at: *const Lanes) {
        prefetch(at);
    }
}

/// The low and the high eight lanes.
type Pair = (__m256, __m256);

/// Methods that do one instruction on both halves.
macro_rules! avx2_ops {
    ($($name:ident($($arg:ident),*) = $e:expr;)*) => {
        $(#[inline(always)]
        fn $name(self, $($arg: Pair),*) -> Pair {
            // SAFETY: `self` proves that the processor has the instructions.
            unsafe {
                let low = { $(let $arg = $arg.0;)* $e };
                let high = { $(let $arg = $arg.1;)* $e };
                (low, high)
            }
        })*
    };
}

impl Simd for Avx2 {
    type V = Pair;
    const ACCUMULATORS: usize = 6;

    #[inline]
    fn vectorize<K: Kernel>(self, kernel: K) {
        // kept apart, as above
        #[target_feature(enable = "avx2,fma")]
        #[inline(never)]
        fn inner<K: Kernel>(simd: Avx2, kernel: K) {
            kernel.run(simd);
        }
        // SAFETY: `self` proves that the processor has the instructions.
        unsafe { inner(self, kernel) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Pair {
        // SAFETY: `self` proves that the processor has the instructions.
        let v = unsafe { _mm256_set1_ps(x) };
        (v, v)
    }
    #[inline(always)]
    fn load(self, from: &Lanes) -> Pair {
        let p = from.as_ptr();
        // SAFETY: `self` proves that the processor has the instructions; the reference covers twice eight f32.
        unsafe { (_mm256_loadu_ps(p), _mm256_loadu_ps(p.add(8))) }
    }
    #[inline(always)]
    fn store(self, to: &mut Lanes, v: Pair) {
        let p = to.as_mut_ptr();
        // SAFETY: `self` proves that the processor has the instructions; the reference covers twice eight f32.
        unsafe {
            _mm256_storeu_ps(p, v.0);
            _mm256_storeu_ps(p.add(8), v.1);
        }
    }
    avx2_ops! {
        fma(a, b, c) = _mm256_fmadd_ps(a, b, c);
        add(a, b) = _mm256_add_ps(a, b);
        sub(a, b) = _mm256_sub_ps(a, b);
        mul(a, b) = _mm256_mul_ps(a, b);
        div(a, b) = _mm256_div_ps(a, b);
        max(a, b) = _mm256_max_ps(a, b);
        min(a, b) = _mm256_min_ps(a, b);
        round(v) = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(v);
        pow2(n) = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(
            _mm256_cvtps_epi32(n),
            _mm256_set1_epi32(127),
        )));
    }
    #[inline(always)]
    fn prefetch(self, at: *const Lanes) {
        prefetch(at);
    }
}
