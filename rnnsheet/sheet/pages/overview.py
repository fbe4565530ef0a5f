"""The first worksheet: what this is, the network as a picture that lives, the legend, the way to the others."""

from collections.abc import Mapping

from rnnsheet.labels import Labels
from rnnsheet.lesson import Lesson
from rnnsheet.sheet.page import SPAN, Page
from rnnsheet.sheet.plan import Block

NAME = "Overview"
LEGEND = ("input", "link", "given", "hidden", "output", "result")
_DRAWN = 6
"""The picture shows at most so many time steps."""
_PICTURE, _FIRST = 6, 4


def place(
    lesson: Lesson, over_time: Mapping[str, Block], sheets: tuple[str, ...], labels: Labels
) -> Page:
    """The sheet."""
    page = Page(NAME, labels)
    language = labels.language
    page.title(
        lesson.title.get(language) or labels("overview.title", name=lesson.name),
        lesson.about.get(language) or labels("overview.about"),
    )
    page.text(4, 1, labels("overview.picture"), "heading", SPAN)
    _picture(page, lesson, over_time)
    row = _PICTURE + 10
    page.text(row, 1, labels("overview.legend"), "heading", SPAN)
    for line, style in enumerate(LEGEND, start=row + 1):
        page.text(line, 1, labels(f"legend.{style}_sample"), style)
        page.text(line, 2, labels(f"legend.{style}"), "plain")
    row += len(LEGEND) + 2
    page.text(row, 1, labels("overview.sheets"), "heading", SPAN)
    for line, sheet in enumerate(sheets, start=row + 1):
        page.text(line, 1, sheet, "link_text", link=sheet)
        page.text(line, 2, labels(f"overview.{sheet.lower()}"), "plain")
    page.text(row + len(sheets) + 2, 1, labels("overview.proof"), "about", SPAN)
    page.sheet.widths = {1: 14}
    page.sheet.one_page = True
    return page


def _picture(page: Page, lesson: Lesson, over_time: Mapping[str, Block]) -> None:
    """Letters below, hidden states in the middle, answers above; time runs right."""
    labels, scope = page.labels, {"Whh": "Whh", "letters": len(lesson.vocabulary), "hidden": lesson.model.hidden}
    rows = {"right": 0, "predicted": 1, "p": 2, "y": 3, "h": 4, "xh": 5, "letter": 6, "t": 7}
    for name in ("right", "predicted", "p", "h", "letter", "t"):
        page.text(_PICTURE + rows[name], 1, labels(f"picture.{name}", **scope), "caption")
    middle = _PICTURE + rows["h"]
    page.text(middle, _FIRST - 1, "h₀ →", "arrow")
    drawn = min(lesson.steps, _DRAWN)
    for step in range(drawn):
        col = _FIRST + 2 * step
        for name, style in (("right", "result"), ("predicted", "result"), ("letter", "given"), ("t", "label")):
            page.mark(page.link(over_time[name], _PICTURE + rows[name], col, step, 1, style))
        page.text(_PICTURE + rows["p"], col, "↑ softmax", "arrow")
        page.text(_PICTURE + rows["y"], col, "↑ Why", "arrow")
        page.text(middle, col, f"h{_subscript(step + 1)}", "hidden")
        page.text(_PICTURE + rows["xh"], col, "↑ Wxh", "arrow")
        if step + 1 < drawn:
            page.text(middle, col + 1, "Whh →", "arrow")
    if drawn < lesson.steps:
        page.text(middle, _FIRST + 2 * drawn - 1, "Whh → …", "arrow")


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
