//! Other libraries' names of the same networks, as torchvision's.
//!
//! timm, and some authors' own code, call the layers of VGG, DenseNet, MobileNet V2, EfficientNet, ConvNeXt, ViT and Swin otherwise and
//! store some linear layers as convolutions. timm's MobileNet V3 and EfficientNet B5 to B7 have batch norms that add another constant
//! to the variance than torchvision's, and its `tf_…` networks pad as TensorFlow does; no tensor shows either. [`naming_of`] tells
//! the one by the names, and whoever has the file must say the other.

use candle_core::{Result, Tensor};

use super::Naming;

use crate::weights::Weights;

/// Whose names the tensors have, as far as it matters: before they are changed.
pub fn naming_of(weights: &Weights) -> Naming {
    if weights.shape("conv_stem.weight").is_some() { Naming::Timm } else { Naming::Torchvision }
}

/// Weights under torchvision's names, where they are those of a known network under other names; else as they are.
///
/// # Errors
/// If memory for a copy is lacking.
pub fn torchvision_names(weights: Weights) -> Result<Weights> {
    let has = |name: &str| weights.shape(name).is_some();
    let rename: fn(&str) -> Option<String> = if has("stages.0.blocks.0.conv_dw.weight") && has("stem.0.weight") {
        timm_convnext
    } else if has("downsample_layers.0.0.weight") && has("stages.0.0.dwconv.weight") {
        original_convnext
    } else if has("pre_logits.fc1.weight") && has("features.0.weight") {
        timm_vgg
    } else if has("conv_stem.weight") && has("blocks.0.0.se.conv_reduce.weight") && has("bn2.weight") {
        timm_efficientnet
    } else if has("conv_stem.weight") && has("blocks.6.0.conv.weight") && has("conv_head.bias") {
        timm_mobilenet_v3_large
    } else if has("conv_stem.weight") && has("blocks.5.0.conv.weight") && has("conv_head.bias") {
        timm_mobilenet_v3_small
    } else if has("conv_stem.weight") && has("blocks.1.0.conv_pwl.weight") && has("bn2.weight") {
        timm_mobilenet_v2
    } else if has("cls_token") && has("patch_embed.proj.weight") && !has("dist_token") {
        timm_vit
    } else if has("encoder.layers.encoder_layer_0.mlp.linear_1.weight") {
        old_vit
    } else if has("layers.0.blocks.0.attn.relative_position_bias_table") && has("patch_embed.norm.weight") {
        if has("layers.0.downsample.norm.weight") { original_swin } else { timm_swin }
    } else if has("features.denseblock1.denselayer1.norm.1.weight") {
        old_densenet
    } else {
        return Ok(weights);
    };
    weights.changed(|name, tensor| {
        let Some(name) = rename(name) else { return Ok(None) };
        let tensor = reshaped(&name, tensor)?;
        Ok(Some((name, tensor)))
    })
}

/// Convolutions that torchvision has as linear layers, and vectors that it has as `(c, 1, 1)`.
fn reshaped(name: &str, tensor: &Tensor) -> Result<Tensor> {
    let linear =
        name.starts_with("classifier.") || name.ends_with("block.3.weight") || name.ends_with("block.5.weight");
    match tensor.rank() {
        4 if linear => tensor.flatten_from(1),
        1 if name.ends_with("layer_scale") => tensor.reshape((tensor.elem_count(), 1, 1)),
        _ => Ok(tensor.clone()),
    }
}

/// The first of `pairs` whose first part starts `name`, replaced by its second part.
fn replace_start(name: &str, pairs: &[(&str, &str)]) -> Option<String> {
    pairs.iter().find_map(|(from, to)| name.strip_prefix(from).map(|rest| format!("{to}{rest}")))
}

