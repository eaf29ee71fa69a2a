//! The classes under several methods, and how far their orders agree.

use eframe::egui::{Align, Checkbox, Grid, Label, Layout, RichText, ScrollArea, Ui, vec2};

use crate::dataset::readable_class;
use crate::inquiry::Agreement;
use crate::saliency::{Method, Recipe};
use crate::summary::Thresholds;
use crate::ui::theme::{palette, size};
use crate::ui::{format, widgets};

/// Narrowest column of a method, in points.
const COLUMN: f32 = 44.0;

/// The menu of methods to compare with; those of many passes say so.
pub(super) fn methods_ui(ui: &mut Ui, chosen: &mut Vec<Method>, of_run: &str) {
    ui.menu_button(RichText::new("Methods").size(size::SMALL), |ui| {
        ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            for method in Method::ALL {
                let is_own = Recipe::new(method).to_string() == of_run;
                let mut on = is_own || chosen.contains(&method);
                let check = ui.add_enabled(!is_own, Checkbox::new(&mut on, method.name()));
                if check.on_hover_text(method.description()).changed() {
                    chosen.retain(|known| *known != method);
                    if on {
                        chosen.push(method);
                    }
                }
            }
        });
    })
    .response
    .on_hover_text("What the run's method is compared with");
}

/// Draws the fits of the classes, `class` first, and the correlations of their orders.
pub(super) fn ui(ui: &mut Ui, agreement: &Agreement, class: Option<&str>, lines: &Thresholds) {
    let palette = palette(ui);
    let text = |ui: &mut Ui, text: &str, color| {
        let label = Label::new(RichText::new(text).size(size::SMALL + 0.5).color(color)).selectable(false);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.add(label));
    };
    let mut classes: Vec<_> = agreement.classes.iter().collect();
    classes.sort_by_key(|one| Some(one.class.as_str()) != class);
    ScrollArea::horizontal().id_salt("agreement").auto_shrink([false, true]).show(ui, |ui| {
        Grid::new("classes by method").min_col_width(COLUMN).spacing(vec2(10.0, 3.0)).striped(true).show(ui, |ui| {
            widgets::caption(ui, "Fit of");
            text(ui, "n", palette.weak);
            text(ui, "low by", palette.weak);
            let names = agreement.names();
            names.iter().for_each(|method| text(ui, method, palette.weak));
            ui.end_row();
            for one in classes {
                let is_chosen = Some(one.class.as_str()) == class;
                let color = if is_chosen { palette.strong } else { palette.text };
                let name = readable_class(&one.class);
                ui.add(Label::new(RichText::new(name).size(size::SMALL + 0.5).color(color)).selectable(false));
                text(ui, &format::count(one.samples()), palette.weak);
                let support = one.support();
                let low_by = support.low_by(lines);
                let words = if low_by > 0 { format!("{low_by} of {}", support.methods.len()) } else { String::new() };
                text(ui, &words, if low_by > 1 { palette.warn } else { palette.weak });
                for fit in one.fits() {
                    let is_low = fit.is_some_and(|fit| fit < lines.fit);
                    text(ui, &format::percent(fit), if is_low { palette.warn } else { color });
                }
                ui.end_row();
            }
            widgets::caption(ui, "Rank correlation");
            ui.end_row();
            for (method, values) in names.iter().zip(&agreement.correlations) {
                let label = Label::new(RichText::new(method).size(size::SMALL + 0.5).color(palette.text));
                ui.add(label.selectable(false));
                ui.label("");
                ui.label("");
                for value in values {
                    let words = value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
                    let is_low = value.is_some_and(|value| value < 0.5);
                    text(ui, &words, if is_low { palette.warn } else { palette.text });
                }
                ui.end_row();
            }
        });
    });
    if let [one] = agreement.classes.as_slice() {
        let hint =
            format!("Orders can be compared from two classes on; {} is the only one yet.", readable_class(&one.class));
        widgets::caption(ui, hint);
    }
}
