"""Whether `check` catches what it should: single changes at random, and books that nobody has changed."""

import random
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np

import rnnsheet
from benchmarks.timing import line
from rnnsheet import engine, templates
from rnnsheet.experiments import Settings
from rnnsheet.lesson import LessonData
from rnnsheet.network import Array
from rnnsheet.network.imported import INPUT, ImportedLayer, ImportedNetwork, Numbers, Text

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

_NUMBER_FORMAT = re.compile(r'formatCode="0\.0000;-0\.0000;0"')
_INK = re.compile(r'<color rgb="FF1F2933"/>')
_RULES = re.compile("<conditionalFormatting")
_SHOWN_ROW = re.compile(r'<row (?=r="\d+"[^>]*><c [^>]*><f>)')
_COLUMNS = re.compile("<cols>")
_SHEET_VIEW = re.compile("<sheetView ")
_PANE = re.compile("<pane [^>]*>")
_NUMBER_FORMATS = (
    *("&quot;42.0&quot;", ";;;", "0.00", "0.000000;0.000000", "0.000000%", "hh:mm"),
    "[&lt;0.5]&quot;0.1&quot;;0.000000",
)
_HIDDEN_ROW = ('hidden="1"', 'ht="0.1"', 'hidden="true"')
_HIDDEN_COLUMNS = ('hidden="1"', 'width="0.1" customWidth="1"', 'width="2.5" customWidth="1"')
_ENDS = '<cfvo type="min"/><cfvo type="max"/>'
_DRAWN = {
    "dataBar": f'<dataBar showValue="0">{_ENDS}<color rgb="FFFFFFFF"/></dataBar>',
    "colorScale": f'<colorScale>{_ENDS}<color rgb="FF1F2933"/><color rgb="FF1F4E9E"/></colorScale>',
}


def _another_format(_: re.Match[str], chance: random.Random) -> str:
    return f'formatCode="{chance.choice(_NUMBER_FORMATS)}"'


def _white_ink(_: re.Match[str], chance: random.Random) -> str:
    return f'<color rgb="FF{chance.choice(("FFFFFF", "FEFEFE", "F0F0F0"))}"/>'


def _hidden_row(_: re.Match[str], chance: random.Random) -> str:
    return f"<row {chance.choice(_HIDDEN_ROW)} "


def _hidden_columns(_: re.Match[str], chance: random.Random) -> str:
    return f'<cols><col min="1" max="{chance.randint(30, 60)}" {chance.choice(_HIDDEN_COLUMNS)}/>'


def _other_view(_: re.Match[str], __: random.Random) -> str:
    return '<sheetView showFormulas="1" '


def _frozen(_: re.Match[str], chance: random.Random) -> str:
    return f'<pane ySplit="{chance.randint(100, 900)}" topLeftCell="A950" state="frozen"/>'


def _rule_over_all(found: re.Match[str], chance: random.Random) -> str:
    kind = chance.choice(list(_DRAWN))
    rule = f'<cfRule type="{kind}" priority="999">{_DRAWN[kind]}</cfRule>'
    return f'<conditionalFormatting sqref="A1:ZZ1000">{rule}</conditionalFormatting>{found[0]}'


IN_A_PART: dict[str, tuple[str, re.Pattern[str], Callable[[re.Match[str], random.Random], str]]] = {
    "another number format": ("xl/styles.xml", _NUMBER_FORMAT, _another_format),
    "letters like their ground": ("xl/styles.xml", _INK, _white_ink),
    "a row hidden": ("xl/worksheets/", _SHOWN_ROW, _hidden_row),
    "columns hidden or narrowed": ("xl/worksheets/", _COLUMNS, _hidden_columns),
    "all rows frozen": ("xl/worksheets/", _PANE, _frozen),
    "formulas shown": ("xl/worksheets/", _SHEET_VIEW, _other_view),
    "a rule of formatting": ("xl/worksheets/", _RULES, _rule_over_all),
}
"""Per change in what a reader sees, the parts in which it may be, the place, and what is there then."""


