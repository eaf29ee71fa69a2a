//! How the window looks: colours, spacings and type sizes, dark and light.
//!
//! Comes in: an egui context, or the style in force. Goes out: a [`Palette`] and sizes. May not live here: widgets, state.
//! No other file of the window names a colour or a distance of its own.
//!
//! One accent marks what can be acted on and what is selected; green, red and amber only ever mean right, wrong and
//! suspect.

use eframe::egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Theme, Ui, Vec2,
    Visuals, style::HandleShape, style::WidgetVisuals, vec2,
};

use super::fonts;

/// The colours of one theme.
#[derive(Debug)]
pub(crate) struct Palette {
    /// Behind pictures.
    pub(crate) canvas: Color32,
    /// Of panels.
    pub(crate) panel: Color32,
    /// Of bars and table headers.
    pub(crate) bar: Color32,
    /// Of buttons, cards and bar tracks.
    pub(crate) raised: Color32,
    /// Of what the pointer is over.
    pub(crate) hovered: Color32,
    /// Lines between parts.
    pub(crate) line: Color32,
    /// Titles and numbers that matter.
    pub(crate) strong: Color32,
    /// Text.
    pub(crate) text: Color32,
    /// Captions and units.
    pub(crate) weak: Color32,
    /// The one accent.
    pub(crate) accent: Color32,
    /// Text on the accent.
    pub(crate) on_accent: Color32,
    /// Behind what is selected.
    pub(crate) selected: Color32,
    /// Right.
    pub(crate) good: Color32,
    /// Wrong, failed.
    pub(crate) bad: Color32,
    /// Suspect.
    pub(crate) warn: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const DARK: Palette = Palette {
    canvas: rgb(0x0c_0e_11),
    panel: rgb(0x14_17_1b),
    bar: rgb(0x19_1d_22),
    raised: rgb(0x22_27_2e),
    hovered: rgb(0x2c_33_3c),
    line: rgb(0x27_2c_34),
    strong: rgb(0xf0_f3_f6),
    text: rgb(0xc4_cb_d4),
    weak: rgb(0x8a_94_a2),
    accent: rgb(0x4d_9d_f8),
    on_accent: rgb(0x08_12_1f),
    selected: rgb(0x1c_34_50),
    good: rgb(0x4c_c0_8a),
    bad: rgb(0xf0_75_72),
    warn: rgb(0xe6_b0_4c),
};

const LIGHT: Palette = Palette {
    canvas: rgb(0xe6_e9_ed),
    panel: rgb(0xfb_fc_fd),
    bar: rgb(0xf2_f4_f7),
    raised: rgb(0xe9_ec_f0),
    hovered: rgb(0xdd_e2_e8),
    line: rgb(0xdb_e0_e6),
    strong: rgb(0x11_16_1d),
    text: rgb(0x35_3e_4a),
    weak: rgb(0x64_6e_7b),
    accent: rgb(0x1c_68_cf),
    on_accent: rgb(0xff_ff_ff),
    selected: rgb(0xd5_e5_fa),
    good: rgb(0x16_80_50),
    bad: rgb(0xc2_38_34),
    warn: rgb(0x96_5d_00),
};

/// The palette of the theme in force.
pub(crate) fn palette(ui: &Ui) -> &'static Palette {
    of(ui.visuals())
}

/// The palette of some visuals.
pub(crate) fn of(visuals: &Visuals) -> &'static Palette {
    if visuals.dark_mode { &DARK } else { &LIGHT }
}

/// Distances, in points.
pub(crate) mod space {
    /// Between things that belong together.
    pub(crate) const TIGHT: f32 = 4.0;
    /// Between neighbours.
    pub(crate) const NEAR: f32 = 8.0;
    /// Between groups, and around panels.
    pub(crate) const GROUP: f32 = 14.0;
    /// Between sections.
    pub(crate) const SECTION: f32 = 24.0;
    /// Height of the bar at the top.
    pub(crate) const BAR: f32 = 40.0;
    /// Height of a panel's header.
    pub(crate) const HEADER: f32 = 36.0;
    /// Height of a table row.
    pub(crate) const ROW: f32 = 28.0;
    /// Corners of cards and pictures.
    pub(crate) const CORNER: u8 = 5;
}

