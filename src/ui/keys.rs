//! The keys.
//!
//! Comes in: egui's input. Goes out: commands, and the list that the window shows. May not live here: what commands do.

use std::path::PathBuf;

use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers};

use super::command::{Command, Dialog};

/// Keys and what they do, as the window lists them.
pub(crate) const LIST: [(&str, &str); 10] = [
    ("↑  ↓", "previous, next class"),
    ("←  →   or   A  D", "previous, next image"),
    ("H", "heat map on and off"),
    ("B", "boxes on and off"),
    ("F", "show the whole image"),
    ("Wheel, drag", "zoom and move the image; double click shows all of it"),
    ("Ctrl+O", "open a project"),
    ("Ctrl+Shift+O", "open a folder of photos"),
    ("F11", "full screen"),
    ("?", "this list"),
];

const OPEN_FOLDER: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::O);
const OPEN_PROJECT: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::O);

/// What the keys of this frame ask for. While a text field has the keyboard, letters and arrows are its own.
pub(crate) fn commands(ctx: &Context) -> Vec<Command> {
    let mut commands = dropped(ctx);
    let typing = ctx.egui_wants_keyboard_input();
    ctx.input_mut(|input| {
        if input.consume_shortcut(&OPEN_FOLDER) {
            commands.push(Command::AskFolder);
        }
        if input.consume_shortcut(&OPEN_PROJECT) {
            commands.push(Command::AskProject);
        }
        if input.consume_key(Modifiers::NONE, Key::F11) {
            commands.push(Command::ToggleFullScreen);
        }
        if typing {
            return;
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

/// A folder or project file that was dropped on the window.
fn dropped(ctx: &Context) -> Vec<Command> {
    let paths: Vec<PathBuf> = ctx.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_owned()).collect());
    paths.into_iter().filter(|path| !path.as_os_str().is_empty()).take(1).map(Command::Open).collect()
}
