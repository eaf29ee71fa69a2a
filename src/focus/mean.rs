//! The mean of many maps, in the view or around a region.

use super::lattice::{SIDE, middle, surface};
use crate::geometry::BBox;
use crate::saliency::SaliencyMap;

/// What is looked at on each side of a region, in sides of its box.
pub const MARGIN: f64 = 0.5;

/// A mean of maps of which each is divided by its own mean: 1 is what a uniform map has.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanMap {
    /// The mean on a square lattice; 0 where fewer than a quarter of the samples have anything in view.
    pub map: SaliencyMap,
    /// How many maps it is of.
    pub samples: usize,
}

/// Sums up maps, none of them flat.
#[derive(Debug, Default)]
pub(super) struct MeanBuilder {
    sums: Vec<f64>,
    counts: Vec<u32>,
    samples: usize,
}

impl MeanBuilder {
    /// Adds a map over its view.
    pub(super) fn add_view(&mut self, map: &SaliencyMap) {
        self.add(map, |u, v| Some((u, v)));
    }

    /// Adds what a map over `view` has in and around `region`; both in image pixels.
    pub(super) fn add_region(&mut self, map: &SaliencyMap, view: BBox, region: BBox) {
        if region.is_empty() || view.is_empty() {
            return;
        }
        let along = |at: f64, start: f32, length: f32, view_start: f32, view_length: f32| {
            let image = f64::from(start) + f64::from(length) * (at * (1.0 + 2.0 * MARGIN) - MARGIN);
            Some((image - f64::from(view_start)) / f64::from(view_length)).filter(|at| (0.0..1.0).contains(at))
        };
        self.add(map, |x, y| {
            let u = along(x, region.x0, region.width(), view.x0, view.width())?;
            Some((u, along(y, region.y0, region.height(), view.y0, view.height())?))
        });
    }

    /// Adds the values at the places of the view that `view_from_lattice` names.
    fn add(&mut self, map: &SaliencyMap, view_from_lattice: impl Fn(f64, f64) -> Option<(f64, f64)>) {
        self.sums.resize(SIDE * SIDE, 0.0);
        self.counts.resize(SIDE * SIDE, 0);
        self.samples += 1;
        // Each cell's hat function has the same area, so that the mean of the cells is that of the surface.
        let mean = map.values().iter().map(|v| f64::from(*v)).sum::<f64>() / map.values().len() as f64;
        for i in 0..SIDE * SIDE {
            if let Some((u, v)) = view_from_lattice(middle(i % SIDE), middle(i / SIDE)) {
                self.sums[i] += surface(map, u, v) / mean;
                self.counts[i] += 1;
            }
        }
    }

    /// The mean; `None` of no map.
    pub(super) fn finish(self) -> Option<MeanMap> {
        let mean = |(sum, count): (&f64, &u32)| {
            let enough = *count > 0 && 4 * *count as usize >= self.samples;
            if enough { (sum / f64::from(*count)) as f32 } else { 0.0 }
        };
        (self.samples > 0).then(|| {
            let values = self.sums.iter().zip(&self.counts).map(mean).collect();
            MeanMap { map: SaliencyMap::from_values(SIDE, SIDE, values), samples: self.samples }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: BBox = BBox::new(0.0, 0.0, 64.0, 64.0);

    #[test]
    fn maps_of_any_scale_count_the_same() {
        let mut mean = MeanBuilder::default();
        mean.add_view(&SaliencyMap::from_values(1, 1, vec![5.0]));
        mean.add_view(&SaliencyMap::from_values(1, 2, vec![0.0, 40.0]));
        let mean = mean.finish().expect("two maps");
        let at = |x: usize, y: usize| mean.map.values()[y * SIDE + x];
        // The second is 0 left and twice its mean right of the cells' centres.
        assert_eq!((at(0, 0), at(63, 63), mean.samples), (0.5, 1.5, 2));
    }

    #[test]
    fn the_region_takes_the_middle_half_and_what_is_out_of_view_does_not_count() {
        let half = SaliencyMap::from_values(1, 2, vec![0.0, 4.0]);
        let mut mean = MeanBuilder::default();
        // Box and margin reach from -16 to 48 and from 0 to 64.
        mean.add_region(&half, VIEW, BBox::new(0.0, 16.0, 32.0, 48.0));
        let mean = mean.finish().expect("a map");
        let at = |x: usize| mean.map.values()[32 * SIDE + x];
        assert_eq!(at(8), 0.0, "left of the view");
        assert_eq!(at(16 + 15), 0.0, "image column 15 is left of the first cell's centre");
        // At image column 32.5 the surface is 4 * (1/2 + 1/64), its mean is 2.
        assert!((at(16 + 32) - 2.0 * (0.5 + 1.0 / 64.0)).abs() < 1e-6, "{}", at(48));
        assert_eq!(at(63), 1.96875, "image column 47.5");
    }

    #[test]
    fn no_map_has_no_mean() {
        assert_eq!(MeanBuilder::default().finish(), None);
    }
}
