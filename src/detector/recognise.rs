//! What a checkpoint of Detectron2's model zoo or of torchvision is, told by its tensors, so that it needs no model card.

use super::one_stage::{Family, family_of};
use super::presets;
use super::rcnn::{MOBILENET_STEM, PROPOSAL_SCORE, proposal_classes};
use crate::card::Classes;
use crate::preprocess::Preprocessing;
use crate::weights::Weights;

/// COCO's 80 classes in the order of Detectron2.
const COCO_80: &str = include_str!("../../weights/coco-80.txt");
/// Numbers between 1 and 90 that COCO never gave to a class with boxes.
const COCO_GAPS: [usize; 10] = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

/// What a model card would say of a checkpoint.
#[derive(Clone, Debug)]
pub struct Recognised {
    /// Name of the architecture.
    pub architecture: &'static str,
    /// What the library feeds it with.
    pub preprocessing: Preprocessing,
    /// COCO's names where the number of classes is COCO's, numbers otherwise.
    pub classes: Classes,
    /// The score from which its detections count as regions of interest.
    pub roi_score: f32,
}

/// The network that the weights belong to, if it is one that this program knows.
pub fn recognise(weights: &Weights) -> Option<Recognised> {
    let rows = |name: &str| weights.shape(name).and_then(|shape| shape.first().copied());
    let has = |name: &str| weights.shape(name).is_some();
    let class_columns = rows("roi_heads.box_predictor.cls_score.weight");
    if has("proposal_generator.rpn_head.conv.weight") {
        // ResNeXts have grouped convolutions, and were trained on values divided by their deviation.
        let divided =
            matches!(weights.shape("backbone.bottom_up.res2.0.conv2.weight"), Some([out, inner, ..]) if inner < out);
        return Some(Recognised {
            architecture: "rcnn-fpn",
            preprocessing: presets::detectron2(800, divided),
            classes: class_columns.map_or_else(proposal_classes, |columns| objects_only(columns - 1)),
            roi_score: if class_columns.is_some() { 0.5 } else { PROPOSAL_SCORE },
        });
    }
    let torchvision = |architecture, preprocessing, columns| {
        Some(Recognised { architecture, preprocessing, classes: with_background(columns), roi_score: 0.5 })
    };
    if has("rpn.head.cls_logits.weight") {
        let columns = class_columns?;
        if has(MOBILENET_STEM) {
            return torchvision("rcnn-fpn", presets::torchvision(320, 640), columns);
        }
        let architecture = of_coco("rcnn-fpn-eps0", "rcnn-fpn", columns);
        return torchvision(architecture, presets::torchvision(800, 1333), columns);
    }
    let (family, labels) = family_of(weights)?;
    match family {
        Family::SsdLite => torchvision("ssdlite320", presets::ssdlite(), labels),
        Family::RetinaNet => {
            let architecture = of_coco("retinanet-eps0", "retinanet", labels);
            torchvision(architecture, presets::torchvision(800, 1333), labels)
        }
    }
}

/// torchvision's own checkpoint of its 91 classes, or one trained on other classes.
fn of_coco(own: &'static str, other: &'static str, columns: usize) -> &'static str {
    if columns == 91 { own } else { other }
}

/// Names of `count` classes without a background.
fn objects_only(count: usize) -> Classes {
    Classes::from_names(match count {
        80 => COCO_80.lines().map(str::to_owned).collect(),
        _ => (0..count).map(|i| format!("class_{i}")).collect(),
    })
}

/// Names of `columns` classes of which the first is the background; 91 are COCO's numbers, with gaps.
fn with_background(columns: usize) -> Classes {
    let mut names = vec!["background".to_owned()];
    if columns == 91 {
        let mut coco = COCO_80.lines();
        names.extend((1..columns).map(|id| {
            let name = if COCO_GAPS.contains(&id) { None } else { coco.next() };
            name.unwrap_or("not_used").to_owned()
        }));
    } else {
        names.extend((1..columns).map(|i| format!("class_{i}")));
    }
    Classes::from_names(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device, Tensor};

    #[test]
    fn torchvision_numbers_classes_as_coco_does() {
        let names = with_background(91).names;
        assert_eq!(names.len(), 91);
        let at = [1, 11, 12, 13, 44, 45, 46, 67, 70, 84, 90].map(|i| names[i].as_str());
        let expected = [
            "person",
            "fire_hydrant",
            "not_used",
            "stop_sign",
            "bottle",
            "not_used",
            "wine_glass",
            "dining_table",
            "toilet",
            "book",
            "toothbrush",
        ];
        assert_eq!(at, expected);
    }

    #[test]
    fn a_zoo_resnext_is_divided_by_its_deviation() -> candle_core::Result<()> {
        let tensor = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu);
        let of_width = |conv2: [usize; 4]| -> candle_core::Result<Recognised> {
            let weights = Weights::new([
                ("proposal_generator.rpn_head.conv.weight".to_owned(), tensor(&[1])?),
                ("roi_heads.box_predictor.cls_score.weight".to_owned(), tensor(&[81, 2])?),
                ("backbone.bottom_up.res2.0.conv2.weight".to_owned(), tensor(&conv2)?),
            ])?;
            recognise(&weights).ok_or_else(|| candle_core::Error::Msg("not recognised".into()))
        };
        let resnext = of_width([256, 8, 3, 3])?;
        assert_eq!((resnext.preprocessing.std, resnext.classes.names.len()), ([57.375, 57.12, 58.395], 80));
        assert_eq!(of_width([64, 64, 3, 3])?.preprocessing.std, [1.0; 3]);
        Ok(())
    }

    #[test]
    fn other_numbers_of_classes_are_counted() {
        assert_eq!(objects_only(2).names, ["class_0", "class_1"]);
        assert_eq!(with_background(3).names, ["background", "class_1", "class_2"]);
        assert_eq!(objects_only(80).names[79], "toothbrush");
    }
}
