//! Which class a saliency map is asked to explain.

use crate::dataset::ClassId;

/// The class that a saliency map shall explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// The most probable one.
    Predicted,
    /// The most probable of these, of which there is at least one.
    BestOf(&'a [ClassId]),
}
