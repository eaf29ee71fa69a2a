//! `camroi export` in the formats of annotations.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::output;
use crate::analysis::Outcome;
use crate::annotations::export::{ExportedImage, coco, voc, yolo};
use crate::geometry::Size;
use crate::roi::Roi;
use crate::store::{RunId, Store};

/// A format that only has regions in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RegionFormat {
    /// One file.
    Coco,
    /// A folder with a file for each photo.
    Voc,
    /// A folder with a file for each photo and one for the names.
    Yolo,
}

/// The regions of one photo.
struct Photo {
    path: String,
    size: Size,
    rois: Vec<Roi>,
}

impl Photo {
    fn exported(&self) -> ExportedImage<'_> {
        ExportedImage { path: &self.path, size: self.size, rois: &self.rois }
    }
}

/// Writes the regions of a run's photos to `out`: a file, or a folder where the format needs one. Failed photos have none
/// and are left out.
pub(super) fn export_regions(store: &Store, run: RunId, format: RegionFormat, out: Option<&Path>) -> Result<()> {
    let mut photos = Vec::new();
    store.for_each_result(run, |sample| {
        if let Outcome::Measured(measured) = sample.outcome {
            let rois = measured.rois.into_iter().map(|region| region.roi).collect();
            photos.push(Photo { path: sample.path, size: measured.explanation.image, rois });
        }
        anyhow::Ok(())
    })?;
    write_regions(&photos, format, out)
}

fn write_regions(photos: &[Photo], format: RegionFormat, out: Option<&Path>) -> Result<()> {
    let images: Vec<_> = photos.iter().map(Photo::exported).collect();
    if format == RegionFormat::Coco {
        return output::write_to(out, |out| Ok(serde_json::to_writer(out, &coco(&images))?));
    }
    let folder = out.context("this format is a folder of files, name it with --out")?;
    ensure!(!folder.exists(), "exists already, nothing was written: {}", folder.display());
    for (name, text) in files(&images, format) {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;
        output::write_to(Some(&path), |out| Ok(out.write_all(text.as_bytes())?))?;
    }
    Ok(())
}

/// The files of a format that has one for each photo, with the folders of the data set.
fn files(images: &[ExportedImage<'_>], format: RegionFormat) -> Vec<(PathBuf, String)> {
    if format == RegionFormat::Yolo {
        let labels = yolo(images);
        let names = (PathBuf::from("classes.txt"), labels.classes);
        return std::iter::once(names)
            .chain(labels.files.into_iter().map(|(path, text)| (path.into(), text)))
            .collect();
    }
    images.iter().map(|image| (Path::new(image.path).with_extension("xml"), voc(image))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotations::load;
    use crate::geometry::BBox;
    use crate::roi::RoiSource;

    fn photos() -> [Photo; 2] {
        let roi = Roi::of_box(BBox::new(10.0, 20.0, 30.0, 40.0), 0.5, "bird", RoiSource::Detector);
        let photo = |path: &str, rois| Photo { path: path.into(), size: Size::new(100, 80), rois };
        [photo("bird/1.jpg", vec![roi]), photo("dam/1.jpg", Vec::new())]
    }

    #[test]
    fn every_format_is_read_back() -> Result<()> {
        let root = tempfile::tempdir()?;
        for (format, name) in [(RegionFormat::Coco, "a.json"), (RegionFormat::Voc, "voc"), (RegionFormat::Yolo, "yolo")]
        {
            let out = root.path().join(name);
            write_regions(&photos(), format, Some(&out))?;
            let read = load(&out)?;
            let boxes: Vec<Vec<BBox>> = read
                .images
                .iter()
                .map(|image| Ok(image.rois(Size::new(100, 80))?.iter().map(|roi| roi.bbox).collect()))
                .collect::<Result<_>>()?;
            assert_eq!(boxes.len(), 2, "{name}");
            assert!(boxes[0][0].iou(BBox::new(10.0, 20.0, 30.0, 40.0)) > 0.999 && boxes[1].is_empty(), "{name}");
        }
        Ok(())
    }

    #[test]
    fn a_folder_that_exists_is_left_alone_and_a_missing_one_asked_for() -> Result<()> {
        let root = tempfile::tempdir()?;
        let error = write_regions(&photos(), RegionFormat::Voc, Some(root.path())).map_err(|e| e.to_string());
        assert!(error.is_err_and(|e| e.starts_with("exists already")));
        let error = write_regions(&photos(), RegionFormat::Yolo, None).map_err(|e| e.to_string());
        assert!(error.is_err_and(|e| e.contains("--out")));
        assert_eq!(std::fs::read_dir(root.path())?.count(), 0);
        Ok(())
    }
}
