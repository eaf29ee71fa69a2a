//! The keys.
//!
//! Comes in: egui's input. Goes out: commands, and the list that the window shows. May not live here: what commands do.

use std::path::PathBuf;

use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers};

use super::command::{Command, Dialog};
use super::sample_view::canvas_id;

/// Keys and what they do, as the window lists them.
pub(crate) const LIST: [(&str, &str); 21] = [
    ("↑  ↓", "previous, next class"),
    ("←  →   or   A  D", "previous, next image"),
    ("C", "class page: where the network looks instead"),
    ("K", "checks: can these maps be believed?"),
    ("N", "the class without a verdict that has the lowest fit"),
    ("1 to 5", "verdict on what is shown, image or class page, and on to the next one"),
    ("Alt+1 to Alt+5", "verdict on the class"),
    ("Ctrl+Z   Ctrl+Shift+Z", "take a verdict back, repeat it"),
    ("H", "heat map on and off"),
    ("B", "boxes on and off"),
    ("M   G", "colours, contours or masked out; smooth or raw cells"),
    ("W", "one picture, side by side, wipe"),
    ("F   Z", "show the whole image, or pixel for pixel"),
    ("Wheel on the film strip", "previous, next image"),
    ("E", "draw regions by hand"),
    ("Wheel, drag", "zoom and move the image; double click shows all of it"),
    ("Ctrl+K   Ctrl+P", "find a command by a few letters"),
    ("Ctrl+O", "open a project"),
    ("Ctrl+Shift+O", "open a folder of photos"),
    ("F11", "full screen"),
    ("?", "this list"),
];

const OPEN_FOLDER: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::O);
const FIND: [KeyboardShortcut; 2] =
    [KeyboardShortcut::new(Modifiers::COMMAND, Key::K), KeyboardShortcut::new(Modifiers::COMMAND, Key::P)];
const UNDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
const REDO: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
const VERDICTS: [Key; 5] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5];
const OPEN_PROJECT: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::O);

/// What the keys of this frame ask for. While a text field has the keyboard, letters and arrows are its own.
pub(crate) fn commands(ctx: &Context) -> Vec<Command> {
    let mut commands = dropped(ctx);
    let typing = ctx.memory(|memory| memory.focused().is_some_and(|id| id != canvas_id()));
    ctx.input_mut(|input| {
        if input.consume_shortcut(&OPEN_FOLDER) {
            commands.push(Command::AskFolder);
        }
        if input.consume_shortcut(&OPEN_PROJECT) {
            commands.push(Command::AskProject);
        }
        if FIND.iter().any(|find| input.consume_shortcut(find)) {
            commands.push(Command::OpenPalette);
        }
        if input.consume_key(Modifiers::NONE, Key::F11) {
            commands.push(Command::ToggleFullScreen);
        }
        if typing {
            return;
        }
        if input.consume_shortcut(&REDO) {
            commands.push(Command::Redo);
        }
        if input.consume_shortcut(&UNDO) {
            commands.push(Command::Undo);
        }
        for (place, key) in VERDICTS.into_iter().enumerate() {
            // A key alone also counts with Alt held, so that Alt comes first.
            if input.consume_key(Modifiers::ALT, key) {
                commands.push(Command::JudgeClass(place));
            } else if input.consume_key(Modifiers::NONE, key) {
                commands.push(Command::JudgeShown(place));
            }
        }
        let plain = [
            (Key::ArrowDown, Command::StepClass(1)),
            (Key::ArrowUp, Command::StepClass(-1)),
            (Key::PageDown, Command::StepClass(10)),
            (Key::PageUp, Command::StepClass(-10)),
            (Key::ArrowRight, Command::StepSample(1)),
            (Key::D, Command::StepSample(1)),
            (Key::ArrowLeft, Command::StepSample(-1)),
            (Key::A, Command::StepSample(-1)),
            (Key::H, Command::ToggleHeat),
            (Key::B, Command::ToggleBoxes),
            (Key::F, Command::FitImage),
            (Key::Z, Command::OneToOne),
            (Key::E, Command::ToggleDrawing),
            (Key::M, Command::NextRendering),
            (Key::W, Command::NextArrangement),
            (Key::G, Command::ToggleGrid),
            (Key::C, Command::ToggleClassPage),
            (Key::K, Command::ToggleChecks),
            (Key::N, Command::NextOpenClass),
        ];
        for (key, command) in plain {
            if input.consume_key(Modifiers::NONE, key) {
                commands.push(command);
            }
        }
        if input.consume_key(Modifiers::SHIFT, Key::Questionmark)
            || input.consume_key(Modifiers::NONE, Key::Questionmark)
        {
            commands.push(Command::Show(Dialog::Keys));
        }
    });
    commands
}

/// A folder or file that was dropped on the window.
fn dropped(ctx: &Context) -> Vec<Command> {
    let paths: Vec<PathBuf> = ctx.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_owned()).collect());
    paths.into_iter().filter(|path| !path.as_os_str().is_empty()).take(1).map(Command::Drop).collect()
}
