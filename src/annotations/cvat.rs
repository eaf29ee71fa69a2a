//! CVAT for images: one XML file for all images.

use roxmltree::{Document, Node};

use super::xml::{attribute, attribute_number, children, fault};
use super::{AnnotatedImage, Fault, Frame, Object, Outline};
use crate::geometry::{BBox, Size};
use crate::mask::Mask;
use crate::roi::Ring;

/// The images of a file whose root element is `annotations`. Points and polylines have no area and are left out.
pub(super) fn parse(document: &Document<'_>) -> Result<Vec<AnnotatedImage>, Fault> {
    children(document.root_element(), "image").map(image).collect()
}

fn image(node: Node<'_, '_>) -> Result<AnnotatedImage, Fault> {
    let size = Size::new(attribute_number(node, "width")?, attribute_number(node, "height")?);
    let mut objects = Vec::new();
    for shape in node.children().filter(Node::is_element) {
        let outline = match shape.tag_name().name() {
            "box" => box_outline(shape)?,
            "polygon" => Outline::Polygon(vec![points(shape)?]),
            "ellipse" => ellipse(shape)?,
            "mask" => mask(shape, size)?,
            _ => continue,
        };
        objects.push(Object { name: attribute(shape, "label")?.to_owned(), score: 1.0, outline });
    }
    Ok(AnnotatedImage { names: vec![attribute(node, "name")?.to_owned()], frame: Frame::PixelsOf(size), objects })
}

/// A box, or a polygon where it is turned.
fn box_outline(node: Node<'_, '_>) -> Result<Outline, Fault> {
    let number = |name| attribute_number::<f32>(node, name);
    let bbox = BBox::new(number("xtl")?, number("ytl")?, number("xbr")?, number("ybr")?);
    let corners = [[bbox.x0, bbox.y0], [bbox.x1, bbox.y0], [bbox.x1, bbox.y1], [bbox.x0, bbox.y1]];
    let centre = [(bbox.x0 + bbox.x1) / 2.0, (bbox.y0 + bbox.y1) / 2.0];
    match rotation(node)? {
        0.0 => Ok(Outline::Box(bbox)),
        degrees => Ok(Outline::Polygon(vec![turned(&corners, centre, degrees)])),
    }
}

fn ellipse(node: Node<'_, '_>) -> Result<Outline, Fault> {
    const CORNERS: u8 = 64;
    let number = |name| attribute_number::<f32>(node, name);
    let (centre, [rx, ry]) = ([number("cx")?, number("cy")?], [number("rx")?, number("ry")?]);
    let corner = |i: u8| {
        let (sin, cos) = (f32::from(i) / f32::from(CORNERS) * std::f32::consts::TAU).sin_cos();
        [centre[0] + rx * cos, centre[1] + ry * sin]
    };
    let ring: Ring = (0..CORNERS).map(corner).collect();
    Ok(Outline::Polygon(vec![turned(&ring, centre, rotation(node)?)]))
}

/// Clockwise, in degrees.
fn rotation(node: Node<'_, '_>) -> Result<f32, Fault> {
    node.attribute("rotation").map_or(Ok(0.0), |_| attribute_number(node, "rotation"))
}

fn turned(corners: &[[f32; 2]], centre: [f32; 2], degrees: f32) -> Ring {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let turn = |[x, y]: &[f32; 2]| {
        let (dx, dy) = (x - centre[0], y - centre[1]);
        [centre[0] + dx * cos - dy * sin, centre[1] + dx * sin + dy * cos]
    };
    corners.iter().map(turn).collect()
}

/// `x,y;x,y;…`
fn points(node: Node<'_, '_>) -> Result<Ring, Fault> {
    let point = |text: &str| {
        let (x, y) = text.split_once(',')?;
        Some([x.trim().parse().ok()?, y.trim().parse().ok()?])
    };
    let corners = attribute(node, "points")?.split(';');
    let corners = corners.map(|text| point(text).ok_or_else(|| fault(node, format!("{text:?} is not a point x,y"))));
    corners.collect()
}

/// Lengths of runs outside and inside in turn, row by row in a window of the image.
fn mask(node: Node<'_, '_>, size: Size) -> Result<Outline, Fault> {
    let number = |name| attribute_number::<u32>(node, name);
    let (left, top, width, height) = (number("left")?, number("top")?, number("width")?, number("height")?);
    let runs: Option<Vec<u64>> = attribute(node, "rle")?.split(',').map(|n| n.trim().parse().ok()).collect();
    let runs = runs.ok_or_else(|| fault(node, "attribute \"rle\" is not a list of numbers"))?;
    let total: u64 = runs.iter().sum();
    let window = Size::new(width, height);
    if total != window.area() || left.saturating_add(width) > size.width || top.saturating_add(height) > size.height {
        return Err(fault(node, format!("the runs cover {total} pixels, the window {width} × {height} in the image")));
    }
    let ends: Vec<u64> = runs
        .iter()
        .scan(0, |end, run| {
            *end += run;
            Some(*end)
        })
        .collect();
    Ok(Outline::Mask(Mask::of_window(size, left..left + width, top..top + height, |x, y| {
        let at = u64::from(y - top) * u64::from(width) + u64::from(x - left);
        // Runs inside are those with an odd number of ends up to here.
        ends.partition_point(|end| *end <= at) % 2 == 1
    })))
}
