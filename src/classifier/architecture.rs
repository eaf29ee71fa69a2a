//! The architectures by name.

use candle_core::Result;

use super::convnext::ConvNeXt;
use super::densenet::DenseNet;
use super::efficientnet::EfficientNet;
use super::efficientnet_lite::EfficientNetLite;
use super::swin::Swin;
use super::vit::ViT;
use super::{
    alexnet, convnext, densenet, efficientnet, efficientnet_lite, googlenet, inception, mobilenet, resnet, squeezenet,
    swin, vgg, vit,
};
use crate::blocks::Net;
use crate::blocks::mobilenet_v3::MobileNetV3;
use crate::geometry::Size;
use crate::graph::{Graph, NodeId};
use crate::preprocess::{ChannelOrder, Interpolation, Preprocessing, Resize};
use crate::weights::Weights;

/// Of ImageNet's pixels, in 0..1, as everybody uses them.
const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// Of ImageNet's pixels, in 0..1, as everybody uses them.
const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// What a builder must know besides the weights.
#[derive(Clone, Copy, Debug)]
pub struct BuildOptions {
    /// Size of the network's input.
    pub input: Size,
    /// Number of classes.
    pub classes: usize,
}

/// Whose names the tensors of a file have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// timm's, where it calls the layers of a network otherwise.
    Timm,
    /// torchvision's, and everybody else's.
    Torchvision,
}

/// A network that weights can belong to.
#[derive(Clone, Copy, Debug)]
pub struct Architecture {
    /// The card's word for it.
    pub name: &'static str,
    /// The last layer of feature maps: where saliency is computed unless something else is asked for.
    pub target_layer: &'static str,
    /// The layer with one row of weights for each class.
    pub head: &'static str,
    /// Side of the square input that the published weights were trained for, in pixels.
    pub side: u32,
    /// Whose files it is for, where the same tensors under the names of another library are those of another network; `None` for
    /// everybody's.
    pub naming: Option<Naming>,
    /// Writes the network with these weights; it returns logits `(n, classes)`.
    pub build: fn(&Weights, &BuildOptions) -> Result<Graph>,
}

impl Architecture {
    /// How pictures were prepared for the published weights: torchvision's first ones, timm's, or the bundled ones
    /// of EfficientNet-Lite. Weights trained by others may want something else.
    pub fn preprocessing(&self) -> Preprocessing {
        let (shorter_side, interpolation) = self.published_resize();
        let (mean, std) = match self.name {
            // torchvision turns the usual normalisation into this one inside these networks.
            "googlenet" | "inception_v3" => ([0.5; 3], [0.5; 3]),
            name if name.starts_with("tf_mobilenetv3") => ([0.5; 3], [0.5; 3]),
            name if name.starts_with("efficientnet-lite") => ([0.498; 3], [0.502; 3]),
            _ => (IMAGENET_MEAN, IMAGENET_STD),
        };
        Preprocessing {
            input: Size::new(self.side, self.side),
            resize: Resize::ShorterSide { size: shorter_side },
            interpolation,
            channels: ChannelOrder::Rgb,
            mean,
            std,
            scale: 1.0 / 255.0,
        }
    }

    /// Pixels of the shorter side before the crop, and the filter.
    fn published_resize(&self) -> (u32, Interpolation) {
        use Interpolation::{Bicubic, Bilinear};
        match self.name {
            "inception_v3" => (342, Bilinear),
            "convnext_tiny" => (236, Bilinear),
            "convnext_small" => (230, Bilinear),
            "convnext_base" | "convnext_large" => (232, Bilinear),
            "efficientnet_b0" | "efficientnet_b1" => (256, Bicubic),
            "efficientnet_b3" => (320, Bicubic),
            "efficientnet_b4" => (384, Bicubic),
            name if name.starts_with("efficientnet_") => (self.side, Bicubic),
            "timm_efficientnet_b5" => (448, Bicubic),
            "tf_efficientnet_b0" => (256, Bicubic),
            "tf_efficientnet_b1" => (272, Bicubic),
            "tf_efficientnet_b2" => (292, Bicubic),
            "tf_efficientnet_b3" => (331, Bicubic),
            "tf_efficientnet_b4" => (412, Bicubic),
            "tf_efficientnet_b5" => (488, Bicubic),
            "tf_efficientnet_b6" | "timm_efficientnet_b6" => (560, Bicubic),
            "tf_efficientnet_b7" | "timm_efficientnet_b7" => (632, Bicubic),
            "mobilenetv3_large_100" | "mobilenetv3_small_100" => (256, Bicubic),
            "swin_t" => (232, Bicubic),
            "swin_s" => (246, Bicubic),
            "swin_b" => (238, Bicubic),
            "vit_l_16" => (242, Bilinear),
            name if name.starts_with("deit_") => (256, Bicubic),
            _ => (self.side + 32, Bilinear),
        }
    }

