//! The map of the shown image as a texture or as contours, made anew when it or its look changes.

use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions};

use crate::analysis::Explanation;
use crate::geometry::Size;
use crate::overlay::{Contour, HeatMapStyle, Rendering, contour_levels, contours, heat_map};

/// Least side of the texture: fine enough for a smooth surface between the few cells of a map.
const SIDE: u32 = 160;

/// What the texture and the contours were made of: number of the map, look.
type Made = (u64, HeatMapStyle);

/// The map as it is painted.
#[derive(Default)]
pub(super) struct Heat {
    made: Option<Made>,
    texture: Option<TextureHandle>,
    contours: Vec<Contour>,
}

impl Heat {
    /// Brings texture and contours up to date. Opacity is left to painting.
    pub(super) fn update(&mut self, ctx: &Context, map: u64, explanation: &Explanation, style: &HeatMapStyle) {
        let style = HeatMapStyle { opacity: 1.0, ..*style };
        if self.made == Some((map, style)) {
            return;
        }
        self.made = Some((map, style));
        if style.rendering == Rendering::Contours {
            self.contours = contours(&explanation.map, &contour_levels(style.threshold), style.is_smooth);
            return;
        }
        let side = |cells: usize| (cells as u32) * SIDE.div_ceil(cells as u32);
        let size = Size::new(side(explanation.map.width()), side(explanation.map.height()));
        let pixels = heat_map(&explanation.map, size.bounds(), size, &style);
        let pixels = ColorImage::from_rgba_unmultiplied([size.width, size.height].map(|n| n as usize), pixels.as_raw());
        match &mut self.texture {
            Some(texture) => texture.set(pixels, TextureOptions::LINEAR),
            None => self.texture = Some(ctx.load_texture("map of the shown image", pixels, TextureOptions::LINEAR)),
        }
    }

    /// A number that no map had which was shown before.
    pub(super) fn next(&self) -> u64 {
        self.made.map_or(0, |(map, _)| map + 1)
    }

    /// The texture over the view, unless the map is rendered as contours.
    pub(super) fn texture(&self) -> Option<&TextureHandle> {
        self.texture.as_ref()
    }

    /// The contours, if the map is rendered so.
    pub(super) fn contours(&self) -> &[Contour] {
        &self.contours
    }
}
