//! Geometry of outlines: what lies inside, where their handles are, what moving one does.
//!
//! All coordinates are image pixels. Corners of a box run clockwise from the top left one, its sides clockwise from the top;
//! side `i` of a polygon leads from corner `i` to the next.

use crate::geometry::BBox;
use crate::roi::{Outline, ring_bounds};

/// `[x, y]` in image pixels.
pub(crate) type Point = [f32; 2];

/// Least side of a box, and least area of a polygon, in pixels.
pub(super) const LEAST: f32 = 1.0;

/// What of an outline can be taken hold of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handle {
    /// A corner.
    Corner(usize),
    /// The middle of a side: moves a box's side, gives a polygon a new corner.
    Side(usize),
}

pub(crate) fn corners(outline: &Outline) -> Vec<Point> {
    match outline {
        Outline::Box(b) => vec![[b.x0, b.y0], [b.x1, b.y0], [b.x1, b.y1], [b.x0, b.y1]],
        Outline::Polygon(ring) => ring.clone(),
    }
}

/// All handles with their places, corners last, so that what is painted last lies on top.
pub(crate) fn handles(outline: &Outline) -> Vec<(Handle, Point)> {
    let corners = corners(outline);
    let next = corners.iter().cycle().skip(1);
    let sides = corners.iter().zip(next).map(|(a, b)| [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]);
    let sides = sides.enumerate().map(|(i, at)| (Handle::Side(i), at));
    sides.chain(corners.iter().enumerate().map(|(i, at)| (Handle::Corner(i), *at))).collect()
}

/// The handle within `reach` of a point; of several the nearest, and a corner before a side.
pub(crate) fn handle_at(outline: &Outline, at: Point, reach: f32) -> Option<Handle> {
    let near = handles(outline).into_iter().map(|(handle, place)| (handle, distance(place, at)));
    let rank = |(handle, distance): &(Handle, f32)| (matches!(handle, Handle::Side(_)), *distance);
    let near = near.filter(|(_, distance)| *distance <= reach);
    near.min_by(|a, b| rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1))).map(|(handle, _)| handle)
}

pub(crate) fn distance(a: Point, b: Point) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

