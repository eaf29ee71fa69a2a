//! The shared backbones read every tensor of their checkpoints and step as they should.

use camroi::blocks::resnet::{Block, Naming, ResNet};
use camroi::blocks::{Layers, Normalisation};

use crate::fill;

fn check(network: &str, prefix: &str, resnet: ResNet) {
    let weights = fill::weights("detectors/names.json.gz", network);
    let mut layers = Layers::new(&weights, 3);
    let input = layers.input();
    let stages = resnet.stages(&mut layers, prefix, input).unwrap();
    let graph = layers.finish(&stages).unwrap();
    let shapes = graph.shapes(1, 64, 96).unwrap();
    for (i, node) in graph.outputs().iter().enumerate() {
        let at = graph.nodes().iter().position(|n| n.name == graph.node(*node).name).unwrap();
        assert_eq!(shapes[at], [1, 256 << i, 16 >> i, 24 >> i]);
    }
    let unread: Vec<_> = weights.unused().into_iter().filter(|name| name.starts_with(prefix)).collect();
    assert!(unread.is_empty(), "{unread:?}");
}

#[test]
fn a_torchvision_resnet_reads_all_its_tensors() {
    let resnet = ResNet::torchvision(Block::Bottleneck, [3, 4, 6, 3]);
    check("fasterrcnn_resnet50_fpn", "backbone.body.", resnet);
}

#[test]
fn a_detectron2_resnet_reads_all_its_tensors() {
    let resnet = ResNet {
        stride_in_1x1: true,
        naming: Naming::Detectron2,
        norm: Normalisation { eps: 1e-5, statistics_may_be_missing: true },
        ..ResNet::torchvision(Block::Bottleneck, [3, 4, 6, 3])
    };
    check("d2.faster_rcnn_R_50_FPN", "backbone.bottom_up.", resnet);
}
