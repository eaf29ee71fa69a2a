"""Cuts tests/data/cams.safetensors out of the full reference file: cams.py FULL.safetensors cams.safetensors

The full file holds what pytorch-grad-cam 1.5.7 (torch 2.15.0, torchvision 0.29.2, efficientnet-lite-pytorch 0.1.0), captum 0.9.0
and torchray 1.0.0.2 return for one input, in float64 unless said otherwise, stored as float32. Networks and input carry
values hashed from the tensors' names. Keys are MODEL/METHOD[@LAYER]/{raw,final,weights}.

    activations A, gradients G = d logit / d A        (channels, h, w), at the target layer
    raw                                               map before ReLU
    final                                             r = max(raw, 0); r = (r - min) / (1e-7 + max(r - min));
                                                      bilinear to 224 x 224, half-pixel centres; the same min-max again

A final map is kept at every 13th row and column from row and column 4; an input-space map likewise.
"""
import json, struct, sys

FIRST, STEP = 4, 13


def read(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    for name, row in header.items():
        start, end = row["data_offsets"]
        yield name, row["dtype"], row["shape"], data[8 + size + start : 8 + size + end]


def thinned(shape, data):
    """Every STEP-th row and column of the last two axes of a float32 tensor."""
    *front, h, w = shape
    count = 1
    for n in front:
        count *= n
    out = bytearray()
    rows, columns = range(FIRST, h, STEP), range(FIRST, w, STEP)
    for plane in range(count):
        for y in rows:
            for x in columns:
                at = 4 * ((plane * h + y) * w + x)
                out += data[at : at + 4]
    return [*front, len(rows), len(columns)], bytes(out)


def wanted(name):
    """Activations and gradients of resnet18, vgg11 and the inner layer of efficientnet-lite0; every small tensor; maps thinned."""
    model, _, rest = name.partition("/")
    if rest in ("activations", "gradients"):
        return model != "efficientnet-lite0"
    return rest != "logits"


def main(source, target):
    header, body = {}, bytearray()
    for name, dtype, shape, data in sorted(read(source)):
        if not wanted(name):
            continue
        if shape[-2:] == [224, 224]:
            shape, data = thinned(shape, data)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(target, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


if __name__ == "__main__":
    main(*sys.argv[1:])
