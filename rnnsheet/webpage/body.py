"""The body of a page around its picture, in the page's language; the script finds each text in the others."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rnnsheet.labels import labels, languages
from rnnsheet.webpage.book import Book
from rnnsheet.webpage.elements import element

_FEW = 60
"""The tables of no more weights than these are open from the start."""

Told = Mapping[str, str]
"""A text by language."""
Input = Mapping[str, Any]


class Body:
    """The body of a page that shows `told`, as `described` has it."""

    def __init__(self, told: Mapping[str, Any], made: Book, language: str):
        self._told, self._made, self._language = told, made, language
        self._views = list(_views(told))
        self.spoken: dict[str, list[str]] = {each: [] for each in languages()}
        """The texts of the page by language: where one stands, its number is told."""

    def markup(self, picture: str, is_lesson: bool, framed: bool) -> str:
        """All of it, around a picture: a lesson can be saved; what is framed in a notebook has no address."""
        head = element("section", self._typing() + _MESSAGE, "head", data_label=self._number("says"))
        pulled = bool(_PULLED.search(picture))
        shown = "".join((*self._questions(pulled), self._network(picture), *self._experiments()))
        beside = element("aside", self._inspector() + self._weights())
        tables = element("section", "", "tables", data_label=self._number("numbers"))
        columns = element("div", shown, "shown") + beside + element("div", tables, "below")
        main = (head, self._tabs(), _NOTICE, element("div", columns, "columns"))
        return self._header(is_lesson, framed) + element("main", "".join(main))

    def _number(self, text: str | Told, **values: object) -> int:
        """The number of a text, which is told by language or stands under a key among the page's labels."""
        for language, texts in self.spoken.items():
            key = f"page.{text}"
            texts.append(labels(language)(key, **values) if isinstance(text, str) else text.get(language, ""))
        return len(self.spoken[self._language]) - 1

    def _text(self, name: str, text: str | Told, kind: str = "", **given: Any) -> str:
        """An element with a text."""
        number = self._number(text, **given.pop("values", {}))
        inner = html.escape(self.spoken[self._language][number])
        return element(name, inner, kind, data_text=number, **given)

    def _button(self, text: str | Told, act: str, kind: str = "", **given: Any) -> str:
        return self._text("button", text, kind, type="button", data_act=act, **given)

    def _header(self, is_lesson: bool, framed: bool) -> str:
        tongues = (
            self._button(
                {each: labels(language)("page.language") for each in languages()},
                "setLanguage",
                "quiet",
                data_value=language,
                lang={"zh": "zh-CN"}.get(language, language),
            )
            for language in languages()
        )
        files = (
            self._button("save_lesson", "saveLesson", "quiet"),
            self._button("open", "chooseFile", "quiet"),
            element("input", type="file", accept=".toml", hidden=True, data_label=self._number("open")),
        )
        actions = (
            *tongues,
            self._button("theme", "toggleTheme", "quiet"),
            *(files if is_lesson else ()),
            self._button("save_table", "saveTable", "quiet"),
            *(() if framed else (self._button("copy_link", "copyLink", "quiet"),)),
            self._button("print", "print", "quiet"),
        )
        title = self._text("h1", self._told["title"])
        about = self._text("p", self._told["about"], "about")
        return element("header", title + element("div", "".join(actions), "row actions") + about, "row")

    def _of_kind(self, kind: str) -> list[tuple[int, Input]]:
        """What may be changed, of one kind, each with its number."""
        return [(k, each) for k, each in enumerate(self._told["inputs"]) if each["kind"] == kind]

    def _cells(self, given: Input) -> Iterator[int]:
        rows, cols = given["at"][3:]
        return (self._made.cell(given["at"], row, col) for row in range(rows) for col in range(cols))

    def _typing(self) -> str:
        """What is typed, what may be tried, and room for what the network says."""
        fields = (
            *(self._word(given) for _, given in self._of_kind("text")),
            *(self._drawing(given) for _, given in self._of_kind("picture")),
            *(self._matrix(k, given, True) for k, given in self._of_kind("numbers")),
        )
        typing = element("div", "".join(fields), "fields")
        if tries := self._told["tries"]:
            cell = next(self._cells(self._of_kind("text")[0][1]))
            typing += element("p", self._text("span", "try") + _chips(cell, tries), "row tries")
        if knows := (" " if self._told["split"] == "letters" else ", ").join(self._told["knows"]):
            typing += self._text("p", "knows", "knows", values={"knows": knows})
        says = element("div", kind="answers") + (element("p", kind="loss") if self._told["loss"] else "")
        return element("div", element("div", typing) + element("div", says), "both")

    def _word(self, given: Input) -> str:
        cell = next(self._cells(given))
        shown = _field(cell, kind=f"word {self._told['split']}")
        return element("label", self._text("span", given["meaning"]) + shown)

    def _drawing(self, given: Input) -> str:
        cells, (rows, cols) = list(self._cells(given)), given["at"][3:]
        lines = (
            "".join(_pixel(cells[row * cols + col], f"{row + 1}, {col + 1}") for col in range(cols))
            for row in range(rows)
        )
        inner = "".join(element("div", line) for line in lines)
        return element("div", inner, "drawing", role="group", data_label=self._number(given["meaning"]))

    def _tabs(self) -> str:
        tabs = (
            self._button(self._question("ask", view), "setView", "tab", data_value=view)
            for view in self._views
        )
        hidden = len(self._views) < 2
        return element("nav", "".join(tabs), "row", data_label=self._number("views"), hidden=hidden)

    def _question(self, key: str, view: str) -> str | Told:
        """What a view asks, or what to try in it: the lesson's own, where it has one."""
        own = self._told["own"]
        return own[key] if view == "say" and own else f"{key}_{view}"

    def _questions(self, pulled: bool) -> Iterator[str]:
        """What to try in each view; to pull a line where the picture has lines of weights."""
        for view in self._views:
            text = self._question("try", view)
            if text == "try_say" and not pulled:
                text = "try_read"
            yield self._text("p", text, "try", data_view=view)

    def _network(self, picture: str) -> str:
        """The picture under what goes through its steps."""
        controls = (
            element("button", "", "play", type="button", data_act="play"),
            self._round("‹", "back", -1),
            element("input", type="range", id="step", min=0, data_label=self._number("step")),
            self._round("›", "forward", 1),
            element("output", for_="step"),
            element(
                "button", "", "turn quiet", type="button", data_act="turn", hidden="blame" not in self._views
            ),
        )
        given: dict[str, Any] = {"role": "group", "tabindex": 0, "data_label": self._number("picture")}
        signs = (self._text("span", sign, sign) for sign in ("positive", "negative"))
        parts = (
            element("div", "".join(controls), "row controls"),
            element("div", picture, "figure card", **given),
            element("p", "".join(signs), "legend"),
        )
        return element("div", "".join(parts), data_view="say wrong blame")

    def _round(self, sign: str, text: str, by: int) -> str:
        given: dict[str, Any] = {"data_act": "move", "data_value": by, "data_label": self._number(text)}
        return element("button", sign, "round", type="button", **given)

    def _experiments(self) -> Iterator[str]:
        if "learn" in self._views:
            epochs = _epochs(self._told)
            slider = element("input", type="range", id="epoch", max=epochs, value=epochs)
            along = self._text("label", "epoch", for_="epoch") + slider + self._button("take", "take")
            below = element("div", along, "row") + element("p", "", "epoch", role="status")
            settings = [*self._setting("rate", ("0.1", "1")), *self._setting("clip", ("0.25", "1000"))]
            yield self._experiment("learn", "loss_curve", settings, below)
        if "flow" in self._views:
            names = (
                self._text("li", line["meaning"], f"line{k}")
                for k, line in enumerate(self._told["flow"]["lines"])
            )
            settings = [*self._setting("slider", ("0.5", "1", "2"), most=5)]
            yield self._experiment("flow", "flow", settings, element("ul", "".join(names), "key"))

    def _experiment(self, view: str, label: str, settings: Sequence[str], below: str) -> str:
        """Settings, a chart, and its numbers as a table."""
        parts = (*settings, element("div", kind="curve"), below, element("div", kind="numbers"))
        given: dict[str, Any] = {"data_view": view, "data_label": self._number(label)}
        return element("section", "".join(parts), "experiment card", **given)

    def _setting(self, name: str, tries: Sequence[str], most: int = 0) -> Iterator[str]:
        """A setting as a field, with values to try, and a slider up to the most of it."""
        for _, given in self._of_kind("setting"):
            if name not in (given["name"], given["entry"]):
                continue
            cell = next(self._cells(given))
            parts = element("label", self._text("span", given["meaning"]) + _decimal(cell))
            if most:
                slid = {
                    each: f"{text}, {labels(each)('page.drag')}" for each, text in given["meaning"].items()
                }
                limits: dict[str, Any] = {"min": -most, "max": most, "step": 0.01}
                parts += _field(cell, type="range", data_label=self._number(slid), **limits)
            yield element("div", parts + _chips(cell, tries), "row")

    def _inspector(self) -> str:
        inner = self._text("h2", "inspector") + element("div", kind="found", tabindex=-1)
        return element("section", inner, "inspector card", aria_live="polite")

    def _weights(self) -> str:
        """Every weight as a field, and what may be done with all."""
        weights = self._of_kind("weight")
        few = sum(given["at"][3] * given["at"][4] for _, given in weights) <= _FEW
        epochs = _epochs(self._told)
        counts = {"train_one": 1, "train_all": epochs} if epochs else {}
        buttons = (
            *(
                self._button(key, "train", data_value=count, values={"epochs": count})
                for key, count in counts.items()
            ),
            self._button("random", "randomize"),
            self._button("reset", "reset", "quiet"),
        )
        tables = (self._matrix(k, given, few) for k, given in weights)
        parts = (self._text("h2", "weights"), element("div", "".join(buttons), "row buttons"), *tables)
        return element("section", "".join(parts), "weights card")

    def _matrix(self, number: int, given: Input, is_open: bool) -> str:
        """An input under its name; the script fills it when it is opened."""
        name = element("b", html.escape(given["name"])) + " " + self._text("span", given["meaning"])
        return element("details", element("summary", name), data_input=number, open=is_open)


