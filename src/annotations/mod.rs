//! Annotations: regions that people or other programs have marked, in the formats of the field.
//!
//! Comes in: a file or folder of annotations ([`load`]), and the samples they belong to ([`match_samples`]). Goes out:
//! [`AnnotatedImage`]s, which become [`Roi`]s once the image's size is known, and files for other programs ([`export`]). May
//! not live here: pictures, networks, fits, project files.
//!
//! | format | recognised by |
//! |---|---|
//! | Pascal VOC and ImageNet localisation, one XML file per image | root element `annotation` |
//! | CVAT for images | root element `annotations` |
//! | ImageNet localisation as Kaggle has it | CSV with the columns `ImageId,PredictionString` |
//! | COCO | JSON object with `images` and `annotations` |
//! | COCO results, as Detectron2 writes them | JSON list |
//! | LabelMe, one JSON file per image | JSON object with `shapes` |
//! | YOLO boxes and segments, one text file per image | `.txt` files, with `classes.txt` or a YAML file for the names |

mod base64;
mod coco;
mod cvat;
pub mod export;
mod kaggle;
mod labelme;
mod load;
mod matching;
mod results;
mod rle;
mod voc;
mod xml;
mod yolo;

pub use load::{AnnotationError, Annotations, Format, load};
pub use matching::{Matched, match_samples};

use crate::geometry::{Affine, BBox, Size};
use crate::mask::Mask;
use crate::roi::{Ring, Roi, RoiSource};

/// What is marked in one image.
#[derive(Clone, Debug, PartialEq)]
pub struct AnnotatedImage {
    /// What the annotations call the image, best name first: paths or file names, with or without their ending.
    pub names: Vec<String>,
    /// What the numbers count.
    pub frame: Frame,
    /// What is marked.
    pub objects: Vec<Object>,
}

/// What the coordinates of annotations count, from the image's upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Frame {
    /// Pixels of the image, whatever its size.
    Pixels,
    /// Pixels of the image as it was when it was annotated.
    PixelsOf(Size),
    /// Shares of the image's width and height.
    Shares,
}

/// One marked object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// What it is called.
    pub name: String,
    /// Confidence, `0.0..=1.0`; 1 where the format has none.
    pub score: f32,
    /// Where it is.
    pub outline: Outline,
}

/// Where an object is, in the units of its [`Frame`].
#[derive(Clone, Debug, PartialEq)]
pub enum Outline {
    /// A box.
    Box(BBox),
    /// The inside of any of the rings.
    Polygon(Vec<Ring>),
    /// Pixels; only in frames of pixels.
    Mask(Mask),
}

/// The annotations were made on a picture of other proportions: turned, cropped, or another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("annotated at {} × {} pixels, but the image has {} × {}", annotated.width, annotated.height, image.width, image.height)]
pub struct OtherProportions {
    /// Size the annotations are for.
    pub annotated: Size,
    /// Size of the image.
    pub image: Size,
}

/// Relative difference of the proportions up to which two sizes are the same picture, resized and rounded to whole pixels.
const SAME_PROPORTIONS: f64 = 0.01;

impl AnnotatedImage {
    /// The objects as regions of an image of `size`, best score first, clipped to the image; those with nothing inside it are
    /// left out. Annotations of the same picture at another resolution are scaled.
    ///
    /// # Errors
    /// If the annotations are for a picture of other proportions.
    pub fn rois(&self, size: Size) -> Result<Vec<Roi>, OtherProportions> {
        let image_from_frame = self.frame.image_from_frame(size)?;
        let mut rois: Vec<_> = self.objects.iter().filter_map(|o| o.roi(image_from_frame, size)).collect();
        rois.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(rois)
    }
}

impl Frame {
    fn image_from_frame(self, image: Size) -> Result<Affine, OtherProportions> {
        let annotated = match self {
            Self::Pixels => image,
            Self::PixelsOf(size) => size,
            Self::Shares => Size::new(1, 1),
        };
        let crossed = |a: Size, b: Size| f64::from(a.width) * f64::from(b.height);
        let ratio = crossed(annotated, image) / crossed(image, annotated);
        // Not a number where a side is 0.
        let same = (ratio - 1.0).abs() <= SAME_PROPORTIONS;
        if !same && self != Self::Shares {
            return Err(OtherProportions { annotated, image });
        }
        Ok(Affine::between(annotated.bounds(), image.bounds()))
    }
}

