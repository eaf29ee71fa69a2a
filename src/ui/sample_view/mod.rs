//! The sample view: why?
//!
//! Comes in: all that is known of a sample, and textures. Goes out: commands, and what is drawn by hand. May not live here:
//! loading, decoding, saving.

pub(crate) mod canvas;
mod details;
mod heat;
mod live;
mod measures;
mod probe;
mod stage;
mod strip;
mod tools;
pub(crate) mod zoom;

use eframe::egui::{Button, Context, Frame, Label, Margin, Panel, RichText, Sense, Ui, UiBuilder, vec2};

use super::command::Command;
use super::drawing::keys::{self, Wish};
use super::drawing::{Drawing, Input};
use super::gallery::file_name;
use super::layers::Layers;
use super::other_map::{OtherMap, Shown};
use super::project::{ClassNames, Detail};
use super::textures::Textures;
use super::theme::{palette, size};
use super::verdicts;
use super::widgets::{self, Icon};
use crate::analysis::Measured;
use crate::dataset::SampleId;
use crate::geometry::{BBox, Size};
use crate::roi::{DrawnRoi, Outline};
use crate::store::RunSettings;
use crate::verdict::{Judgement, Subject};
use details::Answer;
use heat::Heat;
use live::Live;
use probe::Probe;
pub(crate) use stage::canvas_id;
pub(crate) use strip::Strip;
use zoom::Zoom;

/// What there is of the chosen sample.
pub(crate) enum Chosen<'a> {
    /// No sample is chosen.
    Nothing,
    /// It is being read; what is shown in the meantime.
    Loading,
    /// It cannot be read, for this reason.
    Unreadable(&'a str),
    /// Here it is.
    Ready {
        /// The sample.
        detail: &'a Detail,
        /// The images around it; `None` where it is not among those of the gallery.
        strip: Option<Strip<'a>>,
        /// What the reviewer decided about it.
        judgement: Option<&'a Judgement>,
        /// The run that it belongs to.
        settings: &'a RunSettings,
    },
}

/// View state of the sample view.
#[derive(Default)]
pub(crate) struct SampleView {
    /// What is laid over the photo.
    pub(crate) layers: Layers,
    /// What is drawn by hand.
    pub(crate) drawing: Drawing,
    /// The map that is shown instead of the run's.
    pub(crate) other: OtherMap,
    zoom: Zoom,
    /// Whether the next frame goes to one to one, or back.
    one_to_one: bool,
    /// Where the line of the wipe is: from the middle, as a share of the canvas.
    wipe: f32,
    /// The shown sample.
    shown: Option<SampleId>,
    /// The size of the image that the zoom belongs to.
    zoomed_size: Option<Size>,
    /// The numbers of the shown sample; `None` where its image could not be used.
    live: Option<Live>,
    heat: Heat,
    /// The run's own numbers and map while another map is shown, with a number that changes with them.
    of_run: Option<(Measured, u64)>,
    run_heat: Heat,
    /// The region that the pointer is over, in the list or on the photo.
    pointed: Option<usize>,
    probe: Option<Probe>,
}

/// Part of the view's height that the numbers get below the photo.
const DETAILS_SHARE: f32 = 0.36;

/// From this width on the numbers stand beside the photo, not below it; and the width that they then have.
const WIDE: f32 = 900.0;
const DETAILS_WIDTH: f32 = 400.0;

/// From this height on there is room for the film strip.
const STRIP_FROM: f32 = 600.0;

/// Height of the line with what lies under the pointer.
const PROBE: f32 = 22.0;

impl SampleView {
    /// The fit of the shown image, with what is drawn on it at this moment.
    pub(crate) fn fit(&self) -> Option<f64> {
        self.live.as_ref()?.measured().fit.value()
    }

    /// Shows the whole image again.
    pub(crate) fn fit_image(&mut self) {
        self.zoom.reset();
    }

    /// Shows pixel for pixel, or the whole image if it was so.
    pub(crate) fn one_to_one(&mut self) {
        self.one_to_one = true;
    }

    /// Begins or ends drawing; the regions are shown then.
    pub(crate) fn toggle_drawing(&mut self) {
        self.drawing.on ^= true;
        if let Some(sample) = self.shown {
            self.drawing.take(sample, Input::Cancel);
        }
    }

    /// Takes back, or repeats, the latest change of the drawn regions; `false` where not drawing.
    pub(crate) fn turn_history(&mut self, input: Input) -> bool {
        if let (true, Some(sample)) = (self.drawing.on, self.shown) {
            self.drawing.take(sample, input);
        }
        self.drawing.on
    }

