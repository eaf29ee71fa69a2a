//! What is laid over photos, in the gallery and in the sample view alike.
//!
//! Comes in: nothing. Goes out: [`Layers`]. May not live here: drawing.

use eframe::egui::Color32;

use crate::colormap::Colormap;

/// Which layers are on, and how the heat map looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layers {
    /// The heat map.
    pub(crate) heat: bool,
    /// The regions' boxes.
    pub(crate) boxes: bool,
    /// The rectangle that the classifier saw.
    pub(crate) view: bool,
    /// Of the heat map, `0.0..=1.0`.
    pub(crate) opacity: f32,
    /// Of the heat map.
    pub(crate) colormap: Colormap,
}

impl Default for Layers {
    fn default() -> Self {
        Self { heat: true, boxes: true, view: true, opacity: 0.45, colormap: Colormap::default() }
    }
}

impl Layers {
    /// What the heat map's texture is multiplied by.
    pub(crate) fn heat_tint(&self) -> Color32 {
        Color32::from_white_alpha((self.opacity.clamp(0.0, 1.0) * 255.0).round() as u8)
    }
}
