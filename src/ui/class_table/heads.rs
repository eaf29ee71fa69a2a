//! The headings of the class table: sorted by a click, moved and resized by dragging.
//!
//! Comes in: the columns and the sort. Goes out: what was done with a heading. May not live here: doing it.

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align2, Color32, CursorIcon, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::arrangement::{GAP, Placed};
use super::columns::{Kind, Spec};
use crate::measure::MeasureChoice;
use crate::summary::{ClassColumn, SortKey};
use crate::ui::theme::{self, palette, size};

/// What was done with a heading; places are those of the arrangement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Done {
    /// Sort by a column, or with `also` by what the table is sorted by and then by it.
    Sort { column: ClassColumn, also: bool },
    /// Move a column to the place of another one.
    Shift { from: usize, to: usize },
    /// Make a column this wide, in points.
    Resize { place: usize, width: f32 },
}

/// A heading as it was drawn.
pub(super) struct Head {
    place: usize,
    rect: Rect,
    response: Response,
}

/// Where a heading stands.
#[derive(Clone, Copy)]
pub(super) struct Stand<'a> {
    /// Its place in the arrangement.
    pub(super) place: usize,
    pub(super) placed: &'a Placed,
    /// Whether it is left of the name, which takes what the other columns leave.
    pub(super) before_name: bool,
    /// The measure that was chosen.
    pub(super) measure: MeasureChoice,
}

impl Stand<'_> {
    /// What stands in the heading.
    fn title(&self) -> String {
        match self.placed.spec.kind {
            Kind::MeasureBar => self.measure.short(),
            _ => self.placed.spec.title.to_owned(),
        }
    }

    /// What the column shows, in a sentence.
    fn meaning(&self) -> String {
        match (self.placed.spec.kind, self.measure.minus) {
            (Kind::MeasureBar, None) => self.measure.measure.meaning().to_owned(),
            (Kind::MeasureBar, Some(baseline)) => {
                format!("{}, less that of a map with {}", self.measure.measure.meaning(), baseline.meaning())
            }
            _ => self.placed.spec.meaning.to_owned(),
        }
    }
}

/// Draws the heading of a column in its cell; the table is sorted by `keys`.
pub(super) fn head_ui(ui: &mut Ui, stand: Stand<'_>, keys: &[SortKey]) -> (Head, Option<Done>) {
    let Stand { place, placed, .. } = stand;
    let spec = placed.spec;
    let rect = ui.max_rect();
    let label = format!("Sort by {}", spec.name);
    let response = ui.interact(rect, ui.scope_id().with(spec.id), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, &label));
    let rank = keys.iter().position(|key| key.column == spec.column);
    paint(ui, rect, (spec, &stand.title()), rank.map(|rank| (rank, keys)), response.hovered());
    let mut done = response.clicked().then(|| {
        let also = ui.input(|input| input.modifiers.command);
        Done::Sort { column: spec.column, also }
    });
    if spec.kind != Kind::Name
        && let Some(width) = edge_ui(ui, rect, stand)
    {
        done = Some(Done::Resize { place, width });
    }
    let hint = format!("{}. Ctrl+click sorts by it as well, dragging moves it.", stand.meaning());
    let response = response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(hint);
    (Head { place, rect, response }, done)
}

/// The edge of a column towards the name, which changes its width.
fn edge_ui(ui: &Ui, rect: Rect, Stand { placed, before_name, .. }: Stand<'_>) -> Option<f32> {
    let from = if before_name { rect.right() - 1.0 } else { rect.left() - GAP };
    let edge = Rect::from_x_y_ranges(from..=from + GAP + 1.0, rect.y_range());
    let response = ui.interact(edge, ui.scope_id().with((placed.spec.id, "edge")), Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, format!("Resize {}", placed.spec.name)));
    if response.hovered() || response.dragged() {
        let x = edge.center().x;
        ui.painter().vline(x, rect.y_range().shrink(6.0), Stroke::new(1.0, palette(ui).accent));
    }
    let moved = response.dragged().then(|| response.drag_delta().x).filter(|dx| *dx != 0.0);
    response.on_hover_cursor(CursorIcon::ResizeHorizontal);
    moved.map(|dx| placed.width() + if before_name { dx } else { -dx })
}

fn paint(ui: &Ui, rect: Rect, (spec, title): (&Spec, &str), sorted: Option<(usize, &[SortKey])>, hovered: bool) {
    let palette = palette(ui);
    let color = match (sorted, hovered) {
        (_, true) => palette.strong,
        (Some(_), false) => palette.accent,
        (None, false) => palette.weak,
    };
    let at_left = matches!(spec.kind, Kind::Name | Kind::Verdict | Kind::Histogram);
    let (at, anchor) = match spec.kind {
        Kind::Name => (rect.left_center() + vec2(12.0, 0.0), Align2::LEFT_CENTER),
        _ if at_left => (rect.left_center() + vec2(4.0, 0.0), Align2::LEFT_CENTER),
        _ => (rect.right_center(), Align2::RIGHT_CENTER),
    };
    let text = ui.painter().text(at, anchor, title, theme::strong(size::SMALL), color);
    let Some((rank, keys)) = sorted else { return };
    let x = if at_left { text.right() + 8.0 } else { text.left() - 8.0 };
    triangle(ui, pos2(x, rect.center().y), keys[rank].descending, color);
    if keys.len() > 1 {
        let x = if at_left { x + 8.0 } else { x - 8.0 };
        let place = pos2(x, rect.center().y);
        let font = theme::plain(size::SMALL - 2.0);
        ui.painter().text(place, Align2::CENTER_CENTER, format!("{}", rank + 1), font, color);
    }
}

fn triangle(ui: &Ui, center: Pos2, down: bool, color: Color32) {
    let (w, h) = (3.5, if down { -2.5 } else { 2.5 });
    let points = vec![center + vec2(-w, h), center + vec2(w, h), center + vec2(0.0, -h)];
    ui.painter().add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// Shows where a heading that is being dragged would go; the move when it is let go.
pub(super) fn drag_ui(ui: &Ui, heads: &[Head]) -> Option<Done> {
    let from = heads.iter().find(|head| head.response.dragged() || head.response.drag_stopped())?;
    let pointer = from.response.interact_pointer_pos()?;
    let to = heads.iter().min_by(|a, b| distance(a, pointer).total_cmp(&distance(b, pointer)))?;
    if from.response.drag_stopped() {
        return (to.place != from.place).then_some(Done::Shift { from: from.place, to: to.place });
    }
    if to.place != from.place {
        let x = if to.place > from.place { to.rect.right() } else { to.rect.left() };
        ui.painter().vline(x, to.rect.y_range(), Stroke::new(2.0, palette(ui).accent));
    }
    None
}

fn distance(head: &Head, pointer: Pos2) -> f32 {
    (head.rect.center().x - pointer.x).abs()
}
