"""Makes the window's two fonts from Inter: a subset with tabular figures as the default ones.

    apt-get download fonts-inter && dpkg -x fonts-inter_*.deb inter
    pip install fonttools
    python3 make_fonts.py inter/usr/share/fonts/opentype/inter

Tables of numbers need figures of one width. Inter has them behind the OpenType feature `tnum`, which egui cannot switch
on, so the figures' code points are pointed at those glyphs here.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

WEIGHTS = ["Regular", "SemiBold"]
# Latin with accents, Greek, Cyrillic, punctuation, currency, arrows, mathematics, shapes and check marks.
RANGES = [
    (0x20, 0x17F), (0x218, 0x21B), (0x2C6, 0x2DD), (0x370, 0x3FF), (0x400, 0x45F), (0x2010, 0x205E), (0x2070, 0x2089),
    (0x20AC, 0x20AC), (0x2122, 0x2122), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2318, 0x2318), (0x25A0, 0x25FF),
    (0x2700, 0x27BF),
]


def tabular(font):
    """Glyph name -> name of its tabular form."""
    gsub = font["GSUB"].table
    forms = {}
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for sub in gsub.LookupList.Lookup[index].SubTable:
                    forms.update(getattr(sub, "ExtSubTable", sub).mapping)
    return forms


def main(folder):
    for weight in WEIGHTS:
        font = TTFont(folder / f"Inter-{weight}.otf")
        forms = tabular(font)
        for table in font["cmap"].tables:
            if table.isUnicode():
                # Some subtables share one mapping, so a figure may be tabular already.
                for code in map(ord, "0123456789"):
                    table.cmap[code] = forms.get(table.cmap[code], table.cmap[code])
        options = subset.Options(layout_features=["kern", "mark", "mkmk", "ccmp"], hinting=True, notdef_outline=True)
        options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
        cut = subset.Subsetter(options)
        cut.populate(unicodes=[c for first, last in RANGES for c in range(first, last + 1)])
        cut.subset(font)
        font.save(Path(__file__).with_name(f"Inter-{weight}.otf"))


main(Path(sys.argv[1]))
