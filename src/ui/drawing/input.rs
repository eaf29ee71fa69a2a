//! What a person does while drawing; places and distances are image pixels.

use super::outline::Point;
use crate::roi::DrawnRoi;

/// What pressing the pointer on an empty place begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Nothing; regions are chosen and moved.
    Select,
    /// A box.
    #[default]
    Box,
    /// A polygon, corner by corner.
    Polygon,
}

/// What a person does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// The pointer goes down with a tool in hand; handles within `reach` are taken hold of.
    Press {
        /// Where.
        at: Point,
        /// How near a handle counts.
        reach: f32,
        /// What begins where there is nothing to take hold of.
        tool: Tool,
    },
    /// The pointer moves.
    Move(Point),
    /// The pointer goes up.
    Release(Point),
    /// Ends a polygon.
    Finish,
    /// Gives up what is being drawn, or else lets go of the corner, or else of the region.
    Cancel,
    /// Removes the chosen corner of a polygon, or else the chosen region.
    Delete,
    /// Moves the chosen corner, or else the chosen region.
    Nudge(Point),
    /// The region this many places further on, all around.
    NextRegion(isize),
    /// The corner this many places further on, all around.
    NextCorner(isize),
    /// A region, or none.
    Choose(Option<usize>),
    /// Adds a region and chooses it.
    Add(DrawnRoi),
    /// Makes the chosen box a polygon; gives a chosen polygon a corner after the chosen one.
    AddCorner,
    /// Names the chosen region.
    Rename(String),
    /// Takes the latest change back.
    Undo,
    /// Repeats the change that was taken back last.
    Redo,
}
