//! Two maps, or a map and one value a channel, combined value by value.

use super::activation::Act;
use super::simd::{Kernel, Lanes, Simd};

/// What is done with the values.
#[derive(Clone, Copy)]
pub enum Operand<'a> {
    /// Adds the pixel of another run.
    Add(&'a [Lanes]),
    /// Multiplies by the pixel of another run.
    Mul(&'a [Lanes]),
    /// Multiplies by the channel's first value and adds the channel's second one.
    Affine(&'a Lanes, &'a Lanes),
    /// Multiplies by one value for each channel.
    Scale(&'a Lanes),
}

/// `to[i] = act(from[i] ∘ operand)`
pub struct Combine<'a> {
    /// What is read.
    pub from: &'a [Lanes],
    /// The other side; a run as long as `from`.
    pub operand: Operand<'a>,
    /// Applied last.
    pub act: Act,
    /// As long as `from`.
    pub to: &'a mut [Lanes],
}

impl Kernel for Combine<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { from, operand, act, to } = self;
        assert!(from.len() == to.len(), "runs of different length");
        match operand {
            Operand::Add(other) => {
                assert!(from.len() == other.len(), "runs of different length");
                for ((to, a), b) in to.iter_mut().zip(from).zip(other) {
                    s.store(to, act.apply(s, s.add(s.load(a), s.load(b))));
                }
            }
            Operand::Mul(other) => {
                assert!(from.len() == other.len(), "runs of different length");
                for ((to, a), b) in to.iter_mut().zip(from).zip(other) {
                    s.store(to, act.apply(s, s.mul(s.load(a), s.load(b))));
                }
            }
            Operand::Affine(scale, shift) => {
                let (scale, shift) = (s.load(scale), s.load(shift));
                for (to, a) in to.iter_mut().zip(from) {
                    s.store(to, act.apply(s, s.fma(s.load(a), scale, shift)));
                }
            }
            Operand::Scale(scale) => {
                let scale = s.load(scale);
                for (to, a) in to.iter_mut().zip(from) {
                    s.store(to, act.apply(s, s.mul(s.load(a), scale)));
                }
            }
        }
    }
}
