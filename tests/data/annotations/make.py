"""Writes annotations with the formats' own tools.

    pip install pycocotools==2.0.11 pascal-voc-writer==0.1.4 && python make.py
"""

import json
from pathlib import Path

import numpy as np
from pascal_voc_writer import Writer
from pycocotools import mask as coco_mask

HERE = Path(__file__).parent
WIDTH, HEIGHT = 50, 40


def disc(cx, cy, radius):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return ((x - cx) ** 2 + (y - cy) ** 2 <= radius**2).astype(np.uint8)


def runs(mask):
    """The uncompressed form: lengths down the columns."""
    flat = mask.flatten(order="F")
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [0]])))
    lengths = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return lengths if lengths[-1] else lengths[:-1]


ring = disc(25, 20, 15) - disc(25, 20, 6)
small = disc(3, 5, 4)
encoded = coco_mask.encode(np.asfortranarray(ring))
encoded = {"size": encoded["size"], "counts": encoded["counts"].decode()}
coco = {
    "images": [
        {"id": 7, "file_name": "bird/1.jpg", "width": WIDTH, "height": HEIGHT},
        {"id": 9, "file_name": "bird/2.jpg", "width": WIDTH, "height": HEIGHT},
    ],
    "categories": [{"id": 3, "name": "bird"}, {"id": 5, "name": "crowd of birds"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 5, 31, 31], "iscrowd": 0, "segmentation": encoded},
        {"id": 2, "image_id": 7, "category_id": 5, "bbox": [0, 1, 8, 9], "iscrowd": 1,
         "segmentation": {"size": [HEIGHT, WIDTH], "counts": runs(small)}},
        {"id": 3, "image_id": 9, "category_id": 3, "bbox": [10, 10, 20, 20], "iscrowd": 0,
         "segmentation": [[10, 10, 30, 10, 30, 30], [10, 20, 10, 30, 20, 30]]},
        {"id": 4, "image_id": 9, "category_id": 3, "bbox": [1.5, 2.5, 10, 20.25], "iscrowd": 0},
    ],
}
(HERE / "coco.json").write_text(json.dumps(coco))
results = [
    {"image_id": 2, "category_id": 16, "bbox": [1.5, 2.5, 10.0, 20.25], "score": 0.25},
    {"image_id": 2, "category_id": 16, "bbox": [10.0, 5.0, 31.0, 31.0], "score": 0.75, "segmentation": encoded},
]
(HERE / "results.json").write_text(json.dumps(results))
(HERE / "expected.json").write_text(json.dumps({
    "ring": {"area": int(coco_mask.area(coco_mask.encode(np.asfortranarray(ring)))),
             "bbox": coco_mask.toBbox(coco_mask.encode(np.asfortranarray(ring))).tolist(),
             "rows": ["".join(map(str, row)) for row in ring.tolist()]},
    "small": {"rows": ["".join(map(str, row)) for row in small.tolist()]},
}))

writer = Writer("photos/bird/1.jpg", WIDTH, HEIGHT)
writer.addObject("bird", 11, 6, 41, 36)
writer.addObject("cat", 1, 1, WIDTH, HEIGHT)
writer.save(str(HERE / "voc.xml"))
# Without the path on the machine that this ran on.
lines = (HERE / "voc.xml").read_text().splitlines(keepends=True)
(HERE / "voc.xml").write_text("".join(line for line in lines if "<path>" not in line))
