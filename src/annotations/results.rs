//! COCO results: the list of detections that Detectron2 writes as `coco_instances_results.json`.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::Value;

use super::coco::{Annotation, image_id};
use super::{AnnotatedImage, Fault, Frame, Outline};

/// The images of a list of results. Images are known by their ids only, which in COCO are the numbers in their file names.
pub(super) fn parse(value: Value) -> Result<Vec<AnnotatedImage>, Fault> {
    let Value::Array(entries) = value else { return Err(Fault::new("line 1", "not a list of results")) };
    let mut results = Vec::with_capacity(entries.len());
    for (i, entry) in entries.into_iter().enumerate() {
        results.push(Annotation::deserialize(entry).map_err(|e| Fault::new(format!("[{i}]"), e.to_string()))?);
    }
    let names = category_names(&results);
    let mut images: BTreeMap<String, AnnotatedImage> = BTreeMap::new();
    for (i, result) in results.iter().enumerate() {
        let object = result.object(names(result.category_id), Frame::Pixels, &|key| format!("[{i}].{key}"))?;
        let id = image_id(&result.image_id);
        let image = images.entry(id.clone()).or_insert_with(|| AnnotatedImage {
            names: vec![id],
            frame: Frame::Pixels,
            objects: Vec::new(),
        });
        if let Outline::Mask(mask) = &object.outline {
            image.frame = Frame::PixelsOf(mask.size());
        }
        image.objects.push(object);
    }
    Ok(images.into_values().collect())
}

/// Names for category ids: COCO's own if all ids are among its 80, else the numbers.
fn category_names(results: &[Annotation]) -> impl Fn(i64) -> String {
    let all_coco = results.iter().all(|r| coco_name(r.category_id).is_some());
    move |id| match coco_name(id) {
        Some(name) if all_coco => name.to_owned(),
        _ => format!("category {id}"),
    }
}

fn coco_name(id: i64) -> Option<&'static str> {
    let index = COCO_IDS.iter().position(|known| i64::from(*known) == id)?;
    COCO_NAMES.get(index).copied()
}

/// The ids of COCO's 80 categories; the numbers between are unused.
#[rustfmt::skip]
const COCO_IDS: [u8; 80] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 27, 28, 31, 32, 33, 34, 35, 36,
    37, 38, 39, 40, 41, 42, 43, 44, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 67, 70,
    72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 84, 85, 86, 87, 88, 89, 90,
];

/// Their names.
#[rustfmt::skip]
const COCO_NAMES: [&str; 80] = [
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light", "fire hydrant",
    "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra",
    "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle", "wine glass", "cup", "fork",
    "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut",
    "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote",
    "keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair drier", "toothbrush",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_coco_have_their_names() {
        let names = [1, 11, 13, 67, 90].map(coco_name);
        let expected = ["person", "fire hydrant", "stop sign", "dining table", "toothbrush"].map(Some);
        assert_eq!(names, expected);
        assert_eq!([0, 12, 91].map(coco_name), [None; 3]);
    }
}
