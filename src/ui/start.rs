//! The first screen, and the form for a new analysis.
//!
//! Comes in: recent projects, what runs can be made of. Goes out: what to open or start. May not live here: opening,
//! running.

use std::path::{Path, PathBuf};

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align, Button, ComboBox, CornerRadius, DragValue, Frame, Grid, Label, Layout, Margin, RichText, ScrollArea, Sense,
    Shape, Stroke, TextEdit, Ui, UiBuilder, WidgetInfo, vec2,
};

use super::command::Command;
use super::launch::{Choices, Request};
use super::models::{Layers, ModelCommand, ModelUse, layer_ui, short_name};
use super::theme::{self, palette, size, space};
use super::widgets;
use crate::store::TargetRule;

/// View state of the first screen.
#[derive(Debug, Default)]
pub(crate) struct Start {
    path: String,
    /// The analysis that is being set up.
    pub(crate) form: Option<Request>,
    /// The layers of a classifier, or why they cannot be listed; `None` while they are.
    layers: (String, Option<Result<Layers, String>>),
}

/// Width of the column in the middle.
const COLUMN: f32 = 560.0;

impl Start {
    /// Begins to set up the analysis of a folder.
    pub(crate) fn set_up(&mut self, folder: PathBuf, choices: &Choices) {
        let first = |names: &[String]| names.first().cloned();
        self.form = Some(Request {
            file: project_beside(&folder),
            dataset: folder,
            classifier: first(&choices.classifiers).unwrap_or_default(),
            layer: None,
            method: first(&choices.methods).unwrap_or_default(),
            target: TargetRule::default(),
            detector: first(&choices.detectors),
            device: first(&choices.devices).unwrap_or_default(),
            batch: None,
            limit_per_class: None,
        });
    }

    /// Draws the screen.
    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        recent: &[PathBuf],
        choices: &Choices,
        busy: Option<&str>,
    ) -> Option<Command> {
        let mut command = None;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.vertical_centered(|ui| {
                let expected = if self.form.is_some() { 480.0 } else { 440.0 + 36.0 * recent.len() as f32 };
                ui.add_space(((ui.available_height() - expected) * 0.45).max(space::SECTION));
                ui.allocate_ui_with_layout(vec2(COLUMN, 0.0), Layout::top_down(Align::Min), |ui| {
                    ui.set_width(COLUMN);
                    command = match &mut self.form {
                        Some(form) => {
                            let layers = self.layers.1.as_ref().filter(|_| self.layers.0 == form.classifier);
                            form_ui(ui, form, choices, layers)
                        }
                        None => self.welcome_ui(ui, recent, busy),
                    };
                });
            });
        });
        command
    }

    /// The form's classifier, if its layers are neither known nor being listed.
    pub(crate) fn unlisted_classifier(&mut self) -> Option<String> {
        let form = self.form.as_ref().filter(|form| form.classifier != self.layers.0)?;
        self.layers = (form.classifier.clone(), None);
        Some(form.classifier.clone())
    }

    /// Takes note of a classifier's layers.
    pub(crate) fn listed_layers(&mut self, classifier: String, layers: Result<Layers, String>) {
        if self.layers.0 == classifier {
            self.layers.1 = Some(layers);
        }
    }

    fn welcome_ui(&mut self, ui: &mut Ui, recent: &[PathBuf], busy: Option<&str>) -> Option<Command> {
        let mut command = None;
        let palette = palette(ui);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::GROUP;
            mark(ui, 44.0);
            ui.label(RichText::new("camroi").font(theme::strong(size::DISPLAY)).color(palette.strong));
        });
        ui.add_space(space::TIGHT);
        let sentence = "Finds the classes that an image classifier recognises by something other than the object.";
        ui.label(RichText::new(sentence).size(size::TITLE).color(palette.text));
        ui.add_space(space::SECTION);
        ui.add_enabled_ui(busy.is_none(), |ui| {
            ui.horizontal(|ui| {
                if widgets::primary_button(ui, "Try the demo").clicked() {
                    command = Some(Command::TryDemo);
                }
                let button = |text| Button::new(text).min_size(vec2(0.0, 30.0));
                if ui.add(button("Open folder…")).clicked() {
                    command = Some(Command::AskFolder);
                }
                if ui.add(button("Open project…")).clicked() {
                    command = Some(Command::AskProject);
                }
            });
        });
        ui.add_space(space::TIGHT);
        match busy {
            Some(what) => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    widgets::caption(ui, what);
                });
            }
            None => {
                let text = "The demo analyses the photos that come with the program, on this computer and offline.";
                widgets::caption(ui, text);
            }
        }
        ui.add_space(space::SECTION);
        command = self.path_ui(ui).or(command);
        ui.add_space(space::SECTION);
        command = recent_ui(ui, recent).or(command);
        steps_ui(ui);
        command
    }

    /// Where to drop, and a field for those who would rather type.
    fn path_ui(&mut self, ui: &mut Ui) -> Option<Command> {
        let palette = palette(ui);
        let dropping = ui.input(|i| !i.raw.hovered_files.is_empty());
        let (fill, line) = if dropping { (palette.selected, palette.accent) } else { (palette.bar, palette.line) };
        let mut command = None;
        let frame = Frame::new().fill(fill).inner_margin(Margin::same(16)).corner_radius(CornerRadius::same(8));
        let response = frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            let text = "Drop a folder of photos or a project file anywhere in this window, or type its path.";
            ui.label(RichText::new(text).color(palette.text));
            ui.add_space(space::TIGHT);
            ui.horizontal(|ui| {
                let width = ui.available_width() - 76.0;
                let field = TextEdit::singleline(&mut self.path).hint_text("/path/to/photos or run.camroi");
                let response = ui.add(field.desired_width(width));
                response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Path"));
                let entered = response.lost_focus() && ui.input(|i| i.key_pressed(eframe::egui::Key::Enter));
                let path = self.path.trim();
                let clicked = ui.add_enabled(!path.is_empty(), Button::new("Open").min_size(vec2(64.0, 0.0))).clicked();
                if (clicked || entered) && !path.is_empty() {
                    command = Some(Command::Open(PathBuf::from(path)));
                }
            });
        });
        let r = response.response.rect.shrink(0.5);
        let corners = [r.left_top(), r.right_top(), r.right_bottom(), r.left_bottom(), r.left_top()];
        ui.painter().extend(Shape::dashed_line(&corners, Stroke::new(1.0, line), 6.0, 5.0));
        command
    }
}

