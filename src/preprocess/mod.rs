//! From a picture file to what a network is fed with.
//!
//! Comes in: the bytes of a file ([`decode()`]) and what a network wants ([`Preprocessing`]). Goes out: an upright 8-bit RGB
//! image, a [`NetworkInput`] and the way between their pixels. May not live here: files and folders, networks, tensors.

mod decode;
mod interpolate;
mod resample;

pub use decode::{DecodeError, MAX_PIXELS, decode, decode_reduced, size_of};

use image::RgbImage;

use crate::geometry::{Affine, BBox, Size};
use resample::{Filter, Window};

/// Which filter makes a picture smaller or larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// Triangle filter, widened when shrinking (antialiased).
    Bilinear,
    /// Cubic convolution with `a = -0.5`, widened when shrinking (antialiased).
    Bicubic,
    /// Bilinear between the four nearest pixels at any scale and not rounded to 8 bits: PyTorch's `interpolate`.
    FourPixels,
}

/// How a picture of any shape gets into a network's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resize {
    /// The shorter side becomes `size` pixels and the longer one follows, rounded down; the input is the centre of that, its
    /// offset rounded half to even as torchvision does. Where the input is larger, black surrounds the picture.
    ShorterSide {
        /// Pixels of the shorter side after resizing.
        size: u32,
    },
    /// The whole picture becomes the input; its proportions change.
    Stretch,
    /// The whole picture, as large as fits with its proportions kept, in the centre of the input, black around it.
    Letterbox,
    /// The whole picture with its proportions kept: the shorter side becomes `edge` pixels, or less where the longer one
    /// would exceed the longer side of [`Preprocessing::input`]. Inputs differ in size and have no border.
    ShortestEdge {
        /// Pixels of the shorter side.
        edge: u32,
        /// How the sides become whole pixels.
        rounding: SideRounding,
    },
}

/// How a resized side becomes a whole number of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SideRounding {
    /// To the nearest: Detectron2.
    Nearest,
    /// Down: torchvision.
    Down,
}

/// Order of a network's three input channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelOrder {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
}

/// What a network wants of a picture. Each value of 0..=255 becomes `(value * scale - mean) / std`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preprocessing {
    /// Size of the network's input, or under [`Resize::ShortestEdge`] its limit; no side is 0.
    pub input: Size,
    /// How the picture is fitted into it.
    pub resize: Resize,
    /// By which filter; but for [`Interpolation::FourPixels`] the resized picture is rounded to 8 bits, as Pillow does.
    pub interpolation: Interpolation,
    /// Order of the channels in the input.
    pub channels: ChannelOrder,
    /// Means in the order of `channels`, subtracted after `scale`.
    pub mean: [f32; 3],
    /// Divisors in the order of `channels`.
    pub std: [f32; 3],
    /// Factor on the values 0..=255 before the mean is subtracted: 1/255 or 1.
    pub scale: f32,
}

/// A picture as a network is fed with it.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkInput {
    /// Planar: `(3, height, width)`, row-major, in the network's channel order.
    pub values: Vec<f32>,
    /// Height and width of `values`.
    pub size: Size,
    /// From image pixels to input pixels.
    pub input_from_image: Affine,
    /// The part of the image inside the input, in image pixels.
    pub view: BBox,
}

impl Preprocessing {
    /// Resizes and normalises an image of any shape; only the pixels that the input shows are computed.
    ///
    /// # Panics
    /// If the image or the input has no pixels ([`decode()`] returns no such image).
    pub fn apply(&self, image: &RgbImage) -> NetworkInput {
        let size = Size::new(image.width(), image.height());
        assert!(size.area() > 0 && self.input.area() > 0, "preprocessing needs pixels");
        let placement = self.placement(size);
        let tables = self.tables();
        let resampled = |filter| {
            let visible = resample::resample(image, placement.resized, placement.visible(), filter);
            self.lay_out(visible.as_raw(), &placement, |channel, value| tables[channel][usize::from(value)])
        };
        let values = match self.interpolation {
            Interpolation::Bilinear => resampled(Filter::Triangle),
            Interpolation::Bicubic => resampled(Filter::Cubic),
            Interpolation::FourPixels => {
                let visible = interpolate::interpolate(image, placement.resized, placement.visible());
                self.lay_out(&visible, &placement, |channel, value| self.normalised(channel, value))
            }
        };
        NetworkInput {
            values,
            size: placement.input,
            input_from_image: placement.input_from_image(size),
            view: placement.view(size),
        }
    }

