//! Opening the window, and saying in one line why there is none.
//!
//! Comes in: [`Options`]. Goes out: the window's end. May not live here: what the window shows.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use eframe::egui::ViewportBuilder;

use super::App;
use super::launch::Launcher;
use super::theme;

/// What to open, and with what.
#[expect(missing_debug_implementations, reason = "a launcher has none")]
pub struct Options {
    /// A project file or a folder of photos; `None` for the first screen.
    pub open: Option<PathBuf>,
    /// Starts runs.
    pub launcher: Arc<dyn Launcher>,
}

/// What the window needs of a Debian system; other systems have them under similar names.
const PACKAGES: &str = "libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1";

/// Shows the window until it is closed.
///
/// # Errors
/// If there is no display or no way to draw on it; the message is one line and names what to install.
pub fn run_window(options: Options) -> anyhow::Result<()> {
    if cfg!(all(unix, not(target_os = "macos"))) && !has_display(|name| std::env::var_os(name)) {
        bail!("no display: neither WAYLAND_DISPLAY nor DISPLAY is set");
    }
    let native = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_app_id("camroi")
            .with_title("camroi")
            .with_inner_size(theme::WINDOW)
            .with_min_inner_size(theme::MIN_WINDOW)
            .with_drag_and_drop(true),
        renderer: eframe::Renderer::Glow,
        ..Default::default()
    };
    let Options { open, launcher } = options;
    let run =
        move || eframe::run_native("camroi", native, Box::new(move |cc| Ok(Box::new(App::new(cc, launcher, open)))));
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(err)) => Err(no_window(&err.to_string())),
        Err(panic) => Err(no_window(&message(&*panic))),
    }
}

fn has_display(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"]
        .into_iter()
        .any(|name| variable(name).is_some_and(|v| !v.is_empty()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "unknown error".to_owned())
}

fn no_window(reason: &str) -> anyhow::Error {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    anyhow!("the window cannot be opened ({reason}); on Debian it needs the packages {PACKAGES}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_no_display() {
        assert!(!has_display(|_| None));
        assert!(!has_display(|_| Some("".into())));
        assert!(has_display(|name| (name == "DISPLAY").then(|| ":0".into())));
    }

    #[test]
    fn a_failure_is_one_line_that_names_the_packages() {
        let error = no_window("a\n  b").to_string();
        assert!(error.contains("(a b)") && error.contains("libgl1") && !error.contains('\n'), "{error}");
    }
}