/// What a person does with the program, in three steps.
fn steps_ui(ui: &mut Ui) {
    let palette = palette(ui);
    let steps = [
        ("Which class?", "The table lists every class with its fit: the share of the saliency on the object."),
        ("Which images?", "The gallery shows a class, lowest fit first, with what the network looked at."),
        ("Why?", "The image shows regions and heat map, with the numbers behind them."),
    ];
    ui.spacing_mut().item_spacing.x = space::SECTION;
    ui.columns(steps.len(), |columns| {
        for (i, (column, (question, answer))) in columns.iter_mut().zip(steps).enumerate() {
            // A column justifies its text; this does not.
            let mut ui = column.new_child(UiBuilder::new().layout(Layout::top_down(Align::Min)));
            let top = ui.cursor().min;
            ui.painter().hline(top.x..=top.x + ui.available_width(), top.y, Stroke::new(1.0, palette.line));
            ui.add_space(10.0);
            let title = format!("{}  {question}", i + 1);
            ui.label(RichText::new(title).font(theme::strong(size::BODY)).color(palette.strong));
            ui.label(RichText::new(answer).size(size::SMALL + 0.5).color(palette.weak));
            column.allocate_rect(ui.min_rect(), Sense::hover());
        }
    });
}

fn recent_ui(ui: &mut Ui, recent: &[PathBuf]) -> Option<Command> {
    if recent.is_empty() {
        return None;
    }
    let mut command = None;
    let palette = palette(ui);
    widgets::title(ui, "Recent projects");
    for path in recent {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::click());
        if response.hovered() {
            ui.painter().rect_filled(rect.expand2(vec2(8.0, 0.0)), CornerRadius::same(4), palette.raised);
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let folder = path.parent().unwrap_or(Path::new("")).display().to_string();
        let left = rect.left_center();
        let font = theme::plain(size::BODY);
        let align = eframe::egui::Align2::LEFT_CENTER;
        let used = widgets::painted_text(ui, left, align, &name, font, palette.accent, rect.width() * 0.5);
        let at = left + vec2(used + space::GROUP, 0.0);
        let room = rect.right() - at.x;
        widgets::painted_text(ui, at, align, &folder, theme::plain(size::SMALL), palette.weak, room);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Recent project {name}")));
        if response.on_hover_text(path.display().to_string()).clicked() {
            command = Some(Command::Open(path.clone()));
        }
    }
    command
}

/// The project file that the analysis of a folder goes to unless another one is named.
fn project_beside(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or(std::ffi::OsStr::new("photos"));
    let mut file = name.to_owned();
    file.push(".camroi");
    folder.with_file_name(file)
}

fn form_ui(
    ui: &mut Ui,
    form: &mut Request,
    choices: &Choices,
    layers: Option<&Result<Layers, String>>,
) -> Option<Command> {
    let mut command = None;
    let palette = palette(ui);
    ui.label(RichText::new("New analysis").font(theme::strong(24.0)).color(palette.strong));
    ui.add(Label::new(RichText::new(form.dataset.display().to_string()).color(palette.weak)).truncate());
    ui.add_space(space::GROUP);
    let frame = Frame::new().fill(palette.bar).inner_margin(Margin::same(18)).corner_radius(CornerRadius::same(8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        Grid::new("form").num_columns(2).spacing(vec2(space::SECTION, 10.0)).min_col_width(110.0).show(ui, |ui| {
            command = fields_ui(ui, form, choices, layers);
        });
    });
    ui.add_space(space::GROUP);
    ui.horizontal(|ui| {
        if widgets::primary_button(ui, "Start analysis").clicked() {
            command = Some(Command::StartRun);
        }
        if ui.add(Button::new("Back").min_size(vec2(0.0, 30.0))).clicked() {
            command = Some(Command::LeaveForm);
        }
    });
    command
}