    /// Where an image of `size` lies in the input.
    fn placement(&self, size: Size) -> Placement {
        let input = self.input;
        let (resized, rounding) = match self.resize {
            Resize::ShorterSide { size: side } => (shorter_side(size, side), Rounding::HalfToEven),
            Resize::Stretch => (input, Rounding::Down),
            Resize::Letterbox => (fit_inside(size, input), Rounding::Down),
            Resize::ShortestEdge { edge, rounding } => {
                let resized = shortest_edge(size, edge, input.width.max(input.height), rounding);
                return Placement { resized, left: 0, top: 0, input: resized };
            }
        };
        let left = centred(resized.width, input.width, rounding);
        let top = centred(resized.height, input.height, rounding);
        Placement { resized, left, top, input }
    }

    /// The planar values of the input: `visible` (interleaved RGB) at its place, black elsewhere; `number` gives the value of
    /// an input channel.
    fn lay_out<T: Copy>(&self, visible: &[T], placement: &Placement, number: impl Fn(usize, T) -> f32) -> Vec<f32> {
        let (width, plane) = (placement.input.width as usize, placement.input.area() as usize);
        let mut values = Vec::with_capacity(3 * plane);
        for channel in 0..3 {
            values.resize((channel + 1) * plane, self.normalised(channel, 0.0));
        }
        // Where the visible part begins in the input.
        let (x0, y0) = (placement.left.max(0) as usize, placement.top.max(0) as usize);
        let row_len = 3 * placement.visible().width as usize;
        let planes = values.chunks_exact_mut(plane).zip(self.source_channels());
        for (channel, (plane, source)) in planes.enumerate() {
            for (out, row) in plane.chunks_exact_mut(width).skip(y0).zip(visible.chunks_exact(row_len)) {
                for (out, pixel) in out[x0..].iter_mut().zip(row.as_chunks::<3>().0) {
                    *out = number(channel, pixel[source]);
                }
            }
        }
        values
    }

    /// Which RGB channel each input channel shows.
    fn source_channels(&self) -> [usize; 3] {
        match self.channels {
            ChannelOrder::Rgb => [0, 1, 2],
            ChannelOrder::Bgr => [2, 1, 0],
        }
    }

    /// The number of each 8-bit value, per input channel.
    fn tables(&self) -> [[f32; 256]; 3] {
        [0, 1, 2].map(|channel| std::array::from_fn(|value| self.normalised(channel, value as f64)))
    }

    /// What an input channel is fed with for a value of 0..=255.
    fn normalised(&self, channel: usize, value: f64) -> f32 {
        let (mean, std) = (f64::from(self.mean[channel]), f64::from(self.std[channel]));
        ((value * f64::from(self.scale) - mean) / std) as f32
    }
}

/// Where the resized picture lies in the input: resized pixel `(x, y)` is input pixel `(x + left, y + top)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Placement {
    resized: Size,
    /// Negative where the input shows a crop.
    left: i64,
    top: i64,
    input: Size,
}

impl Placement {
    /// The part of the resized picture inside the input.
    fn visible(&self) -> Window {
        let span = |offset: i64, resized: u32, input: u32| {
            let start = (-offset).max(0);
            let end = (i64::from(input) - offset).min(i64::from(resized));
            (start as u32, (end - start) as u32)
        };
        let (x, width) = span(self.left, self.resized.width, self.input.width);
        let (y, height) = span(self.top, self.resized.height, self.input.height);
        Window { x, y, width, height }
    }

    fn input_from_image(&self, image: Size) -> Affine {
        let scale = |resized: u32, image: u32| (f64::from(resized) / f64::from(image)) as f32;
        Affine {
            scale: [scale(self.resized.width, image.width), scale(self.resized.height, image.height)],
            offset: [self.left as f32, self.top as f32],
        }
    }

    fn view(&self, image: Size) -> BBox {
        let Window { x, y, width, height } = self.visible();
        let back = |at: u32, resized: u32, image: u32| (f64::from(at) * f64::from(image) / f64::from(resized)) as f32;
        BBox {
            x0: back(x, self.resized.width, image.width),
            y0: back(y, self.resized.height, image.height),
            x1: back(x + width, self.resized.width, image.width),
            y1: back(y + height, self.resized.height, image.height),
        }
    }
}

/// `size` with its shorter side changed to `side` and the longer one in proportion, rounded down.
fn shorter_side(size: Size, side: u32) -> Size {
    let side = side.max(1);
    let follow = |long: u32, short: u32| {
        let long = u64::from(side) * u64::from(long) / u64::from(short);
        u32::try_from(long).unwrap_or(u32::MAX)
    };
    if size.width <= size.height {
        Size::new(side, follow(size.height, size.width))
    } else {
        Size::new(follow(size.width, size.height), side)
    }
}

