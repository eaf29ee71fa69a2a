//! Sizes, boxes and the axis-aligned transforms between the spaces of an image.
//!
//! Comes in: plain numbers. Goes out: [`Size`], [`BBox`], [`Affine`]. May not live here: tensors, files, or anything that
//! knows what a box is for.
//!
//! Spaces are named in variables and functions: `image` (pixels of the decoded, upright image), `input` (pixels of a
//! network's input), `grid` (cells of a saliency map), `ui` (points of the window). A transform is named
//! `input_from_image`: apply it to image coordinates to get input coordinates.

/// Width and height of a picture or grid, in pixels or cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// A size of `width` columns and `height` rows.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// The box that covers the whole size.
    pub fn bounds(self) -> BBox {
        BBox { x0: 0.0, y0: 0.0, x1: self.width as f32, y1: self.height as f32 }
    }

    /// Width times height.
    pub fn area(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// A half-open axis-aligned box `[x0, x1) × [y0, y1)`, in image pixels unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BBox {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge, outside the box.
    pub x1: f32,
    /// Bottom edge, outside the box.
    pub y1: f32,
}

impl BBox {
    /// A box from its edges; `x1 < x0` or `y1 < y0` gives an empty box.
    pub const fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Self {
        Self { x0, y0, x1, y1 }
    }

    /// Horizontal extent, never negative.
    pub fn width(self) -> f32 {
        (self.x1 - self.x0).max(0.0)
    }

    /// Vertical extent, never negative.
    pub fn height(self) -> f32 {
        (self.y1 - self.y0).max(0.0)
    }

    /// Area, zero for an empty box.
    pub fn area(self) -> f32 {
        self.width() * self.height()
    }

    /// Whether the box holds no point (also when an edge is not a number).
    pub fn is_empty(self) -> bool {
        !(self.x1 > self.x0 && self.y1 > self.y0)
    }

    /// The part inside `other`, or `None` where nothing is left.
    pub fn intersection(self, other: Self) -> Option<Self> {
        // Below, an edge that is not a number would give way to the other's.
        if self.is_empty() || other.is_empty() {
            return None;
        }
        let both = Self {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        };
        (!both.is_empty()).then_some(both)
    }

    /// Intersection over union, 0 when either box is empty.
    pub fn iou(self, other: Self) -> f32 {
        let Some(both) = self.intersection(other) else { return 0.0 };
        let inter = both.area();
        inter / (self.area() + other.area() - inter)
    }

    /// Each edge moved into `bounds`; a box outside becomes an empty one on the border.
    pub fn clamp_to(self, bounds: Self) -> Self {
        Self {
            x0: self.x0.clamp(bounds.x0, bounds.x1),
            y0: self.y0.clamp(bounds.y0, bounds.y1),
            x1: self.x1.clamp(bounds.x0, bounds.x1),
            y1: self.y1.clamp(bounds.y0, bounds.y1),
        }
    }
}

/// A scale and a shift on each axis: `to = from * scale + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Factors of x and y.
    pub scale: [f32; 2],
    /// Shifts of x and y, in the target space.
    pub offset: [f32; 2],
}

impl Affine {
    /// Leaves every point where it is.
    pub const IDENTITY: Self = Self { scale: [1.0, 1.0], offset: [0.0, 0.0] };

    /// The transform that takes `from` onto `to`; neither may be empty.
    pub fn between(from: BBox, to: BBox) -> Self {
        let scale = [to.width() / from.width(), to.height() / from.height()];
        Self { scale, offset: [to.x0 - from.x0 * scale[0], to.y0 - from.y0 * scale[1]] }
    }

    /// Moves a point.
    pub fn point(self, x: f32, y: f32) -> (f32, f32) {
        (x * self.scale[0] + self.offset[0], y * self.scale[1] + self.offset[1])
    }

    /// Moves a box.
    pub fn bbox(self, b: BBox) -> BBox {
        let ((x0, y0), (x1, y1)) = (self.point(b.x0, b.y0), self.point(b.x1, b.y1));
        BBox { x0, y0, x1, y1 }
    }

    /// The way back; the scales may not be zero.
    pub fn inverse(self) -> Self {
        let scale = [1.0 / self.scale[0], 1.0 / self.scale[1]];
        Self { scale, offset: [-self.offset[0] * scale[0], -self.offset[1] * scale[1]] }
    }

    /// First `self`, then `next`: `c_from_a = b_from_a.then(c_from_b)`.
    pub fn then(self, next: Self) -> Self {
        Self {
            scale: [self.scale[0] * next.scale[0], self.scale[1] * next.scale[1]],
            offset: [self.offset[0] * next.scale[0] + next.offset[0], self.offset[1] * next.scale[1] + next.offset[1]],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_overlapping_squares_have_iou_one_third() {
        let a = BBox::new(0.0, 0.0, 2.0, 2.0);
        let b = BBox::new(1.0, 0.0, 3.0, 2.0);
        assert_eq!(a.iou(b), 1.0 / 3.0);
    }

    #[test]
    fn touching_boxes_do_not_intersect() {
        let a = BBox::new(0.0, 0.0, 1.0, 1.0);
        assert_eq!(a.intersection(BBox::new(1.0, 0.0, 2.0, 1.0)), None);
    }

    #[test]
    fn not_a_number_makes_a_box_empty() {
        let nan = BBox::new(f32::NAN, 0.0, 1.0, 1.0);
        assert!(nan.is_empty());
        assert_eq!(BBox::new(0.0, 0.0, 1.0, 1.0).intersection(nan), None);
    }

    proptest! {
        #[test]
        fn an_inverse_brings_a_point_back(
            sx in 0.01f32..20.0, sy in 0.01f32..20.0, ox in -500f32..500.0, oy in -500f32..500.0,
            x in 0f32..5000.0, y in 0f32..5000.0,
        ) {
            let there = Affine { scale: [sx, sy], offset: [ox, oy] };
            let (u, v) = there.point(x, y);
            let (x2, y2) = there.inverse().point(u, v);
            // One rounding of the shifted value, seen through the inverse scale.
            prop_assert!((x - x2).abs() <= 1e-3 * (1.0 + ox.abs() / sx + x) );
            prop_assert!((y - y2).abs() <= 1e-3 * (1.0 + oy.abs() / sy + y) );
        }

        #[test]
        fn then_is_one_after_the_other(s in 0.1f32..5.0, o in -50f32..50.0, t in 0.1f32..5.0, p in -50f32..50.0, x in 0f32..900.0) {
            let a = Affine { scale: [s, t], offset: [o, p] };
            let b = Affine { scale: [t, s], offset: [p, o] };
            let (u, v) = a.point(x, x);
            let twice = b.point(u, v);
            let once = a.then(b).point(x, x);
            prop_assert!((twice.0 - once.0).abs() < 1e-2 && (twice.1 - once.1).abs() < 1e-2);
        }

        #[test]
        fn between_takes_corners_to_corners(x in 0f32..100.0, y in 0f32..100.0, w in 1f32..500.0, h in 1f32..500.0) {
            let from = BBox::new(x, y, x + w, y + h);
            let to = Size::new(224, 224).bounds();
            let b = Affine::between(from, to).bbox(from);
            prop_assert!((b.x0 - to.x0).abs() < 0.05 && (b.y1 - to.y1).abs() < 0.05);
        }
    }
}
