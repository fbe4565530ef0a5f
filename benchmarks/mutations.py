"""Whether `check` catches what it should: single changes at random, and books that nobody has changed."""

import random
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import rnnsheet
from benchmarks.timing import line
from rnnsheet import engine, templates
from rnnsheet.lesson import Settings

SMALL = Settings(epochs=6, flow_steps=4)
"""Few rows of the long experiments: every kind of block is there, and a thousand checks end today."""

_FORMULA = re.compile(r'<c r="[A-Z]+\d+"[^>]*><f>([^<]*)</f><v>([^<]*)</v></c>')
_REFERENCE = re.compile(r"(?<![\w!])(\$?[A-Z]{1,3}\$?)(\d+)(?![\d(])")
_OPERATOR = re.compile(r"(?<=[\w)])[-+*/](?=[\w($])")
_NAME = re.compile(r'<definedName name="(?!_xlnm\.)[^"]*">[^<]*</definedName>')
"""A defined name of a block; what Excel calls `_xlnm.` says how a sheet is printed."""
_RANGE = re.compile(r"\$(\d+)(?=[:<])")


def _shift_reference(cell: re.Match[str], chance: random.Random) -> str | None:
    found = list(_REFERENCE.finditer(cell[1]))
    if not found:
        return None
    place = chance.choice(found)
    row = int(place[2]) + (chance.choice((-1, 1)) if int(place[2]) > 1 else 1)
    return _with_formula(cell, f"{cell[1][: place.start()]}{place[1]}{row}{cell[1][place.end() :]}")


def _change_operator(cell: re.Match[str], chance: random.Random) -> str | None:
    found = list(_OPERATOR.finditer(cell[1]))
    if not found:
        return None
    place = chance.choice(found)
    other = chance.choice([sign for sign in "+-*/" if sign != place[0]])
    return _with_formula(cell, f"{cell[1][: place.start()]}{other}{cell[1][place.end() :]}")


def _type_over(cell: re.Match[str], chance: random.Random) -> str:
    """Its own value in the place of the formula."""
    return cell[0].replace(f"<f>{cell[1]}</f>", "")


def _alter_stored(cell: re.Match[str], chance: random.Random) -> str:
    try:
        value = float(cell[2])
        altered = repr(value * (1 + 10 ** chance.uniform(-6, 0)) + 10 ** chance.uniform(-6, 0))
    except ValueError:
        altered = f"{cell[2]}x"
    return cell[0].replace(f"<v>{cell[2]}</v>", f"<v>{altered}</v>")


def _with_formula(cell: re.Match[str], formula: str) -> str:
    return cell[0].replace(f"<f>{cell[1]}</f>", f"<f>{formula}</f>")


IN_A_CELL: dict[str, Callable[[re.Match[str], random.Random], str | None]] = {
    "a reference shifted": _shift_reference,
    "an operator changed": _change_operator,
    "a constant typed over": _type_over,
    "a stored value altered": _alter_stored,
}
MOVED = "a block's range moved"


def _changed(parts: dict[str, str], kind: str, chance: random.Random) -> dict[str, str]:
    """The parts of a workbook with one change."""
    if kind == MOVED:
        name, text = "xl/workbook.xml", parts["xl/workbook.xml"]
        block = chance.choice(list(_NAME.finditer(text)))
        place = chance.choice(list(_RANGE.finditer(text, *block.span())))
        return parts | {name: f"{text[: place.start()]}${int(place[1]) + 1}{text[place.end() :]}"}
    sheets = [name for name in parts if "worksheets/sheet" in name and "<f>" in parts[name]]
    while True:
        name = chance.choice(sheets)
        cell = chance.choice(list(_FORMULA.finditer(parts[name])))
        changed = IN_A_CELL[kind](cell, chance)
        if changed:
            return parts | {name: parts[name][: cell.start()] + changed + parts[name][cell.end() :]}


def _is_caught(path: Path) -> bool:
    try:
        return not rnnsheet.check(path).ok
    except rnnsheet.RnnsheetError:
        return True


class _Books:
    """Workbooks of every lesson in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.lessons = [replace(rnnsheet.load(name), settings=SMALL) for name in templates.names()]
        self.parts = [self._read(self._export(number, 0)) for number in range(len(self.lessons))]

    def mutant(self, number: int) -> tuple[str, bool]:
        """What was changed in the mutant of that number, and whether it was caught."""
        chance = random.Random(number)
        kind = [*IN_A_CELL, MOVED][number % 5]
        parts = _changed(self.parts[number // 5 % len(self.lessons)], kind, chance)
        path = self.folder / f"mutant{number}.xlsx"
        with zipfile.ZipFile(path, "w") as book:
            for name, text in parts.items():
                book.writestr(name, text)
        caught = _is_caught(path)
        path.unlink()
        return kind, caught

    def untouched(self, number: int) -> bool:
        """Whether a book with random weights, which nobody has changed, is taken for a wrong one."""
        path = self._export(number % len(self.lessons), number + 1)
        alarm = _is_caught(path)
        path.unlink()
        return alarm

    def _export(self, lesson: int, seed: int) -> Path:
        chosen, path = self.lessons[lesson], self.folder / f"book{lesson}-{seed}.xlsx"
        model = engine.random_model(chosen.model, seed) if seed else chosen.model
        return rnnsheet.export(replace(chosen, model=model), path, "en")

    def _read(self, path: Path) -> dict[str, str]:
        with zipfile.ZipFile(path) as book:
            return {name: book.read(name).decode() for name in book.namelist()}


def report(count: int) -> Iterator[str]:
    """Of so many changes those that were missed, and of as many untouched books those found wrong."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        books = _Books(Path(folder))
        caught: Counter[str] = Counter()
        made: Counter[str] = Counter()
        for kind, found in pool.map(books.mutant, range(count)):
            made[kind] += 1
            caught[kind] += found
        for kind in made:
            yield line(f"mutations missed of {made[kind]:,}: {kind}", made[kind] - caught[kind], 0)
        alarms = sum(pool.map(books.untouched, range(count)))
    yield line(f"false alarms on {count:,} untouched books", alarms, 0)