/// The largest size with the proportions of `size` inside `input`, each side rounded to the nearest pixel and at least 1.
fn fit_inside(size: Size, input: Size) -> Size {
    let ratio = |input: u32, size: u32| f64::from(input) / f64::from(size);
    let scale = ratio(input.width, size.width).min(ratio(input.height, size.height));
    let side = |n: u32, most: u32| ((f64::from(n) * scale + 0.5).floor() as u32).clamp(1, most);
    Size::new(side(size.width, input.width), side(size.height, input.height))
}

/// `size` with its shorter side changed to `edge` and the longer one in proportion, but at most `longest`; no side is 0.
fn shortest_edge(size: Size, edge: u32, longest: u32, rounding: SideRounding) -> Size {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let (short, long) = (width.min(height), width.max(height));
    let scale = (f64::from(edge) / short).min(f64::from(longest) / long);
    let side = |side: f64| match rounding {
        SideRounding::Nearest => (side * scale + 0.5).floor().max(1.0) as u32,
        SideRounding::Down => (side * scale).floor().max(1.0) as u32,
    };
    Size::new(side(width), side(height))
}

/// How half a pixel of a crop's offset is rounded.
#[derive(Clone, Copy)]
enum Rounding {
    /// As Python's `round`.
    HalfToEven,
    /// Towards the top left.
    Down,
}

