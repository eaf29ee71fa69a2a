//! The strongest patches outside of the regions of a sample.

use super::lattice::{SIDE, middle, surface};
use crate::analysis::Measured;
use crate::geometry::BBox;
use crate::roi::Roi;

/// Side of a patch, as a share of the view's shorter side.
pub const PATCH_SIDE: f32 = 0.375;

/// A patch with a smaller share is not worth showing.
const MIN_SHARE: f64 = 0.02;

/// A square of the view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patch {
    /// Its place, in image pixels, inside the view.
    pub bbox: BBox,
    /// Share of the map's saliency that lies in it and outside of every region, `0.0..=1.0`.
    pub share: f64,
}

/// The saliency outside of every region.
#[derive(Clone, Debug, PartialEq)]
pub struct Outside {
    /// Its share of the whole, `0.0..=1.0`.
    pub share: f64,
    /// The strongest patches, which share no saliency, the largest share first.
    pub patches: Vec<Patch>,
}

/// What lies outside of every region of a sample, with at most `wanted` patches of 2 % or more. Without a region all of the
/// view is outside. `None` where the map is flat.
pub fn outside(measured: &Measured, wanted: usize) -> Option<Outside> {
    let explanation = &measured.explanation;
    if explanation.map.is_flat() {
        return None;
    }
    let view = explanation.view;
    let (mut total, mut cells) = (0.0, vec![0.0; SIDE * SIDE]);
    for (i, cell) in cells.iter_mut().enumerate() {
        let (u, v) = (middle(i % SIDE), middle(i / SIDE));
        let value = surface(&explanation.map, u, v);
        total += value;
        let x = view.x0 + u as f32 * view.width();
        let y = view.y0 + v as f32 * view.height();
        if !measured.rois.iter().any(|region| contains(&region.roi, x, y)) {
            *cell = value;
        }
    }
    let share = cells.iter().sum::<f64>() / total;
    let side = PATCH_SIDE * view.width().min(view.height());
    let window = |whole: f32| ((side / whole * SIDE as f32).round() as usize).clamp(1, SIDE);
    let (columns, rows) = (window(view.width()), window(view.height()));
    let mut patches = Vec::new();
    while patches.len() < wanted {
        let (x, y, sum) = strongest(&cells, columns, rows);
        if sum / total < MIN_SHARE {
            break;
        }
        for row in y..y + rows {
            cells[row * SIDE..][x..x + columns].fill(0.0);
        }
        patches.push(Patch { bbox: of_cells(view, x..x + columns, y..y + rows), share: sum / total });
    }
    Some(Outside { share: share.clamp(0.0, 1.0), patches })
}

/// Whether a point of the image lies in a region.
fn contains(roi: &Roi, x: f32, y: f32) -> bool {
    let b = roi.bbox;
    let in_box = (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y);
    in_box && roi.mask().is_none_or(|mask| mask.contains(x as u32, y as u32))
}

/// First column, first row and sum of the window with the largest sum, of equal ones the first.
fn strongest(cells: &[f64], columns: usize, rows: usize) -> (usize, usize, f64) {
    // sums[y][x] is the sum of all cells above and left of it.
    let mut sums = vec![0.0; (SIDE + 1) * (SIDE + 1)];
    for y in 0..SIDE {
        let mut line = 0.0;
        for x in 0..SIDE {
            line += cells[y * SIDE + x];
            sums[(y + 1) * (SIDE + 1) + x + 1] = sums[y * (SIDE + 1) + x + 1] + line;
        }
    }
    let at = |x: usize, y: usize| sums[y * (SIDE + 1) + x];
    let mut best = (0, 0, f64::NEG_INFINITY);
    for y in 0..=SIDE - rows {
        for x in 0..=SIDE - columns {
            let sum = at(x + columns, y + rows) - at(x, y + rows) - at(x + columns, y) + at(x, y);
            // What rounding leaves may not decide between equal windows.
            if sum > best.2 + 1e-9 * at(SIDE, SIDE) {
                best = (x, y, sum);
            }
        }
    }
    best
}

fn of_cells(view: BBox, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> BBox {
    let x = |at: usize| view.x0 + view.width() * at as f32 / SIDE as f32;
    let y = |at: usize| view.y0 + view.height() * at as f32 / SIDE as f32;
    BBox::new(x(columns.start), y(rows.start), x(columns.end), y(rows.end))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{measured, uniform};
    use super::*;
    use crate::saliency::SaliencyMap;

    #[test]
    fn of_a_uniform_map_the_area_is_the_share() {
        // The lattice has a point a pixel, a patch is 24 of 64 pixels wide.
        let found = outside(&measured(uniform(), &[BBox::new(0.0, 0.0, 16.0, 64.0)]), 2).expect("the map is not flat");
        assert_eq!(found.share, 0.75);
        let share = 24.0 * 24.0 / (64.0 * 64.0);
        let first = Patch { bbox: BBox::new(16.0, 0.0, 40.0, 24.0), share };
        let second = Patch { bbox: BBox::new(40.0, 0.0, 64.0, 24.0), share };
        assert_eq!(found.patches, [first, second]);
    }

    #[test]
    fn the_patch_lies_around_the_peak_and_not_in_the_region() {
        // Cells of 16 pixels; the peaks are at columns 0 and 3 of the second row, the larger one in the region.
        let mut values = vec![0.0; 16];
        (values[4], values[7]) = (3.0, 1.0);
        let map = SaliencyMap::from_values(4, 4, values);
        let region = BBox::new(0.0, 0.0, 32.0, 64.0);
        let found = outside(&measured(map.clone(), &[region]), 2).expect("the map is not flat");
        assert!((found.share - 0.25).abs() < 1e-12, "{}", found.share);
        let [patch] = found.patches[..] else { panic!("{:?}", found.patches) };
        assert_eq!((patch.bbox.y0, patch.bbox.y1), (12.0, 36.0), "the cell's centre at 24 is in the middle");
        assert_eq!(patch.bbox.x1, 64.0);
        let free = outside(&measured(map, &[]), 2).expect("the map is not flat");
        assert_eq!((free.share, free.patches.len()), (1.0, 2));
        assert_eq!(free.patches[0].bbox.x0, 0.0, "without a region the larger peak counts");
    }

    #[test]
    fn where_regions_hold_everything_there_is_no_patch() {
        let found = outside(&measured(uniform(), &[BBox::new(0.0, 0.0, 64.0, 64.0)]), 2);
        assert_eq!(found, Some(Outside { share: 0.0, patches: Vec::new() }));
        assert_eq!(outside(&measured(SaliencyMap::from_values(1, 1, vec![0.0]), &[]), 2), None);
    }
}