    /// How many classes these weights tell apart, if they have the layer that says so.
    pub fn classes(&self, weights: &Weights) -> Option<usize> {
        weights.shape(&format!("{}.weight", self.head))?.first().copied()
    }
}

use Naming::{Timm, Torchvision};

type Build = fn(&Weights, &BuildOptions) -> Result<Graph>;

const fn entry(
    name: &'static str,
    target_layer: &'static str,
    head: &'static str,
    side: u32,
    build: Build,
) -> Architecture {
    Architecture { name, target_layer, head, side, naming: None, build }
}

impl Architecture {
    /// For the files of one library only.
    const fn of(self, naming: Naming) -> Self {
        Self { naming: Some(naming), ..self }
    }
}

/// A network of which the weights tell everything.
fn net(weights: &Weights, build: impl FnOnce(&mut Net<'_>) -> Result<NodeId>) -> Result<Graph> {
    finished(Net::new(weights), build)
}

/// The same, trained in TensorFlow, so that its padding depends on the size of the input.
fn tensorflow(
    weights: &Weights,
    options: &BuildOptions,
    build: impl FnOnce(&mut Net<'_>) -> Result<NodeId>,
) -> Result<Graph> {
    let Size { width, height } = options.input;
    finished(Net::tensorflow(weights, [height as usize, width as usize]), build)
}

fn finished(mut net: Net<'_>, build: impl FnOnce(&mut Net<'_>) -> Result<NodeId>) -> Result<Graph> {
    let logits = build(&mut net)?;
    net.finish(&[logits])
}

const fn vgg(name: &'static str, target_layer: &'static str, build: Build) -> Architecture {
    entry(name, target_layer, "classifier.6", 224, build)
}

const fn resnet(name: &'static str, build: Build) -> Architecture {
    entry(name, "layer4", "fc", 224, build)
}

const fn squeezenet(name: &'static str, build: Build) -> Architecture {
    entry(name, "features.12", "classifier.1", 224, build)
}

const fn densenet(name: &'static str, build: Build) -> Architecture {
    entry(name, "features", "classifier", 224, build)
}

const fn efficientnet(name: &'static str, side: u32, build: Build) -> Architecture {
    entry(name, "features.8", "classifier.1", side, build)
}

const fn lite(name: &'static str, side: u32, build: Build) -> Architecture {
    entry(name, "head_act", "_fc", side, build)
}

const fn mobilenet_v3(name: &'static str, target_layer: &'static str, build: Build) -> Architecture {
    entry(name, target_layer, "classifier.3", 224, build)
}

const fn convnext(name: &'static str, build: Build) -> Architecture {
    entry(name, "features.7", "classifier.2", 224, build)
}

const fn swin(name: &'static str, build: Build) -> Architecture {
    entry(name, "features.7", "head", 224, build)
}

const fn vit(name: &'static str, target_layer: &'static str, build: Build) -> Architecture {
    entry(name, target_layer, "heads.head", 224, build)
}

/// The first norm of the last of 12 blocks.
const BASE: &str = "encoder.layers.encoder_layer_11.ln_1";
/// The first norm of the last of 24 blocks.
const LARGE: &str = "encoder.layers.encoder_layer_23.ln_1";

fn transformer(options: &BuildOptions, patch: usize, depth: usize, channels: usize) -> ViT {
    ViT { patch, side: options.input.width as usize, depth, channels }
}

/// Every architecture, in the order that lists show them.
pub const ARCHITECTURES: &[Architecture] = &[
    lite("efficientnet-lite0", 224, |w, o| {
        tensorflow(w, o, |n| efficientnet_lite::build(n, EfficientNetLite { width: 1.0, depth: 1.0 }))
    }),
    lite("efficientnet-lite1", 240, |w, o| {
        tensorflow(w, o, |n| efficientnet_lite::build(n, EfficientNetLite { width: 1.0, depth: 1.1 }))
    }),
    lite("efficientnet-lite2", 260, |w, o| {
        tensorflow(w, o, |n| efficientnet_lite::build(n, EfficientNetLite { width: 1.1, depth: 1.2 }))
    }),
    lite("efficientnet-lite3", 280, |w, o| {
        tensorflow(w, o, |n| efficientnet_lite::build(n, EfficientNetLite { width: 1.2, depth: 1.4 }))
    }),
    lite("efficientnet-lite4", 300, |w, o| {
        tensorflow(w, o, |n| efficientnet_lite::build(n, EfficientNetLite { width: 1.4, depth: 1.8 }))
    }),
    entry("alexnet", "features.12", "classifier.6", 224, |w, _| net(w, alexnet::build)),
    vgg("vgg11", "features.20", |w, _| net(w, |n| vgg::build(n, vgg::VGG11, false))),
    vgg("vgg13", "features.24", |w, _| net(w, |n| vgg::build(n, vgg::VGG13, false))),
    vgg("vgg16", "features.30", |w, _| net(w, |n| vgg::build(n, vgg::VGG16, false))),
    vgg("vgg19", "features.36", |w, _| net(w, |n| vgg::build(n, vgg::VGG19, false))),
    vgg("vgg11_bn", "features.28", |w, _| net(w, |n| vgg::build(n, vgg::VGG11, true))),
    vgg("vgg13_bn", "features.34", |w, _| net(w, |n| vgg::build(n, vgg::VGG13, true))),
    vgg("vgg16_bn", "features.43", |w, _| net(w, |n| vgg::build(n, vgg::VGG16, true))),
    vgg("vgg19_bn", "features.52", |w, _| net(w, |n| vgg::build(n, vgg::VGG19, true))),
    resnet("resnet18", |w, o| resnet::build(w, &resnet::basic([2, 2, 2, 2]), o.classes)),
    resnet("resnet34", |w, o| resnet::build(w, &resnet::basic([3, 4, 6, 3]), o.classes)),
    resnet("resnet50", |w, o| resnet::build(w, &resnet::bottleneck([3, 4, 6, 3], 1, 64), o.classes)),
    resnet("resnet101", |w, o| resnet::build(w, &resnet::bottleneck([3, 4, 23, 3], 1, 64), o.classes)),
    resnet("resnet152", |w, o| resnet::build(w, &resnet::bottleneck([3, 8, 36, 3], 1, 64), o.classes)),
    resnet("resnext50_32x4d", |w, o| resnet::build(w, &resnet::bottleneck([3, 4, 6, 3], 32, 4), o.classes)),
    resnet("resnext101_32x8d", |w, o| resnet::build(w, &resnet::bottleneck([3, 4, 23, 3], 32, 8), o.classes)),
    resnet("resnext101_64x4d", |w, o| resnet::build(w, &resnet::bottleneck([3, 4, 23, 3], 64, 4), o.classes)),
    resnet("wide_resnet50_2", |w, o| resnet::build(w, &resnet::bottleneck([3, 4, 6, 3], 1, 128), o.classes)),
    resnet("wide_resnet101_2", |w, o| resnet::build(w, &resnet::bottleneck([3, 4, 23, 3], 1, 128), o.classes)),
    squeezenet("squeezenet1_0", |w, _| net(w, |n| squeezenet::build(n, squeezenet::Version::V1_0))),
    squeezenet("squeezenet1_1", |w, _| net(w, |n| squeezenet::build(n, squeezenet::Version::V1_1))),
    densenet("densenet121", |w, _| net(w, |n| densenet::build(n, DenseNet { depths: [6, 12, 24, 16], growth: 32 }))),
    densenet("densenet161", |w, _| net(w, |n| densenet::build(n, DenseNet { depths: [6, 12, 36, 24], growth: 48 }))),
    densenet("densenet169", |w, _| net(w, |n| densenet::build(n, DenseNet { depths: [6, 12, 32, 32], growth: 32 }))),
    densenet("densenet201", |w, _| net(w, |n| densenet::build(n, DenseNet { depths: [6, 12, 48, 32], growth: 32 }))),
    entry("mobilenet_v2", "features.18", "classifier.1", 224, |w, _| net(w, mobilenet::v2)),
    mobilenet_v3("mobilenet_v3_large", "features.16", |w, _| net(w, |n| mobilenet::v3(n, MobileNetV3::Large, 1e-3)))
        .of(Torchvision),
    mobilenet_v3("mobilenet_v3_small", "features.12", |w, _| net(w, |n| mobilenet::v3(n, MobileNetV3::Small, 1e-3)))
        .of(Torchvision),
    mobilenet_v3("mobilenetv3_large_100", "features.16", |w, _| net(w, |n| mobilenet::v3(n, MobileNetV3::Large, 1e-5)))
        .of(Timm),
    mobilenet_v3("mobilenetv3_small_100", "features.12", |w, _| net(w, |n| mobilenet::v3(n, MobileNetV3::Small, 1e-5)))
        .of(Timm),
    mobilenet_v3("tf_mobilenetv3_large_100", "features.16", |w, o| {
        tensorflow(w, o, |n| mobilenet::v3(n, MobileNetV3::Large, 1e-3))
    })
    .of(Timm),
    mobilenet_v3("tf_mobilenetv3_small_100", "features.12", |w, o| {
        tensorflow(w, o, |n| mobilenet::v3(n, MobileNetV3::Small, 1e-3))
    })
    .of(Timm),
    efficientnet("efficientnet_b0", 224, |w, _| net(w, |n| efficientnet::build(n, EfficientNet::new(1.0, 1.0, 1e-5)))),
    efficientnet("efficientnet_b1", 240, |w, _| net(w, |n| efficientnet::build(n, EfficientNet::new(1.0, 1.1, 1e-5)))),
    efficientnet("efficientnet_b2", 288, |w, _| net(w, |n| efficientnet::build(n, EfficientNet::new(1.1, 1.2, 1e-5)))),
    efficientnet("efficientnet_b3", 300, |w, _| net(w, |n| efficientnet::build(n, EfficientNet::new(1.2, 1.4, 1e-5)))),
    efficientnet("efficientnet_b4", 380, |w, _| net(w, |n| efficientnet::build(n, EfficientNet::new(1.4, 1.8, 1e-5)))),
    efficientnet("efficientnet_b5", 456, |w, _| net(w, |n| efficientnet::build(n, EfficientNet::new(1.6, 2.2, 1e-3))))
        .of(Torchvision),
    efficientnet("efficientnet_b6", 528, |w, _| net(w, |n| efficientnet::build(n, EfficientNet::new(1.8, 2.6, 1e-3))))
        .of(Torchvision),
    efficientnet("efficientnet_b7", 600, |w, _| net(w, |n| efficientnet::build(n, EfficientNet::new(2.0, 3.1, 1e-3))))
        .of(Torchvision),
    efficientnet("timm_efficientnet_b5", 448, |w, _| {
        net(w, |n| efficientnet::build(n, EfficientNet::new(1.6, 2.2, 1e-5)))
    })
    .of(Timm),
    efficientnet("timm_efficientnet_b6", 528, |w, _| {
        net(w, |n| efficientnet::build(n, EfficientNet::new(1.8, 2.6, 1e-5)))
    })
    .of(Timm),
    efficientnet("timm_efficientnet_b7", 600, |w, _| {
        net(w, |n| efficientnet::build(n, EfficientNet::new(2.0, 3.1, 1e-5)))
    })
    .of(Timm),
    efficientnet("tf_efficientnet_b0", 224, |w, o| {
        tensorflow(w, o, |n| efficientnet::build(n, EfficientNet::new(1.0, 1.0, 1e-3)))
    })
    .of(Timm),
    efficientnet("tf_efficientnet_b1", 240, |w, o| {
        tensorflow(w, o, |n| efficientnet::build(n, EfficientNet::new(1.0, 1.1, 1e-3)))
    })
    .of(Timm),
    efficientnet("tf_efficientnet_b2", 260, |w, o| {
        tensorflow(w, o, |n| efficientnet::build(n, EfficientNet::new(1.1, 1.2, 1e-3)))
    })
    .of(Timm),
    efficientnet("tf_efficientnet_b3", 300, |w, o| {
        tensorflow(w, o, |n| efficientnet::build(n, EfficientNet::new(1.2, 1.4, 1e-3)))
    })
    .of(Timm),
    efficientnet("tf_efficientnet_b4", 380, |w, o| {
        tensorflow(w, o, |n| efficientnet::build(n, EfficientNet::new(1.4, 1.8, 1e-3)))
    })
    .of(Timm),
    efficientnet("tf_efficientnet_b5", 456, |w, o| {
        tensorflow(w, o, |n| efficientnet::build(n, EfficientNet::new(1.6, 2.2, 1e-3)))
    })
    .of(Timm),
    efficientnet("tf_efficientnet_b6", 528, |w, o| {
        tensorflow(w, o, |n| efficientnet::build(n, EfficientNet::new(1.8, 2.6, 1e-3)))
    })
    .of(Timm),
    efficientnet("tf_efficientnet_b7", 600, |w, o| {
        tensorflow(w, o, |n| efficientnet::build(n, EfficientNet::new(2.0, 3.1, 1e-3)))
    })
    .of(Timm),
    convnext("convnext_tiny", |w, _| net(w, |n| convnext::build(n, ConvNeXt { depths: [3, 3, 9, 3], channels: 96 }))),
    convnext("convnext_small", |w, _| net(w, |n| convnext::build(n, ConvNeXt { depths: [3, 3, 27, 3], channels: 96 }))),
    convnext("convnext_base", |w, _| net(w, |n| convnext::build(n, ConvNeXt { depths: [3, 3, 27, 3], channels: 128 }))),
    convnext("convnext_large", |w, _| {
        net(w, |n| convnext::build(n, ConvNeXt { depths: [3, 3, 27, 3], channels: 192 }))
    }),
    swin("swin_t", |w, _| net(w, |n| swin::build(n, Swin { depths: [2, 2, 6, 2], channels: 96 }))),
    swin("swin_s", |w, _| net(w, |n| swin::build(n, Swin { depths: [2, 2, 18, 2], channels: 96 }))),
    swin("swin_b", |w, _| net(w, |n| swin::build(n, Swin { depths: [2, 2, 18, 2], channels: 128 }))),
    vit("vit_b_16", BASE, |w, o| net(w, |n| vit::build(n, transformer(o, 16, 12, 768)))),
    vit("vit_b_32", BASE, |w, o| net(w, |n| vit::build(n, transformer(o, 32, 12, 768)))),
    vit("vit_l_16", LARGE, |w, o| net(w, |n| vit::build(n, transformer(o, 16, 24, 1024)))),
    vit("vit_l_32", LARGE, |w, o| net(w, |n| vit::build(n, transformer(o, 32, 24, 1024)))),
    vit("deit_tiny_patch16", BASE, |w, o| net(w, |n| vit::build(n, transformer(o, 16, 12, 192)))),
    vit("deit_small_patch16", BASE, |w, o| net(w, |n| vit::build(n, transformer(o, 16, 12, 384)))),
    entry("googlenet", "inception5b", "fc", 224, |w, _| net(w, googlenet::build)),
    entry("inception_v3", "Mixed_7c", "fc", 299, |w, _| net(w, inception::build)),
];

/// The architecture of this name.
pub fn architecture(name: &str) -> Option<&'static Architecture> {
    ARCHITECTURES.iter().find(|a| a.name == name)
}
