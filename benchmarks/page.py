"""A live page in Chromium, beside an empty page as large: to load it, and an edit until it is seen."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import rnnsheet
from benchmarks.timing import line

LESSONS = ("hello", "hello-lstm", "order", "long-memory", "translate", "caption")
BROWSER = Path(__file__).parent.parent / "tests" / "browser"


def report(count: int, lessons: tuple[str, ...] = LESSONS) -> Iterator[str]:
    """The size of each page, and its times with the processor slowed four times."""
    chromium = shutil.which("chromium")
    if not chromium or not (BROWSER / "node_modules").is_dir():
        yield "(no Chromium, or no npm ci --prefix tests/browser: a page's times are left out)"
        chromium = None
    with tempfile.TemporaryDirectory() as folder:
        for name in lessons:
            page = rnnsheet.page(name, Path(folder) / f"{name}.html", "en")
            size = page.stat().st_size
            yield line(f"page {name}: size / 400 kB", size / 400_000)
            if not chromium:
                continue
            empty = Path(folder) / "empty.html"
            empty.write_text(f"<!doctype html><title>empty</title><!--{'x' * (size - 50)}-->")
            command = ["node", str(BROWSER / "time.cjs"), chromium, str(page), str(empty), str(count)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            yield line(f"page {name}: load / empty page as large", found["load"] / found["empty"])
            yield line(f"page {name}: usable, ms (slowed 4×)", found["load"])
            yield line(f"page {name}: an edit seen, ms (slowed 4×)", found["edit"])
