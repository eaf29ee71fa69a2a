//! SIMD kernels of the CPU engine, and the sharing of one arena by the threads of a forward pass.
//!
//! Comes in: slices of f32. Goes out: the same. May not live here: networks, tensors, files. This is the only room with
//! unsafe code, and it stands in three places: vector instructions (`simd`), exclusive rectangles of a buffer (`window`)
//! and the programs that give threads such rectangles (`program`). The kernels themselves are safe code over slices.
//!
//! # Layout
//! Feature maps are stored as `[c / 16][n][h][w][16]`: blocks of sixteen channels, the last one filled up with zeros. So a
//! pixel of a block is one vector ([`Lanes`]) on every instruction set, a convolution with one tap is a product over
//! contiguous pixels of the whole batch, and everything else works lane by lane.

pub mod activation;
mod buffer;
pub mod depthwise;
pub mod elementwise;
#[expect(clippy::needless_range_loop, reason = "register tiles are indexed on both axes")]
pub mod gemm;
mod isa;
pub mod layout;
pub mod norm;
pub mod panels;
pub mod pool;
#[expect(unsafe_code, reason = "threads write disjoint parts of one arena")]
pub mod program;
pub mod resample;
pub mod simd;
#[expect(clippy::needless_range_loop, reason = "register tiles are indexed on both axes")]
pub mod stem;
mod weighted_rows;
#[expect(unsafe_code, reason = "threads write disjoint parts of one arena")]
mod window;
#[expect(clippy::needless_range_loop, reason = "register tiles are indexed on both axes")]
pub mod winograd;

pub use buffer::LaneBuffer;
pub use isa::{Isa, IsaError, VARIABLE};
pub use simd::{LANES, Lanes};
pub use weighted_rows::weighted_rows;
pub use window::{Window, WindowMut};

#[cfg(test)]
mod tests;