/// Sizes of type, in points.
pub(crate) mod size {
    /// Captions, table headers, units.
    pub(crate) const SMALL: f32 = 11.5;
    /// Text and numbers.
    pub(crate) const BODY: f32 = 13.0;
    /// Titles of panels.
    pub(crate) const TITLE: f32 = 15.0;
    /// Numbers that stand alone.
    pub(crate) const FIGURE: f32 = 20.0;
    /// The first screen's name.
    pub(crate) const DISPLAY: f32 = 34.0;
}

/// The heavier weight, for titles and names.
pub(crate) fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(fonts::STRONG.into()))
}

/// The plain weight.
pub(crate) fn plain(size: f32) -> FontId {
    FontId::proportional(size)
}

/// Puts fonts, sizes and both themes into force.
pub(crate) fn install(ctx: &Context) {
    ctx.set_fonts(fonts::definitions());
    for (theme, palette) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| dress(style, theme, palette));
    }
}

fn dress(style: &mut Style, theme: Theme, palette: &Palette) {
    style.text_styles = [
        (TextStyle::Small, plain(size::SMALL)),
        (TextStyle::Body, plain(size::BODY)),
        (TextStyle::Button, plain(size::BODY)),
        (TextStyle::Heading, strong(size::TITLE)),
        (TextStyle::Monospace, FontId::monospace(size::BODY)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(space::NEAR, space::TIGHT + 2.0);
    spacing.button_padding = vec2(10.0, 4.0);
    spacing.interact_size = vec2(32.0, 26.0);
    spacing.window_margin = Margin::same(16);
    spacing.menu_margin = Margin::same(6);
    spacing.slider_rail_height = 4.0;
    spacing.slider_width = 110.0;
    spacing.combo_width = 120.0;
    spacing.tooltip_width = 360.0;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.35;
    style.animation_time = 0.1;
    style.visuals = visuals(theme, palette);
}

fn visuals(theme: Theme, palette: &Palette) -> Visuals {
    let mut visuals = match theme {
        Theme::Dark => Visuals::dark(),
        Theme::Light => Visuals::light(),
    };
    let corner = CornerRadius::same(space::CORNER);
    let state = |fill, line, text| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        fg_stroke: Stroke::new(1.0, text),
        corner_radius: corner,
        expansion: 0.0,
    };
    visuals.widgets.noninteractive = state(palette.panel, palette.line, palette.text);
    visuals.widgets.inactive = state(palette.raised, palette.raised, palette.text);
    visuals.widgets.hovered = state(palette.hovered, palette.hovered, palette.strong);
    visuals.widgets.active = state(palette.selected, palette.accent, palette.strong);
    visuals.widgets.open = state(palette.hovered, palette.line, palette.strong);
    visuals.selection.bg_fill = palette.selected;
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.weak_text_color = Some(palette.weak);
    visuals.hyperlink_color = palette.accent;
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.panel;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.extreme_bg_color = palette.canvas;
    visuals.text_edit_bg_color = Some(palette.canvas);
    visuals.faint_bg_color = palette.bar;
    visuals.warn_fg_color = palette.warn;
    visuals.error_fg_color = palette.bad;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Circle;
    visuals.popup_shadow = Shadow { offset: [0, 6], blur: 18, spread: 0, color: Color32::from_black_alpha(70) };
    visuals.window_shadow = visuals.popup_shadow;
    visuals.indent_has_left_vline = false;
    visuals
}

/// Colour of a region's box and tag; the same as in the pictures that the command line draws.
pub(crate) fn box_color(index: usize) -> Color32 {
    let [r, g, b] = crate::overlay::box_color(index);
    Color32::from_rgb(r, g, b)
}

/// Text on a tag of this colour.
pub(crate) fn on_tag(fill: Color32) -> Color32 {
    let [r, g, b, _] = fill.to_array().map(u32::from);
    if r * 299 + g * 587 + b * 114 > 128_000 { rgb(0x10_12_15) } else { rgb(0xff_ff_ff) }
}

/// The smallest window that shows all three panes.
pub(crate) const MIN_WINDOW: Vec2 = vec2(1100.0, 680.0);
/// The first window's size.
pub(crate) const WINDOW: Vec2 = vec2(1440.0, 900.0);
