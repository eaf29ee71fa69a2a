"""Makes the ONNX files of this folder, and expected.json: their logits by onnxruntime and their Grad-CAM by PyTorch.

    pip install torch torchvision timm onnx onnxruntime onnxscript numpy
    python make.py

Written with torch 2.15, torchvision 0.29, timm 1.0.31, onnx 1.23 and onnxruntime 1.32. The networks are torchvision's and timm's own
classes, with few channels and blocks and with random weights. `keras.py` adds one that Keras exported.
"""

import ast
import json
import pathlib

import numpy
import onnx
import onnxruntime
import timm
import torch
import torchvision.models as models
from torch import nn
from torchvision.models.convnext import CNBlockConfig

HERE = pathlib.Path(__file__).parent
CLASSES = 7


def uniform(name, count):
    """The values of `tests/it/fill.rs`, in 0..1."""
    seed = numpy.uint32(0x811C9DC5)
    with numpy.errstate(over="ignore"):
        for byte in name.encode():
            seed = (seed ^ numpy.uint32(byte)) * numpy.uint32(0x01000193)
        h = seed ^ (numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B9))
        h = (h ^ (h >> numpy.uint32(16))) * numpy.uint32(0x7FEB352D)
        h = (h ^ (h >> numpy.uint32(15))) * numpy.uint32(0x846CA68B)
        h = h ^ (h >> numpy.uint32(16))
    return h / 4294967296.0


def picture(side):
    """An input `(1, 3, side, side)` of -1..1."""
    values = 2.0 * uniform("onnx.input", 3 * side * side) - 1.0
    return values.astype(numpy.float32).reshape(1, 3, side, side)


def narrower(module, factor):
    """Divides the channels of all convolutions, norms and linear layers, but for the colours and the classes."""
    few = lambda n: n if n in (3, CLASSES) else n // factor
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d):
            new = nn.Conv2d(few(child.in_channels), few(child.out_channels), child.kernel_size, child.stride,
                            child.padding, bias=child.bias is not None)
        elif isinstance(child, nn.BatchNorm2d):
            new = nn.BatchNorm2d(few(child.num_features))
        elif isinstance(child, nn.Linear):
            new = nn.Linear(few(child.in_features), few(child.out_features))
        else:
            narrower(child, factor)
            continue
        setattr(module, name, new)
    return module


def randomised(module, gain):
    """No weight is one that an exporter could leave out."""
    for name, tensor in module.state_dict().items():
        if name.endswith("running_mean") or name.endswith("bias"):
            tensor.uniform_(-0.3, 0.3)
        elif name.endswith("running_var") or tensor.dim() <= 1 and tensor.is_floating_point():
            tensor.uniform_(0.7, 1.3)
        elif name.endswith("layer_scale"):
            tensor.uniform_(0.2, 0.6)
        elif tensor.dim() > 1:
            tensor.normal_(0.0, (gain / tensor[0].numel()) ** 0.5)
    return module.eval()


def vit():
    net = models.VisionTransformer(image_size=48, patch_size=16, num_layers=3, num_heads=2, hidden_dim=24, mlp_dim=48, num_classes=CLASSES)
    return net, "encoder.layers.encoder_layer_2.ln_1"


def deit():
    net = timm.create_model("deit_tiny_patch16_224", img_size=48, embed_dim=24, depth=2, num_heads=2, num_classes=CLASSES)
    return net, "blocks.1.norm1"


def swin():
    net = models.SwinTransformer(patch_size=[4, 4], embed_dim=16, depths=[2, 1], num_heads=[2, 4], window_size=[4, 4], num_classes=CLASSES)
    return net, "norm"


def convnext():
    blocks = [CNBlockConfig(8, 16, 1), CNBlockConfig(16, 24, 1), CNBlockConfig(24, 32, 2), CNBlockConfig(32, None, 1)]
    return models.ConvNeXt(blocks, num_classes=CLASSES), "features"


