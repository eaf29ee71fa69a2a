//! Lists of numbers as bytes and text, and back; everything little-endian.

use std::sync::Arc;

use rusqlite::types::Type;

use super::mask_codec::{mask_from_bytes, mask_to_bytes};
use crate::analysis::Prediction;
use crate::dataset::ClassId;
use crate::detector::Detection;
use crate::geometry::BBox;
use crate::roi::{Roi, RoiSource};

/// No network has this many classes; a damaged range must not ask for the memory.
const MAX_CLASS: usize = 10_000_000;

/// The error of a column that does not hold what was written there.
pub(super) fn damaged(what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, what.into())
}

pub(super) fn floats_to_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

pub(super) fn floats_from_bytes(bytes: &[u8]) -> rusqlite::Result<Vec<f32>> {
    let (words, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(damaged("a list of floats is cut off"));
    }
    Ok(words.iter().map(|w| f32::from_le_bytes(*w)).collect())
}

/// Class indices are written as `u32`; no list of classes is near that long.
fn class_bytes(class: usize) -> [u8; 4] {
    u32::try_from(class).unwrap_or(u32::MAX).to_le_bytes()
}

pub(super) fn predictions_to_bytes(top: &[Prediction]) -> Vec<u8> {
    top.iter().flat_map(|p| [class_bytes(p.class.0), p.probability.to_le_bytes()]).flatten().collect()
}

/// At least one prediction.
pub(super) fn predictions_from_bytes(bytes: &[u8]) -> rusqlite::Result<Vec<Prediction>> {
    let (words, rest) = bytes.as_chunks::<4>();
    let (pairs, odd) = words.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() || !odd.is_empty() {
        return Err(damaged("the list of predictions is cut off"));
    }
    Ok(pairs
        .iter()
        .map(|[class, probability]| Prediction {
            class: ClassId(u32::from_le_bytes(*class) as usize),
            probability: f32::from_le_bytes(*probability),
        })
        .collect())
}

