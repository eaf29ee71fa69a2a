//! Is a map about the network at all, and do its pixels matter to it?
//!
//! Comes in: a classifier, images, and maps of them. Goes out: how the maps change when the network's weights are shuffled
//! ([`sanity`]), how its score changes when the salient pixels go or come ([`faithfulness`]), and how far two orders agree
//! ([`rank_correlation`]). May not live here: regions, averages for tables, files.

pub mod faithfulness;
mod imputation;
mod rank;
pub mod sanity;

pub use rank::rank_correlation;
