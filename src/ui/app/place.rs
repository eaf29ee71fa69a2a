//! Where the panels are.
//!
//! Comes in: the state of the window. Goes out: the panels' commands. May not live here: what a panel draws, what a command
//! does.

use eframe::egui::{Align, Button, CentralPanel, Frame, Layout, Margin, Panel, RichText, Ui};

use super::App;
use crate::ui::command::{Command, Dialog};
use crate::ui::compare::CompareCommand;
use crate::ui::gallery::{Tiles, file_name};
use crate::ui::project::Snapshot;
use crate::ui::runner::Phase;
use crate::ui::sample_view::{Chosen, Strip};
use crate::ui::theme::{self, palette, size, space};
use crate::ui::{checks, class_page, regions_menu, run_panel, start, takeaway};
use crate::verdict::Subject;

impl App {
    /// Draws everything; what the panels ask for.
    pub(super) fn place(&mut self, ui: &mut Ui) -> Vec<Command> {
        let mut commands = Vec::new();
        let palette = palette(ui);
        let bar = |margin| Frame::new().fill(palette.bar).inner_margin(Margin::symmetric(margin, 0));
        Panel::top("top").exact_size(space::BAR).frame(bar(12)).show(ui, |ui| commands.extend(self.top_ui(ui)));
        let project = self.session.project.clone();
        if project.is_some() || self.session.runner.is_some() {
            let runner = self.session.runner.as_ref();
            Panel::bottom("run").exact_size(space::BAR).frame(bar(14)).show(ui, |ui| {
                commands.extend(run_panel::ui(ui, project.as_deref(), runner));
            });
        }
        match project.as_ref().filter(|_| self.start.form.is_none()) {
            Some(_) if self.panes.compare.is_shown() => {
                let layers = self.panes.sample.layers;
                commands.extend(self.panes.compare.ui(ui, &layers).map(Command::from));
            }
            Some(project) => commands.extend(self.panes_ui(ui, project)),
            None => {
                let busy = match self.session.runner.as_ref().map(|r| &r.phase) {
                    Some(Phase::Preparing | Phase::Running) => Some("Loading networks…"),
                    _ => self.session.busy,
                };
                CentralPanel::default().frame(Frame::new().fill(palette.panel)).show(ui, |ui| {
                    commands.extend(self.start.ui(ui, &self.habits.recent, &self.outside.choices, busy));
                });
            }
        }
        commands.extend(self.dialogs.takeaway.ui(ui.ctx()).map(Command::Take));
        commands.extend(self.dialogs.annotating.ui(ui.ctx()).map(Command::from));
        commands.extend(self.panes.compare.question_ui(ui.ctx(), &self.habits.recent).map(Command::from));
        if !self.dialogs.is_open() {
            let dataset = self.start.form.as_ref().map(|form| form.dataset.clone());
            commands.extend(self.picker.ui(ui.ctx(), dataset.as_deref()).map(Command::from));
        } else {
            let failures = project.map(|p| p.failures.clone()).unwrap_or_default();
            commands.extend(self.dialogs.ui(ui.ctx(), &self.outside.credits, &failures));
        }
        commands
    }

