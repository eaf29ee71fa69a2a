//! What the panel of checks looks like.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Button, DragValue, Frame, Label, Margin, Rect, RichText, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2,
};

use super::curves::{Line, plot_ui};
use super::{Checks, Scope, Wish, agreement};
use crate::dataset::{SampleId, readable_class};
use crate::inquiry::{Check, CheckRow, curves, unmoved};
use crate::summary::Thresholds;
use crate::ui::command::Command;
use crate::ui::theme::{palette, size, space};
use crate::ui::widgets::{self, Icon};
use crate::ui::{format, theme};

/// What the panel is about.
pub(crate) struct Shown<'a> {
    /// The chosen class.
    pub(crate) class: Option<&'a str>,
    /// The shown image, and its file's name.
    pub(crate) sample: Option<(SampleId, &'a str)>,
    /// The run's method.
    pub(crate) method: &'a str,
    /// Where a class is low.
    pub(crate) thresholds: &'a Thresholds,
}

/// Largest width and height of a plot.
const PLOT: [f32; 2] = [420.0, 190.0];

impl Wish {
    fn title(self) -> &'static str {
        match self {
            Self::Sanity => "Do the maps react to the weights?",
            Self::Faithfulness => "Do the salient pixels matter?",
            Self::Agreement => "Do other methods agree?",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Sanity => {
                "Rank correlation of each map with the one after weights were shuffled (Adebayo et al. 2018). Near 0: the map is about \
                 what the network has learned. From 0.5 on it hardly is."
            }
            Self::Faithfulness => {
                "Probability of the explained class while the most salient pixels are covered (deletion, lower is better) or brought \
                 back (insertion, higher is better); ROAD above 0: better than the opposite map."
            }
            Self::Agreement => {
                "Fits of the same classes by other methods. A class whose fit or lift is low by one method alone is no suspect."
            }
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::Sanity => "Check random weights",
            Self::Faithfulness => "Check deletion and insertion",
            Self::Agreement => "Compute by other methods",
        }
    }
}

impl Checks {
    /// Draws the panel.
    pub(crate) fn ui(&mut self, ui: &mut Ui, shown: &Shown<'_>) -> Option<Command> {
        let mut command = None;
        widgets::header(
            ui,
            |ui| drop(widgets::title(ui, "Checks: can these maps be believed?")),
            |ui| {
                if widgets::icon_button(ui, Icon::Close, "Back to the image", true).clicked() {
                    command = Some(Command::ToggleChecks);
                }
                widgets::caption(ui, "K");
            },
        );
        let frame = Frame::new().inner_margin(Margin::symmetric(14, 8));
        frame.show(ui, |ui| self.scope_ui(ui, shown));
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            frame.show(ui, |ui| {
                for wish in [Wish::Sanity, Wish::Faithfulness, Wish::Agreement] {
                    command = self.section_ui(ui, wish, shown).or(command.take());
                    ui.add_space(space::SECTION);
                }
            });
        });
        command
    }

    /// Of which samples the next check is made.
    fn scope_ui(&mut self, ui: &mut Ui, shown: &Shown<'_>) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(6.0, 5.0);
            widgets::caption(ui, "Check");
            let class = shown.class.map_or_else(|| "class".to_owned(), readable_class);
            let scopes = [
                (Scope::Image, "this image".to_owned(), "The image that was shown last"),
                (Scope::Class, format!("images of {class}"), "The first images of the chosen class, by path"),
                (Scope::Run, "images of each class".to_owned(), "The first images of each class, by path"),
            ];
            for (scope, text, hint) in scopes {
                if widgets::chip(ui, self.scope == scope, &text, hint).clicked() {
                    self.scope = scope;
                }
            }
            if self.scope != Scope::Image {
                let label = widgets::caption(ui, "at most");
                ui.add(DragValue::new(&mut self.per_class).range(1..=1000)).labelled_by(label.id);
                widgets::caption(ui, "of a class");
            }
        });
    }

    fn section_ui(&mut self, ui: &mut Ui, wish: Wish, shown: &Shown<'_>) -> Option<Command> {
        let mut command = None;
        let palette = palette(ui);
        widgets::title(ui, wish.title());
        ui.add(Label::new(RichText::new(wish.meaning()).size(size::SMALL).color(palette.weak)).wrap());
        ui.add_space(space::TIGHT);
        ui.horizontal(|ui| match self.working.as_ref().filter(|working| working.wish == wish) {
            Some(working) => {
                let (done, of) = working.at;
                let share = done as f64 / of.max(1) as f64;
                let (rect, response) = ui.allocate_exact_size(vec2(120.0, 6.0), Sense::hover());
                response.widget_info(|| WidgetInfo {
                    value: Some(share),
                    ..WidgetInfo::labeled(Role::ProgressIndicator, true, "Images checked")
                });
                widgets::share_bar(ui, rect, share, None, palette.accent);
                let text = match of {
                    0 => "Loading the network…".to_owned(),
                    _ => format!("{} of {} images", format::count(done), format::count(of)),
                };
                widgets::caption(ui, text);
                if ui.button("Cancel").on_hover_text("What is done stays").clicked() {
                    command = Some(Command::CancelCheck);
                }
            }
            None => {
                if ui.add_enabled(self.working.is_none(), Button::new(wish.button())).clicked() {
                    command = Some(Command::Check(wish));
                }
                if wish == Wish::Agreement {
                    agreement::methods_ui(ui, &mut self.methods, shown.method);
                }
            }
        });
        if let Some((_, reason)) = self.problem.as_ref().filter(|(of, _)| *of == wish) {
            ui.add(Label::new(RichText::new(reason).size(size::SMALL).color(palette.bad)).wrap());
        }
        ui.add_space(space::NEAR);
        let found = &self.found;
        let is_known = match wish {
            Wish::Sanity => found.sanity.as_ref().map(|check| sanity_ui(ui, check, shown)).is_some(),
            Wish::Faithfulness => found.faithfulness.as_ref().map(|check| faithfulness_ui(ui, check, shown)).is_some(),
            Wish::Agreement => {
                let agreement = found.agreement.as_ref();
                agreement.map(|found| agreement::ui(ui, found, shown.class, shown.thresholds)).is_some()
            }
        };
        if !is_known {
            widgets::caption(ui, "Not checked yet.");
        }
        command
    }
}

