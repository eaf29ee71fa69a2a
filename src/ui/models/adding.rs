//! A weights file on its way to a card: what it shows, what only a person knows, and what the classifier says meanwhile.
//!
//! Comes in: a [`Draft`]. Goes out: the card that a person makes of it. May not live here: loading, files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align, Button, ColorImage, ComboBox, Context, Grid, Image, Label, Layout, RichText, ScrollArea, TextEdit,
    TextureHandle, TextureOptions, Ui, WidgetInfo, vec2,
};

use super::list::error_ui;
use super::values::preprocessing_ui;
use super::{Draft, Found, Layers, ModelCommand, ModelUse, Preview};
use crate::card::{BuiltInClasses, ClassSource, ModelCard, ModelKind};
use crate::ui::theme::{self, palette, size, space};
use crate::ui::{format, widgets};

/// Who says what the outputs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClassChoice {
    ImageNet,
    File,
    Folders,
}

/// A photo with what the classifier says of it, ready to be drawn.
struct Shown {
    path: String,
    result: Result<(TextureHandle, Vec<(String, f32)>), String>,
}

/// What the classifier says under a card.
struct Trial {
    /// The card that was tried last.
    of: Option<ModelCard>,
    running: bool,
    photos: Result<Vec<Shown>, String>,
}

impl Default for Trial {
    fn default() -> Self {
        Self { of: None, running: false, photos: Ok(Vec::new()) }
    }
}

/// A file that is being added.
pub(crate) struct Adding {
    pub(crate) file: PathBuf,
    pub(crate) draft: Arc<dyn Draft>,
    /// As the person has it so far.
    pub(crate) card: ModelCard,
    /// Of the data set.
    folders: Vec<String>,
    classes: ClassChoice,
    /// Where the names are read from, typed or chosen.
    pub(crate) class_path: String,
    /// What was read there.
    listed: Result<Vec<String>, String>,
    trial: Trial,
}

/// Side of a photo in the preview.
const PHOTO: f32 = 72.0;

/// Widths of the two columns.
const COLUMNS: [f32; 2] = [430.0, 420.0];

impl Adding {
    pub(crate) fn new(file: PathBuf, draft: Arc<dyn Draft>, folders: Vec<String>) -> Self {
        let found = draft.found();
        let classes = match &found.cards[0].classes {
            ClassSource::BuiltIn(_) => ClassChoice::ImageNet,
            _ if folders.len() == found.outputs => ClassChoice::Folders,
            _ => ClassChoice::File,
        };
        let card = found.cards[0].clone();
        let mut adding = Self {
            file,
            draft,
            card,
            folders,
            classes,
            class_path: String::new(),
            listed: Ok(Vec::new()),
            trial: Trial::default(),
        };
        adding.name_classes();
        adding
    }

    /// What the file shows.
    pub(crate) fn found(&self) -> &Found {
        self.draft.found()
    }

    /// Takes note of the names in a file.
    pub(crate) fn listed(&mut self, names: Result<Vec<String>, String>) {
        self.listed = names;
        self.classes = ClassChoice::File;
        self.name_classes();
    }

    /// The card to be tried now, if what is shown is that of another one.
    pub(crate) fn begin_trial(&mut self) -> Option<ModelCard> {
        let stale = self.trial.of.as_ref() != Some(&self.card);
        let due = self.found().used_as == ModelUse::Classifier && stale && !self.trial.running;
        due.then(|| {
            self.trial.running = true;
            self.card.clone()
        })
    }

    /// Takes note of a trial.
    pub(crate) fn tried(&mut self, ctx: &Context, card: ModelCard, result: Result<Vec<Preview>, String>) {
        let shown = |preview: Preview| {
            let result = preview.result.map(|(picture, top)| {
                let size = [picture.width() as usize, picture.height() as usize];
                let picture = ColorImage::from_rgb(size, picture.as_raw());
                (ctx.load_texture(&preview.path, picture, TextureOptions::LINEAR), top)
            });
            Shown { path: preview.path, result }
        };
        self.trial =
            Trial { of: Some(card), running: false, photos: result.map(|p| p.into_iter().map(shown).collect()) };
    }

    /// Puts the names that are chosen into the card.
    fn name_classes(&mut self) {
        if self.found().used_as == ModelUse::Detector {
            return;
        }
        self.card.classes = match self.classes {
            ClassChoice::ImageNet => ClassSource::BuiltIn(BuiltInClasses::ImageNet1k),
            ClassChoice::File => ClassSource::Names(self.listed.clone().unwrap_or_default()),
            ClassChoice::Folders => ClassSource::Names(self.folders.clone()),
        };
    }

    /// Whether every output has a name.
    fn is_named(&self) -> bool {
        match &self.card.classes {
            ClassSource::Names(names) => names.len() == self.found().outputs,
            ClassSource::BuiltIn(BuiltInClasses::ImageNet1k) => self.found().outputs == 1000,
            _ => true,
        }
    }

