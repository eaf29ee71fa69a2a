//! Where the network looks instead: the mean maps of a class and its strongest patches outside of the regions.

use std::io::Write;

use image::{Rgb, RgbImage, imageops};

use super::facts::{ClassFacts, Facts};
use super::picture::picture;
use super::text::Text;
use super::{HtmlOptions, ReportError};
use crate::analysis::{Outcome, SampleScore};
use crate::colormap::Colormap;
use crate::dataset::SampleId;
use crate::focus::{ClassFocus, FocusBuilder, MARGIN, MeanMap};
use crate::geometry::BBox;
use crate::overlay::{shrink, surface_at};
use crate::report::photos::photo;
use crate::report::words::{counted, percent};
use crate::store::Store;

/// Longest side of a patch, in pixels.
const PATCH_PX: u32 = 180;

/// Side of a mean map, in pixels.
const MAP_PX: u32 = 180;

/// Results that are held in memory at once.
const CHUNK: usize = 64;

/// Where the saliency of a class lies, with at most as many patches as the page shows.
pub(super) fn focus(
    facts: &Facts,
    class: &ClassFacts,
    store: &Store,
    options: &HtmlOptions,
) -> Result<ClassFocus, ReportError> {
    let mut builder = FocusBuilder::default();
    let ids: Vec<SampleId> = class.samples.iter().map(|&place| facts.samples[place].id).collect();
    for chunk in ids.chunks(CHUNK) {
        for result in store.results_of(facts.run.id, chunk)? {
            if let Outcome::Measured(measured) = &result.outcome {
                builder.add(result.id, measured);
            }
        }
    }
    let mut focus = builder.finish();
    focus.patches.truncate(options.patches_per_class);
    Ok(focus)
}

/// Writes the mean maps beside each other, as far as there are any.
pub(super) fn mean_maps(focus: &ClassFocus, out: &mut dyn Write) -> Result<(), ReportError> {
    for (title, mean, inset) in [
        ("Mean map", &focus.in_view, None),
        ("Around the region", &focus.around_region, Some(MARGIN / (1.0 + 2.0 * MARGIN))),
    ] {
        let Some(mean) = mean else { continue };
        write!(out, "<figure class=\"mean\"><h4>{title}</h4>")?;
        picture(&painted(mean, inset), title, out)?;
        writeln!(
            out,
            "<figcaption>{}, up to {:.1}×</figcaption></figure>",
            counted(mean.samples, "photo", "photos"),
            mean.map.max()
        )?;
    }
    Ok(())
}

/// A mean map in colours; with `inset`, a frame stands at this share of each side.
fn painted(mean: &MeanMap, inset: Option<f64>) -> RgbImage {
    let along = |at: u32| (at as f32 + 0.5) / MAP_PX as f32;
    let near = |at: u32, edge: u32| (edge..edge + 2).contains(&at);
    let first = inset.map(|share| (share * f64::from(MAP_PX)).round() as u32);
    RgbImage::from_fn(MAP_PX, MAP_PX, |x, y| {
        let is_frame = first.is_some_and(|first| {
            let last = MAP_PX - first - 2;
            let inside = |at: u32| (first..last + 2).contains(&at);
            let on_edge = |at: u32| near(at, first) || near(at, last);
            inside(x) && inside(y) && (on_edge(x) || on_edge(y))
        });
        let value = surface_at(&mean.map, [along(x), along(y)], true);
        Rgb(if is_frame { [255; 3] } else { Colormap::default().color(value) })
    })
}

/// Writes the patches, cut out of the photos as they are; nothing where all saliency lies in regions. `shown` is called after
/// each and can end the work.
pub(super) fn patches(
    facts: &Facts,
    class: &ClassFacts,
    focus: &ClassFocus,
    shown: &mut dyn FnMut() -> Result<(), ReportError>,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let (Some(outside), false) = (focus.outside, focus.patches.is_empty()) else { return Ok(()) };
    write!(
        out,
        "<h4>Where the network looks instead</h4>\n<p class=\"weak\">On average {} of the saliency lies outside of every region. \
         These are the places that hold most of it; the number is their share of the photo’s saliency.</p>\n\
         <div class=\"patches\">\n",
        percent(Some(outside))
    )?;
    let mut missing = 0;
    for (id, patch) in &focus.patches {
        let sample = class.samples.iter().map(|&place| &facts.samples[place]).find(|sample| sample.id == *id);
        match sample.and_then(|sample| Some((sample, cut(facts, sample, patch.bbox)?))) {
            Some((sample, cut)) => {
                let file = sample.path.rsplit('/').next().unwrap_or(&sample.path);
                out.write_all(b"<figure>")?;
                picture(&cut, &format!("Patch of {}", Text(&sample.path)), out)?;
                writeln!(out, "<figcaption>{} · {}</figcaption></figure>", percent(Some(patch.share)), Text(file))?;
            }
            None => missing += 1,
        }
        shown()?;
    }
    out.write_all(b"</div>\n")?;
    if missing > 0 {
        let patches = counted(missing, "patch is", "patches are");
        writeln!(out, "<p class=\"weak\">{patches} of photos that cannot be read.</p>")?;
    }
    Ok(())
}

/// A place of a photo; `None` where the photo cannot be read.
fn cut(facts: &Facts, sample: &SampleScore, bbox: BBox) -> Option<RgbImage> {
    let whole = photo(&facts.root, &sample.path, u32::MAX).ok()?;
    let [x, y, width, height] = pixels(bbox);
    Some(shrink(&imageops::crop_imm(&whole, x, y, width, height).to_image(), PATCH_PX).into_owned())
}

/// Left, top, width and height of a box in whole pixels.
fn pixels(bbox: BBox) -> [u32; 4] {
    [bbox.x0, bbox.y0, bbox.width(), bbox.height()].map(|value| value.max(0.0).round() as u32)
}