/// Offset that centres `inner` pixels in `outer` pixels, negative where they stand out on both sides. Where they do not, the
/// half pixel always goes to the far side, as torchvision's padding has it.
fn centred(inner: u32, outer: u32, rounding: Rounding) -> i64 {
    let free = i64::from(outer) - i64::from(inner);
    if free >= 0 {
        return free / 2;
    }
    let excess = -free;
    let half = excess / 2;
    match rounding {
        Rounding::HalfToEven if excess % 2 == 1 && half % 2 == 1 => -(half + 1),
        Rounding::HalfToEven | Rounding::Down => -half,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn preprocessing(input: u32, resize: Resize) -> Preprocessing {
        Preprocessing {
            input: Size::new(input, input),
            resize,
            interpolation: Interpolation::Bilinear,
            channels: ChannelOrder::Rgb,
            mean: [0.0; 3],
            std: [1.0; 3],
            scale: 1.0,
        }
    }

    fn uniform(width: u32, height: u32) -> RgbImage {
        RgbImage::from_pixel(width, height, image::Rgb([10, 20, 30]))
    }

    const CROP: Resize = Resize::ShorterSide { size: 256 };

    #[test]
    fn the_longer_side_is_cut_and_the_offset_rounded_half_to_even() {
        // 256 * 500 / 375 = 341.33; (341 - 224) / 2 = 58.5; (256 - 224) / 2 = 16.
        let placement = preprocessing(224, CROP).placement(Size::new(500, 375));
        assert_eq!(placement.resized, Size::new(341, 256));
        assert_eq!((placement.left, placement.top), (-58, -16));
        // (343 - 224) / 2 = 59.5, and 60 is even.
        assert_eq!(centred(343, 224, Rounding::HalfToEven), -60);
    }

    #[test]
    fn the_view_of_a_crop_is_in_image_pixels() {
        // The reference run's first photo.
        let input = preprocessing(224, CROP).apply(&uniform(376, 263));
        let expected = BBox::new(72.10959, 16.4375, 302.86027, 246.5625);
        for (got, want) in [
            (input.view.x0, expected.x0),
            (input.view.y0, expected.y0),
            (input.view.x1, expected.x1),
            (input.view.y1, expected.y1),
            (input.input_from_image.scale[0], 0.970_744_7),
            (input.input_from_image.scale[1], 0.973_384),
        ] {
            assert!((got - want).abs() < 1e-4, "{got} is not {want}");
        }
        assert_eq!(input.input_from_image.offset, [-70.0, -16.0]);
    }

    #[test]
    fn a_letterbox_has_the_picture_in_its_centre_and_black_around() {
        let input = preprocessing(416, Resize::Letterbox).apply(&uniform(376, 263));
        // 416 / 376 * 263 = 290.98, so 291 rows with 125 free, 62 of them above.
        assert_eq!(input.input_from_image.offset, [0.0, 62.0]);
        assert_eq!(input.view, BBox::new(0.0, 0.0, 376.0, 263.0));
        let column: Vec<f32> = input.values.chunks_exact(416).take(416).map(|row| row[0]).collect();
        let expected: Vec<f32> = (0..416).map(|y| if (62..353).contains(&y) { 10.0 } else { 0.0 }).collect();
        assert_eq!(column, expected);
    }

    #[test]
    fn a_shortest_edge_sizes_the_input_and_leaves_no_border() {
        let input = |width, height, rounding| {
            let network = preprocessing(1333, Resize::ShortestEdge { edge: 800, rounding });
            network.placement(Size::new(width, height)).input
        };
        // 320 * 800 / 240 = 1066.67; then 1333 / 1000 = 1.333 on both sides, where the longer one is the limit.
        assert_eq!(input(320, 240, SideRounding::Nearest), Size::new(1067, 800));
        assert_eq!(input(320, 240, SideRounding::Down), Size::new(1066, 800));
        assert_eq!(input(300, 1000, SideRounding::Nearest), Size::new(400, 1333));
        assert_eq!(input(300, 1000, SideRounding::Down), Size::new(399, 1333));
        assert_eq!(input(1, 50_000, SideRounding::Down), Size::new(1, 1333));
    }

    #[test]
    fn four_pixels_are_normalised_without_rounding() {
        let mut network = preprocessing(4, Resize::Stretch);
        network.interpolation = Interpolation::FourPixels;
        network.std = [2.0; 3];
        let picture = RgbImage::from_fn(2, 1, |x, _| image::Rgb([x as u8; 3]));
        assert_eq!(network.apply(&picture).values[..4], [0.0, 0.125, 0.375, 0.5]);
    }

    #[test]
    fn black_is_normalised_too_and_channels_follow_their_order() {
        let mut network = preprocessing(4, Resize::Letterbox);
        network.channels = ChannelOrder::Bgr;
        network.mean = [5.0, 6.0, 7.0];
        network.std = [1.0, 2.0, 4.0];
        let input = network.apply(&uniform(4, 2));
        let plane = |outside: f32, inside: f32| [[outside; 4], [inside; 4], [inside; 4], [outside; 4]].concat();
        let expected = [plane(-5.0, 25.0), plane(-3.0, 7.0), plane(-1.75, 0.75)].concat();
        assert_eq!(input.values, expected);
    }

    #[test]
    fn a_crop_larger_than_the_picture_is_filled_up_with_black() {
        let input = preprocessing(4, Resize::ShorterSide { size: 1 }).apply(&uniform(3, 3));
        let red: Vec<f32> = input.values[..16].to_vec();
        let mut expected = vec![0.0; 16];
        expected[5] = 10.0;
        assert_eq!(red, expected);
        assert_eq!(input.view, BBox::new(0.0, 0.0, 3.0, 3.0));
    }

    #[test]
    fn extreme_shapes_need_no_more_memory_than_the_input() {
        for (width, height) in [(1, 50_000), (50_000, 1), (1, 1), (2, 3)] {
            for resize in [CROP, Resize::Stretch, Resize::Letterbox] {
                let input = preprocessing(224, resize).apply(&uniform(width, height));
                assert_eq!(input.values.len(), 3 * 224 * 224);
                assert!(!input.view.is_empty());
                assert!(input.values.contains(&10.0));
            }
        }
    }

    proptest! {
        #[test]
        fn the_view_fills_what_the_input_shows(
            width in 1u32..3000, height in 1u32..3000, input in 1u32..500, side in 1u32..600, kind in 0..3,
        ) {
            let resize = [Resize::ShorterSide { size: side }, Resize::Stretch, Resize::Letterbox][kind as usize];
            let size = Size::new(width, height);
            let placement = preprocessing(input, resize).placement(size);
            let shown = placement.input_from_image(size).bbox(placement.view(size));
            let (left, top) = (placement.left.max(0) as f32, placement.top.max(0) as f32);
            let visible = placement.visible();
            let slack = 1e-3 * input.max(placement.resized.width).max(placement.resized.height) as f32;
            prop_assert!(visible.width > 0 && visible.height > 0);
            prop_assert!((shown.x0 - left).abs() < slack && (shown.y0 - top).abs() < slack);
            prop_assert!((shown.width() - visible.width as f32).abs() < slack);
            prop_assert!((shown.height() - visible.height as f32).abs() < slack);
            let view = placement.view(size);
            prop_assert!(view.x0 >= 0.0 && view.y0 >= 0.0 && view.x1 <= width as f32 && view.y1 <= height as f32);
        }
    }
}
