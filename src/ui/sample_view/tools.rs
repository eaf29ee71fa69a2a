//! The switches over the canvas: what is shown, how the map looks, and what draws.

use eframe::egui::accesskit::Role;
use eframe::egui::{Button, ComboBox, Frame, Margin, Slider, TextEdit, Ui, WidgetInfo, vec2};

use super::SampleView;
use crate::colormap::Colormap;
use crate::dataset::SampleId;
use crate::overlay::Rendering;
use crate::ui::command::Command;
use crate::ui::drawing::{Input, Tool};
use crate::ui::format;
use crate::ui::layers::{Arrangement, Layers, rendering_name};
use crate::ui::widgets;

/// What a tool is called, by which key it is taken in hand, and what it does.
fn about(tool: Tool) -> (&'static str, &'static str) {
    match tool {
        Tool::Box => ("Box", "Drag to draw a box (R)"),
        Tool::Polygon => ("Polygon", "Click corner by corner; a click on the first one closes it (P)"),
        Tool::Select => ("Choose", "Click to choose, drag to move; drag elsewhere to move the photo (V)"),
    }
}

/// From this width on all switches stand in one row.
const ONE_ROW: f32 = 900.0;

/// From this width on there is room for what the sliders are called.
const CAPTIONED: f32 = 450.0;

impl SampleView {
    /// Draws the switches.
    pub(super) fn tools_ui(&mut self, ui: &mut Ui, sample: SampleId) -> Option<Command> {
        let mut command = None;
        Frame::new().inner_margin(Margin::symmetric(12, 6)).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(6.0, 5.0);
            if ui.available_width() >= ONE_ROW {
                ui.horizontal(|ui| {
                    command = self.switches_ui(ui);
                    map_tools_ui(ui, &mut self.layers);
                    self.name_ui(ui, sample);
                });
            } else {
                ui.horizontal_wrapped(|ui| {
                    command = self.switches_ui(ui);
                    self.name_ui(ui, sample);
                });
                // While drawing, the photo needs the room more; the keys of the map go on working.
                if !self.drawing.on {
                    ui.horizontal_wrapped(|ui| map_tools_ui(ui, &mut self.layers));
                }
            }
            if self.drawing.on {
                ui.horizontal_wrapped(|ui| self.drawing_tools_ui(ui, sample));
            }
        });
        command
    }

    /// What is shown, and how.
    fn switches_ui(&mut self, ui: &mut Ui) -> Option<Command> {
        let mut command = None;
        let layers = &mut self.layers;
        widgets::toggle(ui, &mut layers.heat, "Heat map", "Show the saliency (H)");
        widgets::toggle(ui, &mut layers.boxes, "Boxes", "Show the regions (B)");
        let mut on = self.drawing.on;
        if widgets::toggle(ui, &mut on, "Draw", "Draw regions by hand (E)").changed() {
            command = Some(Command::ToggleDrawing);
        }
        arrangement_ui(ui, &mut layers.arrangement);
        command
    }

    /// The name of the chosen region, while drawing.
    fn name_ui(&mut self, ui: &mut Ui, sample: SampleId) {
        let Some(editor) = self.drawing.editor(sample).filter(|_| self.drawing.on) else { return };
        let Some(chosen) = editor.chosen() else { return };
        let mut name = editor.regions()[chosen].name.clone();
        let width = (ui.available_width() - 8.0).clamp(70.0, 120.0);
        let response = ui.add(TextEdit::singleline(&mut name).hint_text("Name").desired_width(width));
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Name of the region"));
        if response.on_hover_text("What the chosen region is called").changed() {
            self.drawing.take(sample, Input::Rename(name));
        }
    }

    /// Tools and changes.
    fn drawing_tools_ui(&mut self, ui: &mut Ui, sample: SampleId) {
        for tool in [Tool::Box, Tool::Polygon, Tool::Select] {
            let (name, hint) = about(tool);
            if widgets::chip(ui, self.drawing.tool == tool, name, hint).clicked() {
                self.drawing.set_tool(sample, tool);
            }
        }
        let copy = self.region_to_copy();
        let Some(editor) = self.drawing.editor(sample) else { return };
        let (chosen, can_undo, can_redo) = (editor.chosen(), editor.can_undo(), editor.can_redo());
        let mut wish = None;
        let mut button = |ui: &mut Ui, enabled: bool, text: &str, label: &str, hint: &str, input: Option<Input>| {
            let button = ui.add_enabled(enabled, Button::new(text)).on_hover_text(hint);
            button.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, label));
            if button.clicked() {
                wish = input;
            }
        };
        let copied = copy.is_some();
        button(ui, copied, "Copy", "Copy region", "Copy the best region of the detector (C)", copy.map(Input::Add));
        button(ui, can_undo, "Undo", "Undo drawing", "Take the latest change back (Ctrl+Z)", Some(Input::Undo));
        button(ui, can_redo, "Redo", "Redo drawing", "Repeat it (Ctrl+Shift+Z)", Some(Input::Redo));
        let delete = "Remove the chosen corner or region (Delete)";
        button(ui, chosen.is_some(), "Delete", "Delete region", delete, Some(Input::Delete));
        if let Some(input) = wish {
            self.drawing.take(sample, input);
        }
    }
}

