//! The bar at the bottom: what was run, how far it is, what failed.
//!
//! Comes in: the open project and its run. Goes out: start, pause and cancel. May not live here: the run itself.

use eframe::egui::accesskit::Role;
use eframe::egui::{Align, Button, CornerRadius, Label, Layout, Rect, RichText, Sense, Ui, WidgetInfo, pos2, vec2};

use super::command::{Command, Dialog};
use super::models::short_name;
use super::project::Snapshot;
use super::runner::{Phase, Runner};
use super::theme::{self, palette, size, space};
use super::{format, widgets};
use crate::store::{RunSettings, TargetRule};

/// Draws the bar.
pub(crate) fn ui(ui: &mut Ui, project: Option<&Snapshot>, runner: Option<&Runner>) -> Option<Command> {
    let mut command = None;
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = space::GROUP;
        match runner {
            Some(runner) if runner.is_active() => command = active_ui(ui, runner),
            Some(Runner { phase: Phase::Broken(reason), .. }) => {
                let color = palette(ui).bad;
                state_ui(ui, "Stopped", color);
                ui.add(Label::new(RichText::new(reason).color(palette(ui).text)).truncate()).on_hover_text(reason);
                return;
            }
            _ => {}
        }
        if let Some(project) = project {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let resting = runner.is_none_or(|r| !r.is_active());
                command = command.take().or(rest_ui(ui, project, resting));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let text = RichText::new(settings_line(&project.run.settings)).size(size::SMALL);
                    let color = palette(ui).weak;
                    ui.add(Label::new(text.color(color)).truncate()).on_hover_ui(|ui| {
                        settings_ui(ui, &project.run.settings);
                    });
                });
            });
        }
    });
    command
}

fn state_ui(ui: &mut Ui, state: &str, color: eframe::egui::Color32) {
    ui.label(RichText::new(state).font(theme::strong(size::BODY)).color(color));
}

/// The run that goes on: bar, counts, rate, time left, pause and cancel.
fn active_ui(ui: &mut Ui, runner: &Runner) -> Option<Command> {
    let mut command = None;
    let palette = palette(ui);
    let paused = runner.control.is_paused();
    let ending = runner.control.is_cancelled();
    let state = match (&runner.phase, ending, paused) {
        (_, true, _) => "Stopping",
        (Phase::Preparing, ..) => "Loading networks",
        (_, _, true) => "Paused",
        _ => "Analysing",
    };
    state_ui(ui, state, if paused { palette.warn } else { palette.accent });
    let progress = &runner.progress;
    let share = if progress.total() == 0 { 0.0 } else { progress.done() as f64 / progress.total() as f64 };
    let (rect, response) = ui.allocate_exact_size(vec2(200.0, 8.0), Sense::hover());
    response.widget_info(|| WidgetInfo {
        value: Some(share),
        ..WidgetInfo::labeled(Role::ProgressIndicator, true, "Progress")
    });
    ui.painter().rect_filled(rect, CornerRadius::same(4), palette.raised);
    let filled = Rect::from_min_max(rect.min, pos2(rect.left() + rect.width() * share as f32, rect.bottom()));
    ui.painter().rect_filled(filled, CornerRadius::same(4), palette.accent);
    let counts = format!("{} of {}", format::count(progress.done()), format::count(progress.total()));
    ui.label(RichText::new(counts).color(palette.strong));
    if !paused && let Some(rate) = progress.rate() {
        widgets::caption(ui, format!("{rate:.1} images/s"));
    }
    if !paused && let Some(secs) = progress.secs_left() {
        widgets::caption(ui, format!("{} left", format::duration(secs)));
    }
    ui.spacing_mut().item_spacing.x = space::NEAR;
    let can_pause = matches!(runner.phase, Phase::Running) && !ending;
    let text = if paused { "Resume" } else { "Pause" };
    if ui.add_enabled(can_pause, Button::new(text)).clicked() {
        command = Some(Command::PauseRun(!paused));
    }
    let cancel = ui.add_enabled(!ending, Button::new("Cancel"));
    if cancel.on_hover_text("What is analysed is kept; the run can be continued").clicked() {
        command = Some(Command::CancelRun);
    }
    command
}

/// What is known of the project, right to left.
fn rest_ui(ui: &mut Ui, project: &Snapshot, resting: bool) -> Option<Command> {
    let mut command = None;
    let palette = palette(ui);
    let missing = project.listed.saturating_sub(project.samples.len());
    if resting && missing > 0 && ui.button("Continue").on_hover_text("Analyse what is missing").clicked() {
        command = Some(Command::ContinueRun);
    }
    if resting {
        let again =
            ui.button("Analyse again…").on_hover_text("The same photos with another classifier, layer or method");
        if again.clicked() {
            command = Some(Command::NewRun);
        }
        let counts = if missing == 0 {
            format!("{} analysed", format::counted(project.samples.len(), "image", "images"))
        } else {
            format!("{} of {} images analysed", format::count(project.samples.len()), format::count(project.listed))
        };
        widgets::caption(ui, counts);
    }
    let failed = project.failures.len();
    if failed > 0 {
        let text = RichText::new(format!("{} could not be used", format::count(failed))).color(palette.bad);
        let button = ui.add(Button::new(text.size(size::SMALL)).frame(false));
        if button.on_hover_text("Show which, and why").clicked() {
            command = Some(Command::Show(Dialog::Failures));
        }
    }
    command
}

/// What was run, in one line.
fn settings_line(settings: &RunSettings) -> String {
    let regions =
        settings.detector.as_ref().map_or("no regions".to_owned(), |d| format!("regions from {}", short_name(&d.name)));
    format!("{} at {} · {} · {regions}", short_name(&settings.classifier.name), settings.layer, settings.method)
}

/// What was run, every setting.
fn settings_ui(ui: &mut Ui, settings: &RunSettings) {
    let explained = match settings.target {
        TargetRule::Predicted => "the predicted class",
        TargetRule::Labelled => "the labelled class",
    };
    let regions = settings.detector.as_ref().map_or("none".to_owned(), |d| {
        format!("{}, score at least {}", d.name, format::percent(Some(settings.roi_min_score.into())))
    });
    let lines = [
        ("Classifier", settings.classifier.name.as_str()),
        ("Target layer", &settings.layer),
        ("Saliency", &settings.method),
        ("Explains", explained),
        ("Regions", &regions),
    ];
    eframe::egui::Grid::new("settings").num_columns(2).show(ui, |ui| {
        for (name, value) in lines {
            widgets::caption(ui, name);
            ui.label(value);
            ui.end_row();
        }
    });
}
