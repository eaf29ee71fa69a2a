//! The class page: where does the network look instead?
//!
//! Comes in: a class, its samples and what [`crate::focus`] found in them. Goes out: the image, verdict or confusion that was
//! chosen. May not live here: computing what is shown.

mod overview;
mod read;
mod sheet;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eframe::egui::{Context, Frame, Margin, Spinner, TextureHandle, TextureOptions, Ui, Vec2};

use super::command::Command;
use super::layers::Layers;
use super::pictures;
use super::project::ClassNames;
use super::textures::Textures;
use super::theme::space;
use super::verdicts::{self, Verdicts};
use super::widgets::{self, Icon};
use crate::analysis::SampleScore;
use crate::colormap::Colormap;
use crate::dataset::readable_class;
use crate::focus::{ClassFocus, MeanMap};
use crate::summary::ClassRow;
use crate::verdict::Subject;
pub(crate) use read::{Wanted, read};

/// View state of the page, and what is known of its class.
#[derive(Default)]
pub(crate) struct ClassPage {
    /// Whether it is shown in the place of an image.
    pub(crate) is_open: bool,
    /// The class that was asked about last, and the samples that it had then.
    asked: Option<(String, Arc<[usize]>)>,
    focus: Option<Result<ClassFocus, String>>,
    means: Option<(Colormap, Means)>,
    /// Rises with every class that is asked about.
    generation: u64,
    stop: Arc<AtomicBool>,
}

/// The mean maps as textures.
#[derive(Default)]
struct Means {
    in_view: Option<TextureHandle>,
    around_region: Option<TextureHandle>,
}

/// The class that is shown.
pub(crate) struct Shown<'a> {
    /// Its name.
    pub(crate) class: &'a str,
    /// Its numbers.
    pub(crate) row: Option<&'a ClassRow>,
    /// Names of the classifier's classes.
    pub(crate) names: ClassNames<'a>,
    /// What the reviewer decided.
    pub(crate) verdicts: &'a Verdicts,
    /// All samples of the project.
    pub(crate) samples: &'a [SampleScore],
}

impl ClassPage {
    /// What is to be read now: a class that is shown and was not asked about. What was asked before is given up.
    pub(crate) fn wanted(&mut self, class: Option<&str>, places: &Arc<[usize]>) -> Option<Wanted> {
        let class = class.filter(|_| self.is_open)?;
        if self.asked.as_ref().is_some_and(|(name, had)| name == class && Arc::ptr_eq(had, places)) {
            return None;
        }
        self.stop.store(true, Ordering::Relaxed);
        self.stop = Arc::default();
        self.generation += 1;
        if self.asked.as_ref().is_none_or(|(name, _)| name != class) {
            (self.focus, self.means) = (None, None);
        }
        self.asked = Some((class.to_owned(), Arc::clone(places)));
        Some(Wanted { generation: self.generation, places: Arc::clone(places), stop: Arc::clone(&self.stop) })
    }

    /// Takes what was read; what nobody waits for any more is dropped.
    pub(crate) fn take(&mut self, generation: u64, focus: Result<ClassFocus, String>) {
        if generation == self.generation {
            (self.focus, self.means) = (Some(focus), None);
        }
    }

    /// Makes the mean maps' textures if there are none in these colours; call outside of drawing.
    pub(crate) fn paint_means(&mut self, ctx: &Context, colormap: Colormap) {
        let Some(Ok(focus)) = &self.focus else { return };
        if self.means.as_ref().is_some_and(|(painted, _)| *painted == colormap) {
            return;
        }
        let texture = |mean: &Option<MeanMap>| {
            let pixels = pictures::colored(&mean.as_ref()?.map, colormap);
            Some(ctx.load_texture("mean map", pixels, TextureOptions::LINEAR))
        };
        let means = Means { in_view: texture(&focus.in_view), around_region: texture(&focus.around_region) };
        self.means = Some((colormap, means));
    }

    /// Draws the page; `places` are the samples of the class.
    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        shown: &Shown<'_>,
        places: &[usize],
        textures: &mut Textures,
        layers: &Layers,
    ) -> Option<Command> {
        let mut command = None;
        let name = readable_class(shown.class);
        widgets::header(
            ui,
            |ui| drop(widgets::title(ui, format!("Class: {name}"))),
            |ui| {
                if widgets::icon_button(ui, Icon::Close, "Back to the image", true).clicked() {
                    command = Some(Command::ToggleClassPage);
                }
                widgets::caption(ui, "C");
            },
        );
        let subject = Subject::Class(shown.class.to_owned());
        let margin = Margin { left: 12, right: 12, top: 8, bottom: 0 };
        let judged = Frame::new()
            .inner_margin(margin)
            .show(ui, |ui| verdicts::judge_ui(ui, &subject, shown.verdicts.judgement(&subject)));
        command = command.or(judged.inner);
        match &self.focus {
            None => {
                ui.centered_and_justified(|ui| ui.add(Spinner::new().size(22.0)));
            }
            Some(Err(reason)) => widgets::empty_state(ui, "The class cannot be read", reason),
            Some(Ok(focus)) => {
                let means = self.means.as_ref().map(|(_, means)| means);
                let by_overview = Frame::new().inner_margin(margin).show(ui, |ui| {
                    ui.spacing_mut().item_spacing = Vec2::new(space::GROUP, space::NEAR);
                    overview::ui(ui, shown, places, focus, means)
                });
                command = command.or(by_overview.inner);
                command = command.or(sheet::ui(ui, shown, places, focus, textures, layers));
            }
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_asked_about_once_and_a_late_answer_is_dropped() {
        let mut page = ClassPage::default();
        let places: Arc<[usize]> = [1, 2].into();
        assert!(page.wanted(Some("a"), &places).is_none(), "it is not shown");
        page.is_open = true;
        let Some(first) = page.wanted(Some("a"), &places) else { panic!("nobody asked yet") };
        assert!(page.wanted(Some("a"), &places).is_none());
        let Some(second) = page.wanted(Some("b"), &places) else { panic!("another class") };
        assert!(first.stop.load(Ordering::Relaxed) && !second.stop.load(Ordering::Relaxed));
        page.take(first.generation, Ok(ClassFocus::default()));
        assert!(page.focus.is_none());
        page.take(second.generation, Ok(ClassFocus::default()));
        assert!(page.focus.is_some());
    }
}
