//! COCO: one JSON file with images, categories and annotations.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::rle::{lengths_from_text, mask_from_lengths};
use super::{AnnotatedImage, Fault, Frame, Object, Outline};
use crate::geometry::{BBox, Size};
use crate::roi::Ring;

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    #[serde(default)]
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: Value,
    file_name: String,
    width: Option<u32>,
    height: Option<u32>,
}

#[derive(Deserialize)]
struct Category {
    id: i64,
    name: String,
}

/// An entry of `annotations`, or of a list of results.
#[derive(Deserialize)]
pub(super) struct Annotation {
    pub(super) image_id: Value,
    pub(super) category_id: i64,
    bbox: Option<[f32; 4]>,
    segmentation: Option<Value>,
    #[serde(default = "certain")]
    score: f32,
}

fn certain() -> f32 {
    1.0
}

/// The images of a COCO file. Crowds, marked by one region for many objects, count as regions like others.
pub(super) fn parse(value: Value) -> Result<Vec<AnnotatedImage>, Fault> {
    let file = File::deserialize(value).map_err(|e| Fault::new("COCO", e.to_string()))?;
    let names: HashMap<_, _> = file.categories.into_iter().map(|c| (c.id, c.name)).collect();
    let mut index = HashMap::new();
    let mut images = Vec::new();
    for (i, image) in file.images.into_iter().enumerate() {
        let frame = match (image.width, image.height) {
            (Some(width), Some(height)) => Frame::PixelsOf(Size::new(width, height)),
            _ => Frame::Pixels,
        };
        index.insert(image_id(&image.id), i);
        images.push(AnnotatedImage { names: vec![image.file_name], frame, objects: Vec::new() });
    }
    for (i, annotation) in file.annotations.iter().enumerate() {
        let place = |key: &str| format!("annotations[{i}].{key}");
        let id = image_id(&annotation.image_id);
        let unknown = || Fault::new(place("image_id"), format!("no image has the id {id}"));
        let image = &mut images[*index.get(&id).ok_or_else(unknown)?];
        let category = annotation.category_id;
        let name = names.get(&category);
        let name =
            name.ok_or_else(|| Fault::new(place("category_id"), format!("no category has the id {category}")))?;
        let frame = image.frame;
        image.objects.push(annotation.object(name.clone(), frame, &place)?);
    }
    Ok(images)
}

/// An id as text, whether it is written as a number or a string.
pub(super) fn image_id(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

impl Annotation {
    /// The object, outlined by its segmentation where it has one.
    pub(super) fn object(&self, name: String, frame: Frame, place: &impl Fn(&str) -> String) -> Result<Object, Fault> {
        let segmented = match &self.segmentation {
            None | Some(Value::Null) => None,
            Some(Value::Array(rings)) if rings.is_empty() => None,
            Some(value) => {
                let at = |reason| Fault::new(place("segmentation"), reason);
                Some(outline(value, frame).map_err(at)?)
            }
        };
        let outline = match (segmented, self.bbox) {
            (Some(outline), _) => outline,
            (None, Some([x, y, width, height])) => Outline::Box(BBox::new(x, y, x + width, y + height)),
            (None, None) => return Err(Fault::new(place("bbox"), "has neither a box nor a segmentation")),
        };
        Ok(Object { name, score: self.score, outline })
    }
}

/// Polygons `[[x, y, x, y, …], …]`, or run lengths `{"size": [height, width], "counts": [..] or text}`.
fn outline(value: &Value, frame: Frame) -> Result<Outline, String> {
    #[derive(Deserialize)]
    struct RunLengths {
        size: [u32; 2],
        counts: Value,
    }
    if value.is_array() {
        let rings = Vec::<Vec<f32>>::deserialize(value).map_err(|e| e.to_string())?;
        return rings.iter().map(|numbers| ring(numbers)).collect::<Result<_, _>>().map(Outline::Polygon);
    }
    let runs = RunLengths::deserialize(value).map_err(|e| e.to_string())?;
    let size = Size::new(runs.size[1], runs.size[0]);
    if let Frame::PixelsOf(image) = frame
        && image != size
    {
        return Err(format!(
            "the mask is {} × {}, the image {} × {}",
            size.width, size.height, image.width, image.height
        ));
    }
    let lengths = match &runs.counts {
        Value::String(text) => lengths_from_text(text)?,
        counts => Vec::deserialize(counts).map_err(|e| e.to_string())?,
    };
    mask_from_lengths(size, &lengths).map(Outline::Mask)
}

fn ring(numbers: &[f32]) -> Result<Ring, String> {
    match numbers.as_chunks() {
        (corners, []) if corners.len() >= 3 => Ok(corners.to_vec()),
        _ => Err(format!("a polygon of {} numbers", numbers.len())),
    }
}
