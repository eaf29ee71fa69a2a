//! The command palette: everything that can be done, found by a few letters.
//!
//! Comes in: what is typed. Goes out: the chosen command. May not live here: what commands do, the keys themselves.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align, Context, Frame, Id, Key, Layout, Modal, Modifiers, RichText, ScrollArea, TextEdit, Ui, WidgetInfo,
};

use super::annotating::AnnotateCommand;
use super::checks::Wish;
use super::command::{Command, Dialog};
use super::compare::CompareCommand;
use super::theme::{palette, size, space};
use crate::measure::{Baseline, Measure, MeasureChoice};

/// A command with its name and its keys.
struct Entry {
    name: &'static str,
    keys: &'static str,
    command: fn() -> Command,
}

const fn entry(name: &'static str, keys: &'static str, command: fn() -> Command) -> Entry {
    Entry { name, keys, command }
}

const ENTRIES: &[Entry] = &[
    entry("Class page: where the network looks instead", "C", || Command::ToggleClassPage),
    entry("Next class without a verdict", "N", || Command::NextOpenClass),
    entry("Next class", "↓", || Command::StepClass(1)),
    entry("Previous class", "↑", || Command::StepClass(-1)),
    entry("Next image", "→  D", || Command::StepSample(1)),
    entry("Previous image", "←  A", || Command::StepSample(-1)),
    entry("Verdict: spurious", "1", || Command::JudgeShown(0)),
    entry("Verdict: legitimate context", "2", || Command::JudgeShown(1)),
    entry("Verdict: no object", "3", || Command::JudgeShown(2)),
    entry("Verdict: detector miss", "4", || Command::JudgeShown(3)),
    entry("Verdict: undecided", "5", || Command::JudgeShown(4)),
    entry("Undo", "Ctrl+Z", || Command::Undo),
    entry("Redo", "Ctrl+Shift+Z", || Command::Redo),
    entry("Heat map on and off", "H", || Command::ToggleHeat),
    entry("Boxes on and off", "B", || Command::ToggleBoxes),
    entry("Next rendering: colours, contours, masked out", "M", || Command::NextRendering),
    entry("Smooth or raw cells", "G", || Command::ToggleGrid),
    entry("One picture, side by side, wipe", "W", || Command::NextArrangement),
    entry("Show the whole image", "F", || Command::FitImage),
    entry("Show the image pixel for pixel", "Z", || Command::OneToOne),
    entry("Draw regions by hand", "E", || Command::ToggleDrawing),
    entry("Checks: can these maps be believed?", "K", || Command::ToggleChecks),
    entry("Check: do the maps react to the weights?", "", || Command::Check(Wish::Sanity)),
    entry("Check: deletion, insertion and ROAD", "", || Command::Check(Wish::Faithfulness)),
    entry("Check: do other methods agree?", "", || Command::Check(Wish::Agreement)),
    entry("Measure: none but the fit", "", || Command::ChooseMeasure(MeasureChoice::default())),
    entry("Measure: fit (pixel sum)", "", || Command::TurnToMeasure(Measure::FitPixels)),
    entry("Measure: lift", "", || Command::TurnToMeasure(Measure::Lift)),
    entry("Measure: pointing game", "", || Command::TurnToMeasure(Measure::PointingGame)),
    entry("Measure: rank accuracy", "", || Command::TurnToMeasure(Measure::RankAccuracy)),
    entry("Measure: top-k intersection", "", || Command::TurnToMeasure(Measure::TopK)),
    entry("Measure: AUC", "", || Command::TurnToMeasure(Measure::RocAuc)),
    entry("Measure: hot mass, from half the maximum on", "", || Command::TurnToMeasure(Measure::HalfMaxMass)),
    entry("Measure as it is, no baseline", "", || Command::TurnToBaseline(None)),
    entry("Measure less that of the centre", "", || Command::TurnToBaseline(Some(Baseline::Centre))),
    entry("Measure less that of a uniform map", "", || Command::TurnToBaseline(Some(Baseline::Uniform))),
    entry("Open project…", "Ctrl+O", || Command::AskProject),
    entry("Open folder…", "Ctrl+Shift+O", || Command::AskFolder),
    entry("Close project", "", || Command::Close),
    entry("Add annotations…", "", || AnnotateCommand::Ask(None).into()),
    entry("Compare with another run…", "", || CompareCommand::Ask.into()),
    entry("Compare with other regions…", "", || CompareCommand::AskRegions.into()),
    entry("New analysis of these photos…", "", || Command::NewRun),
    entry("Continue the analysis", "", || Command::ContinueRun),
    entry("Dark or light", "", || Command::ToggleTheme),
    entry("Full screen", "F11", || Command::ToggleFullScreen),
    entry("Keys", "?", || Command::Show(Dialog::Keys)),
    entry("About camroi", "", || Command::Show(Dialog::About)),
];

