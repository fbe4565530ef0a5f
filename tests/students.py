"""Simulated students: what they put into the blanks of their workbooks, and what that is worth."""

import io
import random
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape

from rnnsheet import engine
from rnnsheet.classroom.book import Exercise
from rnnsheet.classroom.marks import RIGHT, WRONG

Entries = Mapping[str, object]
"""What is put into the blanks by their places: a number, a text, or a formula that begins with =."""
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Student:
    """Someone with a workbook of an exercise."""

    exercise: Exercise
    id: str

    @cached_property
    def code(self) -> str:
        return self.exercise.key.code(self.id)

    @cached_property
    def lesson(self):
        return self.exercise.lesson(self.code)

    @cached_property
    def rights(self) -> dict[str, float]:
        trace = engine.run(self.lesson)
        return {blank.place: blank.answer(trace) for blank in self.exercise.blanks.all}

    @cached_property
    def formulas(self) -> dict[str, str]:
        return {blank.place: f"={blank.formula}" for blank in self.exercise.blanks.all}

    @cached_property
    def parts(self) -> dict[str, str]:
        """The parts of the workbook that was handed out."""
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "book.xlsx")
            self.exercise.write(self.exercise.book(self.code, self.lesson), file)
            with zipfile.ZipFile(file) as archive:
                return {name: archive.read(name).decode() for name in archive.namelist()}

    def places(self, name: str) -> list[str]:
        return [blank.place for blank in self.exercise.blanks.all if blank.name == name]

    def book(self, entries: Entries) -> bytes:
        """The workbook with something in its cells, as a program saves it."""
        parts = dict(self.parts)
        sheets = re.findall(r'<sheet name="([^"]+)"|<sheet [^>]*?name="([^"]+)"', parts["xl/workbook.xml"])
        numbers = {one or other: number for number, (one, other) in enumerate(sheets, start=1)}
        for place, entry in entries.items():
            sheet, cell = place.split("!")
            part = f"xl/worksheets/sheet{numbers[sheet]}.xml"
            parts[part], count = re.subn(
                rf'<c r="{cell}"( s="\d+")[^>]*?(?:/>|>.*?</c>)', _cell(cell, entry), parts[part], count=1
            )
            assert count == 1, place
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, text in parts.items():
                archive.writestr(name, text)
        return file.getvalue()


def with_texts_for_numbers(book: bytes, sheet: str) -> bytes:
    """A book in which the numbers on a sheet are texts."""
    from openpyxl import load_workbook

    opened, file = load_workbook(io.BytesIO(book)), io.BytesIO()
    for line in opened[sheet]:
        for cell in line:
            if isinstance(cell.value, int | float):
                cell.value = f"{cell.value:.10g}"
    opened.save(file)
    return file.getvalue()


def _cell(cell: str, entry: object) -> Callable[[re.Match[str]], str]:
    if isinstance(entry, str) and entry.startswith("="):
        inside, kind = f"<f>{escape(entry[1:], quote=False)}</f>", ""
    elif isinstance(entry, str):
        inside, kind = f"<is><t>{escape(entry)}</t></is>", ' t="inlineStr"'
    else:
        inside, kind = f"<v>{entry!r}</v>", ""
    return lambda found: f'<c r="{cell}"{found[1]}{kind}>{inside}</c>'


@dataclass(frozen=True)
class Planted:
    """What a student puts in, and what must be found."""

    entries: Entries
    verdicts: Mapping[str, str]
    """The verdicts that are known beforehand; {RIGHT, FOLLOWS} are told apart by nobody here."""
    flags: tuple[str, ...] = ()


GOOD = "right or follow"


def always_the_same(exercise: Exercise) -> Exercise:
    """The exercise with a key that everyone knows, so that its students have the same numbers each time."""
    key = replace(exercise.key, exercise="test", secret=bytes(range(32)))
    return Exercise(key, exercise.blanks)


