//! The sample view: why?
//!
//! Comes in: all that is known of a sample, and textures. Goes out: commands. May not live here: loading, decoding.

pub(crate) mod canvas;
mod details;

use eframe::egui::accesskit::Role;
use eframe::egui::{Color32, ComboBox, Frame, Margin, Rect, Sense, Slider, Spinner, Ui, WidgetInfo};

use super::command::Command;
use super::gallery::file_name;
use super::layers::Layers;
use super::project::{ClassNames, Detail};
use super::textures::{Layer, Slot, Texture, Textures};
use super::theme::{palette, space};
use super::verdicts;
use super::widgets::{self, Icon};
use crate::analysis::Measured;
use crate::colormap::Colormap;
use crate::dataset::SampleId;
use crate::fit::Fit;
use crate::geometry::Size;
use crate::verdict::Verdict;
use canvas::Zoom;

/// What there is of the chosen sample.
pub(crate) enum Chosen<'a> {
    /// No sample is chosen.
    Nothing,
    /// It is being read; what is shown in the meantime.
    Loading,
    /// It cannot be read, for this reason.
    Unreadable(&'a str),
    /// Here it is.
    Ready {
        /// The sample.
        detail: &'a Detail,
        /// Its place in the gallery, from 1, and how many there are.
        place: Option<(usize, usize)>,
        /// What the reviewer decided about it.
        verdict: Option<Verdict>,
    },
}

/// View state of the sample view.
#[derive(Debug, Default)]
pub(crate) struct SampleView {
    /// What is laid over the photo.
    pub(crate) layers: Layers,
    zoom: Zoom,
    zoomed: Option<SampleId>,
    /// The region that the pointer is over in the list.
    pointed: Option<usize>,
}

/// How much of the photo a mask's colour covers, of 255; as in the pictures of the command line.
const MASK_ALPHA: u8 = 102;

/// Part of the view's height that the numbers get.
const DETAILS_SHARE: f32 = 0.36;

impl SampleView {
    /// Shows the whole image again.
    pub(crate) fn fit_image(&mut self) {
        self.zoom.reset();
    }

    /// Draws the sample.
    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        chosen: &Chosen<'_>,
        names: ClassNames<'_>,
        textures: &mut Textures,
    ) -> Option<Command> {
        let (detail, place, verdict) = match chosen {
            Chosen::Ready { detail, place, verdict } => (*detail, *place, *verdict),
            other => {
                widgets::header(ui, |ui| drop(widgets::title(ui, "Image")), |_| {});
                match other {
                    Chosen::Unreadable(reason) => widgets::empty_state(ui, "The image cannot be shown", reason),
                    Chosen::Loading => {}
                    _ => widgets::empty_state(ui, "No image chosen", "Choose an image to see where the network looks."),
                }
                return None;
            }
        };
        if self.zoomed != Some(detail.sample.id) {
            self.zoomed = Some(detail.sample.id);
            self.zoom.reset();
            self.pointed = None;
        }
        let mut command = head_ui(ui, detail, place, self.zoom.factor());
        match &detail.outcome {
            Ok(measured) => {
                self.tools_ui(ui);
                command = verdict_ui(ui, detail.sample.id, verdict).or(command);
                let height = (ui.available_height() * DETAILS_SHARE).clamp(258.0, 340.0);
                let canvas_height = (ui.available_height() - height).max(120.0);
                self.canvas_ui(ui, canvas_height, detail.sample.id, measured, textures);
                self.pointed = details::ui(ui, detail, measured, names);
            }
            Err(reason) => widgets::empty_state(ui, "This image could not be used", reason),
        }
        command
    }

    fn tools_ui(&mut self, ui: &mut Ui) {
        let bar = Frame::new().inner_margin(Margin::symmetric(12, 6));
        bar.show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().slider_width = (ui.available_width() - 270.0).clamp(48.0, 110.0);
                let layers = &mut self.layers;
                widgets::toggle(ui, &mut layers.heat, "Heat map", "Show the saliency (H)");
                widgets::toggle(ui, &mut layers.boxes, "Boxes", "Show the regions (B)");
                ui.add_enabled_ui(layers.heat, |ui| heat_tools_ui(ui, layers));
            });
        });
    }

    fn canvas_ui(&mut self, ui: &mut Ui, height: f32, sample: SampleId, measured: &Measured, textures: &mut Textures) {
        let size = eframe::egui::vec2(ui.available_width(), height);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Photo"));
        let painter = ui.painter_at(rect);
        painter.rect_filled(rect, eframe::egui::CornerRadius::ZERO, palette(ui).canvas);
        let image = measured.explanation.image;
        let inner = rect.shrink(space::NEAR);
        self.handle_zoom(ui, &response, inner, image);
        let ui_from_image = self.zoom.ui_from_image(image, inner);
        match best_available(textures, sample) {
            Available::Shown(photo) => canvas::paint_texture(&painter, &photo, ui_from_image, Color32::WHITE),
            Available::Failed(reason) => {
                ui.scope_builder(eframe::egui::UiBuilder::new().max_rect(rect), |ui| {
                    widgets::empty_state(ui, "The photo cannot be shown", &reason);
                });
                return;
            }
            Available::Nothing => {
                ui.put(Rect::from_center_size(rect.center(), eframe::egui::Vec2::splat(22.0)), Spinner::new());
            }
        }
        let explanation = &measured.explanation;
        if self.layers.heat
            && let Slot::Ready(heat) = textures.get((sample, Layer::Heat(self.layers.colormap)))
        {
            canvas::paint_texture(&painter, &heat, ui_from_image, self.layers.heat_tint());
        }
        let has_masks = measured.rois.iter().any(|region| region.roi.mask().is_some());
        if self.layers.boxes
            && has_masks
            && let Slot::Ready(masks) = textures.get((sample, Layer::Masks))
        {
            canvas::paint_texture(&painter, &masks, ui_from_image, Color32::from_white_alpha(MASK_ALPHA));
        }
        canvas::paint_view(&painter, image, explanation.view, ui_from_image);
        let best = match measured.fit {
            Fit::Measured { roi, .. } => Some(roi),
            Fit::NoRoi | Fit::FlatMap => None,
        };
        if self.layers.boxes {
            canvas::paint_boxes(&painter, &measured.rois, best, self.pointed, ui_from_image);
        }
        if self.layers.heat {
            let colormap = self.layers.colormap;
            canvas::paint_scale(&painter, rect, |v| colormap.color(v));
        }
    }

    fn handle_zoom(&mut self, ui: &Ui, response: &eframe::egui::Response, canvas: Rect, image: Size) {
        if response.dragged() {
            self.zoom.pan(response.drag_delta(), image, canvas);
        }
        if response.double_clicked() {
            self.zoom.reset();
        }
        if let Some(at) = response.hover_pos() {
            // A pinch or Ctrl+wheel arrives as a zoom, a plain wheel as scrolling.
            let (pinch, wheel) = ui.input(|i| (i.zoom_delta(), i.smooth_scroll_delta().y));
            let by = pinch * (wheel / 240.0).exp();
            if by != 1.0 {
                self.zoom.zoom_at(at, by, image, canvas);
            }
        }
    }
}

