//! Regions written for other programs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::rle::{lengths_from_mask, text_from_lengths};
use crate::geometry::Size;
use crate::roi::{Roi, Shape};

/// An image with the regions to be written.
#[derive(Clone, Copy, Debug)]
pub struct ExportedImage<'a> {
    /// Relative to the data set's folder, with `/` between its parts.
    pub path: &'a str,
    /// Size of the upright image.
    pub size: Size,
    /// Its regions.
    pub rois: &'a [Roi],
}

/// The names of all regions, each once, in byte order.
fn names(images: &[ExportedImage<'_>]) -> Vec<String> {
    let names: BTreeSet<_> = images.iter().flat_map(|i| i.rois).map(|roi| roi.name.clone()).collect();
    names.into_iter().collect()
}

/// A COCO file. Ids begin at 1, categories are in the order of their names; polygons and masks are segmentations.
pub fn coco(images: &[ExportedImage<'_>]) -> Value {
    let names = names(images);
    let category = |name: &str| names.iter().position(|n| n == name).map(|i| i + 1);
    let mut annotations = Vec::new();
    for (image, id) in images.iter().zip(1..) {
        for roi in image.rois {
            let (width, height) = (roi.bbox.width(), roi.bbox.height());
            annotations.push(json!({
                "id": annotations.len() + 1,
                "image_id": id,
                "category_id": category(&roi.name),
                "bbox": [roi.bbox.x0, roi.bbox.y0, width, height],
                "area": roi.mask().map_or_else(|| f64::from(roi.bbox.area()), |mask| mask.area() as f64),
                "segmentation": segmentation(roi),
                "iscrowd": 0,
                "score": roi.score,
            }));
        }
    }
    let sizes = images.iter().zip(1..);
    let images: Vec<_> = sizes
        .map(|(i, id)| json!({"id": id, "file_name": i.path, "width": i.size.width, "height": i.size.height}))
        .collect();
    let categories: Vec<_> = names.iter().zip(1..).map(|(name, id)| json!({"id": id, "name": name})).collect();
    json!({"images": images, "annotations": annotations, "categories": categories})
}

fn segmentation(roi: &Roi) -> Value {
    match &roi.shape {
        Shape::Box => json!([]),
        Shape::Polygon { rings, .. } => rings.iter().map(|ring| json!(ring.as_flattened())).collect(),
        Shape::Mask(mask) => {
            let size = mask.size();
            json!({"size": [size.height, size.width], "counts": text_from_lengths(&lengths_from_mask(mask))})
        }
    }
}

/// The Pascal VOC file of an image: boxes in whole pixels, counted from 1.
pub fn voc(image: &ExportedImage<'_>) -> String {
    let (folder, file) = image.path.rsplit_once('/').unwrap_or(("", image.path));
    let Size { width, height } = image.size;
    let mut xml = format!(
        "<annotation>\n\t<folder>{}</folder>\n\t<filename>{}</filename>\n\t<size>\n\t\t<width>{width}</width>\n\t\t<height>{height}</height>\n\t\t<depth>3</depth>\n\t</size>\n\t<segmented>0</segmented>\n",
        escaped(folder),
        escaped(file),
    );
    for roi in image.rois {
        let [x0, y0, x1, y1] = [roi.bbox.x0, roi.bbox.y0, roi.bbox.x1, roi.bbox.y1].map(f32::round);
        // A box narrower than half a pixel still has the pixel that it begins in.
        let corners = [x0 + 1.0, y0 + 1.0, x1.max(x0 + 1.0), y1.max(y0 + 1.0)];
        let edges: String = ["xmin", "ymin", "xmax", "ymax"]
            .iter()
            .zip(corners)
            .map(|(edge, value)| format!("\t\t\t<{edge}>{value}</{edge}>\n"))
            .collect();
        xml.push_str(&format!(
            "\t<object>\n\t\t<name>{}</name>\n\t\t<difficult>0</difficult>\n\t\t<bndbox>\n{edges}\t\t</bndbox>\n\t</object>\n",
            escaped(&roi.name),
        ));
    }
    xml + "</annotation>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A data set's labels for YOLO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YoloLabels {
    /// The text of `classes.txt`.
    pub classes: String,
    /// For each image the path of its label file, which ends in `.txt`, and its text.
    pub files: Vec<(String, String)>,
}

/// Labels for YOLO: polygons as segments, a line for each ring, all else as boxes.
pub fn yolo(images: &[ExportedImage<'_>]) -> YoloLabels {
    let names = names(images);
    let files = images.iter().map(|image| {
        let stem = image.path.rfind('.').filter(|dot| !image.path[*dot..].contains('/'));
        let path = format!("{}.txt", &image.path[..stem.unwrap_or(image.path.len())]);
        (path, yolo_lines(image, &names))
    });
    YoloLabels { classes: names.iter().map(|name| format!("{name}\n")).collect(), files: files.collect() }
}

fn yolo_lines(image: &ExportedImage<'_>, names: &[String]) -> String {
    let (width, height) = (image.size.width as f32, image.size.height as f32);
    let mut text = String::new();
    for roi in image.rois {
        let class = names.iter().position(|name| *name == roi.name).unwrap_or_default();
        let lines: Vec<Vec<f32>> = match &roi.shape {
            Shape::Polygon { rings, .. } => {
                rings.iter().map(|ring| ring.iter().flat_map(|[x, y]| [x / width, y / height]).collect()).collect()
            }
            Shape::Box | Shape::Mask(_) => {
                let b = roi.bbox;
                let centre = [(b.x0 + b.x1) / 2.0 / width, (b.y0 + b.y1) / 2.0 / height];
                vec![vec![centre[0], centre[1], b.width() / width, b.height() / height]]
            }
        };
        for numbers in lines {
            let numbers: String = numbers.iter().fold(String::new(), |mut line, n| {
                write!(line, " {n}").expect("a string takes any text");
                line
            });
            text.push_str(&format!("{class}{numbers}\n"));
        }
    }
    text
}
