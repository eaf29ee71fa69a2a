//! Lines of equal saliency.

use super::heat_map::surface_at;
use crate::saliency::SaliencyMap;

/// The lines of one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Contour {
    /// Share of the map's largest value, `0.0..=1.0`.
    pub level: f32,
    /// Their parts `[from, to]`, each end `[x, y]` as shares of the view, `0.0..=1.0`.
    pub lines: Vec<[[f32; 2]; 2]>,
}

/// The levels that are drawn from `threshold` on: it, and the fifths above it.
pub fn contour_levels(threshold: f32) -> Vec<f32> {
    let fifths = [0.2, 0.4, 0.6, 0.8];
    let least = threshold.clamp(0.02, 0.98);
    std::iter::once(least).chain(fifths.into_iter().filter(|level| *level > least + 0.02)).collect()
}

/// Cells on an axis beyond which smooth contours are those of blocks of cells: lines round single pixels say nothing.
const MOST_CELLS: usize = 28;

/// The contours of a map: of the bilinear surface by marching squares (Lorensen and Cline, 1987, in the plane), or along the
/// edges of its cells. Of a map with more than 28 cells on an axis the surface is that of the means of blocks of cells. A flat
/// map has none.
pub fn contours(map: &SaliencyMap, levels: &[f32], is_smooth: bool) -> Vec<Contour> {
    if map.is_flat() {
        return Vec::new();
    }
    let blocks = is_smooth.then(|| means_of_blocks(map));
    let map = blocks.as_ref().unwrap_or(map);
    let trace = |level: &f32| {
        let lines = if is_smooth { on_surface(map, *level) } else { along_cells(map, *level) };
        Contour { level: *level, lines }
    };
    levels.iter().map(trace).collect()
}

/// The map with as many cells as contours can show, each the mean of a block.
fn means_of_blocks(map: &SaliencyMap) -> SaliencyMap {
    let side = |cells: usize| cells.div_ceil(MOST_CELLS);
    let (columns, rows) = (side(map.width()), side(map.height()));
    let mut values = Vec::new();
    let lines: Vec<&[f32]> = map.values().chunks_exact(map.width()).collect();
    for band in lines.chunks(rows) {
        for x in (0..map.width()).step_by(columns) {
            let end = (x + columns).min(map.width());
            let sum: f32 = band.iter().flat_map(|line| &line[x..end]).sum();
            values.push(sum / (band.len() * (end - x)) as f32);
        }
    }
    SaliencyMap::from_values(map.height().div_ceil(rows), map.width().div_ceil(columns), values)
}

/// Squares of the lattice on one axis: some for each cell, so that the lines look round, but no more than can be told apart.
fn lattice(cells: usize) -> usize {
    (cells * 8).clamp(48, 112)
}

fn on_surface(map: &SaliencyMap, level: f32) -> Vec<[[f32; 2]; 2]> {
    let (columns, rows) = (lattice(map.width()), lattice(map.height()));
    let place = |x: usize, y: usize| [x as f32 / columns as f32, y as f32 / rows as f32];
    let line = |y: usize| -> Vec<f32> { (0..=columns).map(|x| surface_at(map, place(x, y), true)).collect() };
    let mut lines = Vec::new();
    let mut above = line(0);
    for y in 0..rows {
        let below = line(y + 1);
        for x in 0..columns {
            // Clockwise from the top left corner.
            let values = [above[x], above[x + 1], below[x + 1], below[x]];
            let places = [place(x, y), place(x + 1, y), place(x + 1, y + 1), place(x, y + 1)];
            lines.extend(in_square(values, places, level).into_iter().flatten());
        }
        above = below;
    }
    lines
}

/// The lines through one square: none, one or two.
fn in_square(values: [f32; 4], places: [[f32; 2]; 4], level: f32) -> [Option<[[f32; 2]; 2]>; 2] {
    let crossing = |from: usize| {
        let to = (from + 1) % 4;
        let (a, b) = (values[from], values[to]);
        let along = (level - a) / (b - a);
        let between = |axis: usize| places[from][axis] + (places[to][axis] - places[from][axis]) * along;
        ((a >= level) != (b >= level)).then(|| [between(0), between(1)])
    };
    match [0, 1, 2, 3].map(crossing) {
        [Some(top), Some(right), Some(bottom), Some(left)] => {
            // A saddle: the middle says which corners belong together.
            let middle = values.iter().sum::<f32>() / 4.0 >= level;
            if middle == (values[0] >= level) {
                [Some([top, right]), Some([bottom, left])]
            } else {
                [Some([top, left]), Some([right, bottom])]
            }
        }
        crossings => {
            let mut ends = crossings.into_iter().flatten();
            [ends.next().zip(ends.next()).map(|(a, b)| [a, b]), None]
        }
    }
}

