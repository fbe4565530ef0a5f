"""Makes the pictures of the README and the docs: sheets of `hello` as LibreOffice shows them.

python docs/picture.py        (needs LibreOffice, poppler-utils, CJK fonts and Pillow)
"""

import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

import rnnsheet
from rnnsheet.labels import labels

HERE = Path(__file__).parent
SHEETS = ("unrolled", "backward")
DPI = 150
MARGIN, FOOTER = 16, int(0.7 * DPI)
"""In pixels: the white around a picture, and the lower margin of a printed page."""


def page_of(title: str, pdf: Path) -> int:
    """The number of the first page that begins with the title."""
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True)
    pages = text.stdout.split("\f")
    return next(number for number, page in enumerate(pages, start=1) if page.strip().startswith(title))


def cropped(picture: Image.Image) -> Image.Image:
    """The picture without its white edges and its footer."""
    picture = picture.crop((0, 0, picture.width, picture.height - FOOTER))
    white = Image.new("RGB", picture.size, "white")
    left, top, right, bottom = ImageChops.difference(picture, white).getbbox() or picture.getbbox()
    right, bottom = min(right + MARGIN, picture.width), min(bottom + MARGIN, picture.height)
    box = (max(left - MARGIN, 0), max(top - MARGIN, 0), right, bottom)
    return picture.crop(box).quantize(64)


for language in ("en", "zh"):
    with tempfile.TemporaryDirectory() as folder:
        book = rnnsheet.export("hello", Path(folder) / "hello.xlsx", language)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder, str(book)]
        subprocess.run(convert, check=True, capture_output=True)
        pdf = book.with_suffix(".pdf")
        for sheet in SHEETS:
            page = str(page_of(labels(language)(f"{sheet}.title"), pdf))
            draw = ["pdftoppm", "-r", str(DPI), "-png", "-singlefile", "-f", page, "-l", page, str(pdf)]
            subprocess.run([*draw, f"{folder}/{sheet}"], check=True)
            picture = Image.open(f"{folder}/{sheet}.png").convert("RGB")
            cropped(picture).save(HERE / f"{sheet}-{language}.png", optimize=True)
