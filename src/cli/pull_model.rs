//! `camroi models pull`.

use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::args::PullArgs;
use super::models::described;
use super::{Status, interrupt, output};
use crate::models::{Shelf, card, pull};
use crate::run::Control;

/// Between two lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(10);

pub(super) fn pull_model(args: &PullArgs) -> Result<Status> {
    let control = Control::default();
    let _watch = interrupt::cancel_on_interrupt(&control)?;
    let mut display = Display::new();
    let result = pull(&args.name, args.from.as_deref(), &Shelf::of_user(), &mut |done, total| {
        display.show(done, total);
        !control.is_cancelled()
    });
    display.bar.finish_and_clear();
    if control.is_cancelled() && result.is_err() {
        eprintln!("stopped; what is here is kept, and gone on with by the same command");
        return Ok(Status::Interrupted);
    }
    let path = result?;
    let text = described(&card(&path.to_string_lossy())?);
    output::print(&format!("{text}\nIts card is {}; it is called {}.\n", path.display(), args.name))?;
    Ok(Status::Fine)
}

/// A bar on a terminal, a line now and then elsewhere.
struct Display {
    bar: ProgressBar,
    told: Option<Instant>,
}

impl Display {
    fn new() -> Self {
        let bar = ProgressBar::no_length();
        let style = ProgressStyle::with_template("{bar:32} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left");
        bar.set_style(style.expect("the template is a constant"));
        Self { bar, told: None }
    }

    fn show(&mut self, done: u64, total: Option<u64>) {
        if self.bar.is_hidden() {
            if self.told.is_none_or(|at| at.elapsed() >= PAUSE) {
                self.told = Some(Instant::now());
                let of = total.map_or(String::new(), |total| format!(" of {}", total / 1_000_000));
                eprintln!("{}{of} MB", done / 1_000_000);
            }
            return;
        }
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }
}
