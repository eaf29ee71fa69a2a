#!/usr/bin/env python3
"""The CPU engine against PyTorch on this machine, in one interleaved run: forward passes, Grad-CAM, Faster R-CNN.

Usage: compare_pytorch.py [--threads N] [--rounds N] [--batches 1,8,32] [--networks a,b] [--environment DIR]

On the first call it makes a virtual environment (in DIR, by default target/compare-pytorch) with torch, torchvision,
efficientnet-lite-pytorch and grad-cam, and runs itself in it. It builds `benches/networks.rs` in the bench profile and asks it for passes
through its standard input. Every round visits every network, batch size and contestant once: what else the machine does
meanwhile disturbs all of them alike. Printed are medians in milliseconds, and PyTorch's over the engine's.

Contestants: the engine; PyTorch eager; for networks alone PyTorch's fastest mode, which is a frozen TorchScript optimised for
inference. NanoDet-g is written here as its layers, with the same shapes; weights are random, times do not depend on them.
`gradcam:NAME` is a forward pass and the map of the predicted class at the last convolutions' map, by camroi's own explanation
and by pytorch-grad-cam. `fasterrcnn_resnet50_fpn` goes from a picture of 640 x 480 pixels, enlarged to 1066 x 800, to its
objects, on both sides with the weights of `tests/it/fill.rs`, so that both have the same boxes to classify.
Contestants take turns; start the program under `taskset` to give all of them the same processors.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["torch", "torchvision", "grad-cam"]
# they name packages that only training needs
ALONE = ["efficientnet-lite-pytorch"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batches", default="1,8")
    parser.add_argument("--networks", default="vgg11_features,resnet50,efficientnet-lite0,nanodet-g-416")
    parser.add_argument("--environment", type=Path, default=ROOT / "target" / "compare-pytorch")
    return parser.parse_args()


def enter(environment):
    """Runs this program in the environment, which is made if it is missing."""
    python = environment / "bin" / "python"
    if Path(sys.prefix).resolve() == environment.resolve():
        return
    if not (environment / "complete").exists():
        venv.create(environment, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--no-cache-dir", *PACKAGES], check=True)
        subprocess.run([python, "-m", "pip", "install", "--no-cache-dir", "--no-deps", *ALONE], check=True)
        (environment / "complete").touch()
    os.execv(python, [python, __file__, *sys.argv[1:]])


def engine(threads):
    """The engine's program, which answers lines of a network and a batch size."""
    build = ["cargo", "bench", "--bench", "networks", "--no-run"]
    printed = subprocess.run(build, cwd=ROOT, check=True, stderr=subprocess.PIPE, text=True).stderr
    binary = printed.rsplit("(", 1)[1].split(")")[0]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([ROOT / binary, "--serve"], text=True, env=environment, **pipes)


def ask(worker, name, batch):
    worker.stdin.write(f"{name} {batch}\n")
    worker.stdin.flush()
    return float(worker.stdout.readline())


def networks(names):
    import torch
    import torchvision
    from torch import nn

    class Csp(nn.Module):
        """A stage of NanoDet-g's backbone."""

        def __init__(self, inputs, channels, stride, repeats):
            super().__init__()
            half = channels // 2
            self.first = conv(inputs, channels, 3, stride)
            self.blocks = nn.ModuleList(
                nn.ModuleList([conv(channels if i == 0 else channels, half, 3), conv(half, half, 3)]) for i in range(repeats)
            )
            self.last = conv(channels, channels, 3)

        def forward(self, x):
            first = y = self.first(x)
            for before, inner in self.blocks:
                before_y = before(y)
                y = torch.cat([inner(before_y), before_y], 1)
            return torch.cat([self.last(y), first], 1)

    def conv(inputs, outputs, kernel, stride=1, act=True):
        layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)]
        return nn.Sequential(*layers, nn.LeakyReLU(0.1)) if act else layers[0]

    class NanoDet(nn.Module):
        """NanoDet-g as the engine runs it: a backbone, a pyramid without convolutions, three heads."""

        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(conv(3, 32, 3, 2), nn.MaxPool2d(3, 2, 1))
            self.stages = nn.ModuleList([Csp(32, 32, 1, 1), Csp(64, 64, 2, 2), Csp(128, 128, 2, 2), Csp(256, 256, 2, 3)])
            self.laterals = nn.ModuleList(conv(c, 128, 1, act=False) for c in (128, 256, 512))
            self.heads = nn.ModuleList(nn.Sequential(conv(128, 128, 3), conv(128, 124, 1, act=False)) for _ in range(3))

        def forward(self, x):
            x = self.stem(x)
            levels = []
            for stage in self.stages:
                x = stage(x)
                levels.append(x)
            p3, p4, p5 = (lateral(level) for lateral, level in zip(self.laterals, levels[1:]))
            up = lambda t: nn.functional.interpolate(t, scale_factor=2.0, mode="bilinear")
            p4 = p4 + up(p5)
            p3 = p3 + up(p4)
            p4 = p4 + nn.functional.avg_pool2d(p3, 2)
            p5 = p5 + nn.functional.avg_pool2d(p4, 2)
            return [head(level) for head, level in zip(self.heads, (p3, p4, p5))]

    def efficientnet():
        from efficientnet_lite_pytorch import EfficientNet

        return EfficientNet.from_name("efficientnet-lite0")

    makers = {
        "vgg11_features": (lambda: torchvision.models.vgg11(weights=None).features[:20], 224),
        "vgg11": (lambda: torchvision.models.vgg11(weights=None), 224),
        "resnet50": (lambda: torchvision.models.resnet50(weights=None), 224),
        "efficientnet-lite0": (efficientnet, 224),
        "nanodet-g-416": (NanoDet, 416),
    }
    return {name: (makers[name][0]().eval(), makers[name][1]) for name in names}


