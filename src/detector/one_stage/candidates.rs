//! From scored anchors to boxes with a class, before suppression.

use super::{Family, Scored};
use crate::detector::anchors::{AnchorRule, CellAnchors, dividing_stride, ssd_defaults};
use crate::detector::coding::BoxCoding;
use crate::detector::nms::by_falling_score;
use crate::detector::pyramid::Planes;
use crate::detector::rcnn::{ClassBox, sigmoid, softmax};
use crate::geometry::{BBox, Size};

/// Candidates of the `picture` in the top left of a padded `input`, both in network pixels.
pub(super) fn candidates(
    family: Family,
    levels: &[Scored],
    labels: usize,
    picture: Size,
    input: Size,
) -> Vec<ClassBox> {
    match family {
        Family::RetinaNet => {
            levels.iter().enumerate().flat_map(|(i, level)| retina(i, level, labels, picture, input)).collect()
        }
        Family::SsdLite => ssd(levels, labels, picture, input),
    }
}

/// Rows and columns of a level.
fn cells(level: &Scored) -> Size {
    Size::new(level.classes.width as u32, level.classes.height as u32)
}

/// The anchors of level `index` of `count` over a padded `input`, in the order row, column, shape.
pub fn anchors(family: Family, index: usize, count: usize, level: &Scored, input: Size) -> Vec<BBox> {
    match family {
        Family::SsdLite => ssd_defaults(index, count, cells(level), input),
        Family::RetinaNet => {
            let base = f64::from(32 << index);
            // Cut off to whole pixels.
            let sizes = [0.0, 1.0, 2.0].map(|third: f64| (base * (third / 3.0).exp2()).floor());
            let cell = CellAnchors::new(AnchorRule::Torchvision, &sizes, &[0.5, 1.0, 2.0]);
            cell.grid(cells(level), dividing_stride(input, cells(level)))
        }
    }
}

/// The values of an anchor, which is shape `shape` of cell `cell`: `count` of each.
fn row(planes: &Planes, cell: usize, shape: usize, count: usize) -> Vec<f32> {
    let plane = planes.height * planes.width;
    (0..count).map(|i| planes.values[(shape * count + i) * plane + cell]).collect()
}

/// RetinaNet: the thousand best pairs of anchor and class of a level.
fn retina(index: usize, level: &Scored, labels: usize, picture: Size, input: Size) -> Vec<ClassBox> {
    const SHAPES: usize = Family::RetinaNet.anchors();
    const LEAST: f32 = 0.05;
    const BEST: usize = 1000;
    let anchors = anchors(Family::RetinaNet, index, 5, level, input);
    let mut found = Vec::new();
    for anchor in 0..anchors.len() {
        for (label, logit) in row(&level.classes, anchor / SHAPES, anchor % SHAPES, labels).into_iter().enumerate() {
            let score = sigmoid(logit);
            if score > LEAST {
                found.push((anchor, label, score));
            }
        }
    }
    let scores: Vec<_> = found.iter().map(|f| f.2).collect();
    let best = by_falling_score(&scores).into_iter().take(BEST).map(|i| found[i]);
    best.map(|(anchor, label, score)| {
        let delta = row(&level.deltas, anchor / SHAPES, anchor % SHAPES, 4);
        let bbox = BoxCoding::PLAIN.decode(anchors[anchor], [delta[0], delta[1], delta[2], delta[3]]);
        ClassBox { bbox: bbox.clamp_to(picture.bounds()), score, label }
    })
    .collect()
}

/// SSD: the three hundred best anchors of each class but the background.
fn ssd(levels: &[Scored], labels: usize, picture: Size, input: Size) -> Vec<ClassBox> {
    const SHAPES: usize = Family::SsdLite.anchors();
    const LEAST: f32 = 0.001;
    const BEST: usize = 300;
    let (mut boxes, mut probabilities) = (Vec::new(), Vec::new());
    for (index, level) in levels.iter().enumerate() {
        for (i, anchor) in anchors(Family::SsdLite, index, levels.len(), level, input).into_iter().enumerate() {
            let delta = row(&level.deltas, i / SHAPES, i % SHAPES, 4);
            let bbox = BoxCoding::TEN_FIVE.decode(anchor, [delta[0], delta[1], delta[2], delta[3]]);
            boxes.push(bbox.clamp_to(picture.bounds()));
            probabilities.push(softmax(&row(&level.classes, i / SHAPES, i % SHAPES, labels)));
        }
    }
    let best_of_label = |label: usize| {
        let scored = boxes.iter().zip(&probabilities).map(|(bbox, p)| ClassBox { bbox: *bbox, score: p[label], label });
        let of_label: Vec<_> = scored.filter(|b| b.score > LEAST).collect();
        let scores: Vec<_> = of_label.iter().map(|b| b.score).collect();
        by_falling_score(&scores).into_iter().take(BEST).map(move |i| of_label[i])
    };
    (1..labels).flat_map(best_of_label).collect()
}
