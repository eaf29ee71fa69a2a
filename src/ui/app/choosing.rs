//! Which class and which image are shown, and what has to be read for them.

use eframe::egui::Context;

use super::App;
use super::events::Event;
use crate::dataset::{ClassId, SampleId};
use crate::ui::class_page;
use crate::ui::project::{Detail, Snapshot};
use crate::ui::textures::Layer;

impl App {
    /// Brings what is shown up to date, outside of drawing.
    pub(super) fn refresh(&mut self, ctx: &Context) {
        self.read_again(ctx);
        self.try_models();
        self.explain();
        self.arrange();
        if self.session.project.is_none() {
            return;
        }
        self.measure();
        self.read_checks();
        self.refresh_classes();
        if self.selection.class.is_none()
            && let Some(class) = self.panes.classes.rows().first().map(|row| row.class.clone())
        {
            self.select_class(&class);
        }
        self.read_focus(ctx);
    }

    /// Sorts and filters the images of the class if that has changed.
    pub(super) fn arrange(&mut self) {
        let Some(project) = &self.session.project else { return };
        let low_fit = self.panes.classes.thresholds().fit;
        if let Some(order) = self.panes.gallery.arrange(&project.samples, &self.selection.all, low_fit) {
            self.selection.order = order;
        }
    }

    /// Shows the images of the class that were taken for another one.
    pub(super) fn show_taken_for(&mut self, class: Option<ClassId>) {
        let Some(project) = self.session.project.clone() else { return };
        self.panes.gallery.show_taken_for(class);
        self.arrange();
        if let (Some(_), Some(&first)) = (class, self.selection.order.first()) {
            self.panes.class_page.is_open = false;
            self.select_sample(project.samples[first].id);
        }
    }

    /// Has the class page computed for the class that is chosen, while it is shown.
    fn read_focus(&mut self, ctx: &Context) {
        let Some(project) = self.session.project.clone() else { return };
        let page = &mut self.panes.class_page;
        page.paint_means(ctx, self.panes.sample.layers.colormap);
        let Some(wanted) = page.wanted(self.selection.class.as_deref(), &self.selection.all) else { return };
        self.jobs.spawn("finding where the network looks", move |reporter| {
            let generation = wanted.generation;
            if let Some(focus) = class_page::read(&project, &wanted) {
                reporter.send(Event::Focus(generation, focus.map_err(|err| format!("{err:#}"))));
            }
        });
    }

    pub(super) fn select_class(&mut self, class: &str) {
        let Some(project) = self.session.project.clone() else { return };
        if self.selection.class.as_deref() == Some(class) {
            return;
        }
        self.panes.gallery.show_taken_for(None);
        self.selection.class = Some(class.to_owned());
        self.selection.all = project.of_class(class);
        self.arrange();
        if let Some(&first) = self.selection.order.first() {
            self.select_sample(project.samples[first].id);
        }
    }

    pub(super) fn step_sample(&mut self, step: isize) {
        let Some(project) = self.session.project.clone() else { return };
        let Some(last) = self.selection.order.len().checked_sub(1) else { return };
        let at = self.selection.place(&project).map_or(0, |at| at.saturating_add_signed(step).min(last));
        let sample = project.samples[self.selection.order[at]].id;
        self.panes.gallery.reveal(sample);
        self.select_sample(sample);
    }

    pub(super) fn select_sample(&mut self, sample: SampleId) {
        let Some(project) = self.session.project.clone() else { return };
        if self.selection.sample == Some(sample) {
            return;
        }
        self.selection.sample = Some(sample);
        self.prefetch_neighbours(&project);
        self.read_detail();
    }

    /// Reads the numbers of the chosen image.
    pub(super) fn read_detail(&mut self) {
        let (Some(project), Some(sample)) = (self.session.project.clone(), self.selection.sample) else { return };
        self.selection.generation += 1;
        let generation = self.selection.generation;
        self.jobs.spawn("reading an image's numbers", move |reporter| {
            let detail = Detail::load(&project, sample).map_err(|err| format!("{err:#}"));
            reporter.send(Event::Detail(generation, detail));
        });
    }

    /// Has the photos before and after the chosen one decoded, for who steps through them.
    fn prefetch_neighbours(&mut self, project: &Snapshot) {
        let Some(at) = self.selection.place(project) else { return };
        for neighbour in [at.checked_sub(1), Some(at + 1)].into_iter().flatten() {
            if let Some(&place) = self.selection.order.get(neighbour) {
                self.textures.prefetch((project.samples[place].id, Layer::Photo));
            }
        }
    }
}
