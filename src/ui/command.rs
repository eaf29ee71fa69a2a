//! What a panel can ask the window to do.
//!
//! Comes in: nothing. Goes out: [`Command`]. May not live here: how it is done (see [`super::app`]).

use std::path::PathBuf;

use super::annotating::AnnotateCommand;
use super::checks::Wish;
use super::compare::CompareCommand;
use super::models::ModelCommand;
use super::takeaway::TakeCommand;
use crate::analysis::RoiChoice;
use crate::dataset::{ClassId, SampleId};
use crate::measure::{Baseline, Measure, MeasureChoice};
use crate::verdict::{Subject, Verdict};

/// A wish of a panel, carried out outside of drawing.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub(crate) enum Command {
    /// Analyse the bundled photos.
    TryDemo,
    /// Let the user choose a folder of photos.
    AskFolder,
    /// Let the user choose a project file.
    AskProject,
    /// Open a project file, or set up the analysis of a folder.
    Open(PathBuf),
    /// Open what was dropped on the window; annotations are for the open project.
    Drop(PathBuf),
    /// Back to the first screen.
    Close,
    /// Set up another analysis of the open project's photos, beginning with the settings of this one.
    NewRun,
    /// Leave the form of a new analysis.
    LeaveForm,
    /// About the models to choose from.
    Model(ModelCommand),
    /// About the comparison with another run.
    Compare(CompareCommand),
    /// About a file that is taken along.
    Take(TakeCommand),
    /// About annotations that are added to the project.
    Annotate(AnnotateCommand),
    /// Count these regions.
    ChooseRois(RoiChoice),
    /// Analyse the folder that was set up.
    StartRun,
    /// Analyse what the open project still lacks.
    ContinueRun,
    /// Hold the run, or let it go on.
    PauseRun(bool),
    /// End the run; what is done stays done.
    CancelRun,
    /// Show the images of a class.
    SelectClass(String),
    /// Show the panel of checks, or the image.
    ToggleChecks,
    /// Make a check of the run's maps.
    Check(Wish),
    /// End the check that goes on; what it found stays.
    CancelCheck,
    /// Show a measure in the class table beside the fit; the fit itself takes it away.
    ChooseMeasure(MeasureChoice),
    /// Show another measure there, less the same baseline as before.
    TurnToMeasure(Measure),
    /// Take another baseline off the measure there, or none.
    TurnToBaseline(Option<Baseline>),
    /// Show the class this many rows further down the table.
    StepClass(isize),
    /// Show an image.
    SelectSample(SampleId),
    /// Show the image this many places further on in the gallery.
    StepSample(isize),
    /// Give a verdict, or take back the same one.
    Judge(Subject, Verdict),
    /// Show the listed class without a verdict that has the lowest fit.
    NextOpenClass,
    /// Write a note to a verdict.
    Note(Subject, String),
    /// Show the class page, or the image.
    ToggleClassPage,
    /// Show the images of the class that were taken for another one, or all again.
    ShowTakenFor(Option<ClassId>),
    /// Give what is shown, the image or the class page, the verdict of this place in the list, and go on to the next one.
    JudgeShown(usize),
    /// Give the chosen class the verdict of this place in the list.
    JudgeClass(usize),
    /// Take the latest verdict back.
    Undo,
    /// Repeat the verdict that was taken back last.
    Redo,
    /// Show or hide the heat map.
    ToggleHeat,
    /// Show or hide the boxes.
    ToggleBoxes,
    /// Show the whole image.
    FitImage,
    /// Show the image pixel for pixel, or whole if it was so.
    OneToOne,
    /// Begin or end drawing regions by hand.
    ToggleDrawing,
    /// The next way to render the map.
    NextRendering,
    /// The next way to arrange photo and layers.
    NextArrangement,
    /// Show the map's cells as they are, or smoothed.
    ToggleGrid,
    /// Show the command palette.
    OpenPalette,
    /// Show a dialog.
    Show(Dialog),
    /// Dark or light.
    ToggleTheme,
    /// The whole screen, or a window.
    ToggleFullScreen,
}

/// What can be shown over the panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialog {
    /// What camroi is, and whose work it contains.
    About,
    /// The keys.
    Keys,
    /// The images that could not be used.
    Failures,
}
