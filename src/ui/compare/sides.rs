//! A photo in both runs, side by side with one zoom.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Color32, CornerRadius, Frame, Label, Margin, Rect, RichText, Sense, Ui, UiBuilder, WidgetInfo, vec2,
};

use super::Shown;
use crate::analysis::Measured;
use crate::dataset::SampleId;
use crate::geometry::Size;
use crate::ui::gallery::file_name;
use crate::ui::layers::Layers;
use crate::ui::project::{ClassNames, Detail};
use crate::ui::sample_view::canvas::{self, Marked};
use crate::ui::sample_view::zoom::Zoom;
use crate::ui::textures::{Layer, Slot, Textures};
use crate::ui::theme::{palette, size, space};
use crate::ui::{format, widgets};

/// Room for the numbers below a picture, in points.
const NUMBERS: f32 = 108.0;

/// Draws both sides.
pub(super) fn ui(ui: &mut Ui, shown: &mut Shown, layers: &Layers) {
    let detail = match &shown.detail {
        Some(Ok(detail)) => detail,
        Some(Err(reason)) => return widgets::empty_state(ui, "The photo cannot be compared", reason),
        None => return widgets::empty_state(ui, "No photo chosen", "Choose a photo to see it on both sides."),
    };
    let path = &shown.runs.comparison.samples[detail.place].first.path;
    widgets::header(ui, |ui| drop(widgets::title(ui, file_name(path)).on_hover_text(path)), |_| {});
    let whole = ui.available_rect_before_wrap();
    let (left, right) = whole.split_left_right_at_fraction(0.5);
    for (i, (name, rect)) in ["A", "B"].into_iter().zip([left, right]).enumerate() {
        let (side, snapshot) = (&detail.sides[i], &shown.runs.sides[i]);
        let rect = rect.shrink2(vec2(2.0, 0.0));
        let picture = Rect::from_min_max(rect.min, rect.max - vec2(0.0, NUMBERS));
        let numbers = Rect::from_min_max(picture.left_bottom(), rect.max);
        match &side.outcome {
            Ok(measured) => {
                let textures = &mut shown.textures[i];
                picture_ui(ui, picture, name, side.sample.id, measured, &mut shown.zoom, textures, layers);
            }
            Err(reason) => {
                ui.scope_builder(UiBuilder::new().max_rect(picture), |ui| {
                    widgets::empty_state(ui, "This photo could not be used", reason);
                });
            }
        }
        ui.scope_builder(UiBuilder::new().max_rect(numbers), |ui| numbers_ui(ui, name, side, snapshot.names()));
    }
}

#[expect(clippy::too_many_arguments, reason = "a picture is all of these")]
fn picture_ui(
    ui: &mut Ui,
    rect: Rect,
    name: &str,
    sample: SampleId,
    measured: &Measured,
    zoom: &mut Zoom,
    textures: &mut Textures,
    layers: &Layers,
) {
    let response = ui.interact(rect, ui.scope_id().with(name), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("Photo {name}")));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, CornerRadius::ZERO, palette(ui).canvas);
    let (image, inner) = (measured.explanation.image, rect.shrink(space::NEAR));
    navigate(ui, &response, inner, image, zoom);
    let ui_from_image = zoom.ui_from_image(image, inner);
    match textures.get((sample, Layer::Photo)) {
        Slot::Ready(photo) => canvas::paint_texture(&painter, &photo, ui_from_image, Color32::WHITE),
        Slot::Pending => {}
        Slot::Failed(reason) => {
            ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
                widgets::empty_state(ui, "The photo cannot be shown", &reason);
            });
            return;
        }
    }
    if layers.heat
        && let Slot::Ready(heat) = textures.get((sample, Layer::Heat(layers.colormap)))
    {
        canvas::paint_texture(&painter, &heat, ui_from_image, layers.heat_tint());
    }
    canvas::paint_view(&painter, image, measured.explanation.view, ui_from_image, canvas::UNSEEN);
    if layers.boxes {
        if canvas::has_masks(&measured.rois)
            && let Slot::Ready(masks) = textures.get((sample, Layer::Masks))
        {
            canvas::paint_texture(&painter, &masks, ui_from_image, Color32::WHITE);
        }
        let marked = Marked { rois: &measured.rois, best: measured.fit.roi(), pointed: None, only_counting: true };
        canvas::paint_regions(&painter, marked, ui_from_image);
    }
}

/// Both pictures follow what pointer and wheel do on either.
fn navigate(ui: &Ui, response: &eframe::egui::Response, canvas: Rect, image: Size, zoom: &mut Zoom) {
    if response.dragged() {
        zoom.pan(response.drag_delta(), image, canvas);
    }
    if response.double_clicked() {
        zoom.reset();
    }
    if let Some(at) = response.hover_pos() {
        let (pinch, wheel) = ui.input(|i| (i.zoom_delta(), i.smooth_scroll_delta().y));
        let by = pinch * (wheel / 240.0).exp();
        if by != 1.0 {
            // The other picture is as large, so that one shift fits both.
            zoom.zoom_at(at, by, image, canvas);
        }
    }
}

fn numbers_ui(ui: &mut Ui, name: &str, side: &Detail, names: ClassNames<'_>) {
    Frame::new().inner_margin(Margin::symmetric(10, 8)).show(ui, |ui| {
        let Ok(measured) = &side.outcome else { return };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::GROUP;
            let fit = measured.fit;
            let fit = fit.absence().map_or_else(|| format::percent1(fit.value()), str::to_owned);
            widgets::figure(ui, &format!("Fit {name}"), &fit, "Share of the saliency inside the best region");
            widgets::figure(
                ui,
                "Area",
                &format::percent(measured.fit.area_share()),
                "Share of the view that it covers",
            );
            widgets::figure(ui, "Lift", &format::factor(measured.fit.lift()), "Fit over area share");
        });
        if let Some(best) = measured.explanation.top.first() {
            let probability = format::percent(Some(f64::from(best.probability)));
            let text = format!("{} {probability}", names.of(best.class));
            let color = match side.sample.score.and_then(|score| score.correct) {
                Some(true) => palette(ui).good,
                Some(false) => palette(ui).bad,
                None => palette(ui).text,
            };
            ui.add(Label::new(RichText::new(text).size(size::BODY).color(color)).truncate());
        }
    });
}