impl Object {
    fn roi(&self, image_from_frame: Affine, image: Size) -> Option<Roi> {
        let source = RoiSource::Annotation;
        match &self.outline {
            Outline::Box(bbox) => {
                let bbox = image_from_frame.bbox(*bbox).intersection(image.bounds())?;
                Some(Roi::of_box(bbox, self.score, &self.name, source))
            }
            Outline::Polygon(rings) => {
                let moved = |[x, y]: &[f32; 2]| <[f32; 2]>::from(image_from_frame.point(*x, *y));
                let rings = rings.iter().map(|ring| ring.iter().map(moved).collect()).collect();
                Roi::of_polygon(rings, image, self.score, &self.name, source)
            }
            Outline::Mask(mask) if mask.size() == image => Roi::of_mask(mask.clone(), self.score, &self.name, source),
            Outline::Mask(mask) => {
                // Each pixel of the image takes what the mask says at its centre.
                let mask_from_image = image_from_frame.inverse();
                let resized = Mask::of_window(image, 0..image.width, 0..image.height, |x, y| {
                    let (x, y) = mask_from_image.point(x as f32 + 0.5, y as f32 + 0.5);
                    mask.contains(x as u32, y as u32)
                });
                Roi::of_mask(resized, self.score, &self.name, source)
            }
        }
    }
}

/// What is wrong with a file of annotations and where; the path is added by [`load`].
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    /// Line or key.
    place: String,
    reason: String,
}

impl Fault {
    fn new(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: place.into(), reason: reason.into() }
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        // serde_json names the key and the column itself.
        Self::new(format!("line {}", error.line()), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(frame: Frame, bbox: BBox) -> AnnotatedImage {
        let object = Object { name: "dog".into(), score: 1.0, outline: Outline::Box(bbox) };
        AnnotatedImage { names: vec!["a.jpg".into()], frame, objects: vec![object] }
    }

    fn bboxes(image: &AnnotatedImage, size: Size) -> Result<Vec<BBox>, OtherProportions> {
        Ok(image.rois(size)?.iter().map(|roi| roi.bbox).collect())
    }

    #[test]
    fn boxes_are_scaled_to_the_image_and_clipped() {
        let size = Size::new(200, 100);
        let bbox = BBox::new(-5.0, 10.0, 40.0, 50.0);
        assert_eq!(bboxes(&boxed(Frame::Pixels, bbox), size), Ok(vec![BBox::new(0.0, 10.0, 40.0, 50.0)]));
        let half = Frame::PixelsOf(Size::new(100, 50));
        assert_eq!(bboxes(&boxed(half, bbox), size), Ok(vec![BBox::new(0.0, 20.0, 80.0, 100.0)]));
        let shares = boxed(Frame::Shares, BBox::new(0.25, 0.5, 0.5, 1.0));
        assert_eq!(bboxes(&shares, size), Ok(vec![BBox::new(50.0, 50.0, 100.0, 100.0)]));
        assert_eq!(bboxes(&boxed(Frame::Pixels, BBox::new(200.0, 0.0, 300.0, 10.0)), size), Ok(vec![]));
    }

    #[test]
    fn a_picture_turned_since_is_an_error() {
        let turned = boxed(Frame::PixelsOf(Size::new(100, 200)), BBox::new(0.0, 0.0, 9.0, 9.0));
        assert_eq!(
            turned.rois(Size::new(200, 100)).map_err(|e| e.to_string()),
            Err("annotated at 100 × 200 pixels, but the image has 200 × 100".into())
        );
        let without_size = boxed(Frame::PixelsOf(Size::new(0, 0)), BBox::new(0.0, 0.0, 9.0, 9.0));
        assert!(without_size.rois(Size::new(200, 100)).is_err());
    }

    #[test]
    fn a_mask_of_half_the_resolution_grows() -> Result<(), OtherProportions> {
        let mask = Mask::of_window(Size::new(10, 5), 2..4, 1..3, |_, _| true);
        let object = Object { name: "dog".into(), score: 1.0, outline: Outline::Mask(mask) };
        let image = AnnotatedImage { names: vec![], frame: Frame::PixelsOf(Size::new(10, 5)), objects: vec![object] };
        let rois = image.rois(Size::new(20, 10))?;
        assert_eq!((rois[0].bbox, rois[0].mask().map(Mask::area)), (BBox::new(4.0, 2.0, 8.0, 6.0), Some(16)));
        Ok(())
    }
}
