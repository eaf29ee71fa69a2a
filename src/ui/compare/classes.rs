//! The table of classes by their difference.

use eframe::egui::accesskit::Role;
use eframe::egui::{Align, Color32, Label, Layout, Rect, RichText, Sense, Ui, UiBuilder, WidgetInfo, vec2};
use egui_extras::{Column, TableBuilder};

use super::{CompareCommand, Shown};
use crate::dataset::without_wordnet_id;
use crate::report::points;
use crate::summary::{ClassDifference, DifferenceColumn, Paired};
use crate::ui::theme::{self, palette, size, space};
use crate::ui::{format, widgets};

/// What a column shows.
#[derive(Clone, Copy)]
enum Cell {
    Class,
    Common,
    Both,
    OnlyFirst,
    OnlySecond,
    FitFirst,
    FitSecond,
    Fit,
    Interval,
    AccuracyFirst,
    Accuracy,
}

/// A column: its title, what a click on that sorts by, its width in points (`None` takes what is left), its cells.
struct Head(&'static str, Option<DifferenceColumn>, Option<f32>, Cell);

const RUNS: [Head; 8] = [
    Head("Class", Some(DifferenceColumn::Class), None, Cell::Class),
    Head("n", Some(DifferenceColumn::Common), Some(30.0), Cell::Common),
    Head("Fit A", None, Some(44.0), Cell::FitFirst),
    Head("Fit B", None, Some(44.0), Cell::FitSecond),
    Head("B − A", Some(DifferenceColumn::Fit), Some(48.0), Cell::Fit),
    Head("95 % interval", None, Some(96.0), Cell::Interval),
    Head("Acc. A", None, Some(46.0), Cell::AccuracyFirst),
    Head("B − A", Some(DifferenceColumn::Accuracy), Some(48.0), Cell::Accuracy),
];

/// The accuracy does not depend on regions, but which photos have a fit does.
const REGIONS: [Head; 8] = [
    Head("Class", Some(DifferenceColumn::Class), None, Cell::Class),
    Head("Both", Some(DifferenceColumn::FitBoth), Some(36.0), Cell::Both),
    Head("Only A", Some(DifferenceColumn::FitOnlyFirst), Some(44.0), Cell::OnlyFirst),
    Head("Only B", Some(DifferenceColumn::FitOnlySecond), Some(44.0), Cell::OnlySecond),
    Head("Fit A", None, Some(44.0), Cell::FitFirst),
    Head("Fit B", None, Some(44.0), Cell::FitSecond),
    Head("B − A", Some(DifferenceColumn::Fit), Some(48.0), Cell::Fit),
    Head("95 % interval", None, Some(96.0), Cell::Interval),
];

/// Draws the table.
pub(super) fn ui(ui: &mut Ui, shown: &mut Shown) -> Option<CompareCommand> {
    let mut chosen = None;
    let mut sorted = None;
    widgets::header(
        ui,
        |ui| {
            widgets::title(ui, "Classes");
            widgets::caption(ui, "B − A in percentage points; clear differences in colour");
        },
        |_| {},
    );
    ui.spacing_mut().item_spacing = vec2(6.0, 0.0);
    let inside = ui.available_rect_before_wrap();
    let inside = Rect::from_min_max(inside.min, inside.max - vec2(space::GROUP, 0.0));
    let mut ui = ui.new_child(UiBuilder::new().max_rect(inside));
    let mut table = TableBuilder::new(&mut ui)
        .id_salt("differences")
        .sense(Sense::click())
        .auto_shrink(false)
        .cell_layout(Layout::right_to_left(Align::Center));
    let columns = if shown.runs.is_one_run() { &REGIONS } else { &RUNS };
    for Head(_, _, width, _) in columns {
        table = table.column(match *width {
            None => Column::remainder().at_least(70.0).clip(true),
            Some(width) => Column::exact(width),
        });
    }
    let (rows, total) = (&shown.rows, &shown.runs.comparison.total);
    let order = (shown.sort, shown.descending);
    let head = table.header(30.0, |mut header| {
        for Head(title, sort, _, _) in columns {
            header.col(|ui| sorted = sorted.or(head_ui(ui, title, *sort, order)));
        }
    });
    head.body(|body| {
        body.rows(space::ROW, rows.len() + 1, |mut table_row| {
            let row = rows.get(table_row.index()).unwrap_or(total);
            let is_total = table_row.index() == rows.len();
            table_row.set_selected(!is_total && shown.class.as_ref() == Some(&row.class));
            for Head(_, _, _, cell) in columns {
                table_row.col(|ui| cell_ui(ui, *cell, row, is_total));
            }
            if table_row.response().clicked() && !is_total {
                chosen = Some(CompareCommand::Class(row.class.clone()));
            }
        });
    });
    if let Some(column) = sorted {
        shown.descending = shown.sort == column && !shown.descending;
        shown.sort = column;
    }
    chosen
}

/// The column to sort by if the heading was clicked.
fn head_ui(
    ui: &mut Ui,
    title: &str,
    sort: Option<DifferenceColumn>,
    (sorted, descending): (DifferenceColumn, bool),
) -> Option<DifferenceColumn> {
    let palette = palette(ui);
    let is_sorted = sort == Some(sorted);
    let color = if is_sorted { palette.accent } else { palette.weak };
    let layout =
        if title == "Class" { Layout::left_to_right(Align::Center) } else { Layout::right_to_left(Align::Center) };
    let response = ui
        .with_layout(layout, |ui| {
            if title == "Class" {
                ui.add_space(12.0);
            }
            let text = RichText::new(title).font(theme::strong(size::SMALL)).color(color);
            ui.add(Label::new(text).sense(Sense::click()).selectable(false))
        })
        .inner;
    let sort = sort?;
    let name = match sort {
        DifferenceColumn::Class => "class",
        DifferenceColumn::Common => "number of photos",
        DifferenceColumn::Fit => "difference of fit",
        DifferenceColumn::Accuracy => "difference of accuracy",
        DifferenceColumn::FitBoth => "number of photos with a fit in both",
        DifferenceColumn::FitOnlyFirst => "number of photos with a fit in A only",
        DifferenceColumn::FitOnlySecond => "number of photos with a fit in B only",
    };
    let label = format!("Sort by {name}");
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, &label));
    let order = if is_sorted && descending { ", highest first" } else { "" };
    let clicked = response.clicked();
    response.on_hover_text(format!("{label}{order}"));
    clicked.then_some(sort)
}