/// The numbers of the shown image, the chosen class and all that was checked, each with its name and number of images.
fn rows<'a>(check: &'a Check, shown: &Shown<'a>) -> Vec<(String, usize, Vec<Option<f64>>)> {
    let image = shown.sample.and_then(|(id, name)| {
        let numbers = check.samples.get(&id)?;
        Some((name.to_owned(), 1, numbers.clone()))
    });
    let of = |row: &CheckRow, name: String| {
        let n = row.means.iter().map(|mean| mean.n).max().unwrap_or(0);
        (name, n, row.means.iter().map(|mean| mean.mean).collect())
    };
    let class = shown.class.and_then(|class| check.classes.iter().find(|row| row.class == class));
    let class = class.map(|row| of(row, readable_class(&row.class)));
    image.into_iter().chain(class).chain([of(&check.total, "all checked".to_owned())]).collect()
}

/// A bar for each level of randomisation.
fn sanity_ui(ui: &mut Ui, check: &Check, shown: &Shown<'_>) {
    let palette = palette(ui);
    for (name, n, numbers) in rows(check, shown) {
        name_ui(ui, &name, n);
        for (level, value) in check.columns.iter().zip(numbers) {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width().min(PLOT[0]), 18.0), Sense::hover());
            let font = theme::plain(size::SMALL + 0.5);
            let left = rect.left_center() + vec2(12.0, 0.0);
            let anchor = eframe::egui::Align2::LEFT_CENTER;
            widgets::painted_text(ui, left, anchor, &format!("random {level}"), font.clone(), palette.text, 120.0);
            let bar = Rect::from_min_max(
                pos2(rect.left() + 140.0, rect.center().y - 3.5),
                pos2(rect.right() - 44.0, rect.center().y + 3.5),
            );
            let color = if value.is_some_and(|value| value >= 0.5) { palette.warn } else { palette.accent };
            widgets::share_bar(ui, bar, value.unwrap_or(0.0).max(0.0), None, color);
            let text = value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
            let right = eframe::egui::Align2::RIGHT_CENTER;
            widgets::painted_text(ui, rect.right_center(), right, &text, font, palette.strong, 44.0);
        }
    }
    ui.add_space(space::TIGHT);
    let unmoved = unmoved(check);
    match unmoved.as_slice() {
        [] => drop(widgets::tag(ui, "the maps react to the weights", palette.good)),
        levels => {
            let names: Vec<_> = levels.iter().map(|(level, _)| *level).collect();
            let text = format!(
                "The maps of {} hardly change where the weights are random ({}): they say little about that part of the network.",
                shown.method,
                names.join(", ")
            );
            ui.add(Label::new(RichText::new(text).color(palette.warn)).wrap());
        }
    }
}

fn faithfulness_ui(ui: &mut Ui, check: &Check, shown: &Shown<'_>) {
    let palette = palette(ui);
    let rows = rows(check, shown);
    let colors = [palette.strong, palette.accent, palette.weak];
    let colors = &colors[colors.len() - rows.len().min(colors.len())..];
    for ((name, n, numbers), color) in rows.iter().zip(colors) {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(16.0, 10.0), Sense::hover());
            ui.painter().hline(rect.x_range(), rect.center().y, eframe::egui::Stroke::new(2.0, *color));
            name_ui(ui, name, *n);
            for (column, value) in check.columns.iter().zip(numbers) {
                let text = match (*column, value) {
                    (_, None) => "–".to_owned(),
                    ("ROAD", Some(value)) => format!("{value:+.2}"),
                    (_, Some(value)) => format!("{value:.2}"),
                };
                let is_bad = *column == "ROAD" && value.is_some_and(|value| value <= 0.0);
                let color = if is_bad { palette.warn } else { palette.text };
                let text = RichText::new(format!("{column} {text}")).size(size::SMALL + 0.5).color(color);
                ui.add(Label::new(text));
            }
        });
    }
    let width = ((ui.available_width() - space::GROUP) / 2.0).clamp(160.0, PLOT[0]);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::GROUP;
        for (place, title) in ["Deletion", "Insertion"].into_iter().enumerate() {
            let line = |((_, _, numbers), color): (&(String, usize, Vec<Option<f64>>), &eframe::egui::Color32)| {
                let points: Option<Vec<f64>> = curves(numbers)?[place].iter().copied().collect();
                Some(Line { points: points?, color: *color, is_strong: *color != palette.weak })
            };
            // The first rows lie over the last ones.
            let lines: Vec<Line> = rows.iter().zip(colors).rev().filter_map(line).collect();
            plot_ui(ui, title, vec2(width, PLOT[1]), &lines);
        }
    });
}

fn name_ui(ui: &mut Ui, name: &str, n: usize) {
    let palette = palette(ui);
    let text = format!("{name} ({})", format::counted(n, "image", "images"));
    ui.add(Label::new(RichText::new(text).size(size::SMALL + 0.5).color(palette.strong)).truncate());
}
