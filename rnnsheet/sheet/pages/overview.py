"""The first worksheet: what this is, a live picture of the network, the legend, links."""

from collections.abc import Mapping

from rnnsheet.labels import Labels
from rnnsheet.lesson import Lesson
from rnnsheet.sheet.page import SPAN, Page
from rnnsheet.sheet.plan import Block

NAME = "Overview"
LEGEND = ("sample", "link", "given", "hidden", "output", "loss", "gradient", "result")
_DRAWN = 6
"""The picture shows at most so many time steps."""
_PICTURE, _FIRST = 6, 4
_PICTURE_ROWS = ("right", "predicted", "confidence", "↑ Why", "h", "↑", "letter", "t")
_PICTURE_STYLES = {"letter": "given", "t": "label"}


def place(lesson: Lesson, over_time: Mapping[str, Block], sheets: tuple[str, ...], labels: Labels) -> Page:
    """The sheet."""
    page = Page(NAME, labels)
    language = labels.language
    page.title(title(lesson, labels), lesson.about.get(language) or labels("overview.about"))
    page.text(4, 1, labels("overview.picture"), "heading", SPAN)
    _picture(page, lesson, over_time)
    row = _PICTURE + 10
    page.text(row, 1, labels("overview.legend"), "heading", SPAN)
    for line, style in enumerate(LEGEND, start=row + 1):
        page.text(line, 1, labels(f"legend.{style}_sample"), style)
        page.text(line, 2, labels(f"legend.{style}"), "beside")
    row += len(LEGEND) + 2
    page.text(row, 1, labels("overview.sheets"), "heading", SPAN)
    for line, sheet in enumerate(sheets, start=row + 1):
        page.text(line, 1, sheet, "link_text", link=sheet)
        page.text(line, 2, labels(f"overview.{sheet.lower().replace(' ', '_')}"), "beside")
    if "Training" not in sheets:
        page.text(row + len(sheets) + 1, 1, labels("overview.no_training"), "status")
    page.text(row + len(sheets) + 2, 1, labels("overview.proof"), "about", SPAN)
    page.sheet.widths = {1: 14}
    return page


def title(lesson: Lesson, labels: Labels) -> str:
    """The lesson's title, or one made of its name."""
    return lesson.title.get(labels.language) or labels("overview.title", name=lesson.name)


def _picture(page: Page, lesson: Lesson, over_time: Mapping[str, Block]) -> None:
    """Letters below, hidden states in the middle, answers above; time runs right."""
    sizes = {"letters": len(lesson.vocabulary), "hidden": lesson.model.hidden}
    for row, name in enumerate(_PICTURE_ROWS, start=_PICTURE):
        if not name.startswith("↑"):
            page.text(row, 1, page.labels(f"picture.{name}", **sizes), "caption")
    states = _PICTURE + _PICTURE_ROWS.index("h")
    # Where there are several weights, an arrow stands for all of them.
    into = "↑ Wxh" if "Wxh" in lesson.model.parameters else "↑"
    on = "Whh →" if lesson.model.recurrent == ("Whh",) else "→"
    drawn = min(lesson.steps, _DRAWN)
    page.text(states, _FIRST - 1, "h₀ →", "arrow")
    for step in range(drawn):
        col = _FIRST + 2 * step
        for row, name in enumerate(_PICTURE_ROWS, start=_PICTURE):
            if name.startswith("↑"):
                page.text(row, col, into if name == "↑" else name, "arrow")
            elif name == "h":
                page.text(row, col, f"h{_subscript(step + 1)}", "hidden")
            else:
                page.mark(page.link(over_time[name], row, col, step, 1, _PICTURE_STYLES.get(name, "result")))
        if step + 1 < lesson.steps:
            page.text(states, col + 1, on if step + 1 < drawn else f"{on} …", "arrow")


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
