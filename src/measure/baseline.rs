//! Maps that know nothing of the network.

use std::sync::LazyLock;

use super::PICTURE;
use super::picture::Picture;
use crate::saliency::SaliencyMap;

/// A map that knows nothing of the network; a measure says something about the network by what it has beyond these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Baseline {
    /// All saliency at the centre of the view, where photographers put their objects.
    Centre,
    /// The same saliency everywhere.
    Uniform,
}

static CENTRE: LazyLock<(SaliencyMap, Picture)> = LazyLock::new(|| {
    let side = 223;
    let mut values = vec![0.0; side * side];
    values[side * side / 2] = 1.0;
    drawn(SaliencyMap::from_values(side, side, values))
});

static UNIFORM: LazyLock<(SaliencyMap, Picture)> = LazyLock::new(|| drawn(SaliencyMap::from_values(1, 1, vec![1.0])));

fn drawn(map: SaliencyMap) -> (SaliencyMap, Picture) {
    let picture = Picture::new(&map, PICTURE).grouped();
    (map, picture)
}

impl Baseline {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Centre, Self::Uniform];

    /// The word of flags and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Centre => "centre",
            Self::Uniform => "uniform",
        }
    }

    /// In a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Centre => "all saliency at the centre of the view",
            Self::Uniform => "the same saliency everywhere",
        }
    }

    /// As a map: for the centre one cell of a grid of 223 by 223, for the uniform map a single cell.
    pub fn map(self) -> &'static SaliencyMap {
        &self.both().0
    }

    /// The map on the pixels that measures are computed on.
    pub(super) fn picture(self) -> &'static Picture {
        &self.both().1
    }

    fn both(self) -> &'static (SaliencyMap, Picture) {
        match self {
            Self::Centre => &CENTRE,
            Self::Uniform => &UNIFORM,
        }
    }
}
