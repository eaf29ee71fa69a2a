//! The window: its parts, and the order in which a frame goes through them.
//!
//! Comes in: a [`Launcher`] and what to open. Goes out: an [`eframe::App`]. May not live here: how a panel looks, how a value
//! is read.

mod annotating;
mod checks;
mod choosing;
mod commands;
mod compare;
mod events;
mod explain;
mod measure;
mod models;
mod opening;
mod place;
mod runs;
mod saving;
mod session;
mod takeaway;

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{self, Context, Theme, Ui};

use super::checks::Checks;
use super::class_page::ClassPage;
use super::class_table::ClassTable;
use super::command::Command;
use super::compare::Compare;
use super::dialogs::Dialogs;
use super::gallery::Gallery;
use super::habits::{self, Habits};
use super::jobs::Jobs;
use super::launch::{Choices, Credits, Launcher};
use super::layers::Arrangement;
use super::models::Picker;
use super::sample_view::SampleView;
use super::start::Start;
use super::textures::Textures;
use super::{fonts, keys, theme};
use crate::colormap::Colormap;
use crate::dataset::SampleId;
use crate::overlay::Rendering;
use events::Event;
use session::{Selection, Session};

/// Pixels that are kept as textures.
const TEXTURE_BUDGET: usize = 256 << 20;

/// The panes that follow the question: which class, which images, why.
#[derive(Default)]
struct Panes {
    classes: ClassTable,
    gallery: Gallery,
    class_page: ClassPage,
    sample: SampleView,
    /// In the place of the image while it is open.
    checks: Checks,
    /// In the place of the others while two runs are compared.
    compare: Compare,
}

/// What comes from outside of the window.
struct Outside {
    launcher: Arc<dyn Launcher>,
    choices: Choices,
    credits: Vec<Credits>,
}

impl Outside {
    fn new(launcher: Arc<dyn Launcher>) -> Self {
        let mut credits = launcher.credits();
        credits.push(fonts::credits());
        Self { choices: launcher.choices(), credits, launcher }
    }
}

/// The window.
#[expect(missing_debug_implementations, reason = "textures and launchers have none")]
pub struct App {
    jobs: Jobs<Event>,
    outside: Outside,
    session: Session,
    selection: Selection,
    start: Start,
    panes: Panes,
    textures: Textures,
    dialogs: Dialogs,
    picker: Picker,
    habits: Habits,
}

impl App {
    /// The window with nothing but what `open` names: a project file or a folder.
    pub fn new(cc: &eframe::CreationContext<'_>, launcher: Arc<dyn Launcher>, open: Option<PathBuf>) -> Self {
        let ctx = &cc.egui_ctx;
        theme::install(ctx);
        let habits: Habits = cc.storage.and_then(|s| eframe::get_value(s, habits::KEY)).unwrap_or_default();
        ctx.set_theme(if habits.light { Theme::Light } else { Theme::Dark });
        let mut app = Self {
            jobs: Jobs::new(ctx.clone()),
            outside: Outside::new(launcher),
            session: Session::default(),
            selection: Selection::default(),
            start: Start::default(),
            panes: Panes::default(),
            textures: Textures::new(ctx, TEXTURE_BUDGET),
            dialogs: Dialogs::default(),
            picker: Picker::default(),
            habits,
        };
        app.take_up_habits();
        app.list_models();
        if let Some(path) = open {
            app.apply(ctx, Command::Open(path));
        }
        app
    }

    /// Whether nothing is being read or made; a run may be going on.
    pub fn is_settled(&self) -> bool {
        let is_drawn = self.textures.is_idle() && self.panes.compare.is_idle();
        let is_calm = is_drawn && !self.session.is_stale;
        is_calm && self.jobs.running() == usize::from(self.is_running())
    }

    /// Whether a run is going on.
    pub fn is_running(&self) -> bool {
        self.session.is_running()
    }

