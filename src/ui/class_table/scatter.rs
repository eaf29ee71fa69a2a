//! The run as a plot: fit or lift of each class against its accuracy.
//!
//! Comes in: class rows. Goes out: the class that was clicked, or the region that was drawn. May not live here: filtering.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align2, Color32, CornerRadius, CursorIcon, Pos2, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use crate::dataset::without_wordnet_id;
use crate::measure::MeasureChoice;
use crate::summary::{ClassRow, Finding, Thresholds, findings};
use crate::ui::theme::{self, Palette, palette, size, space};
use crate::ui::{format, widgets};

/// What the plot's width stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Axis {
    /// Mean fit.
    #[default]
    Fit,
    /// Mean lift.
    Lift,
    /// Mean of the measure that was chosen.
    Measure(MeasureChoice),
}

impl Axis {
    fn value(self, row: &ClassRow) -> Option<f64> {
        match self {
            Self::Fit => row.mean_fit,
            Self::Lift => row.mean_lift,
            Self::Measure(choice) => row.measure.filter(|measure| measure.choice == choice)?.mean.mean,
        }
    }

    fn title(self) -> String {
        match self {
            Self::Fit => "Fit".to_owned(),
            Self::Lift => "Lift".to_owned(),
            Self::Measure(choice) => choice.title(),
        }
    }

    /// A value at the edge of the plot.
    fn text(self, value: f64) -> String {
        match self {
            Self::Fit => format::percent(Some(value)),
            Self::Lift => format!("{value}"),
            Self::Measure(choice) => choice.text(value),
        }
    }

    /// The values at the ends of the plot.
    fn ends(self, rows: &[ClassRow]) -> (f64, f64) {
        let largest = || rows.iter().filter_map(|row| self.value(row)).map(f64::abs).fold(2.0, f64::max).ceil();
        match self {
            Self::Fit => (0.0, 1.0),
            Self::Lift => (0.0, largest()),
            Self::Measure(choice) => {
                let most = if choice.measure.is_share() { 1.0 } else { largest() };
                (if choice.minus.is_some() { -most } else { 0.0 }, most)
            }
        }
    }

    /// Below which value a class may be suspect.
    fn limit(self, lines: &Thresholds) -> Option<f64> {
        match self {
            Self::Fit => Some(lines.fit),
            Self::Lift => Some(lines.lift),
            Self::Measure(_) => None,
        }
    }
}

/// A rectangle of the plot, in the plot's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Region {
    axis: Axis,
    x: (f64, f64),
    y: (f64, f64),
}

impl Region {
    /// Whether it is one of the chosen measure.
    pub(super) fn is_of_measure(&self) -> bool {
        matches!(self.axis, Axis::Measure(_))
    }

    /// Whether a class lies in it.
    pub(crate) fn contains(&self, row: &ClassRow) -> bool {
        let inside = |v: Option<f64>, (low, high): (f64, f64)| v.is_some_and(|v| (low..=high).contains(&v));
        inside(self.axis.value(row), self.x) && inside(height(row), self.y)
    }
}

/// What stands for the plot's height: the accuracy, or without labels the confidence.
fn height(row: &ClassRow) -> Option<f64> {
    row.accuracy.or(row.mean_confidence)
}

/// What was done in the plot.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Picked {
    /// A class was clicked.
    Class(String),
    /// A region was drawn; `None` where one was taken back.
    Region(Option<Region>),
}

/// View state of the plot.
#[derive(Debug, Default)]
pub(super) struct Scatter {
    axis: Axis,
    /// Whether the plot is of the chosen measure, whichever that is.
    of_measure: bool,
    drawn_from: Option<Pos2>,
}

/// Where values are on the screen.
struct Scale {
    plot: Rect,
    ends: (f64, f64),
}

impl Scale {
    fn at(&self, x: f64, y: f64) -> Pos2 {
        let x = ((x - self.ends.0) / (self.ends.1 - self.ends.0)).clamp(0.0, 1.0) as f32;
        pos2(
            self.plot.left() + x * self.plot.width(),
            self.plot.bottom() - y.clamp(0.0, 1.0) as f32 * self.plot.height(),
        )
    }

