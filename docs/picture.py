"""Makes the pictures of the README and the docs: sheets of `hello` as LibreOffice shows them.

python docs/picture.py        (needs LibreOffice, poppler-utils, CJK fonts and Pillow)
"""

import tempfile
from pathlib import Path

from PIL import Image, ImageChops

import rnnsheet
from rnnsheet.rendering import render

HERE = Path(__file__).parent
SHEETS = ("Unrolled", "Backward")
DPI = 150
MARGIN, EDGE = 16, int(0.5 * DPI)
"""In pixels: the white around a picture, and the edge of a printed page with its head or foot."""


def cropped(picture: Image.Image) -> Image.Image:
    """The picture without its white edges, its head and its foot."""
    picture = picture.crop((0, EDGE, picture.width, picture.height - EDGE))
    white = Image.new("RGB", picture.size, "white")
    left, top, right, bottom = ImageChops.difference(picture, white).getbbox() or picture.getbbox()
    right, bottom = min(right + MARGIN, picture.width), min(bottom + MARGIN, picture.height)
    box = (max(left - MARGIN, 0), max(top - MARGIN, 0), right, bottom)
    return picture.crop(box).quantize(64)


for language in ("en", "zh"):
    with tempfile.TemporaryDirectory() as folder:
        book = rnnsheet.export("hello", Path(folder) / "hello.xlsx", language)
        for sheet in SHEETS:
            first, *_ = render(book, folder, sheets=[sheet], dpi=DPI, force=True)
            with Image.open(first) as page:
                cropped(page.convert("RGB")).save(HERE / f"{sheet.lower()}-{language}.png", optimize=True)
