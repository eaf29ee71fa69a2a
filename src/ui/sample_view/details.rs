//! The numbers of a sample: prediction against label, top five, regions.
//!
//! Comes in: what the networks said of a sample. Goes out: the region that the pointer is over. May not live here: the
//! picture.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align2, Color32, CornerRadius, CursorIcon, Frame, Margin, Rect, Response, ScrollArea, Sense, Ui, Vec2, WidgetInfo,
    pos2, vec2,
};

use super::canvas::region_title;
use super::live::Live;
use super::measures;
use super::stage::best_region;
use crate::analysis::{Measured, MeasuredRoi};
use crate::dataset::ClassId;
use crate::fit::{Fit, UNINFORMATIVE_AREA_SHARE};
use crate::roi::{Roi, RoiSource};
use crate::ui::project::{ClassNames, Detail};
use crate::ui::theme::{self, palette, size, space};
use crate::ui::{format, widgets};

/// Height of a line of the lists.
const LINE: f32 = 22.0;

/// What the pointer does on the lists.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answer {
    /// The region that it is over.
    pub(super) pointed: Option<usize>,
    /// The region that was clicked.
    pub(super) clicked: Option<usize>,
    /// The class that was clicked: its map is asked for.
    pub(super) class: Option<ClassId>,
}

/// Draws the numbers, with the region `lit` marked; lists stand below each other where it `is_column`.
pub(super) fn ui(
    ui: &mut Ui,
    detail: &Detail,
    live: &Live,
    names: ClassNames<'_>,
    lit: Option<usize>,
    is_column: bool,
) -> Answer {
    let measured = live.measured();
    let mut answer = Answer::default();
    let area = ScrollArea::vertical().id_salt("details").auto_shrink(false);
    area.show(ui, |ui| {
        Frame::new().inner_margin(Margin::symmetric(14, 10)).show(ui, |ui| {
            summary_ui(ui, detail, measured, names);
            ui.add_space(space::GROUP);
            if is_column {
                let class = predictions_ui(ui, detail, measured.explanation.target, names);
                ui.add_space(space::GROUP);
                answer = Answer { class, ..regions_ui(ui, live, lit) };
                ui.add_space(space::GROUP);
                measures::ui(ui, live);
                return;
            }
            ui.spacing_mut().item_spacing.x = space::SECTION;
            ui.columns(2, |columns| {
                let class = predictions_ui(&mut columns[0], detail, measured.explanation.target, names);
                answer = Answer { class, ..regions_ui(&mut columns[1], live, lit) };
            });
            ui.add_space(space::GROUP);
            measures::ui(ui, live);
        });
    });
    answer
}

fn summary_ui(ui: &mut Ui, detail: &Detail, measured: &Measured, names: ClassNames<'_>) {
    let palette = palette(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::SECTION;
        let fit = measured.fit;
        let state = fit.absence().map_or_else(|| format::percent1(fit.value()), str::to_owned);
        widgets::figure(ui, "Fit", &state, "Share of the saliency inside the best region");
        widgets::figure(
            ui,
            "Area share",
            &format::percent1(fit.area_share()),
            "Share of the view that the best region covers: the fit of a uniform map",
        );
        let low = fit.lift().is_some_and(|lift| lift < 1.0);
        let color = if low { palette.warn } else { palette.strong };
        let meaning = "Fit over area share; 1 is what the region's size explains";
        widgets::figure_colored(ui, "Lift", &format::factor(fit.lift()), meaning, color);
        let best = measured.explanation.top.first();
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            widgets::caption(ui, "Predicted");
            let name = best.map_or_else(String::new, |p| names.of(p.class));
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                match detail.sample.score.and_then(|s| s.correct) {
                    Some(true) => drop(widgets::tag(ui, "right", palette.good)),
                    Some(false) => drop(widgets::tag(ui, "wrong", palette.bad)),
                    None => {}
                }
                widgets::title(ui, &*name).on_hover_text(&name);
            });
            let label = detail.sample.label.as_deref();
            widgets::caption(ui, label.map_or_else(|| "no label".to_owned(), |label| format!("Label: {label}")));
        });
    });
    if fit_is_uninformative(measured.fit) {
        ui.add_space(space::TIGHT);
        widgets::caption(ui, "The best region covers nearly the whole view, so its fit says nothing.");
    }
}

fn fit_is_uninformative(fit: Fit) -> bool {
    fit.area_share().is_some_and(|share| share >= UNINFORMATIVE_AREA_SHARE)
}