def explainer(name, model):
    """pytorch-grad-cam at the layer that camroi explains by itself."""
    from pytorch_grad_cam import GradCAM

    layers = {
        "vgg11": lambda: model.features[-1],
        "resnet50": lambda: model.layer4[-1],
        "efficientnet-lite0": lambda: model._bn1,
    }
    cam = GradCAM(model=model, target_layers=[layers[name]()])
    return lambda x: cam(input_tensor=x, targets=None)


def filled(name):
    """torchvision's detector with the weights of `tests/it/fill.rs`, computed as its header says."""
    import gzip
    import json

    import numpy as np
    import torch
    import torchvision

    def values(tensor, shape, gain):
        seed = 0x811C9DC5
        for byte in tensor.encode():
            seed = (seed ^ byte) * 0x01000193 & 0xFFFFFFFF
        h = np.uint32(seed) ^ (np.arange(int(np.prod(shape)), dtype=np.uint32) * np.uint32(0x9E3779B9))
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
        h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
        u = (h ^ (h >> np.uint32(16))) / 4294967296.0
        leaf = tensor.rsplit(".", 1)[-1]
        if leaf in ("running_mean", "bias"):
            v = (2 * u - 1) * 0.1
        elif leaf == "running_var" or len(shape) <= 1:
            v = 0.5 + u
        else:
            v = (2 * u - 1) * np.sqrt(6.0 / np.prod(shape[1:]))
        return torch.from_numpy((v * gain).astype(np.float32).reshape(shape))

    with gzip.open(ROOT / "tests" / "data" / "detectors" / "names.json.gz") as file:
        rows = json.load(file)[name]
    model = torchvision.models.get_model("fasterrcnn_resnet50_fpn", weights=None, weights_backbone=None)
    state = {row[0]: values(row[0], row[2], row[3]) for row in rows if row[1] == "float32"}
    model.load_state_dict(state, strict=False)
    return model.eval()


def contestants(name, batch):
    """What PyTorch runs for a name and a batch size: its kinds, each a function without arguments."""
    import torch

    if name == "fasterrcnn_resnet50_fpn":
        model = filled(name)
        pictures = [torch.rand(3, 480, 640) for _ in range(batch)]
        return {"eager": torch.no_grad()(lambda: [model([picture]) for picture in pictures])}
    network = name.removeprefix("gradcam:")
    model, side = networks([network])[network]
    x = torch.randn(batch, 3, side, side)
    if network != name:
        explain = explainer(network, model)
        return {"eager": lambda: explain(x)}
    with torch.no_grad():
        frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x, strict=False)))
    forward = lambda model: torch.no_grad()(lambda: model(x))
    return {"eager": forward(model), "frozen": forward(frozen)}


def main():
    options = arguments()
    enter(options.environment)
    import torch

    torch.set_num_threads(options.threads)
    worker = engine(options.threads)
    batches = [int(b) for b in options.batches.split(",")]
    cases = [(n, b, contestants(n, b)) for n in options.networks.split(",") for b in batches]
    times = {}
    for _ in range(options.rounds):
        for name, batch, models in cases:
            # the first pass of a turn brings caches and clocks to the same state for everyone
            for kind, run in models.items():
                for kept in (False, True):
                    start = time.perf_counter()
                    run()
                    elapsed = 1e3 * (time.perf_counter() - start)
                    if kept:
                        times.setdefault((name, batch, kind), []).append(elapsed)
            for kept in (False, True):
                elapsed = ask(worker, name, batch)
                if kept:
                    times.setdefault((name, batch, "engine"), []).append(elapsed)
    print(f"torch {torch.__version__}, {options.threads} threads, {options.rounds} rounds, ms: medians and least")
    print(f"{'':<26} {'batch':>5} {'engine':>17} {'PyTorch':>17} {'median/median':>14} {'least/least':>12}")
    for name, batch, models in cases:
        ours = times[name, batch, "engine"]
        for kind in models:
            theirs = times[name, batch, kind]
            both = [f"{statistics.median(t):>8.2f} {min(t):>8.2f}" for t in (ours, theirs)]
            ratios = [f(theirs) / f(ours) for f in (statistics.median, min)]
            print(f"{name + ' ' + kind:<26} {batch:>5} {both[0]} {both[1]} {ratios[0]:>14.2f} {ratios[1]:>12.2f}")


if __name__ == "__main__":
    main()
