//! What the keys do while drawing.

use eframe::egui::{InputState, Key, Modifiers};

use super::{Input, Tool};

/// What a key asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wish {
    /// Something of the editor.
    Edit(Input),
    /// Another tool.
    Tool(Tool),
    /// A new box in the middle.
    NewBox,
    /// A region that was not drawn, as a drawn one.
    Copy,
    /// The end of drawing.
    Leave,
}

/// Keys while drawing, as the window lists them.
pub(crate) const LIST: [(&str, &str); 12] = [
    ("E", "draw regions by hand, and stop"),
    ("R   P   V", "box, polygon, choose and move"),
    ("N", "a box in the middle of the view"),
    ("C", "copy the best region of the detector"),
    ("Tab   Shift+Tab", "next, previous drawn region"),
    ("X   Shift+X", "next, previous corner"),
    ("Arrows, with Shift", "move region or corner by 1, by 10 pixels"),
    ("I", "give it one more corner"),
    ("Enter", "close the polygon"),
    ("Delete", "remove corner or region"),
    ("Esc", "give up, let go, stop drawing"),
    ("Ctrl+Z   Ctrl+Shift+Z", "take a change back, repeat it"),
];

/// How far an arrow key moves, in image pixels; with Shift.
const STEP: f32 = 1.0;
const LEAP: f32 = 10.0;

/// What the keys of this frame ask for. Arrows are left to others unless a region `is_chosen`; Escape leaves unless there is
/// something that it can give up (`is_held`).
pub(crate) fn wishes(input: &mut InputState, is_chosen: bool, is_held: bool) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let mut on = |modifiers, key, wish: Wish| {
        for _ in 0..input.count_and_consume_key(modifiers, key) {
            wishes.push(wish.clone());
        }
    };
    if is_chosen {
        let arrows = [
            (Key::ArrowLeft, [-1.0, 0.0]),
            (Key::ArrowRight, [1.0, 0.0]),
            (Key::ArrowUp, [0.0, -1.0]),
            (Key::ArrowDown, [0.0, 1.0]),
        ];
        for (key, [x, y]) in arrows {
            // A key alone also counts with Shift held, so that Shift comes first.
            on(Modifiers::SHIFT, key, Wish::Edit(Input::Nudge([x * LEAP, y * LEAP])));
            on(Modifiers::NONE, key, Wish::Edit(Input::Nudge([x * STEP, y * STEP])));
        }
    }
    for (key, input) in [(Key::Tab, Input::NextRegion as fn(isize) -> Input), (Key::X, Input::NextCorner)] {
        on(Modifiers::SHIFT, key, Wish::Edit(input(-1)));
        on(Modifiers::NONE, key, Wish::Edit(input(1)));
    }
    let escape = if is_held { Wish::Edit(Input::Cancel) } else { Wish::Leave };
    for (key, wish) in [
        (Key::E, Wish::Leave),
        (Key::R, Wish::Tool(Tool::Box)),
        (Key::P, Wish::Tool(Tool::Polygon)),
        (Key::V, Wish::Tool(Tool::Select)),
        (Key::N, Wish::NewBox),
        (Key::C, Wish::Copy),
        (Key::I, Wish::Edit(Input::AddCorner)),
        (Key::Enter, Wish::Edit(Input::Finish)),
        (Key::Delete, Wish::Edit(Input::Delete)),
        (Key::Backspace, Wish::Edit(Input::Delete)),
        (Key::Escape, escape),
    ] {
        on(Modifiers::NONE, key, wish);
    }
    wishes
}
