//! The class table: which class?
//!
//! Comes in: class rows. Goes out: the class that was chosen. May not live here: what the numbers mean (see
//! [`crate::summary`]), images.

mod arrangement;
mod cells;
mod columns;
mod filters;
mod heads;
mod measure;
mod memory;
mod scatter;

use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{
    Align, Button, CursorIcon, Frame, Label, Layout, Panel, PopupCloseBehavior, Rect, RichText, Sense, TextEdit, Ui,
    UiBuilder, WidgetInfo, vec2,
};
use egui_extras::{Column, TableBuilder, TableRow};

use super::command::Command;
use super::theme::{palette, size, space};
use super::verdicts::Verdicts;
use super::{format, widgets};
use crate::inquiry::Found;
use crate::measure::MeasureChoice;
use crate::summary::{ChosenMeans, ClassColumn, ClassRow, FitSources, SortKey, Thresholds, add_verdicts, sort_rows_by};
use arrangement::{Arrangement, GAP};
use cells::cell_ui;
use columns::{Kind, spec};
use filters::{ClassFilter, Counts, Filters};
use heads::{Done, Head, Stand, drag_ui, head_ui};
pub(crate) use measure::Measuring;
pub(crate) use memory::TableMemory;
use scatter::{Picked, Points, Region, Scatter};

/// The sort goes by at most this many columns.
const MAX_KEYS: usize = 3;

/// View state of the table.
#[derive(Debug)]
pub(crate) struct ClassTable {
    /// What the rows are sorted by; at least one key.
    keys: Vec<SortKey>,
    columns: Arrangement,
    /// Shown beside the fit, unless it is the fit.
    measure: MeasureChoice,
    /// Part of the names to show.
    text: String,
    filters: Filters,
    /// The part of the plot to show.
    region: Option<Region>,
    scatter: Scatter,
    listed: Listed,
    /// The row that the keyboard moved to.
    scroll_to: Option<usize>,
}

/// What the list of rows depends on, besides the rows.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    keys: Vec<SortKey>,
    text: String,
    filter: ClassFilter,
    thresholds: Thresholds,
    region: Option<Region>,
    measure: MeasureChoice,
    measure_below: Option<f64>,
    /// Of the verdicts.
    generation: u64,
}

/// What is known of the classes besides their rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Besides<'a> {
    /// Of the measure that was chosen, or of one that was chosen before.
    pub(crate) means: Option<&'a Arc<ChosenMeans>>,
    /// What checks found.
    pub(crate) found: &'a Arc<Found>,
}

/// The rows in the order and choice of the table, and what they were made from.
#[derive(Debug, Default)]
struct Listed {
    rows: Arc<[ClassRow]>,
    /// Which of them are suspect.
    suspects: Arc<[bool]>,
    all: Arc<[ClassRow]>,
    /// All rows with the chosen measure, as the plot shows them.
    plotted: Arc<[ClassRow]>,
    means: Option<Arc<ChosenMeans>>,
    found: Arc<Found>,
    wanted: Option<Wanted>,
    counts: Counts,
    /// Whether fits are of regions from several sources.
    is_mixed: bool,
}

impl Default for ClassTable {
    fn default() -> Self {
        Self {
            keys: vec![SortKey { column: ClassColumn::Fit, descending: false }],
            columns: Arrangement::default(),
            measure: MeasureChoice::default(),
            text: String::new(),
            filters: Filters::default(),
            region: None,
            scatter: Scatter::default(),
            listed: Listed::default(),
            scroll_to: None,
        }
    }
}

