//! How the pictures of a project are made.
//!
//! Comes in: a project and the key of a picture. Goes out: its pixels. May not live here: textures, drawing. Everything here
//! runs on worker threads.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};
use eframe::egui::{Color32, ColorImage};
use image::RgbImage;
use image::imageops::{self, FilterType};

use super::project::Snapshot;
use super::textures::{Key, Layer, Part, Picture, Source};
use super::theme;
use crate::analysis::{Explanation, Measured, Outcome, RoiChoice};
use crate::colormap::Colormap;
use crate::dataset::SampleId;
use crate::geometry::Size;
use crate::overlay::{HeatMapStyle, heat_map};
use crate::preprocess::{decode, decode_reduced};
use crate::saliency::SaliencyMap;
use crate::store::{RunId, SampleResult, Store};

/// Longest side of a photo's texture; what every graphics driver can hold.
const PHOTO_SIDE: u32 = 2048;

/// Shortest side of a thumbnail: a tile of the gallery on a display of double density.
const THUMBNAIL_SIDE: u32 = 320;

/// Longest side of the masks' picture.
const MASK_SIDE: f32 = 1024.0;

/// Side of a heat map's picture: fine enough for a smooth surface between the few cells of a saliency map.
const HEAT_SIDE: u32 = 160;

/// The pictures of one run.
pub(crate) struct Library {
    file: PathBuf,
    root: PathBuf,
    run: RunId,
    rois: RoiChoice,
    only_counting: bool,
    /// Connections that no worker uses at the moment.
    idle: Mutex<Vec<Store>>,
}

impl Library {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        Self {
            file: snapshot.file.clone(),
            root: snapshot.root.clone(),
            run: snapshot.run.id,
            rois: snapshot.rois,
            only_counting: false,
            idle: Mutex::default(),
        }
    }

    /// The same without the masks of regions that do not count.
    pub(crate) fn only_counting(self) -> Self {
        Self { only_counting: true, ..self }
    }

    fn result(&self, sample: SampleId) -> anyhow::Result<SampleResult> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let store = idle().pop();
        let mut store = store.map_or_else(|| Store::open_read_only(&self.file), Ok)?;
        store.choose_rois(self.rois);
        let result = store.result(self.run, sample)?;
        idle().push(store);
        result.context("the image has not been analysed yet")
    }
}

impl Source for Library {
    fn picture(&self, (sample, layer): Key) -> anyhow::Result<Picture> {
        let result = self.result(sample)?;
        match (layer, &result.outcome) {
            (Layer::Heat(colormap), Outcome::Measured(measured)) => Ok(heat(&measured.explanation, colormap)),
            (Layer::Masks, Outcome::Measured(measured)) => Ok(masks(measured, self.only_counting)),
            (Layer::Heat(_) | Layer::Masks, Outcome::Failed(reason)) => bail!("{reason}"),
            (Layer::Part(place), _) => part(&decode(&bytes(&self.root, &result.path)?)?, place),
            (Layer::Photo, _) => Ok(photo(decode(&bytes(&self.root, &result.path)?)?)),
            (Layer::Thumbnail, _) => {
                let (pixels, image) = decode_reduced(&bytes(&self.root, &result.path)?, THUMBNAIL_SIDE)?;
                Ok(thumbnail(&pixels, image))
            }
        }
    }
}

fn bytes(root: &Path, path: &str) -> anyhow::Result<Vec<u8>> {
    let file = root.join(path);
    std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
}

fn picture(pixels: &RgbImage, image: Size) -> Picture {
    let size = [pixels.width() as usize, pixels.height() as usize];
    Picture { pixels: ColorImage::from_rgb(size, pixels.as_raw()), image, covers: image.bounds() }
}

fn photo(pixels: RgbImage) -> Picture {
    let image = Size::new(pixels.width(), pixels.height());
    if pixels.width().max(pixels.height()) <= PHOTO_SIDE {
        return picture(&pixels, image);
    }
    let scale = f64::from(PHOTO_SIDE) / f64::from(image.width.max(image.height));
    picture(&scaled(&pixels, scale), image)
}

/// A part of a photo, no larger than a tile shows it.
fn part(pixels: &RgbImage, place: Part) -> anyhow::Result<Picture> {
    let image = Size::new(pixels.width(), pixels.height());
    let place = place.inside(image).context("the photo is smaller than it was when it was analysed")?;
    let ((x, y), size) = (place.corner(), place.size());
    let cut = imageops::crop_imm(pixels, x, y, size.width, size.height).to_image();
    let scale = (f64::from(THUMBNAIL_SIDE) / f64::from(size.width.min(size.height))).min(1.0);
    Ok(Picture { covers: place.bounds(), ..picture(&scaled(&cut, scale), image) })
}

/// The thumbnail of a photo of size `image`, of which `pixels` may be a reduction.
fn thumbnail(pixels: &RgbImage, image: Size) -> Picture {
    let shorter = pixels.width().min(pixels.height());
    let scale = (f64::from(THUMBNAIL_SIDE) / f64::from(shorter)).min(1.0);
    // A panorama's thumbnail may not be larger than a photo.
    let limit = f64::from(PHOTO_SIDE) / f64::from(pixels.width().max(pixels.height()));
    picture(&scaled(pixels, scale.min(limit)), image)
}

fn scaled(pixels: &RgbImage, scale: f64) -> RgbImage {
    let side = |n: u32| ((f64::from(n) * scale).round() as u32).max(1);
    imageops::resize(pixels, side(pixels.width()), side(pixels.height()), FilterType::Triangle)
}

/// How much of the photo the inside of a mask covers; as in the pictures of the command line.
const MASK_OPACITY: f32 = 0.4;

