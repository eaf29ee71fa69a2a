"""Writes transformers.safetensors and transformers.json.gz: the reference numbers of torchvision's transformers.

Needs torch 2.15.0, torchvision 0.29.2, numpy and safetensors; for timm.json.gz also timm 1.0.31. The fill is that of
tests/it/fill.rs. Everything is computed in float64 and stored as float32.
"""

import gzip
import json
import sys

import numpy as np
import torch
import torchvision
from safetensors.numpy import save_file


def uniform(name, shape):
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    h = np.uint32(seed) ^ (np.arange(int(np.prod(shape)), dtype=np.uint32) * np.uint32(0x9E3779B9))
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x7FEB352D)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return (h.astype(np.float64) / 2**32).reshape(shape)


def filled(name, shape):
    u = uniform(name, shape)
    if name.endswith(".bias"):
        value = (2 * u - 1) * 0.1
    elif len(shape) <= 1:
        value = 0.5 + u
    else:
        value = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    return value.astype(np.float32).astype(np.float64)


def block_input(name, side):
    blocks = uniform(name + "_lo", (3, 7, 7))
    at = np.arange(side) * 7 // side
    noise = uniform(name, (3, side, side))
    return (1.5 * (2 * blocks[:, at[:, None], at[None, :]] - 1) + 0.5 * (2 * noise - 1)).astype(np.float32)


def fill(model):
    rows = []
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.from_numpy(filled(name, tuple(tensor.shape))))
        rows.append([name, "float32" if tensor.is_floating_point() else "int64", list(tensor.shape), 1.0])
    return rows


def reference(model, layer, as_map):
    kept = []

    def keep(module, inputs, output):
        output.retain_grad()
        kept.append(output)

    handle = dict(model.named_modules())[layer].register_forward_hook(keep)
    inputs = torch.from_numpy(np.stack([block_input(f"input{i}", 224) for i in range(2)])).to(next(model.parameters()).dtype)
    logits = model(inputs.requires_grad_(True))
    handle.remove()
    classes = logits.argmax(1)
    logits.gather(1, classes[:, None]).sum().backward()
    maps, gradients = as_map(kept[0].detach()), as_map(kept[0].grad)
    cam = (gradients.mean((2, 3), keepdim=True) * maps).sum(1)
    return logits.detach(), classes, cam


def grid_first(tokens):
    return tokens.permute(0, 3, 1, 2)


def without_class_token(tokens):
    n, t, c = tokens.shape
    side = int((t - 1) ** 0.5)
    return tokens[:, 1:].transpose(1, 2).reshape(n, c, side, side)


NETWORKS = {
    "swin_t": ("features.7", grid_first),
    "vit_b_16": ("encoder.layers.encoder_layer_11.ln_1", without_class_token),
}

TIMM = [
    "resnet50",
    "vgg11",
    "densenet121",
    "mobilenetv2_100",
    "efficientnet_b0",
    "convnext_tiny",
    "vit_base_patch16_224",
    "deit_small_patch16_224",
    "swin_tiny_patch4_window7_224",
]


def write(path, value):
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        file.write(json.dumps(value, separators=(",", ":")).encode())


if __name__ == "__main__":
    tensors, names = {}, {}
    for network, (layer, as_map) in NETWORKS.items():
        model = torchvision.models.get_model(network, weights=None).double().eval()
        names[network] = fill(model)
        logits, classes, cam = reference(model, layer, as_map)
        tensors[f"{network}/logits"] = logits.float().numpy()
        tensors[f"{network}/class"] = classes.numpy()
        tensors[f"{network}/{layer}/gradcam_raw"] = cam.float().numpy()
        single, _, single_cam = reference(model.float(), layer, as_map)
        print(
            network,
            "f32 errors",
            ((single - logits).abs().max() / logits.abs().max()).item(),
            ((single_cam - cam).abs().max() / cam.abs().max()).item(),
            "logits",
            logits.std().item(),
            (logits[0] - logits[1]).abs().mean().item(),
        )
    save_file(tensors, "transformers.safetensors")
    write("transformers.json.gz", names)
    if "timm" in sys.argv:
        import timm

        models = {name: timm.create_model(name, pretrained=False) for name in TIMM}
        rows = {
            name: [[k, "float32" if v.is_floating_point() else "int64", list(v.shape), 1.0] for k, v in m.state_dict().items()]
            for name, m in models.items()
        }
        write("timm.json.gz", rows)
