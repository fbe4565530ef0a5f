"""Makes the README's pictures: the unrolled network of `hello` as LibreOffice shows it.

python docs/picture.py        (needs LibreOffice, poppler-utils and Pillow)
"""

import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

import rnnsheet

HERE = Path(__file__).parent
LAST = 5  # the page of the sheet Unrolled

for language in ("en", "zh"):
    with tempfile.TemporaryDirectory() as folder:
        book = rnnsheet.export("hello", Path(folder) / "hello.xlsx", language)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder, str(book)]
        subprocess.run(convert, check=True, capture_output=True)
        pages = ["pdftoppm", "-r", "150", "-f", str(LAST), "-l", str(LAST), "-png"]
        subprocess.run([*pages, f"{folder}/hello.pdf", f"{folder}/page"], check=True)
        (page,) = Path(folder).glob("page*.png")
        picture = Image.open(page).convert("RGB")
        # Without the footer, which stands in the lowest tenth.
        picture = picture.crop((0, 0, picture.width, int(picture.height * 0.9)))
        white = Image.new("RGB", picture.size, "white")
        left, top, right, bottom = ImageChops.difference(picture, white).getbbox() or picture.getbbox()
        margin = 16
        box = (max(left - margin, 0), max(top - margin, 0), right + margin, bottom + margin)
        picture.crop(box).quantize(64).save(HERE / f"unrolled-{language}.png", optimize=True)