/// The best picture of a photo that there is so far.
enum Available {
    Nothing,
    Failed(std::sync::Arc<str>),
    Shown(Texture),
}

/// The photo, or its thumbnail until it has been decoded.
fn best_available(textures: &mut Textures, sample: SampleId) -> Available {
    match textures.get((sample, Layer::Photo)) {
        Slot::Ready(photo) => Available::Shown(photo),
        Slot::Failed(reason) => Available::Failed(reason),
        Slot::Pending => match textures.peek((sample, Layer::Thumbnail)) {
            Some(Slot::Ready(thumbnail)) => Available::Shown(thumbnail),
            _ => Available::Nothing,
        },
    }
}

fn verdict_ui(ui: &mut Ui, sample: SampleId, given: Option<Verdict>) -> Option<Command> {
    let margin = Margin { left: 12, right: 12, top: 0, bottom: 6 };
    Frame::new().inner_margin(margin).show(ui, |ui| verdicts::image_ui(ui, sample, given)).inner
}

fn head_ui(ui: &mut Ui, detail: &Detail, place: Option<(usize, usize)>, zoom: f32) -> Option<Command> {
    let mut command = None;
    widgets::header(
        ui,
        |ui| {
            widgets::title(ui, file_name(&detail.sample.path)).on_hover_text(&detail.sample.path);
        },
        |ui| {
            let (at, n) = place.unwrap_or((0, 0));
            if widgets::icon_button(ui, Icon::Next, "Next image", at < n).clicked() {
                command = Some(Command::StepSample(1));
            }
            if widgets::icon_button(ui, Icon::Previous, "Previous image", at > 1).clicked() {
                command = Some(Command::StepSample(-1));
            }
            if place.is_some() {
                widgets::caption(ui, format!("{at} of {n}"));
            }
            if zoom > 1.0 {
                if ui.button("Reset zoom").on_hover_text("Show the whole image (F)").clicked() {
                    command = Some(Command::FitImage);
                }
                widgets::caption(ui, format!("{zoom:.1}×"));
            }
        },
    );
    command
}

fn heat_tools_ui(ui: &mut Ui, layers: &mut Layers) {
    let slider = Slider::new(&mut layers.opacity, 0.0..=1.0).show_value(false);
    let response = ui.add(slider).on_hover_text("Opacity of the heat map");
    let opacity = f64::from(layers.opacity);
    response.widget_info(|| WidgetInfo::slider(true, opacity, "Opacity"));
    let combo = ComboBox::from_id_salt("colormap").width(84.0).selected_text(layers.colormap.name());
    let response = combo.show_ui(ui, |ui| {
        for colormap in Colormap::ALL {
            ui.selectable_value(&mut layers.colormap, colormap, colormap.name());
        }
    });
    response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Colour map"));
}
