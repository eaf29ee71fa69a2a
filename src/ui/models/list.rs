//! The models that there are, and what is known of one.
//!
//! Comes in: [`KnownModel`]s. Goes out: which is taken. May not live here: adding one.

use std::path::PathBuf;

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align, Align2, Button, CornerRadius, Grid, Label, Layout, ProgressBar, RichText, ScrollArea, Sense, TextEdit, Ui,
    WidgetInfo, vec2,
};

use super::{KnownModel, ModelCommand, ModelUse, Picker, Place};
use crate::ui::theme::{self, palette, size, space};
use crate::ui::{format, widgets};

/// Width of the list.
const LIST: f32 = 330.0;

/// Height of one of its rows.
const ROW: f32 = 42.0;

impl Picker {
    /// The list on the left, the chosen model's card on the right, files below.
    pub(super) fn list_ui(&mut self, ui: &mut Ui, used_as: ModelUse) -> Option<ModelCommand> {
        let mut command = None;
        let height = ui.available_height() - 44.0;
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::SECTION;
            let down = Layout::top_down(Align::Min);
            ui.allocate_ui_with_layout(vec2(LIST, height), down, |ui| command = self.rows_ui(ui, used_as, height));
            let width = ui.available_width();
            ui.allocate_ui_with_layout(vec2(width, height), down, |ui| {
                ui.set_height(height);
                ui.spacing_mut().item_spacing.x = space::NEAR;
                ui.spacing_mut().interact_size.y = 20.0;
                let shown = self.known.iter().find(|m| Some(&m.id) == self.shown.as_ref() && m.used_as == used_as);
                command = command.take().or(match shown {
                    Some(model) => self.card_ui(ui, model),
                    None => {
                        widgets::empty_state(ui, "No model chosen", "Choose one from the list, or add a weights file.");
                        None
                    }
                });
            });
        });
        self.file_ui(ui).or(command)
    }

    fn rows_ui(&mut self, ui: &mut Ui, used_as: ModelUse, height: f32) -> Option<ModelCommand> {
        let mut command = None;
        let field = TextEdit::singleline(&mut self.filter).hint_text("Name or architecture").desired_width(LIST);
        let response = ui.add(field);
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Filter models"));
        ui.add_space(space::TIGHT);
        let text = self.filter.trim().to_lowercase();
        let matches = |m: &&KnownModel| {
            m.used_as == used_as
                && (m.name.to_lowercase().contains(&text) || m.architecture.to_lowercase().contains(&text))
        };
        let models: Vec<_> = self.known.iter().filter(matches).collect();
        let area = ScrollArea::vertical().max_height(height - 40.0).auto_shrink([false, false]);
        area.show_rows(ui, ROW, models.len(), |ui, visible| {
            for model in &models[visible] {
                let response = row_ui(ui, model, self.shown.as_ref() == Some(&model.id));
                if response.clicked() {
                    self.shown = Some(model.id.clone());
                    self.error = None;
                }
                if response.double_clicked() && is_usable(model) {
                    command = Some(ModelCommand::Choose(used_as, model.id.clone()));
                }
            }
        });
        command
    }

    /// All that is known of a model, and what can be done with it.
    fn card_ui(&self, ui: &mut Ui, model: &KnownModel) -> Option<ModelCommand> {
        let mut command = None;
        let palette = palette(ui);
        ui.label(RichText::new(&model.name).font(theme::strong(size::TITLE)).color(palette.strong));
        if !model.description.is_empty() {
            ui.label(RichText::new(&model.description).color(palette.text));
        }
        ui.add_space(space::NEAR);
        Grid::new("card").num_columns(2).spacing(vec2(space::GROUP, 6.0)).show(ui, |ui| {
            for (name, value) in facts(model) {
                widgets::caption(ui, name);
                ui.add(Label::new(RichText::new(value).color(palette.text)).wrap());
                ui.end_row();
            }
        });
        ui.add_space(space::GROUP);
        match (&model.problem, &self.download) {
            (Some(problem), _) => {
                ui.label(RichText::new(problem).color(palette.bad));
            }
            (None, Some(download)) if download.id == model.id => {
                let share = download.total.map_or(0.0, |total| download.done as f32 / total.max(1) as f32);
                let of = download.total.map_or(String::new(), |total| format!(" of {}", format::bytes(total)));
                let text = format!("{}{of}", format::bytes(download.done));
                ui.add(ProgressBar::new(share).text(text).desired_width(360.0));
                if ui.button("Stop download").on_hover_text("What is here is kept, and gone on with").clicked() {
                    command = Some(ModelCommand::StopDownload);
                }
            }
            (None, running) => {
                let can = running.is_none() || is_usable(model);
                let (text, wish) = match model.place {
                    Place::Download(_) => ("Download", ModelCommand::Download(model.id.clone())),
                    _ => ("Use this model", ModelCommand::Choose(model.used_as, model.id.clone())),
                };
                ui.add_enabled_ui(can, |ui| {
                    if widgets::primary_button(ui, text).clicked() {
                        command = Some(wish);
                    }
                });
            }
        }
        if let Some(error) = &self.error {
            ui.add_space(space::NEAR);
            error_ui(ui, error);
        }
        command
    }

    /// The way to a file that has no card.
    fn file_ui(&mut self, ui: &mut Ui) -> Option<ModelCommand> {
        let mut command = None;
        ui.separator();
        ui.horizontal(|ui| {
            if let Some(busy) = self.busy {
                ui.spinner();
                widgets::caption(ui, busy);
                return;
            }
            if ui.add(Button::new("Add a file…").min_size(vec2(0.0, 28.0))).clicked() {
                command = Some(ModelCommand::AskFile);
            }
            let width = ui.available_width() - 80.0;
            let hint = "or type the path of a .safetensors, .pth, .pt, .pkl or .onnx file";
            let response = ui.add(TextEdit::singleline(&mut self.path).hint_text(hint).desired_width(width));
            response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Weights file"));
            let entered = response.lost_focus() && ui.input(|i| i.key_pressed(eframe::egui::Key::Enter));
            let path = self.path.trim();
            let clicked = ui.add_enabled(!path.is_empty(), Button::new("Read")).clicked();
            if (clicked || entered) && !path.is_empty() {
                command = Some(ModelCommand::Read(PathBuf::from(path)));
            }
        });
        command
    }
}

