//! The bar that chooses method, layer and class of the map.

use eframe::egui::accesskit::Role;
use eframe::egui::{Button, ComboBox, Frame, Label, Margin, RichText, Spinner, TextEdit, Ui, WidgetInfo, vec2};

use super::{Choice, Layers, OtherMap, Subject};
use crate::analysis::Measured;
use crate::dataset::{ClassId, SampleId};
use crate::saliency::Method;
use crate::store::RunSettings;
use crate::ui::project::ClassNames;
use crate::ui::theme::{palette, size};
use crate::ui::widgets;

/// Classes that the menu lists at most; the search narrows them down.
const LISTED: usize = 40;

/// Height of a menu: all methods at once.
const MENU: f32 = 400.0;

/// What the bar is about.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// The run's settings.
    pub(crate) settings: &'a RunSettings,
    /// Names of its classes.
    pub(crate) names: ClassNames<'a>,
    /// The image.
    pub(crate) sample: SampleId,
    /// Its numbers as they are shown.
    pub(crate) measured: &'a Measured,
    /// Whether its label stands for a class of the classifier.
    pub(crate) is_labelled: bool,
}

impl OtherMap {
    /// Draws the bar.
    pub(crate) fn ui(&mut self, ui: &mut Ui, shown: &Shown<'_>) {
        let mut choice = self.choice.clone();
        let margin = Margin { left: 12, right: 12, top: 0, bottom: 6 };
        Frame::new().inner_margin(margin).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(6.0, 5.0);
            ui.horizontal_wrapped(|ui| {
                method_ui(ui, &mut choice, shown);
                self.layer_ui(ui, &mut choice, shown);
                self.class_ui(ui, &mut choice, shown);
            });
            if !self.is_of_run() {
                ui.horizontal(|ui| self.state_ui(ui, &mut choice, shown.sample));
            }
        });
        if choice != self.choice {
            self.choose(choice);
        }
    }

    fn layer_ui(&mut self, ui: &mut Ui, choice: &mut Choice, shown: &Shown<'_>) {
        let is_used = method_of(choice, shown).is_none_or(Method::is_on_target_layer);
        let of_run = shown.settings.layer.as_str();
        let text = choice.layer.as_deref().unwrap_or(of_run).to_owned();
        let response = ui.add_enabled_ui(is_used, |ui| {
            let combo = ComboBox::from_id_salt("layer of the map").width(92.0).height(MENU).selected_text(text);
            combo.show_ui(ui, |ui| {
                close_together(ui);
                match &self.layers {
                    Layers::Known(layers) => {
                        for layer in layers.iter() {
                            let is_of_run = layer.name == of_run;
                            let title = format!("{}  {} × {}", layer.name, layer.grid.width, layer.grid.height);
                            let value = (!is_of_run).then(|| layer.name.clone());
                            ui.selectable_value(&mut choice.layer, value, title);
                        }
                    }
                    Layers::Missing(reason) => drop(widgets::caption(ui, reason.clone())),
                    Layers::Unknown | Layers::Asked | Layers::Coming => {
                        if let Layers::Unknown = self.layers {
                            self.layers = Layers::Asked;
                        }
                        widgets::caption(ui, "Loading the network…");
                    }
                };
            })
        });
        let response = response.inner.response;
        let response = if is_used {
            response.on_hover_text("Layer that the map is computed on")
        } else {
            response.on_disabled_hover_text("This method needs no layer: it goes back to the image itself")
        };
        response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, is_used, "Layer of the map"));
    }

    fn class_ui(&mut self, ui: &mut Ui, choice: &mut Choice, shown: &Shown<'_>) {
        let explained = shown.names.of(shown.measured.explanation.target);
        let text = match choice.subject {
            None => explained,
            Some(Subject::Predicted) => "predicted class".to_owned(),
            Some(Subject::Label) => "labelled class".to_owned(),
            Some(Subject::Class(class)) => shown.names.of(class),
        };
        let combo = ComboBox::from_id_salt("class of the map").width(116.0).height(MENU).truncate().selected_text(text);
        let response = combo.show_ui(ui, |ui| {
            let search =
                ui.add(TextEdit::singleline(&mut self.search).hint_text("Search a class").desired_width(180.0));
            search.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Search a class"));
            ui.selectable_value(&mut choice.subject, None, "as in the run");
            ui.selectable_value(&mut choice.subject, Some(Subject::Predicted), "predicted class");
            if shown.is_labelled {
                ui.selectable_value(&mut choice.subject, Some(Subject::Label), "labelled class");
            }
            ui.separator();
            for class in matching(shown.names, &self.search, &shown.measured.explanation.top) {
                ui.selectable_value(&mut choice.subject, Some(Subject::Class(class)), shown.names.of(class));
            }
        });
        let response = response.response.on_hover_text("Class that the map explains");
        response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Class of the map"));
    }

    fn state_ui(&mut self, ui: &mut Ui, choice: &mut Choice, sample: SampleId) {
        let palette = palette(ui);
        if self.pending.is_some() {
            ui.add(Spinner::new().size(14.0));
            widgets::caption(ui, "computing…");
            if ui.add(small("Cancel")).on_hover_text("Stay with the map that is shown").clicked() {
                self.cancel();
                *choice = self.choice.clone();
            }
            return;
        }
        let hint = "Show the map that the numbers of the tables come from";
        if ui.add(small("Back to the run's map")).on_hover_text(hint).clicked() {
            *choice = Choice::default();
        }
        if let Some((_, reason)) = self.problem.as_ref().filter(|((of, _), _)| *of == sample) {
            let text = RichText::new(reason.as_str()).size(size::SMALL).color(palette.bad);
            ui.add(Label::new(text).wrap());
        } else {
            widgets::tag(ui, "not the run's map", palette.warn);
        }
    }
}

