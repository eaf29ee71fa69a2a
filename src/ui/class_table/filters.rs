//! Which classes the table shows: the chips above it, and where their lines are drawn.
//!
//! Comes in: class rows. Goes out: the choice. May not live here: sorting, the table.

use eframe::egui::{Frame, Grid, Margin, RichText, Slider, Ui, WidgetInfo, vec2};
use serde::{Deserialize, Serialize};

use crate::measure::MeasureChoice;
use crate::summary::{ClassRow, Finding, Thresholds, findings};
use crate::ui::theme::{palette, size, space};
use crate::ui::{format, widgets};

/// Which classes the table shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ClassFilter {
    /// All of them.
    #[default]
    All,
    /// Those that go by something else than the object.
    Suspect,
    /// Those without objects.
    NoObject,
    /// Those whose regions are nearly the whole view.
    LargeRegions,
    /// Those that a reviewer has decided about.
    Judged,
}

impl ClassFilter {
    const ALL: [Self; 5] = [Self::All, Self::Suspect, Self::NoObject, Self::LargeRegions, Self::Judged];

    fn name(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Suspect => "Suspect",
            Self::NoObject => "No object",
            Self::LargeRegions => "Large regions",
            Self::Judged => "Has verdict",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Suspect => {
                "Recognised well although the saliency is elsewhere: fit or lift low, accuracy and coverage enough; where other methods were \
                 asked (Checks), low under more than one"
            }
            Self::NoObject => "Few images have a region: the class has no object, or the detector does not know it",
            Self::LargeRegions => {
                "The region covers nearly the whole view in most images, so that the fit says nothing"
            }
            Self::Judged => "You have decided about the class",
        }
    }

    /// Whether a class is shown.
    pub(super) fn passes(self, row: &ClassRow, lines: &Thresholds) -> bool {
        let found = |finding| findings(row, lines).contains(&finding);
        match self {
            Self::All => true,
            Self::Suspect => found(Finding::Suspect),
            Self::NoObject => found(Finding::NoObject),
            Self::LargeRegions => found(Finding::LargeRegions),
            Self::Judged => row.judgement.is_some(),
        }
    }
}

/// Classes behind each chip and on the remarkable side of each line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    chips: [usize; ClassFilter::ALL.len()],
    lines: [usize; LINES.len()],
    /// Classes whose measure is below the line that is drawn for it.
    measure: usize,
}

/// Whether the chosen measure of a class is below a limit; all are where there is none.
pub(super) fn is_below(row: &ClassRow, limit: Option<f64>) -> bool {
    let mean = row.measure.and_then(|measure| measure.mean.mean);
    limit.is_none_or(|limit| mean.is_some_and(|mean| mean < limit))
}

impl Counts {
    pub(super) fn of(rows: &[ClassRow], lines: &Thresholds, measure_below: Option<f64>) -> Self {
        let count = |passes: &dyn Fn(&ClassRow) -> bool| rows.iter().filter(|row| passes(row)).count();
        Self {
            chips: ClassFilter::ALL.map(|filter| count(&|row| filter.passes(row, lines))),
            lines: LINES.each_ref().map(|line| count(&|row| (line.passes)(row, lines))),
            measure: count(&|row| is_below(row, measure_below)),
        }
    }
}

/// One of the thresholds.
struct Line {
    name: &'static str,
    most: f64,
    value: fn(&mut Thresholds) -> &mut f64,
    passes: fn(&ClassRow, &Thresholds) -> bool,
    text: fn(f64) -> String,
}

const LINES: [Line; 4] = [
    Line {
        name: "Fit below",
        most: 1.0,
        value: |lines| &mut lines.fit,
        passes: |row, lines| row.mean_fit.is_some_and(|fit| fit < lines.fit),
        text: |value| format::percent(Some(value)),
    },
    Line {
        name: "or lift below",
        most: 3.0,
        value: |lines| &mut lines.lift,
        passes: |row, lines| row.mean_lift.is_some_and(|lift| lift < lines.lift),
        text: |value| format::factor(Some(value)),
    },
    Line {
        name: "and accuracy from",
        most: 1.0,
        value: |lines| &mut lines.accuracy,
        passes: |row, lines| row.accuracy.is_none_or(|accuracy| accuracy >= lines.accuracy),
        text: |value| format::percent(Some(value)),
    },
    Line {
        name: "and coverage from",
        most: 1.0,
        value: |lines| &mut lines.coverage,
        passes: |row, lines| row.coverage.is_some_and(|coverage| coverage >= lines.coverage),
        text: |value| format::percent(Some(value)),
    },
];