    /// Deals with the keys of drawing, which come before all others. Call before keys are taken for commands.
    pub(crate) fn take_keys(&mut self, ctx: &Context) {
        let is_elsewhere = ctx.memory(|memory| memory.focused().is_some_and(|id| id != canvas_id()));
        let Some(sample) = self.shown.filter(|_| self.drawing.on && !is_elsewhere) else { return };
        let Some(editor) = self.drawing.editor(sample) else { return };
        let (is_chosen, is_held) = (editor.chosen().is_some(), editor.is_busy() || editor.chosen().is_some());
        for wish in ctx.input_mut(|input| keys::wishes(input, is_chosen, is_held)) {
            match wish {
                Wish::Edit(input) => self.drawing.take(sample, input),
                Wish::Tool(tool) => self.drawing.set_tool(sample, tool),
                Wish::NewBox => {
                    if let Some(region) = self.box_in_the_middle() {
                        self.drawing.take(sample, Input::Add(region));
                    }
                }
                Wish::Copy => {
                    if let Some(region) = self.region_to_copy() {
                        self.drawing.take(sample, Input::Add(region));
                    }
                }
                Wish::Leave => self.toggle_drawing(),
            }
        }
    }

    /// A box over the middle half of the view.
    fn box_in_the_middle(&self) -> Option<DrawnRoi> {
        let view = self.live.as_ref()?.measured().explanation.view;
        let (w, h) = (view.width() / 4.0, view.height() / 4.0);
        let bbox = BBox::new(view.x0 + w, view.y0 + h, view.x1 - w, view.y1 - h);
        Some(DrawnRoi { outline: Outline::Box(bbox), name: String::new() })
    }

    /// Draws the sample.
    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        chosen: &Chosen<'_>,
        names: ClassNames<'_>,
        textures: &mut Textures,
    ) -> Option<Command> {
        let (detail, strip, judgement, settings) = match chosen {
            Chosen::Ready { detail, strip, judgement, settings } => (*detail, *strip, *judgement, *settings),
            other => {
                widgets::header(ui, |ui| drop(widgets::title(ui, "Image")), |_| {});
                match other {
                    Chosen::Unreadable(reason) => widgets::empty_state(ui, "The image cannot be shown", reason),
                    Chosen::Loading => {}
                    _ => widgets::empty_state(ui, "No image chosen", "Choose an image to see where the network looks."),
                }
                return None;
            }
        };
        self.turn_to(detail);
        let mut command = head_ui(ui, detail, strip, self.zoom.factor());
        if let Some(strip) = strip.filter(|_| ui.available_height() >= STRIP_FROM) {
            let bottom = Panel::bottom("film strip").exact_size(strip::HEIGHT).frame(Frame::new());
            command = bottom.show(ui, |ui| strip::ui(ui, strip, textures)).inner.or(command);
        }
        let sample = detail.sample.id;
        if let Err(reason) = &detail.outcome {
            widgets::empty_state(ui, "This image could not be used", reason);
            return command;
        }
        command = self.tools_ui(ui, sample).or(command);
        self.other_map_ui(ui, detail, settings, names);
        command = verdict_ui(ui, sample, judgement).or(command);
        let mut answer = Answer::default();
        let room = ui.available_size();
        let is_wide = room.x >= WIDE;
        if is_wide {
            let side = Panel::right("numbers").exact_size(DETAILS_WIDTH).frame(Frame::new());
            side.show(ui, |ui| answer = self.details_ui(ui, detail, names, true));
        }
        let below = if is_wide { 0.0 } else { (room.y * DETAILS_SHARE).clamp(150.0, 340.0) };
        let canvas = vec2(ui.available_width(), (room.y - below - PROBE).max(120.0));
        let (on_photo, probe) = self.stage_ui(ui, canvas, sample, textures);
        self.probe = probe;
        self.probe_ui(ui);
        if !is_wide {
            answer = self.details_ui(ui, detail, names, false);
        }
        self.pointed = answer.pointed.or(on_photo);
        if let (Some(class), Ok(of_run)) = (answer.class, &detail.outcome) {
            self.other.choose_class((class != of_run.explanation.target).then_some(class));
        }
        if let Some(drawn) = answer.clicked.and_then(|place| self.live.as_ref()?.drawn_at(place)) {
            self.drawing.on = true;
            self.drawing.take(sample, Input::Choose(Some(drawn)));
        }
        command
    }

    /// Turns to a sample: its numbers follow what is drawn, and the zoom stays while images have one size.
    fn turn_to(&mut self, detail: &Detail) {
        let sample = detail.sample.id;
        let Ok(measured) = &detail.outcome else {
            (self.shown, self.live) = (Some(sample), None);
            return;
        };
        let of_run: &Measured = measured;
        let measured = self.other.measured(sample).unwrap_or(of_run);
        match &mut self.of_run {
            _ if std::ptr::eq(measured, of_run) => self.of_run = None,
            Some((known, _)) if known == of_run => {}
            Some((known, number)) => (*known, *number) = (of_run.clone(), *number + 1),
            None => self.of_run = Some((of_run.clone(), self.run_heat.next())),
        }
        let size = measured.explanation.image;
        self.drawing.open(sample, size, &detail.drawn);
        if self.shown != Some(sample) {
            if self.zoomed_size != Some(size) {
                self.zoom.reset();
            }
            (self.shown, self.zoomed_size, self.pointed) = (Some(sample), Some(size), None);
        }
        let drawn = self.drawing.editor(sample).map_or(&[][..], |editor| editor.regions());
        match &mut self.live {
            Some(live) => live.update(measured, drawn, detail.rois),
            None => self.live = Some(Live::new(measured, drawn, detail.rois)),
        }
    }

    /// The bar that chooses another map; while drawing, the photo needs the room more.
    fn other_map_ui(&mut self, ui: &mut Ui, detail: &Detail, settings: &RunSettings, names: ClassNames<'_>) {
        let Some(live) = self.live.as_ref().filter(|_| !self.drawing.on || !self.other.is_of_run()) else { return };
        let is_labelled = detail.sample.label.as_ref().is_some_and(|label| settings.hits.contains_key(label));
        let (sample, measured) = (detail.sample.id, live.measured());
        self.other.ui(ui, &Shown { settings, names, sample, measured, is_labelled });
    }

    fn details_ui(&mut self, ui: &mut Ui, detail: &Detail, names: ClassNames<'_>, is_column: bool) -> Answer {
        let Some(live) = &self.live else { return Answer::default() };
        details::ui(ui, detail, live, names, self.pointed, is_column)
    }

    /// The line with what lies under the pointer.
    fn probe_ui(&self, ui: &mut Ui) {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), PROBE), Sense::hover());
        ui.painter().rect_filled(rect, 0.0, palette(ui).bar);
        let text = self.probe.map_or_else(
            || match self.drawing.on {
                true => tools::hint(self.drawing.tool),
                false => "Point at the photo to read place, value of the map and colour".to_owned(),
            },
            |probe| probe.text(),
        );
        ui.scope_builder(UiBuilder::new().max_rect(rect.shrink2(vec2(12.0, 3.0))), |ui| {
            let color = if self.probe.is_some() { palette(ui).text } else { palette(ui).weak };
            let text = RichText::new(text).size(size::SMALL).color(color);
            ui.add(Label::new(text).truncate());
        });
    }
}

