"""The blocks of built-in and a few imported workbooks, as lines that show what moved."""

from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from rnnsheet import templates
from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.plan import Block, Fill
from tests.imported_networks import counter, moods, speller

FOLDER = Path(__file__).with_suffix("")
COMMAND = "python -m tests.golden"
IMPORTED = {f"imported-{make.__name__}": make for make in (moods, speller, counter)}
NAMES = (*templates.names(), *IMPORTED)

_TOLD = 3
"""So many formulas of a block are written out; a matrix that is turned has one for each of its cells."""


def lines(name: str) -> Iterator[str]:
    """A line for each block: its name, place, number format and formulas."""
    source = IMPORTED[name]() if name in IMPORTED else templates.load(name)
    for block in plan(source, "en").blocks():
        place = f"{block.area.sheet}!{block.area.a1}"
        yield "  ".join([block.name, place, block.format, *_formulas(block)]) + "\n"


def _formulas(block: Block) -> Iterator[str]:
    told = [_formula(block, fill) for fill in block.fills]
    yield from told[:_TOLD]
    if rest := told[_TOLD:]:
        yield f"and {len(rest)} more: {crc32(' '.join(rest).encode()):08x}"


def _formula(block: Block, fill: Fill) -> str:
    area = block.area.part(fill.down, fill.right, fill.rows, fill.cols)
    return f"{'' if area == block.area else area.a1}={fill.formula.text}"


def write() -> None:
    """Writes every file again."""
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.iterdir():
        file.unlink()
    for name in NAMES:
        (FOLDER / f"{name}.txt").write_text("".join(lines(name)), "utf-8", newline="\n")


if __name__ == "__main__":
    write()