/// An error as the library words it; long ones scroll.
pub(super) fn error_ui(ui: &mut Ui, error: &str) {
    ScrollArea::vertical().id_salt("error").max_height(96.0).auto_shrink([false, true]).show(ui, |ui| {
        ui.add(Label::new(RichText::new(error).color(palette(ui).bad)).wrap());
    });
}

fn is_usable(model: &KnownModel) -> bool {
    model.problem.is_none() && !matches!(model.place, Place::Download(_))
}

fn row_ui(ui: &mut Ui, model: &KnownModel, chosen: bool) -> eframe::egui::Response {
    let palette = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW - 4.0), Sense::click());
    if chosen || response.hovered() {
        let fill = if chosen { palette.selected } else { palette.raised };
        ui.painter().rect_filled(rect, CornerRadius::same(space::CORNER), fill);
    }
    let inside = rect.shrink2(vec2(10.0, 4.0));
    let color = if is_usable(model) { palette.strong } else { palette.weak };
    widgets::painted_text(
        ui,
        inside.left_top(),
        Align2::LEFT_TOP,
        &model.name,
        theme::strong(size::BODY),
        color,
        inside.width(),
    );
    let below = match (&model.problem, &model.place) {
        (Some(_), _) => "cannot be used".to_owned(),
        (None, Place::Download(_)) => format!("{} · can be downloaded", model.architecture),
        (None, Place::Program) => format!("{} · part of the program", model.architecture),
        (None, Place::File(_)) => model.architecture.clone(),
    };
    let font = theme::plain(size::SMALL);
    widgets::painted_text(ui, inside.left_bottom(), Align2::LEFT_BOTTOM, &below, font, palette.weak, inside.width());
    let name = model.name.clone();
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, &name));
    response
}

/// What people want to know of a model, as lines.
fn facts(model: &KnownModel) -> Vec<(&'static str, String)> {
    let or_unknown = |text: &str| if text.is_empty() { "not stated".to_owned() } else { text.to_owned() };
    let mut facts = vec![("Architecture", model.architecture.clone())];
    facts.extend(model.classes.map(|n| ("Classes", format::count(n))));
    if !model.input.is_empty() {
        facts.push(("Input", model.input.clone()));
    }
    facts.extend(model.bytes.map(|n| ("Size", format::bytes(n))));
    facts.push(("Licence", or_unknown(&model.licence)));
    facts.push(("Source", or_unknown(&model.source)));
    facts.push((
        "Where",
        match &model.place {
            Place::Program => "part of the program".to_owned(),
            Place::File(path) => path.display().to_string(),
            Place::Download(address) => address.clone(),
        },
    ));
    facts
}
