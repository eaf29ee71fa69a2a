//! From the proposal head's numbers to boxes that may hold an object.

use super::{Library, Trunk};
use crate::detector::anchors::{AnchorRule, CellAnchors, dividing_stride};
use crate::detector::coding::BoxCoding;
use crate::detector::nms;
use crate::geometry::{BBox, Size};

/// How proposals are chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposalRules {
    /// Whose conventions.
    pub library: Library,
    /// The anchors of a cell, for each level.
    pub anchors: Vec<CellAnchors>,
    /// The best so many of each level are looked at.
    pub per_level: usize,
    /// The best so many are returned.
    pub keep: usize,
    /// Least probability of an object.
    pub min_score: f32,
}

/// Boxes that may hold an object, best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proposals {
    /// In network-input pixels, inside the picture.
    pub boxes: Vec<BBox>,
    /// One logit a box.
    pub logits: Vec<f32>,
}

/// Overlap from which the lesser of two proposals of a level goes.
const OVERLAP: f32 = 0.7;

impl ProposalRules {
    /// The rules of networks with a level for each of the sizes 32 to 512 and a residual backbone: 1000 proposals.
    pub fn five_levels(library: Library) -> Self {
        let rule = match library {
            Library::Detectron2 => AnchorRule::Detectron2,
            Library::Torchvision => AnchorRule::Torchvision,
        };
        let anchors =
            [32.0, 64.0, 128.0, 256.0, 512.0].map(|size| CellAnchors::new(rule, &[size], &[0.5, 1.0, 2.0])).into();
        Self { library, anchors, per_level: 1000, keep: 1000, min_score: 0.0 }
    }

    /// The rules of torchvision's `fasterrcnn_mobilenet_v3_large_320_fpn`: all sizes on each of three levels.
    pub fn mobilenet_320() -> Self {
        let sizes = [32.0, 64.0, 128.0, 256.0, 512.0];
        let cell = CellAnchors::new(AnchorRule::Torchvision, &sizes, &[0.5, 1.0, 2.0]);
        let anchors = vec![cell; 3];
        Self { library: Library::Torchvision, anchors, per_level: 150, keep: 150, min_score: 0.05 }
    }

    /// The proposals for a `picture` in the top left of a padded `input`, both in network pixels.
    ///
    /// # Panics
    /// If the trunk has another number of levels or anchors than these rules.
    pub fn propose(&self, trunk: &Trunk, picture: Size, input: Size) -> Proposals {
        assert_eq!(trunk.objectness.len(), self.anchors.len(), "one set of anchors a level");
        let mut all = Proposals::default();
        let mut levels = Vec::new();
        for (level, anchors) in self.anchors.iter().enumerate() {
            self.propose_level(trunk, level, anchors, picture, input, &mut all);
            levels.resize(all.boxes.len(), level);
        }
        let kept = nms::suppress(&all.boxes, &all.logits, &levels, OVERLAP);
        let kept = &kept[..kept.len().min(self.keep)];
        Proposals {
            boxes: kept.iter().map(|&i| all.boxes[i]).collect(),
            logits: kept.iter().map(|&i| all.logits[i]).collect(),
        }
    }

    /// Adds the best boxes of one level.
    fn propose_level(
        &self,
        trunk: &Trunk,
        level: usize,
        anchors: &CellAnchors,
        picture: Size,
        input: Size,
        all: &mut Proposals,
    ) {
        let (objectness, deltas) = (&trunk.objectness[level], &trunk.deltas[level]);
        assert_eq!(objectness.channels, anchors.count(), "one objectness an anchor");
        let cells = Size::new(objectness.width as u32, objectness.height as u32);
        let stride = match self.library {
            Library::Detectron2 => [4 << level; 2],
            Library::Torchvision => dividing_stride(input, cells),
        };
        let plane = objectness.height * objectness.width;
        for position in best(&objectness.values, plane, self.per_level) {
            let (cell, shape) = (position % plane, position / plane);
            let (row, column) = (cell / objectness.width, cell % objectness.width);
            let delta = [0, 1, 2, 3].map(|c| deltas.at(4 * shape + c, row, column));
            let anchor = anchors.at(row, column, shape, stride);
            let bbox = BoxCoding::PLAIN.decode(anchor, delta).clamp_to(picture.bounds());
            let logit = objectness.values[position];
            if self.is_large_enough(bbox) && logit.is_finite() && sigmoid(logit) >= self.min_score {
                all.boxes.push(bbox);
                all.logits.push(logit);
            }
        }
    }

    /// Whether a box is no sliver; false for one with an edge that is not a number.
    fn is_large_enough(&self, bbox: BBox) -> bool {
        match self.library {
            Library::Detectron2 => !bbox.is_empty(),
            Library::Torchvision => bbox.width() >= 1e-3 && bbox.height() >= 1e-3,
        }
    }
}

/// Positions of the `count` largest values of `(shapes, plane)`, best first; equal ones in the order cell, shape.
fn best(values: &[f32], plane: usize, count: usize) -> Vec<usize> {
    let shapes = values.len() / plane.max(1);
    let place = |i: &usize| (i % plane) * shapes + i / plane;
    let order = |a: &usize, b: &usize| values[*b].total_cmp(&values[*a]).then_with(|| place(a).cmp(&place(b)));
    let mut positions: Vec<usize> = (0..values.len()).collect();
    if count < positions.len() {
        positions.select_nth_unstable_by(count, order);
        positions.truncate(count);
    }
    positions.sort_unstable_by(order);
    positions
}

/// The probability of a logit.
pub(crate) fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first_and_equal_ones_by_cell() {
        // Two shapes of three cells; 7 stands in cell 2 of shape 0 and in cells 0 and 2 of shape 1.
        let values = [1.0, 9.0, 7.0, 7.0, 2.0, 7.0];
        assert_eq!(best(&values, 3, 4), [1, 3, 2, 5]);
        assert_eq!(best(&values, 3, 2), [1, 3]);
        assert_eq!(best(&values, 3, 99).len(), 6);
    }
}
