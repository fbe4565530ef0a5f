"""The shapes that are drawn over the cells: diagrams, and where a state enters the next time step."""

import zipfile
from itertools import chain, combinations
from xml.etree.ElementTree import fromstring

import openpyxl
import pytest
from hypothesis import given, settings

import rnnsheet
from rnnsheet import templates
from rnnsheet.equations.lesson import network
from rnnsheet.labels import labels
from rnnsheet.sheet.diagram import diagrams
from rnnsheet.sheet.drawing import Box, Diagram
from rnnsheet.sheet.layout import plan
from tests import lessons

XDR = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"


def of(lesson: rnnsheet.Lesson) -> list[Diagram]:
    return list(diagrams(network(lesson), labels("en"), 1, 1))


def named(lesson: rnnsheet.Lesson) -> set[str]:
    return {box.name for diagram in of(lesson) for box in diagram.boxes}


def ends(box: Box) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where arrows lead to a box, and where they leave it."""
    middle = box.y + box.height // 2
    return (box.x, middle), (box.x + box.width, middle)


def check(diagram: Diagram) -> None:
    """Boxes lie apart, in the diagram; each line begins and ends at one or at a line, and passes none."""
    for box in diagram.boxes:
        assert 0 <= box.x <= box.x + box.width <= diagram.width
        assert 0 <= box.y <= box.y + box.height <= diagram.height
        assert len(box.name) * 6 < box.width
    for one, other in combinations(diagram.boxes, 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert beside or one.y + one.height <= other.y or other.y + other.height <= one.y
    into, out = zip(*map(ends, diagram.boxes), strict=True)
    starts = {(arrow.x, arrow.y) for arrow in diagram.arrows}
    stops = {(arrow.to_x, arrow.to_y) for arrow in diagram.arrows}
    assert starts <= {*out, *stops} and stops <= {*into, *starts}
    for arrow in diagram.arrows:
        for box in diagram.boxes:
            inside = arrow.x < box.x + box.width and box.x < arrow.to_x
            assert not inside or not box.y < arrow.y < box.y + box.height


@settings(max_examples=20)
@given(lesson=lessons.networks())
def test_every_cell_has_a_diagram_whose_boxes_and_lines_keep_apart(lesson):
    found = of(lesson)
    assert len(found) >= (1 if any(layer.traits.states for layer in lesson.model) else 0)
    for diagram in found:
        check(diagram)


def test_a_diagram_has_the_cell_s_equations():
    assert named(rnnsheet.load("hello")) == {"xₜ", "hₜ₋₁", "xhₜ", "hhₜ", "zₜ", "hₜ", "hₜ ⇢"}
    lstm = {"xₜ", "hₜ₋₁", "cₜ₋₁", "iₜ", "fₜ", "gₜ", "oₜ", "cₜ", "hₜ", "cₜ ⇢", "hₜ ⇢"}
    assert named(rnnsheet.load("hello-lstm")) == lstm
    assert {"rₜ", "uₜ", "nₜ", "hₜ ⇢"} <= named(rnnsheet.load("hello-gru"))
    (elman, *_) = of(rnnsheet.load("hello"))
    dashed = [box.name for box in elman.boxes if box.dashed]
    assert dashed == ["hₜ₋₁", "hₜ ⇢"]


def test_a_diagram_has_names_without_its_layer_s_which_it_tells():
    drawn = of(rnnsheet.load("long-memory"))
    assert [{box.name for box in each.boxes} >= {"xₜ", "hₜ₋₁", "hₜ"} for each in drawn] == [True] * 3
    assert ["h_elmanₜ" in drawn[0].told, "c_lstmₜ" in drawn[1].told, "h_gruₜ" in drawn[2].told] == [True] * 3
    (overview, *_) = plan(rnnsheet.load("long-memory"), "en").sheets
    assert any(
        text.text.endswith("without the names of its layers: elman, lstm, gru.") for text in overview.texts
    )


@pytest.mark.parametrize("name", templates.names())
def test_each_state_enters_the_time_step_that_is_computed_next(name):
    lesson = rnnsheet.load(name)
    equations, planned = network(lesson), plan(lesson, "en")
    (unrolled,) = (sheet for sheet in planned.sheets if sheet.name == "Unrolled")
    states = [name for name in equations.states if equations.equations[name].part == "cell"]
    steps = [equations.steps(state) - 1 for state in states]
    assert len(unrolled.flows) == sum(steps)
    for flow in unrolled.flows:
        assert flow.into
        assert abs(flow.to_col - flow.col) == 1


def test_the_shapes_stand_in_the_file_and_say_what_they_are(tmp_path):
    path = rnnsheet.export(lessons.hello(), tmp_path / "hello.xlsx", "en")
    with zipfile.ZipFile(path) as archive:
        overview, unrolled = (
            fromstring(archive.read(f"xl/drawings/drawing{number}.xml")) for number in (1, 2)
        )
    assert len(list(overview.iter(f"{XDR}sp"))) == 7
    arrows = [anchor for anchor in unrolled if anchor.find(f"{XDR}cxnSp") is not None]
    told = [next(arrow.iter(f"{XDR}cNvPr")).get("descr") for arrow in arrows]
    assert told[:2] == ["hₜ of time step 1 enters time step 2"] * 2
    numbers = [each.get("id") for each in unrolled.iter(f"{XDR}cNvPr")]
    assert len(set(numbers)) == len(numbers)
    assert openpyxl.load_workbook(path).sheetnames[0] == "Overview"


@pytest.mark.parametrize("name", ["hello", "order", "caption"])
def test_what_the_series_of_a_chart_are_called_stands_in_their_cells(name):
    """Not beside them: a legend would say "Row 73"."""
    planned = plan(rnnsheet.load(name), "en")
    texts = {
        (block.area.sheet, cell): value
        for block in planned.blocks()
        if block.values is not None
        for cell, value in zip(block.area.cells(), chain(*block.values), strict=True)
    }
    charts = [chart for sheet in planned.sheets for chart in sheet.charts if chart.kind == "shares"]
    titles = [
        series.title for chart in charts for series in chart.series if not isinstance(series.title, str)
    ]
    assert titles or name != "hello"
    assert all(texts[title.sheet, cell] for title in titles for cell in title.cells())