/// `PREFIX.A.B.REST` as the two numbers and the rest.
fn numbered<'a>(name: &'a str, prefix: &str) -> Option<(usize, usize, &'a str)> {
    let mut parts = name.strip_prefix(prefix)?.splitn(3, '.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?))
}

fn convnext_block(stage: usize, block: usize, rest: &str) -> Option<String> {
    const PARTS: [(&str, &str); 10] = [
        ("conv_dw.", "block.0."),
        ("dwconv.", "block.0."),
        ("norm.", "block.2."),
        ("mlp.fc1.", "block.3."),
        ("pwconv1.", "block.3."),
        ("mlp.fc2.", "block.5."),
        ("pwconv2.", "block.5."),
        ("gamma", "layer_scale"),
        ("weight", "weight"),
        ("bias", "bias"),
    ];
    Some(format!("features.{}.{block}.{}", 2 * stage + 1, replace_start(rest, &PARTS)?))
}

fn timm_convnext(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("stages.") {
        let (stage, rest) = rest.split_once('.')?;
        let stage: usize = stage.parse().ok()?;
        if let Some(rest) = rest.strip_prefix("downsample.") {
            return Some(format!("features.{}.{rest}", 2 * stage));
        }
        let (block, rest) = rest.strip_prefix("blocks.")?.split_once('.')?;
        return convnext_block(stage, block.parse().ok()?, rest);
    }
    replace_start(name, &[("stem.", "features.0."), ("head.norm.", "classifier.0."), ("head.fc.", "classifier.2.")])
}

/// The names in the code of ConvNeXt's authors.
fn original_convnext(name: &str) -> Option<String> {
    if let Some((stage, layer, rest)) = numbered(name, "downsample_layers.") {
        return Some(format!("features.{}.{layer}.{rest}", 2 * stage));
    }
    if let Some((stage, block, rest)) = numbered(name, "stages.") {
        return convnext_block(stage, block, rest);
    }
    replace_start(name, &[("norm.", "classifier.0."), ("head.", "classifier.2.")])
}

fn timm_vgg(name: &str) -> Option<String> {
    const PARTS: [(&str, &str); 4] = [
        ("pre_logits.fc1.", "classifier.0."),
        ("pre_logits.fc2.", "classifier.3."),
        ("head.fc.", "classifier.6."),
        ("features.", "features."),
    ];
    replace_start(name, &PARTS)
}

/// Stem, last convolution and head, which two families share.
fn timm_ends(name: &str, last: &str) -> Option<String> {
    let last_conv = format!("{last}.0.");
    let last_norm = format!("{last}.1.");
    let pairs = [
        ("conv_stem.", "features.0.0."),
        ("bn1.", "features.0.1."),
        ("conv_head.", &last_conv),
        ("bn2.", &last_norm),
        ("classifier.", "classifier.1."),
    ];
    replace_start(name, &pairs)
}

fn timm_efficientnet(name: &str) -> Option<String> {
    const FIRST: [(&str, &str); 6] = [
        ("conv_dw.", "0.0."),
        ("bn1.", "0.1."),
        ("se.conv_reduce.", "1.fc1."),
        ("se.conv_expand.", "1.fc2."),
        ("conv_pw.", "2.0."),
        ("bn2.", "2.1."),
    ];
    const OTHERS: [(&str, &str); 8] = [
        ("conv_pw.", "0.0."),
        ("bn1.", "0.1."),
        ("conv_dw.", "1.0."),
        ("bn2.", "1.1."),
        ("se.conv_reduce.", "2.fc1."),
        ("se.conv_expand.", "2.fc2."),
        ("conv_pwl.", "3.0."),
        ("bn3.", "3.1."),
    ];
    let Some((stage, block, rest)) = numbered(name, "blocks.") else { return timm_ends(name, "features.8") };
    let parts: &[_] = if stage == 0 { &FIRST } else { &OTHERS };
    Some(format!("features.{}.{block}.block.{}", stage + 1, replace_start(rest, parts)?))
}

fn timm_mobilenet_v2(name: &str) -> Option<String> {
    /// Number of the first block of each stage in torchvision's one list.
    const STARTS: [usize; 7] = [1, 2, 4, 7, 11, 14, 17];
    const FIRST: [(&str, &str); 4] = [("conv_dw.", "0.0."), ("bn1.", "0.1."), ("conv_pw.", "1."), ("bn2.", "2.")];
    const OTHERS: [(&str, &str); 6] = [
        ("conv_pw.", "0.0."),
        ("bn1.", "0.1."),
        ("conv_dw.", "1.0."),
        ("bn2.", "1.1."),
        ("conv_pwl.", "2."),
        ("bn3.", "3."),
    ];
    let Some((stage, block, rest)) = numbered(name, "blocks.") else { return timm_ends(name, "features.18") };
    let parts: &[_] = if stage == 0 { &FIRST } else { &OTHERS };
    Some(format!("features.{}.conv.{}", STARTS.get(stage)? + block, replace_start(rest, parts)?))
}

fn timm_mobilenet_v3_large(name: &str) -> Option<String> {
    timm_mobilenet_v3(name, &[1, 2, 4, 7, 11, 13, 16], &[2, 4, 5])
}

fn timm_mobilenet_v3_small(name: &str) -> Option<String> {
    timm_mobilenet_v3(name, &[1, 2, 4, 7, 9, 12], &[0, 2, 3, 4])
}

/// `starts` are the numbers of the first block of each stage in torchvision's one list, the last that of a convolution alone;
/// the blocks of the stages `squeezed` have a squeeze-excitation.
fn timm_mobilenet_v3(name: &str, starts: &[usize], squeezed: &[usize]) -> Option<String> {
    const ENDS: [(&str, &str); 4] = [
        ("conv_stem.", "features.0.0."),
        ("bn1.", "features.0.1."),
        ("conv_head.", "classifier.0."),
        ("classifier.", "classifier.3."),
    ];
    let Some((stage, block, rest)) = numbered(name, "blocks.") else { return replace_start(name, &ENDS) };
    let number = starts.get(stage)? + block;
    if stage + 1 == starts.len() {
        return Some(format!("features.{number}.{}", replace_start(rest, &[("conv.", "0."), ("bn1.", "1.")])?));
    }
    // Behind the depthwise convolution, and behind the squeeze-excitation, if there is one.
    let expanded = usize::from(stage > 0);
    let last = expanded + 1 + usize::from(squeezed.contains(&stage));
    let (conv, norm) = if expanded == 1 { ("conv_pwl.", "bn3.") } else { ("conv_pw.", "bn2.") };
    let parts = [
        (conv, format!("{last}.0.")),
        (norm, format!("{last}.1.")),
        ("conv_pw.", "0.0.".to_owned()),
        ("conv_dw.", format!("{expanded}.0.")),
        (if expanded == 1 { "bn2." } else { "bn1." }, format!("{expanded}.1.")),
        ("bn1.", "0.1.".to_owned()),
        ("se.conv_reduce.", format!("{}.fc1.", expanded + 1)),
        ("se.conv_expand.", format!("{}.fc2.", expanded + 1)),
    ];
    let part = parts.iter().find_map(|(from, to)| rest.strip_prefix(from).map(|rest| format!("{to}{rest}")))?;
    Some(format!("features.{number}.block.{part}"))
}

fn timm_vit(name: &str) -> Option<String> {
    const PARTS: [(&str, &str); 6] = [
        ("norm1.", "ln_1."),
        ("norm2.", "ln_2."),
        ("attn.qkv.", "self_attention.in_proj_"),
        ("attn.proj.", "self_attention.out_proj."),
        ("mlp.fc1.", "mlp.0."),
        ("mlp.fc2.", "mlp.3."),
    ];
    const ENDS: [(&str, &str); 5] = [
        ("cls_token", "class_token"),
        ("pos_embed", "encoder.pos_embedding"),
        ("patch_embed.proj.", "conv_proj."),
        ("norm.", "encoder.ln."),
        ("head.", "heads.head."),
    ];
    let Some(rest) = name.strip_prefix("blocks.") else { return replace_start(name, &ENDS) };
    let (block, rest) = rest.split_once('.')?;
    Some(format!("encoder.layers.encoder_layer_{block}.{}", replace_start(rest, &PARTS)?))
}

/// torchvision's own files of ViT have names of an earlier version of its code.
fn old_vit(name: &str) -> Option<String> {
    Some(name.replace(".mlp.linear_1.", ".mlp.0.").replace(".mlp.linear_2.", ".mlp.3."))
}

/// `merges` tells in front of how many more stages than its own a stage's merging of patches stands.
fn swin(name: &str, merges: usize) -> Option<String> {
    const ENDS: [(&str, &str); 5] = [
        ("patch_embed.proj.", "features.0.0."),
        ("patch_embed.norm.", "features.0.2."),
        ("norm.", "norm."),
        ("head.fc.", "head."),
        ("head.", "head."),
    ];
    let Some(rest) = name.strip_prefix("layers.") else { return replace_start(name, &ENDS) };
    let (stage, rest) = rest.split_once('.')?;
    let stage: usize = stage.parse().ok()?;
    if let Some(rest) = rest.strip_prefix("downsample.") {
        return Some(format!("features.{}.{rest}", 2 * (stage + merges)));
    }
    let rest = rest.strip_prefix("blocks.")?.replace(".mlp.fc1.", ".mlp.0.").replace(".mlp.fc2.", ".mlp.3.");
    Some(format!("features.{}.{rest}", 2 * stage + 1))
}

fn timm_swin(name: &str) -> Option<String> {
    swin(name, 0)
}

/// The names in the code of Swin's authors, which merges patches at the end of a stage.
fn original_swin(name: &str) -> Option<String> {
    swin(name, 1)
}

/// torchvision's own files of DenseNet have a dot in some names that its code no longer has.
fn old_densenet(name: &str) -> Option<String> {
    let mut name = name.to_owned();
    for layer in ["norm", "conv"] {
        for i in 1..=2 {
            name = name.replace(&format!(".{layer}.{i}."), &format!(".{layer}{i}."));
        }
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_torchvision() {
        type Rename = fn(&str) -> Option<String>;
        let cases: [(Rename, &str, &str); 22] = [
            (timm_vit, "blocks.3.attn.qkv.bias", "encoder.layers.encoder_layer_3.self_attention.in_proj_bias"),
            (old_vit, "a.mlp.linear_2.bias", "a.mlp.3.bias"),
            (timm_swin, "layers.1.downsample.norm.bias", "features.2.norm.bias"),
            (original_swin, "layers.0.downsample.norm.bias", "features.2.norm.bias"),
            (timm_convnext, "stem.1.bias", "features.0.1.bias"),
            (timm_convnext, "stages.2.downsample.1.weight", "features.4.1.weight"),
            (timm_convnext, "stages.3.blocks.2.mlp.fc2.bias", "features.7.2.block.5.bias"),
            (timm_convnext, "stages.0.blocks.1.gamma", "features.1.1.layer_scale"),
            (original_convnext, "downsample_layers.1.0.weight", "features.2.0.weight"),
            (original_convnext, "stages.1.2.pwconv1.weight", "features.3.2.block.3.weight"),
            (timm_vgg, "pre_logits.fc2.bias", "classifier.3.bias"),
            (timm_efficientnet, "blocks.0.0.bn2.running_var", "features.1.0.block.2.1.running_var"),
            (timm_efficientnet, "blocks.5.3.se.conv_expand.bias", "features.6.3.block.2.fc2.bias"),
            (timm_mobilenet_v2, "blocks.3.1.conv_pwl.weight", "features.8.conv.2.weight"),
            (timm_mobilenet_v2, "conv_head.weight", "features.18.0.weight"),
            (timm_mobilenet_v3_large, "blocks.0.0.bn1.bias", "features.1.block.0.1.bias"),
            (timm_mobilenet_v3_large, "blocks.1.0.bn1.bias", "features.2.block.0.1.bias"),
            (timm_mobilenet_v3_large, "blocks.2.1.conv_pwl.weight", "features.5.block.3.0.weight"),
            (timm_mobilenet_v3_large, "blocks.6.0.bn1.bias", "features.16.1.bias"),
            (timm_mobilenet_v3_small, "blocks.0.0.conv_pw.weight", "features.1.block.2.0.weight"),
            (timm_mobilenet_v3_small, "blocks.4.2.se.conv_reduce.bias", "features.11.block.2.fc1.bias"),
            (
                old_densenet,
                "features.denseblock1.denselayer2.norm.2.bias",
                "features.denseblock1.denselayer2.norm2.bias",
            ),
        ];
        for (rename, from, to) in cases {
            assert_eq!(rename(from).as_deref(), Some(to));
        }
    }

    #[test]
    fn linear_layers_stored_as_convolutions_are_flattened() -> Result<()> {
        let zeros = |shape: &[usize]| Tensor::zeros(shape, candle_core::DType::F32, &candle_core::Device::Cpu);
        assert_eq!(reshaped("classifier.0.weight", &zeros(&[8, 2, 7, 7])?)?.dims(), [8, 98]);
        assert_eq!(reshaped("features.1.0.block.3.weight", &zeros(&[8, 2, 1, 1])?)?.dims(), [8, 2]);
        assert_eq!(reshaped("features.1.0.layer_scale", &zeros(&[4])?)?.dims(), [4, 1, 1]);
        assert_eq!(reshaped("features.0.0.weight", &zeros(&[8, 3, 4, 4])?)?.dims(), [8, 3, 4, 4]);
        Ok(())
    }
}
