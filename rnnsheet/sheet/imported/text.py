"""The worksheet on which a typed text becomes token numbers, step by step."""

from collections.abc import Mapping, Sequence

from rnnsheet.equations.expr import Leaf
from rnnsheet.equations.imported import MASK, K
from rnnsheet.labels import Labels
from rnnsheet.network.imported import CURLY, STRAIGHT, Text
from rnnsheet.sheet.formula import column_letters
from rnnsheet.sheet.imported import first_page
from rnnsheet.sheet.imported.vocabulary import Vocabulary
from rnnsheet.sheet.page_builder import SPAN, TEXT, Page, text_or_nothing
from rnnsheet.sheet.pages.manifest import message
from rnnsheet.sheet.plan import Area, Block
from rnnsheet.sheet.signs import without_signs

KEY = "text"
_CAPTION, _ONE, _BACK = 1, 4, 6
_TYPED = 4
_SPLIT = "/"
"""A sign that no word has: it stands for the blank before or behind one."""
_WIDTHS = {"words": 11.7, "letters": 7.0}
_PRINTED = {"words": 16, "letters": 24}
"""At least so many steps are printed; few texts fill all of the room."""


def place(
    read: Text, typed: Block, vocabulary: Vocabulary, messages: Mapping[str, Area], labels: Labels
) -> tuple[Page, dict[str, Block], dict[Leaf, Area]]:
    """The sheet, its blocks by name, and where the equations' leaves stand."""
    page = _TextPage(read, typed, vocabulary, messages, labels)
    return (
        page.page,
        page.blocks,
        {K: page.blocks["k"].area.column(0), MASK: page.blocks["mask"].area.column(0)},
    )