/// Six words a detection, then the length of its mask and the mask (none: length 0).
pub(super) fn detections_to_bytes(detections: &[Detection]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for d in detections {
        let edges = [d.bbox.x0, d.bbox.y0, d.bbox.x1, d.bbox.y1, d.score].map(f32::to_le_bytes);
        bytes.extend(edges.as_flattened());
        bytes.extend(class_bytes(d.class));
        let mask = d.mask.as_deref().map(mask_to_bytes).unwrap_or_default();
        bytes.extend(u32::try_from(mask.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(mask);
    }
    bytes
}

/// The detections of at least `min_score`; `names` are those of the detector's classes.
pub(super) fn detections_from_bytes(
    mut bytes: &[u8],
    names: &[String],
    min_score: f32,
) -> rusqlite::Result<Vec<Detection>> {
    let cut_off = || damaged("the list of detections is cut off");
    let mut detections = Vec::new();
    while !bytes.is_empty() {
        let (words, rest) = bytes.split_at_checked(28).ok_or_else(cut_off)?;
        let ([x0, y0, x1, y1, score, class, length], _) = words.as_chunks::<4>() else { return Err(cut_off()) };
        let (mask, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut_off)?;
        bytes = rest;
        let score = f32::from_le_bytes(*score);
        if score >= min_score {
            let [x0, y0, x1, y1] = [x0, y0, x1, y1].map(|w| f32::from_le_bytes(*w));
            let class = u32::from_le_bytes(*class) as usize;
            let name = names.get(class).ok_or_else(|| damaged("a detection of an unknown class"))?.clone();
            let mask = if mask.is_empty() { None } else { Some(Arc::new(mask_from_bytes(mask)?)) };
            detections.push(Detection { bbox: BBox::new(x0, y0, x1, y1), score, class, name, mask });
        }
    }
    Ok(detections)
}

/// Box and score, then the length of the name and the name, then the length of the mask (none: 0) and the mask.
pub(super) fn rois_to_bytes(rois: &[Roi]) -> Vec<u8> {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = Vec::new();
    for roi in rois {
        let numbers = [roi.bbox.x0, roi.bbox.y0, roi.bbox.x1, roi.bbox.y1, roi.score].map(f32::to_le_bytes);
        bytes.extend(numbers.as_flattened());
        let mask = roi.mask().map(mask_to_bytes).unwrap_or_default();
        for part in [roi.name.as_bytes(), &mask] {
            bytes.extend(length(part));
            bytes.extend(part);
        }
    }
    bytes
}

pub(super) fn rois_from_bytes(mut bytes: &[u8], source: RoiSource) -> rusqlite::Result<Vec<Roi>> {
    let cut_off = || damaged("the list of regions is cut off");
    let mut rois = Vec::new();
    while !bytes.is_empty() {
        let (numbers, rest) = bytes.split_at_checked(20).ok_or_else(cut_off)?;
        let ([x0, y0, x1, y1, score], _) = numbers.as_chunks::<4>() else { return Err(cut_off()) };
        let [x0, y0, x1, y1, score] = [x0, y0, x1, y1, score].map(|word| f32::from_le_bytes(*word));
        let (name, rest) = part(rest).ok_or_else(cut_off)?;
        let (mask, rest) = part(rest).ok_or_else(cut_off)?;
        bytes = rest;
        let name = str::from_utf8(name).map_err(|_source| damaged("a region's name is no text"))?;
        let of_box = Roi::of_box(BBox::new(x0, y0, x1, y1), score, name, source);
        let of_mask = || Roi::of_mask(mask_from_bytes(mask).ok()?, score, name, source);
        rois.push(match mask {
            [] => of_box,
            _ => of_mask().ok_or_else(|| damaged("a region of no pixels"))?,
        });
    }
    Ok(rois)
}

/// What a length stands before, and what follows it.
fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// Indices in rising order as ranges: `7-24,80`.
pub(super) fn classes_to_text(classes: &[ClassId]) -> String {
    classes
        .chunk_by(|a, b| a.0 + 1 == b.0)
        .map(|range| match range {
            [one] => one.0.to_string(),
            [first, .., last] => format!("{}-{}", first.0, last.0),
            [] => String::new(),
        })
        .collect::<Vec<_>>()
        .join(",")
}

pub(super) fn classes_from_text(text: &str) -> rusqlite::Result<Vec<ClassId>> {
    let index = |t: &str| t.parse::<usize>().map_err(|_source| damaged("a list of classes with something else in it"));
    let mut classes = Vec::new();
    for range in text.split(',').filter(|r| !r.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (index(first)?, index(last)?);
        if last > MAX_CLASS {
            return Err(damaged("a class beyond any list of classes"));
        }
        classes.extend((first..=last).map(ClassId));
    }
    Ok(classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;
    use crate::mask::Mask;

    #[test]
    fn lists_come_back_as_they_went() -> rusqlite::Result<()> {
        let floats = [0.0, -0.0, 1.5e-30, f32::MAX];
        assert_eq!(floats_from_bytes(&floats_to_bytes(&floats))?, floats);
        let top =
            [Prediction { class: ClassId(999), probability: 0.75 }, Prediction { class: ClassId(0), probability: 0.1 }];
        assert_eq!(predictions_from_bytes(&predictions_to_bytes(&top))?, top);
        let names: Vec<String> = ["person", "dog"].map(Into::into).into();
        let mask = Mask::of_window(Size::new(9, 9), 1..3, 2..4, |x, y| x + y != 3);
        let mask = Some(Arc::new(mask));
        let dog = Detection { bbox: BBox::new(1.0, 2.0, 3.5, 4.0), score: 0.5, class: 1, name: "dog".into(), mask };
        let person =
            Detection { bbox: BBox::new(0.0, 0.0, 9.0, 9.0), score: 0.25, class: 0, name: "person".into(), mask: None };
        let bytes = detections_to_bytes(&[dog.clone(), person.clone()]);
        assert_eq!(detections_from_bytes(&bytes, &names, 0.0)?, [dog.clone(), person]);
        assert_eq!(detections_from_bytes(&bytes, &names, 0.5)?, [dog]);
        Ok(())
    }

    #[test]
    fn regions_come_back_as_they_went() -> rusqlite::Result<()> {
        let mask = Mask::of_window(Size::new(9, 9), 1..3, 2..4, |x, y| x + y != 3);
        let of_mask = Roi::of_mask(mask, 0.25, "Spinne, groß", RoiSource::Annotation);
        let mut rois = vec![Roi::of_box(BBox::new(1.0, 2.0, 3.5, 4.0), 1.0, "", RoiSource::Annotation)];
        rois.extend(of_mask);
        assert_eq!(rois.len(), 2);
        let bytes = rois_to_bytes(&rois);
        assert_eq!(rois_from_bytes(&bytes, RoiSource::Annotation)?, rois);
        for length in 1..bytes.len() {
            // Behind the first region the list may end.
            let cut = rois_from_bytes(&bytes[..length], RoiSource::Annotation);
            assert!(cut.map_or(true, |cut| cut == rois[..1]), "{length}");
        }
        Ok(())
    }

    #[test]
    fn classes_are_written_as_ranges() -> rusqlite::Result<()> {
        let classes = [3, 7, 8, 9, 80, 82].map(ClassId);
        assert_eq!(classes_to_text(&classes), "3,7-9,80,82");
        assert_eq!(classes_from_text("3,7-9,80,82")?, classes);
        assert_eq!(classes_from_text("")?, []);
        Ok(())
    }

    #[test]
    fn cut_off_lists_are_errors() {
        assert!(floats_from_bytes(&[0; 7]).is_err());
        assert!(predictions_from_bytes(&[0; 12]).is_err());
        assert!(predictions_from_bytes(&[]).is_err());
        assert!(detections_from_bytes(&[0; 27], &[], 0.0).is_err());
        let longer_mask = [[0; 24].as_slice(), &[1, 0, 0, 0]].concat();
        assert!(detections_from_bytes(&longer_mask, &["one".into()], 0.0).is_err());
        assert!(classes_from_text("1,x").is_err());
    }
}
