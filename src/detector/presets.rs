//! What the libraries' own detectors want of a picture.

use crate::geometry::Size;
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize, SideRounding};

/// Detectron2's model zoo: 8-bit BGR, the shortest edge `edge` pixels (800 by default) and none above 1333.
///
/// The zoo's ResNets divide by nothing; its ResNeXts by ImageNet's deviation (`divided`).
pub fn detectron2(edge: u32, divided: bool) -> Preprocessing {
    Preprocessing {
        input: Size::new(1333, 1333),
        resize: Resize::ShortestEdge { edge, rounding: SideRounding::Nearest },
        interpolation: Interpolation::Bilinear,
        channels: ChannelOrder::Bgr,
        mean: [103.53, 116.28, 123.675],
        std: if divided { [57.375, 57.12, 58.395] } else { [1.0; 3] },
        scale: 1.0,
    }
}

/// torchvision's two-stage detectors and RetinaNet: RGB with ImageNet's statistics, the shortest edge `edge` pixels and none
/// above `longest` (800 and 1333 by default, 320 and 640 for the `320` network).
pub fn torchvision(edge: u32, longest: u32) -> Preprocessing {
    Preprocessing {
        input: Size::new(longest, longest),
        resize: Resize::ShortestEdge { edge, rounding: SideRounding::Down },
        interpolation: Interpolation::FourPixels,
        channels: ChannelOrder::Rgb,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
        scale: 1.0 / 255.0,
    }
}

/// torchvision's SSDlite: the whole picture stretched to 320 × 320, RGB from -1 to 1.
pub fn ssdlite() -> Preprocessing {
    Preprocessing {
        input: Size::new(320, 320),
        resize: Resize::Stretch,
        mean: [0.5; 3],
        std: [0.5; 3],
        ..torchvision(320, 320)
    }
}
