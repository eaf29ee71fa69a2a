//! Classifiers: networks that say what an image shows, cut at the layer whose features are explained.
//!
//! Comes in: a network's graph, its card and classes. Goes out: a [`Classifier`] with its two halves, `features` and `head`.
//! May not live here: files, saliency formulas, image decoding. One file an architecture, listed in [`ARCHITECTURES`].

mod alexnet;
mod architecture;
mod convnext;
mod densenet;
mod efficientnet;
mod efficientnet_lite;
#[cfg(test)]
pub(crate) mod fixture;
mod googlenet;
mod inception;
mod mobilenet;
mod recognise;
mod resnet;
mod squeezenet;
mod swin;
mod timm;
mod vgg;
mod vit;

use candle_core::{Device, Tensor};

pub use architecture::{ARCHITECTURES, Architecture, BuildOptions, Naming, architecture};
pub use recognise::{Mismatch, Unrecognised, candidates, recognise};
pub use timm::{naming_of, torchvision_names};

use crate::card::Classes;
use crate::geometry::Size;
use crate::graph::{CutError, Graph, Network, NodeId};
use crate::preprocess::Preprocessing;

/// Why a network cannot be used as a classifier.
#[derive(Debug, thiserror::Error)]
pub enum ClassifierError {
    /// No node has this name.
    #[error("there is no layer {layer} in this network; its layers are {}", .layers.join(", "))]
    NoLayer {
        /// What was asked for.
        layer: String,
        /// What there is.
        layers: Vec<String>,
    },
    /// The layer is there but cannot be explained.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// The card names more or fewer classes than the network has outputs.
    #[error("the network has {outputs} outputs, but {names} classes are named")]
    Classes {
        /// What the network returns.
        outputs: usize,
        /// What the card names.
        names: usize,
    },
    /// The network does not fit its input or the device failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// What a classifier is, besides its graph.
#[derive(Clone, Debug)]
pub struct ClassifierSpec {
    /// What people call it.
    pub name: String,
    /// Identity of the weights and everything built into the graph.
    pub weights_key: String,
    /// What it wants of a picture.
    pub preprocessing: Preprocessing,
    /// What its outputs stand for.
    pub classes: Classes,
}

/// A classifier, cut at its target layer and ready to run.
#[derive(Debug)]
pub struct Classifier {
    spec: ClassifierSpec,
    layer: String,
    layers: Vec<String>,
    grids: Vec<Size>,
    /// The network in one piece; its halves share its weights.
    graph: Graph,
    features: Network,
    head: Network,
    /// The same network cut at the other target layers, if there are several.
    further: Vec<Self>,
    /// `(classes, c)` where the head is a mean and one linear layer.
    linear_head: Option<Tensor>,
    device: Device,
}

impl Classifier {
    /// Cuts `graph`, which returns logits `(n, classes)`, at `layer` and brings both halves to a device. Several layers, with commas
    /// between them, are all cut at; the one nearest to the output is the main one.
    ///
    /// # Errors
    /// If there is no such layer, the network cannot be cut there, or the classes are not as many as the outputs.
    pub fn new(spec: ClassifierSpec, graph: &Graph, layer: &str, device: &Device) -> Result<Self, ClassifierError> {
        let size = spec.preprocessing.input;
        let shapes = graph.shapes(1, size.height as usize, size.width as usize)?;
        let outputs = graph.outputs().first().and_then(|o| shapes.get(o.index())?.get(1)).copied().unwrap_or(0);
        if outputs != spec.classes.names.len() {
            return Err(ClassifierError::Classes { outputs, names: spec.classes.names.len() });
        }
        let has_cells = |id: &NodeId| shapes[id.index()][2] * shapes[id.index()][3] > 1;
        let cuts: Vec<_> = graph.cuts().into_iter().filter(has_cells).collect();
        let wanted = wanted_layers(graph, layer);
        let layers: Vec<String> = cuts.iter().map(|id| layer_name(graph, *id, &wanted)).collect();
        let grids =
            cuts.iter().map(|id| Size::new(shapes[id.index()][3] as u32, shapes[id.index()][2] as u32)).collect();
        if let Some(unknown) = wanted.iter().find(|name| graph.find(name).is_none()) {
            return Err(ClassifierError::NoLayer { layer: (*unknown).to_owned(), layers });
        }
        let Some((main, cut)) = wanted.last().and_then(|name| Some((*name, graph.find(name)?))) else {
            return Err(ClassifierError::NoLayer { layer: layer.to_owned(), layers });
        };
        let (features, head) = graph.split_at(cut)?;
        let others = wanted.iter().filter(|name| **name != main);
        Ok(Self {
            further: others.map(|name| Self::new(spec.clone(), graph, name, device)).collect::<Result<_, _>>()?,
            layer: wanted.join(","),
            layers,
            grids,
            features: Network::new(&features, device)?,
            linear_head: head.pooled_linear().cloned(),
            head: Network::new(&head, device)?,
            device: device.clone(),
            graph: graph.clone(),
            spec,
        })
    }

    /// The same classifier, cut at another layer.
    ///
    /// # Errors
    /// If there is no such layer, or the network cannot be cut there.
    pub fn at_layer(&self, layer: &str) -> Result<Self, ClassifierError> {
        Self::new(self.spec.clone(), &self.graph, layer, &self.device)
    }

