//! The columns of the class table: titles, widths, and what stands in their cells.

use eframe::egui::{Align, CornerRadius, Label, Layout, Rect, RichText, Sense, Ui, Vec2, pos2};

use crate::summary::{ClassColumn, ClassRow};
use crate::ui::theme::palette;
use crate::ui::{format, verdicts, widgets};
use crate::verdict::Verdict;

/// A column as the table shows it.
pub(super) struct Shown {
    pub(super) column: ClassColumn,
    pub(super) title: &'static str,
    /// What it says, as "sort by …" and for the pointer.
    pub(super) meaning: &'static str,
    pub(super) width: f32,
    /// Columns with the highest number go first when there is not enough room.
    pub(super) expendable: u8,
}

pub(super) const COLUMNS: [Shown; 8] = [
    Shown { column: ClassColumn::Class, title: "Class", meaning: "name of the class", width: 84.0, expendable: 0 },
    Shown { column: ClassColumn::Samples, title: "n", meaning: "number of images", width: 32.0, expendable: 3 },
    Shown {
        column: ClassColumn::Fit,
        title: "Fit",
        meaning: "share of the saliency inside the best region, with its 95 % interval",
        width: 110.0,
        expendable: 0,
    },
    Shown {
        column: ClassColumn::Lift,
        title: "Lift",
        meaning: "fit over area share; 1 is what the region's size explains",
        width: 42.0,
        expendable: 1,
    },
    Shown {
        column: ClassColumn::AreaShare,
        title: "Area",
        meaning: "share of the view that the best region covers",
        width: 42.0,
        expendable: 4,
    },
    Shown {
        column: ClassColumn::Coverage,
        title: "Cov.",
        meaning: "share of the images in which a region was found",
        width: 42.0,
        expendable: 5,
    },
    Shown {
        column: ClassColumn::Accuracy,
        title: "Acc.",
        meaning: "share of the images whose most probable class is right",
        width: 42.0,
        expendable: 2,
    },
    Shown {
        column: ClassColumn::Failed,
        title: "Failed",
        meaning: "images that could not be used",
        width: 42.0,
        expendable: 6,
    },
];

impl Shown {
    /// Whether the first click on it puts the largest first. What is low is what a person looks for in fit, lift and coverage;
    /// elsewhere it is what is high.
    pub(super) fn starts_descending(&self) -> bool {
        use ClassColumn::{Class, Coverage, Fit, FitZero, Lift};
        !matches!(self.column, Class | Fit | FitZero | Lift | Coverage)
    }
}

/// The columns that fit into a width, in their order.
pub(super) fn fitting_columns(width: f32) -> Vec<&'static Shown> {
    let mut columns: Vec<&Shown> = COLUMNS.iter().collect();
    while columns.iter().map(|c| c.width + 6.0).sum::<f32>() > width {
        let Some(at) = columns.iter().enumerate().max_by_key(|(_, c)| c.expendable).map(|(i, _)| i) else { break };
        if columns[at].expendable == 0 {
            break;
        }
        columns.remove(at);
    }
    columns
}

pub(super) fn cell_ui(ui: &mut Ui, column: ClassColumn, row: &ClassRow, suspect: bool, verdict: Option<Verdict>) {
    let palette = palette(ui);
    let rect = ui.max_rect();
    let number = |ui: &mut Ui, text: String, color| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(Label::new(RichText::new(text).color(color)).selectable(false));
        });
    };
    match column {
        ClassColumn::Class => {
            ui.add_space(12.0);
            if let Some(verdict) = verdict {
                let (mark, response) = ui.allocate_exact_size(Vec2::splat(9.0), Sense::hover());
                let color = verdicts::color(verdict, palette);
                ui.painter().rect_filled(mark, CornerRadius::same(2), color);
                response.on_hover_text(verdicts::name(verdict));
            } else if suspect {
                let (mark, _) = ui.allocate_exact_size(Vec2::splat(7.0), Sense::hover());
                ui.painter().circle_filled(mark.center(), 3.5, palette.warn);
            }
            let text = RichText::new(format::without_id(&row.class)).color(palette.strong);
            ui.add(Label::new(text).selectable(false).truncate());
        }
        ClassColumn::Fit | ClassColumn::FitZero => {
            let text_width = 40.0;
            let bar = Rect::from_min_max(
                pos2(rect.left() + 8.0, rect.center().y - 3.5),
                pos2(rect.right() - text_width, rect.center().y + 3.5),
            );
            if let Some(fit) = row.mean_fit {
                let color = if suspect { palette.warn } else { palette.accent };
                widgets::share_bar(ui, bar, fit, row.ci, color);
            }
            number(ui, format::percent(column.value(row)), palette.strong);
        }
        ClassColumn::Lift => {
            let value = column.value(row);
            let low = value.is_some_and(|lift| lift < 1.0);
            number(ui, value.map_or("–".into(), |v| format!("{v:.2}")), if low { palette.warn } else { palette.text });
        }
        ClassColumn::Samples | ClassColumn::WithRoi | ClassColumn::Uninformative => {
            number(ui, format::count(column.value(row).unwrap_or(0.0) as usize), palette.weak);
        }
        ClassColumn::Failed => {
            let color = if row.failed > 0 { palette.bad } else { palette.weak };
            number(ui, format::count(row.failed), color);
        }
        ClassColumn::AreaShare | ClassColumn::Coverage | ClassColumn::Confidence | ClassColumn::Accuracy => {
            number(ui, format::percent(column.value(row)), palette.text);
        }
    }
}
