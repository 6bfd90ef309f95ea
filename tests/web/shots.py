"""Screenshots against committed ones, section by section, at a quarter of the size, and blurred.

By section, because a line more in one must not move all that follows; small and blurred, because the edge of a letter is the
renderer's affair and not ours. Measured as the worst tile of rich, slow-store and pod-loss: the same machine again 0; other hinting
and subpixel text 0.1; everything half a pixel aside 4, a whole one 6; the marks of one outcome taken out of the chart 14 to 24, the
chart taken out 27 to 59.
"""
import io
import json

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat

SCALE = 4
BLUR = 2           # px of the small picture
BITS = 4           # of a colour, for smaller files
TILE = 16          # px of the small picture
TILE_MAX = 10      # mean difference of a tile, of 255
HEIGHT_SLACK = 0.03  # of a section's height, and never less than
HEIGHT_PX = 40     # two lines and a bit

SECTIONS = """[...document.querySelectorAll('body>header,nav,main>h2,main>.verdict,main>.warnings,main>.tiles,main>section,main>section figure,footer')]
    .filter(e=>e.checkVisibility()&&!e.closest('details:not([open])'))
    .map((e,i)=>{const r=e.getBoundingClientRect();
        return {name:(e.id||e.className||e.tagName.toLowerCase())+' '+i,x:Math.round(r.x+scrollX),y:Math.round(r.y+scrollY),w:Math.round(r.width),h:Math.round(r.height)}})"""


def take(page, width):
    """(the small picture, the sections on it)"""
    sections = page.js(SECTIONS)
    full = Image.open(io.BytesIO(page.screenshot(width))).convert("RGB")
    small = full.resize((full.width // SCALE, full.height // SCALE), Image.Resampling.BOX)
    return ImageOps.posterize(small, BITS), sections


def save(path, small, sections):
    small.save(path + ".png", optimize=True)
    with open(path + ".json", "w", encoding="utf-8") as out:
        json.dump([[s["name"], *(round(s[k]) for k in "xywh")] for s in sections], out, separators=(",", ":"))
        out.write("\n")


def load(path):
    with open(path + ".json", encoding="utf-8") as f:
        sections = [dict(zip(("name", "x", "y", "w", "h"), s)) for s in json.load(f)]
    return Image.open(path + ".png").convert("RGB"), sections


def cut(picture, s):
    return picture.crop(tuple(round(v / SCALE) for v in (s["x"], s["y"], s["x"] + s["w"], s["y"] + s["h"])))


def worst_tile(a, b):
    """The largest mean difference of a tile, and where."""
    width, height = min(a.width, b.width), min(a.height, b.height)
    difference = ImageChops.difference(a.crop((0, 0, width, height)), b.crop((0, 0, width, height)))
    worst = (0.0, 0, 0)
    for y in range(0, height, TILE):
        for x in range(0, width, TILE):
            box = (x, y, min(x + TILE, width), min(y + TILE, height))
            worst = max(worst, (max(ImageStat.Stat(difference.crop(box)).mean), x * SCALE, y * SCALE))
    return worst


def compare(was, now, measure=None):
    """Sentences on what differs; measure: a list that gets the worst tile of each section."""
    (old, old_sections), (new, new_sections) = was, now
    if [s["name"] for s in old_sections] != [s["name"] for s in new_sections]:
        return ["the sections are %s, and were %s" % ([s["name"] for s in new_sections], [s["name"] for s in old_sections])]
    old, new = (picture.filter(ImageFilter.GaussianBlur(BLUR)) for picture in (old, new))
    bad = []
    for a, b in zip(old_sections, new_sections):
        if abs(a["h"] - b["h"]) > max(HEIGHT_PX, HEIGHT_SLACK * a["h"]):
            bad.append("%s is %d px high, and was %d" % (a["name"], b["h"], a["h"]))
            continue
        tile, x, y = worst_tile(cut(old, a), cut(new, b))
        if measure is not None:
            measure.append((tile, a["name"]))
        if tile > TILE_MAX:
            bad.append("%s differs by %.0f of 255 at %d,%d" % (a["name"], tile, x, y))
    return bad
