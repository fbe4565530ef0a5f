"""Charts, in the colours of the book: each series is told apart in grey print too."""

from openpyxl.chart import BarChart, LineChart
from openpyxl.chart.axis import ChartLines, TextAxis
from openpyxl.chart.data_source import AxDataSource, NumDataSource, NumRef, StrRef
from openpyxl.chart.legend import Legend
from openpyxl.chart.marker import Marker
from openpyxl.chart.series import Series as Drawn
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RichTextProperties

from rnnsheet.sheet.plan import CHART_WIDTH, Area, Chart, Series
from rnnsheet.workbook.style import INK

_CENTIMETRE = 96 / 2.54
"""In pixels."""
COLORS = ("1F4E9E", "E69F00", "166534", "9333B5", "56B4E9", "9A3412", "6B7280", "111827")
"""Of the series in their order, as the colour-blind tell them apart."""
DASHES = ("solid", "dash", "sysDot", "dashDot", "lgDash", "sysDash", "lgDashDot", "solid")
_THICK, _THIN = 38_100, 15_875
"""The first line and the last, in EMU: where two lie on each other, both are seen."""
_FEW = 8
"""So many labels stand beside each other without turning."""
_EVERY = (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000)
"""Of how many labels one is shown, so that those that are shown are round numbers."""
_COLUMNS = ("shares", "counts")
"""The kinds of charts that are no lines."""


def drawn(chart: Chart) -> BarChart | LineChart:
    """A chart of the plan, by openpyxl."""
    made = _column_chart(chart) if chart.kind in _COLUMNS else _line_chart(chart)
    made.title, made.x_axis.title, made.y_axis.title = chart.title, chart.x_title, chart.y_title
    for title in (made.title, made.x_axis.title, made.y_axis.title):
        _letters(title, 1200 if title is made.title else 900)
    count = max(chart.categories.rows, chart.categories.cols)
    made.x_axis.txPr, made.y_axis.txPr = _small(turned=count > _FEW), _small()
    made.x_axis.delete = made.y_axis.delete = False
    made.y_axis.majorGridlines = ChartLines(GraphicalProperties(ln=LineProperties(solidFill="E5E7EB")))
    made.width, made.height = CHART_WIDTH / _CENTIMETRE, chart.height / _CENTIMETRE  # type: ignore[assignment]
    made.legend = Legend(legendPos="b") if len(chart.series) > 1 else None
    for number, series in enumerate(chart.series):
        made.series.append(_series(series, number, chart))
    return made


def _letters(title, size: int) -> None:  # type: ignore[no-untyped-def]
    """Gives a title its size and colour; it does not lie on the drawing."""
    title.overlay = False
    for paragraph in title.tx.rich.p:
        paragraph.pPr = ParagraphProperties(defRPr=_character(size, bold=size > 1000))


def _character(size: int, bold: bool = False) -> CharacterProperties:
    return CharacterProperties(sz=size, b=bold, solidFill=INK)


def _small(turned: bool = False) -> RichText:
    """The letters of an axis' labels, turned where there are many."""
    body = RichTextProperties(rot=-2_700_000 if turned else 0, vert="horz")
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=_character(900)), endParaRPr=CharacterProperties())
    return RichText(bodyPr=body, p=[paragraph])


def _column_chart(chart: Chart) -> BarChart:
    made = BarChart()
    made.y_axis.scaling.min, made.y_axis.number_format = 0, "0"
    if chart.kind == "shares":
        made.y_axis.scaling.max, made.y_axis.number_format = 1, "0.0"
    made.gapWidth = 60
    return made


def _line_chart(chart: Chart) -> LineChart:
    made = LineChart()
    count = max(chart.categories.rows, chart.categories.cols)
    made.x_axis = TextAxis(tickLblSkip=_labels_skipped(count))
    made.y_axis.scaling.min, made.y_axis.number_format = 0, "General"
    if chart.kind == "powers":
        made.y_axis.scaling.min, made.y_axis.scaling.logBase = None, 10
        made.y_axis.number_format = "0E+00"
        # Below all powers, not at 1 = 10⁰.
        made.x_axis.tickLblPos = "low"
    return made


def _labels_skipped(count: int) -> int:
    return next((every for every in _EVERY if count / every <= _FEW + 1), count)


def _series(series: Series, number: int, chart: Chart) -> Drawn:
    values, categories = NumRef(f=series.values.absolute), NumRef(f=chart.categories.absolute)
    made = Drawn(idx=number, order=number, val=NumDataSource(values), cat=AxDataSource(categories))
    if isinstance(series.title, Area):
        made.tx = SeriesLabel(strRef=StrRef(series.title.absolute))
    else:
        made.tx = SeriesLabel(v=series.title)
    color = COLORS[number % len(COLORS)]
    if chart.kind in _COLUMNS:
        made.spPr = GraphicalProperties(solidFill=color, ln=LineProperties(solidFill=INK, w=6350))
        made.invertIfNegative = False
        return made
    made.smooth = False
    made.marker = Marker("none")
    width = _THICK - (_THICK - _THIN) * number // max(1, len(chart.series) - 1)
    dash = DASHES[number % len(DASHES)]
    line = LineProperties(solidFill=color, w=width, prstDash=dash)  # type: ignore[arg-type]
    made.spPr = GraphicalProperties(ln=line)
    return made
