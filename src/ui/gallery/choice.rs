//! Which images of a class the gallery shows, and in which order.
//!
//! Comes in: the samples of a class. Goes out: their places in the order of the gallery. May not live here: pictures.

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{ComboBox, Ui, WidgetInfo, vec2};

use crate::analysis::SampleScore;
use crate::dataset::ClassId;
use crate::ui::project::ClassNames;
use crate::ui::{format, widgets};

/// What the images are sorted by; each begins with what is most remarkable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sort {
    #[default]
    Fit,
    Lift,
    Confidence,
    Name,
}

impl Sort {
    const ALL: [Self; 4] = [Self::Fit, Self::Lift, Self::Confidence, Self::Name];

    fn name(self) -> &'static str {
        match self {
            Self::Fit => "Lowest fit",
            Self::Lift => "Lowest lift",
            Self::Confidence => "Most confident",
            Self::Name => "Name",
        }
    }

    /// Rising with the place in the gallery; what has none comes last.
    fn rank(self, sample: &SampleScore) -> f64 {
        let rank = sample.score.and_then(|score| match self {
            Self::Fit => score.fit.value(),
            Self::Lift => score.fit.lift(),
            Self::Confidence => Some(-f64::from(score.confidence)),
            Self::Name => Some(0.0),
        });
        rank.unwrap_or(f64::INFINITY)
    }
}

/// Right or wrong, with low or high fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Quadrant {
    #[default]
    All,
    RightLow,
    RightHigh,
    WrongLow,
    WrongHigh,
}

impl Quadrant {
    const ALL: [Self; 5] = [Self::All, Self::RightLow, Self::RightHigh, Self::WrongLow, Self::WrongHigh];

    fn name(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::RightLow => "Right, low",
            Self::RightHigh => "Right, high",
            Self::WrongLow => "Wrong, low",
            Self::WrongHigh => "Wrong, high",
        }
    }

    /// Whether a sample belongs to it; a fit below `low_fit` is low.
    fn contains(self, sample: &SampleScore, low_fit: f64) -> bool {
        let Some(score) = &sample.score else { return self == Self::All };
        let low = score.fit.value().map(|fit| fit < low_fit);
        match self {
            Self::All => true,
            Self::RightLow => score.correct == Some(true) && low == Some(true),
            Self::RightHigh => score.correct == Some(true) && low == Some(false),
            Self::WrongLow => score.correct == Some(false) && low == Some(true),
            Self::WrongHigh => score.correct == Some(false) && low == Some(false),
        }
    }
}

/// What the order depends on, besides the samples.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wanted {
    sort: Sort,
    quadrant: Quadrant,
    low_fit: f64,
    taken_for: Option<ClassId>,
}

/// View state of the choice.
#[derive(Debug, Default)]
pub(super) struct Choice {
    sort: Sort,
    quadrant: Quadrant,
    /// Only the images that were taken for this class.
    pub(super) taken_for: Option<ClassId>,
    /// Images in each quadrant, in the order of [`Quadrant::ALL`].
    counts: [usize; 5],
    /// What the order was made from.
    arranged: Option<(Wanted, Arc<[usize]>)>,
}

impl Choice {
    /// The images of a class in the gallery's choice and order, `all` being places in `samples`; `None` if nothing has
    /// changed. A fit below `low_fit` is low. Call outside of drawing.
    pub(super) fn arrange(
        &mut self,
        samples: &[SampleScore],
        all: &Arc<[usize]>,
        low_fit: f64,
    ) -> Option<Arc<[usize]>> {
        let wanted = Wanted { sort: self.sort, quadrant: self.quadrant, low_fit, taken_for: self.taken_for };
        if let Some((made_for, arranged)) = &self.arranged
            && *made_for == wanted
            && Arc::ptr_eq(arranged, all)
        {
            return None;
        }
        let count = |q: Quadrant| all.iter().filter(|&&place| q.contains(&samples[place], low_fit)).count();
        self.counts = Quadrant::ALL.map(count);
        let predicted = |place: usize| samples[place].score.map(|score| score.predicted);
        let shown = |place: &usize| {
            self.quadrant.contains(&samples[*place], low_fit)
                && self.taken_for.is_none_or(|class| predicted(*place) == Some(class))
        };
        let mut places: Vec<usize> = all.iter().copied().filter(shown).collect();
        if self.sort == Sort::Name {
            places.sort_unstable();
        } else {
            places.sort_by(|a, b| self.sort.rank(&samples[*a]).total_cmp(&self.sort.rank(&samples[*b])));
        }
        self.arranged = Some((wanted, Arc::clone(all)));
        Some(places.into())
    }

    /// The quadrants that hold images, as chips with their counts, and the class that the images were taken for.
    pub(super) fn quadrants_ui(&mut self, ui: &mut Ui, names: ClassNames<'_>) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(5.0, 5.0);
            for (quadrant, n) in Quadrant::ALL.into_iter().zip(self.counts) {
                if n == 0 && quadrant != Quadrant::All && quadrant != self.quadrant {
                    continue;
                }
                let text = format!("{} {}", quadrant.name(), format::count(n));
                let hint = "Whether the prediction is right, and whether the fit is below its threshold";
                if widgets::chip(ui, self.quadrant == quadrant, &text, hint).clicked() {
                    self.quadrant = quadrant;
                }
            }
            if let Some(class) = self.taken_for {
                let text = format!("Taken for {} ×", names.of(class));
                if widgets::chip(ui, true, &text, "Show all images of the class again").clicked() {
                    self.taken_for = None;
                }
            }
        });
    }

    /// A menu for the sort.
    pub(super) fn sort_ui(&mut self, ui: &mut Ui, width: f32) {
        let combo = ComboBox::from_id_salt("sort").width(width).selected_text(self.sort.name());
        let response = combo.show_ui(ui, |ui| {
            for sort in Sort::ALL {
                ui.selectable_value(&mut self.sort, sort, sort.name());
            }
        });
        response
            .response
            .on_hover_text("What comes first")
            .widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Sort images"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Score;
    use crate::dataset::SampleId;
    use crate::fit::Fit;

    fn sample(id: i64, fit: Option<f64>, correct: bool) -> SampleScore {
        let fit = fit.map_or(Fit::NoRoi, |fit| Fit::Measured { roi: 0, fit, area_share: 0.5 });
        let class = ClassId(0);
        let score =
            Score { predicted: class, confidence: 0.5, target: class, correct: Some(correct), fit, source: None };
        SampleScore { id: SampleId(id), path: format!("{id}"), label: None, score: Some(score) }
    }

    #[test]
    fn images_without_a_fit_come_last_and_nothing_is_arranged_twice() {
        let samples = [sample(0, None, true), sample(1, Some(0.9), true), sample(2, Some(0.1), false)];
        let all: Arc<[usize]> = [0, 1, 2].into();
        let mut choice = Choice::default();
        assert_eq!(choice.arrange(&samples, &all, 0.5).as_deref(), Some(&[2, 1, 0][..]));
        assert_eq!(choice.arrange(&samples, &all, 0.5), None);
        assert_eq!(choice.counts, [3, 0, 1, 1, 0]);
        choice.arrange(&samples, &all, 0.95);
        assert_eq!(choice.counts, [3, 1, 0, 1, 0], "the line is where it is drawn");
        choice.taken_for = Some(ClassId(1));
        assert_eq!(choice.arrange(&samples, &all, 0.5).as_deref(), Some(&[][..]));
        choice.taken_for = None;
        choice.quadrant = Quadrant::WrongLow;
        assert_eq!(choice.arrange(&samples, &all, 0.5).as_deref(), Some(&[2][..]));
    }
}
