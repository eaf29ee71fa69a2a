//! The formulas, on a picture and the pixels of a region.
//!
//! Comes in: a [`Picture`] and one flag a pixel. Goes out: numbers from 0 to 1. May not live here: boxes, views.

use super::Picture;

/// Share of the sum of all values of at least `from` that is in the region; `from` is at most the picture's largest value, which
/// is above 0.
pub(super) fn mass_inside(picture: &Picture, inside: &[bool], from: f32) -> f64 {
    let (mut part, mut whole) = (0.0, 0.0);
    for (value, inside) in picture.values().iter().zip(inside).filter(|(v, _)| **v >= from) {
        whole += f64::from(*value);
        part += if *inside { f64::from(*value) } else { 0.0 };
    }
    part / whole
}

/// 1 where the largest value lies less than `tolerance` pixels from a pixel of the region; where several pixels share the
/// largest value, the share of them that do.
pub(super) fn pointing_game(picture: &Picture, inside: &[bool], tolerance: f64) -> f64 {
    let width = picture.width();
    let max = picture.max();
    let region: Vec<(f64, f64)> =
        edge_pixels(inside, width).map(|at| ((at % width) as f64, (at / width) as f64)).collect();
    let hits = |at: usize| {
        let (x, y) = ((at % width) as f64, (at / width) as f64);
        inside[at] || region.iter().any(|(u, v)| (u - x).powi(2) + (v - y).powi(2) < tolerance * tolerance)
    };
    let (mut hit, mut all) = (0usize, 0usize);
    for (at, _) in picture.values().iter().enumerate().filter(|(_, v)| **v >= max) {
        all += 1;
        hit += usize::from(hits(at));
    }
    hit as f64 / all as f64
}

/// The pixels of the region with a neighbour that is not, or at the border of the picture: the nearest to any point outside is one.
fn edge_pixels(inside: &[bool], width: usize) -> impl Iterator<Item = usize> {
    (0..inside.len()).filter(move |at| {
        let x = at % width;
        let within = |other: Option<usize>| other.and_then(|o| inside.get(o)).copied().unwrap_or(false);
        let around =
            [(x > 0).then(|| at - 1), (x + 1 < width).then(|| at + 1), at.checked_sub(width), Some(at + width)];
        inside[*at] && !around.into_iter().all(within)
    })
}

/// Share of the `k` largest values that are in the region; of equal values at the end of the list each counts with the same part.
pub(super) fn top_inside(picture: &Picture, inside: &[bool], k: usize) -> f64 {
    let k = k.min(inside.len());
    let mut sorted = picture.values().to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let last = sorted[k - 1];
    let (mut above, mut above_inside, mut equal, mut equal_inside) = (0usize, 0usize, 0usize, 0usize);
    for (value, inside) in picture.values().iter().zip(inside) {
        if *value > last {
            above += 1;
            above_inside += usize::from(*inside);
        } else if *value >= last {
            equal += 1;
            equal_inside += usize::from(*inside);
        }
    }
    let rest = k - above;
    (above_inside * equal + rest * equal_inside) as f64 / (k * equal) as f64
}

/// The probability that a pixel of the region has a larger value than one outside, equal ones counting one half (the
/// Mann-Whitney statistic); there is at least one pixel of each kind.
pub(super) fn roc_auc(picture: &Picture, inside: &[bool]) -> f64 {
    let mut pixels: Vec<(f32, bool)> = picture.values().iter().copied().zip(inside.iter().copied()).collect();
    pixels.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut wins, mut outside_below, mut inside_count) = (0.0, 0usize, 0usize);
    for equal in pixels.chunk_by(|a, b| a.0 >= b.0) {
        let ins = equal.iter().filter(|p| p.1).count();
        let outs = equal.len() - ins;
        wins += ins as f64 * (outside_below as f64 + 0.5 * outs as f64);
        outside_below += outs;
        inside_count += ins;
    }
    wins / (inside_count as f64 * outside_below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;
    use crate::saliency::SaliencyMap;

    fn picture(width: u32, values: &[f32]) -> Picture {
        let height = values.len() / width as usize;
        let map = SaliencyMap::from_values(height, width as usize, values.to_vec());
        Picture::new(&map, Size::new(width, height as u32))
    }

    /// 4 by 4; the region is the middle 2 by 2.
    fn hand() -> (Picture, Vec<bool>) {
        let values = [0., 1., 2., 3., 4., 16., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];
        let inside = (0..16).map(|i| (1..3).contains(&(i % 4)) && (1..3).contains(&(i / 4))).collect();
        (picture(4, &values), inside)
    }

    #[test]
    fn mass_is_a_share_of_the_sum() {
        let (p, inside) = hand();
        assert_eq!(mass_inside(&p, &inside, 0.0), 41.0 / 131.0);
        assert_eq!(mass_inside(&p, &inside, 8.0), (16.0 + 9.0 + 10.0) / 108.0);
    }

    #[test]
    fn the_top_four_hold_one_of_the_region() {
        // 16, 15, 14, 13
        let (p, inside) = hand();
        assert_eq!(top_inside(&p, &inside, 4), 0.25);
    }

    #[test]
    fn equal_values_at_the_end_of_the_list_count_in_part() {
        let p = picture(4, &[5.0, 1.0, 1.0, 1.0]);
        // The second of the top two is one of three, of which one is inside.
        assert_eq!(top_inside(&p, &[true, false, true, false], 2), (1.0 + 1.0 / 3.0) / 2.0);
    }

    #[test]
    fn roc_counts_pairs() {
        let p = picture(4, &[3.0, 1.0, 2.0, 2.0]);
        // Inside 3 and 2, outside 1 and 2: won 2, won 1, drawn 1 of 4.
        assert_eq!(roc_auc(&p, &[true, false, true, false]), 3.5 / 4.0);
    }

    #[test]
    fn a_point_beside_the_region_hits_within_the_tolerance_only() {
        let mut values = [0.0; 9];
        values[8] = 1.0;
        let p = picture(9, &values);
        let inside: Vec<_> = (0..9).map(|i| (2..5).contains(&i)).collect();
        // Four pixels from the region's last.
        assert_eq!(pointing_game(&p, &inside, 4.0), 0.0);
        assert_eq!(pointing_game(&p, &inside, 4.5), 1.0);
    }

    #[test]
    fn points_that_share_the_maximum_count_in_part() {
        let p = picture(4, &[1.0, 0.0, 0.0, 1.0]);
        assert_eq!(pointing_game(&p, &[true, false, false, false], 1.5), 0.5);
    }
}