/// View state of the filters.
#[derive(Debug, Default)]
pub(super) struct Filters {
    pub(super) chosen: ClassFilter,
    pub(super) thresholds: Thresholds,
    /// Only classes whose chosen measure is below this are listed.
    pub(super) measure_below: Option<f64>,
    /// Whether the sliders are shown.
    lines_shown: bool,
}

impl Filters {
    /// The chips, and the sliders if they are wanted; whether the plot's region is to be taken back.
    pub(super) fn ui(&mut self, ui: &mut Ui, counts: &Counts, has_region: bool, measure: MeasureChoice) -> bool {
        let mut take_back = false;
        ui.add_space(space::NEAR);
        Frame::new().inner_margin(Margin::symmetric(12, 0)).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(6.0, 5.0);
                for (filter, n) in ClassFilter::ALL.into_iter().zip(counts.chips) {
                    // A finding that no class has is not worth a chip, unless it is what is filtered by.
                    if n == 0 && filter != ClassFilter::All && filter != self.chosen {
                        continue;
                    }
                    let text = format!("{} {}", filter.name(), format::count(n));
                    if widgets::chip(ui, self.chosen == filter, &text, filter.meaning()).clicked() {
                        self.chosen = filter;
                    }
                }
                if has_region {
                    take_back = widgets::chip(ui, true, "Region of the plot ×", "List all again").clicked();
                }
                if let Some(limit) = self.measure_below {
                    let text = format!("{} below {} ×", measure.title(), measure.text(limit));
                    if widgets::chip(ui, true, &text, "List all again").clicked() {
                        self.measure_below = None;
                    }
                }
                let hint = "Where a class becomes suspect";
                if widgets::chip(ui, self.lines_shown, "Thresholds", hint).clicked() {
                    self.lines_shown ^= true;
                }
            });
            if self.lines_shown {
                self.lines_ui(ui, counts, measure);
            }
        });
        ui.add_space(space::TIGHT);
        take_back
    }

    fn lines_ui(&mut self, ui: &mut Ui, counts: &Counts, measure: MeasureChoice) {
        ui.add_space(space::NEAR);
        let palette = palette(ui);
        ui.spacing_mut().slider_width = (ui.available_width() - 260.0).clamp(60.0, 220.0);
        Grid::new("thresholds").num_columns(4).spacing(vec2(space::NEAR, 2.0)).show(ui, |ui| {
            for (line, n) in LINES.iter().zip(counts.lines) {
                widgets::caption(ui, line.name);
                let value = (line.value)(&mut self.thresholds);
                let slider = ui.add(Slider::new(value, 0.0..=line.most).step_by(0.01).show_value(false));
                let now = *value;
                slider.widget_info(|| WidgetInfo::slider(true, now, line.name));
                ui.label(RichText::new((line.text)(now)).size(size::SMALL).color(palette.strong));
                widgets::caption(ui, format::counted(n, "class", "classes"));
                ui.end_row();
            }
            if !measure.is_fit() {
                self.measure_line_ui(ui, counts.measure, measure);
            }
        });
        ui.horizontal(|ui| {
            let usual = Thresholds::default();
            let changed = self.thresholds != usual;
            if ui.add_enabled(changed, eframe::egui::Button::new("Usual thresholds")).clicked() {
                self.thresholds = usual;
            }
        });
    }

    /// The slider that lists only classes whose measure is low; at its end it lists all of them.
    fn measure_line_ui(&mut self, ui: &mut Ui, n: usize, measure: MeasureChoice) {
        let most = if measure.measure.is_share() { 1.0 } else { 5.0 };
        let least = if measure.minus.is_some() { -most } else { 0.0 };
        widgets::caption(ui, format!("List {} below", measure.short()));
        let mut value = self.measure_below.unwrap_or(most);
        let slider = ui.add(Slider::new(&mut value, least..=most).step_by(0.01).show_value(false));
        slider.widget_info(|| WidgetInfo::slider(true, value, "Measure below"));
        if slider.changed() {
            self.measure_below = (value < most).then_some(value);
        }
        let text = self.measure_below.map_or_else(|| "any".to_owned(), |limit| measure.text(limit));
        ui.label(RichText::new(text).size(size::SMALL).color(palette(ui).strong));
        widgets::caption(ui, format::counted(n, "class", "classes"));
        ui.end_row();
    }
}
