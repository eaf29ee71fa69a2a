//! The gallery: which images of the class?
//!
//! Comes in: the samples of a class, in their order, and textures. Goes out: the image that was chosen. May not live here:
//! decoding, sorting.

mod choice;

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align2, Button, Color32, ComboBox, CornerRadius, CursorIcon, Frame, Margin, Rect, RichText, ScrollArea, Sense, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};

use super::command::Command;
use super::layers::Layers;
use super::project::ClassNames;
use super::sample_view::{canvas, zoom};
use super::textures::{Layer, Slot, Textures};
use super::theme::{self, palette, size, space};
use super::verdicts::{self, Verdicts};
use super::{format, widgets};
use crate::analysis::{SampleScore, Score};
use crate::dataset::{ClassId, SampleId, readable_class};
use crate::verdict::{Subject, Verdict};
use choice::Choice;

/// Narrowest tile, in points.
const MIN_TILE: f32 = 116.0;

/// Height of the line under a tile.
const LINE: f32 = 20.0;

/// The images of a class as the gallery is given them.
pub(crate) struct Tiles<'a> {
    /// Name of the class.
    pub(crate) class: &'a str,
    /// All samples of the project.
    pub(crate) samples: &'a [SampleScore],
    /// Places in `samples`, in the order of the gallery.
    pub(crate) order: &'a [usize],
    /// Path and reason of the failed samples, in path order.
    pub(crate) failures: &'a [(String, String)],
    /// Names of the classifier's classes.
    pub(crate) names: ClassNames<'a>,
    /// What the reviewer decided.
    pub(crate) verdicts: &'a Verdicts,
}

impl Tiles<'_> {
    /// Why a sample could not be used.
    fn reason(&self, sample: &SampleScore) -> &str {
        match self.failures.binary_search_by(|(path, _)| path.as_str().cmp(&sample.path)) {
            Ok(place) => &self.failures[place].1,
            Err(_) => "could not be used",
        }
    }
}

/// View state of the gallery.
#[derive(Debug, Default)]
pub(crate) struct Gallery {
    choice: Choice,
    /// An image that was chosen by key and has to be brought into sight.
    scroll_to: Option<SampleId>,
}

impl Gallery {
    /// The images of a class in the gallery's choice and order, `all` being places in `samples`; `None` if nothing has
    /// changed. A fit below `low_fit` is low. Call outside of drawing.
    pub(crate) fn arrange(
        &mut self,
        samples: &[SampleScore],
        all: &Arc<[usize]>,
        low_fit: f64,
    ) -> Option<Arc<[usize]>> {
        self.choice.arrange(samples, all, low_fit)
    }

    /// The quadrants that hold images, the sort, and the verdict on the class.
    fn choice_ui(&mut self, ui: &mut Ui, tiles: &Tiles<'_>) -> Option<Command> {
        let mut command = None;
        ui.add_space(space::NEAR);
        Frame::new().inner_margin(Margin::symmetric(12, 0)).show(ui, |ui| {
            self.choice.quadrants_ui(ui, tiles.names);
            ui.horizontal(|ui| {
                let width = ((ui.available_width() - space::NEAR) / 2.0).min(150.0);
                self.choice.sort_ui(ui, width);
                command = class_verdict_ui(ui, tiles, width);
            });
        });
        ui.add_space(space::TIGHT);
        command
    }

    /// Keeps to the images that were taken for a class, or shows all again.
    pub(crate) fn show_taken_for(&mut self, class: Option<ClassId>) {
        self.choice.taken_for = class;
    }

    /// Brings an image into sight with the next frame.
    pub(crate) fn reveal(&mut self, sample: SampleId) {
        self.scroll_to = Some(sample);
    }

