//! Prepared pictures of different sizes as inputs of a network.

use candle_core::{Device, Result, Tensor, bail};

use super::Detection;
use crate::geometry::Size;
use crate::preprocess::NetworkInput;

/// A picture that went through a network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// As it was prepared.
    pub(super) input: &'a NetworkInput,
    /// Size of the network's input that it lies in the top left of.
    pub(super) padded: Size,
    /// Size of the image that it was prepared from.
    pub(super) image: Size,
}

/// The detections of each of `inputs`, which were prepared from images of the sizes `images`: those that pad to one size go
/// through `forward` together, and `objects` reads what it returned of each.
///
/// # Errors
/// If there are not as many sizes as inputs, and what `forward` and `objects` return.
pub(super) fn detect_together<T>(
    inputs: &[NetworkInput],
    images: &[Size],
    divisor: usize,
    forward: impl Fn(&Tensor) -> Result<Vec<T>>,
    objects: impl Fn(&T, Seen<'_>) -> Result<Vec<Detection>>,
) -> Result<Vec<Vec<Detection>>> {
    if inputs.len() != images.len() {
        bail!("{} inputs for {} images", inputs.len(), images.len())
    }
    let mut found = vec![Vec::new(); inputs.len()];
    for group in groups_of_one_size(inputs, divisor as u32) {
        let batch = group.iter().map(|&i| padded(&inputs[i], divisor)).collect::<Result<Vec<_>>>()?;
        let batch = Tensor::cat(&batch, 0)?;
        let (_, _, height, width) = batch.dims4()?;
        let padded = Size::new(width as u32, height as u32);
        for (result, i) in forward(&batch)?.iter().zip(group) {
            found[i] = objects(result, Seen { input: &inputs[i], padded, image: images[i] })?;
        }
    }
    Ok(found)
}

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
fn groups_of_one_size(inputs: &[NetworkInput], divisor: u32) -> Vec<Vec<usize>> {
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
    use crate::geometry::{Affine, BBox};

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

    #[test]
    fn every_picture_gets_what_was_found_in_it() -> Result<()> {
        let inputs = [input(3, 2), input(5, 2), input(4, 4)];
        let images = [Size::new(30, 20), Size::new(50, 20), Size::new(40, 40)];
        let class = |class: usize, bbox: BBox| Detection { bbox, score: 1.0, class, name: String::new(), mask: None };
        let found = detect_together(
            &inputs,
            &images,
            4,
            |batch| Ok((0..batch.dim(0)?).collect()),
            |place, seen| Ok(vec![class(*place, seen.image.bounds()), class(*place, seen.padded.bounds())]),
        )?;
        let expected = [(0, images[0], 4), (0, images[1], 8), (1, images[2], 4)];
        for (found, (place, image, width)) in found.into_iter().zip(expected) {
            assert_eq!(found, [class(place, image.bounds()), class(place, Size::new(width, 4).bounds())]);
        }
        assert!(detect_together(&inputs, &images[1..], 4, |_| Ok(vec![()]), |(), _| Ok(Vec::new())).is_err());
        Ok(())
    }
}
