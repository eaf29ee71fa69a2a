//! Tensors as files store them: an element type, and elements picked from raw bytes by offset and strides.

/// Element types that checkpoints use; all are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dtype {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
}

impl Dtype {
    /// Bytes of an element.
    pub(super) fn size(self) -> usize {
        match self {
            Dtype::F64 | Dtype::I64 => 8,
            Dtype::F32 | Dtype::I32 => 4,
            Dtype::F16 | Dtype::Bf16 | Dtype::I16 => 2,
            Dtype::I8 | Dtype::U8 | Dtype::Bool => 1,
        }
    }

    /// Elements as the nearest f32; `elements` are slices of [`Dtype::size`] bytes each.
    fn decode<'a>(self, elements: impl Iterator<Item = &'a [u8]>) -> Vec<f32> {
        fn each<'a, const N: usize>(
            elements: impl Iterator<Item = &'a [u8]>,
            value: impl Fn([u8; N]) -> f32,
        ) -> Vec<f32> {
            elements.map(|e| value(e.try_into().expect("an element has the size of its type"))).collect()
        }
        match self {
            Dtype::F64 => each(elements, |e| f64::from_le_bytes(e) as f32),
            Dtype::F32 => each(elements, f32::from_le_bytes),
            Dtype::F16 => each(elements, |e| half::f16::from_le_bytes(e).to_f32()),
            Dtype::Bf16 => each(elements, |e| half::bf16::from_le_bytes(e).to_f32()),
            Dtype::I64 => each(elements, |e| i64::from_le_bytes(e) as f32),
            Dtype::I32 => each(elements, |e| i32::from_le_bytes(e) as f32),
            Dtype::I16 => each(elements, |e| i16::from_le_bytes(e).into()),
            Dtype::I8 => each(elements, |e| i8::from_le_bytes(e).into()),
            Dtype::U8 => each(elements, |e: [u8; 1]| e[0].into()),
            Dtype::Bool => each(elements, |e: [u8; 1]| f32::from(u8::from(e[0] != 0))),
        }
    }
}

/// A tensor of a file, converted to f32.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredTensor {
    /// As in the file, without the prefixes that training wrappers add.
    pub(super) name: String,
    /// Empty for a single number.
    pub(super) shape: Vec<usize>,
    /// Row-major.
    pub(super) values: Vec<f32>,
}

/// Where the elements of a tensor lie in a storage; in elements, not bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

impl Layout {
    /// Row-major from the start of a storage; `None` if the shape has more elements than a machine word can count.
    pub(super) fn row_major(shape: Vec<usize>) -> Option<Self> {
        let mut strides = vec![1; shape.len()];
        let mut step = 1_usize;
        for (stride, side) in strides.iter_mut().zip(&shape).rev() {
            *stride = step;
            step = step.checked_mul(*side)?;
        }
        Some(Self { offset: 0, shape, strides })
    }

    /// Column-major (Fortran's order) from the start of a storage.
    pub(super) fn column_major(mut shape: Vec<usize>) -> Option<Self> {
        shape.reverse();
        let mut layout = Self::row_major(shape)?;
        layout.shape.reverse();
        layout.strides.reverse();
        Some(layout)
    }

    /// Number of elements.
    pub(super) fn len(&self) -> Option<usize> {
        self.shape.iter().try_fold(1_usize, |n, side| n.checked_mul(*side))
    }

    /// Index after the last element that is read.
    fn end(&self) -> Option<usize> {
        let mut last = self.offset;
        for (side, stride) in self.shape.iter().zip(&self.strides) {
            last = last.checked_add(side.checked_sub(1)?.checked_mul(*stride)?)?;
        }
        last.checked_add(1)
    }

    /// Whether the elements lie in row-major order without gaps.
    fn is_row_major(&self) -> bool {
        Self::row_major(self.shape.clone()).is_some_and(|dense| dense.strides == self.strides)
    }

