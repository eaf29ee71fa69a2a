//! Faster R-CNN (Ren et al. 2015), Mask R-CNN (He et al. 2017) and their region proposals alone, as Detectron2 and
//! torchvision compute them.
//!
//! Three graphs: the *trunk* (backbone, pyramid and proposal head on every level) sees the picture; the *box head* and the
//! *mask head* see what ROIAlign cuts out of the pyramid for each box.

mod boxes;
mod detector;
mod masks;
mod network;
mod proposals;

pub use boxes::{BoxHead, BoxScores, ClassBox, DetectionRules};
pub(crate) use boxes::{best_of_each_class, softmax};
pub use detector::Rcnn;
pub(in crate::detector) use detector::{PROPOSAL_SCORE, proposal_classes};
pub use masks::{MASK_SIDE, MaskHead};
pub(crate) use network::MOBILENET_STEM;
pub use network::{RcnnNetwork, Trunk};
pub(crate) use proposals::sigmoid;
pub use proposals::{ProposalRules, Proposals};

/// Whose conventions a network follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Library {
    /// Detectron2's model zoo.
    Detectron2,
    /// torchvision.
    Torchvision,
}
