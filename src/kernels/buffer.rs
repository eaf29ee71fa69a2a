//! Memory that starts at a cache line, so that no vector lies across two.

use super::simd::{LANES, Lanes};

const LINE_BYTES: usize = 64;

/// Blocks of lanes that start at a cache line.
#[derive(Debug, Default)]
pub struct LaneBuffer {
    data: Vec<f32>,
    start: usize,
    len: usize,
}

impl LaneBuffer {
    /// So many blocks of zeros.
    pub fn zeros(len: usize) -> Self {
        let data = vec![0.0; len * LANES + LINE_BYTES / size_of::<f32>()];
        let start = data.as_ptr().align_offset(LINE_BYTES);
        Self { data, start, len }
    }

    /// Makes it at least so long; the content is then any finite numbers.
    pub fn reserve(&mut self, len: usize) {
        if self.len < len {
            // the old content is not needed: free it first
            *self = Self::default();
            *self = Self::zeros(len);
        }
    }

    /// The blocks.
    pub fn as_slice(&self) -> &[Lanes] {
        self.data.get(self.start..).unwrap_or(&[]).as_chunks().0.get(..self.len).unwrap_or(&[])
    }

    /// The blocks, to be written.
    pub fn as_mut_slice(&mut self) -> &mut [Lanes] {
        let Self { data, start, len } = self;
        data.get_mut(*start..).and_then(|d| d.as_chunks_mut().0.get_mut(..*len)).unwrap_or(&mut [])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_a_cache_line_and_grows() {
        let mut buffer = LaneBuffer::default();
        assert!(buffer.as_slice().is_empty() && buffer.as_mut_slice().is_empty());
        for len in [1, 7, 3] {
            buffer.reserve(len);
            assert_eq!(buffer.as_slice().as_ptr() as usize % LINE_BYTES, 0);
        }
        assert_eq!((buffer.as_slice().len(), buffer.as_mut_slice().len()), (7, 7));
    }
}
