//! The class table: which class?
//!
//! Comes in: class rows. Goes out: the class that was chosen. May not live here: what the numbers mean (see
//! [`crate::summary`]), images.

mod columns;
mod scatter;

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align, Align2, CursorIcon, Frame, Layout, Panel, Rect, Sense, Shape, TextEdit, Ui, UiBuilder, WidgetInfo, pos2,
    vec2,
};
use egui_extras::{Column, TableBuilder, TableRow};

use super::command::Command;
use super::theme::{self, palette, size, space};
use super::verdicts::Verdicts;
use super::{format, widgets};
use crate::summary::{ClassColumn, ClassRow, Finding, Thresholds, findings, sort_rows};
use crate::verdict::Subject;
use columns::{COLUMNS, Shown, cell_ui, fitting_columns};
use scatter::{Picked, Points, Region, Scatter};

/// Which classes the table shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClassFilter {
    /// All of them.
    #[default]
    All,
    /// Those with a finding.
    With(Finding),
}

/// View state of the table.
#[derive(Debug)]
pub(crate) struct ClassTable {
    /// Column that the rows are sorted by.
    pub(crate) sort: ClassColumn,
    /// Whether the largest comes first.
    pub(crate) descending: bool,
    /// Part of the names to show.
    pub(crate) text: String,
    /// Which classes to show.
    pub(crate) filter: ClassFilter,
    /// The part of the plot to show.
    region: Option<Region>,
    scatter: Scatter,
    thresholds: Thresholds,
    listed: Listed,
    /// The row that the keyboard moved to.
    scroll_to: Option<usize>,
}

/// The rows in the order and choice of the table, and what they were made from.
#[derive(Debug, Default)]
struct Listed {
    rows: Arc<[ClassRow]>,
    /// Which of them are suspect.
    suspects: Arc<[bool]>,
    all: Arc<[ClassRow]>,
    wanted: Option<(ClassColumn, bool, String, ClassFilter, Option<Region>)>,
    counts: [usize; 4],
}

impl Default for ClassTable {
    fn default() -> Self {
        Self {
            sort: ClassColumn::Fit,
            descending: false,
            text: String::new(),
            filter: ClassFilter::All,
            region: None,
            scatter: Scatter::default(),
            thresholds: Thresholds::default(),
            listed: Listed::default(),
            scroll_to: None,
        }
    }
}

const FILTERS: [(ClassFilter, &str, &str); 4] = [
    (ClassFilter::All, "All", ""),
    (
        ClassFilter::With(Finding::Suspect),
        "Suspect",
        "Recognised well although the saliency is elsewhere: fit or lift low, accuracy and coverage enough",
    ),
    (
        ClassFilter::With(Finding::NoObject),
        "No object",
        "Few images have a region: the class has no object, or the detector does not know it",
    ),
    (
        ClassFilter::With(Finding::LargeRegions),
        "Large regions",
        "The region covers nearly the whole view in most images, so that the fit says nothing",
    ),
];

impl ClassTable {
    /// Sorts and filters if the rows or the wishes have changed; call outside of drawing.
    pub(crate) fn refresh(&mut self, all: &Arc<[ClassRow]>) {
        let wanted = (self.sort, self.descending, self.text.trim().to_lowercase(), self.filter, self.region);
        if self.listed.wanted.as_ref() == Some(&wanted) && Arc::ptr_eq(&self.listed.all, all) {
            return;
        }
        let passes = |row: &ClassRow, filter| match filter {
            ClassFilter::All => true,
            ClassFilter::With(finding) => findings(row, &self.thresholds).contains(&finding),
        };
        let counts = FILTERS.map(|(filter, ..)| all.iter().filter(|row| passes(row, filter)).count());
        let mut rows: Vec<ClassRow> = all
            .iter()
            .filter(|row| passes(row, self.filter) && row.class.to_lowercase().contains(&wanted.2))
            .filter(|row| self.region.is_none_or(|region| region.contains(row)))
            .cloned()
            .collect();
        sort_rows(&mut rows, self.sort, self.descending);
        let suspects = rows.iter().map(|row| passes(row, ClassFilter::With(Finding::Suspect))).collect();
        self.listed = Listed { rows: rows.into(), suspects, all: Arc::clone(all), wanted: Some(wanted), counts };
    }