fn fields_ui(
    ui: &mut Ui,
    form: &mut Request,
    choices: &Choices,
    layers: Option<&Result<Layers, String>>,
) -> Option<Command> {
    let mut command = None;
    let before = form.classifier.clone();
    if model_ui(ui, "Classifier", &mut form.classifier, &choices.classifiers) {
        command = Some(ModelCommand::Open(ModelUse::Classifier).into());
    }
    if form.classifier != before {
        form.layer = None;
    }
    layers_ui(ui, form, layers);
    let none = "none".to_owned();
    let mut detector = form.detector.clone().unwrap_or_else(|| none.clone());
    let detectors: Vec<String> = choices.detectors.iter().cloned().chain([none.clone()]).collect();
    if model_ui(ui, "Regions from", &mut detector, &detectors) {
        command = Some(ModelCommand::Open(ModelUse::Detector).into());
    }
    form.detector = (detector != none).then_some(detector);
    choice_ui(ui, "Saliency", &mut form.method, &choices.methods);
    ui.label("Explains");
    ui.horizontal(|ui| {
        ui.radio_value(&mut form.target, TargetRule::Predicted, "predicted class");
        ui.radio_value(&mut form.target, TargetRule::Labelled, "labelled class");
    });
    ui.end_row();
    choice_ui(ui, "Computes on", &mut form.device, &choices.devices);
    let label = ui.label("Images per class");
    let mut limit = form.limit_per_class.unwrap_or(0);
    let value = DragValue::new(&mut limit)
        .range(0..=100_000)
        .custom_formatter(|n, _| if n == 0.0 { "all".to_owned() } else { format!("{n:.0}") });
    ui.add(value).labelled_by(label.id);
    form.limit_per_class = (limit > 0).then_some(limit);
    ui.end_row();
    let label = ui.label("Project file");
    let mut file = form.file.display().to_string();
    let response = ui.add(TextEdit::singleline(&mut file).desired_width(360.0)).labelled_by(label.id);
    if response.changed() {
        form.file = PathBuf::from(file);
    }
    ui.end_row();
    command
}

/// A model among those that are here; whether the list of all is asked for.
fn model_ui(ui: &mut Ui, label: &str, chosen: &mut String, names: &[String]) -> bool {
    ui.label(label);
    let asked = ui.horizontal(|ui| {
        let combo = ComboBox::from_id_salt(label).width(240.0).selected_text(short_name(chosen));
        let response = combo.show_ui(ui, |ui| {
            for name in names {
                ui.selectable_value(chosen, name.clone(), short_name(name)).on_hover_text(name);
            }
        });
        response
            .response
            .on_hover_text(chosen.as_str())
            .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, label));
        let button = ui.button("Choose…").on_hover_text("All models, downloads and files of your own");
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Choose {}", label.to_lowercase())));
        button.clicked()
    });
    ui.end_row();
    asked.inner
}

/// The layer that the saliency is computed at.
fn layers_ui(ui: &mut Ui, form: &mut Request, layers: Option<&Result<Layers, String>>) {
    ui.label("Target layer");
    match layers {
        Some(Ok(layers)) => layer_ui(ui, "Target layer", layers, &mut form.layer),
        Some(Err(reason)) => {
            ui.add(Label::new(RichText::new(reason).color(palette(ui).bad)).truncate()).on_hover_text(reason);
        }
        None => {
            ui.horizontal(|ui| {
                ui.spinner();
                widgets::caption(ui, "Loading the classifier…");
            });
        }
    }
    ui.end_row();
}

fn choice_ui(ui: &mut Ui, label: &str, chosen: &mut String, names: &[String]) {
    ui.label(label);
    let combo = ComboBox::from_id_salt(label).width(260.0).selected_text(chosen.as_str());
    let response = combo.show_ui(ui, |ui| {
        for name in names {
            ui.selectable_value(chosen, name.clone(), name);
        }
    });
    response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, label));
    ui.end_row();
}

/// The program's mark: a region's corners, and the saliency half outside of it.
pub(crate) fn mark(ui: &mut Ui, side: f32) {
    let palette = palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    let painter = ui.painter();
    let heat = rect.center() + vec2(side * 0.2, side * 0.2);
    for (radius, alpha) in [(0.30, 0.25), (0.21, 0.45), (0.12, 1.0)] {
        painter.circle_filled(heat, side * radius, palette.warn.gamma_multiply(alpha));
    }
    let r = rect.shrink(side * 0.1).translate(vec2(-side * 0.06, -side * 0.06));
    let arm = side * 0.24;
    let stroke = Stroke::new((side * 0.075).max(1.5), palette.accent);
    for (corner, x, y) in [
        (r.left_top(), 1.0, 1.0),
        (r.right_top(), -1.0, 1.0),
        (r.right_bottom(), -1.0, -1.0),
        (r.left_bottom(), 1.0, -1.0),
    ] {
        painter.add(Shape::line(vec![corner + vec2(x * arm, 0.0), corner, corner + vec2(0.0, y * arm)], stroke));
    }
}
