//! Which regions count: a menu that acts at once on tables and pictures.
//!
//! Comes in: the choice as it is. Goes out: commands. May not live here: what a choice does to a fit (see
//! [`crate::analysis::RoiChoice`]).

use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{Button, PopupCloseBehavior, RichText, Slider, Ui, WidgetInfo};

use super::annotating::AnnotateCommand;
use super::command::Command;
use super::compare::CompareCommand;
use super::theme::palette;
use super::widgets;
use crate::analysis::{RoiChoice, Sources};
use crate::fit::RoiRule;

/// Where the sliders start.
const SCORE: f32 = 0.35;
const OVERLAP: f32 = 0.5;

/// Draws the button and its menu; what was chosen there.
pub(crate) fn ui(ui: &mut Ui, choice: RoiChoice) -> Option<Command> {
    let palette = palette(ui);
    let words = choice.words();
    // What is not as usual must not be overlooked.
    let (text, color) = match &words {
        Some(_) => ("Regions •", palette.accent),
        None => ("Regions", palette.weak),
    };
    let button = Button::new(RichText::new(text).color(color)).frame_when_inactive(false);
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let mut new = choice;
    let mut command = None;
    let (response, _) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ui.set_min_width(250.0);
        choice_ui(ui, &mut new);
        ui.separator();
        if ui.add_enabled(new != RoiChoice::default(), Button::new("As usual")).clicked() {
            new = RoiChoice::default();
        }
        ui.separator();
        if ui.button("Add annotations…").clicked() {
            command = Some(AnnotateCommand::Ask(None).into());
            ui.close();
        }
        if ui.button("Compare with other regions…").clicked() {
            command = Some(CompareCommand::AskRegions.into());
            ui.close();
        }
    });
    let hint = words.map_or_else(|| "Which regions count, and how".to_owned(), |words| format!("Regions: {words}"));
    response.on_hover_text(hint);
    command.or((new != choice).then_some(Command::ChooseRois(new)))
}

/// Draws what a choice consists of, to be changed.
pub(crate) fn choice_ui(ui: &mut Ui, choice: &mut RoiChoice) {
    widgets::caption(ui, "Whose regions count");
    for sources in Sources::ALL {
        ui.radio_value(&mut choice.sources, sources, name(sources));
    }
    ui.separator();
    widgets::caption(ui, "How they become a fit");
    for rule in RoiRule::ALL {
        ui.radio_value(&mut choice.rule, rule, rule_name(rule));
    }
    ui.separator();
    limit_ui(ui, &mut choice.min_score, SCORE, "Score at least", "Regions of a lower score do not count");
    limit_ui(
        ui,
        &mut choice.max_overlap,
        OVERLAP,
        "Overlap at most",
        "Of two regions of one name that overlap by more, the one of the lower score does not count",
    );
}

/// A limit that can be set or left to the run.
fn limit_ui(ui: &mut Ui, limit: &mut Option<f32>, start: f32, label: &str, hint: &str) {
    let mut on = limit.is_some();
    ui.horizontal(|ui| {
        if ui.checkbox(&mut on, label).on_hover_text(hint).changed() {
            *limit = on.then_some(start);
        }
        let mut value = limit.unwrap_or(start);
        let slider = ui.add_enabled(on, Slider::new(&mut value, 0.05..=1.0).step_by(0.01).fixed_decimals(2));
        slider.widget_info(|| WidgetInfo::slider(on, f64::from(value), label));
        if on && slider.changed() {
            *limit = Some(value);
        }
    });
}

fn name(sources: Sources) -> &'static str {
    match sources {
        Sources::BestKnown => "Best known: drawn, else annotated, else detected",
        Sources::Detector => "Detected",
        Sources::Annotation => "Annotated",
        Sources::Hand => "Drawn by hand",
    }
}

fn rule_name(rule: RoiRule) -> &'static str {
    match rule {
        RoiRule::Best => "Best single region",
        RoiRule::Union => "All together",
        RoiRule::TopScore => "Highest score",
        RoiRule::OfClass => "Best of those that belong to the class",
    }
}
