//! A method with its settings.

use super::input_gradients::{IntegratedGradients, SmoothGrad};
use super::method::{Method, Needs};
use super::occlusion::Occlusion;
use super::rise::Rise;

/// How maps are computed: everything besides classifier, image and class that changes a value, and how many masked images go
/// through the network at once, which changes none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// The method.
    pub method: Method,
    /// Whether the map is averaged with the mirrored map of the mirrored image.
    pub flips: bool,
    /// Of [`Method::Occlusion`].
    pub occlusion: Occlusion,
    /// Of [`Method::Rise`].
    pub rise: Rise,
    /// Of [`Method::IntegratedGradients`].
    pub integrated: IntegratedGradients,
    /// Of [`Method::SmoothGrad`].
    pub smooth: SmoothGrad,
    /// Masked variants in one forward pass.
    pub batch: usize,
}

impl Recipe {
    /// A method with its usual settings.
    pub fn new(method: Method) -> Self {
        Self {
            method,
            flips: false,
            occlusion: Occlusion::default(),
            rise: Rise::default(),
            integrated: IntegratedGradients::default(),
            smooth: SmoothGrad::default(),
            batch: 16,
        }
    }

    /// Identity of everything here that changes a value; results are stored under it.
    pub fn key(&self) -> String {
        let settings = match self.method {
            Method::Occlusion => format!(" {:?}", self.occlusion),
            Method::Rise => format!(" {:?}", self.rise),
            Method::IntegratedGradients => format!(" {:?}", self.integrated),
            Method::SmoothGrad => format!(" {:?}", self.smooth),
            _ => String::new(),
        };
        format!("{}{settings}{}", self.method, if self.flips { " flips" } else { "" })
    }

    /// Network passes for one image at `height x width` with `channels` at the target layer, where none can be saved: forward ones, those through the head
    /// alone, and backward ones. The forward pass that predicts the class is the first one.
    pub fn passes(&self, channels: usize, height: usize, width: usize) -> Passes {
        let once = Passes { forward: 1, head: 0, backward: 0 };
        let passes = match self.method {
            Method::ScoreCam => Passes { forward: 1 + channels, ..once },
            Method::AblationCam => Passes { head: channels, ..once },
            Method::Occlusion => Passes { forward: 1 + self.occlusion.windows(height, width), ..once },
            Method::Rise => Passes { forward: 1 + self.rise.masks, ..once },
            Method::ContrastiveExcitationBackprop => Passes { backward: 2, ..once },
            Method::IntegratedGradients => {
                Passes { forward: 1 + self.integrated.steps, backward: self.integrated.steps, ..once }
            }
            Method::SmoothGrad => Passes { forward: 1 + self.smooth.samples, backward: self.smooth.samples, ..once },
            method if method.needs() == Needs::Activations => once,
            _ => Passes { backward: 1, ..once },
        };
        if self.flips { passes.twice() } else { passes }
    }
}

/// What a map costs, in passes through the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passes {
    /// Through the whole network.
    pub forward: usize,
    /// Through the part behind the target layer.
    pub head: usize,
    /// Backward, through the head or the whole network.
    pub backward: usize,
}

impl Passes {
    fn twice(self) -> Self {
        Self { forward: 2 * self.forward, head: 2 * self.head, backward: 2 * self.backward }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_the_settings_that_count_and_no_others() {
        let mut recipe = Recipe::new(Method::GradCam);
        recipe.rise.masks = 7;
        recipe.batch = 3;
        assert_eq!(recipe.key(), "gradcam");
        recipe.flips = true;
        assert_eq!(recipe.key(), "gradcam flips");
        let rise = Recipe { method: Method::Rise, ..recipe };
        assert!(rise.key().contains("masks: 7") && !rise.key().contains("window"));
    }

    #[test]
    fn masked_methods_cost_a_pass_a_mask() {
        let passes = |method| Recipe::new(method).passes(1280, 224, 224);
        assert_eq!(passes(Method::ScoreCam).forward, 1281);
        assert_eq!(passes(Method::Occlusion).forward, 170);
        assert_eq!(passes(Method::AblationCam), Passes { forward: 1, head: 1280, backward: 0 });
        assert_eq!(passes(Method::EigenCam), Passes { forward: 1, head: 0, backward: 0 });
    }
}
