//! Pascal VOC and ImageNet localisation: one XML file per image.

use roxmltree::{Document, Node};

use super::xml::{child, child_number, children, fault, text};
use super::{AnnotatedImage, Fault, Frame, Object, Outline};
use crate::geometry::{BBox, Size};

/// The image of a file whose root element is `annotation`; `file_name` is what the file itself is called.
pub(super) fn parse(document: &Document<'_>, file_name: &str) -> Result<AnnotatedImage, Fault> {
    let root = document.root_element();
    let named = |name| children(root, name).next().map(text).filter(|t| !t.is_empty());
    let mut names = Vec::new();
    if let Some(image) = named("filename") {
        names.extend(named("folder").map(|folder| format!("{folder}/{image}")));
        names.push(image.to_owned());
    }
    // Tools rename pictures without changing the XML, whose own name then is the right one.
    names.push(file_name.to_owned());
    let objects = children(root, "object").map(object).collect::<Result<_, _>>()?;
    Ok(AnnotatedImage { names, frame: frame(root)?, objects })
}

fn frame(root: Node<'_, '_>) -> Result<Frame, Fault> {
    let Some(size) = children(root, "size").next() else { return Ok(Frame::Pixels) };
    let size = Size::new(child_number(size, "width")?, child_number(size, "height")?);
    // Some tools write zeros where they do not know.
    Ok(if size.area() == 0 { Frame::Pixels } else { Frame::PixelsOf(size) })
}

/// Corners are pixels counted from 1, and the last ones belong to the box; ImageNet also has zeros.
fn object(node: Node<'_, '_>) -> Result<Object, Fault> {
    let corners = child(node, "bndbox")?;
    let low = |name| Ok::<f32, Fault>((child_number::<f32>(corners, name)? - 1.0).max(0.0));
    let bbox = BBox::new(low("xmin")?, low("ymin")?, child_number(corners, "xmax")?, child_number(corners, "ymax")?);
    if bbox.is_empty() {
        return Err(fault(corners, "the box is empty"));
    }
    Ok(Object { name: text(child(node, "name")?).to_owned(), score: 1.0, outline: Outline::Box(bbox) })
}
