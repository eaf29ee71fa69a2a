//! LabelMe: one JSON file per image.

use image::ImageFormat;
use serde::Deserialize;
use serde_json::Value;

use super::{AnnotatedImage, Fault, Frame, Object, Outline, base64};
use crate::geometry::{BBox, Size};
use crate::mask::Mask;
use crate::roi::Ring;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    shapes: Vec<Shape>,
    image_path: Option<String>,
    image_width: Option<u32>,
    image_height: Option<u32>,
}

#[derive(Deserialize)]
struct Shape {
    label: String,
    points: Vec<[f32; 2]>,
    #[serde(default = "polygon")]
    shape_type: String,
    /// A PNG in Base64.
    mask: Option<String>,
}

fn polygon() -> String {
    "polygon".into()
}

/// The image of a file; `file_name` is what the file itself is called. Points and lines have no area and are left out.
pub(super) fn parse(value: Value, file_name: &str) -> Result<AnnotatedImage, Fault> {
    let file = File::deserialize(value).map_err(|e| Fault::new("LabelMe", e.to_string()))?;
    let frame = match (file.image_width, file.image_height) {
        (Some(width), Some(height)) => Frame::PixelsOf(Size::new(width, height)),
        _ => Frame::Pixels,
    };
    let mut objects = Vec::new();
    for (i, shape) in file.shapes.into_iter().enumerate() {
        let outline = outline(&shape, frame).map_err(|reason| Fault::new(format!("shapes[{i}]"), reason))?;
        objects.extend(outline.map(|outline| Object { name: shape.label, score: 1.0, outline }));
    }
    // The path may be one of the annotator's machine, with its separators.
    let names = file.image_path.map(|path| path.replace('\\', "/")).into_iter().chain([file_name.to_owned()]);
    Ok(AnnotatedImage { names: names.collect(), frame, objects })
}

fn outline(shape: &Shape, frame: Frame) -> Result<Option<Outline>, String> {
    match (shape.shape_type.as_str(), shape.points.as_slice()) {
        ("rectangle", &[[xa, ya], [xb, yb]]) => {
            Ok(Some(Outline::Box(BBox::new(xa.min(xb), ya.min(yb), xa.max(xb), ya.max(yb)))))
        }
        ("circle", &[centre, border]) => Ok(Some(Outline::Polygon(vec![circle(centre, border)]))),
        ("polygon", points) if points.len() >= 3 => Ok(Some(Outline::Polygon(vec![points.to_vec()]))),
        ("mask", &[[x, y], _]) => mask(shape.mask.as_deref().unwrap_or_default(), [x, y], frame).map(Some),
        ("rectangle" | "circle" | "polygon" | "mask", points) => {
            Err(format!("a {} of {} points", shape.shape_type, points.len()))
        }
        ("point" | "points" | "line" | "linestrip", _) => Ok(None),
        (other, _) => Err(format!("shape_type {other:?} is not supported")),
    }
}

/// The pixels of a picture in Base64 that are not black, its upper left one being that of the image at `corner`.
fn mask(picture: &str, corner: [f32; 2], frame: Frame) -> Result<Outline, String> {
    let Frame::PixelsOf(size) = frame else { return Err("a mask needs imageWidth and imageHeight".to_owned()) };
    let bytes = base64::decode(picture).ok_or("the mask is no Base64")?;
    let pixels = image::load_from_memory_with_format(&bytes, ImageFormat::Png).map_err(|e| format!("the mask: {e}"))?;
    let pixels = pixels.to_luma8();
    let [left, top] = corner.map(|at| at.round().max(0.0) as u32);
    let columns = left..left.saturating_add(pixels.width());
    let inside = |x: u32, y: u32| pixels.get_pixel(x - left, y - top).0 != [0];
    Ok(Outline::Mask(Mask::of_window(size, columns, top..top.saturating_add(pixels.height()), inside)))
}

fn circle([x, y]: [f32; 2], [border_x, border_y]: [f32; 2]) -> Ring {
    const CORNERS: u8 = 64;
    let radius = (border_x - x).hypot(border_y - y);
    let angle = |i: u8| f32::from(i) / f32::from(CORNERS) * std::f32::consts::TAU;
    (0..CORNERS).map(|i| [x + radius * angle(i).cos(), y + radius * angle(i).sin()]).collect()
}
