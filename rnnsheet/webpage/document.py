"""The HTML of a page: content, style and script in one file, which asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from rnnsheet.errors import LessonError, ModelError
from rnnsheet.labels import labels, languages
from rnnsheet.lesson import LessonData
from rnnsheet.network.imported import ImportedNetwork
from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.pages import manifest
from rnnsheet.sheet.plan import LAYOUT, Block, Plan
from rnnsheet.templates import tree
from rnnsheet.version import VERSION
from rnnsheet.webpage.body import Body
from rnnsheet.webpage.book import Book, book, facts, said
from rnnsheet.webpage.described import described
from rnnsheet.webpage.grammar import UnknownFormulaError
from rnnsheet.webpage.saving import saving

FOLDER = Path(__file__).parent
ENGINE = "engine.js"
SCRIPTS = ("network.js", "elements.js", "picture.js", "panels.js", "page.js")
"""What shows it, in this order."""
_PER_WEIGHT = 25
"""So many formulas, at least, a lesson has for each weight: its gradients, its updates, its check."""
MOST_CELLS = 150_000
"""So many formulas of a lesson, or cells of a model, a browser takes at once; such a page has megabytes."""
_BETWEEN = ",\n"

Values = Callable[[Block], Sequence[Sequence[Any]]]


class Page:
    """A lesson or an imported network, compiled for a page."""

    def __init__(self, source: LessonData | ImportedNetwork, language: str):
        # Before its plan is made, which takes long for a large one.
        if isinstance(source, LessonData):
            _check_size(source, _PER_WEIGHT * sum(array.size for array in source.model.parameters.values()))
        else:
            _check_size(source, source.sizes["weights"])
            # What its framework found has no place in a page; the rest is as it is read back.
            source = replace(source, witness=None, usual=float(source.usual))
        self.source, self.language = source, language
        self.plans = {
            each: plan(source, each) for each in (language, *(x for x in languages() if x != language))
        }
        blocks = [block for block in self.plan.blocks() if block.area.sheet != manifest.NAME]
        if isinstance(source, LessonData):
            blocks = [block for block in blocks if block.fills]
        _check_size(source, sum(block.area.rows * block.area.cols for block in blocks))
        try:
            self.book: Book = book(self.plan)
        except UnknownFormulaError as error:
            raise _error(source)("unknown_formula", place=source.source, formula=error) from None

    @property
    def plan(self) -> Plan:
        """The plan in the page's language."""
        return self.plans[self.language]

    @property
    def functions(self) -> str:
        """The compiled formulas, as a script."""
        return f"const FORMULAS = [\n{_BETWEEN.join(self.book.functions)}\n];\n"

    @property
    def content(self) -> dict[str, Any]:
        """The book with what stands in its cells, in the page's language."""
        made, number = self.book, len(self.book.sheets) - 1
        sentences = [[number, row, 2, 1, [text]] for row, text in said(self.plan)]
        cells = {"sheets": made.sheets, "constants": [*made.constants, *sentences]}
        return cells | {"formulas": list(made.formulas), "fills": made.fills}

    def _data(self, values: Values, told: dict[str, Any]) -> dict[str, Any]:
        """All that the script is given."""
        lesson = tree(self.source) if isinstance(self.source, LessonData) else None
        return {
            "rnnsheet": VERSION,
            "layout": LAYOUT,
            "language": self.language,
            "name": self.source.name,
            "lesson": lesson,
            "saving": saving(lesson, told["inputs"]) if lesson else None,
            "network": None if isinstance(self.source, LessonData) else facts(self.plan),
            "book": self.content,
            "said": {language: said(each) for language, each in self.plans.items()},
            "texts": {language: _texts(language) for language in languages()},
            **told,
            "values": {
                block.name: [value for row in values(block) for value in row] for block in self.compared()
            },
        }

    def compared(self) -> list[Block]:
        """The blocks of which a page carries the values: those of every equation, and the losses."""
        named = set(self.plan.names.values())
        blocks = (block for block in self.plan.blocks() if block.trace and block.area in named)
        return list({block.name: block for block in blocks}.values())

    def html(self, values: Values, framed: bool = False) -> str:
        """The whole file; `values` are what the cells of a block should be; in a notebook it is `framed`."""
        told, around, picture = described(self.source, self.book, self.plans)
        body = Body(told | around, self.book, self.language)
        markup = body.markup(picture, isinstance(self.source, LessonData), framed)
        script = "\n".join((engine_with(self.functions), *map(_file, SCRIPTS)))
        style = _file("page.css")
        sources = f"script-src {_digest(script)}; style-src {_digest(style)}; img-src data:"
        policy = f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"
        texts = labels(self.language)
        made = _FRAME.format(
            language={"zh": "zh-CN"}.get(self.language, self.language),
            policy=html.escape(policy),
            title=html.escape(self.plan.title),
            noscript=html.escape(texts("page.noscript")),
            style=style,
            body=markup,
            data=_embedded(self._data(values, told | {"spoken": body.spoken})),
            script=script,
        )
        # A lone half of a sign, as a file name or a label may have it, is no UTF-8.
        return made.encode("utf-8", "replace").decode()


def _error(source: LessonData | ImportedNetwork) -> type[LessonError | ModelError]:
    return LessonError if isinstance(source, LessonData) else ModelError


def _check_size(source: LessonData | ImportedNetwork, cells: int) -> None:
    """Raises LessonError or ModelError where a page of so many cells would be too large."""
    if cells > MOST_CELLS:
        key = "page_too_large" if isinstance(source, LessonData) else "page_too_large_model"
        raise _error(source)(key, place=source.source, got=cells, most=MOST_CELLS)


_FRAME = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<noscript>{noscript}</noscript>
{body}
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


@cache
def _file(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def engine_with(functions: str) -> str:
    """The spreadsheet with its formulas, without what shows it."""
    return "\n".join((_file(ENGINE), functions))


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _embedded(data: Mapping[str, Any]) -> str:
    """Data as JSON in which nothing ends the script that holds it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=dict, allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    # A lone half of a sign, as a file name may have it, is no UTF-8.
    return text.encode("utf-8", "backslashreplace").decode()


def _texts(language: str) -> dict[str, str]:
    texts = labels(language)
    return {key: texts.get(f"page.{key}") for key in TEXTS}


TEXTS = (
    *("says", "right_is", "picture_about", "play", "pause", "all", "once", "backwards", "forwards", "point"),
    *("where", "formula", "with_numbers", "result", "operands", "more", "return", "drag", "loss", "epoch"),
    *("epoch_says", "flow_x", "flow_y", "opened", "other_lesson", "copied", "not_saved"),
)
"""What the script says of its own accord."""
