//! What jobs report and panels ask for, and what the window does about it.
//!
//! Comes in: [`Event`]s and [`Command`]s. Goes out: changed state, new jobs. May not live here: drawing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{Context, Theme, ViewportCommand};

use super::App;
use super::compare::CompareEvent;
use super::explain::{EXPLAINING, MapEvent};
use super::models::ModelEvent;
use super::session::Selection;
use super::takeaway::TakeEvent;
use crate::dataset::{ClassId, SampleId};
use crate::focus::ClassFocus;
use crate::run::RunEvent;
use crate::ui::class_page;
use crate::ui::command::Command;
use crate::ui::drawing::Input;
use crate::ui::jobs::Crashed;
use crate::ui::launch::Request;
use crate::ui::pictures::Library;
use crate::ui::project::{Detail, Snapshot};
use crate::ui::textures::Layer;
use crate::ui::verdicts::{self, Outbox, Verdicts};
use crate::verdict::{Subject, Verdict};

/// What a job reports.
#[derive(Debug)]
pub(super) enum Event {
    /// The user chose a path, or none; and how long it took.
    Picked(Option<PathBuf>, Duration),
    /// A path turned out to be a folder of photos.
    Folder(u64, PathBuf),
    /// A project was opened, or not.
    Opened(u64, PathBuf, anyhow::Result<Box<Snapshot>>),
    /// The tables were read again.
    Refreshed(u64, anyhow::Result<Box<Snapshot>>),
    /// An image's numbers were read.
    Detail(u64, Result<Detail, String>),
    /// It is known where the network looks in a class.
    Focus(u64, Result<ClassFocus, String>),
    /// It is known where the run is kept.
    RunFile(u64, PathBuf),
    /// The run tells.
    Run(u64, RunEvent),
    /// The run has ended.
    RunEnded(u64, anyhow::Result<()>),
    /// Verdicts were written, or not.
    Judged(anyhow::Result<()>),
    /// A job about models tells.
    Model(ModelEvent),
    /// A job about maps tells; of the project of this number.
    Map(u64, MapEvent),
    /// Regions that were drawn by hand were written, or not.
    Drawn(anyhow::Result<()>),
    /// About the comparison with another run.
    Compare(CompareEvent),
    /// About a file that is taken along.
    Take(TakeEvent),
    /// A job ended by a panic.
    Crashed(&'static str),
}

impl From<Crashed> for Event {
    fn from(crashed: Crashed) -> Self {
        Self::Crashed(crashed.job)
    }
}

/// A file dialog that is gone sooner than this was never shown.
const UNSEEN: Duration = Duration::from_millis(150);

impl App {
    /// Deals with what a job reports.
    pub(super) fn take(&mut self, ctx: &Context, event: Event) {
        match event {
            Event::Picked(Some(path), _) => self.apply(ctx, Command::Open(path)),
            Event::Picked(None, after) => self.told_of_dialog(after),
            Event::Folder(generation, folder) => {
                if generation == self.session.generation {
                    self.session.busy = None;
                    self.start.set_up(folder, &self.outside.choices);
                }
            }
            Event::Opened(generation, path, result) => self.opened(ctx, generation, &path, result),
            Event::Refreshed(generation, result) => self.refreshed(ctx, generation, result),
            Event::Detail(generation, result) => {
                if generation == self.selection.generation {
                    self.selection.detail = Some(Arc::new(result));
                }
            }
            Event::Focus(generation, result) => self.panes.class_page.take(generation, result),
            Event::RunFile(generation, file) => {
                if let Some(runner) = self.runner(generation) {
                    runner.file = file;
                }
            }
            Event::Run(generation, event) => self.run_told(ctx, generation, &event),
            Event::RunEnded(generation, result) => self.run_ended(generation, result),
            Event::Judged(Ok(())) => {}
            Event::Judged(Err(err)) => self.dialogs.tell(format!("The verdict is not saved: {err:#}")),
            Event::Model(event) => self.model_told(ctx, event),
            Event::Drawn(Ok(())) => self.session.is_stale = self.session.project.is_some(),
            Event::Map(generation, event) => self.map_told(generation, event),
            Event::Drawn(Err(err)) => self.dialogs.tell(format!("The drawn regions are not saved: {err:#}")),
            Event::Compare(event) => self.compare_told(ctx, event),
            Event::Take(event) => self.take_told(event),
            Event::Crashed(job) => {
                if job == EXPLAINING {
                    self.panes.sample.other.crashed();
                }
                self.crashed(job);
            }
        }
    }