impl ClassTable {
    /// Sorts and filters if the rows, the verdicts, what is known besides or the wishes have changed; call outside of drawing.
    pub(crate) fn refresh(&mut self, all: &Arc<[ClassRow]>, besides: Besides<'_>, verdicts: &Verdicts) {
        let found = besides.found;
        let means = besides.means.filter(|means| means.choice() == self.measure);
        let wanted = Wanted {
            keys: self.keys.clone(),
            text: format::name(self.text.trim()).to_lowercase(),
            filter: self.filters.chosen,
            thresholds: self.filters.thresholds,
            region: self.region,
            measure: self.measure,
            measure_below: self.filters.measure_below,
            generation: verdicts.generation(),
        };
        let are_same = match (&self.listed.means, means) {
            (Some(had), Some(new)) => Arc::ptr_eq(had, new),
            (had, new) => had.is_none() && new.is_none(),
        } && Arc::ptr_eq(&self.listed.found, found);
        if self.listed.wanted.as_ref() == Some(&wanted) && Arc::ptr_eq(&self.listed.all, all) && are_same {
            return;
        }
        let lines = &wanted.thresholds;
        let mut rows = all.to_vec();
        add_verdicts(&mut rows, verdicts.all());
        if let Some(means) = means {
            means.add_to(&mut rows);
        }
        found.add_support(&mut rows);
        let plotted = rows.clone().into();
        let counts = Counts::of(&rows, lines, wanted.measure_below);
        let is_mixed = rows.iter().fold(FitSources::default(), |sum, row| sum.plus(&row.sources)).is_mixed();
        rows.retain(|row| {
            wanted.filter.passes(row, lines)
                && filters::is_below(row, wanted.measure_below)
                && format::name(&row.class).to_lowercase().contains(&wanted.text)
                && wanted.region.is_none_or(|region| region.contains(row))
        });
        sort_rows_by(&mut rows, &wanted.keys);
        let suspects = rows.iter().map(|row| ClassFilter::Suspect.passes(row, lines)).collect();
        let (all, means, found) = (Arc::clone(all), means.cloned(), Arc::clone(found));
        let (rows, wanted) = (rows.into(), Some(wanted));
        self.listed = Listed { rows, suspects, all, plotted, means, found, wanted, counts, is_mixed };
    }

    /// As [`ClassTable::refresh`], when only verdicts have changed.
    pub(crate) fn refresh_verdicts(&mut self, verdicts: &Verdicts) {
        let (all, found) = (Arc::clone(&self.listed.all), Arc::clone(&self.listed.found));
        let means = self.listed.means.clone();
        self.refresh(&all, Besides { means: means.as_ref(), found: &found }, verdicts);
    }

    /// The rows as they are listed.
    pub(crate) fn rows(&self) -> &[ClassRow] {
        &self.listed.rows
    }

    /// Where a class becomes suspect.
    pub(crate) fn thresholds(&self) -> &Thresholds {
        &self.filters.thresholds
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

    /// The listed class without a verdict that has the lowest fit, another one than `but`; those without a fit come last.
    pub(crate) fn next_open(&mut self, but: Option<&str>) -> Option<&str> {
        let open = |row: &ClassRow| row.judgement.is_none() && Some(row.class.as_str()) != but;
        let fit = |at: &usize| self.listed.rows[*at].mean_fit.unwrap_or(f64::INFINITY);
        let open = (0..self.listed.rows.len()).filter(|at| open(&self.listed.rows[*at]));
        let at = open.min_by(|a, b| fit(a).total_cmp(&fit(b)))?;
        self.scroll_to = Some(at);
        Some(&self.listed.rows[at].class)
    }

    /// How many of the listed classes have no verdict yet, as a bar; a click goes to the next of them.
    fn queue_ui(&self, ui: &mut Ui) -> Option<Command> {
        let (n, left) = (self.listed.rows.len(), self.listed.rows.iter().filter(|r| r.judgement.is_none()).count());
        let mut command = None;
        ui.horizontal(|ui| {
            ui.add_space(12.0);
            let (rect, response) = ui.allocate_exact_size(vec2(90.0, 6.0), Sense::hover());
            let share = 1.0 - left as f64 / n.max(1) as f64;
            response.widget_info(|| WidgetInfo {
                value: Some(share),
                ..WidgetInfo::labeled(Role::ProgressIndicator, true, "Classes with a verdict")
            });
            widgets::share_bar(ui, rect, share, None, palette(ui).good);
            widgets::caption(ui, format!("{} of {} left", format::count(left), format::counted(n, "class", "classes")));
            let hint = "The listed class without a verdict that has the lowest fit (N)";
            let next = Button::new(RichText::new("Next without verdict").size(size::SMALL)).small();
            if ui.add_enabled(left > 0, next).on_hover_text(hint).clicked() {
                command = Some(Command::NextOpenClass);
            }
        });
        command
    }

    /// Draws the table.
    pub(crate) fn ui(
        &mut self,
        ui: &mut Ui,
        total: Option<&ClassRow>,
        selected: Option<&str>,
        measuring: &Measuring,
    ) -> Option<Command> {
        let (all, listed) = (self.listed.all.len(), self.listed.rows.len());
        widgets::header(
            ui,
            |ui| {
                widgets::title(ui, "Classes");
                let count = if listed == all {
                    format::count(all)
                } else {
                    format!("{} of {}", format::count(listed), format::count(all))
                };
                widgets::caption(ui, count);
            },
            |ui| {
                self.search_ui(ui);
                self.columns_ui(ui);
                self.measure_ui(ui);
            },
        );
        if self.filters.ui(ui, &self.listed.counts, self.region.is_some(), self.measure) {
            self.region = None;
        }
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
            total_ui(ui, total, self.listed.means.as_deref());
        }
        let mut next = self.queue_ui(ui);
        if *measuring != Measuring::Idle {
            next = self.measuring_ui(ui, measuring).or(next);
        }
        self.table_ui(ui, selected).or(picked).or(next)
    }

