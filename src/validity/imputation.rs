//! Pixels replaced by what their neighbours suggest.
//!
//! Comes in: planes of an image and the pixels to replace. Goes out: the planes with those filled in. May not live here: which
//! pixels are chosen, networks.

use crate::saliency::noise::Noise;

/// Weight of a neighbour that shares an edge with a pixel.
const DIRECT: f64 = 1.0 / 6.0;
/// Weight of a neighbour at a corner.
const DIAGONAL: f64 = 1.0 / 12.0;
/// Over-relaxation, which makes large holes fill in in hundreds of rounds instead of tens of thousands.
const RELAXATION: f64 = 1.9;
const MAX_ROUNDS: usize = 400;
/// Largest change of a round, in the image's own units, at which it is done.
const SETTLED: f64 = 1e-3;
/// Standard deviation of the noise that is added to what was filled in.
const NOISE: f64 = 0.01;

/// Noisy linear imputation (Rong et al. 2022): every removed pixel is the weighted mean of its up to eight neighbours, all at once,
/// plus a little noise, so that the shape of the removed area is not visible. Where everything is removed all pixels become 0.
///
/// # Shapes
/// `planes`: planes of `removed.len()` pixels in rows of `width`, row-major.
pub(super) fn impute(planes: &mut [f32], width: usize, removed: &[bool], noise: Noise) {
    let height = removed.len() / width;
    for (p, plane) in planes.chunks_exact_mut(removed.len()).enumerate() {
        let kept = plane.iter().zip(removed).filter(|(_, r)| !**r).map(|(v, _)| f64::from(*v));
        let (sum, count) = kept.fold((0.0, 0usize), |(s, n), v| (s + v, n + 1));
        let start = if count == 0 { 0.0 } else { sum / count as f64 };
        let mut values: Vec<f64> =
            plane.iter().zip(removed).map(|(v, r)| if *r { start } else { f64::from(*v) }).collect();
        for _ in 0..MAX_ROUNDS {
            if round(&mut values, width, height, removed) < SETTLED {
                break;
            }
        }
        let noise = noise.stream(p as u64);
        for (i, (out, value)) in plane.iter_mut().zip(values).enumerate().filter(|(i, _)| removed[*i]) {
            *out = (value + NOISE * noise.normal(i as u64)) as f32;
        }
    }
}

/// Moves every removed pixel past the mean of its neighbours; returns the largest change.
fn round(values: &mut [f64], width: usize, height: usize, removed: &[bool]) -> f64 {
    let mut largest = 0f64;
    for at in (0..values.len()).filter(|at| removed[*at]) {
        let (x, y) = (at % width, at / width);
        let (mut sum, mut total) = (0.0, 0.0);
        for v in y.saturating_sub(1)..(y + 2).min(height) {
            for u in x.saturating_sub(1)..(x + 2).min(width) {
                let weight = match (u == x, v == y) {
                    (true, true) => continue,
                    (false, false) => DIAGONAL,
                    _ => DIRECT,
                };
                sum += weight * values[v * width + u];
                total += weight;
            }
        }
        if total > 0.0 {
            let change = RELAXATION * (sum / total - values[at]);
            values[at] += change;
            largest = largest.max(change.abs());
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_in_a_slope_is_filled_with_the_slope() {
        let (width, height) = (12, 9);
        let slope = |i: usize| (i % width) as f32 * 0.5 + (i / width) as f32 * 0.25;
        let removed: Vec<_> =
            (0..width * height).map(|i| (3..9).contains(&(i % width)) && (2..7).contains(&(i / width))).collect();
        let mut plane: Vec<f32> = (0..width * height).map(|i| if removed[i] { 99.0 } else { slope(i) }).collect();
        impute(&mut plane, width, &removed, Noise(1));
        for (i, value) in plane.iter().enumerate() {
            // Four standard deviations of the noise, and what the last round left.
            assert!((value - slope(i)).abs() < 0.05, "pixel {i}: {value} for {}", slope(i));
        }
    }

    #[test]
    fn nothing_removed_is_nothing_changed() {
        let mut plane = [1.0, 2.0, 3.0, 4.0];
        impute(&mut plane, 2, &[false; 4], Noise(1));
        assert_eq!(plane, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn an_image_of_which_nothing_is_left_is_near_zero() {
        let mut plane = [9f32; 16];
        impute(&mut plane, 4, &[true; 16], Noise(1));
        assert!(plane.iter().all(|v| v.abs() < 0.1));
    }
}