def near(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE * max(1.0, abs(other))


def by_chance(student: Student, entries: Entries) -> dict[str, str]:
    """Which of the numbers that were filled in without thought are right."""
    return {place: RIGHT if near(float(v), student.rights[place]) else WRONG for place, v in entries.items()}  # type: ignore[arg-type]


def perfect(student: Student, others: list[Student], chance: random.Random) -> Planted:
    return Planted(student.formulas, dict.fromkeys(student.rights, RIGHT))


def rounding(student: Student, others: list[Student], chance: random.Random) -> Planted:
    entries = {place: round(value, 3) for place, value in student.rights.items()}
    return Planted(entries, dict.fromkeys(entries, RIGHT))


def slips(student: Student, others: list[Student], chance: random.Random) -> Planted:
    wrong = chance.sample(list(student.rights), 3)
    typed = {place: round(student.rights[place] + chance.choice((-0.37, 0.41)), 3) for place in wrong}
    return Planted({**student.formulas, **typed}, {p: WRONG if p in typed else GOOD for p in student.rights})


def systematic(student: Student, others: list[Student], chance: random.Random) -> Planted:
    """Every hidden state has its sign wrong; all that comes after follows."""
    states = {place: f"=-({student.formulas[place][1:]})" for place in student.places("h")}
    entries = {**student.formulas, **states}
    return Planted(entries, {place: WRONG if place in states else GOOD for place in entries})


def constants(student: Student, others: list[Student], chance: random.Random) -> Planted:
    entries = dict.fromkeys(student.rights, 0.5)
    return Planted(entries, by_chance(student, entries))


def zeros(student: Student, others: list[Student], chance: random.Random) -> Planted:
    entries = dict.fromkeys(student.rights, 0.0)
    return Planted(entries, by_chance(student, entries))


def neighbour(student: Student, others: list[Student], chance: random.Random) -> Planted:
    other = chance.choice([each for each in others if each != student])
    entries = {place: round(value, 3) for place, value in other.rights.items()}
    return Planted(entries, by_chance(student, entries), ("neighbour",))


def texts(student: Student, others: list[Student], chance: random.Random) -> Planted:
    """Numbers that no program takes for such: with a comma, as percents, by a Chinese input method."""
    wide = str.maketrans("0123456789.-", "０１２３４５６７８９．－")
    ways = (
        lambda value: f"{value:.4f}".replace(".", ","),
        lambda value: f"{100 * value:.2f} %",
        lambda value: f" {value:.5e}",
        lambda value: f"{value:.4f}".translate(wide),
    )
    entries = {place: ways[n % len(ways)](value) for n, (place, value) in enumerate(student.rights.items())}
    return Planted(entries, dict.fromkeys(entries, RIGHT), ("text",))


def misspelt(student: Student, others: list[Student], chance: random.Random) -> Planted:
    """Formulas that the program does not know: what is computed with their errors is right."""
    states = {
        place: f"={student.formulas[place][1:].replace('TANH', 'TANHH')}" for place in student.places("h")
    }
    entries = {**student.formulas, **states}
    return Planted(entries, {place: WRONG if place in states else RIGHT for place in entries})


def left_out(student: Student, others: list[Student], chance: random.Random) -> Planted:
    """Every hidden state is empty; what should be computed with them is a formula."""
    states = dict.fromkeys(student.places("h"), "empty")
    entries = {place: text for place, text in student.formulas.items() if place not in states}
    return Planted(entries, {**dict.fromkeys(entries, RIGHT), **states})


def anchored(student: Student, others: list[Student], chance: random.Random) -> Planted:
    """Every hidden state is that of the first time step, by a $ too many; all that comes after follows."""
    states = {
        place: re.sub(r"\b([A-Z]+)(?=\d)", "$H", student.formulas[place]) for place in student.places("h")
    }
    entries = {**student.formulas, **states}
    first = {place for place in states if place.startswith("Unrolled!H")}
    return Planted(
        entries,
        {p: WRONG if p in states.keys() - first else GOOD for p in entries},
    )


def blanks(student: Student, others: list[Student], chance: random.Random) -> Planted:
    done = student.places("h")
    return Planted(
        {p: student.formulas[p] for p in done}, {p: RIGHT if p in done else "empty" for p in student.rights}
    )


def circular(student: Student, others: list[Student], chance: random.Random) -> Planted:
    last = list(student.rights)[-1]
    entries = {**student.formulas, last: f"={last}+1"}
    return Planted(entries, {place: WRONG if place == last else RIGHT for place in entries})


def typed_formulas(student: Student, others: list[Student], chance: random.Random) -> Planted:
    """Formulas of nothing but numbers."""
    entries = {place: f"={value:.4f}" for place, value in student.rights.items()}
    return Planted(entries, dict.fromkeys(entries, RIGHT), ("unused",))


def changed(student: Student, others: list[Student], chance: random.Random) -> Planted:
    """Easier weights: they are set right again, and a formula that uses them is right."""
    (first, *_), *_ = student.exercise.parameter_cells["Why"]
    from rnnsheet.sheet.bounds import a1

    return Planted(
        {**student.formulas, f"{first[0]}!{a1(first[1])}": 0.0},
        dict.fromkeys(student.rights, RIGHT),
        ("changed",),
    )


KINDS = (
    *(perfect, rounding, slips, systematic, constants, zeros),
    *(neighbour, texts, blanks, circular, typed_formulas, changed),
    *(misspelt, left_out, anchored),
)