    /// The plot under the table, where there is room for both.
    fn plot_ui(&mut self, ui: &mut Ui, selected: Option<&str>) -> Option<Command> {
        let room = ui.available_height();
        if room < MIN_ROOM {
            return None;
        }
        let panel = Panel::bottom("plot").frame(Frame::new()).resizable(true).default_size(room * 0.4);
        let points = Points {
            rows: &self.listed.plotted,
            measure: self.measure,
            listed: &self.listed.rows,
            selected,
            thresholds: &self.filters.thresholds,
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

    /// The menu that shows, hides and moves columns.
    fn columns_ui(&mut self, ui: &mut Ui) {
        let text = RichText::new("Columns").size(size::SMALL + 0.5).color(palette(ui).weak);
        let behaviour = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let button = MenuButton::from_button(Button::new(text).frame_when_inactive(false)).config(behaviour);
        let (columns, has_measure) = (&mut self.columns, !self.measure.is_fit());
        let (response, _) = button.ui(ui, |ui| {
            widgets::caption(ui, "Dragging a heading moves its column, dragging an edge resizes it.");
            let mut shift = None;
            for place in 0..columns.columns().len() {
                let placed = columns.columns()[place];
                if placed.spec.kind == Kind::MeasureBar && !has_measure {
                    continue;
                }
                let (mut shown, fixed) = (placed.shown, placed.spec.expendable == 0);
                ui.horizontal(|ui| {
                    for (icon, to, side) in [
                        (widgets::Icon::Up, place.checked_sub(1), "left"),
                        (widgets::Icon::Down, Some(place + 1).filter(|to| *to < columns.columns().len()), "right"),
                    ] {
                        let label = format!("Move {} to the {side}", placed.spec.name);
                        if widgets::icon_button(ui, icon, &label, to.is_some()).clicked() {
                            shift = to.map(|to| (place, to));
                        }
                    }
                    let box_ = eframe::egui::Checkbox::new(&mut shown, format!("Column {}", placed.spec.name));
                    if ui.add_enabled(!fixed, box_).on_hover_text(placed.spec.meaning).changed() {
                        columns.toggle(place);
                    }
                });
            }
            if let Some((from, to)) = shift {
                columns.shift(from, to);
            }
            if ui.button("Usual columns").clicked() {
                *columns = Arrangement::default();
            }
        });
        response.on_hover_text("Which columns are shown, and in which order");
    }

    fn table_ui(&mut self, ui: &mut Ui, selected: Option<&str>) -> Option<Command> {
        let (rows, suspects) = (Arc::clone(&self.listed.rows), Arc::clone(&self.listed.suspects));
        let is_wanted = |kind| match kind {
            Kind::MeasureBar => !self.measure.is_fit(),
            Kind::Sources => self.listed.is_mixed,
            _ => true,
        };
        let places = self.columns.fitting(ui.available_width() - SCROLL_BAR - 8.0, is_wanted);
        let mut chosen = None;
        ui.spacing_mut().item_spacing = vec2(GAP, 0.0);
        let inside = ui.available_rect_before_wrap();
        let inside = Rect::from_min_max(inside.min, inside.max - vec2(SCROLL_BAR, 0.0));
        let mut ui = ui.new_child(UiBuilder::new().max_rect(inside));
        let columns: Vec<_> = places.iter().map(|place| (*place, self.columns.columns()[*place])).collect();
        let mut table = TableBuilder::new(&mut ui)
            .id_salt("classes")
            .sense(Sense::click())
            .auto_shrink(false)
            .min_scrolled_height(0.0)
            .cell_layout(Layout::left_to_right(Align::Center));
        for (_, placed) in &columns {
            table = table.column(if placed.spec.kind == Kind::Name {
                Column::remainder().at_least(placed.spec.width).clip(true)
            } else {
                Column::exact(placed.width()).clip(true)
            });
        }
        if let Some(row) = self.scroll_to.take() {
            table = table.scroll_to_row(row, None).animate_scrolling(false);
        }
        let (mut done, lines) = (None, self.filters.thresholds);
        let header = |mut header: TableRow<'_, '_>| done = heads_ui(&mut header, &columns, &self.keys, self.measure);
        table.header(30.0, header).body(|body| {
            body.rows(space::ROW, rows.len(), |mut table_row| {
                let row = &rows[table_row.index()];
                let suspect = suspects[table_row.index()];
                table_row.set_selected(selected == Some(row.class.as_str()));
                for (_, placed) in &columns {
                    table_row.col(|ui| cell_ui(ui, placed.spec, row, suspect.then_some(&lines)));
                }
                let response = table_row.response();
                if response.clicked() {
                    chosen = Some(Command::SelectClass(row.class.clone()));
                }
                response.on_hover_cursor(CursorIcon::PointingHand);
            });
        });
        match done {
            Some(Done::Sort { column, also }) => self.sort(column, also),
            Some(Done::Shift { from, to }) => self.columns.shift(from, to),
            Some(Done::Resize { place, width }) => self.columns.resize(place, width),
            None => {}
        }
        chosen
    }

    /// Sorts by a column, or also by it where the columns before it leave rows equal; once more turns its order round.
    fn sort(&mut self, column: ClassColumn, also: bool) {
        let known = self.keys.iter().position(|key| key.column == column);
        match known {
            Some(at) if also || self.keys.len() == 1 => self.keys[at].descending ^= true,
            _ => {
                let descending = spec(column).is_some_and(|spec| spec.largest_first);
                if !also {
                    self.keys.clear();
                }
                self.keys.truncate(MAX_KEYS - 1);
                self.keys.push(SortKey { column, descending });
            }
        }
    }
}

/// All headings; what was done with one of them.
fn heads_ui(
    row: &mut TableRow<'_, '_>,
    columns: &[(usize, arrangement::Placed)],
    keys: &[SortKey],
    measure: MeasureChoice,
) -> Option<Done> {
    let name = columns.iter().position(|(_, placed)| placed.spec.kind == Kind::Name).unwrap_or(0);
    let mut heads: Vec<Head> = Vec::new();
    let mut done = None;
    let last = columns.len().saturating_sub(1);
    for (i, (place, placed)) in columns.iter().enumerate() {
        row.col(|ui| {
            let stand = Stand { place: *place, placed, before_name: i < name, measure };
            let (head, by_head) = head_ui(ui, stand, keys);
            heads.push(head);
            done = done.or(by_head);
            if i == last {
                done = done.or_else(|| drag_ui(ui, &heads));
            }
        });
    }
    done
}

/// Height from which on there is room for the plot.
const MIN_ROOM: f32 = 420.0;

/// Room for the scroll bar at the right of the table.
const SCROLL_BAR: f32 = 12.0;

/// One line over the whole data set.
fn total_ui(ui: &mut Ui, total: &ClassRow, means: Option<&ChosenMeans>) {
    ui.horizontal(|ui| {
        ui.add_space(12.0);
        let measure = means.map(|means| format!(", {} {}", means.choice().title(), means.total().text()));
        let text = format!(
            "All images: fit {}, lift {}, accuracy {}, coverage {}{}",
            format::percent(total.mean_fit),
            format::factor(total.mean_lift),
            format::percent(total.accuracy),
            format::percent(total.coverage),
            measure.unwrap_or_default(),
        );
        let color = palette(ui).weak;
        ui.add(Label::new(RichText::new(&text).size(size::SMALL).color(color)).truncate()).on_hover_text(&text);
    });
}