/// The regions' masks, smaller ones over larger ones, with their edges; transparent elsewhere.
fn masks(measured: &Measured, only_counting: bool) -> Picture {
    let image = measured.explanation.image;
    let scale = (MASK_SIDE / image.width.max(image.height) as f32).min(1.0);
    let side = |n: u32| ((n as f32 * scale).round() as usize).max(1);
    let (width, height) = (side(image.width), side(image.height));
    let shown = measured.rois.iter().enumerate().filter(|(_, region)| region.standing.counts || !only_counting);
    let mut regions: Vec<_> = shown.filter_map(|(i, r)| Some((r.roi.mask()?, i))).collect();
    regions.sort_by_key(|(mask, _)| mask.area());
    // The image's pixel under the middle of a pixel of the picture.
    let pixel = |at: usize, n: usize, of: u32| ((at as f32 + 0.5) * of as f32 / n as f32) as u32;
    let mut over = Vec::with_capacity(width * height);
    for y in 0..height {
        let row = pixel(y, height, image.height);
        for x in 0..width {
            let column = pixel(x, width, image.width);
            over.push(regions.iter().find(|(mask, _)| mask.contains(column, row)).map(|(_, region)| *region));
        }
    }
    // Both pixels beside an edge are painted, so that it is seen from afar.
    let color = |at: usize| {
        let (x, y) = (at % width, at / width);
        let beside = [(x > 0, -1), (x + 1 < width, 1), (y > 0, -(width as isize)), (y + 1 < height, width as isize)];
        let others = beside.into_iter().filter(|(is_inside, _)| *is_inside);
        let other = others.map(|(_, step)| over[at.wrapping_add_signed(step)]).find(|other| *other != over[at]);
        match (over[at], other) {
            (Some(region), Some(_)) | (None, Some(Some(region))) => theme::box_color(region),
            (Some(region), None) => theme::box_color(region).gamma_multiply(MASK_OPACITY),
            (None, _) => Color32::TRANSPARENT,
        }
    };
    let pixels = (0..over.len()).map(color).collect();
    Picture { pixels: ColorImage::new([width, height], pixels), image, covers: image.bounds() }
}

/// The saliency map as a smooth surface in a colour map's colours, over the view.
fn heat(explanation: &Explanation, colormap: Colormap) -> Picture {
    let pixels = colored(&explanation.map, colormap);
    Picture { pixels, image: explanation.image, covers: explanation.view }
}

/// A map as a smooth square in a colour map's colours, its largest value in the last of them.
pub(crate) fn colored(map: &SaliencyMap, colormap: Colormap) -> ColorImage {
    let size = Size::new(HEAT_SIDE, HEAT_SIDE);
    let style = HeatMapStyle { colormap, opacity: 1.0, ..HeatMapStyle::default() };
    let colors = heat_map(map, size.bounds(), size, &style);
    ColorImage::from_rgba_unmultiplied([HEAT_SIDE as usize; 2], colors.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Prediction;
    use crate::dataset::ClassId;
    use crate::geometry::BBox;
    use crate::mask::Mask;
    use crate::roi::{Roi, RoiSource};

    #[test]
    fn a_mask_colours_its_own_pixels_and_its_edge_more_than_its_inside() -> anyhow::Result<()> {
        let image = Size::new(6, 4);
        let explanation = Explanation {
            image,
            view: image.bounds(),
            top: vec![Prediction { class: ClassId(0), probability: 1.0 }],
            target: ClassId(0),
            map: SaliencyMap::from_values(1, 1, vec![1.0]),
        };
        // Reaches the lower edge of the image, which is none of its own.
        let mask = Mask::of_window(image, 2..5, 1..4, |_, _| true);
        let roi = Roi::of_mask(mask, 0.9, "cat", RoiSource::Detector).context("the mask is not empty")?;
        let mut measured = Measured::new(explanation, vec![roi]);
        let (none, edge) = (Color32::TRANSPARENT, theme::box_color(0));
        let inside = edge.gamma_multiply(MASK_OPACITY);
        let expected = [
            [none, none, edge, edge, edge, none],
            [none, edge, edge, edge, edge, edge],
            [none, edge, edge, inside, edge, edge],
            [none, edge, edge, inside, edge, edge],
        ];
        assert_eq!(masks(&measured, true).pixels.pixels, expected.concat());
        measured.rois[0].standing.counts = false;
        assert_eq!(masks(&measured, false).pixels.pixels, expected.concat());
        assert_eq!(masks(&measured, true).pixels.pixels, [none; 24]);
        Ok(())
    }

    #[test]
    fn a_part_of_a_photo_has_its_pixels_and_its_place() -> anyhow::Result<()> {
        let pixels = RgbImage::from_fn(4, 3, |x, y| image::Rgb([x as u8, y as u8, 0]));
        let picture = part(&pixels, Part::around(BBox::new(1.2, 1.0, 2.5, 9.0)))?;
        assert_eq!(picture.covers, BBox::new(1.0, 1.0, 3.0, 3.0));
        let corner = picture.pixels.pixels.first().map(|c| (c.r(), c.g()));
        assert_eq!((picture.pixels.size, corner), ([2, 2], Some((1, 1))));
        assert!(part(&pixels, Part::around(BBox::new(8.0, 0.0, 9.0, 1.0))).is_err());
        Ok(())
    }

    #[test]
    fn large_photos_become_as_large_as_a_texture_may_be() {
        let picture = photo(RgbImage::new(4096, 1024));
        assert_eq!((picture.pixels.size, picture.image), ([2048, 512], Size::new(4096, 1024)));
        let small = thumbnail(&RgbImage::new(640, 1280), Size::new(1280, 2560));
        assert_eq!(small.pixels.size, [320, 640]);
    }
}
