//! Which architecture weights belong to, told by the names and shapes of their tensors.

use std::collections::BTreeMap;

use super::{ARCHITECTURES, Architecture, BuildOptions, Naming};
use crate::geometry::Size;
use crate::weights::Weights;

/// Differences of a kind that a message lists.
const LISTED: usize = 3;

/// What weights have too much and too little of for an architecture. Nothing, if they belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Name of the architecture.
    pub architecture: &'static str,
    /// Tensors of the architecture that are there, of the right shape.
    pub matching: usize,
    /// Tensors of the architecture.
    pub needed: usize,
    /// Names that are not there.
    pub missing: Vec<String>,
    /// Names that the architecture does not have.
    pub unexpected: Vec<String>,
    /// Name, shape of the architecture, shape that is there.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatch {
    /// Whether the weights belong to the architecture.
    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misshapen.is_empty()
    }
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { architecture, matching, needed, missing, unexpected, misshapen } = self;
        write!(f, "{matching} of the {needed} tensors of {architecture} are there")?;
        let misshapen: Vec<_> =
            misshapen.iter().map(|(name, needed, found)| format!("{name} {found:?} instead of {needed:?}")).collect();
        for (what, names) in [("missing", missing), ("unexpected", unexpected), ("of another shape", &misshapen)] {
            if !names.is_empty() {
                let listed = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
                let more = if names.len() > LISTED { ", …" } else { "" };
                write!(f, "; {what} ({}): {listed}{more}", names.len())?;
            }
        }
        Ok(())
    }
}

/// Weights of no known architecture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the weights belong to no known architecture; the nearest is {}: {nearest}", nearest.architecture)]
pub struct Unrecognised {
    /// The architecture that shares most tensors with them.
    pub nearest: Box<Mismatch>,
}

/// Whether a tensor is not needed: counters of training, auxiliary heads, and tables that follow from the architecture.
fn is_not_needed(name: &str) -> bool {
    const ENDS: [&str; 3] = ["num_batches_tracked", "relative_position_index", "attn_mask"];
    ENDS.iter().any(|end| name.ends_with(end))
        || ["aux1.", "aux2.", "AuxLogits."].iter().any(|aux| name.starts_with(aux))
}

impl Architecture {
    /// Compares weights with what this architecture reads.
    pub fn compare(&self, weights: &Weights) -> Mismatch {
        let rehearsal = weights.rehearsal();
        let options =
            BuildOptions { input: Size::new(self.side, self.side), classes: self.classes(weights).unwrap_or(1000) };
        // A rehearsal refuses nothing; if it failed all the same, what was asked for so far would be compared.
        let _graph = (self.build)(&rehearsal, &options);
        let needed: BTreeMap<_, _> = rehearsal.asked().into_iter().collect();
        let (mut matching, mut missing, mut misshapen) = (0, Vec::new(), Vec::new());
        for (name, shape) in &needed {
            match weights.shape(name) {
                Some(found) if found == shape => matching += 1,
                Some(found) => misshapen.push((name.clone(), shape.clone(), found.to_vec())),
                None => missing.push(name.clone()),
            }
        }
        let unexpected = weights.names().filter(|n| !needed.contains_key(*n) && !is_not_needed(n)).map(String::from);
        let unexpected = unexpected.collect();
        Mismatch { architecture: self.name, matching, needed: needed.len(), missing, unexpected, misshapen }
    }
}

/// The architecture that weights belong to, by the names and shapes of all their tensors; of several, the first.
///
/// # Errors
/// If there is none; the nearest one and the first differences are named.
pub fn recognise(weights: &Weights) -> Result<&'static Architecture, Unrecognised> {
    let mut nearest: Option<Mismatch> = None;
    for architecture in ARCHITECTURES {
        let mismatch = architecture.compare(weights);
        if mismatch.is_none() {
            return Ok(architecture);
        }
        let rank = |m: &Mismatch| (m.matching, std::cmp::Reverse(m.needed));
        if nearest.as_ref().is_none_or(|n| rank(&mismatch) > rank(n)) {
            nearest = Some(mismatch);
        }
    }
    Err(Unrecognised { nearest: Box::new(nearest.expect("there are architectures")) })
}

/// All architectures that weights from a file of these names can belong to, which no tensor tells apart.
///
/// # Errors
/// As [`recognise`].
pub fn candidates(weights: &Weights, naming: Naming) -> Result<Vec<&'static Architecture>, Unrecognised> {
    let first = recognise(weights)?;
    let rest = ARCHITECTURES.iter().skip_while(|a| a.name != first.name);
    let of_file = rest.filter(|a| a.naming.is_none_or(|of| of == naming));
    Ok(of_file.filter(|a| a.head == first.head && a.compare(weights).is_none()).collect())
}
