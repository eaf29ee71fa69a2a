#!/usr/bin/env python3
"""Makes the expected outputs of the two bundled networks on one photo, by another implementation.

The networks are written here once more, as ONNX graphs, and run by ONNX Runtime; the photo is prepared by Pillow. Only the
weights files are shared with the program.

Usage: make.py              writes classifier.png, detector.png and expected.safetensors beside this file
       make.py --check FILE compares with stored tensors of a third implementation and writes nothing

Needs: numpy 2.4.6, onnx 1.23.2, onnxruntime 1.32.0, pillow 13, safetensors (pip).
"""

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.numpy import load_file, save_file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PHOTO = ROOT / "assets/demo/ungulate/giraffe_2.jpg"


class Graph:
    """An ONNX graph under construction; weights are constants."""

    def __init__(self, shape):
        self.nodes, self.constants = [], []
        self.input = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)

    def constant(self, value):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op, *inputs, **attributes):
        inputs = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        name = f"{op}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def run(self, value, outputs):
        results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "network", [self.input], results, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return session.run(outputs, {"input": value})


def efficientnet_lite0(image):
    """Outputs for a normalised (1, 3, 224, 224) input."""
    w = load_file(ROOT / "weights/efficientnet-lite0.safetensors")
    g = Graph([1, 3, 224, 224])

    def conv(name, x, stride=1, pads=(0, 0, 0, 0), group=1):
        return g.node("Conv", x, w[f"{name}.weight"], strides=[stride] * 2, pads=list(pads), group=group)

    def norm(name, x):
        parts = [w[f"{name}.{part}"] for part in ["weight", "bias", "running_mean", "running_var"]]
        return g.node("BatchNormalization", x, *parts, epsilon=1e-3)

    def relu6(x):
        return g.node("Clip", x, np.float32(0), np.float32(6))

    # Top, left, bottom, right of the depthwise convolutions.
    pads = {(3, 1): (1, 1, 1, 1), (3, 2): (0, 0, 1, 1), (5, 1): (2, 2, 2, 2), (5, 2): (1, 1, 2, 2)}
    x = relu6(norm("_bn0", conv("_conv_stem", "input", 2, pads[3, 2])))
    blocks = [(3, 1)] + [(3, 2), (3, 1)] + [(5, 2), (5, 1)] + [(3, 2), (3, 1), (3, 1)] + [(5, 1)] * 3
    blocks += [(5, 2), (5, 1), (5, 1), (5, 1)] + [(3, 1)]
    for i, (kernel, stride) in enumerate(blocks):
        name, entry = f"_blocks.{i}", x
        if i > 0:
            x = relu6(norm(f"{name}._bn0", conv(f"{name}._expand_conv", x)))
        channels = w[f"{name}._depthwise_conv.weight"].shape[0]
        x = relu6(norm(f"{name}._bn1", conv(f"{name}._depthwise_conv", x, stride, pads[kernel, stride], channels)))
        x = norm(f"{name}._bn2", conv(f"{name}._project_conv", x))
        # The first block of a stage changes the number of channels.
        if i not in [0, 1, 3, 5, 8, 11, 15]:
            x = g.node("Add", x, entry)
    conv_head = conv("_conv_head", x)
    normed = norm("_bn1", conv_head)
    features = relu6(normed)
    flat = g.node("Flatten", g.node("GlobalAveragePool", features))
    logits = g.node("Gemm", flat, w["_fc.weight"], w["_fc.bias"], transB=1)
    conv_head, normed, features, logits = g.run(image, [conv_head, normed, features, logits])

    # The head is a mean and a linear layer, so the gradients are written down.
    row = w["_fc.weight"][logits[0].argmax()].astype(np.float64)[:, None, None] / 49
    scale = w["_bn1.weight"] / np.sqrt(w["_bn1.running_var"].astype(np.float64) + 1e-3)
    gradient = row * scale[:, None, None] * ((normed[0] > 0) & (normed[0] < 6))
    weights = gradient.mean(axis=(1, 2))
    return {
        "logits": logits,
        "cam": np.maximum((row * features[0]).sum(0), 0).astype(np.float32),
        "cam_conv": np.maximum((weights[:, None, None] * conv_head[0]).sum(0), 0).astype(np.float32),
    }


