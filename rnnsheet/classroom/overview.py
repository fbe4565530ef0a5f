"""The class at a glance, as a page and a workbook: what most got wrong, and how the marks are spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import Path

from rnnsheet.classroom.marks import VERDICTS, Mark
from rnnsheet.files import write_whole
from rnnsheet.labels import Labels
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Chart, Highlight, Plan, Series, Sheet
from rnnsheet.workbook.write import write

BOOK, PAGE = "overview.xlsx", "overview.html"
_BARS = 10


def blocks(marks: Sequence[Mark]) -> list[tuple[str, list[float]]]:
    """Of each block the share of each of `VERDICTS` in the class, the one that most got wrong first."""
    counts: dict[str, Counter[str]] = {}
    for mark in marks:
        for blank, verdict in zip(mark.scheme.blanks.all, mark.verdicts, strict=True):
            counts.setdefault(blank.name, Counter())[verdict] += 1
    shares = {
        name: [own[verdict] / max(1, own.total()) for verdict in VERDICTS] for name, own in counts.items()
    }
    return sorted(shares.items(), key=lambda each: each[1][0] + each[1][1])


def histogram(marks: Sequence[Mark]) -> list[tuple[str, int]]:
    """How many marks lie in each tenth of all points."""
    tenths = Counter(min(_BARS - 1, int(_BARS * mark.mark / mark.most)) if mark.most else 0 for mark in marks)
    step = 100 // _BARS
    return [(f"{tenth * step}–{(tenth + 1) * step} %", tenths[tenth]) for tenth in range(_BARS)]


def write_overview(folder: Path, marks: Sequence[Mark], words: Labels) -> None:
    """Writes both. Raises OutputError where they cannot be written."""
    planned = Plan((_sheet(marks, words),), {}, words.language, words("class.title"))
    write(planned, lambda block: block.values or (), folder / BOOK)
    text = _page(marks, words).encode()
    write_whole(folder / PAGE, lambda file: file.write(text))


def _sheet(marks: Sequence[Mark], words: Labels) -> Sheet:
    page = Page.of("class", words)
    page.text(1, 1, words("class.title"), "title")
    page.text(2, 1, words("class.about", count=len(marks)), "caption")
    for col, name in enumerate(("block", *VERDICTS), start=1):
        page.text(4, col, words(f"class.{name}"), "heading")
    rows = blocks(marks)
    for row, (name, shares) in enumerate(rows, start=5):
        page.constants("block", row, 1, [[name]], "symbol", form="letter")
        block = page.constants("share", row, 2, [shares], "link", form="percent")
        page.sheet.highlights.append(Highlight(block.area, "share"))
    first = 7 + len(rows)
    page.text(first - 1, 1, words("class.marks"), "heading")
    page.text(first - 1, 2, words("class.students"), "heading")
    bars = histogram(marks)
    names = page.constants("range", first, 1, [[name] for name, _ in bars], "plain", form="letter")
    counts = page.constants("count", first, 2, [[count] for _, count in bars], "label", form="whole")
    series = (Series(counts.area, words("class.students")),)
    title = words("class.marks")
    page.sheet.charts.append(Chart("counts", title, series, names.area, title, words("class.students"), 4, 7))
    page.sheet.widths = {1: 18}
    return page.sheet


def _page(marks: Sequence[Mark], words: Labels) -> str:
    head = "".join(f"<th>{escape(words(f'class.{name}'))}</th>" for name in ("block", *VERDICTS))
    rows = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(_share(share) for share in shares)}</tr>"
        for name, shares in blocks(marks)
    )
    most = max([count for _, count in histogram(marks)] + [1])
    bars = "".join(
        f'<tr><td>{name}</td><td>{count}</td><td><i style="width:{12 * count / most:.2f}em"></i></td></tr>'
        for name, count in histogram(marks)
    )
    return _HTML.format(
        language=words.language,
        title=escape(words("class.title")),
        about=escape(words("class.about", count=len(marks))),
        head=head,
        rows=rows,
        marks=escape(words("class.marks")),
        students=escape(words("class.students")),
        bars=bars,
    )


def _share(share: float) -> str:
    return f'<td><i style="width:{6 * share:.2f}em"></i> {100 * share:.0f} %</td>'


_HTML = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; color: #1f2933; max-width: 50em; margin: 2em auto; padding: 0 1em }}
td, th {{ text-align: left; padding: .2em 1em .2em 0 }}
i {{ display: inline-block; height: .8em; background: #1f4e9e }}
</style>
<h1>{title}</h1><p>{about}</p>
<table><tr>{head}</tr>{rows}</table>
<h2>{marks}</h2><table><tr><th>{marks}</th><th>{students}</th><th></th></tr>{bars}</table>
</html>
"""
