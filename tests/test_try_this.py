"""The sheet “Try this”: every experiment is done in IronCalc, and what is promised happens."""

from dataclasses import replace

import pytest

import rnnsheet
from rnnsheet import templates
from rnnsheet.labels import labels, languages
from rnnsheet.sheet.layout import plan
from rnnsheet.sheet.pages import try_this
from rnnsheet.sheet.pages.try_this import CHANGES, SAME, SHOWS, SMALL, STAYS, ZERO, Experiment, experiments
from rnnsheet.sheet.plan import Area
from tests.typist import Typist

LARGE = ("caption", "long-memory", "mlp-to-rnn", "order", "sentiment", "translate")
EVERY = [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in templates.names()]
STATE = Area("Try this", 3, 1)


def small(name: str) -> rnnsheet.Lesson:
    """A lesson with little room for training: what is promised does not depend on it."""
    lesson = rnnsheet.load(name)
    return replace(lesson, settings=replace(lesson.settings, epochs=5, flow_steps=4))


def numbers(typist: Typist, areas) -> list[object]:
    return [value for area in areas for row in typist.values_of(area) for value in row]


def _happens(each: Experiment, before: list[float], after: list[float]) -> bool:
    return {
        SHOWS: lambda: after == [each.expected],
        CHANGES: lambda: any(abs(a - b) > 1e-3 for a, b in zip(after, before, strict=True)),
        STAYS: lambda: after == pytest.approx(before, abs=1e-12),
        SMALL: lambda: all(abs(value) < 1e-6 for value in after),
        SAME: lambda: after[0] == pytest.approx(after[1], rel=1e-3),
        ZERO: lambda: all(value == 0 for value in after),
    }[each.promise]()


@pytest.mark.parametrize("name", EVERY)
def test_what_is_promised_happens(name, tmp_path):
    lesson = small(name)
    typist = Typist(rnnsheet.export(lesson, tmp_path / "book.xlsx", "en"))
    blocks = list(plan(lesson, "en").blocks())
    listed = experiments(lesson, blocks, labels("en"))
    assert 6 <= len(listed) <= 10
    fine = typist.value(STATE)
    for each in listed:
        # What should stay small or the same does so by itself where nothing moves beside it.
        held = each.promise in (STAYS, SMALL, SAME)
        beside = [
            b.area for b in blocks if held and b.area.sheet == each.look[0].sheet and b.area != each.cell
        ]
        before, old = numbers(typist, each.look), typist.value(each.cell)
        still = numbers(typist, beside)
        typist.type(each.cell, each.value)
        after = numbers(typist, each.look)
        assert not held or numbers(typist, beside) != still, each
        happened = _happens(each, before, after) if each.look else typist.value(STATE) != fine
        assert happened, (each, before, after)
        if each.promise in (SAME, ZERO):
            assert before[0] != (before[1] if each.promise == SAME else 0), each
        typist.type(each.cell, str(old))
    assert typist.value(STATE) == fine


@pytest.mark.parametrize("language", languages())
def test_every_experiment_says_what_to_do_to_predict_and_what_happens(language):
    lesson = rnnsheet.load("hello")
    planned = plan(lesson, language)
    page = next(sheet for sheet in planned.sheets if sheet.name == labels(language).sheets[try_this.KEY])
    texts = [text.text for text in page.texts]
    assert texts[0] == labels(language)("try.title")
    listed = experiments(lesson, list(planned.blocks()), labels(language))
    assert len(texts) >= 2 + 3 * len(listed)
    assert all(any(try_this.told(each.cell, labels(language)) in text for text in texts) for each in listed)