fn small(text: &str) -> Button<'_> {
    Button::new(RichText::new(text).size(size::SMALL))
}

/// Entries of a long menu.
fn close_together(ui: &mut Ui) {
    let spacing = ui.spacing_mut();
    (spacing.item_spacing.y, spacing.button_padding.y, spacing.interact_size.y) = (0.0, 1.0, 20.0);
}

fn method_of(choice: &Choice, shown: &Shown<'_>) -> Option<Method> {
    choice.method.or_else(|| Some(shown.settings.recipe().ok()?.method))
}

fn method_ui(ui: &mut Ui, choice: &mut Choice, shown: &Shown<'_>) {
    let of_run = shown.settings.recipe().ok().map(|recipe| recipe.method);
    let text = method_of(choice, shown).map_or(shown.settings.method.as_str(), |method| method.name());
    let combo = ComboBox::from_id_salt("method of the map").width(112.0).height(MENU).truncate().selected_text(text);
    let response = combo.show_ui(ui, |ui| {
        close_together(ui);
        for method in Method::ALL {
            let value = (Some(method) != of_run).then_some(method);
            ui.selectable_value(&mut choice.method, value, method.name()).on_hover_text(method.description());
        }
    });
    let response = response.response.on_hover_text("Saliency method");
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Method of the map"));
}

/// The classes whose names contain the text; without one the most probable classes of the image come first.
fn matching(names: ClassNames<'_>, text: &str, top: &[crate::analysis::Prediction]) -> Vec<ClassId> {
    let wanted = text.trim().to_lowercase();
    let all = (0..names.0.len()).map(ClassId);
    if wanted.is_empty() {
        let first: Vec<_> = top.iter().map(|prediction| prediction.class).collect();
        let rest = all.filter(|class| !first.contains(class));
        return first.iter().copied().chain(rest).take(LISTED).collect();
    }
    all.filter(|class| names.of(*class).to_lowercase().contains(&wanted)).take(LISTED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Prediction;

    #[test]
    fn the_menu_begins_with_what_the_network_thinks_of() {
        let names = ["night_heron", "bald_eagle", "heron"].map(String::from);
        let top = [Prediction { class: ClassId(2), probability: 0.9 }];
        let ids = |text| matching(ClassNames(&names), text, &top).iter().map(|c| c.0).collect::<Vec<_>>();
        assert_eq!(ids(""), [2, 0, 1]);
        assert_eq!(ids("Night H"), [0]);
        assert_eq!(ids("heron"), [0, 2]);
    }
}