/// How well a name fits what is typed, the lower the better; `None` unless it has all the letters in their order. Letters
/// that stand apart and far from a word's beginning cost.
fn cost(name: &str, typed: &str) -> Option<usize> {
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let (mut at, mut cost, mut last) = (0, 0, None);
    for letter in typed.to_lowercase().chars().filter(|c| !c.is_whitespace()) {
        let found = at + name[at..].iter().position(|c| *c == letter)?;
        let begins = found == 0 || !name[found - 1].is_alphanumeric();
        let follows = last.is_some_and(|last: usize| last + 1 == found);
        cost += if begins || follows { 0 } else { 2 + found - at };
        (last, at) = (Some(found), found + 1);
    }
    Some(cost)
}

/// The entries that fit, the best first and equal ones in their order.
fn fitting(typed: &str) -> Vec<&'static Entry> {
    let mut list: Vec<_> = ENTRIES.iter().filter_map(|entry| Some((cost(entry.name, typed)?, entry))).collect();
    list.sort_by_key(|(cost, _)| *cost);
    list.into_iter().map(|(_, entry)| entry).collect()
}

/// View state of the palette.
#[derive(Debug, Default)]
pub(crate) struct CommandPalette {
    is_open: bool,
    typed: String,
    chosen: usize,
}

impl CommandPalette {
    /// Opens it with nothing typed.
    pub(crate) fn open(&mut self) {
        *self = Self { is_open: true, ..Self::default() };
    }

    /// Whether it covers the panels.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Draws it; the command that was chosen.
    pub(crate) fn ui(&mut self, ctx: &Context) -> Option<Command> {
        if !self.is_open {
            return None;
        }
        let frame = Frame::popup(&ctx.global_style()).inner_margin(space::GROUP);
        let response = Modal::new(Id::unique("palette")).frame(frame).show(ctx, |ui| self.list_ui(ui));
        if response.inner.is_some() || response.should_close() {
            self.is_open = false;
        }
        response.inner
    }

    fn list_ui(&mut self, ui: &mut Ui) -> Option<Command> {
        ui.set_width(460.0);
        let (down, up, enter) = ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            (pressed(Key::ArrowDown), pressed(Key::ArrowUp), pressed(Key::Enter))
        });
        let field = ui.add(TextEdit::singleline(&mut self.typed).hint_text("Command…").desired_width(f32::INFINITY));
        field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Find a command"));
        field.request_focus();
        if field.changed() {
            self.chosen = 0;
        }
        let entries = fitting(&self.typed);
        let last = entries.len().saturating_sub(1);
        self.chosen = (self.chosen + usize::from(down)).saturating_sub(usize::from(up)).min(last);
        let mut command = None;
        ui.add_space(space::TIGHT);
        ScrollArea::vertical().max_height(380.0).auto_shrink([false, true]).show(ui, |ui| {
            for (place, entry) in entries.iter().enumerate() {
                let response = entry_ui(ui, entry, place == self.chosen);
                if place == self.chosen && (down || up) {
                    response.scroll_to_me(None);
                }
                if response.clicked() || (enter && place == self.chosen) {
                    command = Some((entry.command)());
                }
            }
            if entries.is_empty() {
                super::widgets::caption(ui, "No such command");
            }
        });
        command
    }
}

fn entry_ui(ui: &mut Ui, entry: &Entry, chosen: bool) -> eframe::egui::Response {
    ui.horizontal(|ui| {
        let response = ui.selectable_label(chosen, entry.name);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(entry.keys).size(size::SMALL).color(palette(ui).weak));
        });
        response
    })
    .inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_their_order_find_a_command_and_beginnings_of_words_come_first() {
        let first = |typed| fitting(typed).first().map(|entry| entry.name);
        assert_eq!(first("full"), Some("Full screen"));
        assert_eq!(first("clp"), Some("Class page: where the network looks instead"));
        assert_eq!(first("nwv"), Some("Next class without a verdict"));
        assert_eq!(first("qqq"), None);
        assert_eq!(fitting("").len(), ENTRIES.len());
    }
}
