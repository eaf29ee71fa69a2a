//! Bilinear interpolation between the four nearest pixels at any scale, in floating point: what PyTorch's `interpolate`
//! does with `align_corners=False` and without `antialias`, and with it torchvision's detectors.

use image::RgbImage;

use super::resample::Window;
use crate::geometry::Size;

/// The pixels inside `window` of `image` resized to `resized`: `(rows, columns, 3)`, 0..=255 and not rounded:
/// a network may make much of a difference of single precision's rounding.
pub(super) fn interpolate(image: &RgbImage, resized: Size, window: Window) -> Vec<f64> {
    let columns = neighbours(image.width(), resized.width, window.x, window.width);
    let rows = neighbours(image.height(), resized.height, window.y, window.height);
    let source = image.as_raw().as_slice();
    let row_len = 3 * image.width() as usize;
    let mut out = Vec::with_capacity(rows.len() * columns.len() * 3);
    for row in &rows {
        let (upper, lower) = (&source[row.low * row_len..][..row_len], &source[row.high * row_len..][..row_len]);
        for column in &columns {
            for channel in 0..3 {
                let (left, right) = (3 * column.low + channel, 3 * column.high + channel);
                let line = |line: &[u8]| column.between(f64::from(line[left]), f64::from(line[right]));
                out.push(row.between(line(upper), line(lower)));
            }
        }
    }
    out
}

/// Two input pixels of an axis and how far towards the second the output pixel lies.
struct Neighbours {
    low: usize,
    high: usize,
    fraction: f64,
}

impl Neighbours {
    fn between(&self, low: f64, high: f64) -> f64 {
        low * (1.0 - self.fraction) + high * self.fraction
    }
}

/// The neighbours of the `count` output pixels from `start` on, of an axis that goes from `from` to `to` pixels.
fn neighbours(from: u32, to: u32, start: u32, count: u32) -> Vec<Neighbours> {
    let scale = f64::from(from) / f64::from(to);
    let last = from as usize - 1;
    (start..start + count)
        .map(|out| {
            let at = ((f64::from(out) + 0.5) * scale - 0.5).max(0.0);
            let low = (at as usize).min(last);
            Neighbours { low, high: (low + 1).min(last), fraction: at - low as f64 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(size: Size) -> Window {
        Window { x: 0, y: 0, width: size.width, height: size.height }
    }

    fn row(values: &[u8]) -> RgbImage {
        RgbImage::from_fn(values.len() as u32, 1, |x, _| image::Rgb([values[x as usize]; 3]))
    }

    #[test]
    fn enlarging_reads_between_pixels_and_holds_the_edges() {
        let wide = interpolate(&row(&[0, 100]), Size::new(4, 1), all(Size::new(4, 1)));
        let first: Vec<f64> = wide.chunks_exact(3).map(|p| p[0]).collect();
        assert_eq!(first, [0.0, 25.0, 75.0, 100.0]);
    }

    #[test]
    fn shrinking_skips_pixels() {
        // Position 1.5 of four pixels: the outer ones do not count.
        let one = interpolate(&row(&[255, 10, 20, 255]), Size::new(1, 1), all(Size::new(1, 1)));
        assert_eq!(one, [15.0; 3]);
    }

    #[test]
    fn the_same_size_is_a_copy() {
        let image = RgbImage::from_fn(5, 7, |x, y| image::Rgb([(x * 40) as u8, (y * 30) as u8, (x * y) as u8]));
        let copied = interpolate(&image, Size::new(5, 7), all(Size::new(5, 7)));
        assert!(copied.iter().zip(image.as_raw()).all(|(a, b)| *a == f64::from(*b)));
    }
}
