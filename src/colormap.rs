//! Colours for values between 0 and 1.
//!
//! Comes in: a value. Goes out: an sRGB colour. May not live here: saliency, pictures, themes of the window.

/// A way from 0 to 1 through colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Colormap {
    /// Blue, cyan, yellow, red: what the field is used to, though its brightness misleads.
    #[default]
    Jet,
    /// As jet, with even steps.
    Turbo,
    /// Dark blue, green, yellow; for eyes that see no difference of red and green, and prints without colour.
    Viridis,
    /// Black, purple, orange, pale yellow.
    Inferno,
}

impl Colormap {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 4] = [Self::Jet, Self::Turbo, Self::Viridis, Self::Inferno];

    /// The word of flags and menus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jet => "jet",
            Self::Turbo => "turbo",
            Self::Viridis => "viridis",
            Self::Inferno => "inferno",
        }
    }

    /// The colour of a value of `0.0..=1.0`, as sRGB; values beyond take the end's colour, not-a-number that of 0.
    pub fn color(self, value: f32) -> [u8; 3] {
        let value = if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) };
        match self {
            Self::Jet => jet(value),
            Self::Turbo => between(&TURBO, value),
            Self::Viridis => between(&VIRIDIS, value),
            Self::Inferno => between(&INFERNO, value),
        }
    }

    /// The colours of `0/255, 1/255 … 255/255`.
    pub fn table(self) -> [[u8; 3]; 256] {
        std::array::from_fn(|i| self.color(i as f32 / 255.0))
    }
}

impl std::str::FromStr for Colormap {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|map| map.name() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|map| map.name()).collect();
            format!("no colour map is called {name:?}; there are {}", known.join(", "))
        })
    }
}

/// Each channel a trapezium, half the range wide and a quarter apart, red last: MATLAB's definition.
fn jet(value: f32) -> [u8; 3] {
    [3.0, 2.0, 1.0].map(|top| ((1.5 - (4.0 * value - top).abs()).clamp(0.0, 1.0) * 255.0).round() as u8)
}

/// The colour at `value` on the way through evenly spaced anchors `0xrrggbb`.
fn between(anchors: &[u32; 33], value: f32) -> [u8; 3] {
    let at = value * (anchors.len() - 1) as f32;
    let first = (at as usize).min(anchors.len() - 2);
    let weight = at - first as f32;
    [16, 8, 0].map(|shift| {
        let channel = |anchor: u32| ((anchor >> shift) & 0xff) as f32;
        let (a, b) = (channel(anchors[first]), channel(anchors[first + 1]));
        (a + (b - a) * weight).round() as u8
    })
}

// Anchors at multiples of 1/32 of the published tables of 256 colours, from which this interpolation is at most 2/255 away.

/// Turbo, by Anton Mikhailov, copyright 2019 Google LLC, Apache-2.0.
#[rustfmt::skip]
const TURBO: [u32; 33] = [
    0x30123b, 0x392a73, 0x4040a1, 0x4456c7, 0x466be3, 0x467ff6, 0x4293ff, 0x37a7fa, 0x29bbec, 0x1dcdd8, 0x18dcc3,
    0x1ee8b0, 0x31f299, 0x4cf97e, 0x6bfd64, 0x8aff4d, 0xa3fd3c, 0xb8f735, 0xcced34, 0xdee037, 0xedd03a, 0xf8c03a,
    0xfdae35, 0xfe982c, 0xfb8022, 0xf56817, 0xec520f, 0xe04009, 0xd23105, 0xc02302, 0xac1701, 0x950d01, 0x7a0403,
];

/// Viridis, by Nathaniel J. Smith, Stefan van der Walt and Eric Firing, CC0-1.0.
#[rustfmt::skip]
const VIRIDIS: [u32; 33] = [
    0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453681, 0x424086, 0x3f4989, 0x3b528b, 0x375a8d, 0x33638d,
    0x2f6a8e, 0x2c728e, 0x297a8e, 0x26818e, 0x23898e, 0x21908c, 0x1f988b, 0x1f9f88, 0x21a685, 0x28ae80, 0x31b57b,
    0x3ebc74, 0x4cc26c, 0x5dc963, 0x6ece58, 0x82d34c, 0x96d83f, 0xabdc32, 0xc0df24, 0xd5e21a, 0xeae51a, 0xfde725,
];

/// Inferno, by Nathaniel J. Smith and Stefan van der Walt, CC0-1.0.
#[rustfmt::skip]
const INFERNO: [u32; 33] = [
    0x000004, 0x040312, 0x0b0724, 0x150b37, 0x210c4a, 0x2e0a5a, 0x3c0965, 0x4a0c6b, 0x57106d, 0x63146e, 0x70196e,
    0x7d1e6d, 0x89226a, 0x962766, 0xa32b61, 0xaf315c, 0xbb3755, 0xc63e4d, 0xd14644, 0xdb4f3b, 0xe35932, 0xeb6528,
    0xf1711e, 0xf67f14, 0xf98d0a, 0xfb9c06, 0xfcab0f, 0xfbba1f, 0xf9ca32, 0xf5d949, 0xf2e865, 0xf3f586, 0xfcffa4,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jet_goes_from_blue_over_green_to_red() {
        let colors = [0.0, 0.125, 0.375, 0.5, 0.625, 0.875, 1.0].map(|v| Colormap::Jet.color(v));
        let expected =
            [[0, 0, 128], [0, 0, 255], [0, 255, 255], [128, 255, 128], [255, 255, 0], [255, 0, 0], [128, 0, 0]];
        assert_eq!(colors, expected);
    }

    #[test]
    fn tables_stay_close_to_the_published_ones() {
        // Entries 10, 100 and 200 of the 256 colours of Matplotlib 3.11.
        for (map, published) in [
            (Colormap::Turbo, [[59, 47, 128], [63, 246, 138], [244, 102, 23]]),
            (Colormap::Viridis, [[71, 16, 99], [42, 118, 142], [112, 207, 87]]),
            (Colormap::Inferno, [[5, 4, 23], [144, 37, 104], [251, 157, 7]]),
        ] {
            for (entry, want) in [10, 100, 200].into_iter().zip(published) {
                let got = map.table()[entry];
                let close = got.iter().zip(want).all(|(a, b): (&u8, u8)| a.abs_diff(b) <= 2);
                assert!(close, "{} at {entry}: {got:?} is not {want:?}", map.name());
            }
        }
    }

    #[test]
    fn values_beyond_the_ends_take_the_colour_of_the_end() {
        for map in Colormap::ALL {
            assert_eq!(map.color(-1.0), map.color(0.0));
            assert_eq!(map.color(f32::INFINITY), map.color(1.0));
            assert_eq!(map.color(f32::NAN), map.color(0.0));
        }
    }

    #[test]
    fn names_are_read_back_and_unknown_ones_named() {
        for map in Colormap::ALL {
            assert_eq!(map.name().parse(), Ok(map));
        }
        let error = "rainbow".parse::<Colormap>().map_err(|e| e.contains("jet, turbo, viridis, inferno"));
        assert_eq!(error, Err(true));
    }
}
