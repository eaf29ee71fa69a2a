//! Contact sheets of a class, and single pictures, at full resolution.

use std::ops::ControlFlow;

use image::RgbImage;

use super::photos::{overlaid, photo};
use super::words::{counted, percent};
use super::{PageProgress, ReportError};
use crate::analysis::{Outcome, SampleScore};
use crate::dataset::readable_class;
use crate::overlay::{SheetLayout, Style, Tile, sheet};
use crate::store::{RunInfo, SampleResult, Store};
use crate::summary::class_of;

/// What a sheet shows.
#[derive(Clone, Debug, PartialEq)]
pub struct SheetOptions {
    /// Name of the class.
    pub class: String,
    /// Photos, at most.
    pub limit: usize,
    /// How the sheet is divided.
    pub layout: SheetLayout,
    /// What is drawn over the photos; `None` leaves them as they are.
    pub style: Option<Style>,
}

impl SheetOptions {
    /// The usual sheet of a class.
    pub fn of_class(class: impl Into<String>) -> Self {
        let layout = SheetLayout { columns: 6, tile_px: 360 };
        Self { class: class.into(), limit: 120, layout, style: Some(Style::default()) }
    }
}

/// The photos of a class on one sheet, lowest fit first, then those without one, then the failed ones. `progress` is called
/// before the first photo and after each, and ends the work by breaking.
///
/// # Errors
/// If the project cannot be read, it has no such class, the sheet would be too large, or `progress` breaks. A photo that
/// cannot be read is left white, and its caption says so.
pub fn class_sheet(
    store: &Store,
    run: &RunInfo,
    options: &SheetOptions,
    progress: &mut dyn FnMut(PageProgress) -> ControlFlow<()>,
) -> Result<RgbImage, ReportError> {
    let names = &run.settings.classifier.class_names;
    let mut samples = store.scores(run.id)?;
    samples.retain(|sample| class_of(sample, names) == Some(options.class.as_str()));
    if samples.is_empty() {
        return Err(ReportError::NoSuchClass(options.class.clone()));
    }
    let all = samples.len();
    samples.sort_by(|a, b| rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1)).then(a.path.cmp(&b.path)));
    samples.truncate(options.limit);
    options.layout.size(samples.len()).ok_or(ReportError::SheetSize(samples.len()))?;
    let root = store.root()?;
    let mut tiles = Vec::with_capacity(samples.len());
    for (done, sample) in samples.iter().enumerate() {
        tell(progress, done, samples.len())?;
        if let Some(result) = store.result(run.id, sample.id)? {
            tiles.push(tile(&root, &result, names, options));
        }
    }
    tell(progress, samples.len(), samples.len())?;
    let mut title = format!("{}: {}", readable_class(&options.class), counted(all, "photo", "photos"));
    if samples.len() < all {
        title.push_str(&format!(", {} with the lowest fit", samples.len()));
    }
    sheet(&title, &tiles, options.layout).ok_or(ReportError::SheetSize(tiles.len()))
}

/// One photo at its own size with what `style` asks for.
///
/// # Errors
/// If the project has no result of the sample, or the photo cannot be read.
pub fn sample_picture(store: &Store, result: &SampleResult, style: &Style) -> Result<RgbImage, ReportError> {
    match &result.outcome {
        Outcome::Failed(reason) => Err(ReportError::NoPicture(result.path.clone(), reason.clone())),
        Outcome::Measured(measured) => {
            let photo = photo(&store.root()?, &result.path, u32::MAX)
                .map_err(|error| ReportError::NoPicture(result.path.clone(), error.to_string()))?;
            Ok(overlaid(&photo, measured, style))
        }
    }
}

fn tell(
    progress: &mut dyn FnMut(PageProgress) -> ControlFlow<()>,
    done: usize,
    total: usize,
) -> Result<(), ReportError> {
    match progress(PageProgress { done, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(ReportError::Cancelled),
    }
}

/// Rises with the place on the sheet.
fn rank(sample: &SampleScore) -> (u8, f64) {
    match sample.score.map(|score| score.fit.value()) {
        Some(Some(fit)) => (0, fit),
        Some(None) => (1, 0.0),
        None => (2, 0.0),
    }
}

fn tile(root: &std::path::Path, result: &SampleResult, names: &[String], options: &SheetOptions) -> Tile {
    let file = result.path.rsplit('/').next().unwrap_or(&result.path).to_owned();
    let measured = match &result.outcome {
        Outcome::Failed(reason) => return Tile { picture: RgbImage::new(0, 0), caption: [file, reason.clone()] },
        Outcome::Measured(measured) => measured,
    };
    let photo = match photo(root, &result.path, options.layout.tile_px) {
        Ok(photo) => photo,
        Err(error) => return Tile { picture: RgbImage::new(0, 0), caption: [file, error.to_string()] },
    };
    let picture = match &options.style {
        Some(style) => overlaid(&photo, measured, style),
        None => photo,
    };
    let fit = measured.fit.value().map_or_else(|| "no fit".to_owned(), |fit| format!("fit {}", percent(Some(fit))));
    let predicted = measured.explanation.top.first().map_or_else(String::new, |best| {
        let name = readable_class(super::class_name(names, best.class));
        format!(" · {name} {}", percent(Some(f64::from(best.probability))))
    });
    Tile { picture, caption: [file, fit + &predicted] }
}
