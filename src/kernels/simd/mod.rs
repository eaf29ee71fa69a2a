//! One vector type for every instruction set: sixteen f32, a block of channels.
//!
//! Comes in: references to [`Lanes`]. Goes out: vectors of the instruction set. May not live here: loops over pixels.
//!
//! A value of a type that implements [`Simd`] is the proof that the processor has its instructions: only
//! [`super::Isa`] makes one, after asking the processor. So its methods are safe to call. They must be inlined into the
//! function that [`Simd::vectorize`] compiles for the instruction set, which is why kernels and everything below them are
//! `#[inline(always)]` and free of closures.

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "x86 vector instructions")]
mod avx;
#[cfg(target_arch = "aarch64")]
#[expect(unsafe_code, reason = "Arm vector instructions")]
mod neon;
mod portable;

#[cfg(target_arch = "x86_64")]
pub use avx::{Avx2, Avx512};
#[cfg(target_arch = "aarch64")]
pub use neon::Neon;
pub use portable::Portable;

/// Channels that are stored together.
pub const LANES: usize = 16;

/// One pixel of one block of channels.
pub type Lanes = [f32; LANES];

/// A computation that is compiled once for each instruction set.
pub trait Kernel {
    /// Does the work; must be `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S);
}

/// The operations of one instruction set on sixteen lanes.
pub trait Simd: Copy + Send + Sync + 'static {
    /// Sixteen f32.
    type V: Copy;
    /// How many vectors a register tile may accumulate in, beside the operands of the next step.
    const ACCUMULATORS: usize;

    /// Runs a kernel in a function compiled for this instruction set.
    fn vectorize<K: Kernel>(self, kernel: K);
    /// The same value in every lane.
    fn splat(self, x: f32) -> Self::V;
    /// Reads a pixel.
    fn load(self, from: &Lanes) -> Self::V;
    /// Writes a pixel.
    fn store(self, to: &mut Lanes, v: Self::V);
    /// `a * b + c`, rounded once where the processor can.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a + b`
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// The larger; a NaN in `b` stays.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; a NaN in `b` stays.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// The nearest whole number, for `|v| < 2^22`.
    fn round(self, v: Self::V) -> Self::V;
    /// `2^n` for whole numbers from -126 to 127.
    fn pow2(self, n: Self::V) -> Self::V;
    /// Asks for the cache line at an address, which need not be valid; changes nothing but time.
    fn prefetch(self, at: *const Lanes);
}