pub(crate) fn contains(outline: &Outline, [x, y]: Point) -> bool {
    match outline {
        Outline::Box(b) => (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y),
        Outline::Polygon(ring) => {
            let sides = ring.iter().zip(ring.iter().cycle().skip(1));
            let crossed = sides
                .filter(|(a, b)| (a[1] <= y) != (b[1] <= y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
            crossed.count() % 2 == 1
        }
    }
}

pub(crate) fn bounds(outline: &Outline) -> BBox {
    match outline {
        Outline::Box(b) => *b,
        Outline::Polygon(ring) => ring_bounds(std::slice::from_ref(ring)).unwrap_or(BBox::new(0.0, 0.0, 0.0, 0.0)),
    }
}

/// Area; that of a polygon by the shoelace formula.
pub(super) fn area(outline: &Outline) -> f32 {
    match outline {
        Outline::Box(b) => b.area(),
        Outline::Polygon(ring) => {
            let sides = ring.iter().zip(ring.iter().cycle().skip(1));
            sides.map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f32>().abs() / 2.0
        }
    }
}

/// Whether an outline is large enough to be kept.
pub(super) fn is_kept(outline: &Outline) -> bool {
    match outline {
        Outline::Box(b) => b.width() >= LEAST && b.height() >= LEAST,
        Outline::Polygon(ring) => ring.len() >= 3 && area(outline) >= LEAST,
    }
}

/// The outline moved as a whole, as far as it stays inside `limits`.
pub(super) fn moved(outline: &Outline, by: Point, limits: BBox) -> Outline {
    let b = bounds(outline);
    // One that is larger than the limits or outside of them stays where it is on that axis.
    let within = |by: f32, low: f32, high: f32| if low <= high { by.clamp(low, high) } else { 0.0 };
    let dx = within(by[0], limits.x0 - b.x0, limits.x1 - b.x1);
    let dy = within(by[1], limits.y0 - b.y0, limits.y1 - b.y1);
    match outline {
        Outline::Box(b) => Outline::Box(BBox::new(b.x0 + dx, b.y0 + dy, b.x1 + dx, b.y1 + dy)),
        Outline::Polygon(ring) => Outline::Polygon(ring.iter().map(|[x, y]| [x + dx, y + dy]).collect()),
    }
}

/// The outline with one handle at `to`, inside `limits`. A corner of a box leaves the opposite one where it is, also when it
/// is moved past it.
pub(super) fn with_handle(outline: &Outline, handle: Handle, to: Point, limits: BBox) -> Outline {
    let [x, y] = clamped(to, limits);
    match (outline, handle) {
        (Outline::Box(_), Handle::Corner(i)) => {
            let opposite = corners(outline)[(i + 2) % 4];
            Outline::Box(spanned(opposite, [x, y]))
        }
        (Outline::Box(b), Handle::Side(i)) => Outline::Box(match i {
            0 => spanned([b.x0, b.y1], [b.x1, y]),
            1 => spanned([b.x0, b.y0], [x, b.y1]),
            2 => spanned([b.x0, b.y0], [b.x1, y]),
            _ => spanned([b.x1, b.y0], [x, b.y1]),
        }),
        (Outline::Polygon(ring), Handle::Corner(i)) => {
            let mut ring = ring.clone();
            if let Some(corner) = ring.get_mut(i) {
                *corner = [x, y];
            }
            Outline::Polygon(ring)
        }
        (Outline::Polygon(ring), Handle::Side(i)) => {
            let mut ring = ring.clone();
            ring.insert((i + 1).min(ring.len()), [x, y]);
            Outline::Polygon(ring)
        }
    }
}

/// The box between two opposite corners, in whatever order.
pub(super) fn spanned(a: Point, b: Point) -> BBox {
    BBox::new(a[0].min(b[0]), a[1].min(b[1]), a[0].max(b[0]), a[1].max(b[1]))
}

pub(super) fn clamped([x, y]: Point, limits: BBox) -> Point {
    [x.clamp(limits.x0, limits.x1), y.clamp(limits.y0, limits.y1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BBox = BBox::new(0.0, 0.0, 100.0, 80.0);

    fn square() -> Outline {
        Outline::Box(BBox::new(10.0, 10.0, 30.0, 30.0))
    }

    fn triangle() -> Outline {
        Outline::Polygon(vec![[10.0, 10.0], [30.0, 10.0], [10.0, 30.0]])
    }

    #[test]
    fn an_outline_moves_as_far_as_the_edge_of_the_image() {
        assert_eq!(moved(&square(), [-50.0, 500.0], LIMITS), Outline::Box(BBox::new(0.0, 60.0, 20.0, 80.0)));
        let Outline::Polygon(ring) = moved(&triangle(), [1000.0, 1.0], LIMITS) else { panic!("stays a polygon") };
        assert_eq!(ring, [[80.0, 11.0], [100.0, 11.0], [80.0, 31.0]]);
    }

    #[test]
    fn a_corner_dragged_past_the_opposite_one_turns_the_box_over() {
        let turned = with_handle(&square(), Handle::Corner(0), [50.0, 200.0], LIMITS);
        assert_eq!(turned, Outline::Box(BBox::new(30.0, 30.0, 50.0, 80.0)));
    }

    #[test]
    fn a_side_moves_on_one_axis_only() {
        let side = |i, to| bounds(&with_handle(&square(), Handle::Side(i), to, LIMITS));
        assert_eq!(side(0, [99.0, 5.0]), BBox::new(10.0, 5.0, 30.0, 30.0));
        assert_eq!(side(1, [40.0, 99.0]), BBox::new(10.0, 10.0, 40.0, 30.0));
        assert_eq!(side(2, [99.0, 70.0]), BBox::new(10.0, 10.0, 30.0, 70.0));
        assert_eq!(side(3, [2.0, 99.0]), BBox::new(2.0, 10.0, 30.0, 30.0));
    }

    #[test]
    fn the_middle_of_a_polygons_side_becomes_a_corner() {
        let Outline::Polygon(ring) = with_handle(&triangle(), Handle::Side(2), [0.0, 20.0], LIMITS) else {
            panic!("stays a polygon")
        };
        assert_eq!(ring, [[10.0, 10.0], [30.0, 10.0], [10.0, 30.0], [0.0, 20.0]]);
    }

    #[test]
    fn a_corner_is_found_before_a_side_and_nothing_out_of_reach() {
        let small = Outline::Box(BBox::new(10.0, 10.0, 14.0, 14.0));
        assert_eq!(handle_at(&small, [12.0, 10.0], 3.0), Some(Handle::Corner(0)));
        assert_eq!(handle_at(&square(), [20.0, 11.0], 3.0), Some(Handle::Side(0)));
        assert_eq!(handle_at(&square(), [20.0, 20.0], 3.0), None);
    }

    #[test]
    fn a_point_lies_inside_or_not() {
        assert!(contains(&square(), [10.0, 10.0]) && !contains(&square(), [30.0, 20.0]));
        assert!(contains(&triangle(), [14.0, 14.0]) && !contains(&triangle(), [25.0, 25.0]));
        assert_eq!(area(&triangle()), 200.0);
    }
}
