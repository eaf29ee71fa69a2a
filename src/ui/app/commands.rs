//! What the person asks for, and who does it.
//!
//! Comes in: [`Command`]s. Goes out: changed state, new jobs. May not live here: drawing.

use eframe::egui::{Context, Theme, ViewportCommand};

use super::App;
use crate::analysis::RoiChoice;
use crate::measure::MeasureChoice;
use crate::run::may_be_annotations;
use crate::ui::annotating::AnnotateCommand;
use crate::ui::command::Command;
use crate::ui::drawing::Input;
use crate::ui::launch::Request;
use crate::verdict::{Subject, Verdict};

impl App {
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
            Command::Drop(path) if self.session.project.is_some() && may_be_annotations(&path) => {
                self.annotate_command(AnnotateCommand::Ask(Some(path)));
            }
            Command::Drop(path) => self.open(path),
            Command::Close => self.close(ctx),
            Command::NewRun => {
                if let Some(request) = self.request_to_complete() {
                    self.start.form = Some(request);
                }
            }
            Command::LeaveForm => self.start.form = None,
            Command::Model(command) => self.model_command(command),
            Command::Compare(command) => self.compare_command(command),
            Command::Take(command) => self.take_command(command),
            Command::Annotate(command) => self.annotate_command(command),
            Command::ChooseRois(rois) => self.choose_rois(rois),
            Command::StartRun => {
                if let Some(request) = self.start.form.take() {
                    self.launch(move |_| Ok(request));
                }
            }
            Command::ContinueRun => {
                if let Some(request) = self.request_to_complete() {
                    self.launch(move |_| Ok(request));
                }
            }
            Command::PauseRun(pause) => self.steer(|runner| runner.control.pause(pause)),
            Command::CancelRun => self.steer(|runner| runner.control.cancel()),
            Command::ToggleChecks => {
                self.panes.class_page.is_open = false;
                self.panes.checks.is_open ^= true;
            }
            Command::Check(wish) => self.check(wish),
            Command::CancelCheck => self.panes.checks.cancel(),
            Command::ChooseMeasure(choice) => self.panes.classes.choose_measure(choice),
            Command::TurnToMeasure(measure) => {
                let classes = &mut self.panes.classes;
                classes.choose_measure(MeasureChoice { measure, ..classes.measure() });
            }
            Command::TurnToBaseline(minus) => {
                let classes = &mut self.panes.classes;
                classes.choose_measure(MeasureChoice { minus, ..classes.measure() });
            }
            Command::SelectClass(class) => self.select_class(&class),
            Command::StepClass(step) => {
                let class = self.panes.classes.step(self.selection.class.as_deref(), step).map(str::to_owned);
                self.select_class_if(class);
            }
            Command::SelectSample(sample) => {
                (self.panes.class_page.is_open, self.panes.checks.is_open) = (false, false);
                self.select_sample(sample);
            }
            Command::StepSample(step) => {
                (self.panes.class_page.is_open, self.panes.checks.is_open) = (false, false);
                self.step_sample(step);
            }
            Command::NextOpenClass => {
                let class = self.panes.classes.next_open(self.selection.class.as_deref()).map(str::to_owned);
                self.select_class_if(class);
            }
            Command::ToggleClassPage if self.panes.checks.is_open => {
                (self.panes.checks.is_open, self.panes.class_page.is_open) = (false, true);
            }
            Command::ToggleClassPage => self.panes.class_page.is_open ^= true,
            Command::ShowTakenFor(class) => self.show_taken_for(class),
            Command::Note(subject, note) => self.note(subject, note),
            Command::Judge(subject, verdict) => self.judge(subject, verdict),
            Command::JudgeShown(place) if self.panes.class_page.is_open => {
                self.judge_class(place);
                self.panes.classes.refresh_verdicts(&self.session.verdicts);
                self.apply(ctx, Command::NextOpenClass);
            }
            Command::JudgeShown(place) => self.judge_sample(place),
            Command::JudgeClass(place) => self.judge_class(place),
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

    /// What would complete the run that is shown.
    fn request_to_complete(&self) -> Option<Request> {
        let project = self.session.project.as_ref()?;
        let device = self.outside.choices.devices.first().cloned().unwrap_or_default();
        let (root, file) = (project.root.clone(), project.file.clone());
        Some(Request::to_complete(&project.run.settings, root, file, device))
    }

    fn choose_rois(&mut self, rois: RoiChoice) {
        let Some(project) = &self.session.project else { return };
        self.habits.choose_regions(&project.file, rois);
        // At once, however young the tables are.
        (self.session.is_stale, self.session.read_at) = (true, None);
    }

    fn select_class_if(&mut self, class: Option<String>) {
        if let Some(class) = class {
            self.select_class(&class);
        }
    }

    /// Gives the verdict of this place to the image that is shown, and goes to the next.
    fn judge_sample(&mut self, place: usize) {
        if let (Some(sample), Some(&verdict)) = (self.selection.sample, Verdict::ALL.get(place)) {
            self.judge(Subject::Sample(sample), verdict);
            self.step_sample(1);
        }
    }

    /// Gives the verdict of this place to the class that is chosen.
    fn judge_class(&mut self, place: usize) {
        if let (Some(class), Some(&verdict)) = (self.selection.class.clone(), Verdict::ALL.get(place)) {
            self.judge(Subject::Class(class), verdict);
        }
    }
}