_PULLED = re.compile("<path [^>]*data-cell")
_MESSAGE = element("p", kind="message", role="status")
_NOTICE = element("p", kind="notice", role="status")


def _views(told: Mapping[str, Any]) -> Iterator[str]:
    """The questions that a page answers."""
    parts = {equation["part"] for equation in told["equations"]}
    there = {
        "wrong": "loss" in parts,
        "blame": "gradient" in parts,
        "learn": _epochs(told),
        "flow": told["flow"],
    }
    yield "say"
    yield from (view for view, answered in there.items() if answered)


def _epochs(told: Mapping[str, Any]) -> int:
    """So many epochs of training a page has."""
    return told["training"]["loss"][3] - 1 if told["training"] else 0


def _field(cell: int, **given: Any) -> str:
    """A field whose text is a cell's."""
    return element("input", **{"type": "text", "autocomplete": "off", "data_field": cell, **given})


def _decimal(cell: int) -> str:
    return _field(cell, inputmode="decimal")


def _pixel(cell: int, label: str) -> str:
    given: dict[str, Any] = {"data_act": "flip", "data_value": cell, "data_pixel": cell, "aria_label": label}
    return element("button", type="button", **given)


def _chips(cell: int, tries: Sequence[str]) -> str:
    """Values to try in a cell."""
    return "".join(
        element(
            *("button", html.escape(value), "chip"),
            type="button",
            data_act="type",
            data_cell=cell,
            data_value=value,
        )
        for value in tries
    )
