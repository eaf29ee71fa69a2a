//! The menu.

use eframe::egui::{Button, RichText, Ui};

use super::{Format, TakeCommand, What};
use crate::dataset::{SampleId, without_wordnet_id};
use crate::ui::gallery::file_name;
use crate::ui::theme::palette;
use crate::ui::widgets;

/// Draws the button and its menu; `class` and `image` are the chosen ones.
pub(crate) fn menu_ui(ui: &mut Ui, class: Option<&str>, image: Option<(SampleId, &str)>) -> Option<TakeCommand> {
    let mut chosen = None;
    let text = RichText::new("Take along").color(palette(ui).weak);
    let button = Button::new(text).frame_when_inactive(false);
    let menu = eframe::egui::containers::menu::MenuButton::from_button(button);
    let (response, _) = menu.ui(ui, |ui| {
        ui.set_min_width(220.0);
        let mut item = |ui: &mut Ui, enabled: bool, text: String, hint: &str, what: &dyn Fn() -> What| {
            if ui.add_enabled(enabled, Button::new(text)).on_hover_text(hint).clicked() {
                chosen = Some(what());
            }
        };
        item(ui, true, "Report…".into(), "The run as one HTML file, for colleagues", &|| What::Report);
        let (name, known) = (class.map(without_wordnet_id).unwrap_or("the class"), class.is_some());
        item(
            ui,
            known,
            format!("Sheet of {name}…"),
            "The photos of the class on one picture, lowest fit first",
            &|| What::Sheet(class.unwrap_or_default().to_owned()),
        );
        let file = image.map_or("the image", |(_, path)| file_name(path));
        item(
            ui,
            image.is_some(),
            format!("Picture of {file}…"),
            "The photo at its full size, as it is shown",
            &|| {
                let (id, path) = image.unwrap_or((SampleId(0), ""));
                What::Picture(id, path.to_owned())
            },
        );
        ui.separator();
        widgets::caption(ui, "Class table");
        for format in Format::ALL {
            let text = format!("Classes as {}…", format.name());
            item(ui, true, text, "One row a class", &|| What::Classes(format));
        }
        widgets::caption(ui, "Samples");
        for format in Format::ALL {
            let text = format!("Samples as {}…", format.name());
            item(ui, true, text, "One row a photo", &|| What::Samples(format));
        }
    });
    response.on_hover_text("Tables, pictures and a report, as files");
    chosen.map(TakeCommand::Ask)
}
