//! ImageNet localisation in the CSV of its Kaggle release: `ImageId,PredictionString`.

use super::{AnnotatedImage, Fault, Frame, Object, Outline};
use crate::geometry::BBox;

/// Whether the first line is that of such a file.
pub(super) fn is_header(line: &str) -> bool {
    line.trim_start_matches('\u{feff}').trim_end() == "ImageId,PredictionString"
}

/// The images of the file: per line an image and `class x0 y0 x1 y1` for each of its boxes.
pub(super) fn parse(text: &str) -> Result<Vec<AnnotatedImage>, Fault> {
    let lines = text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(i, line)| image(line).map_err(|reason| Fault::new(format!("line {}", i + 1), reason))).collect()
}

fn image(line: &str) -> Result<AnnotatedImage, String> {
    let (name, boxes) = line.split_once(',').ok_or("there is no comma")?;
    let words: Vec<_> = boxes.split_whitespace().collect();
    let (objects, rest) = words.as_chunks();
    if !rest.is_empty() {
        return Err(format!("{} words are no multiple of class x0 y0 x1 y1", words.len()));
    }
    let objects = objects.iter().map(object).collect::<Result<_, _>>()?;
    Ok(AnnotatedImage { names: vec![name.to_owned()], frame: Frame::Pixels, objects })
}

fn object([class, corners @ ..]: &[&str; 5]) -> Result<Object, String> {
    let mut numbers = [0.0; 4];
    for (number, word) in numbers.iter_mut().zip(corners) {
        *number = word.parse().ok().ok_or_else(|| format!("{word:?} is not a number"))?;
    }
    let [x0, y0, x1, y1] = numbers;
    Ok(Object { name: (*class).to_owned(), score: 1.0, outline: Outline::Box(BBox::new(x0, y0, x1, y1)) })
}
