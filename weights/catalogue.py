"""Writes the catalogue of published weights from what torchvision and timm say themselves (torchvision 0.29.2, timm 1.0.31).

Detectron2's model zoo names its files but no digests; the four that are listed here are known by their whole SHA-256.
Run it in an environment that has both libraries: python3 catalogue.py > catalogue.toml
"""

import re

import timm
import torchvision.models as classifiers

CLASSIFIERS = """alexnet vgg11 vgg13 vgg16 vgg19 vgg11_bn vgg13_bn vgg16_bn vgg19_bn resnet18 resnet34 resnet50 resnet101
resnet152 resnext50_32x4d resnext101_32x8d resnext101_64x4d wide_resnet50_2 wide_resnet101_2 squeezenet1_0 squeezenet1_1
densenet121 densenet161 densenet169 densenet201 mobilenet_v2 mobilenet_v3_large mobilenet_v3_small efficientnet_b0
efficientnet_b1 efficientnet_b2 efficientnet_b3 efficientnet_b4 efficientnet_b5 efficientnet_b6 efficientnet_b7 convnext_tiny
convnext_small convnext_base convnext_large swin_t swin_s swin_b vit_b_16 vit_b_32 vit_l_16 vit_l_32 googlenet
inception_v3""".split()
DETECTORS = """fasterrcnn_resnet50_fpn fasterrcnn_mobilenet_v3_large_320_fpn maskrcnn_resnet50_fpn retinanet_resnet50_fpn
ssdlite320_mobilenet_v3_large""".split()
# Name in timm, and our name of the architecture.
TIMM = """resnet18.a1_in1k=resnet18 resnet34.a1_in1k=resnet34 resnet50.a1_in1k=resnet50 resnet101.a1h_in1k=resnet101
resnet152.a1h_in1k=resnet152 resnext50_32x4d.a1h_in1k=resnext50_32x4d wide_resnet50_2.racm_in1k=wide_resnet50_2
densenet121.ra_in1k=densenet121 mobilenetv2_100.ra_in1k=mobilenet_v2 mobilenetv3_large_100.ra_in1k=mobilenetv3_large_100
tf_mobilenetv3_large_100.in1k=tf_mobilenetv3_large_100 efficientnet_b0.ra_in1k=efficientnet_b0
tf_efficientnet_b0.ns_jft_in1k=tf_efficientnet_b0 tf_efficientnet_b4.ns_jft_in1k=tf_efficientnet_b4
tf_efficientnet_b7.ns_jft_in1k=tf_efficientnet_b7 convnext_tiny.fb_in1k=convnext_tiny
convnext_base.fb_in22k_ft_in1k=convnext_base vit_base_patch16_224.augreg2_in21k_ft_in1k=vit_b_16
deit_tiny_patch16_224.fb_in1k=deit_tiny_patch16 deit_small_patch16_224.fb_in1k=deit_small_patch16
deit_base_patch16_224.fb_in1k=vit_b_16 swin_tiny_patch4_window7_224.ms_in1k=swin_t
swin_base_patch4_window7_224.ms_in22k_ft_in1k=swin_b""".split()
DETECTRON2 = [
    ("COCO-Detection", "faster_rcnn_R_50_FPN_3x", "137849458/model_final_280758.pkl", 167266879,
     "3c25caca37baabbff3e22cc9eb0923db165a0c18b867871a3bf3570bac9b7ef0"),
    ("COCO-Detection", "faster_rcnn_X_101_32x8d_FPN_3x", "139173657/model_final_68b088.pkl", None,
     "fe5ad56ff746aa55c5f453b01f8395134e9281d240dbeb473411d4a6b262c9dc"),
    ("COCO-InstanceSegmentation", "mask_rcnn_R_50_FPN_3x", "137849600/model_final_f10217.pkl", None,
     "9a737e290372f1f70994ebcbd89d8004dbb3ae30a605fd915a190fa4a782dd66"),
    ("COCO-InstanceSegmentation", "mask_rcnn_X_101_32x8d_FPN_3x", "139653917/model_final_2d9806.pkl", None,
     "12f6e1811baf1b4d329c3f5ac5ec52d8f634d3cedc82a13fff55d0c05d84f442"),
]


def entry(**fields):
    print("\n[[model]]")
    for key, value in fields.items():
        if value is not None:
            print(f"{key} = {value}" if isinstance(value, (int, list)) else f'{key} = "{value}"')


def digits(url):
    found = re.search(r"-([0-9a-f]{8})\.pth$", url)
    return found and found.group(1)


def megabytes(weights):
    # torchvision counts in units of 2^20.
    return round(weights.meta["_file_size"] * 2**20 / 1e6)


print("# Published weights: where they are, and how to know them. Written by catalogue.py.")
for name in CLASSIFIERS:
    for weights in classifiers.get_model_weights(name):
        transform = weights.transforms()
        # Fine-tuned for other sizes than the architecture's, or without a head.
        if len(weights.meta.get("categories") or []) != 1000 or "E2E" in weights.name:
            continue
        version = weights.name.replace("IMAGENET1K_", "").lower().replace("_", "-")
        version = "" if version == "v1" else "-" + version.removesuffix("-v1")
        entry(name=name + version, kind="classifier", architecture=name, url=weights.url, sha256=digits(weights.url),
              megabytes=megabytes(weights), side=transform.crop_size[0], shorter_side=transform.resize_size[0],
              interpolation=transform.interpolation.value, mean=transform.mean, std=transform.std,
              licence="none stated; the library is BSD-3-Clause", source="torchvision, " + weights.name)
for pair in TIMM:
    name, architecture = pair.split("=")
    published = timm.models.get_pretrained_cfg(name)
    side = published.input_size[1]
    entry(name=name, kind="classifier", architecture=architecture,
          url=f"https://huggingface.co/{published.hf_hub_id}/resolve/main/model.safetensors", side=side,
          shorter_side=int(side / published.crop_pct), interpolation=published.interpolation,
          mean=list(published.mean), std=list(published.std), licence=published.license, source="timm, " + name)
for name in DETECTORS:
    for weights in classifiers.get_model_weights(name):
        entry(name=name, kind="detector", architecture=name, url=weights.url, sha256=digits(weights.url),
              megabytes=megabytes(weights), licence="none stated; the library is BSD-3-Clause",
              source="torchvision, " + weights.name)
for folder, name, file, size, sha256 in DETECTRON2:
    entry(name=name, kind="detector", architecture="rcnn-fpn",
          url=f"https://dl.fbaipublicfiles.com/detectron2/{folder}/{name}/{file}", bytes=size, sha256=sha256,
          licence="CC-BY-SA-3.0", source="Detectron2's model zoo")
