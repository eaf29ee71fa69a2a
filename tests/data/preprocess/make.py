"""Writes the pictures of this folder and `pillow.json`, what Pillow makes of them.

    pip install pillow==12.3.0 && python make.py
"""

import hashlib
import json
import struct
from pathlib import Path

from PIL import Image, ImageOps

HERE = Path(__file__).parent


def noise(width, height):
    """The picture that the Rust tests compute by the same formula."""
    data = bytes(
        ((x * 7919 + y * 104729 + c * 1299709 + 1) * 2654435761 % 2**32) >> 24
        for y in range(height)
        for x in range(width)
        for c in range(3)
    )
    return Image.frombytes("RGB", (width, height), data)


def smooth(width=12, height=8):
    """No hard edges, so that lossy formats stay close; every corner has its own colour."""
    picture = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            picture.putpixel((x, y), (20 + 18 * x, 30 + 25 * y, 200 - 8 * x - 6 * y))
    return picture


def resizes():
    cases = []
    for size in [(37, 29), (150, 113)]:
        picture = noise(*size)
        for to in [(16, 11), (64, 50), (37, 11), (20, 29), (224, 224), (1, 1), (3, 200), (149, 113)]:
            for name, kind in [("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)]:
                pixels = picture.resize(to, kind).tobytes()
                cases.append({"from": size, "to": to, "filter": name, "sha256": hashlib.sha256(pixels).hexdigest()})
    return cases


def tiff_like_exif(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def pictures():
    rgb = smooth()
    grey = rgb.convert("L")
    alpha = rgb.copy()
    alpha.putalpha(Image.linear_gradient("L").resize(rgb.size))
    grey_alpha = Image.merge("LA", (grey, alpha.getchannel("A")))
    palette = rgb.quantize(16)
    sixteen = Image.new("I;16", rgb.size)
    for y in range(rgb.height):
        for x in range(rgb.width):
            sixteen.putpixel((x, y), min(65535, x * 5000 + y * 1301))
    cmyk = Image.merge("CMYK", [rgb.getchannel(c).point(lambda v: 255 - v) for c in "RGB"] + [grey.point(lambda v: v // 3)])

    def save(name, picture, **options):
        picture.save(HERE / name, **options)

    save("rgb.png", rgb)
    save("grey.png", grey)
    save("bilevel.png", grey.convert("1"))
    save("palette.png", palette)
    save("palette_transparent.png", palette, transparency=3)
    save("alpha.png", alpha)
    save("grey_alpha.png", grey_alpha)
    save("sixteen.png", sixteen)
    save("rgb.jpg", rgb, quality=95, subsampling=0)
    save("subsampled.jpg", rgb, quality=95, subsampling=2)
    save("progressive.jpg", rgb, quality=95, progressive=True)
    save("grey.jpg", grey, quality=95)
    save("cmyk.jpg", cmyk, quality=95)
    save("lossless.webp", rgb, lossless=True)
    save("lossy.webp", rgb, quality=95)
    save("alpha.webp", alpha, lossless=True, exact=True)
    save("rgb.gif", palette)
    save("transparent.gif", palette, transparency=3)
    save("animated.gif", palette, save_all=True, append_images=[ImageOps.invert(rgb).quantize(16)])
    save("rgb.bmp", rgb)
    save("grey.bmp", grey)
    save("palette.bmp", palette)
    save("alpha.bmp", alpha)
    save("rgb.tif", rgb)
    save("lzw.tif", rgb, compression="tiff_lzw")
    save("deflate.tif", rgb, compression="tiff_adobe_deflate")
    save("packbits.tif", rgb, compression="packbits")
    save("grey.tif", grey)
    save("alpha.tif", alpha)
    save("sixteen.tif", sixteen)
    save("cmyk.tif", cmyk)
    for orientation in range(10):
        save(f"exif_{orientation}.jpg", rgb, quality=95, subsampling=0, exif=tiff_like_exif(orientation))
    for ending, options in [("png", {}), ("webp", {"lossless": True}), ("tif", {})]:
        save(f"exif_6.{ending}", rgb, exif=tiff_like_exif(6), **options)

    # The same CMYK data with Adobe's note that it is YCCK, and without any note, which means not inverted.
    data = (HERE / "cmyk.jpg").read_bytes()
    at = data.index(b"Adobe")
    (HERE / "ycck.jpg").write_bytes(data[: at + 11] + b"\x02" + data[at + 12 :])
    (HERE / "cmyk_plain.jpg").write_bytes(data[: at - 4] + data[at - 4 + 2 + struct.unpack(">H", data[at - 2 : at])[0] :])


def scaled_to_8_bits(picture):
    """Pillow's own conversion of 16-bit grey to RGB cuts everything above 255 to white, which nobody wants."""
    if not picture.mode.startswith("I;16"):
        return picture
    values = (round(v * 255 / 65535) for v in picture.get_flattened_data())
    return Image.frombytes("L", picture.size, bytes(values))


def decoded():
    cases = {}
    for file in sorted(HERE.iterdir()):
        if file.suffix in {".py", ".json"}:
            continue
        with Image.open(file) as picture:
            upright = scaled_to_8_bits(ImageOps.exif_transpose(picture)).convert("RGB")
        cases[file.name] = {"size": upright.size, "rgb": upright.tobytes().hex()}
    return cases


def photos():
    """The demo's photos: what cameras and the web make, with chroma at half the resolution and in several scans."""
    folder = HERE.parents[2] / "assets" / "demo"
    hashes = {}
    for file in sorted(folder.rglob("*.jpg")):
        with Image.open(file) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
        hashes[file.relative_to(folder).as_posix()] = hashlib.sha256(upright.tobytes()).hexdigest()
    return hashes


pictures()
lines = {
    "photos": ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in photos().items()),
    "decoded": ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in decoded().items()),
    "resized": ",\n".join(json.dumps(v) for v in resizes()),
}
(HERE / "pillow.json").write_text(
    '{"decoded": {\n' + lines["decoded"] + '\n},\n"photos": {\n' + lines["photos"] + '\n},\n"resized": [\n' + lines["resized"] + "\n]}\n"
)