class _TextPage:
    """Writes the page from the top."""

    def __init__(
        self, read: Text, typed: Block, vocabulary: Vocabulary, messages: Mapping[str, Area], labels: Labels
    ):
        self.read, self.vocabulary, self.messages, self.labels = read, vocabulary, messages, labels
        self.page = Page.of(KEY, labels)
        self.blocks: dict[str, Block] = {}
        self.page.title(labels("text.title"), labels(f"text.about_{read.unit}"))
        self.page.back(1, _BACK, first_page.KEY)
        self.page.sheet.part = "given"
        self.page.sheet.widths |= {_CAPTION: 44, 2: 5, 3: 5}
        self.page.sheet.widths |= dict.fromkeys(range(_ONE, _ONE + read.room), _WIDTHS[read.unit])
        self.page.sheet.frozen = (1, 1)
        self.page.sheet.printed = _ONE + max(read.steps, _PRINTED[read.unit]) - 1
        self.row = _TYPED
        self._clean(typed)
        self._settings()
        self._pieces()
        self._steps()

    def _line(self, name: str, formula: str, cols: int = 1, style: str = "given", **values: object) -> Block:
        """A line with its caption: one formula that fills to the right."""
        self._caption(name)
        area = self.page.area(self.row, _ONE, 1, cols)
        block = self.page.formula(name, area, formula, style, **values)
        self.blocks[name] = block
        self.row += 1
        return block

    def _caption(self, name: str) -> None:
        named = f"{name}_{self.read.unit}" if name in ("piece", "length", "skipped") else name
        self.page.text(self.row, _CAPTION, self.labels(f"text.{named}"), "caption")

    def _heading(self, text: str, step: str, steps: int) -> None:
        self.page.text(self.row, _CAPTION, text, "heading", SPAN)
        self.page.text(self.row + 1, _CAPTION, step, "caption")
        self.page.constants("t", self.row + 1, _ONE, [list(range(1, steps + 1))], "label")
        self.row += 2

    def _clean(self, typed: Block) -> None:
        text = text_or_nothing(self.page.reference(typed.area))
        self._line("typed", text, style="plain", values=typed.values, form=TEXT)
        cell = self.blocks["typed"].area.a1
        if self.read.unit == "letters":
            assert self.vocabulary.capitals  # noqa: S101
            flags = self.vocabulary.capitals
            values = [[sum(flag for (flag,) in flags.values or ())]]
            self._line("capitals", f"SUM({flags.area.absolute})", values=values, form="whole")
            formula = f"IF({self.blocks['capitals'].area.a1}>0,{cell},LOWER({cell}))"
        else:
            formula = f"TRIM({without_signs(f'LOWER({cell})')})"
        text = (" " if self.read.unit == "words" else "").join(self.read.pieces(self.read.sample))
        self._line("clean", formula, style="plain", values=[[text]], form=TEXT)
        self._length(self.blocks["clean"].area.a1)

    def _length(self, cell: str) -> None:
        """How many letters or words there are, and for how many of the first there is no room."""
        read, length = self.read, len(self.read.pieces(self.read.sample))
        formula = f"LEN({cell})"
        if read.unit == "words":
            formula = f'IF({cell}="",0,{formula}-LEN(SUBSTITUTE({cell}," ",""))+1)'
        self._line("length", formula, style="label", values=[[length]], form="whole")
        if read.padding == "before":
            skipped = f"MAX(0,{self.blocks['length'].area.a1}-{read.room})"
            values = [[max(0, length - read.room)]]
            self._line("skipped", skipped, style="label", values=values, form="whole")

    def _settings(self) -> None:
        """The numbers that stand for no token of the text."""
        for name in ("pad", "unknown", "begin", "end"):
            number = getattr(self.read, name)
            if number is not None:
                self._caption(name)
                self.blocks[name] = self.page.constants(
                    name, self.row, _ONE, [[number]], "label", form="whole"
                )
                self.row += 1
        self.row += 1

    def _pieces(self) -> None:
        """Each letter or word, where the vocabulary has it, and its number."""
        room, read = self.read.room, self.read
        self._heading(self.labels(f"text.pieces_{read.unit}"), self.labels("text.pieces_step"), room)
        step, source = self._step(), self.blocks["clean"].area.fixed
        if "skipped" in self.blocks:
            step = f"{step}+{self.blocks['skipped'].area.fixed}"
        if read.unit == "letters":
            self._line("piece", f"MID({source},{step},1)", room, trace="piece")
        else:
            self._line("piece", _word(source, step), room, trace="piece")
        places = self._places(read.looked_at(read.pieces(read.sample)))
        past: list[object] = [""] * (room - len(places))
        self._line("place", self._looked_up(), room, "label", values=[[*places, *past]])
        place, word = self._first("place"), self.messages["not_known"].absolute
        said = message("not_known", self.labels)
        unknown = [said if place == 0 else "" for place in places]
        text = f'IF({place}="","",IF({place}=0,{word},""))'
        self._line("status", text, room, "status", values=[[*unknown, *past]], words=True)
        other = self.blocks["unknown"].area.fixed if "unknown" in self.blocks else '""'
        number = f"INDEX({self.vocabulary.numbers.absolute},{place},1)"
        self._line("number", f'IF({place}="","",IF({place}>0,{number},{other}))', room, trace="number")
        number = self._first("number")
        self._line("count", f"COUNT(${number}:{number})", room, "label", trace="count")
        self.row += 1

    def _places(self, found: Sequence[str]) -> list[int]:
        """The row of each letter or word in the vocabulary; 0 where it has none."""
        entries = enumerate((*self.read.tokens, *self.read.forms), start=1)
        rows = {text: row for row, text in reversed(list(entries))}
        return [rows.get(text) or rows.get(text.replace(CURLY, STRAIGHT), 0) for text in found]

    def _looked_up(self) -> str:
        """The formula of the first place: letters are looked up by their codes, words as they are.

        None of the signs that MATCH takes for any others is left in a word.
        """
        piece, keys = self._first("piece"), self.vocabulary.keys.area.absolute
        straight = f'SUBSTITUTE({piece},"{CURLY}","{STRAIGHT}")'
        code = "_xlfn.UNICODE({})" if self.read.unit == "letters" else "{}"
        typed, plain = (f"MATCH({code.format(each)},{keys},0)" for each in (piece, straight))
        return f'IF({piece}="","",IFERROR({typed},IFERROR({plain},0)))'

    def _steps(self) -> None:
        """The numbers that are read, at each time step."""
        read, steps = self.read, self.read.steps
        self._heading(self.labels("text.steps"), self.labels("meaning.t"), steps)
        step = self._step()
        ends = (read.begin is not None) + (read.end is not None)
        last = self.blocks["count"].area.part(0, read.room - 1).fixed
        length = f"{last}+{ends}" if ends else last
        # The place of a time step in the text: 1 for the first token.
        place = f"{step}+{length}-{steps}" if read.padding == "before" else step
        filled = f"{place}>0" if read.padding == "before" else f"{step}<={length}"
        self._line("mask", f"IF({filled},1,0)", steps, trace="mask")
        taken = f"{place}-1" if read.begin is not None else place
        numbers, counts = (self.blocks[name].area.fixed for name in ("number", "count"))
        k = f"INDEX({numbers},1,MATCH({taken},{counts},0))"
        if read.end is not None:
            k = f"IF({place}={length},{self.blocks['end'].area.fixed},{k})"
        if read.begin is not None:
            k = f"IF({place}=1,{self.blocks['begin'].area.fixed},{k})"
        mask = self._first("mask")
        self._line("k", f"IF({mask}=1,{k},{self.blocks['pad'].area.fixed})", steps, trace="k")
        token = text_or_nothing(f"INDEX({self.vocabulary.tokens.area.absolute},{self._first('k')}+1,1)")
        self._line("token", f'IF({mask}=1,{token},"")', steps, trace="token")

    def _step(self) -> str:
        """The number of a step, in the line above."""
        return f"{column_letters(_ONE)}${self.row - 1}"

    def _first(self, name: str) -> str:
        return self.blocks[name].area.part().a1


def _word(text: str, number: str) -> str:
    """A word of a text, from 1: what stands between that blank and the next; "" past the end."""
    padded = f'" "&{text}&" "'
    before, behind = (
        f'FIND("{_SPLIT}",SUBSTITUTE({padded}," ","{_SPLIT}",{each}))' for each in (number, f"{number}+1")
    )
    return f'IFERROR(MID({padded},{before}+1,{behind}-{before}-1),"")'
