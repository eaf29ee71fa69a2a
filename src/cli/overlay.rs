//! `camroi overlay`: pictures with boxes and heat map.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use image::RgbImage;

use super::args::OverlayArgs;
use super::tables::latest_run;
use super::{Status, output};
use crate::analysis::{Measured, Outcome};
use crate::overlay::{HeatMapStyle, Style, draw, encode_png};
use crate::preprocess::decode;
use crate::run::load_models;
use crate::summary::class_by;

pub(super) fn overlay(args: &OverlayArgs) -> Result<Status> {
    let projects = args.inputs.iter().filter(|path| is_project(path)).count();
    match (projects, args.inputs.as_slice()) {
        (1, [file]) => of_project(args, file),
        (0, photos) => {
            ensure!(args.class.is_none(), "--class chooses among the samples of a project, photos have none");
            of_photos(args, photos)
        }
        _ => bail!("give either photos or one project file"),
    }
}

fn is_project(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "camroi")
}

fn of_project(args: &OverlayArgs, file: &Path) -> Result<Status> {
    let store = args.rois.open(file)?;
    let run = latest_run(&store)?;
    let root = store.root()?;
    let names = &run.settings.classifier.class_names;
    let (mut drawn, mut status) = (0, Status::Fine);
    store.for_each_result(run.id, |sample| {
        let class = class_by(sample.label.as_deref(), sample.score.as_ref(), names);
        if args.class.is_some() && args.class.as_deref() != class {
            return Ok(());
        }
        let picture = match &sample.outcome {
            Outcome::Failed(reason) => Err(anyhow::anyhow!("{reason}")),
            Outcome::Measured(measured) => {
                read(&root.join(&sample.path)).and_then(|image| picture(args, &image, measured))
            }
        };
        drawn += 1;
        finish(picture, &sample.path, &args.out.join(format!("{}.png", sample.path)), &mut status)
    })?;
    if drawn == 0 {
        bail!("the project has no sample of the class {}", args.class.as_deref().unwrap_or("that was asked for"));
    }
    Ok(status)
}

fn of_photos(args: &OverlayArgs, photos: &[PathBuf]) -> Result<Status> {
    ensure!(args.models.annotations().is_none(), "annotations count in a project: analyze the photos with them first");
    let models = load_models(&args.models.request())?;
    let min_score = args.rois.choice().min_score.or(models.detector.as_ref().map(|d| d.roi_score())).unwrap_or(0.0);
    let mut status = Status::Fine;
    for photo in photos {
        let name = photo.file_name().with_context(|| format!("not a photo: {}", photo.display()))?;
        let picture = read(photo).and_then(|image| picture(args, &image, &models.measure(&image, min_score)?));
        let mut target = name.to_owned();
        target.push(".png");
        finish(picture, &photo.to_string_lossy(), &args.out.join(target), &mut status)?;
    }
    Ok(status)
}

fn read(path: &Path) -> Result<RgbImage> {
    Ok(decode(&fs::read(path)?)?)
}

fn picture(args: &OverlayArgs, image: &RgbImage, measured: &Measured) -> Result<Vec<u8>> {
    let usual = HeatMapStyle::of(args.rendering.into());
    let look = HeatMapStyle {
        colormap: args.colormap.into(),
        opacity: args.opacity.unwrap_or(usual.opacity),
        threshold: args.threshold.unwrap_or(usual.threshold),
        is_smooth: !args.grid,
        ..usual
    };
    let style = Style { heat_map: Some(look), ..Style::default() };
    Ok(encode_png(&draw(image, measured, &style))?)
}

/// Writes a picture to a new file and names it, or says why there is none.
fn finish(picture: Result<Vec<u8>>, photo: &str, target: &Path, status: &mut Status) -> Result<()> {
    match picture {
        Ok(bytes) => {
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            }
            output::write_to(Some(target), |out| Ok(out.write_all(&bytes)?))?;
            output::print(&format!("{}\n", target.display()))
        }
        Err(error) => {
            eprintln!("failed: {photo}: {error:#}");
            *status = Status::SomeFailed;
            Ok(())
        }
    }
}
