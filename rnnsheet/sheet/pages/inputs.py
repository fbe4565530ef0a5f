"""The worksheet of everything a reader may change: texts, vocabulary, weights; and what follows from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from rnnsheet.equations.expr import Parameter
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.labels import Labels
from rnnsheet.lesson import END, LONGEST_TEXT, PUNCTUATION, START, Lesson, words_of
from rnnsheet.model import ONCE, on_line
from rnnsheet.sheet.formula import Formula
from rnnsheet.sheet.meaning import meaning, meaning_of_parameter, meaning_of_text
from rnnsheet.sheet.page import LETTER, SPAN, TEXT, Page, Values
from rnnsheet.sheet.pages.manifest import message
from rnnsheet.sheet.plan import Area, Block, Fill, Highlight

NAME = "Inputs"

_LABEL, _FIRST = 2, 3
_TOP = 4
_NARROW = 9
"""So many letters have room in a column of the usual width."""
_MOST_FROZEN = 12
"""So many rows may stay in sight; more would leave no room for the rest."""


def place(lesson: Lesson, network: Recurrence, labels: Labels) -> tuple[Page, dict[str, Block], int]:
    """The sheet with its editable blocks, these by name, and the row at which its answers begin."""
    page = Page(NAME, labels)
    longest = max(map(len, (*lesson.vocabulary, *lesson.labels)))
    page.sheet.widths = {1: 30, _LABEL: max(6, longest + 2)}
    if longest > _NARROW:
        page.sheet.widths[_FIRST] = longest + 2
    page.title(labels("inputs.title"), labels("inputs.about"))
    blocks, row = _texts(page, lesson, network)
    answers = row
    row += sum(len(lines) for lines in _answers(lesson, network)) + 1
    page.sheet.frozen = (row - 1, 0) if row - 1 <= _MOST_FROZEN else (1, 0)
    page.sheet.sections.append(1)
    if "pixels" in network.parameters:
        row = _picture(page, lesson, row, blocks)
    for name, entries in (("vocabulary", lesson.vocabulary), ("labels", lesson.labels)):
        if name in network.parameters:
            blocks[name], row = _choices(page, lesson, name, entries, row)
    _offer(page, [blocks[name] for name in ("wanted", "wanted_second") if name in blocks], blocks)
    numbers = {**lesson.model.parameters, **lesson.initial}
    for name, parameter in network.parameters.items():
        if name in numbers:
            page.sheet.sections.append(row)
            told = meaning_of_parameter(parameter, network, labels)
            blocks[name] = _parameter(page, row, parameter, numbers[name].tolist(), blocks, told)
            row = blocks[name].area.row + parameter.rows.size + 1
    return page, blocks, answers


def answer(
    page: Page,
    lesson: Lesson,
    network: Recurrence,
    over_time: Mapping[str, Block],
    messages: Mapping[str, Area],
    blocks: Mapping[str, Block],
    row: int,
) -> None:
    """The rows under the texts that answer them at once, and what is to be said of them."""
    for lines in _answers(lesson, network):
        for line in lines:
            if isinstance(line, str):
                page.text(row, 1, page.labels(line), "caption")
            if line == "meaning.t":
                equation = lines[1]
                assert isinstance(equation, Equation)  # noqa: S101
                t = over_time[on_line("t", equation.line)]
                page.link(t, row, _FIRST, style="label")
            elif line == "inputs.known":
                _known(page, lesson, row, lines, over_time, messages)
            elif isinstance(line, Equation):
                told = meaning(line, network, page.labels)
                name = "" if line.name == line.base else f" ({line.name})"
                page.text(row, 1, told + name, "caption")
                style = "result" if line.part in ("answer", "mark") else "label"
                page.mark(page.link(over_time[line.name], row, _FIRST, style=style), line.base)
            row += 1
    if "word" in blocks:
        _status(page, lesson, blocks, over_time, messages)


def _answers(lesson: Lesson, network: Recurrence) -> Iterator[list[str | Equation]]:
    """Per time line the lines of its answers: captions with a meaning of their own, or equations."""
    for line in network.time_lines:
        lines: list[str | Equation] = []
        for each in network.of("read", line=line):
            if each.base == "letter":
                lines += ["meaning.t", each]
                if lesson.split == "words" and line != "answer":
                    lines.append("inputs.known")
        for p in network.of("answer", line=line):
            if p.base == "predicted":
                ending = p.name.removeprefix("predicted")
                lines.append(p)
                if line == ONCE:
                    lines.append(network.equations[f"confidence{ending}"])
                lines += [network.equations[f"{base}{ending}"] for base in ("target", "right")]
        if lines:
            yield lines


def _texts(page: Page, lesson: Lesson, network: Recurrence) -> tuple[dict[str, Block], int]:
    """The cells to type texts into, and below each what is read of it; the next free row."""
    blocks: dict[str, Block] = {}
    row = _TOP
    texts = {
        "word": (lesson.word, "word"),
        "second": (lesson.second, "word"),
        "wanted": (lesson.target, "word" if "answer" in network.time_lines else "label"),
        "wanted_second": (lesson.second_target, "label"),
    }
    for name, (text, entry) in texts.items():
        used = {name, f"{name}_clean"} & network.parameters.keys()
        if not used:
            continue
        page.text(row, 1, meaning_of_text(name, network, page.labels), "caption")
        form = TEXT if f"{name}_clean" in used else LETTER
        blocks[name] = page.constants(name, row, _FIRST, [[text]], "input", entry, form=form)
        row += 1
        if name == "word":
            row += 1
        if f"{name}_clean" in used:
            page.text(row, 1, page.labels("inputs.clean"), "caption")
            blocks[f"{name}_clean"] = _clean(page, row, blocks[name], text, ends=name == "wanted")
            row += 1
    if "start" in network.parameters:
        page.text(row, 1, page.labels("inputs.start"), "caption")
        blocks["start"] = page.constants("start", row, _FIRST, [[START]], "label")
        row += 1
    return blocks, row


def _offer(page: Page, typed: list[Block], blocks: dict[str, Block]) -> None:
    """Lets one choose an answer from those that are possible."""
    for block in typed:
        if block.entry == "label":
            offered = replace(block, choices=blocks.get("labels", blocks.get("vocabulary", block)).area)
            page.sheet.blocks[page.sheet.blocks.index(block)] = blocks[block.name] = offered


def _clean(page: Page, row: int, source: Block, text: str, ends: bool) -> Block:
    """The text in small letters, without punctuation, one blank between words; an answer with its end."""
    cell = f"LEFT({source.area.a1},{LONGEST_TEXT})"
    for sign in PUNCTUATION:
        cell = f'SUBSTITUTE({cell},"{sign}"," ")'
    formula, words = f"TRIM(LOWER({cell}))", words_of(text)
    if ends:
        # Nothing typed: there is no right answer, not even the end.
        formula = f'IF({source.area.a1}="","",TRIM(LOWER({cell})&" {END}"))'
        words = (*words, END) if text else ()
    value = " ".join(words)
    area = page.area(row, _FIRST)
    return page.formula(f"{source.name}_clean", area, formula, "given", values=[[value]], form=TEXT)


def _choices(page: Page, lesson: Lesson, name: str, entries: Sequence[str], row: int) -> tuple[Block, int]:
    """A vocabulary, one entry below the other; beside letters how often each is in the word."""
    words = name == "vocabulary" and lesson.split == "words"
    page.text(row, 1, page.labels(f"meaning.{name}{'_words' if words else ''}"), "caption")
    is_letters = name == "vocabulary" and lesson.split == "letters"
    block = page.constants(
        name, row + 1, _FIRST, [[entry] for entry in entries], "input", "letter" if is_letters else "label"
    )
    if is_letters and lesson.word:
        page.text(row, _FIRST + 1, page.labels("inputs.count"), "small")
        cell, letter = f"$C${_TOP}", block.area.part().a1
        counts = [[lesson.word.count(entry)] for entry in entries]
        text = f'LEN({cell})-LEN(SUBSTITUTE({cell},{letter},""))'
        page.formula("count", page.area(row + 1, _FIRST + 1, len(counts)), text, "label", values=counts)
    return block, row + len(entries) + 2


def _picture(page: Page, lesson: Lesson, row: int, blocks: dict[str, Block]) -> int:
    """The picture to be drawn, and beside it the same as one column."""
    assert lesson.picture is not None  # noqa: S101
    picture = np.asarray(lesson.picture)
    page.sheet.sections.append(row)
    page.text(row, 1, page.labels("meaning.picture"), "caption")
    page.text(row, _FIRST, page.labels("inputs.picture"), "about", SPAN)
    drawn = page.constants("picture", row + 1, _FIRST, picture.tolist(), "input", "number")
    page.sheet.highlights.append(Highlight(drawn.area, "one_hot"))
    fills = tuple(
        Fill(Formula(page.reference(drawn.area.part(*divmod(pixel, picture.shape[1])))), pixel, 0, 1, 1)
        for pixel in range(picture.size)
    )
    col = _FIRST + picture.shape[1] + 1
    page.text(row + 1, col - 1, "→", "arrow")
    area = page.area(row + 1, col, picture.size)
    values = [[value] for value in picture.ravel().tolist()]
    blocks["picture"] = drawn
    blocks["pixels"] = page.formulas("pixels", area, fills, "given", values=values)
    return row + picture.size + 2


def _parameter(
    page: Page, row: int, parameter: Parameter, numbers: Values, given: Mapping[str, Block], told: str
) -> Block:
    """A block under a line with its name, shape and meaning; its rows and columns labelled."""
    page.text(row, 1, parameter.name, "symbol")
    page.text(row, _FIRST, page.described(parameter, told), "small")
    labelled = parameter.cols.size > 1
    if labelled:
        page.column_labels(parameter.cols, row + 1, _FIRST, given)
    page.row_labels(parameter.rows, row + 1 + labelled, _LABEL, given)
    return page.constants(parameter.name, row + 1 + labelled, _FIRST, numbers, "input", "number")


def _known(
    page: Page,
    lesson: Lesson,
    row: int,
    lines: list[str | Equation],
    over_time: Mapping[str, Block],
    messages: Mapping[str, Area],
) -> None:
    """Under each word that is not in the vocabulary, that it is unknown."""
    letter = next(each for each in lines if isinstance(each, Equation))
    x = over_time[on_line("x", letter.line)].area.column(0)
    word = page.reference(page.area(row - 1, _FIRST))
    first = page.reference(x)
    last = page.reference(x.part(x.rows - 1)).rpartition("!")[2]
    column = f"{first}:{last}" if x.rows > 1 else first
    text = f'IF({word}="","",IF(SUM({column})>0,"",{messages["not_known"].absolute}))'
    said = page.labels("message.not_known")
    values = [
        [said if entry and entry not in lesson.vocabulary else "" for entry in lesson.read(letter.line)]
    ]
    area = page.area(row, _FIRST, 1, lesson.steps)
    page.formula("status", area, text, "status", values=values, words=True)


def _status(
    page: Page,
    lesson: Lesson,
    blocks: Mapping[str, Block],
    over_time: Mapping[str, Block],
    messages: Mapping[str, Area],
) -> None:
    """Says below the word whether the network can read it."""
    cells = {key: area.absolute for key, area in messages.items()}
    parts = lesson.parts(lesson.word)
    aligned = lesson.reads_ahead
    room = lesson.steps + aligned
    if lesson.split == "letters":
        length = f"LEN(C{_TOP})"
        count = page.area(blocks["vocabulary"].area.row, _FIRST + 1, len(lesson.vocabulary)).a1
        unknown, is_unknown = f"SUM({count})<{length}", False
    else:
        clean = blocks["word_clean"].area.a1
        length = f'IF({clean}="",0,LEN({clean})-LEN(SUBSTITUTE({clean}," ",""))+1)'
        x = over_time["x"].area.absolute
        unknown = f"SUM({x})<MIN({lesson.steps},{length})"
        is_unknown = any(word not in lesson.vocabulary for word in parts[: lesson.steps])
    keys = {
        key: f"{key}_words" if lesson.split == "words" else key
        for key in ("unknown", "long", "short", "fits")
    }
    if not aligned:
        keys["fits"] = "fits_whole"
    unlike, long, short, fits = (cells[keys[key]] for key in ("unknown", "long", "short", "fits"))
    text = f"IF({unknown},{unlike},IF({length}>{room},{long},IF({length}<{room},{short},{fits})))"
    said = "long" if len(parts) > room else "short" if len(parts) < room else "fits"
    values = [[message(keys["unknown" if is_unknown else said], page.labels, room)]]
    page.formula("status", page.area(_TOP + 1, _FIRST), text, "status", values=values, words=True)
