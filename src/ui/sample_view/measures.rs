//! The measures of an image's map beside those of maps that know nothing of the network.

use eframe::egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use super::live::Live;
use crate::measure::{Baseline, Measure, MeasureChoice, Measures};
use crate::ui::theme::{self, palette, size};
use crate::ui::widgets;

/// Height of a line, and widest list.
const LINE: f32 = 18.0;
const WIDEST: f32 = 460.0;

/// Right edges of the columns of numbers, from the right edge of the list.
const RIGHT: [f32; 3] = [140.0, 70.0, 0.0];

/// Draws a line for each measure; a map that does not beat a baseline has its number in amber.
pub(super) fn ui(ui: &mut Ui, live: &Live) {
    let palette = palette(ui);
    let [centre, uniform] = Baseline::ALL;
    let titles = ["this map", centre.name(), uniform.name()];
    let head = line(ui, "Measures", None);
    let text = |rect: Rect, right: f32, text: &str, color, font| {
        let at = pos2(rect.right() - right, rect.center().y);
        widgets::painted_text(ui, at, Align2::RIGHT_CENTER, text, font, color, RIGHT[1]);
    };
    for (right, title) in RIGHT.into_iter().zip(titles) {
        text(head, right, title, palette.weak, theme::plain(size::SMALL));
    }
    let Some(measures) = live.measures() else {
        widgets::caption(ui, "Without a fit there are no measures.");
        return;
    };
    let maps: [&Measures; 3] = [&measures.map, measures.of(centre), measures.of(uniform)];
    for measure in Measure::ALL {
        let rect = line(ui, measure.title(), Some(measure.meaning()));
        let values = maps.map(|map| map.get(measure));
        let best_baseline = values[1..].iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
        let choice = MeasureChoice { measure, minus: None };
        for (place, (right, value)) in RIGHT.into_iter().zip(values).enumerate() {
            let words = value.map_or_else(|| "–".to_owned(), |value| choice.text(value));
            let color = match (place, value) {
                (0, Some(value)) if value < best_baseline => palette.warn,
                (0, _) => palette.strong,
                _ => palette.text,
            };
            let at = pos2(rect.right() - right, rect.center().y);
            widgets::painted_text(
                ui,
                at,
                Align2::RIGHT_CENTER,
                &words,
                theme::plain(size::BODY - 0.5),
                color,
                RIGHT[1],
            );
        }
    }
}

/// A line with its name at the left.
fn line(ui: &mut Ui, name: &str, meaning: Option<&str>) -> Rect {
    let width = ui.available_width().min(WIDEST);
    let (rect, response) = ui.allocate_exact_size(vec2(width, LINE), Sense::hover());
    let palette = palette(ui);
    let (font, color) = match meaning {
        Some(_) => (theme::plain(size::BODY - 0.5), palette.text),
        None => (theme::strong(size::BODY), palette.strong),
    };
    let room = width - RIGHT[0] - 60.0;
    widgets::painted_text(ui, rect.left_center(), Align2::LEFT_CENTER, name, font, color, room);
    if let Some(meaning) = meaning {
        response.on_hover_text(meaning);
    }
    rect
}
