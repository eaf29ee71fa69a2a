//! Boxes as offsets from other boxes, the way R-CNN regresses them (Girshick et al. 2014, appendix C).

use crate::geometry::BBox;

/// The largest logarithm of a scale that is applied, `ln(1000 / 16)`: keeps `exp` finite.
const LARGEST_LOG_SCALE: f32 = 4.135_166_6;

/// Turns regressed deltas `(dx, dy, dw, dh)` into boxes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoxCoding {
    /// What the deltas were multiplied with in training.
    pub weights: [f32; 4],
}

impl BoxCoding {
    /// Region proposals and single-stage detectors without weights.
    pub const PLAIN: Self = Self { weights: [1.0; 4] };
    /// The box head of Faster R-CNN, and SSD.
    pub const TEN_FIVE: Self = Self { weights: [10.0, 10.0, 5.0, 5.0] };

    /// The box that lies `deltas` away from `from`: the centre moves by parts of the sides, the sides grow by `exp`.
    pub fn decode(self, from: BBox, deltas: [f32; 4]) -> BBox {
        let [wx, wy, ww, wh] = self.weights;
        let (width, height) = (from.x1 - from.x0, from.y1 - from.y0);
        let x = deltas[0] / wx * width + (from.x0 + 0.5 * width);
        let y = deltas[1] / wy * height + (from.y0 + 0.5 * height);
        let half_width = 0.5 * ((deltas[2] / ww).min(LARGEST_LOG_SCALE).exp() * width);
        let half_height = 0.5 * ((deltas[3] / wh).min(LARGEST_LOG_SCALE).exp() * height);
        BBox::new(x - half_width, y - half_height, x + half_width, y + half_height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The deltas that lead from `from` to `to`.
    fn encode(coding: BoxCoding, from: BBox, to: BBox) -> [f32; 4] {
        let centre = |b: BBox| (0.5 * (b.x0 + b.x1), 0.5 * (b.y0 + b.y1));
        let ((fx, fy), (tx, ty)) = (centre(from), centre(to));
        [
            coding.weights[0] * (tx - fx) / from.width(),
            coding.weights[1] * (ty - fy) / from.height(),
            coding.weights[2] * (to.width() / from.width()).ln(),
            coding.weights[3] * (to.height() / from.height()).ln(),
        ]
    }

    #[test]
    fn a_box_moves_by_its_own_sides_and_doubles() {
        // Centre (20, 20), sides 20 and 10; a tenth of the weighted deltas counts.
        let from = BBox::new(10.0, 15.0, 30.0, 25.0);
        let to = BoxCoding::TEN_FIVE.decode(from, [5.0, -10.0, 5.0 * 2f32.ln(), 0.0]);
        let expected = [10.0, 5.0, 50.0, 15.0];
        for (a, b) in [to.x0, to.y0, to.x1, to.y1].into_iter().zip(expected) {
            assert!((a - b).abs() < 1e-5, "{to:?}");
        }
    }

    #[test]
    fn growth_stops_at_a_thousand_sixteenths() {
        let to = BoxCoding::PLAIN.decode(BBox::new(0.0, 0.0, 16.0, 16.0), [0.0, 0.0, 100.0, 50.0]);
        assert!((to.width() - 1000.0).abs() < 1e-3 && (to.height() - 1000.0).abs() < 1e-3, "{to:?}");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(
            x in 0f32..500.0, y in 0f32..500.0, w in 4f32..300.0, h in 4f32..300.0,
            u in 0f32..500.0, v in 0f32..500.0, k in 0.1f32..10.0, l in 0.1f32..10.0,
        ) {
            let from = BBox::new(x, y, x + w, y + h);
            let to = BBox::new(u, v, u + w * k, v + h * l);
            for coding in [BoxCoding::PLAIN, BoxCoding::TEN_FIVE] {
                let back = coding.decode(from, encode(coding, from, to));
                let scale = 1e-5 * (1.0 + to.x1.max(to.y1) + 500.0);
                for (a, b) in [(back.x0, to.x0), (back.y0, to.y0), (back.x1, to.x1), (back.y1, to.y1)] {
                    prop_assert!((a - b).abs() < scale, "{back:?} is not {to:?}");
                }
            }
        }
    }
}