fn verdict_ui(ui: &mut Ui, sample: SampleId, judgement: Option<&Judgement>) -> Option<Command> {
    let margin = Margin { left: 12, right: 12, top: 0, bottom: 6 };
    Frame::new().inner_margin(margin).show(ui, |ui| verdicts::judge_ui(ui, &Subject::Sample(sample), judgement)).inner
}

fn head_ui(ui: &mut Ui, detail: &Detail, strip: Option<Strip<'_>>, zoom: f32) -> Option<Command> {
    let mut command = None;
    widgets::header(
        ui,
        |ui| {
            widgets::title(ui, file_name(&detail.sample.path)).on_hover_text(&detail.sample.path);
        },
        |ui| {
            let (at, n) = strip.map_or((0, 0), |strip| (strip.at + 1, strip.order.len()));
            if widgets::icon_button(ui, Icon::Next, "Next image", at < n).clicked() {
                command = Some(Command::StepSample(1));
            }
            if widgets::icon_button(ui, Icon::Previous, "Previous image", at > 1).clicked() {
                command = Some(Command::StepSample(-1));
            }
            if strip.is_some() {
                widgets::caption(ui, format!("{at} of {n}"));
            }
            let mut small = |ui: &mut Ui, text: &str, hint: &str, to: Command| {
                let button = Button::new(RichText::new(text).size(size::SMALL)).frame_when_inactive(false);
                if ui.add(button).on_hover_text(hint).clicked() {
                    command = Some(to);
                }
            };
            small(ui, "1:1", "One pixel of the image on one of the screen (Z)", Command::OneToOne);
            small(ui, "Fit", "Show the whole image (F)", Command::FitImage);
            if zoom != 1.0 {
                widgets::caption(ui, format!("{zoom:.1}×"));
            }
        },
    );
    command
}
