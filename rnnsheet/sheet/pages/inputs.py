"""The worksheet of everything a reader may change: texts, vocabulary, weights; and what follows from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rnnsheet.equations.expr import Parameter
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.experiments import LIMIT
from rnnsheet.labels import Labels
from rnnsheet.lesson import LessonData
from rnnsheet.network import STATIC, on_sequence
from rnnsheet.network.reading import END, START, UNUSUAL, reading, words_of
from rnnsheet.sheet.captions import meaning_in_layer, meaning_of_parameter, meaning_of_text
from rnnsheet.sheet.formula import Formula
from rnnsheet.sheet.page_builder import LETTER, TEXT, Page, Values, number_or_zero
from rnnsheet.sheet.pages.manifest import message
from rnnsheet.sheet.plan import Area, Block, Fill, Highlight
from rnnsheet.sheet.signs import length_of, lowercase_without_signs
from rnnsheet.sheet.state import CHOICES, NUMBERS

KEY = "inputs"

LABEL, FIRST = 2, 3
"""The columns of row labels and of what may be changed."""
_TOP = 4
_MOST_PRINTED = 12
"""A weight with more columns is not printed, nor what follows it; nor are later time steps."""
_NARROW = 9
"""So many letters have room in a column of the usual width."""
_LARGE, _NO_NUMBER, _TOO_LARGE = NUMBERS.numbers
_NO_ENTRY, _NO_LETTER, _NEVER_READ, _TWICE = CHOICES.numbers
BREAK, _AT_ONCE = "CHAR(10)", 200
"""What stands before and behind each entry where so many are put together: no entry has it."""


@dataclass
class Inputs:
    """The sheet while it is laid out."""

    page: Page
    blocks: dict[str, Block] = field(default_factory=dict)
    """What may be changed, and what is read of it, by name."""
    faults: dict[str, Block] = field(default_factory=dict)
    """By the name of an input, a column beside its rows: 0, or the number of what is wrong with the row."""
    choices: dict[str, Block] = field(default_factory=dict)
    """By the name of a vocabulary, its entries as the network reads them: "" where one is wrong."""
    together: dict[str, Area] = field(default_factory=dict)
    """By the name of a vocabulary, the cell that has all of its entries, each between breaks."""
    known: dict[str, Block] = field(default_factory=dict)
    """By the name of a row of letters or words, whether each is one that the network knows; "" for none."""
    row: int = _TOP
    """The next free row."""
    answers: int = 0
    """The row at which the answers begin."""


def place(lesson: LessonData, network: Recurrence, labels: Labels) -> Inputs:
    """The sheet with its editable blocks; room is left for the answers."""
    inputs = Inputs(Page.of(KEY, labels))
    page, blocks = inputs.page, inputs.blocks
    longest = max(map(len, (*lesson.vocabulary, *lesson.labels)))
    page.sheet.widths = {1: 30, LABEL: max(6, longest + 2)}
    if longest > _NARROW:
        page.sheet.widths[FIRST] = longest + 2
    page.title(labels("inputs.title"), labels("inputs.about"))
    page.back(1, 6)
    _texts(inputs, lesson, network)
    inputs.answers = inputs.row
    row = inputs.row + sum(len(lines) for lines in _answers(network)) + 1
    # What is typed stays in sight.
    page.sheet.frozen, page.sheet.labels = (_TOP, 0), LABEL
    page.sheet.sections.append(1)
    if max(network.sequences.values()) > _MOST_PRINTED:
        page.sheet.printed = FIRST + _MOST_PRINTED - 1
    inputs.row = row
    for name, text in (("word", lesson.word), ("second", lesson.second)):
        if name in blocks and lesson.split == "letters":
            _clean(inputs, lesson, name, text)
            inputs.row += 1
    if "pixels" in network.parameters:
        _picture(inputs, lesson)
    first = blocks.get("word") or blocks.get("picture")
    page.sheet.cursor = (first.area.part() if first else page.area(_TOP, FIRST)).a1
    for name, entries in (("vocabulary", lesson.vocabulary), ("labels", lesson.labels)):
        if name in network.parameters:
            _choices(inputs, lesson, name, entries)
    _offer(page, [blocks[name] for name in ("wanted", "wanted_second") if name in blocks], blocks)
    numbers = {**lesson.model.parameters, **lesson.initial}
    for name, parameter in network.parameters.items():
        if name in numbers:
            page.sheet.sections.append(inputs.row)
            if parameter.cols.size > _MOST_PRINTED and not page.sheet.printed_rows:
                page.sheet.printed_rows = ((1, inputs.row - 1),)
            _parameter(inputs, parameter, numbers[name].tolist(), network)
    for name in ("vocabulary", "labels"):
        if name in blocks:
            letters = name == "vocabulary" and lesson.split == "letters"
            read = name == "vocabulary" or "answer" in network.sequences
            _faults_of_choices(inputs, name, letters, read)
            _choices_read(inputs, name)
    return inputs


def answer(
    inputs: Inputs,
    lesson: LessonData,
    network: Recurrence,
    over_time: Mapping[str, Block],
    messages: Mapping[str, Area],
) -> None:
    """The rows under the texts that answer them at once; `over_time` has the losses too."""
    page, row = inputs.page, inputs.answers
    for lines in _answers(network):
        for line in lines:
            if isinstance(line, Equation):
                told = meaning_in_layer(line, network, page.labels)
                page.text(row, 1, told, "caption")
                style = "result" if line.part in ("answer", "mark") else "label"
                page.mark(page.link(over_time[line.name], row, FIRST, style=style), line.base)
            else:
                page.text(row, 1, page.labels(line), "caption")
                equation = lines[lines.index(line) + (1 if line == "meaning.t" else -1)]
                assert isinstance(equation, Equation)  # noqa: S101
                if line == "meaning.t":
                    page.link(over_time[on_sequence("t", equation.sequence)], row, FIRST, style="label")
                else:
                    _known(inputs, lesson, row, equation, over_time)
            row += 1
    if "word" in inputs.blocks:
        _status(page, lesson, inputs.blocks, messages)


def _answers(network: Recurrence) -> Iterator[list[str | Equation]]:
    """Per sequence the lines of its answers: captions with a meaning of their own, or equations."""
    for sequence in network.sequences:
        lines: list[str | Equation] = []
        for each in network.of("read", sequence=sequence):
            if each.base == "letter":
                lines += ["meaning.t", each]
                if sequence != "answer":
                    lines.append("inputs.known")
        for p in network.of("answer", sequence=sequence):
            if p.base == "predicted":
                lines.append(p)
                if sequence == STATIC:
                    lines.append(network.equations[p.beside("confidence")])
                lines.append(network.equations[p.beside("target")])
                if sequence == "answer":
                    lines.append("inputs.can_say")
                lines.append(network.equations[p.beside("right")])
        if lines:
            yield lines


def _texts(inputs: Inputs, lesson: LessonData, network: Recurrence) -> None:
    """The cells to type texts into, and below each what is read of it."""
    page, blocks = inputs.page, inputs.blocks

    def entry(name: str, text: str, kind: str, form: str) -> None:
        page.text(inputs.row, 1, meaning_of_text(name, network, page.labels), "caption")
        blocks[name] = page.constants(name, inputs.row, FIRST, [[text]], "input", kind, form=form)
        inputs.row += 1

    form = TEXT if lesson.split == "words" else LETTER
    for name, text in (("word", lesson.word), ("second", lesson.second)):
        if f"{name}_clean" in network.parameters:
            entry(name, text, "word", form)
            inputs.row += name == "word"
            if lesson.split == "words":
                _clean(inputs, lesson, name, text)
    answers = "answer" in network.sequences
    for name, given in (("wanted", lesson.given), ("wanted_second", lesson.second_given)):
        if {f"{name}_used", f"{name}_clean"} & network.parameters.keys():
            entry(name, given, "word" if answers else "label", TEXT if answers else LETTER)
            # Here stands the right answer, as soon as the examples have a place.
            inputs.row += 2 if answers else 1
    if "start" in network.parameters:
        page.text(inputs.row, 1, page.labels("inputs.start"), "caption")
        if "word" in blocks:
            cell, area = blocks["word"].area.a1, page.area(inputs.row, FIRST)
            # Nothing is answered where nothing is typed.
            text = f'IF(ISERROR({cell}),"",IF({cell}="","","{START}"))'
            blocks["start"] = page.formula("start", area, text, "label", values=[[START]])
        else:
            blocks["start"] = page.constants("start", inputs.row, FIRST, [[START]], "label")
        inputs.row += 1


def _offer(page: Page, typed: list[Block], blocks: dict[str, Block]) -> None:
    """Lets one choose an answer from those that are possible."""
    for block in typed:
        if block.entry == "label":
            offered = replace(block, choices=blocks.get("labels", blocks.get("vocabulary", block)).area)
            page.sheet.blocks[page.sheet.blocks.index(block)] = blocks[block.name] = offered


def _clean(inputs: Inputs, lesson: LessonData, name: str, text: str) -> None:
    """A text as the network reads it: as it is, or in small letters, without punctuation."""
    page, cell = inputs.page, inputs.blocks[name].area.a1
    page.text(inputs.row, 1, page.labels("inputs.clean"), "caption")
    read, value = f'{cell}&""', text
    if lesson.split == "words":
        read, value = f"TRIM({lowercase_without_signs(cell)})", " ".join(words_of(text))
    # An error would go through all sheets.
    formula, area = f'IF(ISERROR({cell}),"",{read})', page.area(inputs.row, FIRST)
    form = TEXT if lesson.split == "words" else LETTER
    inputs.blocks[f"{name}_clean"] = page.formula(
        f"{name}_clean", area, formula, "given", values=[[value]], form=form
    )
    inputs.row += 1


def _choices(inputs: Inputs, lesson: LessonData, name: str, entries: Sequence[str]) -> None:
    """A vocabulary, one entry below the other; beside letters how often each is in the word."""
    page, row = inputs.page, inputs.row
    words = name == "vocabulary" and lesson.split == "words"
    page.text(row, 1, page.labels(f"meaning.{name}{'_words' if words else ''}"), "caption")
    is_letters = name == "vocabulary" and lesson.split == "letters"
    block = page.constants(
        name, row + 1, FIRST, [[entry] for entry in entries], "input", "letter" if is_letters else "label"
    )
    inputs.blocks[name] = block
    if is_letters and lesson.word:
        page.text(row, FIRST + 1, page.labels("inputs.count"), "small")
        cell, letter = inputs.blocks["word_clean"].area.fixed, block.area.part().a1
        counts = [[lesson.word.count(entry)] for entry in entries]
        text = f'LEN({cell})-LEN(SUBSTITUTE({cell},{letter},""))'
        page.formula("count", page.area(row + 1, FIRST + 1, len(counts)), text, "label", values=counts)
    inputs.row = row + len(entries) + 2


def _faults_of_choices(inputs: Inputs, name: str, letters: bool, read: bool) -> None:
    """Beside a vocabulary which of its entries are none, there twice, or not to be `read` in any text."""
    page, block = inputs.page, inputs.blocks[name]
    page.text(inputs.row, 1, page.labels(f"inputs.together_{name}"), "caption")
    inputs.together[name] = _together(inputs, block)
    together, entry = inputs.together[name].fixed, block.area.part().a1
    wrapped = f"{BREAK}&{entry}&{BREAK}"
    times = f'(LEN({together})-LEN(SUBSTITUTE({together},{wrapped},"")))/(LEN({entry})+2)'
    fault = f"IF({times}>1.5,{_TWICE},0)"
    if letters:
        fault = f"IF(LEN({entry})<>1,{_NO_LETTER},{fault})"
    elif read:
        word = f'SUBSTITUTE({lowercase_without_signs(entry)}," ","")'
        fault = f'IF(EXACT({entry},"{END}"),{fault},IF(EXACT({entry},{word}),{fault},{_NEVER_READ}))'
    fault = f'IF(ISERROR({entry}),{_NO_ENTRY},IF({entry}="",{_NO_ENTRY},{fault}))'
    _fault(inputs, name, FIRST + (2 if letters and "word" in inputs.blocks else 1), fault)


def _choices_read(inputs: Inputs, name: str) -> None:
    """Behind its faults a vocabulary as all sheets read it: an error, or an entry twice, goes no further."""
    page, block, faults = inputs.page, inputs.blocks[name], inputs.faults[name].area
    col = faults.col + 1
    page.text(block.area.row - 1, col, page.labels("setting.used"), "small")
    text = f'IF({faults.part().a1}=0,{block.area.part().a1},"")'
    area = page.area(block.area.row, col, block.area.rows)
    inputs.choices[name] = page.formula(name, area, text, "beside", values=block.values)


def _together(inputs: Inputs, entries: Block) -> Area:
    """All entries of a vocabulary in one cell, each between breaks; of many, first some in each.

    In brackets, as some programs lose the blanks with which a text begins or ends.
    """
    texts = [f"{BREAK}&{entries.area.part(down).a1}&{BREAK}" for down in range(entries.area.rows)]
    values = [f"\n{row[0]}\n" for row in entries.values or ()]
    while True:
        top = inputs.row
        parts = range(0, len(texts), _AT_ONCE)
        texts = ["&".join(texts[first : first + _AT_ONCE]) for first in parts]
        values = ["".join(values[first : first + _AT_ONCE]) for first in parts]
        for text, value in zip(texts, values, strict=True):
            area, whole = inputs.page.area(inputs.row, FIRST), f'IFERROR("["&{text}&"]","")'
            inputs.page.formula("together", area, whole, "small", values=[[f"[{value}]"]], form=TEXT)
            inputs.row += 1
        if len(texts) == 1:
            inputs.row += 1
            return area
        texts = [inputs.page.area(row, FIRST).a1 for row in range(top, inputs.row)]
        values = [f"[{value}]" for value in values]


def _fault(inputs: Inputs, name: str, col: int, text: str, values: Values | None = None) -> None:
    """A column beside the rows of an input that says which are no input, and the number of the reason."""
    rows = inputs.blocks[name].area
    area = inputs.page.area(rows.row, col, rows.rows)
    values = values or [[0]] * rows.rows
    inputs.faults[name] = inputs.page.formula("fault", area, text, "status", values=values)


def _fault_of_numbers(inputs: Inputs, name: str, col: int) -> None:
    """Rows of numbers that are not all numbers, or too large."""
    block = inputs.blocks[name]
    cells, cols = block.area.part(0, 0, 1, block.area.cols).a1, block.area.cols
    least, most = (0, 1) if name == "picture" else (-UNUSUAL, UNUSUAL)

    def beyond(low: float, high: float, code: int, other: str) -> str:
        return f"IF(MAX({cells})>{high:G},{code},IF(MIN({cells})<{low:G},{code},{other}))"

    large = beyond(-LIMIT, LIMIT, _TOO_LARGE, beyond(least, most, _LARGE, "0"))
    text = f"IF(COUNT({cells})<{cols},{_NO_NUMBER},{large})"
    codes = [
        _TOO_LARGE if max(map(abs, row)) > LIMIT else _LARGE if max(row) > most or min(row) < least else 0
        for row in block.values or ()
    ]
    _fault(inputs, name, col, text, [[code] for code in codes])


def _picture(inputs: Inputs, lesson: LessonData) -> None:
    """The picture to be drawn, beside it the same as one column, and as a text."""
    assert lesson.picture is not None  # noqa: S101
    page, row, picture = inputs.page, inputs.row, np.asarray(lesson.picture)
    page.sheet.sections.append(row)
    page.text(row, 1, page.labels("meaning.picture"), "caption")
    page.text(row, FIRST, page.labels("inputs.picture"), "about", picture.shape[1] + 1)
    drawn = inputs.blocks["picture"] = page.constants(
        "picture", row + 1, FIRST, picture.tolist(), "input", "number"
    )
    page.sheet.highlights.append(Highlight(drawn.area, "ink"))
    _fault_of_numbers(inputs, "picture", LABEL)
    cells = [drawn.area.part(*divmod(pixel, picture.shape[1])) for pixel in range(picture.size)]
    taken = [Formula(number_or_zero(page.reference(cell))) for cell in cells]
    fills = tuple(Fill(formula, pixel, 0, 1, 1) for pixel, formula in enumerate(taken))
    col = FIRST + picture.shape[1] + 1
    page.text(row + 1, col - 1, "→", "arrow")
    area = page.area(row + 1, col, picture.size)
    values = [[value] for value in picture.ravel().tolist()]
    inputs.blocks["pixels"] = page.formulas("pixels", area, fills, "given", values=values)
    _picture_read(inputs, lesson, picture, row + 1, col + 2)
    inputs.row = row + picture.size + 2


def _picture_read(inputs: Inputs, lesson: LessonData, picture: np.ndarray, row: int, col: int) -> None:
    """The picture as a text, row by row and whole, as the examples have it."""
    page, drawn = inputs.page, inputs.blocks["picture"].area
    read = reading(picture, lesson.split)
    cells = [number_or_zero(drawn.part(0, right).a1) for right in range(drawn.cols)]
    signs = (f'IF({c}=1,"#",IF({c}=0,".","("&INT(100*MAX(-1E+6,MIN(1E+6,{c}))+0.5)&")"))' for c in cells)
    lines, whole = page.area(row, col, drawn.rows), page.area(row + drawn.rows, col)
    page.text(row - 1, col, page.labels("inputs.picture_read"), "small")
    texts = [[text] for text in read.split(" ")]
    page.formula("picture_rows", lines, "&".join(signs), "beside", values=texts, form=TEXT)
    text = '&" "&'.join(lines.part(down).a1 for down in range(lines.rows))
    found = page.formula("picture_read", whole, text, "beside", values=[[read]], form=TEXT)
    inputs.blocks["picture_read"] = found


def _parameter(inputs: Inputs, parameter: Parameter, numbers: Values, network: Recurrence) -> None:
    """A block under a line with its name, shape and meaning; its rows and columns labelled."""
    page, row, given = inputs.page, inputs.row, inputs.blocks
    told = meaning_of_parameter(parameter, network, page.labels)
    page.text(row, 1, parameter.name, "symbol")
    page.text(row, FIRST, page.described(parameter, told, network.split == "words"), "small")
    labelled = parameter.cols.size > 1
    if labelled:
        page.column_labels(parameter.cols, row + 1, FIRST, given)
    top = row + 1 + labelled
    page.row_labels(parameter.rows, top, LABEL, given)
    given[parameter.name] = page.constants(parameter.name, top, FIRST, numbers, "input", "number")
    _fault_of_numbers(inputs, parameter.name, FIRST + parameter.cols.size)
    inputs.row = top + parameter.rows.size + 1


def _known(
    inputs: Inputs, lesson: LessonData, row: int, equation: Equation, over_time: Mapping[str, Block]
) -> None:
    """Under each letter or word whether the vocabulary has it; of a right answer, whether it can be said."""
    page, said = inputs.page, equation.base == "target"
    of = equation.name.replace("target", "goal", 1) if said else on_sequence("x", equation.sequence)
    x = over_time[of].area.column(0)
    first = page.reference(x)
    last = page.reference(x.part(x.rows - 1)).rpartition("!")[2]
    column = f"{first}:{last}" if x.rows > 1 else first
    text = f'IF({page.reference(page.area(row - 1, FIRST))}="","",IF(SUM({column})>0,1,0))'
    entries = lesson.answer_for(lesson.target) if said else lesson.read(equation.sequence)
    choices = lesson.labels if said else lesson.vocabulary
    values = [[int(entry in choices) if entry else "" for entry in entries]]
    area = page.area(row, FIRST, 1, len(entries))
    inputs.known[equation.name] = page.formula("known", area, text, "label", values=values)
    page.mark(inputs.known[equation.name], "right")


def _status(
    page: Page, lesson: LessonData, blocks: Mapping[str, Block], messages: Mapping[str, Area]
) -> None:
    """Says below the word whether it fills the time steps."""
    ahead = lesson.reads_ahead
    room, parts = lesson.steps + ahead, lesson.parts(lesson.word)
    ending = "_words" if lesson.split == "words" else ""
    keys = {key: f"{key}{ending}" for key in ("long", "short", "fits")}
    keys |= {} if ahead else {"fits": "fits_whole"}
    long, short, fits = (messages[key].absolute for key in keys.values())
    length = length_of(blocks["word_clean"].area.a1, lesson.split)
    text = f"IF({length}>{room},{long},IF({length}<{room},{short},{fits}))"
    said = "long" if len(parts) > room else "short" if len(parts) < room else "fits"
    values = [[message(keys[said], page.labels, room)]]
    page.formula("status", page.area(_TOP + 1, FIRST), text, "hint", values=values, words=True)
