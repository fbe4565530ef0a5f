"""What can be wrong with what is typed into a lesson's workbook."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rnnsheet.network import on_sequence
from rnnsheet.network.reading import BLANKS, FULL_WIDTH, kind_of, words_of
from rnnsheet.sheet.layout_context import Context
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.pages.inputs import FIRST, LABEL, Inputs
from rnnsheet.sheet.pages.manifest import message
from rnnsheet.sheet.plan import Area, Block
from rnnsheet.sheet.signs import length_of
from rnnsheet.sheet.state import CHOICES, NUMBERS, Check, at, faults_found, said_beside, write


def place(inputs: Inputs, context: Context, pages: Sequence[Page]) -> Block:
    """The lines, and in the third row what the first of them says that is wrong, or that none is.

    `pages` are those on which settings stand.
    """
    page = inputs.page
    rows = list(_rows(inputs, context))
    # The causes before what follows from them.
    checks = [check for check in rows if check.causes]
    checks += [*_Texts(inputs, context).checks(), *(check for check in rows if not check.causes)]
    checks += [*_settings(page, pages), *_Answers(inputs, context).notes()]
    inputs.row, state = write(page, inputs.row, checks, context.messages, (LABEL, FIRST))
    return state


class _Said:
    """What is said of a place, as a formula and as words."""

    def __init__(self, context: Context):
        self.messages, self.labels, self.lesson = context.messages, context.labels, context.lesson

    def cell(self, key: str) -> str:
        """The cell of a message."""
        return self.messages[key].absolute

    def told(self, key: str) -> str:
        """A message."""
        return message(key, self.labels, self.lesson.steps + self.lesson.reads_ahead)

    def of(self, area: Area, key: str) -> str:
        """A formula that says a message of a place."""
        return f'"{at(area)}: "&{self.cell(key)}'

    def kind(self, letter: str) -> str:
        """A formula that says what a letter or word is that the vocabulary does not have."""
        code = f"_xlfn.UNICODE({letter})"
        first, last = map(ord, FULL_WIDTH)
        is_full = f"AND({code}>={first},{code}<={last})"
        other = self.cell("is_unknown")
        if self.lesson.split == "letters":
            other = f"IF(EXACT({letter},LOWER({letter})),{other},{self.cell('is_capital')})"
        other = f"IF({is_full},{self.cell('is_full_width')},{other})"
        return f"IF({self.is_blank(letter)},{self.cell('is_blank')},{other})"

    def is_blank(self, letter: str) -> str:
        """A formula that is true of any of the blanks."""
        return f"OR({','.join(f'_xlfn.UNICODE({letter})={ord(blank)}' for blank in BLANKS)})"


class _Texts(_Said):
    """The checks of the texts that are read."""

    def __init__(self, inputs: Inputs, context: Context):
        super().__init__(context)
        self.inputs, self.over_time = inputs, context.over_time

    def checks(self) -> Iterator[Check]:
        for name, text in (("word", self.lesson.word), ("second", self.lesson.second)):
            if name in self.inputs.blocks:
                yield from self._text(name, self.lesson.parts(text))

    def _text(self, name: str, parts: Sequence[str]) -> Iterator[Check]:
        typed, clean = (self.inputs.blocks[each].area for each in (name, f"{name}_clean"))
        of, ending = self.labels(f"state.{name}"), "_words" if self.lesson.split == "words" else ""
        length = length_of(clean.a1, self.lesson.split)
        yield Check(of, f"IF(ISERROR({typed.a1}),1,0)", self.of(typed, "typed_error"))
        yield Check(of, f'IF({clean.a1}="",1,0)', self.of(typed, "nothing_typed"))
        yield from self._unknown(of, name, typed, parts)
        if self.lesson.reads_ahead:
            alone = f"one_alone{ending}"
            found = f"{at(typed)}: {self.told(alone)}" if len(parts) == 1 else ""
            yield Check(of, f"IF({length}=1,1,0)", self.of(typed, alone), found)
            yield self._last(of, name, typed)
        room, long = self.lesson.steps + self.lesson.reads_ahead, f"long{ending}"
        found = f"{at(typed)}: {self.told(long)}" if len(parts) > room else ""
        # Not RIGHT: a name of the workbook is called so, see `sheet.names`.
        blank = self.is_blank(f"MID({clean.a1},LEN({clean.a1}),1)")
        said = f"IF({blank},{self.of(typed, 'ends_in_blank')},{self.of(typed, long)})"
        yield Check(of, f"IF({length}>{room},1,0)", said, found)

    def _unknown(self, of: str, name: str, typed: Area, parts: Sequence[str]) -> Iterator[Check]:
        """Not all that is read is known."""
        letter = on_sequence("letter", name)
        known = self.inputs.known[letter].area
        unknown = [(t, each) for t, each in enumerate(parts[: self.lesson.steps], start=1)]
        unknown = [(t, each) for t, each in unknown if each not in self.lesson.vocabulary]
        ending = "none_known" if len(unknown) == len(parts[: self.lesson.steps]) else "read_as_nothing"
        found = ""
        if unknown:
            t, word = unknown[0]
            kind = self.told(f"is_{kind_of(word, self.lesson.split)}")
            found = f"{at(typed)}: “{word}”, t = {t}: {kind}{self.told(ending)}"
        said, number = self.first(known)
        told = f"IF(SUM({known.a1})=0,{self.cell('none_known')},{self.cell('read_as_nothing')})"
        yield Check(
            of, f"IF(SUM({known.a1})<COUNT({known.a1}),1,0)", self.quoted(typed, said, number, told), found
        )

    def first(self, known: Area) -> tuple[str, str]:
        """The first letter or word above ✗, and its time step, as formulas."""
        above = known.part(-1, 0, 1, known.cols)
        if known.cols == 1:
            return above.a1, "1"
        number = f"MATCH(0,{known.a1},0)"
        return f"INDEX({above.a1},1,{number})", number

    def quoted(self, typed: Area, letter: str, number: str, ending: str) -> str:
        """A formula that says what a letter or word is, at which time step, and what follows."""
        return f'"{at(typed)}: “"&{letter}&"”, t = "&{number}&": "&{self.kind(letter)}&{ending}'

    def _last(self, of: str, name: str, typed: Area) -> Check:
        """The last letter, which is asked for and not read."""
        output = self.lesson.model.output_on(name)
        area = self.over_time[output.named("target")].area
        target = self.inputs.page.reference(area.column(area.cols - 1))
        asked = self.over_time[output.named("asked")].area
        is_asked = self.inputs.page.reference(asked.column(asked.cols - 1))
        return Check(
            of,
            f'IF({target}="",0,IF({is_asked}=0,1,0))',
            self.quoted(typed, target, str(area.cols), self.cell("no_loss")),
        )


class _Answers(_Texts):
    """The checks of the right answers that may be given."""

    def notes(self) -> Iterator[Check]:
        """What is wrong with them, and what has to be known: which of them counts, or that none does."""
        lesson = self.lesson
        for name, target, given in (
            ("wanted", lesson.target, lesson.given),
            ("wanted_second", lesson.second_target, lesson.second_given),
        ):
            if name in self.inputs.blocks:
                yield from self._right_answer(name, target, given)

    def _right_answer(self, name: str, target: str, given: str) -> Iterator[Check]:
        cell, used = self.inputs.blocks[name].area, self.inputs.blocks[f"{name}_used"].area
        same = self.inputs.blocks.get(name.replace("wanted", "same", 1))
        own = f"SUM({same.area.a1})" if same else "0"
        read = self.lesson.second_reading if name == "wanted_second" else self.lesson.reading
        is_example = read in self.lesson.answers
        typed = f'IF(ISERROR({cell.a1}),0,IF(TRIM({cell.a1})="",0,1))'
        of = self.labels("state.wanted")
        yield Check(of, f"IF(ISERROR({cell.a1}),1,0)", self.of(cell, "typed_error"))
        # What an example says stands in a cell that nobody can change.
        place = f'IF({own}>0,"{at(used)}","{at(cell)}")'
        impossible = f'IF({used.a1}="",IF({own}>0,1,{typed}),0)'
        yield from self._possible(of, place, impossible, at(used if is_example else cell), target)
        found = self._note(cell, "ignored_answer") if given and is_example and given != target else ""
        ignored = f'IF({own}>0,IF({typed}=1,IF(EXACT({cell.a1}&"",{used.a1}),0,1),0),0)'
        yield Check(of, ignored, self.note(cell, "ignored_answer"), found)
        found = self._note(cell, "given_answer") if target and given and not is_example else ""
        # Of signs alone no word is left.
        asked = self.inputs.blocks.get(f"{name}_clean", self.inputs.blocks[f"{name}_used"]).area.a1
        counts = f'IF({asked}="",0,IF({own}>0,0,1))'
        yield Check(of, counts, self.note(cell, "given_answer"), found)
        found = "" if target else self._note(cell, "no_answer")
        yield Check(of, f'IF({asked}="",1,0)', self.note(cell, "no_answer"), found)

    def _possible(self, of: str, place: str, impossible: str, found_at: str, target: str) -> Iterator[Check]:
        """What is given can be said: as a whole, or word by word, with its end."""
        if "answer" not in self.lesson.sequences:
            yield Check(of, impossible, f'{place}&": "&{self.cell("not_possible")}')
            return
        output = self.lesson.model.output_on("answer")
        known = self.inputs.known[output.named("target")].area
        letter, number = self.first(known)
        quoted = f'": “"&{letter}&"”, t = "&{number}&": "'
        said = f"{place}&{quoted}&{self.cell('not_possible_word')}"
        yield Check(of, f"IF(SUM({known.a1})<COUNT({known.a1}),1,0)", said)
        clean, room = self.inputs.blocks["wanted_clean"].area.a1, self.lesson.answer_steps
        found = f"{found_at}: {self.told('long_answer')}" if len(words_of(target)) >= room else ""
        too_long = f"IF({length_of(clean, 'words')}>{room},1,0)"
        yield Check(of, too_long, f'{place}&": "&{self.cell("long_answer")}', found)

    def note(self, area: Area, key: str) -> str:
        """A formula that says what is no fault of a place."""
        return f'{self.cell("note")}&"{at(area)}: "&{self.cell(key)}'

    def _note(self, area: Area, key: str) -> str:
        return f"{self.told('note')}{at(area)}: {self.told(key)}"


_KEYS = {"vocabulary": CHOICES.keys, "labels": CHOICES.keys, "picture": ("no_ink", "no_number", "too_large")}
"""What is said of the rows of an input by the number of the fault, where that is not said as of weights."""


def _rows(inputs: Inputs, context: Context) -> Iterator[Check]:
    """The rows of vocabularies, weights and pictures."""
    said = _Said(context)
    for name, faults in inputs.faults.items():
        choices = name in ("vocabulary", "labels")
        told = {key: said.told(key) for key in _KEYS.get(name, NUMBERS.keys)}
        of = context.labels(f"state.{name}") if choices or name == "picture" else name
        check = faults_found(inputs.page, of, inputs.blocks[name].area, faults, told, context.messages)
        yield replace(check, causes=choices)


def _settings(first: Page, pages: Sequence[Page]) -> Iterator[Check]:
    """What stands beside the settings of the other sheets."""
    for page in pages:
        beside: Mapping[Area, Block] = {b.area: b for b in page.sheet.blocks if b.name == "status"}
        for block in page.sheet.blocks:
            if block.entry in ("positive", "slider", "weight", "step"):
                of = first.labels(f"setting.{block.name}")
                yield said_beside(first, of, block.area, beside[block.area.part(0, 1)])