/// Draws the most probable classes; the one that was clicked.
fn predictions_ui(ui: &mut Ui, detail: &Detail, target: ClassId, names: ClassNames<'_>) -> Option<ClassId> {
    let palette = palette(ui);
    let mut clicked = None;
    widgets::title(ui, "Predictions");
    ui.add_space(2.0);
    ui.spacing_mut().item_spacing.y = 2.0;
    let top = detail.outcome.as_ref().map_or(&[][..], |of_run| &of_run.explanation.top);
    for prediction in top {
        let explained = prediction.class == target;
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::click());
        if response.hovered() {
            ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), CornerRadius::same(3), palette.raised);
        }
        let share = f64::from(prediction.probability);
        let bar = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 4.0), pos2(rect.right(), rect.bottom() - 1.0));
        widgets::share_bar(ui, bar, share, None, if explained { palette.accent } else { palette.weak });
        let color = if explained { palette.strong } else { palette.text };
        let font = theme::plain(size::BODY - 0.5);
        let value = format::percent1(Some(share));
        let number = widgets::painted_text(
            ui,
            rect.right_top() + vec2(0.0, 8.0),
            Align2::RIGHT_CENTER,
            &value,
            font.clone(),
            color,
            60.0,
        );
        let room = rect.width() - number - space::NEAR;
        let name = names.of(prediction.class);
        widgets::painted_text(ui, rect.left_top() + vec2(0.0, 8.0), Align2::LEFT_CENTER, &name, font, color, room);
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, explained, format!("Explain {name}")));
        let hint =
            if explained { "the map explains this class" } else { "click to see where the network looks for it" };
        if response.on_hover_text(format!("{name}: {hint}")).on_hover_cursor(CursorIcon::PointingHand).clicked() {
            clicked = Some(prediction.class);
        }
    }
    clicked
}

fn regions_ui(ui: &mut Ui, live: &Live, lit: Option<usize>) -> Answer {
    let measured = live.measured();
    let best = best_region(measured);
    let mut answer = Answer::default();
    region_head_ui(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    if measured.rois.is_empty() {
        widgets::caption(ui, "No region was found. Draw one with E.");
    }
    // What counts comes first, and in it what was drawn by hand.
    let mut order: Vec<_> = measured.rois.iter().enumerate().collect();
    order.sort_by_key(|(_, region)| (!region.standing.counts, region.roi.source != RoiSource::Hand));
    for (i, roi) in order {
        let state = State { best: best == Some(i), lit: lit == Some(i), counts: roi.standing.counts };
        let response = region_ui(ui, i, roi, state);
        answer.pointed = answer.pointed.or(response.hovered().then_some(i));
        answer.clicked = answer.clicked.or(response.clicked().then_some(i));
    }
    answer
}

/// Right edges of the number columns, from the right edge of the list.
const FIT_RIGHT: f32 = 88.0;
const AREA_RIGHT: f32 = 44.0;

fn region_head_ui(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let palette = palette(ui);
    let y = rect.center().y;
    let text = |x: f32, anchor, text: &str, font, color| {
        widgets::painted_text(ui, pos2(x, y), anchor, text, font, color, 120.0);
    };
    text(rect.left(), Align2::LEFT_CENTER, "Regions", theme::strong(size::BODY), palette.strong);
    for (from_right, title) in [(FIT_RIGHT, "Fit"), (AREA_RIGHT, "Area"), (0.0, "Lift")] {
        text(rect.right() - from_right, Align2::RIGHT_CENTER, title, theme::plain(size::SMALL), palette.weak);
    }
}

/// How a region's line looks.
#[derive(Clone, Copy)]
struct State {
    best: bool,
    lit: bool,
    counts: bool,
}

/// Draws a region's line.
fn region_ui(ui: &mut Ui, index: usize, roi: &MeasuredRoi, State { best, lit, counts }: State) -> Response {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::click());
    if lit || response.hovered() {
        ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), CornerRadius::same(3), palette.raised);
    }
    let swatch = Rect::from_center_size(pos2(rect.left() + 5.0, rect.center().y), Vec2::splat(9.0));
    ui.painter().rect_filled(swatch, CornerRadius::same(2), theme::box_color(index));
    let font = if best { theme::strong(size::BODY - 0.5) } else { theme::plain(size::BODY - 0.5) };
    let color = match (best, counts) {
        (true, _) => palette.strong,
        (false, true) => palette.text,
        (false, false) => palette.weak,
    };
    let y = rect.center().y;
    let number = |from_right: f32, text: String, color: Color32| {
        let at = pos2(rect.right() - from_right, y);
        widgets::painted_text(ui, at, Align2::RIGHT_CENTER, &text, font.clone(), color, 120.0);
    };
    let name_room = rect.width() - 16.0 - FIT_RIGHT - 40.0;
    let name = region_title(&roi.roi);
    widgets::painted_text(ui, pos2(rect.left() + 16.0, y), Align2::LEFT_CENTER, &name, font.clone(), color, name_room);
    match roi.share {
        Some(share) => {
            number(FIT_RIGHT, format::percent(share.fit), color);
            number(AREA_RIGHT, format::percent(Some(share.area_share)), color);
            let lift = share.fit.map(|fit| fit / share.area_share);
            let low = lift.is_some_and(|lift| lift < 1.0);
            number(0.0, lift.map_or("–".into(), |v| format!("{v:.2}")), if low { palette.warn } else { color });
        }
        None => number(0.0, "outside the view".into(), palette.weak),
    }
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, format!("Region {name}")));
    let why = if counts { "" } else { "; does not count, since regions of a better source are known" };
    response.on_hover_text(format!("{name}: {}{why}", source(&roi.roi)))
}

/// Where a region comes from, in words.
fn source(roi: &Roi) -> &'static str {
    match roi.source {
        RoiSource::Detector => "found by the detector",
        RoiSource::Annotation => "from the annotations",
        RoiSource::Hand => "drawn by hand",
    }
}