def nanodet(image):
    """Outputs for a normalised (1, 3, 416, 416) input: scores and distribution logits of each stride, (1, cells, channels)."""
    w = {name: value.astype(np.float32) for name, value in load_file(ROOT / "weights/nanodet-g-416.safetensors").items()}
    g = Graph([1, 3, 416, 416])

    def conv(name, x, stride=1, active=True):
        weight = w[f"{name}.weight"]
        pad = weight.shape[2] // 2
        x = g.node("Conv", x, weight, w[f"{name}.bias"], strides=[stride] * 2, pads=[pad] * 4)
        return g.node("LeakyRelu", x, alpha=0.1) if active else x

    def join(a, b):
        return g.node("Concat", a, b, axis=1)

    def resized(x, factor):
        scales = np.array([1, 1, factor, factor], np.float32)
        return g.node("Resize", x, np.array([], np.float32), scales, mode="linear", coordinate_transformation_mode="half_pixel")

    def stage(name, x, stride, blocks):
        entry = x = conv(f"{name}.in_conv", x, stride)
        for i in range(blocks):
            first = conv(f"{name}.res{i}.in", x)
            x = join(conv(f"{name}.res{i}.mid", first), first)
        return join(conv(f"{name}.out_conv", x), entry)

    x = conv("backbone.stem", "input", 2)
    x = g.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    x = stage("backbone.stage1", x, 1, 1)
    c3 = stage("backbone.stage2", x, 2, 2)
    c4 = stage("backbone.stage3", c3, 2, 2)
    c5 = stage("backbone.stage4", c4, 2, 3)
    l3, l4, l5 = (conv(f"neck.lateral{i}", c, active=False) for i, c in [(3, c3), (4, c4), (5, c5)])
    m4 = g.node("Add", l4, resized(l5, 2))
    p3 = g.node("Add", l3, resized(m4, 2))
    p4 = g.node("Add", m4, resized(p3, 0.5))
    p5 = g.node("Add", l5, resized(p4, 0.5))
    heads = [conv(f"head.stride{s}.output", conv(f"head.stride{s}.conv", p), active=False) for s, p in [(8, p3), (16, p4), (32, p5)]]
    outputs = {}
    for stride, head in zip([8, 16, 32], g.run(image, heads)):
        cells = head.reshape(1, 124, -1).transpose(0, 2, 1)
        outputs[f"cls_{stride}"] = (1 / (1 + np.exp(-cells[..., :80].astype(np.float64)))).astype(np.float32)
        outputs[f"reg_{stride}"] = cells[..., 80:]
    return outputs


def planes(pixels, mean, std):
    """(h, w, 3) of 0..255 to a normalised (1, 3, h, w)."""
    values = (np.asarray(pixels, np.float64) - mean) / std
    return values.transpose(2, 0, 1)[None].astype(np.float32)


def classifier_pixels(image):
    width, height = image.size
    short = min(width, height)
    resized = image.resize((256 * width // short, 256 * height // short), Image.BILINEAR)
    left, top = (round((side - 224) / 2) for side in resized.size)
    return resized.crop((left, top, left + 224, top + 224))


def detector_pixels(image):
    width, height = image.size
    ratio = min(416 / width, 416 / height)
    size = max(1, int(width * ratio + 0.5)), max(1, int(height * ratio + 0.5))
    frame = Image.new("RGB", (416, 416))
    frame.paste(image.resize(size, Image.BILINEAR), ((416 - size[0]) // 2, (416 - size[1]) // 2))
    return frame


def check(path):
    stored = load_file(path)
    for photo in sorted({name.split(".")[0] for name in stored}):
        found = {f"efflite0.{mode}": efficientnet_lite0(stored[f"{photo}.efflite0.{mode}.input"]) for mode in "AB"}
        found["nanodet"] = nanodet(stored[f"{photo}.nanodet.input"])
        for part, outputs in found.items():
            for name, value in outputs.items():
                print(f"{photo}.{part}.{name}: {np.abs(value - stored[f'{photo}.{part}.{name}']).max():.1e}")


def make():
    image = Image.open(PHOTO).convert("RGB")
    crop, frame = classifier_pixels(image), detector_pixels(image)
    crop.save(HERE / "classifier.png", optimize=True)
    frame.save(HERE / "detector.png", optimize=True)
    classifier = efficientnet_lite0(planes(crop, 0.498 * 255, 0.502 * 255))
    blue_green_red = np.asarray(frame)[..., ::-1]
    detector = nanodet(planes(blue_green_red, [103.53, 116.28, 123.675], [57.375, 57.12, 58.395]))
    # Every seventh cell of the finest level keeps the file small.
    for name in ["cls_8", "reg_8"]:
        detector[name] = detector[name][:, ::7]
    # The format is row-major, whatever order numpy holds.
    rows = {name: np.ascontiguousarray(value) for name, value in {**classifier, **detector}.items()}
    save_file(rows, HERE / "expected.safetensors")
    print("class", classifier["logits"].argmax(), "largest score", max(detector[f"cls_{s}"].max() for s in [8, 16, 32]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Expected outputs of the bundled networks.")
    parser.add_argument("--check", type=Path, help="stored tensors to compare with")
    arguments = parser.parse_args()
    check(arguments.check) if arguments.check else make()