/// The edges between cells at or above the level and cells below it.
fn along_cells(map: &SaliencyMap, level: f32) -> Vec<[[f32; 2]; 2]> {
    let (width, height) = (map.width(), map.height());
    let scale = 1.0 / map.max();
    let is_high = |x: usize, y: usize| map.values()[y * width + x] * scale >= level;
    let place = |x: usize, y: usize| [x as f32 / width as f32, y as f32 / height as f32];
    let mut lines = Vec::new();
    for y in 0..height {
        for x in 0..width {
            if x > 0 && is_high(x - 1, y) != is_high(x, y) {
                lines.push([place(x, y), place(x, y + 1)]);
            }
            if y > 0 && is_high(x, y - 1) != is_high(x, y) {
                lines.push([place(x, y), place(x + 1, y)]);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_has_straight_contours_where_it_reaches_the_level() {
        // Between the centres at 1/4 and 3/4 the surface rises from 0 to 1: it reaches 0.4 at 0.45.
        let map = SaliencyMap::from_values(1, 2, vec![0.0, 2.0]);
        let found = contours(&map, &[0.4], true);
        assert!(!found[0].lines.is_empty());
        for [x, y] in found[0].lines.iter().flatten() {
            assert!((x - 0.45).abs() < 1e-5 && (0.0..=1.0).contains(y), "{x} {y}");
        }
    }

    #[test]
    fn contours_of_a_peak_go_round_it() {
        let mut values = vec![0.0; 49];
        values[24] = 1.0;
        let found = contours(&SaliencyMap::from_values(7, 7, values), &[0.5], true);
        // The surface is the product of two hats: 0.5 is reached half a cell from the centre on the axes.
        let mut length = 0.0;
        for [a, b] in &found[0].lines {
            length += (a[0] - b[0]).hypot(a[1] - b[1]);
            let value = (1.0 - (a[0] - 0.5).abs() * 7.0) * (1.0 - (a[1] - 0.5).abs() * 7.0);
            assert!((value - 0.5).abs() < 0.02, "{a:?} {value}");
        }
        // Between the diamond with these ends and the square around it.
        assert!((4.0 * 0.5_f32.hypot(0.5) / 7.0..8.0 * 0.5 / 7.0).contains(&length), "{length}");
    }

    #[test]
    fn raw_contours_follow_the_cells() {
        let map = SaliencyMap::from_values(2, 2, vec![1.0, 0.0, 0.0, 0.0]);
        let found = contours(&map, &[0.5], false);
        assert_eq!(found[0].lines, [[[0.5, 0.0], [0.5, 0.5]], [[0.0, 0.5], [0.5, 0.5]]]);
    }

    #[test]
    fn a_fine_map_is_drawn_by_blocks() {
        let values = (0..100 * 60).map(|i| if i % 100 < 50 { 0.0 } else { 1.0 }).collect();
        let blocks = means_of_blocks(&SaliencyMap::from_values(60, 100, values));
        assert_eq!((blocks.height(), blocks.width()), (20, 25));
        // The thirteenth block has columns 48 to 51.
        assert_eq!(blocks.values()[11..15], [0.0, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn a_flat_map_has_no_contours() {
        assert_eq!(contours(&SaliencyMap::from_values(3, 3, vec![0.0; 9]), &[0.5], true), []);
    }

    #[test]
    fn levels_begin_at_the_threshold() {
        assert_eq!(contour_levels(0.3), [0.3, 0.4, 0.6, 0.8]);
        assert_eq!(contour_levels(0.2), [0.2, 0.4, 0.6, 0.8]);
        assert_eq!(contour_levels(0.0), [0.02, 0.2, 0.4, 0.6, 0.8]);
        assert_eq!(contour_levels(1.0), [0.98]);
    }
}
