"""The program in which formulon recalculates a file and saves it: it imports nothing of ours."""

import os
import sys
from pathlib import Path


def main(found: str, path: str, target: str) -> None:
    """Recalculates the file at `path`; `found` is where packages are, as in PYTHONPATH."""
    sys.path[:] = found.split(os.pathsep)
    from formulon import Workbook

    book = Workbook.load(Path(path).read_bytes())
    book.recalc()
    # Asked cell by cell, it takes as long again as all the rest.
    Path(target).write_bytes(book.save())


if __name__ == "__main__":
    main(*sys.argv[1:])
    # At once: freeing what was loaded takes time.
    os._exit(0)