    /// The same classifier with the weights of its convolutions and linear layers replaced by what `change` makes of them; it is
    /// told the node's name.
    ///
    /// # Errors
    /// If `change` fails or the device refuses.
    pub(crate) fn with_weights(
        &self,
        change: impl FnMut(&str, &Tensor) -> candle_core::Result<Tensor>,
    ) -> Result<Self, ClassifierError> {
        Self::new(self.spec.clone(), &self.graph.with_weights(change)?, &self.layer, &self.device)
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// What it wants of a picture.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.spec.preprocessing
    }

    /// Names of its classes, in the order of the logits; two may be equal.
    pub fn class_names(&self) -> &[String] {
        &self.spec.classes.names
    }

    /// Names and ids of its classes, in the order of the logits.
    pub fn classes(&self) -> &Classes {
        &self.spec.classes
    }

    /// The target layer, where the network is cut; several in the order from input to output, with commas between them.
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// The same network cut at each of the other target layers, if there are several.
    pub fn further(&self) -> &[Self] {
        &self.further
    }

    /// All layers of more than one cell that it could be cut at, from input to output.
    pub fn layers(&self) -> &[String] {
        &self.layers
    }

    /// The grid of cells of each of [`Classifier::layers`], for the input size of the card.
    pub fn grids(&self) -> &[Size] {
        &self.grids
    }

    /// The device that it runs on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Identity of everything that changes a number: weights, layer and preprocessing. Results are stored under it.
    pub fn key(&self) -> String {
        format!("{} layer={} {:?}", self.spec.weights_key, self.layer, self.spec.preprocessing)
    }

    /// The feature maps of the target layer, of several the one nearest to the output.
    ///
    /// # Shapes
    /// `input`: `(n, 3, h, w)`, f32, normalised as [`Classifier::preprocessing`] says. Result: `(n, c, gh, gw)`.
    ///
    /// # Errors
    /// If the input does not fit the network, or the device fails.
    pub fn features(&self, input: &Tensor) -> candle_core::Result<Tensor> {
        only(self.features.forward(input)?)
    }

    /// Scores before the softmax.
    ///
    /// # Shapes
    /// `features`: `(n, c, gh, gw)`. Result: `(n, classes)`.
    ///
    /// # Errors
    /// If the features are not of the target layer, or the device fails.
    pub fn head(&self, features: &Tensor) -> candle_core::Result<Tensor> {
        only(self.head.forward(features)?)
    }

    /// From the input to the target layer, for passes back through it.
    pub fn features_network(&self) -> &Network {
        &self.features
    }

    /// From the target layer to the scores, for passes back through it.
    pub fn head_network(&self) -> &Network {
        &self.head
    }

    /// Where the head is the mean over the grid and one linear layer: that layer's weight `(classes, c)`, f32, on the CPU.
    pub fn linear_head(&self) -> Option<&Tensor> {
        self.linear_head.as_ref()
    }
}

/// The layers that a word names, each once, from input to output; first those that the graph does not have.
fn wanted_layers<'w>(graph: &Graph, word: &'w str) -> Vec<&'w str> {
    if graph.find(word).is_some() {
        return vec![word];
    }
    let mut names: Vec<&str> = word.split(',').map(str::trim).collect();
    names.sort_by_key(|name| graph.find(name).map(NodeId::index));
    names.dedup_by_key(|name| (graph.find(name).map(NodeId::index)).map_or_else(|| Err(name.to_owned()), Ok));
    names
}

/// What people call a layer: as it was asked for, or as the largest module that ends there (`features.18` rather than
/// `features.18.2`), but not as all layers together (`features`).
fn layer_name(graph: &Graph, id: NodeId, asked: &[&str]) -> String {
    let parts = |name: &str| name.split('.').count();
    let modules = graph.names(id).filter(|name| parts(name) > 1 && parts(name) < parts(&graph.node(id).name));
    let asked = graph.names(id).find(|name| asked.contains(name));
    asked.or_else(|| modules.min_by_key(|name| parts(name))).unwrap_or(&graph.node(id).name).to_owned()
}

/// The single output of a network that has one.
fn only(mut outputs: Vec<Tensor>) -> candle_core::Result<Tensor> {
    match outputs.len() {
        1 => Ok(outputs.swap_remove(0)),
        n => candle_core::bail!("a classifier returns one tensor, not {n}"),
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::small_classifier;

    #[test]
    fn several_layers_are_named_from_input_to_output_whatever_their_order() -> Result<(), super::ClassifierError> {
        for word in ["conv,act", "act,conv", "act, conv,act"] {
            let classifier = small_classifier(word)?;
            assert_eq!(classifier.layer(), "conv,act");
            assert_eq!(classifier.further().iter().map(super::Classifier::layer).collect::<Vec<_>>(), ["conv"]);
            assert!(classifier.linear_head().is_some());
        }
        assert_eq!(small_classifier("act")?.further().len(), 0);
        Ok(())
    }

    #[test]
    fn of_several_layers_the_unknown_one_is_named() {
        let message = small_classifier("act,layer4").map_err(|e| e.to_string()).err().unwrap_or_default();
        assert_eq!(message, "there is no layer layer4 in this network; its layers are conv, act");
        assert!(small_classifier("act,").is_err() && small_classifier("").is_err());
    }
}
