//! Prepared pictures of different sizes as inputs of a network.

use candle_core::{Device, Result, Tensor};

use crate::preprocess::NetworkInput;

/// One picture, with zeros to its right and below up to the next multiples of `divisor` pixels.
///
/// # Shapes
/// Returns `(1, 3, h, w)`, f32, on the CPU.
///
/// # Errors
/// If `values` of the input are not three planes of its size.
pub fn padded(input: &NetworkInput, divisor: usize) -> Result<Tensor> {
    let (width, height) = (input.size.width as usize, input.size.height as usize);
    let (w, h) = (width.next_multiple_of(divisor), height.next_multiple_of(divisor));
    let picture = Tensor::from_slice(&input.values, (1, 3, height, width), &Device::Cpu)?;
    picture.pad_with_zeros(2, 0, h - height)?.pad_with_zeros(3, 0, w - width)
}

/// Indices of inputs whose padded sizes agree, each group in its order; groups in the order of their first input.
pub fn groups_of_one_size(inputs: &[NetworkInput], divisor: u32) -> Vec<Vec<usize>> {
    let padded = |input: &NetworkInput| {
        (input.size.width.next_multiple_of(divisor), input.size.height.next_multiple_of(divisor))
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, input) in inputs.iter().enumerate() {
        match groups.iter_mut().find(|group| padded(&inputs[group[0]]) == padded(input)) {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Size};

    fn input(width: u32, height: u32) -> NetworkInput {
        let size = Size::new(width, height);
        let values = vec![1.0; 3 * size.area() as usize];
        NetworkInput { values, size, input_from_image: Affine::IDENTITY, view: size.bounds() }
    }

    #[test]
    fn padding_is_zero_and_on_the_far_sides() -> Result<()> {
        let padded = padded(&input(3, 2), 4)?;
        assert_eq!(padded.dims(), [1, 3, 4, 4]);
        let plane: Vec<f32> = padded.get(0)?.get(2)?.flatten_all()?.to_vec1()?;
        assert_eq!(plane, [[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.0], [0.0; 4], [0.0; 4]].concat());
        Ok(())
    }

    #[test]
    fn pictures_that_pad_to_one_size_go_together() {
        let inputs = [input(3, 2), input(5, 2), input(4, 4), input(8, 1)];
        assert_eq!(groups_of_one_size(&inputs, 4), [vec![0, 2], vec![1, 3]]);
    }
}
