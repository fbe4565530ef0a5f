"""The worksheets of a layer's weights: each a block to be edited, rows are outputs, columns inputs."""

from collections.abc import Mapping

from rnnsheet.equations.expr import Parameter
from rnnsheet.equations.recurrence import Recurrence
from rnnsheet.labels import Labels
from rnnsheet.network import Array
from rnnsheet.network.imported import ImportedLayer
from rnnsheet.sheet.captions import meaning_of_parameter
from rnnsheet.sheet.imported import faults, first_page
from rnnsheet.sheet.page_builder import STATE_ROW, Page
from rnnsheet.sheet.plan import Block

_LABEL, _FIRST, _BACK = 1, 2, 9
_USABLE, _TOP = 4, 5
"""The row that says whether all weights of the sheet can be used, and that of the first block."""
_PRINTED = (12, 60)
"""So many columns and rows of a sheet of weights are printed at most, and as many whole blocks as fit in
them; all would be thousands of pages."""


def place(
    name: str,
    layer: ImportedLayer,
    network: Recurrence,
    given: Mapping[str, Block],
    labels: Labels,
    usual: float,
) -> tuple[Page, dict[str, Block], Block]:
    """The sheet of that name, its blocks by the full names of the weights, and whether all can be used.

    Behind each row of a block stands whether all of it are numbers. What is computed of weights is 0 where
    one on the sheet is none: MMULT takes numbers alone, and a guard for each would be as large as the sheet.
    """
    page = Page(name, labels)
    page.title(labels("weights.title", layer=layer.name), labels("weights.about"))
    page.back(1, _BACK, first_page.KEY)
    page.sheet.part = "input"
    # Of several blocks none keeps its heads.
    page.sheet.frozen = (_TOP + 1 if len(layer.weights) == 1 else STATE_ROW, _LABEL)
    page.sheet.widths[_LABEL] = 8
    blocks, wrong, row = dict[str, Block](), list[str](), _TOP
    for base, numbers in layer.weights.items():
        parameter = network.parameters[layer.named(base)]
        block = blocks[parameter.name] = _weight(page, row, parameter, numbers, network, given)
        wrong.append(faults.of_numbers(page, block, usual).area.a1)
        row = blocks[parameter.name].area.row + len(numbers) + 1
    page.text(_USABLE, _FIRST, labels("weights.usable"), "small")
    text = f"IF(MAX({','.join(wrong)})<{faults.NO_NUMBER},1,0)"
    usable = page.formula("usable", page.area(_USABLE, _LABEL), text, "label", values=[[1]])
    cols, rows = _PRINTED
    ends = [block.area.row + block.area.rows - 1 for block in blocks.values()]
    page.sheet.printed = cols
    page.sheet.printed_rows = ((1, max((end for end in ends if end <= rows), default=rows)),)
    return page, blocks, usable


def _weight(
    page: Page,
    row: int,
    parameter: Parameter,
    numbers: Array,
    network: Recurrence,
    given: Mapping[str, Block],
) -> Block:
    """A block under its name, shape and meaning, and the labels of its rows and columns."""
    meaning = meaning_of_parameter(parameter, network, page.labels)
    rows, cols = parameter.rows.size, parameter.cols.size
    told = page.labels("weights.block", name=parameter.name, rows=rows, cols=cols, meaning=meaning)
    page.sheet.sections.append(row)
    page.text(row, _LABEL, told, "symbol")
    page.column_labels(parameter.cols, row + 1, _FIRST, given)
    if parameter.rows.name == "tokens":
        # As tokens are numbered.
        page.constants("unit", row + 2, _LABEL, [[number] for number in range(len(numbers))], "label")
    else:
        page.row_labels(parameter.rows, row + 2, _LABEL, given)
    return page.constants(parameter.name, row + 2, _FIRST, numbers.tolist(), "input", "number")
