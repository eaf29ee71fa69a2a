//! The methods by name, what each is, and what it needs of a classifier.
//!
//! Comes in: a name. Goes out: a [`Method`]. May not live here: how any of them computes.

use std::fmt;
use std::str::FromStr;

/// A way to say where a classifier found the evidence for a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "`Method::description` says it for users and readers alike")]
pub enum Method {
    GradCam,
    GradCamPlusPlus,
    XGradCam,
    HiResCam,
    LayerCam,
    GradCamElementwise,
    EigenCam,
    EigenGradCam,
    ScoreCam,
    AblationCam,
    FullGrad,
    Occlusion,
    Rise,
    ExcitationBackprop,
    ContrastiveExcitationBackprop,
    GuidedBackprop,
    GradientInput,
    IntegratedGradients,
    SmoothGrad,
}

/// What a method asks of the classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Needs {
    /// The target layer's activations only: one forward pass.
    Activations,
    /// Also the gradients at the target layer: one backward pass through the head.
    HeadGradients,
    /// The scores of many masked inputs or feature maps.
    MaskedForwards,
    /// Backward passes through the whole network.
    NetworkGradients,
}

impl Method {
    /// All methods, the cheap ones of each kind first.
    pub const ALL: [Self; 19] = [
        Self::GradCam,
        Self::GradCamPlusPlus,
        Self::XGradCam,
        Self::HiResCam,
        Self::LayerCam,
        Self::GradCamElementwise,
        Self::EigenCam,
        Self::EigenGradCam,
        Self::ScoreCam,
        Self::AblationCam,
        Self::FullGrad,
        Self::Occlusion,
        Self::Rise,
        Self::ExcitationBackprop,
        Self::ContrastiveExcitationBackprop,
        Self::GuidedBackprop,
        Self::GradientInput,
        Self::IntegratedGradients,
        Self::SmoothGrad,
    ];

    /// The word of the command line and of project files.
    pub fn name(self) -> &'static str {
        match self {
            Self::GradCam => "gradcam",
            Self::GradCamPlusPlus => "gradcam++",
            Self::XGradCam => "xgradcam",
            Self::HiResCam => "hirescam",
            Self::LayerCam => "layercam",
            Self::GradCamElementwise => "gradcam-elementwise",
            Self::EigenCam => "eigencam",
            Self::EigenGradCam => "eigengradcam",
            Self::ScoreCam => "scorecam",
            Self::AblationCam => "ablationcam",
            Self::FullGrad => "fullgrad",
            Self::Occlusion => "occlusion",
            Self::Rise => "rise",
            Self::ExcitationBackprop => "excitation-bp",
            Self::ContrastiveExcitationBackprop => "contrastive-excitation-bp",
            Self::GuidedBackprop => "guided-backprop",
            Self::GradientInput => "gradient-input",
            Self::IntegratedGradients => "integrated-gradients",
            Self::SmoothGrad => "smoothgrad",
        }
    }

    /// One line for a list of methods.
    pub fn description(self) -> &'static str {
        match self {
            Self::GradCam => "channels weighted by their mean gradient (Selvaraju et al. 2017)",
            Self::GradCamPlusPlus => "channels weighted by their positive gradients (Chattopadhay et al. 2018)",
            Self::XGradCam => "channels weighted by gradients at their active cells (Fu et al. 2020)",
            Self::HiResCam => "gradient times activation, cell by cell (Draelos & Carin 2020)",
            Self::LayerCam => "positive gradient times activation, cell by cell (Jiang et al. 2021)",
            Self::GradCamElementwise => "positive part of gradient times activation, cell by cell",
            Self::EigenCam => "main component of the activations; no class (Muhammad & Yeasin 2020)",
            Self::EigenGradCam => "main component of gradient times activation",
            Self::ScoreCam => "channels weighted by the score of the image behind each (Wang et al. 2020)",
            Self::AblationCam => "channels weighted by the score lost without each (Desai & Ramaswamy 2020)",
            Self::FullGrad => "input and bias gradients of every layer (Srinivas & Fleuret 2019)",
            Self::Occlusion => "score lost when a window is covered (Zeiler & Fergus 2014)",
            Self::Rise => "mean of random masks weighted by their score (Petsiuk et al. 2018)",
            Self::ExcitationBackprop => "probability passed down along positive weights (Zhang et al. 2016)",
            Self::ContrastiveExcitationBackprop => "excitation backprop less that of all other classes",
            Self::GuidedBackprop => {
                "gradient that passes where it and the activation are positive (Springenberg et al. 2015)"
            }
            Self::GradientInput => "gradient times input (Shrikumar et al. 2016)",
            Self::IntegratedGradients => "gradient averaged on the way from black (Sundararajan et al. 2017)",
            Self::SmoothGrad => "gradient averaged over noisy copies (Smilkov et al. 2017)",
        }
    }

    /// What it asks of the classifier.
    pub fn needs(self) -> Needs {
        match self {
            Self::EigenCam => Needs::Activations,
            Self::GradCam
            | Self::GradCamPlusPlus
            | Self::XGradCam
            | Self::HiResCam
            | Self::LayerCam
            | Self::GradCamElementwise
            | Self::EigenGradCam => Needs::HeadGradients,
            Self::ScoreCam | Self::AblationCam | Self::Occlusion | Self::Rise => Needs::MaskedForwards,
            Self::FullGrad
            | Self::ExcitationBackprop
            | Self::ContrastiveExcitationBackprop
            | Self::GuidedBackprop
            | Self::GradientInput
            | Self::IntegratedGradients
            | Self::SmoothGrad => Needs::NetworkGradients,
        }
    }

    /// Whether the map is one of the target layer's grid; the others are maps of the network's input.
    pub fn is_on_target_layer(self) -> bool {
        !matches!(
            self,
            Self::FullGrad
                | Self::Occlusion
                | Self::Rise
                | Self::GuidedBackprop
                | Self::GradientInput
                | Self::IntegratedGradients
                | Self::SmoothGrad
        )
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no method has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no method {0:?}; the methods are {names}", names = Method::ALL.map(Method::name).join(", "))]
pub struct UnknownMethod(pub String);

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        Self::ALL.into_iter().find(|m| m.name() == name).ok_or_else(|| UnknownMethod(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for method in Method::ALL {
            assert_eq!(method.name().parse(), Ok(method));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_list() {
        let error = "grad-cam".parse::<Method>().expect_err("no method is called so").to_string();
        assert!(error.contains("\"grad-cam\"") && error.contains("gradcam++"), "{error}");
    }
}