    /// Restores sort, filter, layers and the selection that the last window ended with.
    fn take_up_habits(&mut self) {
        let habits = &self.habits;
        let (classes, layers) = (&mut self.panes.classes, &mut self.panes.sample.layers);
        classes.take_up(&habits.table);
        layers.heat = habits.heat.unwrap_or(layers.heat);
        layers.boxes = habits.boxes.unwrap_or(layers.boxes);
        layers.rendering = habits.rendering.and_then(|i| Rendering::ALL.get(i).copied()).unwrap_or(layers.rendering);
        layers.arrangement =
            habits.arrangement.and_then(|i| Arrangement::ALL.get(i).copied()).unwrap_or(layers.arrangement);
        layers.is_smooth = !habits.grid;
        for (look, kept) in layers.looks.iter_mut().zip(&habits.looks) {
            let is_share = |v: &f32| (0.0..=1.0).contains(v);
            look.opacity = Some(kept.0).filter(is_share).unwrap_or(look.opacity);
            look.threshold = Some(kept.1).filter(is_share).unwrap_or(look.threshold);
        }
        let named = |name: &String| Colormap::ALL.into_iter().find(|c| c.name() == name.as_str());
        layers.colormap = habits.colormap.as_ref().and_then(named).unwrap_or(layers.colormap);
    }

    /// What the next window starts with.
    fn habits_now(&self) -> Habits {
        let (classes, layers) = (&self.panes.classes, &self.panes.sample.layers);
        Habits {
            class: self.selection.class.clone(),
            sample: self.selection.sample.map(|SampleId(id)| id),
            table: classes.memory(),
            heat: Some(layers.heat),
            boxes: Some(layers.boxes),
            rendering: Some(layers.rendering as usize),
            arrangement: Some(layers.arrangement as usize),
            grid: !layers.is_smooth,
            looks: layers.looks.iter().map(|look| (look.opacity, look.threshold)).collect(),
            colormap: Some(layers.colormap.name().to_owned()),
            ..self.habits.clone()
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        for event in self.jobs.drain() {
            self.take(ctx, event);
        }
        if !self.dialogs.is_open() && !self.picker.is_open() && !self.panes.compare.is_asking() {
            let comparing = self.panes.compare.is_shown();
            if !comparing {
                self.panes.sample.take_keys(ctx);
            }
            for command in keys::commands(ctx) {
                match comparing {
                    true => self.key_while_comparing(ctx, command),
                    false => self.apply(ctx, command),
                }
            }
        }
        self.post_drawn();
        self.refresh(ctx);
        self.textures.begin_frame(ctx);
        self.panes.compare.begin_frame(ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let commands = self.place(ui);
        for command in commands {
            self.apply(ui.ctx(), command);
        }
        self.post_drawn();
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        // Jobs end with the program: what they have not written yet is written now.
        self.post_now();
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, habits::KEY, &self.habits_now());
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

/// What the panes show, as tests read it.
impl App {
    /// The classes of the table, top to bottom.
    pub fn listed_classes(&self) -> Vec<&str> {
        self.panes.classes.rows().iter().map(|row| row.class.as_str()).collect()
    }

    /// The class that is chosen.
    pub fn chosen_class(&self) -> Option<&str> {
        self.selection.class.as_deref()
    }

    /// The fit of the image that is shown, with what is drawn on it at this moment.
    pub fn shown_fit(&self) -> Option<f64> {
        self.panes.sample.fit()
    }

    /// The classes of the comparison, top to bottom; none while nothing is compared.
    pub fn compared_classes(&self) -> Vec<&str> {
        self.panes.compare.listed()
    }

    /// Path of the image that is shown, relative to the data set's folder.
    pub fn shown_image(&self) -> Option<&str> {
        self.selection.detail.as_deref().and_then(|d| d.as_ref().ok()).map(|detail| detail.sample.path.as_str())
    }
}
