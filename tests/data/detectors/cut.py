"""Cuts tests/data/detectors/reference.safetensors out of the full reference file: cut.py FULL.safetensors reference.safetensors

Keys are NETWORK/CONFIGURATION/STAGE. `small` (shortest edge 240) and the networks with one size only are kept whole; of
`default` (shortest edge 800) what the picture and the anchors become, which needs no network to run.
"""
import json, struct, sys

WHOLE = ("scene_u8", "fasterrcnn_mobilenet_v3_large_320_fpn/", "ssdlite320_mobilenet_v3_large/")


def kept(key):
    return key.startswith(WHOLE) or "/small" in key or "/input." in key or "/anchors" in key


def main(source, target):
    data = open(source, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header, at, tensors = json.loads(data[8:8 + size]), 0, []
    table = {}
    for key in sorted(header):
        if key == "__metadata__" or not kept(key):
            continue
        start, end = header[key]["data_offsets"]
        tensors.append(data[8 + size + start:8 + size + end])
        table[key] = {**header[key], "data_offsets": [at, at + end - start]}
        at += end - start
    text = json.dumps(table, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(target, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(tensors))


main(*sys.argv[1:])
