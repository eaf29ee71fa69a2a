//! The table of classes by their difference.

use eframe::egui::accesskit::Role;
use eframe::egui::{Align, Color32, Label, Layout, Rect, RichText, Sense, Ui, UiBuilder, WidgetInfo, vec2};
use egui_extras::{Column, TableBuilder};

use super::{CompareCommand, Shown};
use crate::report::points;
use crate::summary::{ClassDifference, DifferenceColumn, Paired};
use crate::ui::theme::{self, palette, size, space};
use crate::ui::{format, widgets};

/// Title, what a click sorts by, and width in points; `None` takes what is left.
const COLUMNS: [(&str, Option<DifferenceColumn>, Option<f32>); 8] = [
    ("Class", Some(DifferenceColumn::Class), None),
    ("n", Some(DifferenceColumn::Common), Some(30.0)),
    ("Fit A", None, Some(44.0)),
    ("Fit B", None, Some(44.0)),
    ("B − A", Some(DifferenceColumn::Fit), Some(48.0)),
    ("95 % interval", None, Some(96.0)),
    ("Acc. A", None, Some(46.0)),
    ("B − A", Some(DifferenceColumn::Accuracy), Some(48.0)),
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
    for (_, _, width) in COLUMNS {
        table = table.column(match width {
            None => Column::remainder().at_least(70.0).clip(true),
            Some(width) => Column::exact(width),
        });
    }
    let (rows, total) = (&shown.rows, &shown.runs.comparison.total);
    let order = (shown.sort, shown.descending);
    let head = table.header(30.0, |mut header| {
        for (title, sort, _) in COLUMNS {
            header.col(|ui| sorted = sorted.or(head_ui(ui, title, sort, order)));
        }
    });
    head.body(|body| {
        body.rows(space::ROW, rows.len() + 1, |mut table_row| {
            let row = rows.get(table_row.index()).unwrap_or(total);
            let is_total = table_row.index() == rows.len();
            table_row.set_selected(!is_total && shown.class.as_ref() == Some(&row.class));
            for place in 0..COLUMNS.len() {
                table_row.col(|ui| cell_ui(ui, place, row, is_total));
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
    };
    let label = format!("Sort by {name}");
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, &label));
    let order = if is_sorted && descending { ", highest first" } else { "" };
    let clicked = response.clicked();
    response.on_hover_text(format!("{label}{order}"));
    clicked.then_some(sort)
}

fn cell_ui(ui: &mut Ui, place: usize, row: &ClassDifference, is_total: bool) {
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
    match place {
        0 => {
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add_space(12.0);
                let name = if is_total { "All classes" } else { format::without_id(&row.class) };
                ui.add(Label::new(RichText::new(name).color(palette.strong)).selectable(false).truncate());
            });
        }
        1 => number(format::count(row.common), palette.weak),
        2 => number(format::percent(row.fit.first), plain),
        3 => number(format::percent(row.fit.second), plain),
        4 => number(difference(&row.fit), clear(&row.fit)),
        5 => {
            let interval = |(low, high)| format!("{} to {}", points(low), points(high));
            number(row.fit.ci.map_or("–".to_owned(), interval), clear(&row.fit));
        }
        6 => number(format::percent(row.accuracy.first), plain),
        _ => number(difference(&row.accuracy), clear(&row.accuracy)),
    }
}
