//! What is laid over photos, in the gallery and in the sample view alike.
//!
//! Comes in: nothing. Goes out: [`Layers`]. May not live here: drawing.

use eframe::egui::Color32;

use crate::colormap::Colormap;
use crate::overlay::{HeatMapStyle, Rendering};

/// How photo and map stand to each other in the sample view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Arrangement {
    /// One picture.
    #[default]
    Single,
    /// The photo on the left, the same with its layers on the right.
    SideBySide,
    /// The photo on the left of a line that can be moved, its layers on the right of it.
    Wipe,
}

impl Arrangement {
    /// All of them, in the order of menus.
    pub(crate) const ALL: [Self; 3] = [Self::Single, Self::SideBySide, Self::Wipe];

    /// Its name in menus.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Single => "One picture",
            Self::SideBySide => "Side by side",
            Self::Wipe => "Wipe",
        }
    }

    /// The one after it, all around.
    pub(crate) fn next(self) -> Self {
        next(&Self::ALL, self)
    }
}

fn next<T: Copy + PartialEq>(all: &[T], one: T) -> T {
    let place = all.iter().position(|other| *other == one).unwrap_or(0);
    all[(place + 1) % all.len()]
}

/// A rendering's name in menus.
pub(crate) fn rendering_name(rendering: Rendering) -> &'static str {
    match rendering {
        Rendering::Colours => "Colours",
        Rendering::Contours => "Contours",
        Rendering::MaskedOut => "Masked out",
    }
}

/// Opacity and threshold, which each rendering has of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    /// Of the map where it covers the photo, `0.0..=1.0`.
    pub(crate) opacity: f32,
    /// Share of the map's largest value from which on it is seen, `0.0..=1.0`.
    pub(crate) threshold: f32,
}

/// Which layers are on, and how the map looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layers {
    /// The heat map.
    pub(crate) heat: bool,
    /// The regions' boxes.
    pub(crate) boxes: bool,
    /// The rectangle that the classifier saw.
    pub(crate) view: bool,
    /// What the map does to the photo.
    pub(crate) rendering: Rendering,
    /// In the order of [`Rendering::ALL`].
    pub(crate) looks: [Look; Rendering::ALL.len()],
    /// Of the heat map.
    pub(crate) colormap: Colormap,
    /// Whether the map's cells are smoothed.
    pub(crate) is_smooth: bool,
    /// How photo and map stand to each other.
    pub(crate) arrangement: Arrangement,
}

impl Default for Layers {
    fn default() -> Self {
        let usual = |r: Rendering| Look { opacity: r.usual_opacity(), threshold: r.usual_threshold() };
        Self {
            heat: true,
            boxes: true,
            view: true,
            rendering: Rendering::default(),
            looks: Rendering::ALL.map(usual),
            colormap: Colormap::default(),
            is_smooth: true,
            arrangement: Arrangement::default(),
        }
    }
}

impl Layers {
    /// Opacity and threshold of the rendering in force.
    pub(crate) fn look(&mut self) -> &mut Look {
        &mut self.looks[self.rendering as usize]
    }

    /// How the map looks in the sample view.
    pub(crate) fn style(&self) -> HeatMapStyle {
        let Look { opacity, threshold } = self.looks[self.rendering as usize];
        let (rendering, colormap, is_smooth) = (self.rendering, self.colormap, self.is_smooth);
        HeatMapStyle { rendering, colormap, opacity, threshold, is_smooth }
    }

    /// Turns to the next rendering, all around.
    pub(crate) fn next_rendering(&mut self) {
        self.rendering = next(&Rendering::ALL, self.rendering);
    }

    /// What the texture of the gallery's heat maps, which are always in colours, is multiplied by.
    pub(crate) fn heat_tint(&self) -> Color32 {
        alpha(self.looks[Rendering::Colours as usize].opacity)
    }
}

/// White of this opacity: what a texture is multiplied by.
pub(crate) fn alpha(opacity: f32) -> Color32 {
    Color32::from_white_alpha((opacity.clamp(0.0, 1.0) * 255.0).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rendering_keeps_its_own_opacity_and_threshold() {
        let mut layers = Layers::default();
        layers.look().opacity = 0.1;
        layers.next_rendering();
        layers.look().threshold = 0.6;
        assert_eq!((layers.style().rendering, layers.style().threshold), (Rendering::Contours, 0.6));
        layers.next_rendering();
        layers.next_rendering();
        assert_eq!((layers.style().rendering, layers.style().opacity), (Rendering::Colours, 0.1));
        for (place, rendering) in Rendering::ALL.into_iter().enumerate() {
            assert_eq!(rendering as usize, place);
        }
    }
}