    /// Draws the gallery.
    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        tiles: Option<&Tiles<'_>>,
        selected: Option<SampleId>,
        textures: &mut Textures,
        layers: &Layers,
    ) -> Option<Command> {
        let Some(tiles) = tiles else {
            widgets::header(ui, |ui| drop(widgets::title(ui, "Images")), |_| {});
            widgets::empty_state(ui, "No class chosen", "Choose a class on the left to see its images.");
            return None;
        };
        let mut toggled = None;
        widgets::header(
            ui,
            |ui| {
                widgets::title(ui, readable_class(tiles.class));
            },
            |ui| {
                let text = RichText::new("Class page").size(size::SMALL + 0.5).color(palette(ui).accent);
                let hint = "Where the network looks instead, over the whole class (C)";
                if ui.add(Button::new(text).frame_when_inactive(false)).on_hover_text(hint).clicked() {
                    toggled = Some(Command::ToggleClassPage);
                }
                widgets::caption(ui, format::counted(tiles.order.len(), "image", "images"));
            },
        );
        let command = self.choice_ui(ui, tiles).or(toggled);
        self.grid_ui(ui, tiles, selected, textures, layers).or(command)
    }

    fn grid_ui(
        &mut self,
        ui: &mut Ui,
        tiles: &Tiles<'_>,
        selected: Option<SampleId>,
        textures: &mut Textures,
        layers: &Layers,
    ) -> Option<Command> {
        let (margin, gap) = (12.0, space::NEAR);
        let width = ui.available_width() - 2.0 * margin;
        let columns = (((width + gap) / (MIN_TILE + gap)).floor() as usize).max(1);
        let tile = (width - gap * (columns - 1) as f32) / columns as f32;
        let row_height = tile + LINE + gap;
        let rows = tiles.order.len().div_ceil(columns);
        let mut area = ScrollArea::vertical().id_salt(("gallery", tiles.class)).auto_shrink(false);
        if let Some(sample) = self.scroll_to.take()
            && let Some(place) = tiles.order.iter().position(|&place| tiles.samples[place].id == sample)
        {
            area = area.vertical_scroll_offset(self.offset_to_show(ui, place / columns, row_height));
        }
        let mut chosen = None;
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        area.show_rows(ui, row_height, rows, |ui, visible| {
            ui.set_width(ui.available_width());
            for row in visible {
                let (line, _) = ui.allocate_exact_size(vec2(ui.available_width(), row_height), Sense::hover());
                for column in 0..columns {
                    let Some(&place) = tiles.order.get(row * columns + column) else { break };
                    let corner = line.min + vec2(margin + column as f32 * (tile + gap), 2.0);
                    let sample = &tiles.samples[place];
                    let rect = Rect::from_min_size(corner, Vec2::splat(tile));
                    if tile_ui(ui, rect, sample, tiles, selected == Some(sample.id), textures, layers) {
                        chosen = Some(Command::SelectSample(sample.id));
                    }
                }
            }
        });
        chosen
    }

    /// The offset at which a row is in the middle of the pane.
    fn offset_to_show(&self, ui: &Ui, row: usize, row_height: f32) -> f32 {
        (row as f32 * row_height - (ui.available_height() - row_height) / 2.0).max(0.0)
    }
}

/// A menu for the verdict on the class.
fn class_verdict_ui(ui: &mut Ui, tiles: &Tiles<'_>, width: f32) -> Option<Command> {
    let subject = Subject::Class(tiles.class.to_owned());
    let given = tiles.verdicts.of(&subject);
    let (text, color) = match given {
        Some(verdict) => (verdict.name(), verdicts::color(verdict, palette(ui))),
        None => ("No verdict", palette(ui).weak),
    };
    let mut command = None;
    let combo = ComboBox::from_id_salt("class verdict").width(width).selected_text(RichText::new(text).color(color));
    let response = combo.show_ui(ui, |ui| {
        for verdict in Verdict::ALL {
            let label = ui.selectable_label(given == Some(verdict), verdict.name());
            if label.on_hover_text(verdict.meaning()).clicked() {
                command = Some(Command::Judge(subject.clone(), verdict));
            }
        }
    });
    response
        .response
        .on_hover_text("What you decide about the class (Alt+1 to Alt+5)")
        .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Verdict on the class"));
    command
}

