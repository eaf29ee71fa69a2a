//! The window.
//!
//! Comes in: what to open, and a [`Launcher`] that starts runs. Goes out: a window until the user closes it. May not live
//! here: networks, SQL, the arithmetic of any number that is shown.
//!
//! One [`App`] owns the parts. Each frame, its `logic` takes what worker threads report and carries commands out; its `ui`
//! places panels, which draw what they are given and answer with commands. Nothing is read, decoded or sorted while drawing.

mod annotating;
mod app;
mod checks;
mod class_page;
mod class_table;
mod command;
mod command_palette;
mod compare;
mod dialogs;
mod drawing;
mod fonts;
mod format;
mod gallery;
mod habits;
mod jobs;
mod keys;
mod launch;
mod layers;
mod measured;
mod models;
mod other_map;
mod pictures;
mod project;
mod regions_menu;
mod run_panel;
mod runner;
mod sample_view;
mod start;
mod takeaway;
mod textures;
mod theme;
mod verdicts;
mod widgets;
mod window;

pub use app::App;
pub use launch::{Choices, Credit, Credits, Launcher, Request};
pub use models::{Draft, Found, KnownModel, Layers, ModelUse, Place, Preview, Shelf};
pub use window::{Options, run_window};
