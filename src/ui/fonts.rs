//! The window's fonts.
//!
//! Comes in: nothing. Goes out: font definitions for egui. May not live here: sizes and colours (see [`super::theme`]).
//!
//! Text is set in Inter with tabular figures (`assets/fonts`). What Inter lacks comes from egui's own fonts, with Hack
//! behind them for arrows and shapes.

use std::sync::Arc;

use super::launch::{Credit, Credits};
use eframe::egui::{FontData, FontDefinitions, FontFamily};

/// Name of the family of the heavier weight.
pub(crate) const STRONG: &str = "strong";

/// Who made the fonts of the window.
pub(crate) fn credits() -> Credits {
    let inter = Credit {
        work: "Inter".to_owned(),
        author: "The Inter Project Authors".to_owned(),
        licence: "OFL-1.1".to_owned(),
        source: "https://github.com/rsms/inter".to_owned(),
    };
    Credits { title: "Fonts".to_owned(), works: vec![inter] }
}

/// Inter before egui's own fonts, in two weights.
pub(crate) fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let weights: [(&str, &'static [u8]); 2] = [
        ("Inter", include_bytes!("../../assets/fonts/Inter-Regular.otf")),
        ("Inter strong", include_bytes!("../../assets/fonts/Inter-SemiBold.otf")),
    ];
    for (name, bytes) in weights {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let mut fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    fallback.push("Hack".to_owned());
    let family = |first: &str| std::iter::once(first.to_owned()).chain(fallback.iter().cloned()).collect::<Vec<_>>();
    fonts.families.insert(FontFamily::Proportional, family("Inter"));
    fonts.families.insert(FontFamily::Name(STRONG.into()), family("Inter strong"));
    fonts
}
