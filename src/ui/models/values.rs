//! Controls for how pictures are prepared.
//!
//! Comes in: a [`Preprocessing`]. Goes out: the same, changed. May not live here: preparing pictures.

use eframe::egui::accesskit::Role;
use eframe::egui::{ComboBox, DragValue, Grid, Ui, WidgetInfo, vec2};

use crate::geometry::Size;
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize};
use crate::ui::theme::space;

/// Usual ways to turn the values of pixels into a network's.
const NORMALISATIONS: [(&str, [f32; 3], [f32; 3], f32); 4] = [
    ("ImageNet mean and deviation", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225], 1.0 / 255.0),
    ("-1 to 1", [0.5; 3], [0.5; 3], 1.0 / 255.0),
    ("0 to 1", [0.0; 3], [1.0; 3], 1.0 / 255.0),
    ("0 to 255", [0.0; 3], [1.0; 3], 1.0),
];

/// A choice among values with names; the current one may be none of them.
fn choice<T: Copy + PartialEq>(ui: &mut Ui, label: &str, value: &mut T, choices: &[(&str, T)], other: &str) {
    let current = choices.iter().find(|(_, v)| v == value).map_or(other, |(name, _)| *name);
    let combo = ComboBox::from_id_salt(label).width(190.0).selected_text(current);
    let response = combo.show_ui(ui, |ui| {
        for (name, choice) in choices {
            ui.selectable_value(value, *choice, *name);
        }
    });
    response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, label));
}

fn row(ui: &mut Ui, label: &str, content: impl FnOnce(&mut Ui)) {
    ui.label(label);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::TIGHT;
        content(ui);
    });
    ui.end_row();
}

/// Draws the controls.
pub(super) fn preprocessing_ui(ui: &mut Ui, input: &mut Preprocessing) {
    Grid::new("preprocessing").num_columns(2).spacing(vec2(space::GROUP, 5.0)).show(ui, |ui| {
        row(ui, "Input", |ui| {
            let mut side = input.input.width;
            let value = DragValue::new(&mut side).range(1..=4096).suffix(" px");
            let response = ui.add(value);
            response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Side of the input"));
            if response.changed() {
                input.input = Size::new(side, side);
            }
            let orders = [("RGB", ChannelOrder::Rgb), ("BGR", ChannelOrder::Bgr)];
            choice(ui, "Channels", &mut input.channels, &orders, "");
        });
        row(ui, "Resize", |ui| resize_ui(ui, input));
        let filters = [("bilinear", Interpolation::Bilinear), ("bicubic", Interpolation::Bicubic)];
        row(ui, "Filter", |ui| choice(ui, "Filter", &mut input.interpolation, &filters, "bilinear, four pixels"));
        row(ui, "Values", |ui| {
            let presets = NORMALISATIONS.map(|(name, mean, std, scale)| (name, (mean, std, scale)));
            let mut values = (input.mean, input.std, input.scale);
            choice(ui, "Values", &mut values, &presets, "own numbers");
            (input.mean, input.std, input.scale) = values;
        });
        row(ui, "Mean", |ui| three_ui(ui, "Mean", &mut input.mean, f32::MIN));
        row(ui, "Deviation", |ui| three_ui(ui, "Deviation", &mut input.std, 0.001));
    });
}

fn resize_ui(ui: &mut Ui, input: &mut Preprocessing) {
    let size = match input.resize {
        Resize::ShorterSide { size } => size,
        _ => input.input.width * 8 / 7,
    };
    let ways = [("shorter side, then the centre", Resize::ShorterSide { size }), ("stretched", Resize::Stretch)];
    choice(ui, "Resize", &mut input.resize, &ways, "whole picture");
    if let Resize::ShorterSide { size } = &mut input.resize {
        let response = ui.add(DragValue::new(size).range(1..=4096).suffix(" px"));
        response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Shorter side"));
    }
}

fn three_ui(ui: &mut Ui, label: &str, values: &mut [f32; 3], least: f32) {
    for (channel, value) in values.iter_mut().enumerate() {
        let response = ui.add(DragValue::new(value).speed(0.005).range(least..=f32::MAX).max_decimals(4));
        response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, format!("{label} {}", channel + 1)));
    }
}