    fn top_ui(&self, ui: &mut Ui) -> Option<Command> {
        let mut command = None;
        let (mut taken, mut rois) = (None, None);
        let palette = palette(ui);
        ui.horizontal_centered(|ui| {
            start::mark(ui, 22.0);
            ui.label(RichText::new("camroi").font(theme::strong(size::TITLE)).color(palette.strong));
            if let Some(project) = &self.session.project {
                ui.add_space(space::NEAR);
                ui.label(RichText::new(project.title()).color(palette.text))
                    .on_hover_text(project.file.display().to_string());
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = space::TIGHT;
                let mut plain = |ui: &mut Ui, text: &str, hint: &str, to: Command| {
                    let button = Button::new(RichText::new(text).color(palette.weak)).frame_when_inactive(false);
                    if ui.add(button).on_hover_text(hint).clicked() {
                        command = Some(to);
                    }
                };
                plain(ui, "About", "What camroi is, and whose work it contains", Command::Show(Dialog::About));
                plain(ui, "Keys", "What can be done by keyboard (?)", Command::Show(Dialog::Keys));
                let (text, hint) =
                    if ui.visuals().dark_mode { ("Light", "Light colours") } else { ("Dark", "Dark colours") };
                plain(ui, text, hint, Command::ToggleTheme);
                if let Some(project) = &self.session.project {
                    let class = self.selection.class.as_deref();
                    let image = self.selection.detail.as_deref().and_then(|d| d.as_ref().ok());
                    let image = image.map(|detail| (detail.sample.id, detail.sample.path.as_str()));
                    taken = takeaway::menu_ui(ui, class, image);
                    let hint = "Random weights, deletion and insertion, other methods (K)";
                    plain(ui, "Checks", hint, Command::ToggleChecks);
                    let ask = Command::from(CompareCommand::Ask);
                    plain(ui, "Compare…", "Set this run beside another one", ask);
                    rois = regions_menu::ui(ui, self.habits.regions_of(&project.file));
                    plain(ui, "Close project", "Back to the first screen", Command::Close);
                    plain(ui, "Open project…", "Open another project (Ctrl+O)", Command::AskProject);
                    plain(ui, "Open folder…", "Analyse another folder (Ctrl+Shift+O)", Command::AskFolder);
                }
            });
        });
        command.or(taken.map(Command::Take)).or(rois)
    }

    /// Which class, which images, why.
    fn panes_ui(&mut self, ui: &mut Ui, project: &Snapshot) -> Vec<Command> {
        let mut commands = Vec::new();
        let frame = Frame::new().fill(palette(ui).panel);
        let width = ui.available_width();
        let (panes, selection, textures) = (&mut self.panes, &self.selection, &mut self.textures);
        let verdicts = &self.session.verdicts;
        let measuring = self.session.measured.state(panes.classes.measure());
        let class = selection.class.as_deref();
        let left = Panel::left("classes").frame(frame).resizable(true).size_range(280.0..=width * 0.6);
        left.default_size((width * 0.4).clamp(400.0, 640.0)).show(ui, |ui| {
            ui.take_available_width();
            commands.extend(panes.classes.ui(ui, Some(&project.total), class, &measuring));
        });
        let names = project.names();
        let tiles = class.map(|class| Tiles {
            class,
            samples: &project.samples,
            order: &selection.order,
            failures: &project.failures,
            names,
            verdicts,
        });
        let middle = Panel::left("gallery").frame(frame).resizable(true).size_range(150.0..=width * 0.5);
        middle.default_size((width * 0.21).clamp(200.0, 420.0)).show(ui, |ui| {
            ui.take_available_width();
            let layers = panes.sample.layers;
            commands.extend(panes.gallery.ui(ui, tiles.as_ref(), selection.sample, textures, &layers));
        });
        CentralPanel::default().frame(frame).show(ui, |ui| {
            if panes.checks.is_open {
                let image = selection.detail.as_deref().and_then(|detail| detail.as_ref().ok());
                let sample = image.map(|detail| (detail.sample.id, file_name(&detail.sample.path)));
                let (method, thresholds) = (project.run.settings.method.as_str(), panes.classes.thresholds());
                let shown = checks::Shown { class, sample, method, thresholds };
                commands.extend(panes.checks.ui(ui, &shown));
                return;
            }
            if panes.class_page.is_open
                && let Some(class) = class
            {
                let row = project.classes.iter().find(|row| row.class == class);
                let shown = class_page::Shown { class, row, names, verdicts, samples: &project.samples };
                let layers = panes.sample.layers;
                commands.extend(panes.class_page.ui(ui, &shown, &selection.all, textures, &layers));
                return;
            }
            let at = selection.place(project);
            let strip = at.map(|at| Strip { samples: &project.samples, order: &selection.order, at });
            let chosen = match selection.detail.as_deref() {
                Some(Ok(detail)) => {
                    let judgement = verdicts.judgement(&Subject::Sample(detail.sample.id));
                    Chosen::Ready { detail, strip, judgement, settings: &project.run.settings }
                }
                Some(Err(reason)) => Chosen::Unreadable(reason),
                None if selection.sample.is_some() => Chosen::Loading,
                None => Chosen::Nothing,
            };
            commands.extend(panes.sample.ui(ui, &chosen, names, textures));
        });
        commands
    }
}
