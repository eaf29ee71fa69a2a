#!/usr/bin/env python3
"""Forward passes of the CPU engine against PyTorch on this machine, in one interleaved run.

Usage: compare_pytorch.py [--threads N] [--rounds N] [--batches 1,8,32] [--networks a,b] [--environment DIR]

On the first call it makes a virtual environment (in DIR, by default target/compare-pytorch) with torch, torchvision and
efficientnet-lite-pytorch, and runs itself in it. It builds `benches/networks.rs` in the bench profile and asks it for passes
through its standard input. Every round visits every network, batch size and contestant once: what else the machine does
meanwhile disturbs all of them alike. Printed are medians in milliseconds, and PyTorch's over the engine's.

Contestants: the engine; PyTorch eager; PyTorch's fastest mode, which is a frozen TorchScript optimised for inference.
NanoDet-g is written here as its layers, with the same shapes; weights are random everywhere, times do not depend on them.
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
PACKAGES = ["torch", "torchvision", "efficientnet-lite-pytorch"]


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
        # efficientnet-lite-pytorch names packages that only its training needs
        subprocess.run([python, "-m", "pip", "install", "--no-cache-dir", *PACKAGES[:2]], check=True)
        subprocess.run([python, "-m", "pip", "install", "--no-cache-dir", "--no-deps", PACKAGES[2]], check=True)
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
        "resnet50": (lambda: torchvision.models.resnet50(weights=None), 224),
        "efficientnet-lite0": (efficientnet, 224),
        "nanodet-g-416": (NanoDet, 416),
    }
    return {name: (makers[name][0]().eval(), makers[name][1]) for name in names}


def main():
    options = arguments()
    enter(options.environment)
    import torch

    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    worker = engine(options.threads)
    batches = [int(b) for b in options.batches.split(",")]
    cases = []
    for name, (model, side) in networks(options.networks.split(",")).items():
        for batch in batches:
            x = torch.randn(batch, 3, side, side)
            frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x, strict=False)))
            cases.append((name, batch, x, {"eager": model, "frozen": frozen}))
    times = {}
    for _ in range(options.rounds):
        for name, batch, x, models in cases:
            for kind, model in models.items():
                # the first pass of a turn brings caches and clocks to the same state for everyone
                for kept in (False, True):
                    start = time.perf_counter()
                    model(x)
                    elapsed = 1e3 * (time.perf_counter() - start)
                    if kept:
                        times.setdefault((name, batch, kind), []).append(elapsed)
            for kept in (False, True):
                elapsed = ask(worker, name, batch)
                if kept:
                    times.setdefault((name, batch, "engine"), []).append(elapsed)
    print(f"torch {torch.__version__}, {options.threads} threads, {options.rounds} rounds, medians in ms")
    print(f"{'network':<20} {'batch':>5} {'engine':>9} {'eager':>9} {'frozen':>9} {'eager/engine':>13} {'frozen/engine':>14}")
    for name, batch, _, _ in cases:
        ours, eager, frozen = (statistics.median(times[name, batch, k]) for k in ("engine", "eager", "frozen"))
        row = f"{name:<20} {batch:>5} {ours:>9.2f} {eager:>9.2f} {frozen:>9.2f}"
        print(f"{row} {eager / ours:>13.2f} {frozen / ours:>14.2f}")


if __name__ == "__main__":
    main()