/// What pointer and keys do at this moment.
pub(super) fn hint(tool: Tool) -> String {
    let first = match tool {
        Tool::Box => "Drag to draw",
        Tool::Polygon => "Click corners, Enter closes",
        Tool::Select => "Click to choose",
    };
    format!("{first} · Tab next · X corner · Arrows move (Shift 10) · I new corner · Del · Esc ends · ? all keys")
}

fn arrangement_ui(ui: &mut Ui, arrangement: &mut Arrangement) {
    let combo = ComboBox::from_id_salt("arrangement").width(98.0).selected_text(arrangement.name());
    let response = combo.show_ui(ui, |ui| {
        for one in Arrangement::ALL {
            ui.selectable_value(arrangement, one, one.name());
        }
    });
    let response = response.response.on_hover_text("How photo and layers stand to each other (W)");
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Arrangement"));
}

/// How the map is rendered: as what, how strongly, from which value on, in which colours.
fn map_tools_ui(ui: &mut Ui, layers: &mut Layers) {
    if !layers.heat {
        ui.disable();
    }
    let combo = ComboBox::from_id_salt("rendering").width(88.0).selected_text(rendering_name(layers.rendering));
    let response = combo.show_ui(ui, |ui| {
        for rendering in Rendering::ALL {
            ui.selectable_value(&mut layers.rendering, rendering, rendering_name(rendering));
        }
    });
    let response = response.response.on_hover_text("What the map does to the photo (M)");
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Rendering"));
    ui.spacing_mut().slider_width = 54.0;
    let look = layers.look();
    share_slider(ui, &mut look.opacity, "Opacity", "How much of the photo the map covers");
    share_slider(ui, &mut look.threshold, "Threshold", "Share of the map's largest value from which on it is seen");
    if layers.rendering != Rendering::MaskedOut {
        let combo = ComboBox::from_id_salt("colormap").width(66.0).selected_text(layers.colormap.name());
        let response = combo.show_ui(ui, |ui| {
            for colormap in Colormap::ALL {
                ui.selectable_value(&mut layers.colormap, colormap, colormap.name());
            }
        });
        response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Colour map"));
    }
    let mut grid = !layers.is_smooth;
    widgets::toggle(ui, &mut grid, "Grid", "Show the cells of the map as they are, not smoothed (G)");
    layers.is_smooth = !grid;
}

/// A slider for a share, with its value under the pointer.
fn share_slider(ui: &mut Ui, share: &mut f32, label: &str, meaning: &str) {
    let value = f64::from(*share);
    let hint = format!("{label} {}: {}", format::percent(Some(value)), meaning.to_lowercase());
    if ui.max_rect().width() > CAPTIONED {
        widgets::caption(ui, label);
    }
    let response = ui.add(Slider::new(share, 0.0..=1.0).show_value(false)).on_hover_text(hint);
    response.widget_info(|| WidgetInfo::slider(true, value, label));
}