    /// Draws both columns and the buttons below.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        dataset: Option<&Path>,
        busy: Option<&str>,
        error: Option<&str>,
    ) -> Option<ModelCommand> {
        let mut command = None;
        let (height, down) = (ui.available_height() - 44.0, Layout::top_down(Align::Min));
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::SECTION;
            ui.allocate_ui_with_layout(vec2(COLUMNS[0], height), down, |ui| {
                ScrollArea::vertical().id_salt("fields").auto_shrink(false).show(ui, |ui| {
                    ui.set_width(COLUMNS[0] - space::GROUP);
                    ui.spacing_mut().item_spacing.x = space::NEAR;
                    command = self.fields_ui(ui);
                });
            });
            ui.allocate_ui_with_layout(vec2(COLUMNS[1], height), down, |ui| {
                ScrollArea::vertical().id_salt("preview").auto_shrink(false).show(ui, |ui| {
                    ui.set_width(COLUMNS[1] - space::GROUP);
                    ui.spacing_mut().item_spacing.x = space::GROUP;
                    if let Some(error) = error {
                        error_ui(ui, error);
                    }
                    match self.found().used_as {
                        ModelUse::Classifier => self.trial_ui(ui, dataset),
                        ModelUse::Detector => {
                            widgets::caption(ui, "A detector needs nothing else: its file says what it finds.");
                        }
                    }
                });
            });
        });
        ui.separator();
        ui.horizontal(|ui| {
            ui.add_enabled_ui(self.is_named() && busy.is_none() && !self.card.name.trim().is_empty(), |ui| {
                if widgets::primary_button(ui, "Add model").clicked() {
                    command = Some(ModelCommand::Add);
                }
            });
            if ui.add(Button::new("Back to the list").min_size(vec2(0.0, 30.0))).clicked() {
                command = Some(ModelCommand::Discard);
            }
            if let Some(busy) = busy {
                ui.spinner();
                widgets::caption(ui, busy);
            } else if !self.is_named() {
                widgets::caption(ui, format!("{} names of classes are needed.", self.found().outputs));
            }
        });
        command
    }

    fn fields_ui(&mut self, ui: &mut Ui) -> Option<ModelCommand> {
        let mut command = None;
        let palette = palette(ui);
        let found = self.found();
        let line = format!(
            "{}, {} · {}",
            self.card.architecture,
            format::counted(found.outputs, "class", "classes"),
            format::bytes(found.bytes)
        );
        ui.label(RichText::new(line).font(theme::strong(size::BODY)).color(palette.strong));
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let name = Label::new(RichText::new(name).size(size::SMALL).color(palette.weak)).truncate();
        ui.add(name).on_hover_text(self.file.display().to_string());
        self.architecture_ui(ui);
        ui.add_space(space::NEAR);
        Grid::new("words").num_columns(2).spacing(vec2(space::GROUP, 5.0)).min_col_width(72.0).show(ui, |ui| {
            for (label, text, hint) in [
                ("Name", &mut self.card.name, ""),
                ("Licence", &mut self.card.licence, "for people who see your results"),
                ("Source", &mut self.card.source, "where the weights come from"),
            ] {
                ui.label(label);
                let response = ui.add(TextEdit::singleline(text).hint_text(hint).desired_width(310.0));
                response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, label));
                ui.end_row();
            }
        });
        if self.found().used_as == ModelUse::Classifier {
            ui.add_space(space::NEAR);
            command = self.classes_ui(ui);
            ui.add_space(space::NEAR);
            let draft = Arc::clone(&self.draft);
            if let ModelKind::Classifier { target_layer } = &mut self.card.kind {
                widgets::title(ui, "Target layer");
                layer_ui(ui, "Target layer", &draft.found().layers, target_layer);
            }
            ui.add_space(space::NEAR);
            widgets::title(ui, "Preparation of pictures");
            preprocessing_ui(ui, &mut self.card.input);
        }
        command
    }

    /// Which network it is, where the file fits several.
    fn architecture_ui(&mut self, ui: &mut Ui) {
        let draft = Arc::clone(&self.draft);
        let cards = &draft.found().cards;
        if cards.len() < 2 {
            return;
        }
        let combo = ComboBox::from_id_salt("architecture").width(320.0).selected_text(&self.card.architecture);
        let response = combo.show_ui(ui, |ui| {
            for card in cards {
                let chosen = card.architecture == self.card.architecture;
                if ui.selectable_label(chosen, &card.architecture).clicked() && !chosen {
                    self.card.architecture.clone_from(&card.architecture);
                    self.card.description.clone_from(&card.description);
                    self.card.input = card.input;
                }
            }
        });
        response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Architecture"));
        widgets::caption(ui, "The file fits each of these; they differ in what no tensor shows.");
    }

    /// What the outputs stand for.
    fn classes_ui(&mut self, ui: &mut Ui) -> Option<ModelCommand> {
        ui.scope(|ui| self.class_choice_ui(ui)).inner
    }

    fn class_choice_ui(&mut self, ui: &mut Ui) -> Option<ModelCommand> {
        let mut command = None;
        let outputs = self.found().outputs;
        let before = self.classes;
        ui.spacing_mut().interact_size.y = 20.0;
        widgets::title(ui, format!("What the {} are", format::counted(outputs, "output", "outputs")));
        ui.add_enabled_ui(outputs == 1000, |ui| {
            ui.radio_value(&mut self.classes, ClassChoice::ImageNet, "The classes of ImageNet-1k");
        });
        let text = format!("The folders of the data set ({})", format::count(self.folders.len()));
        ui.add_enabled_ui(self.folders.len() == outputs, |ui| {
            ui.radio_value(&mut self.classes, ClassChoice::Folders, text);
        });
        ui.radio_value(&mut self.classes, ClassChoice::File, "A list, or the folders of the training data");
        ui.horizontal(|ui| {
            let field = TextEdit::singleline(&mut self.class_path).hint_text("Path of a file or folder");
            let response = ui.add(field.desired_width(290.0));
            response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Class names"));
            let path = self.class_path.trim();
            if response.lost_focus() && !path.is_empty() {
                command = Some(ModelCommand::ReadClasses(PathBuf::from(path)));
            }
            if ui.button("Choose…").clicked() {
                command = Some(ModelCommand::AskClasses);
            }
        });
        if let Err(error) = &self.listed {
            ui.add(Label::new(RichText::new(error).size(size::SMALL).color(palette(ui).bad)).wrap());
        }
        if self.classes != before {
            self.name_classes();
        }
        command
    }

    /// Five photos with what the classifier says of them.
    fn trial_ui(&self, ui: &mut Ui, dataset: Option<&Path>) {
        let palette = palette(ui);
        ui.horizontal(|ui| {
            widgets::title(ui, "What it says of five photos");
            if self.trial.running {
                ui.spinner();
            }
        });
        let of = if dataset.is_some() { "of the data set" } else { "that come with the program" };
        widgets::caption(ui, format!("Photos {of}. Nonsense means: wrong classes, values, channels or resize."));
        ui.add_space(space::TIGHT);
        match &self.trial.photos {
            Err(error) => error_ui(ui, error),
            Ok(photos) => {
                for photo in photos {
                    photo_ui(ui, photo);
                }
                if photos.is_empty() && self.trial.running {
                    ui.label(RichText::new("Trying…").color(palette.weak));
                }
            }
        }
    }
}

