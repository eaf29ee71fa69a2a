"""Writes the same three objects with datumaro, the library that CVAT exports with, and with LabelMe.

    pip install datumaro==1.13.12 labelme==5.5.0 PyQt5==5.15.11 && QT_QPA_PLATFORM=offscreen python make_with_datumaro.py
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import datumaro
import numpy as np
from datumaro.components.annotation import Bbox, Mask, Polygon
from datumaro.components.media import Image
from labelme.label_file import LabelFile
from labelme.utils import img_arr_to_b64

HERE = Path(__file__).parent
WIDTH, HEIGHT = 50, 40

y, x = np.mgrid[:HEIGHT, :WIDTH]
disc = (x - 25) ** 2 + (y - 20) ** 2 <= 100
item = datumaro.DatasetItem(
    id="bird/1",
    subset="train",
    media=Image.from_numpy(np.zeros((HEIGHT, WIDTH, 3), np.uint8), ext=".jpg"),
    annotations=[
        Bbox(10, 5, 20, 15, label=0, id=1, group=1),
        Polygon([2, 3, 22, 3, 22, 13], label=1, id=2, group=2),
        Mask(disc, label=0, id=3, group=3),
    ],
)
dataset = datumaro.Dataset.from_iterable([item], categories=["bird", "hot dog"])
with TemporaryDirectory() as folder:
    for name, written, kept in [
        ("coco_instances", "annotations/instances_train.json", "datumaro_coco.json"),
        ("cvat", "train.xml", "datumaro_cvat.xml"),
        ("voc_detection", "Annotations/bird/1.xml", "datumaro_voc.xml"),
    ]:
        dataset.export(f"{folder}/{name}", name, save_media=False)
        shutil.copy(f"{folder}/{name}/{written}", HERE / kept)
    dataset.export(f"{folder}/yolo", "yolo", save_media=False)
    shutil.copytree(f"{folder}/yolo", HERE / "datumaro_yolo", dirs_exist_ok=True)


def shape(label, points, kind, mask=None):
    return {"label": label, "points": points, "shape_type": kind, "flags": {}, "group_id": None, "description": "",
            "mask": None if mask is None else img_arr_to_b64(mask.astype(np.uint8))}


rows, columns = np.any(disc, 1).nonzero()[0], np.any(disc, 0).nonzero()[0]
top, bottom, left, right = (int(v) for v in (rows[0], rows[-1], columns[0], columns[-1]))
LabelFile().save(
    filename=str(HERE / "labelme.json"),
    shapes=[
        shape("bird", [[10, 5], [30, 20]], "rectangle"),
        shape("hot dog", [[2, 3], [22, 3], [22, 13]], "polygon"),
        shape("bird", [[left, top], [right, bottom]], "mask", disc[top : bottom + 1, left : right + 1]),
    ],
    imagePath="bird/1.jpg",
    imageHeight=HEIGHT,
    imageWidth=WIDTH,
    imageData=None,
    otherData={},
    flags={},
)