    /// A file dialog was closed without a choice, or there was none.
    pub(super) fn told_of_dialog(&mut self, after: Duration) {
        if after < UNSEEN {
            self.dialogs.tell(
                "No file dialog is available on this desktop. Drop the folder or file on the window, or type its path."
                    .into(),
            );
        }
    }

    /// Carries a command out.
    pub(super) fn apply(&mut self, ctx: &Context, command: Command) {
        match command {
            Command::TryDemo => self.launch(|launcher| launcher.demo()),
            Command::AskFolder => self.ask(|| rfd::FileDialog::new().set_title("Folder of photos").pick_folder()),
            Command::AskProject => self.ask(|| {
                let dialog = rfd::FileDialog::new().set_title("Project").add_filter("camroi projects", &["camroi"]);
                dialog.pick_file()
            }),
            Command::Open(path) => self.open(path),
            Command::Close => self.close(ctx),
            Command::NewRun => {
                if let Some(project) = &self.session.project {
                    let device = self.outside.choices.devices.first().cloned().unwrap_or_default();
                    let settings = &project.run.settings;
                    let (root, file) = (project.root.clone(), project.file.clone());
                    self.start.form = Some(Request::to_complete(settings, root, file, device));
                }
            }
            Command::LeaveForm => self.start.form = None,
            Command::Model(command) => self.model_command(command),
            Command::Compare(command) => self.compare_command(command),
            Command::Take(command) => self.take_command(command),
            Command::ChooseRois(rois) => {
                self.session.rois = rois;
                // At once, however young the tables are.
                (self.session.is_stale, self.session.read_at) = (self.session.project.is_some(), None);
            }
            Command::StartRun => {
                if let Some(request) = self.start.form.take() {
                    self.launch(move |_| Ok(request));
                }
            }
            Command::ContinueRun => {
                if let Some(project) = self.session.project.clone() {
                    let device = self.outside.choices.devices.first().cloned().unwrap_or_default();
                    let settings = &project.run.settings;
                    let request = Request::to_complete(settings, project.root.clone(), project.file.clone(), device);
                    self.launch(move |_| Ok(request));
                }
            }
            Command::PauseRun(pause) => self.steer(|runner| runner.control.pause(pause)),
            Command::CancelRun => self.steer(|runner| runner.control.cancel()),
            Command::SelectClass(class) => self.select_class(&class),
            Command::StepClass(step) => {
                let class = self.panes.classes.step(self.selection.class.as_deref(), step).map(str::to_owned);
                if let Some(class) = class {
                    self.select_class(&class);
                }
            }
            Command::SelectSample(sample) => {
                self.panes.class_page.is_open = false;
                self.select_sample(sample);
            }
            Command::StepSample(step) => {
                self.panes.class_page.is_open = false;
                self.step_sample(step);
            }
            Command::NextOpenClass => {
                let class = self.panes.classes.next_open(self.selection.class.as_deref()).map(str::to_owned);
                if let Some(class) = class {
                    self.select_class(&class);
                }
            }
            Command::ToggleClassPage => self.panes.class_page.is_open ^= true,
            Command::ShowTakenFor(class) => self.show_taken_for(class),
            Command::Note(subject, note) => {
                if self.session.project.is_some() {
                    let outbox = self.session.verdicts.note(subject, note);
                    self.post(Some(outbox));
                }
            }
            Command::Judge(subject, verdict) => self.judge(subject, verdict),
            Command::JudgeShown(place) if self.panes.class_page.is_open => {
                self.apply(ctx, Command::JudgeClass(place));
                self.panes.classes.refresh_verdicts(&self.session.verdicts);
                self.apply(ctx, Command::NextOpenClass);
            }
            Command::JudgeShown(place) => {
                if let (Some(sample), Some(&verdict)) = (self.selection.sample, Verdict::ALL.get(place)) {
                    self.judge(Subject::Sample(sample), verdict);
                    self.step_sample(1);
                }
            }
            Command::JudgeClass(place) => {
                if let (Some(class), Some(&verdict)) = (self.selection.class.clone(), Verdict::ALL.get(place)) {
                    self.judge(Subject::Class(class), verdict);
                }
            }
            Command::Undo if self.panes.sample.turn_history(Input::Undo) => {}
            Command::Redo if self.panes.sample.turn_history(Input::Redo) => {}
            Command::Undo => {
                let outbox = self.session.verdicts.undo();
                self.post(outbox);
            }
            Command::Redo => {
                let outbox = self.session.verdicts.redo();
                self.post(outbox);
            }
            Command::ToggleHeat => self.panes.sample.layers.heat ^= true,
            Command::ToggleBoxes => self.panes.sample.layers.boxes ^= true,
            Command::FitImage => self.panes.sample.fit_image(),
            Command::OneToOne => self.panes.sample.one_to_one(),
            Command::ToggleDrawing => self.panes.sample.toggle_drawing(),
            Command::NextRendering => self.panes.sample.layers.next_rendering(),
            Command::NextArrangement => {
                let arrangement = &mut self.panes.sample.layers.arrangement;
                *arrangement = arrangement.next();
            }
            Command::ToggleGrid => self.panes.sample.layers.is_smooth ^= true,
            Command::OpenPalette => self.dialogs.find_command(),
            Command::Show(dialog) => self.dialogs.show(dialog),
            Command::ToggleTheme => {
                self.habits.light ^= true;
                ctx.set_theme(if self.habits.light { Theme::Light } else { Theme::Dark });
            }
            Command::ToggleFullScreen => {
                let full = ctx.input(|i| i.viewport().fullscreen.unwrap_or(false));
                ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full));
            }
        }
    }

    /// Brings what is shown up to date, outside of drawing.
    pub(super) fn refresh(&mut self, ctx: &Context) {
        self.read_again(ctx);
        self.try_models();
        self.explain();
        self.arrange();
        let Some(project) = &self.session.project else { return };
        self.panes.classes.refresh(&project.classes, &self.session.verdicts);
        if self.selection.class.is_none()
            && let Some(class) = self.panes.classes.rows().first().map(|row| row.class.clone())
        {
            self.select_class(&class);
        }
        self.read_focus(ctx);
    }

    /// Sorts and filters the images of the class if that has changed.
    fn arrange(&mut self) {
        let Some(project) = &self.session.project else { return };
        let low_fit = self.panes.classes.thresholds().fit;
        if let Some(order) = self.panes.gallery.arrange(&project.samples, &self.selection.all, low_fit) {
            self.selection.order = order;
        }
    }

    /// Shows the images of the class that were taken for another one.
    fn show_taken_for(&mut self, class: Option<ClassId>) {
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

    fn judge(&mut self, subject: Subject, verdict: Verdict) {
        if self.session.project.is_some() {
            let outbox = self.session.verdicts.give(subject, verdict);
            self.post(Some(outbox));
        }
    }

    /// Has verdicts written the moment they are given.
    fn post(&mut self, outbox: Option<Outbox>) {
        let (Some(outbox), Some(project)) = (outbox, self.session.project.clone()) else { return };
        self.jobs.spawn("saving a verdict", move |reporter| {
            reporter.send(Event::Judged(verdicts::post(&outbox, &project.file, project.run.id)));
        });
    }

    /// Has drawn regions written the moment they change.
    pub(super) fn post_drawn(&mut self) {
        let (Some(outbox), Some(project)) = (self.panes.sample.drawing.news(), self.session.project.clone()) else {
            return;
        };
        self.jobs.spawn("saving drawn regions", move |reporter| {
            reporter.send(Event::Drawn(outbox.post(&project.file)));
        });
    }

    /// Writes what waits for its job, before the window is gone.
    pub(super) fn post_now(&mut self) {
        let Some(project) = self.session.project.clone() else { return };
        let drawn = self.panes.sample.drawing.unsaved().map_or(Ok(()), |outbox| outbox.post(&project.file));
        if let Err(err) = drawn {
            eprintln!("The drawn regions are not saved: {err:#}");
        }
        if let Err(err) = verdicts::post(self.session.verdicts.outbox(), &project.file, project.run.id) {
            eprintln!("The verdicts are not saved: {err:#}");
        }
    }

    fn ask(&mut self, dialog: impl FnOnce() -> Option<PathBuf> + Send + 'static) {
        self.jobs.spawn("showing a file dialog", move |reporter| {
            let shown = Instant::now();
            let path = dialog();
            reporter.send(Event::Picked(path, shown.elapsed()));
        });
    }

    fn open(&mut self, path: PathBuf) {
        if self.session.is_running() {
            self.dialogs
                .tell("A run is going on. Cancel it or wait for its end before you open something else.".into());
            return;
        }
        self.session.generation += 1;
        self.session.busy = Some("Opening…");
        let (generation, rois) = (self.session.generation, self.session.rois);
        self.jobs.spawn("opening the project", move |reporter| {
            reporter.send(if path.is_dir() {
                Event::Folder(generation, path)
            } else {
                let snapshot = Snapshot::load(&path, rois).map(Box::new);
                Event::Opened(generation, path, snapshot)
            });
        });
    }

    fn opened(&mut self, ctx: &Context, generation: u64, path: &Path, result: anyhow::Result<Box<Snapshot>>) {
        if generation != self.session.generation {
            return;
        }
        self.session.busy = None;
        match result {
            Ok(snapshot) => {
                self.session.runner = None;
                self.present(ctx, Arc::from(snapshot));
            }
            Err(err) => {
                self.habits.forget(path);
                self.dialogs.tell(format!("{err:#}"));
            }
        }
    }

    /// Shows another project than before.
    pub(super) fn present(&mut self, ctx: &Context, snapshot: Arc<Snapshot>) {
        self.panes.compare.forget();
        let again = self.habits.project.as_deref() == Some(snapshot.file.as_path());
        self.selection = Selection { generation: self.selection.generation + 1, ..Selection::default() };
        self.start.form = None;
        self.session.verdicts = Verdicts::new(snapshot.verdicts.iter().cloned());
        self.panes.sample.drawing.reset();
        self.panes.sample.other.clear();
        ctx.send_viewport_cmd(ViewportCommand::Title(format!("{} – camroi", snapshot.title())));
        self.habits.remember(&snapshot.file);
        self.textures.set_source(Some(Arc::new(Library::new(&snapshot))));
        self.show(Arc::clone(&snapshot));
        self.panes.classes.refresh(&snapshot.classes, &self.session.verdicts);
        if again && let Some(class) = self.habits.class.take() {
            let sample = self.habits.sample.take().map(SampleId);
            self.select_class(&class);
            if let Some(sample) = sample.filter(|id| snapshot.class_of(*id) == Some(class.as_str())) {
                self.select_sample(sample);
            }
        }
    }

    /// Shows a newer state of the open project.
    pub(super) fn show(&mut self, snapshot: Arc<Snapshot>) {
        if let Some(class) = &self.selection.class {
            self.selection.all = snapshot.of_class(class);
        }
        self.session.project = Some(snapshot);
        self.arrange();
    }

    fn close(&mut self, ctx: &Context) {
        if self.session.is_running() {
            self.dialogs.tell("A run is going on. Cancel it or wait for its end before you close the project.".into());
            return;
        }
        self.session.generation += 1;
        self.panes.compare.forget();
        self.start.form = None;
        self.session.project = None;
        self.session.is_stale = false;
        self.session.runner = None;
        self.session.busy = None;
        self.selection = Selection { generation: self.selection.generation + 1, ..Selection::default() };
        self.textures.set_source(None);
        self.panes.sample.other.clear();
        self.habits.project = None;
        ctx.send_viewport_cmd(ViewportCommand::Title("camroi".into()));
    }

    fn select_class(&mut self, class: &str) {
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

    fn step_sample(&mut self, step: isize) {
        let Some(project) = self.session.project.clone() else { return };
        let Some(last) = self.selection.order.len().checked_sub(1) else { return };
        let at = self.selection.place(&project).map_or(0, |at| at.saturating_add_signed(step).min(last));
        let sample = project.samples[self.selection.order[at]].id;
        self.panes.gallery.reveal(sample);
        self.select_sample(sample);
    }

    fn select_sample(&mut self, sample: SampleId) {
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
