//! The measure that the table shows beside the fit: its menu, and how far it is computed.

use eframe::egui::accesskit::Role;
use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{Button, PopupCloseBehavior, RichText, Sense, Ui, WidgetInfo, vec2};

use super::ClassTable;
use crate::measure::{Baseline, Measure, MeasureChoice};
use crate::summary::{ClassColumn, SortKey};
use crate::ui::command::Command;
use crate::ui::theme::{palette, size};
use crate::ui::{format, widgets};

/// How far the measures are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Measuring {
    /// Nothing is being computed.
    #[default]
    Idle,
    /// So many of so many samples are measured.
    Working {
        /// Measured ones.
        done: usize,
        /// All of them.
        of: usize,
    },
    /// There are no measures, for this reason.
    Failed(String),
}

impl ClassTable {
    /// The measure that is shown beside the fit; the fit itself where none is.
    pub(crate) fn measure(&self) -> MeasureChoice {
        self.measure
    }

    /// Shows a measure beside the fit and sorts by it, or with the fit itself takes it away.
    pub(crate) fn choose_measure(&mut self, choice: MeasureChoice) {
        if choice == self.measure {
            return;
        }
        self.measure = choice;
        self.filters.measure_below = None;
        let of_measure = |key: &SortKey| key.column == ClassColumn::Measure;
        match choice.is_fit() {
            true => {
                self.keys.retain(|key| !of_measure(key));
                if self.keys.is_empty() {
                    self.keys.push(SortKey { column: ClassColumn::Fit, descending: false });
                }
                self.region = self.region.filter(|region| !region.is_of_measure());
            }
            false if self.keys.iter().any(of_measure) => {}
            false => self.keys = vec![SortKey { column: ClassColumn::Measure, descending: false }],
        }
        self.scatter.turn_to_measure(!choice.is_fit());
    }

    /// The menu in the table's head.
    pub(super) fn measure_ui(&mut self, ui: &mut Ui) {
        let palette = palette(ui);
        let color = if self.measure.is_fit() { palette.weak } else { palette.accent };
        let text = RichText::new("Measure").size(size::SMALL + 0.5).color(color);
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let mut choice = self.measure;
        let button = MenuButton::from_button(Button::new(text).frame_when_inactive(false)).config(config);
        let (response, _) = button.ui(ui, |ui| {
            ui.set_min_width(230.0);
            widgets::caption(ui, "Measure beside the fit");
            for measure in Measure::ALL {
                let title = if measure == Measure::Fit { "None but the fit" } else { measure.title() };
                ui.radio_value(&mut choice.measure, measure, title).on_hover_text(measure.meaning());
            }
            ui.separator();
            widgets::caption(ui, "Less that of a map that knows nothing");
            ui.radio_value(&mut choice.minus, None, "Nothing taken off");
            for baseline in Baseline::ALL {
                let title = format!("Less {}", baseline.name());
                ui.radio_value(&mut choice.minus, Some(baseline), title).on_hover_text(baseline.meaning());
            }
        });
        response.on_hover_text("Another measure than the fit: shown, sorted and plotted beside it");
        self.choose_measure(choice);
    }

    /// How far the measures are, while they are computed.
    pub(super) fn measuring_ui(&self, ui: &mut Ui, measuring: &Measuring) -> Option<Command> {
        let mut command = None;
        let title = self.measure.title();
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            match measuring {
                Measuring::Idle => {}
                Measuring::Working { done, of } => {
                    let share = *done as f64 / (*of).max(1) as f64;
                    let (rect, response) = ui.allocate_exact_size(vec2(90.0, 6.0), Sense::hover());
                    response.widget_info(|| WidgetInfo {
                        value: Some(share),
                        ..WidgetInfo::labeled(Role::ProgressIndicator, true, "Images measured")
                    });
                    widgets::share_bar(ui, rect, share, None, palette(ui).accent);
                    let counts = format!("{title}: {} of {} images", format::count(*done), format::count(*of));
                    widgets::caption(ui, counts);
                    let cancel = Button::new(RichText::new("Cancel").size(size::SMALL)).small();
                    if ui.add(cancel).on_hover_text("Stay with the fit").clicked() {
                        command = Some(Command::ChooseMeasure(MeasureChoice::default()));
                    }
                }
                Measuring::Failed(reason) => {
                    ui.label(RichText::new(format!("{title}: {reason}")).size(size::SMALL).color(palette(ui).bad));
                }
            }
        });
        command
    }
}