# Name, network and target layer, side of the input, exporters.
NETWORKS = [
    ("resnet18", lambda: (narrower(models.resnet18(num_classes=CLASSES), 16), "layer4"), 96, ["legacy", "dynamo"]),
    ("mobilenet_v2", lambda: (models.mobilenet_v2(width_mult=0.1, num_classes=CLASSES), "features"), 96, ["legacy"]),
    ("efficientnet_b0", lambda: (efficientnet(), "features"), 96, ["dynamo"]),
    ("convnext_tiny", convnext, 96, ["legacy", "dynamo"]),
    ("densenet121", lambda: (models.DenseNet(4, (3, 4, 5, 3), 8, num_classes=CLASSES), "features"), 96, ["legacy"]),
    ("vit_b_16", vit, 48, ["legacy", "dynamo"]),
    ("deit", deit, 48, ["dynamo"]),
    ("swin_t", swin, 64, ["legacy"]),
]


def efficientnet():
    from torchvision.models.efficientnet import MBConvConfig
    channels = [(1, 3, 1, 8, 8, 1), (6, 3, 2, 8, 8, 1), (6, 5, 2, 8, 12, 2), (6, 3, 2, 12, 16, 1), (6, 5, 1, 16, 24, 1), (6, 3, 2, 24, 24, 1)]
    blocks = [MBConvConfig(e, k, s, i, o, n) for e, k, s, i, o, n in channels]
    return models.EfficientNet(blocks, dropout=0.2, num_classes=CLASSES, last_channel=48)


def export(net, x, path, exporter):
    if exporter == "legacy":
        axes = {"input": {0: "batch"}, "logits": {0: "batch"}}
        torch.onnx.export(net, x, path, dynamo=False, opset_version=17, input_names=["input"], output_names=["logits"], dynamic_axes=axes)
        return
    # The exporter's own default puts the weights into a file beside the graph; one file is left so.
    torch.onnx.export(net, (x,), path, dynamo=True, external_data=path.name.startswith("resnet18"))
    strip(path)


def strip(path):
    """Leaves out the notes about the lines of source code, which are larger than these networks."""
    model = onnx.load(path, load_external_data=False)
    for node in model.graph.node:
        kept = [p for p in node.metadata_props if p.key.endswith("name_scopes")]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    del model.graph.value_info[:]
    onnx.save_model(model, path)


def grad_cam(net, layer, x):
    """The raw map of the most probable class: ReLU of the channels' sum, each times its mean gradient."""
    kept = {}

    def hook(module, inputs, output):
        output.retain_grad()
        kept["map"] = output

    if isinstance(net, models.DenseNet):  # whose last map is the result of a function, not of a module
        kept["map"] = torch.relu(net.features(x))
        kept["map"].retain_grad()
        scores = net.classifier(kept["map"].mean((2, 3)))
    else:
        handle = net.get_submodule(layer).register_forward_hook(hook)
        scores = net(x)
        handle.remove()
    target = int(scores[0].argmax())
    scores[0, target].backward()
    a, g = kept["map"][0].detach(), kept["map"].grad[0]
    if a.dim() == 2:  # tokens, one or more of them before those of the grid
        side = int(a.shape[0] ** 0.5)
        a, g = (t[-side * side:].T.reshape(-1, side, side) for t in (a, g))
    elif a.shape[0] == a.shape[1] != a.shape[2]:  # channels last
        a, g = a.permute(2, 0, 1), g.permute(2, 0, 1)
    cam = torch.relu((g.mean((1, 2))[:, None, None] * a).sum(0))
    return target, cam


def case(path, layer, x, target, cam):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    logits = session.run(None, {session.get_inputs()[0].name: x})[0][0]
    assert int(logits.argmax()) == target
    cam = numpy.asarray(cam)
    return {
        "file": path.name,
        "side": x.shape[-2],
        "layer": layer,
        "logits": [float(v) for v in logits],
        "target": target,
        "grid": list(cam.shape),
        "cam": [float(v) for v in cam.flatten()],
    }


def main():
    cases = []
    for name, build, side, exporters in NETWORKS:
        torch.manual_seed(3)
        net, layer = build()
        with torch.no_grad():
            randomised(net, 2.6 if name.startswith("efficientnet") else 1.6)
        x = picture(side)
        target, cam = grad_cam(net, layer, torch.from_numpy(x))
        for exporter in exporters:
            path = HERE / f"{name}.{exporter}.onnx"
            export(net, torch.from_numpy(x), path, exporter)
            shown = {"densenet121": "Relu"}.get(name, layer)
            cases.append(case(path, shown, x, target, cam))
            print(path.name, path.stat().st_size, cases[-1]["grid"], max(cases[-1]["cam"]), cases[-1]["logits"])
    (HERE / "expected.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