fn photo_ui(ui: &mut Ui, photo: &Shown) {
    let palette = palette(ui);
    ui.horizontal_top(|ui| {
        ui.allocate_ui(vec2(PHOTO, PHOTO), |ui| {
            ui.set_min_size(vec2(PHOTO, PHOTO));
            if let Ok((picture, _)) = &photo.result {
                ui.add(Image::new(picture).max_size(vec2(PHOTO, PHOTO)).alt_text(&photo.path));
            }
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let path = RichText::new(&photo.path).size(size::SMALL).color(palette.weak);
            ui.add(Label::new(path).truncate());
            match &photo.result {
                Err(error) => {
                    ui.add(Label::new(RichText::new(error).size(size::SMALL).color(palette.bad)).wrap());
                }
                Ok((_, top)) => {
                    for (place, (name, probability)) in top.iter().enumerate() {
                        let text =
                            format!("{}  {}", format::percent(Some(f64::from(*probability))), format::name(name));
                        let (font, color) = if place == 0 {
                            (theme::strong(size::SMALL), palette.strong)
                        } else {
                            (theme::plain(size::SMALL - 1.0), palette.weak)
                        };
                        ui.add(Label::new(RichText::new(text).font(font).color(color)).truncate());
                    }
                }
            }
        });
    });
}

/// The layers with their grids; the default is marked. `None` takes the default.
pub(crate) fn layer_ui(ui: &mut Ui, label: &str, layers: &Layers, chosen: &mut Option<String>) {
    let line = |name: &str| {
        let grid = layers.all.iter().find(|(layer, _)| layer == name).map(|(_, grid)| *grid);
        let grid = grid.map_or(String::new(), |grid| format!(" — {} × {}", grid.width, grid.height));
        let mark = if name == layers.default { "  (default)" } else { "" };
        format!("{name}{grid}{mark}")
    };
    let current = chosen.clone().unwrap_or_else(|| layers.default.clone());
    let combo = ComboBox::from_id_salt(label).width(320.0).height(320.0).selected_text(line(&current));
    let response = combo.show_ui(ui, |ui| {
        // The last layers are those that people ask for.
        for (name, _) in layers.all.iter().rev() {
            if ui.selectable_label(*name == current, line(name)).clicked() {
                *chosen = Some(name.clone());
            }
        }
    });
    response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, label));
}