    /// The heading of a column, which is also its name where the sort is remembered.
    pub(crate) fn column_name(column: ClassColumn) -> &'static str {
        COLUMNS.iter().find(|shown| shown.column == column).map_or("", |shown| shown.title)
    }

    /// The column with this heading.
    pub(crate) fn column_named(name: &str) -> Option<ClassColumn> {
        COLUMNS.iter().find(|shown| shown.title == name).map(|shown| shown.column)
    }

    /// The rows as they are listed.
    pub(crate) fn rows(&self) -> &[ClassRow] {
        &self.listed.rows
    }

    /// The class `step` rows after the selected one, kept inside the table.
    pub(crate) fn step(&mut self, selected: Option<&str>, step: isize) -> Option<&str> {
        let last = self.listed.rows.len().checked_sub(1)?;
        let at = match selected.and_then(|name| self.listed.rows.iter().position(|row| row.class == name)) {
            Some(at) => at.saturating_add_signed(step).min(last),
            None => 0,
        };
        self.scroll_to = Some(at);
        Some(&self.listed.rows[at].class)
    }

    /// Draws the table.
    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        total: Option<&ClassRow>,
        selected: Option<&str>,
        verdicts: &Verdicts,
    ) -> Option<Command> {
        let all = self.listed.all.len();
        widgets::header(
            ui,
            |ui| {
                widgets::title(ui, "Classes");
                widgets::caption(ui, format::count(all));
            },
            |ui| self.search_ui(ui),
        );
        self.filters_ui(ui);
        if all == 0 {
            widgets::empty_state(ui, "No classes yet", "Classes appear here as soon as images have been analysed.");
            return None;
        }
        let picked = self.plot_ui(ui, selected);
        if self.listed.rows.is_empty() {
            widgets::empty_state(ui, "No class matches", "Clear the filter above to see all classes.");
            return picked;
        }
        if let Some(total) = total {
            total_ui(ui, total);
        }
        self.table_ui(ui, selected, verdicts).or(picked)
    }

    /// The plot under the table, where there is room for both.
    fn plot_ui(&mut self, ui: &mut Ui, selected: Option<&str>) -> Option<Command> {
        let room = ui.available_height();
        if room < MIN_ROOM {
            return None;
        }
        let panel = Panel::bottom("plot").frame(Frame::new()).resizable(true).default_size(room * 0.4);
        let points = Points {
            rows: &self.listed.all,
            listed: &self.listed.rows,
            selected,
            thresholds: &self.thresholds,
            region: self.region,
        };
        let scatter = &mut self.scatter;
        let picked = panel.size_range(140.0..=room * 0.6).show(ui, |ui| {
            ui.take_available_space();
            scatter.ui(ui, &points)
        });
        match picked.inner? {
            Picked::Class(class) => Some(Command::SelectClass(class)),
            Picked::Region(region) => {
                self.region = region;
                None
            }
        }
    }

    fn search_ui(&mut self, ui: &mut Ui) {
        let field = TextEdit::singleline(&mut self.text).hint_text("Filter by name…").desired_width(130.0);
        let response = ui.add(field);
        response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Filter classes"));
    }

    fn filters_ui(&mut self, ui: &mut Ui) {
        ui.add_space(space::NEAR);
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            ui.spacing_mut().item_spacing.x = 6.0;
            for ((filter, name, hint), n) in FILTERS.into_iter().zip(self.listed.counts) {
                // A finding that no class has is not worth a chip, unless it is what is filtered by.
                if n == 0 && filter != ClassFilter::All && filter != self.filter {
                    continue;
                }
                if widgets::chip(ui, self.filter == filter, &format!("{name} {}", format::count(n)), hint).clicked() {
                    self.filter = filter;
                }
            }
            if self.region.is_some() && widgets::chip(ui, true, "Region of the plot ×", "List all again").clicked() {
                self.region = None;
            }
        });
        ui.add_space(space::TIGHT);
    }

    fn table_ui(&mut self, ui: &mut Ui, selected: Option<&str>, verdicts: &Verdicts) -> Option<Command> {
        let (rows, suspects) = (Arc::clone(&self.listed.rows), Arc::clone(&self.listed.suspects));
        let columns = fitting_columns(ui.available_width() - SCROLL_BAR - 8.0);
        let mut chosen = None;
        ui.spacing_mut().item_spacing = vec2(6.0, 0.0);
        let inside = ui.available_rect_before_wrap();
        let inside = Rect::from_min_max(inside.min, inside.max - vec2(SCROLL_BAR, 0.0));
        let mut ui = ui.new_child(UiBuilder::new().max_rect(inside));
        let mut table = TableBuilder::new(&mut ui)
            .id_salt("classes")
            .sense(Sense::click())
            .auto_shrink(false)
            .cell_layout(Layout::left_to_right(Align::Center));
        for shown in &columns {
            table = table.column(if shown.column == ClassColumn::Class {
                Column::remainder().at_least(shown.width).clip(true)
            } else {
                Column::exact(shown.width)
            });
        }
        if let Some(row) = self.scroll_to.take() {
            table = table.scroll_to_row(row, None).animate_scrolling(false);
        }
        let header = |mut header: TableRow<'_, '_>| {
            for shown in &columns {
                header.col(|ui| self.head_ui(ui, shown));
            }
        };
        table.header(30.0, header).body(|body| {
            body.rows(space::ROW, rows.len(), |mut table_row| {
                let row = &rows[table_row.index()];
                let suspect = suspects[table_row.index()];
                let verdict = verdicts.of(&Subject::Class(row.class.clone()));
                table_row.set_selected(selected == Some(row.class.as_str()));
                for shown in &columns {
                    table_row.col(|ui| cell_ui(ui, shown.column, row, suspect, verdict));
                }
                let response = table_row.response();
                if response.clicked() {
                    chosen = Some(Command::SelectClass(row.class.clone()));
                }
                response.on_hover_cursor(CursorIcon::PointingHand);
            });
        });
        chosen
    }

    fn head_ui(&mut self, ui: &mut Ui, shown: &Shown) {
        let palette = palette(ui);
        let rect = ui.max_rect();
        let label = format!("Sort by {}", shown.title.trim_end_matches('.').to_lowercase());
        let response = ui.interact(rect, ui.scope_id().with(shown.title), Sense::click());
        let sorted = self.sort == shown.column;
        let color = match (sorted, response.hovered()) {
            (_, true) => palette.strong,
            (true, false) => palette.accent,
            (false, false) => palette.weak,
        };
        let left = shown.column == ClassColumn::Class;
        let (at, anchor) = if left {
            (rect.left_center() + vec2(12.0, 0.0), Align2::LEFT_CENTER)
        } else {
            (rect.right_center(), Align2::RIGHT_CENTER)
        };
        let text = ui.painter().text(at, anchor, shown.title, theme::strong(size::SMALL), color);
        if sorted {
            let x = if left { text.right() + 9.0 } else { text.left() - 9.0 };
            triangle(ui, pos2(x, rect.center().y), self.descending, color);
        }
        response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, &label));
        if response.clicked() {
            self.descending = if sorted { !self.descending } else { shown.starts_descending() };
            self.sort = shown.column;
        }
        response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(shown.meaning);
    }
}

fn triangle(ui: &Ui, center: eframe::egui::Pos2, down: bool, color: eframe::egui::Color32) {
    let (w, h) = (3.5, if down { -2.5 } else { 2.5 });
    let points = vec![center + vec2(-w, h), center + vec2(w, h), center + vec2(0.0, -h)];
    ui.painter().add(Shape::convex_polygon(points, color, eframe::egui::Stroke::NONE));
}

/// Height from which on there is room for the plot.
const MIN_ROOM: f32 = 420.0;

/// Room for the scroll bar at the right of the table.
const SCROLL_BAR: f32 = 12.0;

/// One line over the whole data set.
fn total_ui(ui: &mut Ui, total: &ClassRow) {
    ui.horizontal(|ui| {
        ui.add_space(12.0);
        let text = format!(
            "All images: fit {}, lift {}, accuracy {}, coverage {}",
            format::percent(total.mean_fit),
            format::factor(total.mean_lift),
            format::percent(total.accuracy),
            format::percent(total.coverage),
        );
        widgets::caption(ui, text);
    });
}
