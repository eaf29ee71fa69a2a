//! Occlusion: the score that is lost when a window of the image is covered.
//!
//! Comes in: an image and a way to score it. Goes out: the signed map at the input's resolution. May not live here: networks.

use super::SaliencyError;
use super::masked::Scoring;

/// Which windows are covered, and with what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Occlusion {
    /// Side of the square window, in input pixels.
    pub window: usize,
    /// Step between windows, in input pixels, from 1 to the window's side.
    pub stride: usize,
    /// What stands in the window, in the network's normalised units: 0 is the mean colour it was trained on.
    pub fill: f32,
}

impl Default for Occlusion {
    fn default() -> Self {
        Self { window: 32, stride: 16, fill: 0.0 }
    }
}

impl Occlusion {
    /// Number of variants of an input of this height and width.
    pub fn windows(&self, height: usize, width: usize) -> usize {
        self.starts(height).count() * self.starts(width).count()
    }

    /// Whether every pixel of an input of this height and width is covered.
    ///
    /// # Errors
    /// If the windows leave some out or are larger than the input.
    pub fn check(&self, height: usize, width: usize) -> Result<(), SaliencyError> {
        let Self { window, stride, .. } = *self;
        let most = height.min(width);
        if (1..=window).contains(&stride) && window <= most {
            return Ok(());
        }
        let needed = format!("occlusion needs 1 <= stride <= window <= {most}");
        Err(SaliencyError::Setting(format!("{needed}, not a window of {window} and a stride of {stride}")))
    }

    /// First pixels of the windows along a side; the last window reaches the edge, and may hang over it.
    fn starts(&self, side: usize) -> impl Iterator<Item = usize> + Clone {
        let steps = side.saturating_sub(self.window).div_ceil(self.stride.max(1));
        let stride = self.stride;
        (0..=steps).map(move |i| i * stride)
    }
}

/// Occlusion sensitivity (Zeiler & Fergus 2014) as captum computes it: each window adds the score that it costs to all its pixels,
/// and a pixel is divided by the number of windows over it.
///
/// # Shapes
/// `input`: `(channels, height, width)`, row-major. Result: `height * width` values.
///
/// # Errors
/// If the settings cover no pixel or leave some out, the network fails, or somebody cancels.
pub fn occlusion(
    input: &[f32],
    shape: [usize; 3],
    settings: &Occlusion,
    score: f32,
    scoring: &Scoring<'_>,
) -> Result<Vec<f32>, SaliencyError> {
    let [_, height, width] = shape;
    settings.check(height, width)?;
    let windows: Vec<_> = settings
        .starts(height)
        .flat_map(|y| {
            settings
                .starts(width)
                .map(move |x| (y..(y + settings.window).min(height), x..(x + settings.window).min(width)))
        })
        .collect();
    let scores = scoring.scores(windows.len(), shape, |i, variant| {
        variant.copy_from_slice(input);
        let (rows, columns) = &windows[i];
        for plane in variant.chunks_exact_mut(height * width) {
            for row in rows.clone() {
                plane[row * width..][columns.clone()].fill(settings.fill);
            }
        }
    })?;
    let (mut lost, mut covered) = (vec![0f64; height * width], vec![0u32; height * width]);
    for ((rows, columns), without) in windows.iter().zip(scores) {
        for row in rows.clone() {
            for at in columns.clone().map(|x| row * width + x) {
                lost[at] += f64::from(score) - without;
                covered[at] += 1;
            }
        }
    }
    Ok(lost.iter().zip(covered).map(|(lost, n)| (lost / f64::from(n)) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::super::masked::tests::{never, place_weighted};
    use super::*;

    fn scoring() -> Scoring<'static> {
        Scoring { batch: 5, cancelled: &never, score: &place_weighted }
    }

    #[test]
    fn windows_of_one_pixel_give_each_pixels_part() -> Result<(), SaliencyError> {
        let settings = Occlusion { window: 1, stride: 1, fill: 0.0 };
        let map = occlusion(&[1.0, 2.0, 3.0, 4.0], [1, 2, 2], &settings, 20.0, &scoring())?;
        assert_eq!(map, [0.0, 2.0, 6.0, 12.0]);
        Ok(())
    }

    #[test]
    fn a_pixel_is_the_mean_of_the_windows_over_it() -> Result<(), SaliencyError> {
        // Places 0 1 2, 3 4 5, 6 7 8; windows of 2 cost 8, 12, 20, 24.
        let settings = Occlusion { window: 2, stride: 1, fill: 0.0 };
        let map = occlusion(&[1.0; 9], [1, 3, 3], &settings, 36.0, &scoring())?;
        assert_eq!(map, [8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 22.0, 24.0]);
        Ok(())
    }

    #[test]
    fn the_last_window_may_hang_over_the_edge() {
        let settings = Occlusion { window: 32, stride: 20, fill: 0.0 };
        assert_eq!(settings.starts(100).collect::<Vec<_>>(), [0, 20, 40, 60, 80]);
        assert_eq!(Occlusion::default().windows(224, 224), 169);
    }

    #[test]
    fn a_stride_that_skips_pixels_is_refused() {
        let settings = Occlusion { window: 1, stride: 2, fill: 0.0 };
        let error = occlusion(&[1.0; 9], [1, 3, 3], &settings, 1.0, &scoring()).err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("stride of 2")));
    }
}