fn cell_ui(ui: &mut Ui, cell: Cell, row: &ClassDifference, is_total: bool) {
    let palette = palette(ui);
    let plain = if is_total { palette.strong } else { palette.text };
    let clear = |paired: &Paired| match paired.difference {
        Some(difference) if paired.is_clear() => {
            if difference > 0.0 {
                palette.good
            } else {
                palette.bad
            }
        }
        _ => palette.weak,
    };
    let mut number = |text: String, color: Color32| {
        ui.add(Label::new(RichText::new(text).color(color)).selectable(false));
    };
    let difference = |paired: &Paired| paired.difference.map_or("–".to_owned(), points);
    match cell {
        Cell::Class => {
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add_space(12.0);
                let name = if is_total { "All classes" } else { without_wordnet_id(&row.class) };
                ui.add(Label::new(RichText::new(name).color(palette.strong)).selectable(false).truncate());
            });
        }
        Cell::Common => number(format::count(row.common), palette.weak),
        Cell::Both => number(format::count(row.fit.n), palette.weak),
        Cell::OnlyFirst => number(format::count(row.fit.only_first), palette.weak),
        Cell::OnlySecond => number(format::count(row.fit.only_second), palette.weak),
        Cell::FitFirst => number(format::percent(row.fit.first), plain),
        Cell::FitSecond => number(format::percent(row.fit.second), plain),
        Cell::Fit => number(difference(&row.fit), clear(&row.fit)),
        Cell::Interval => {
            let interval = |(low, high)| format!("{} to {}", points(low), points(high));
            number(row.fit.ci.map_or("–".to_owned(), interval), clear(&row.fit));
        }
        Cell::AccuracyFirst => number(format::percent(row.accuracy.first), plain),
        Cell::Accuracy => number(difference(&row.accuracy), clear(&row.accuracy)),
    }
}