    /// The elements in row-major order, from a storage of `dtype`.
    ///
    /// # Errors
    /// A sentence, if elements lie outside the storage or the tensor has more elements than the storage: what is
    /// allocated is thus bounded by the bytes that exist.
    pub(super) fn read(&self, dtype: Dtype, storage: &[u8]) -> Result<Vec<f32>, &'static str> {
        let stored = storage.len() / dtype.size();
        let len = self.len().ok_or("its shape overflows")?;
        if self.shape.len() != self.strides.len() {
            return Err("its shape and strides differ in length");
        }
        if len == 0 {
            return Ok(Vec::new());
        }
        let end = self.end().ok_or("its strides overflow")?;
        if end > stored || len > stored {
            return Err("it is larger than its storage");
        }
        let size = dtype.size();
        if self.is_row_major() {
            let bytes = &storage[self.offset * size..(self.offset + len) * size];
            return Ok(dtype.decode(bytes.chunks_exact(size)));
        }
        let element = |i: usize| &storage[i * size..(i + 1) * size];
        Ok(dtype.decode(self.indices(len).map(element)))
    }

    /// Storage indices of the `len` elements in row-major order.
    fn indices(&self, len: usize) -> impl Iterator<Item = usize> {
        let mut position = vec![0; self.shape.len()];
        let mut index = self.offset;
        (0..len).map(move |_| {
            let here = index;
            for axis in (0..position.len()).rev() {
                position[axis] += 1;
                index += self.strides[axis];
                if position[axis] < self.shape[axis] {
                    break;
                }
                index -= position[axis] * self.strides[axis];
                position[axis] = 0;
            }
            here
        })
    }
}

/// Elements that the tensors of a file may have together, so that many views of one storage cannot fill the memory.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    /// For a file of this size: room for eight copies of all it can hold as f32, as tied weights share storages.
    pub(super) fn new(file_bytes: usize) -> Self {
        Self { left: file_bytes.saturating_mul(2) }
    }

    /// Books a tensor.
    ///
    /// # Errors
    /// A sentence, if nothing is left.
    pub(super) fn take(&mut self, layout: &Layout) -> Result<(), &'static str> {
        let left = layout.len().and_then(|n| self.left.checked_sub(n));
        self.left = left.ok_or("the tensors together are far larger than the file")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(offset: usize, shape: &[usize], strides: &[usize]) -> Layout {
        Layout { offset, shape: shape.to_vec(), strides: strides.to_vec() }
    }

    const TEN: [u8; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

    #[test]
    fn strides_and_offsets_pick_elements() {
        let of = |l: Layout| l.read(Dtype::U8, &TEN);
        assert_eq!(of(layout(1, &[2, 3], &[3, 1])), Ok(vec![1., 2., 3., 4., 5., 6.]));
        assert_eq!(of(layout(0, &[3, 2], &[1, 3])), Ok(vec![0., 3., 1., 4., 2., 5.]));
        assert_eq!(of(layout(9, &[], &[])), Ok(vec![9.]));
        assert_eq!(of(layout(3, &[2, 0], &[1, 1])), Ok(vec![]));
        let columns = Layout::column_major(vec![2, 5]).expect("a small shape");
        assert_eq!(of(columns), Ok(vec![0., 2., 4., 6., 8., 1., 3., 5., 7., 9.]));
    }

    #[test]
    fn what_lies_outside_the_storage_is_an_error() {
        for bad in [
            layout(10, &[], &[]),
            layout(5, &[6], &[1]),
            layout(0, &[4], &[4]),
            layout(0, &[usize::MAX, 2], &[1, 1]),
            layout(usize::MAX, &[1], &[1]),
            layout(0, &[2], &[usize::MAX]),
            layout(0, &[2], &[]),
        ] {
            assert!(bad.read(Dtype::U8, &TEN).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_tensor_with_more_elements_than_its_storage_is_an_error() {
        assert!(layout(0, &[1 << 40], &[0]).read(Dtype::U8, &TEN).is_err());
    }

    #[test]
    fn element_types_become_f32() {
        let one = |dtype, bytes: &[u8]| layout(0, &[], &[]).read(dtype, bytes);
        assert_eq!(one(Dtype::F64, &0.1_f64.to_le_bytes()), Ok(vec![0.1]));
        assert_eq!(one(Dtype::F16, &[0x00, 0x3c]), Ok(vec![1.0]));
        assert_eq!(one(Dtype::Bf16, &[0x80, 0xbf]), Ok(vec![-1.0]));
        assert_eq!(one(Dtype::I64, &(-3_i64).to_le_bytes()), Ok(vec![-3.0]));
        assert_eq!(one(Dtype::I16, &(-300_i16).to_le_bytes()), Ok(vec![-300.0]));
        assert_eq!(one(Dtype::I8, &[0xff]), Ok(vec![-1.0]));
        assert_eq!(one(Dtype::Bool, &[2]), Ok(vec![1.0]));
    }
}