def _changed(parts: dict[str, str], kind: str, chance: random.Random) -> dict[str, str]:
    """The parts of a workbook with one change."""
    if kind == MOVED:
        name, text = "xl/workbook.xml", parts["xl/workbook.xml"]
        block = chance.choice(list(_NAME.finditer(text)))
        place = chance.choice(list(_RANGE.finditer(text, *block.span())))
        return parts | {name: f"{text[: place.start()]}${int(place[1]) + 1}{text[place.end() :]}"}
    sheets = [name for name in parts if "worksheets/sheet" in name and "<f>" in parts[name]]
    if kind in IN_A_PART:
        where, pattern, change = IN_A_PART[kind]
        names = [name for name in (*sheets, "xl/styles.xml") if name.startswith(where)]
        name = chance.choice([name for name in names if pattern.search(parts[name])])
        found = chance.choice(list(pattern.finditer(parts[name])))
        text = parts[name]
        if where == "xl/styles.xml":
            return parts | {name: pattern.sub(lambda _: change(found, chance), text)}
        return parts | {name: text[: found.start()] + change(found, chance) + text[found.end() :]}
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


def _moods(seed: int) -> ImportedNetwork:
    """An imported network that reads words, with random weights."""
    random = np.random.default_rng(seed)
    layers = (
        ImportedLayer("embedding", "words", weights={"E": random.normal(size=(5, 3))}),
        ImportedLayer("lstm", "memory", ("words",), weights=_weights(random, "ifgo", 4, 3)),
        ImportedLayer(
            "dense", "says", ("memory",), weights={"Wa": random.normal(size=(2, 4))}, activation="softmax"
        ),
        ImportedLayer("last", "end", ("says",)),
    )
    read = Text("words", ("", "good", "bad", "not", "movie"), 4, "not good")
    return ImportedNetwork("moods", read, layers, ("negative", "positive"))


def _forecast(seed: int) -> ImportedNetwork:
    """An imported network that reads numbers, with random weights."""
    random = np.random.default_rng(seed)
    layers = (
        ImportedLayer("gru", "memory", (INPUT,), weights=_weights(random, "run", 4, 2)),
        ImportedLayer("dense", "says", ("memory",), weights={"Wa": random.normal(size=(1, 4))}),
    )
    return ImportedNetwork("forecast", Numbers(random.normal(size=(2, 5))), layers)


def _weights(random: np.random.Generator, gates: str, units: int, reads: int) -> dict[str, Array]:
    sizes = {"Wx": reads, "Wh": units, "b": 1}
    return {
        f"{base}{gate}": random.normal(size=(units, size)) for base, size in sizes.items() for gate in gates
    }


def _with_weights(lesson: LessonData, seed: int) -> LessonData:
    """The lesson with its own weights, or random ones."""
    return replace(lesson, model=engine.random_model(lesson.model, seed)) if seed else lesson


class _Books:
    """Workbooks of every lesson, and of imported networks, in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        lessons = [replace(rnnsheet.load(name), settings=SMALL) for name in templates.names()]
        self.makers = [*(partial(_with_weights, lesson) for lesson in lessons), _moods, _forecast]
        self._parts = cache(lambda number: self._read(self._export(number, 0)))

    def mutant(self, number: int) -> tuple[str, bool]:
        """What was changed in the mutant of that number, and whether it was caught."""
        chance = random.Random(number)
        kinds = [*IN_A_CELL, MOVED, *IN_A_PART]
        kind = kinds[number % len(kinds)]
        parts = _changed(self._parts(number // len(kinds) % len(self.makers)), kind, chance)
        path = self.folder / f"mutant{number}.xlsx"
        with zipfile.ZipFile(path, "w") as book:
            for name, text in parts.items():
                book.writestr(name, text)
        caught = _is_caught(path)
        path.unlink()
        return kind, caught

    def untouched(self, number: int) -> bool:
        """Whether a book with random weights, which nobody has changed, is taken for a wrong one."""
        path = self._export(number % len(self.makers), number + 1)
        alarm = _is_caught(path)
        path.unlink()
        return alarm

    def _export(self, book: int, seed: int) -> Path:
        return rnnsheet.export(self.makers[book](seed), self.folder / f"book{book}-{seed}.xlsx", "en")

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
