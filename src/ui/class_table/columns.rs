//! The columns that the class table can have.
//!
//! A new column is a variant of [`ClassColumn`] with its value, and a line in [`REGISTRY`]; sorting, hiding, moving, resizing
//! and remembering follow from these.

use crate::summary::ClassColumn;

/// How the cells of a column look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The class with the mark of its verdict or finding.
    Name,
    /// A number of images.
    Count,
    /// A number of images that ought to be 0.
    Failures,
    /// A share, in percent.
    Share,
    /// The mean fit as a bar with its interval, and in percent.
    FitBar,
    /// A factor that is remarkable below 1.
    Factor,
    /// The mean of the chosen measure as a bar with its interval, and as a number.
    MeasureBar,
    /// The fits as a histogram.
    Histogram,
    /// Whose regions the fits are of; only where that differs.
    Sources,
    /// The reviewer's verdict.
    Verdict,
}

/// A column that the table can have.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) column: ClassColumn,
    /// What it is remembered by.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// In full, for menus and assistive technology.
    pub(super) name: &'static str,
    /// In a sentence, for the pointer.
    pub(super) meaning: &'static str,
    pub(super) kind: Kind,
    /// In points, until it is changed by hand.
    pub(super) width: f32,
    /// Whether the first click on it puts the largest first: what is low is what a person looks for in fit, lift and
    /// coverage, elsewhere it is what is high.
    pub(super) largest_first: bool,
    /// Whether a new window shows it.
    pub(super) at_first: bool,
    /// Where there is not enough room, the column with the highest number goes first; 0 always stays.
    pub(super) expendable: u8,
}

const fn column(column: ClassColumn, id: &'static str, title: &'static str, kind: Kind) -> Spec {
    let width = match kind {
        Kind::Name => 84.0,
        Kind::Count => 36.0,
        Kind::Failures | Kind::Factor => 42.0,
        Kind::Share => 46.0,
        Kind::FitBar | Kind::MeasureBar => 112.0,
        Kind::Histogram => 54.0,
        Kind::Sources | Kind::Verdict => 82.0,
    };
    let (name, meaning) = (title, "");
    Spec { column, id, title, name, meaning, kind, width, largest_first: true, at_first: true, expendable: 0 }
}

impl Spec {
    const fn named(self, name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, ..self }
    }

    /// The smallest first.
    const fn rising(self) -> Self {
        Self { largest_first: false, ..self }
    }

    const fn hidden(self) -> Self {
        Self { at_first: false, ..self }
    }

    const fn expendable(self, expendable: u8) -> Self {
        Self { expendable, ..self }
    }
}

/// All of them, in the order of a new window.
pub(super) const REGISTRY: &[Spec] = &[
    column(ClassColumn::Class, "class", "Class", Kind::Name).named("class", "Name of the class").rising(),
    column(ClassColumn::Samples, "samples", "n", Kind::Count).named("n", "Number of images").expendable(6),
    column(ClassColumn::Fit, "fit", "Fit", Kind::FitBar)
        .named("fit", "Share of the saliency inside the best region, with its 95 % interval")
        .rising(),
    column(ClassColumn::Measure, "measure", "Measure", Kind::MeasureBar)
        .named("measure", "The measure that was chosen beside the fit, with its 95 % interval")
        .rising(),
    column(ClassColumn::Spread, "spread", "Spread", Kind::Histogram)
        .named("spread", "The fits of its images from 0 to 100 %; sorted by their standard deviation")
        .expendable(4),
    column(ClassColumn::Lift, "lift", "Lift", Kind::Factor)
        .named("lift", "Fit over area share; 1 is what the region's size explains")
        .rising()
        .expendable(1),
    column(ClassColumn::AreaShare, "area_share", "Area", Kind::Share)
        .named("area", "Share of the view that the best region covers")
        .expendable(5),
    column(ClassColumn::Coverage, "coverage", "Cov.", Kind::Share)
        .named("coverage", "Share of the images in which a region was found")
        .rising()
        .expendable(3),
    column(ClassColumn::Sources, "sources", "Fits from", Kind::Sources)
        .named("fits from", "Fits from regions of the detector (D), of annotations (A), drawn by hand (H)")
        .expendable(3),
    column(ClassColumn::Accuracy, "accuracy", "Acc.", Kind::Share)
        .named("accuracy", "Share of the images whose most probable class is right")
        .expendable(2),
    column(ClassColumn::Confidence, "confidence", "Conf.", Kind::Share)
        .named("confidence", "Mean probability of the predicted class")
        .hidden()
        .expendable(8),
    column(ClassColumn::FitZero, "fit_zero", "Fit 0", Kind::Share)
        .named("fit with none as 0", "Mean fit with images without a region counted as 0")
        .rising()
        .hidden()
        .expendable(8),
    column(ClassColumn::WithRoi, "with_roi", "Reg.", Kind::Count)
        .named("images with a region", "Images with a region inside the view")
        .hidden()
        .expendable(8),
    column(ClassColumn::Uninformative, "uninformative", "Large", Kind::Count)
        .named("large regions", "Images whose best region covers nearly the whole view, so that its fit says nothing")
        .hidden()
        .expendable(8),
    column(ClassColumn::Failed, "failed", "Failed", Kind::Failures)
        .named("failed", "Images that could not be used")
        .expendable(7),
    column(ClassColumn::Verdict, "verdict", "Verdict", Kind::Verdict)
        .named("verdict", "What you decided about the class")
        .rising()
        .expendable(9),
];

/// The column with this id.
pub(super) fn by_id(id: &str) -> Option<&'static Spec> {
    REGISTRY.iter().find(|spec| spec.id == id)
}

/// What is known of a column.
pub(super) fn spec(column: ClassColumn) -> Option<&'static Spec> {
    REGISTRY.iter().find(|spec| spec.column == column)
}