    fn region(&self, axis: Axis, drawn: Rect) -> Region {
        let share = |px: f32| f64::from((px - self.plot.left()) / self.plot.width());
        let x = |px: f32| self.ends.0 + share(px) * (self.ends.1 - self.ends.0);
        let y = |py: f32| f64::from((self.plot.bottom() - py) / self.plot.height());
        Region { axis, x: (x(drawn.left()), x(drawn.right())), y: (y(drawn.bottom()), y(drawn.top())) }
    }

    fn rect(&self, region: &Region) -> Rect {
        Rect::from_two_pos(self.at(region.x.0, region.y.0), self.at(region.x.1, region.y.1))
    }
}

/// The classes of the plot.
pub(super) struct Points<'a> {
    /// All of them.
    pub(super) rows: &'a [ClassRow],
    /// The measure that was chosen beside the fit.
    pub(super) measure: MeasureChoice,
    /// Those that the table lists, in any order.
    pub(super) listed: &'a [ClassRow],
    /// The chosen one.
    pub(super) selected: Option<&'a str>,
    /// Where a class becomes suspect.
    pub(super) thresholds: &'a Thresholds,
    /// The region that the table is filtered by.
    pub(super) region: Option<Region>,
}

/// Distance from a point within which it is meant.
const REACH: f32 = 9.0;

/// Room around the values, so that points at the ends are whole.
const EDGE: f32 = 10.0;

/// Up to this many classes have their names beside them.
const MAX_NAMED: usize = 24;

impl Scatter {
    /// Plots the chosen measure, or the fit again.
    pub(super) fn turn_to_measure(&mut self, of_measure: bool) {
        (self.of_measure, self.axis) = (of_measure, Axis::Fit);
    }

