"""Makes the README's pictures: the unrolled network of `hello` as LibreOffice shows it.

python docs/picture.py        (needs LibreOffice, poppler-utils and Pillow)
"""

import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

import rnnsheet

HERE = Path(__file__).parent

for language in ("en", "zh"):
    with tempfile.TemporaryDirectory() as folder:
        book = rnnsheet.export("hello", Path(folder) / "hello.xlsx", language)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        convert = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder, str(book)]
        subprocess.run(convert, check=True, capture_output=True)
        subprocess.run(["pdftoppm", "-r", "150", "-png", f"{folder}/hello.pdf", f"{folder}/page"], check=True)
        # Unrolled is the last sheet, and `hello` has it on one page.
        picture = Image.open(max(Path(folder).glob("page*.png"))).convert("RGB")
        # Without the footer, which stands in the lowest tenth.
        picture = picture.crop((0, 0, picture.width, int(picture.height * 0.9)))
        white = Image.new("RGB", picture.size, "white")
        left, top, right, bottom = ImageChops.difference(picture, white).getbbox() or picture.getbbox()
        margin = 16
        box = (max(left - margin, 0), max(top - margin, 0), right + margin, bottom + margin)
        picture.crop(box).quantize(64).save(HERE / f"unrolled-{language}.png", optimize=True)