/// Draws a sample's tile; whether it was clicked.
fn tile_ui(
    ui: &mut Ui,
    rect: Rect,
    sample: &SampleScore,
    tiles: &Tiles<'_>,
    selected: bool,
    textures: &mut Textures,
    layers: &Layers,
) -> bool {
    let palette = palette(ui);
    let response = ui.interact(rect, ui.scope_id().with(sample.id), Sense::click());
    let name = file_name(&sample.path);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, selected, format!("Image {name}")));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, CornerRadius::same(space::CORNER), palette.raised);
    match &sample.score {
        Some(score) => {
            photo_ui(ui, rect, sample.id, textures, layers);
            score_ui(ui, rect, score, tiles.names);
        }
        None => failed_ui(ui, rect, tiles.reason(sample)),
    }
    if let Some(verdict) = tiles.verdicts.of(&Subject::Sample(sample.id)) {
        verdict_ui(ui, rect, verdict);
    }
    if selected {
        widgets::outline(ui, rect, palette.accent, 2.0);
    } else if response.hovered() {
        widgets::outline(ui, rect, palette.weak, 1.0);
    }
    let under = pos2(rect.left(), rect.bottom() + LINE / 2.0 + 1.0);
    let color = if selected { palette.strong } else { palette.weak };
    widgets::painted_text(ui, under, Align2::LEFT_CENTER, name, theme::plain(size::SMALL), color, rect.width());
    response.on_hover_cursor(CursorIcon::PointingHand).clicked()
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn photo_ui(ui: &Ui, rect: Rect, sample: SampleId, textures: &mut Textures, layers: &Layers) {
    let photo = match textures.get((sample, Layer::Thumbnail)) {
        Slot::Ready(photo) => photo,
        Slot::Pending => return,
        Slot::Failed(reason) => return failed_ui(ui, rect, &reason),
    };
    let painter = ui.painter_at(rect);
    let ui_from_image = zoom::covering(photo.image, rect);
    canvas::paint_texture(&painter, &photo, ui_from_image, Color32::WHITE);
    if layers.heat
        && let Slot::Ready(heat) = textures.get((sample, Layer::Heat(layers.colormap)))
    {
        canvas::paint_texture(&painter, &heat, ui_from_image, layers.heat_tint());
    }
}

fn score_ui(ui: &Ui, rect: Rect, score: &Score, names: ClassNames<'_>) {
    let text = score.fit.absence().map_or_else(|| format::percent(score.fit.value()), str::to_owned);
    let (ink, paper) = (Color32::WHITE, Color32::from_black_alpha(168));
    let painter = ui.painter_at(rect);
    let galley = painter.layout_no_wrap(text, theme::strong(size::SMALL), ink);
    let tag = Rect::from_min_size(
        pos2(rect.left() + 5.0, rect.bottom() - 5.0 - galley.size().y - 4.0),
        galley.size() + vec2(10.0, 4.0),
    );
    painter.rect_filled(tag, CornerRadius::same(4), paper);
    painter.galley(tag.min + vec2(5.0, 2.0), galley, ink);
    match score.correct {
        Some(right) => widgets::verdict_mark(ui, pos2(rect.right() - 12.0, rect.top() + 12.0), right),
        None => {
            let at = pos2(rect.left() + 6.0, rect.top() + 11.0);
            let name = names.of(score.predicted);
            widgets::painted_text(ui, at, Align2::LEFT_CENTER, &name, theme::strong(size::SMALL), ink, rect.width());
        }
    }
}

/// The reviewer's verdict, at the bottom right.
fn verdict_ui(ui: &Ui, rect: Rect, verdict: Verdict) {
    let color = verdicts::color(verdict, palette(ui));
    let painter = ui.painter_at(rect);
    let galley = painter.layout_no_wrap(verdict.name().to_owned(), theme::strong(size::SMALL), color);
    let size = galley.size() + vec2(10.0, 4.0);
    let tag = Rect::from_min_size(rect.right_bottom() - vec2(5.0, 5.0) - size, size);
    painter.rect_filled(tag, CornerRadius::same(4), Color32::from_black_alpha(190));
    painter.galley(tag.min + vec2(5.0, 2.0), galley, color);
}

fn failed_ui(ui: &Ui, rect: Rect, reason: &str) {
    let palette = palette(ui);
    let painter = ui.painter_at(rect.shrink(6.0));
    let galley = painter.layout(reason.to_owned(), theme::plain(size::SMALL), palette.bad, rect.width() - 12.0);
    painter.galley(Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size()).min, galley, palette.bad);
}
