//! The formulas, on a picture and the pixels of a region.
//!
//! Comes in: a [`Picture`] and a [`Region`] on the same grid. Goes out: numbers from 0 to 1. May not live here: boxes, views.

use super::picture::Picture;
use super::region::Region;

/// Share of the sum of all values of at least `from` that is in the region; `from` is at most the picture's largest value, which
/// is above 0.
pub(super) fn mass_inside(picture: &Picture, region: &Region, from: f32) -> f64 {
    let (mut part, mut whole) = (0.0, 0.0);
    for (value, inside) in picture.values().iter().zip(region.inside()).filter(|(v, _)| **v >= from) {
        whole += f64::from(*value);
        part += if *inside { f64::from(*value) } else { 0.0 };
    }
    part / whole
}

/// 1 where the largest value lies less than `tolerance` pixels from a pixel of the region; where several pixels share the
/// largest value, the share of them that do.
pub(super) fn pointing_game(picture: &Picture, region: &Region, tolerance: f64) -> f64 {
    let (width, max) = (picture.width(), picture.max());
    let gaps = region.gaps();
    let height = gaps.len() / width;
    let reach = tolerance.ceil() as usize;
    let is_near = |x: usize, y: usize| {
        let near = |at: usize, from: usize, to: usize| from <= at + reach && at <= to + reach;
        region.bounds().is_some_and(|[x0, y0, x1, y1]| near(x, x0, x1) && near(y, y0, y1))
    };
    let hits = |at: usize| {
        let (x, y) = (at % width, at / width);
        is_near(x, y)
            && (y.saturating_sub(reach)..(y + reach + 1).min(height)).any(|row| {
                let (dx, dy) = (gaps[row * width + x] as f64, row.abs_diff(y) as f64);
                dx < width as f64 && dx * dx + dy * dy < tolerance * tolerance
            })
    };
    let (mut hit, mut all) = (0usize, 0usize);
    for (at, _) in picture.values().iter().enumerate().filter(|(_, v)| **v >= max) {
        all += 1;
        hit += usize::from(region.inside()[at] || hits(at));
    }
    hit as f64 / all as f64
}

/// The pixels in the order of their values.
pub(super) struct Ranked {
    /// Pixels of equal values, rising: how many are in the region, and how many there are.
    equal: Vec<(usize, usize)>,
    pixels: usize,
    /// Pixels in the region.
    inside: usize,
}

impl Ranked {
    pub(super) fn new(picture: &Picture, region: &Region) -> Self {
        let equal = match picture.groups() {
            Some(groups) => counted(groups, region),
            None => sorted(picture, region),
        };
        Self { equal, pixels: region.inside().len(), inside: region.count() }
    }

    /// Share of the `k` largest values that are in the region; of equal values at the end of the list each counts with the same
    /// part.
    pub(super) fn top_inside(&self, k: usize) -> f64 {
        let k = k.min(self.pixels);
        let (mut above, mut above_inside) = (0, 0);
        for &(inside, equal) in self.equal.iter().rev() {
            if above + equal >= k {
                return (above_inside * equal + (k - above) * inside) as f64 / (k * equal) as f64;
            }
            above += equal;
            above_inside += inside;
        }
        0.0
    }

    /// The probability that a pixel of the region has a larger value than one outside, equal ones counting one half (the
    /// Mann-Whitney statistic); `None` unless there are pixels of both kinds.
    pub(super) fn roc_auc(&self) -> Option<f64> {
        let (mut wins, mut outside_below) = (0.0, 0usize);
        for &(inside, equal) in &self.equal {
            let outside = equal - inside;
            wins += inside as f64 * (outside_below as f64 + 0.5 * outside as f64);
            outside_below += outside;
        }
        (self.inside > 0 && outside_below > 0).then(|| wins / (self.inside as f64 * outside_below as f64))
    }
}

/// Counts the pixels of groups that are known; those of the lowest, often by far the largest, follow from the others.
fn counted(groups: &[Vec<usize>], region: &Region) -> Vec<(usize, usize)> {
    let count = |group: &Vec<usize>| (group.iter().filter(|at| region.inside()[**at]).count(), group.len());
    let Some((lowest, others)) = groups.split_first() else { return Vec::new() };
    let others: Vec<_> = others.iter().map(count).collect();
    let above: usize = others.iter().map(|(inside, _)| inside).sum();
    std::iter::once((region.count() - above, lowest.len())).chain(others).collect()
}

/// Sorts the pixels by the bits of their values, which order values `>= 0` as numbers do, and by whether they are in the region.
fn sorted(picture: &Picture, region: &Region) -> Vec<(usize, usize)> {
    let pixels = picture.values().iter().zip(region.inside());
    let mut keys: Vec<u32> = pixels.map(|(value, inside)| value.to_bits() << 1 | u32::from(*inside)).collect();
    keys.sort_unstable();
    let equal = keys.chunk_by(|a, b| a >> 1 == b >> 1);
    equal.map(|equal| (equal.len() - equal.partition_point(|key| key & 1 == 0), equal.len())).collect()
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
    fn hand() -> (Picture, Region) {
        let values = [0., 1., 2., 3., 4., 16., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];
        let inside = (0..16).map(|i| (1..3).contains(&(i % 4)) && (1..3).contains(&(i / 4))).collect();
        (picture(4, &values), Region::of_pixels(4, inside))
    }

    fn ranked(values: &[f32], inside: &[bool]) -> Ranked {
        Ranked::new(&picture(values.len() as u32, values), &Region::of_pixels(values.len(), inside.to_vec()))
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
        assert_eq!(Ranked::new(&p, &inside).top_inside(4), 0.25);
    }

    #[test]
    fn equal_values_at_the_end_of_the_list_count_in_part() {
        // The second of the top two is one of three, of which one is inside.
        let ranked = ranked(&[5.0, 1.0, 1.0, 1.0], &[true, false, true, false]);
        assert_eq!(ranked.top_inside(2), (1.0 + 1.0 / 3.0) / 2.0);
    }

    #[test]
    fn roc_counts_pairs() {
        // Inside 3 and 2, outside 1 and 2: won 2, won 1, drawn 1 of 4.
        let inside = [true, false, true, false];
        assert_eq!(ranked(&[3.0, 1.0, 2.0, 2.0], &inside).roc_auc(), Some(3.5 / 4.0));
        assert_eq!(ranked(&[3.0, 1.0], &[true, true]).roc_auc(), None);
    }

    #[test]
    fn a_point_beside_the_region_hits_within_the_tolerance_only() {
        let mut values = [0.0; 9];
        values[8] = 1.0;
        let p = picture(9, &values);
        let inside: Vec<_> = (0..9).map(|i| (2..5).contains(&i)).collect();
        let inside = Region::of_pixels(9, inside);
        // Four pixels from the region's last.
        assert_eq!(pointing_game(&p, &inside, 4.0), 0.0);
        assert_eq!(pointing_game(&p, &inside, 4.5), 1.0);
    }

    #[test]
    fn points_that_share_the_maximum_count_in_part() {
        let p = picture(4, &[1.0, 0.0, 0.0, 1.0]);
        assert_eq!(pointing_game(&p, &Region::of_pixels(4, vec![true, false, false, false]), 1.5), 0.5);
    }
}
