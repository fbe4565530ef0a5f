"""What a notebook shows of a lesson, a trace and a report."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

import rnnsheet
from tests.lessons import hello


class Tags(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_a_lesson_shows_its_page_in_a_frame_that_reaches_nothing_else():
    nasty = '"><script>alert(1)</script>'
    ((tag, given),) = Tags(replace(hello(), title={"en": nasty, "zh": nasty})._repr_html_()).found
    assert tag == "iframe"
    assert given["title"] == nasty
    assert given["srcdoc"].startswith("<!doctype html>")
    assert "allow-same-origin" not in given["sandbox"]


def test_a_large_lesson_is_a_table():
    tags = {tag for tag, _ in Tags(rnnsheet.load("translate")._repr_html_()).found}
    assert tags == {"table", "tr", "th", "td"}


def test_a_trace_is_short(tmp_path):
    trace = hello().run()
    assert len(repr(trace)) < 1000
    assert "<td>h</td><td>3 × 4</td>" in trace._repr_html_()


@pytest.mark.parametrize("change", [False, True])
def test_a_report_is_short(tmp_path, change):
    book = rnnsheet.page(hello(), tmp_path / "<b>.html", "en")
    if change:
        text = book.read_text("utf-8")
        book.write_text(text.replace("Math.tanh", "Math.sin"), "utf-8")
    report = rnnsheet.check(book)
    assert len(repr(report)) < 300
    assert ("0 of" in repr(report)) == (not change)
    assert len(report._repr_html_()) < 2000
    assert "<b>" not in report._repr_html_()