    /// Draws the plot.
    pub(super) fn ui(&mut self, ui: &mut Ui, points: &Points<'_>) -> Option<Picked> {
        let by = if points.rows.iter().any(|row| row.accuracy.is_some()) { "accuracy" } else { "confidence" };
        ui.add_space(space::NEAR);
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            ui.spacing_mut().item_spacing.x = 6.0;
            let of_measure = Axis::Measure(points.measure);
            if self.of_measure {
                self.axis = of_measure;
            }
            let measured = (!points.measure.is_fit()).then_some(of_measure);
            for axis in [Axis::Fit, Axis::Lift].into_iter().chain(measured) {
                let hint = "Drag in the plot to list only the classes of a region";
                let text = format!("{} and {by}", axis.title());
                if widgets::chip(ui, self.axis == axis, &text, hint).clicked() {
                    (self.axis, self.of_measure) = (axis, axis == of_measure);
                }
            }
        });
        let space = ui.available_rect_before_wrap();
        let plot = Rect::from_min_max(space.min + vec2(46.0, 10.0), space.max - vec2(18.0, 28.0));
        if plot.width() < 60.0 || plot.height() < 40.0 {
            return None;
        }
        let response = ui.interact(plot.expand(6.0), ui.scope_id().with("plot"), Sense::click_and_drag());
        response
            .widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("Plot of {} and {by}", self.axis.title())));
        let scale = Scale { plot: plot.shrink(EDGE), ends: self.axis.ends(points.rows) };
        self.frame_ui(ui, &scale, points.thresholds, by);
        let at = response.hover_pos();
        let near = at.and_then(|at| nearest(self.axis, &scale, points.rows, at));
        points_ui(ui, self.axis, &scale, points, near);
        if let Some(region) = points.region.filter(|r| r.axis == self.axis) {
            frame_region(ui, scale.rect(&region));
        }
        if near.is_some() {
            response.clone().on_hover_cursor(CursorIcon::PointingHand);
        }
        self.pick(ui, &response, &scale, points, near)
    }

    fn pick(
        &mut self,
        ui: &Ui,
        response: &eframe::egui::Response,
        scale: &Scale,
        points: &Points<'_>,
        near: Option<usize>,
    ) -> Option<Picked> {
        if response.clicked() {
            return match near {
                Some(row) => Some(Picked::Class(points.rows[row].class.clone())),
                None => points.region.map(|_| Picked::Region(None)),
            };
        }
        if response.drag_started() {
            self.drawn_from = ui.input(|i| i.pointer.press_origin());
        }
        let (from, to) = (self.drawn_from?, response.interact_pointer_pos()?);
        let drawn = Rect::from_two_pos(from, to).intersect(scale.plot.expand(EDGE));
        frame_region(ui, drawn);
        if response.drag_stopped() {
            self.drawn_from = None;
            return Some(Picked::Region(Some(scale.region(self.axis, drawn))));
        }
        None
    }

    /// Axes, their values, and where suspects lie.
    fn frame_ui(&self, ui: &Ui, scale: &Scale, thresholds: &Thresholds, by: &str) {
        let palette = palette(ui);
        let painter = ui.painter();
        let plot = scale.plot.expand(EDGE);
        painter.rect_filled(plot, CornerRadius::same(3), palette.canvas);
        if let Some(limit) = self.axis.limit(thresholds) {
            let suspects = Rect::from_two_pos(plot.left_top(), scale.at(limit, thresholds.accuracy));
            painter.rect_filled(suspects, CornerRadius::same(3), palette.canvas.lerp_to_gamma(palette.warn, 0.10));
            let corner = suspects.left_bottom() + vec2(EDGE + 6.0, -4.0);
            painter.text(corner, Align2::LEFT_BOTTOM, "suspect", theme::plain(size::SMALL), palette.warn);
        }
        let grid = Stroke::new(1.0, palette.line);
        let font = theme::plain(size::SMALL);
        for i in 0..=2 {
            let share = f64::from(i) / 2.0;
            let value = scale.ends.0 + share * (scale.ends.1 - scale.ends.0);
            let (x, y) = (scale.at(value, 0.0).x, scale.at(0.0, share).y);
            painter.vline(x, plot.y_range(), grid);
            painter.hline(plot.x_range(), y, grid);
            let value = self.axis.text(value);
            painter.text(pos2(x, plot.bottom() + 5.0), Align2::CENTER_TOP, value, font.clone(), palette.weak);
            let share = format::percent(Some(share));
            painter.text(pos2(plot.left() - 6.0, y), Align2::RIGHT_CENTER, share, font.clone(), palette.weak);
        }
        let quarter = scale.plot.left() + 0.75 * scale.plot.width();
        let title = self.axis.title();
        painter.text(pos2(quarter, plot.bottom() + 5.0), Align2::CENTER_TOP, title, font.clone(), palette.text);
        let up = pos2(plot.left() + EDGE + 6.0, plot.bottom() - EDGE - 4.0);
        painter.text(up, Align2::LEFT_BOTTOM, format!("{by} upwards"), font, palette.weak);
    }
}

fn frame_region(ui: &Ui, rect: Rect) {
    let palette = palette(ui);
    let corner = CornerRadius::same(2);
    ui.painter().rect_filled(rect, corner, palette.accent.gamma_multiply(0.12));
    ui.painter().rect_stroke(rect, corner, Stroke::new(1.0, palette.accent), StrokeKind::Middle);
}

/// The class whose point is nearest, within reach.
fn nearest(axis: Axis, scale: &Scale, rows: &[ClassRow], at: Pos2) -> Option<usize> {
    let distance = |row: &ClassRow| Some(scale.at(axis.value(row)?, height(row)?).distance(at));
    let reachable = rows.iter().enumerate().filter_map(|(i, row)| Some((i, distance(row)?)));
    reachable.filter(|(_, d)| *d <= REACH).min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(i, _)| i)
}

