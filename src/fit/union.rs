//! What several regions hold together.

use super::{RoiShare, ShareRule, region_share, roi_share_by};
use crate::geometry::{BBox, Size};
use crate::mask::Mask;
use crate::roi::{Roi, RoiSource};
use crate::saliency::SaliencyMap;

/// What the union of `rois` holds of the map over `view`, by `rule`; `None` if all of it lies outside the view.
///
/// Boxes are taken apart into rectangles that do not overlap, so that the exact integral stays exact. Where a region is a
/// mask, the pixels whose centre lies in any region count.
pub fn union_share(map: &SaliencyMap, view: BBox, rois: &[&Roi], rule: ShareRule) -> Option<RoiShare> {
    if let Some(size) = rois.iter().find_map(|roi| roi.mask()).map(Mask::size) {
        let union = pixels(size, rois);
        return region_share(map, view, &Roi::of_mask(union, 1.0, "", RoiSource::Detector)?, rule);
    }
    let boxes: Vec<BBox> = rois.iter().filter_map(|roi| roi.bbox.intersection(view)).collect();
    let shares = disjoint(&boxes).into_iter().filter_map(|part| roi_share_by(map, view, part, rule));
    shares.reduce(|a, b| RoiShare {
        fit: a.fit.zip(b.fit).map(|(a, b)| (a + b).min(1.0)),
        area_share: (a.area_share + b.area_share).min(1.0),
    })
}

/// The pixels of an image of `size` that lie in any of the regions.
fn pixels(size: Size, rois: &[&Roi]) -> Mask {
    let inside = |roi: &Roi, x: u32, y: u32| match roi.mask() {
        Some(mask) => mask.contains(x, y),
        None => {
            let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
            (roi.bbox.x0..roi.bbox.x1).contains(&x) && (roi.bbox.y0..roi.bbox.y1).contains(&y)
        }
    };
    let edge = |of: fn(&BBox) -> f32, pick: fn(f32, f32) -> f32, start: f32| {
        rois.iter().map(|roi| of(&roi.bbox)).fold(start, pick)
    };
    // Conversions to whole pixels saturate.
    let columns = edge(|b| b.x0, f32::min, f32::MAX) as u32..edge(|b| b.x1, f32::max, 0.0).ceil() as u32;
    let rows = edge(|b| b.y0, f32::min, f32::MAX) as u32..edge(|b| b.y1, f32::max, 0.0).ceil() as u32;
    Mask::of_window(size, columns, rows, |x, y| rois.iter().any(|roi| inside(roi, x, y)))
}

/// Rectangles without overlap that cover what `boxes` cover: between each two edges from above to below, the intervals that
/// any box covers there.
fn disjoint(boxes: &[BBox]) -> Vec<BBox> {
    let mut edges: Vec<f32> = boxes.iter().flat_map(|b| [b.y0, b.y1]).collect();
    edges.sort_by(f32::total_cmp);
    edges.dedup();
    let mut parts = Vec::new();
    for rows in edges.windows(2) {
        let (y0, y1) = (rows[0], rows[1]);
        let mut spans: Vec<(f32, f32)> =
            boxes.iter().filter(|b| b.y0 <= y0 && y1 <= b.y1).map(|b| (b.x0, b.x1)).collect();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut merged: Vec<(f32, f32)> = Vec::new();
        for (x0, x1) in spans {
            match merged.last_mut() {
                Some(last) if x0 <= last.1 => last.1 = last.1.max(x1),
                _ => merged.push((x0, x1)),
            }
        }
        parts.extend(merged.into_iter().map(|(x0, x1)| BBox::new(x0, y0, x1, y1)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VIEW: BBox = BBox::new(0.0, 0.0, 8.0, 8.0);

    fn share(rois: &[Roi]) -> Option<RoiShare> {
        union_share(&uniform(), VIEW, &rois.iter().collect::<Vec<_>>(), ShareRule::default())
    }

    fn rois(boxes: &[BBox]) -> Vec<Roi> {
        boxes.iter().map(|bbox| Roi::of_box(*bbox, 1.0, "", RoiSource::Detector)).collect()
    }

    fn uniform() -> SaliencyMap {
        SaliencyMap::from_values(2, 2, vec![1.0; 4])
    }

    #[test]
    fn an_overlap_counts_once() {
        let boxes = [BBox::new(0.0, 0.0, 4.0, 4.0), BBox::new(2.0, 2.0, 6.0, 6.0)];
        let union = share(&rois(&boxes));
        assert_eq!(union.map(|s| s.area_share), Some((16.0 + 16.0 - 4.0) / 64.0));
        assert_eq!(share(&rois(&[BBox::new(9.0, 0.0, 10.0, 1.0)])), None);
    }

    #[test]
    fn a_mask_and_a_box_together_are_their_pixels() -> anyhow::Result<()> {
        let mask = Mask::of_window(Size::new(8, 8), 0..4, 0..4, |_, _| true);
        let mut regions = rois(&[BBox::new(2.0, 2.0, 6.0, 6.0)]);
        regions.extend(Roi::of_mask(mask, 1.0, "", RoiSource::Annotation));
        let union = share(&regions);
        assert_eq!(union.map(|s| s.area_share), Some(28.0 / 64.0));
        Ok(())
    }

    fn boxes() -> impl Strategy<Value = Vec<BBox>> {
        let one = (0u8..8, 0u8..8, 1u8..8, 1u8..8).prop_map(|(x, y, w, h)| {
            let [x, y, w, h] = [x, y, w, h].map(f32::from);
            BBox::new(x, y, x + w, y + h)
        });
        prop::collection::vec(one, 1..7)
    }

    proptest! {
        /// With edges on whole pixels the area is that of the pixels.
        #[test]
        fn the_parts_cover_each_pixel_of_a_box_once(boxes in boxes()) {
            let covered = |x: u32, y: u32| {
                let centre = |b: &BBox| {
                    (b.x0..b.x1).contains(&(x as f32 + 0.5)) && (b.y0..b.y1).contains(&(y as f32 + 0.5))
                };
                boxes.iter().any(centre)
            };
            let pixels = (0..8).flat_map(|y| (0..8).map(move |x| (x, y))).filter(|(x, y)| covered(*x, *y)).count();
            let union = share(&rois(&boxes));
            prop_assert!((union.map_or(0.0, |s| s.area_share) - pixels as f64 / 64.0).abs() < 1e-9);
        }
    }
}
