//! What the pointer does on the photo, as inputs of the editor, and how it looks over it.

use eframe::egui::{CursorIcon, Event, PointerButton, Pos2};

use super::outline::{Handle, Point};
use super::{Editor, Input, Over, Tool};
use crate::geometry::Affine;
use crate::roi::Outline;

/// How near a handle counts, in points.
const REACH: f32 = 8.0;

/// How near a handle counts, in image pixels.
pub(crate) fn reach(ui_from_image: Affine) -> f32 {
    REACH / ui_from_image.scale[0]
}

/// The inputs of the events of a frame, in their order. A press counts only where `may_press`: over the photo, with nothing
/// before it.
pub(crate) fn inputs(events: &[Event], tool: Tool, ui_from_image: Affine, may_press: bool) -> Vec<Input> {
    let image_from_ui = ui_from_image.inverse();
    let place = |at: Pos2| -> Point { image_from_ui.point(at.x, at.y).into() };
    let input = |event: &Event| match event {
        Event::PointerMoved(at) => Some(Input::Move(place(*at))),
        Event::PointerButton { pos, button: PointerButton::Primary, pressed: true, .. } if may_press => {
            Some(Input::Press { at: place(*pos), reach: reach(ui_from_image), tool })
        }
        Event::PointerButton { pos, button: PointerButton::Primary, pressed: false, .. } => {
            Some(Input::Release(place(*pos)))
        }
        _ => None,
    };
    events.iter().filter_map(input).collect()
}

/// The shape of the pointer at a place of the image.
pub(crate) fn cursor(editor: &Editor, tool: Tool, at: Point, reach: f32) -> CursorIcon {
    if editor.open_ring().is_some() {
        return CursorIcon::Crosshair;
    }
    match (editor.over(at, reach), tool) {
        (Over::Handle(handle), _) => {
            let chosen = editor.chosen().map(|i| &editor.regions()[i].outline);
            match (chosen, handle) {
                (Some(Outline::Box(_)), Handle::Corner(0 | 2)) => CursorIcon::ResizeNwSe,
                (Some(Outline::Box(_)), Handle::Corner(_)) => CursorIcon::ResizeNeSw,
                (Some(Outline::Box(_)), Handle::Side(0 | 2)) => CursorIcon::ResizeVertical,
                (Some(Outline::Box(_)), Handle::Side(_)) => CursorIcon::ResizeHorizontal,
                (_, Handle::Corner(_)) => CursorIcon::Grab,
                (_, Handle::Side(_)) => CursorIcon::Copy,
            }
        }
        (Over::Region(region), _) if editor.chosen() == Some(region) => CursorIcon::Move,
        (Over::Region(_), Tool::Select) => CursorIcon::PointingHand,
        (Over::Nothing, Tool::Select) => CursorIcon::Grab,
        (_, Tool::Box | Tool::Polygon) => CursorIcon::Crosshair,
    }
}
