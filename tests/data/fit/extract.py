"""Writes `reference.json`: geometry, maps, regions and fits of the reference run, without its photos and class names.

    python extract.py pipeline_sample.json

The reference run was made by an independent Python pipeline (torch 2.15, torchvision 0.29, Pillow 13; float32 on the CPU)
over 138 photos of ImageNet, with EfficientNet-Lite0 and NanoDet-g. Mode A sees a centre crop, mode B the whole picture.
"""

import json
import sys
from pathlib import Path


def mode(m):
    keys = ("view", "scale", "offset", "roi_fit", "roi_fit_px", "m_fit", "best_roi", "area_share", "lift", "status")
    return {"map": [v for row in m["cam"] for v in row]} | {k: m[k] for k in keys}


images = json.loads(Path(sys.argv[1]).read_text())["images"]
rows = [
    {
        "index": i["index"],
        "size": [i["width"], i["height"]],
        "letterbox": i["detector_placement"],
        "rois": [[*r["box"], r["score"]] for r in i["rois"]],
        "A": mode(i["A"]),
        "B": mode(i["B"]),
    }
    for i in images
]
text = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
(Path(__file__).parent / "reference.json").write_text(f"[\n{text}\n]\n")