fn points_ui(ui: &Ui, axis: Axis, scale: &Scale, points: &Points<'_>, near: Option<usize>) {
    let palette = palette(ui);
    let painter = ui.painter();
    let listed: std::collections::BTreeSet<&str> = points.listed.iter().map(|row| row.class.as_str()).collect();
    let mut named = Vec::new();
    let mut has_rings = false;
    for (i, row) in points.rows.iter().enumerate() {
        let (Some(x), Some(y)) = (axis.value(row), height(row)) else { continue };
        let at = scale.at(x, y);
        let is_listed = listed.contains(row.class.as_str());
        let chosen = points.selected == Some(row.class.as_str());
        let found = findings(row, points.thresholds);
        let color = point_color(palette, &found, is_listed);
        let radius = if chosen { 5.5 } else { 4.0 };
        if found.contains(&Finding::NoObject) {
            painter.circle_stroke(at, radius, Stroke::new(1.5, color));
            has_rings |= is_listed;
        } else {
            painter.circle_filled(at, radius, color);
        }
        if chosen || near == Some(i) {
            painter.circle_stroke(at, 8.0, Stroke::new(1.5, palette.strong));
        }
        let rank = (near != Some(i), !chosen);
        if near == Some(i) || chosen || (is_listed && listed.len() <= MAX_NAMED) {
            named.push((rank, at, without_wordnet_id(&row.class)));
        }
    }
    named.sort_by_key(|(rank, ..)| *rank);
    let dots = points.rows.iter().filter_map(|row| Some(scale.at(axis.value(row)?, height(row)?)));
    let dots = dots.map(|at| Rect::from_center_size(at, vec2(9.0, 9.0))).collect();
    names_ui(ui, scale.plot.expand(EDGE), &named, dots);
    if has_rings {
        ring_legend_ui(ui, scale.plot.expand(EDGE));
    }
}

/// Says what rings stand for: however low their fit is, it is that of a few photos.
fn ring_legend_ui(ui: &Ui, plot: Rect) {
    let palette = palette(ui);
    let corner = plot.right_bottom() - vec2(EDGE, EDGE + 4.0);
    let text = ui.painter().text(
        corner,
        Align2::RIGHT_BOTTOM,
        "few images have a region",
        theme::plain(size::SMALL),
        palette.weak,
    );
    ui.painter().circle_stroke(text.left_center() - vec2(10.0, 0.0), 4.0, Stroke::new(1.5, palette.accent));
}

fn point_color(palette: &Palette, found: &[Finding], listed: bool) -> Color32 {
    match (listed, found.contains(&Finding::Suspect)) {
        (false, _) => palette.line,
        (true, true) => palette.warn,
        (true, false) => palette.accent,
    }
}

/// Writes names beside their points, those that matter most first, and leaves out those that would cover another one or a
/// point (`taken`).
fn names_ui(ui: &Ui, plot: Rect, named: &[((bool, bool), Pos2, &str)], mut taken: Vec<Rect>) {
    let palette = palette(ui);
    let painter = ui.painter();
    for ((far, unchosen), at, name) in named {
        let color = if *far && *unchosen { palette.weak } else { palette.strong };
        let galley = painter.layout_no_wrap(format::name(name), theme::plain(size::SMALL), color);
        let away = if *unchosen { 9.0 } else { 12.0 };
        let beside = |anchor: Align2, shift: f32| anchor.anchor_size(*at + vec2(shift, 0.0), galley.size());
        let below = Align2::CENTER_TOP.anchor_size(*at + vec2(0.0, 6.0), galley.size());
        let places = [beside(Align2::LEFT_CENTER, away), beside(Align2::RIGHT_CENTER, -away), below];
        let free = |rect: &Rect| plot.contains_rect(*rect) && !taken.iter().any(|other| other.intersects(*rect));
        if let Some(rect) = places.into_iter().find(free) {
            painter.galley(rect.min, galley, color);
            taken.push(rect);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_lies_in_the_region_that_is_drawn_around_it() {
        let scale = Scale { plot: Rect::from_min_size(pos2(10.0, 10.0), vec2(200.0, 100.0)), ends: (0.0, 2.0) };
        let at = scale.at(1.5, 0.25);
        assert_eq!(at, pos2(160.0, 85.0));
        let region = scale.region(Axis::Lift, Rect::from_center_size(at, vec2(10.0, 10.0)));
        assert!(region.x.0 < 1.5 && 1.5 < region.x.1 && region.y.0 < 0.25 && 0.25 < region.y.1, "{region:?}");
        assert!(scale.rect(&region).contains(at));
    }
}
