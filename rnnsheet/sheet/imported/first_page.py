"""An imported network's first worksheet: type here, read what it says; its layers, and how to read on."""

from collections.abc import Mapping

from rnnsheet.equations.imported import result
from rnnsheet.equations.recurrence import Recurrence
from rnnsheet.labels import Labels
from rnnsheet.network.imported import FEW, INPUT, TOP, ImportedLayer, ImportedNetwork, Numbers, Text
from rnnsheet.sheet.captions import meaning
from rnnsheet.sheet.formula import Formula
from rnnsheet.sheet.imported import faults, layers, typed_text
from rnnsheet.sheet.page_builder import SPAN, TEXT, Page, text_or_nothing
from rnnsheet.sheet.pages.manifest import message, source_of
from rnnsheet.sheet.plan import Area, Block, Fill

KEY = "network"
_TYPED = 5
_WIDE, _FIRST, _BESIDE = 2, 3, 4
"""The columns of texts, of numbers (the first of time steps), and of what was said so far, or read."""
_WIDTHS = {1: 30, _WIDE: 64}
_WIDTHS_OF_NUMBERS = {1: 30, _WIDE: 10}
_WIDEST = 110
_TABLE = {"layer": 1, "kind": _WIDE, "units": 3, "steps": 4, "weights": 5, "weights_sheet": 6}
_TABLE_OF_NUMBERS = {"layer": 1, "units": 2, "steps": 3, "weights": 4, "weights_sheet": 5, "kind": 8}
"""The columns of the table of layers: time steps begin near the edge where numbers are typed."""
LEGEND = ("sample", "link", "given", "hidden", "output", "result")


def place(network: ImportedNetwork, labels: Labels) -> tuple[Page, Block]:
    """The sheet with what can be typed, and the block of that."""
    page = Page.of(KEY, labels)
    source = source_of(network) or network.name
    about = labels("network.about", source=source, precision=network.precision)
    reads_numbers = isinstance(network.read, Numbers)
    page.span = SPAN if reads_numbers else 6
    page.title(labels("network.title", name=network.name), about)
    page.sheet.part, page.sheet.widths = "input", dict(_WIDTHS_OF_NUMBERS if reads_numbers else _WIDTHS)
    page.text(_TYPED - 1, 1, labels("network.reads"), "heading", page.span)
    if isinstance(network.read, Numbers):
        return page, _numbers(page, network.read, network.usual)
    page.text(_TYPED, 1, labels("network.text"), "caption")
    # Else a long text would make the whole page small.
    page.sheet.printed = page.span
    typed = page.constants("text", _TYPED, _WIDE, [[network.read.sample]], "input", "text", form=TEXT)
    page.sheet.cursor = typed.area.a1
    return page, typed


def _numbers(page: Page, numbers: Numbers, usual: float) -> Block:
    """The numbers to be typed: time to the right, one feature below the other."""
    page.text(_TYPED, 1, page.labels("network.numbers"), "caption")
    page.text(_TYPED + 1, 1, page.labels("network.numbers_about"), "small")
    page.constants("t", _TYPED, _FIRST, [list(range(1, numbers.steps + 1))], "label")
    page.units(_TYPED + 1, _WIDE, len(numbers.sample))
    typed = page.constants("numbers", _TYPED + 1, _FIRST, numbers.sample.tolist(), "input", "number")
    faults.of_numbers(page, typed, usual)
    page.sheet.cursor = typed.area.part().a1
    return typed


def complete(
    page: Page,
    network: ImportedNetwork,
    equations: Recurrence,
    blocks: Mapping[str, Block],
    messages: Mapping[str, Area],
    sheets: Mapping[str, str],
) -> int:
    """Adds what the network says to what is typed, its layers, and how to read the book; the next free row.

    `blocks` are all that have a name, `sheets` the sheets of weights by the layers' names.
    """
    row = _TYPED + 1
    if isinstance(network.read, Text):
        _told(page, network, network.read, row, blocks, messages)
        row += 2
    else:
        row += network.size(INPUT)
    row = _answer(page, network, equations, row, blocks)
    row = _layers(page, network, row + 1, sheets)
    if network.assumed:
        row = _assumed(page, network, row)
    row = page.legend(row, LEGEND)
    page.text(row, 1, page.labels("network.how"), "heading", page.span)
    page.text(row + 1, 1, page.labels("network.how_about"), "about", page.span)
    page.text(row + 2, 1, page.labels("overview.proof"), "about", page.span)
    return row + 4


def _told(
    page: Page,
    network: ImportedNetwork,
    read: Text,
    row: int,
    blocks: Mapping[str, Block],
    messages: Mapping[str, Area],
) -> None:
    """What becomes of the text: whether something in it is unknown, and whether there is too much of it."""
    lost = "beginning" if read.padding == "before" else "end"
    count, length = blocks["count"].area, blocks["length"].area.absolute
    last, room = count.part(0, count.cols - 1).absolute, _room(read)
    cut, loses = f"AND({length}>{read.room},{last}<{room})", f"OR({length}>{read.room},{last}>{room})"
    cells = {key: messages[f"{key}_{lost}"].absolute for key in ("cut", "loses")}
    long = f'IF({cut},{cells["cut"]},IF({loses},{cells["loses"]},""))'
    said = _long(read, blocks["length"])
    values = message(f"{said}_{lost}", page.labels, read.steps, read.room) if said else ""
    known = typed_text.told(network, read, blocks, {key: area.absolute for key, area in messages.items()})
    for line, (text, value) in enumerate(
        ((known, typed_text.said(network, read, page.labels)), (long, values)), start=row
    ):
        area = page.area(line, _WIDE)
        page.formula("status", area, text, "status", values=[[value]], words=True, form=TEXT)


def _room(read: Text) -> int:
    """How many letters or words the network reads, besides what is put before and behind them."""
    return read.steps - (read.begin is not None) - (read.end is not None)


def _long(read: Text, length: Block) -> str:
    """Whether the text that is typed is too long: "cut", "loses", or "" where it is not."""
    ((pieces,),) = length.values or [[0]]
    count, room = typed_text.counted(read), _room(read)
    if pieces > read.room and count < room:
        return "cut"
    return "loses" if pieces > read.room or count > room else ""


def _answer(
    page: Page, network: ImportedNetwork, equations: Recurrence, row: int, blocks: Mapping[str, Block]
) -> int:
    """What the network says, once or step by step, and how sure it is; the next free row."""
    labels, said = page.labels, result(equations)
    shares = blocks[said.name]
    if network.says_numbers and min(shares.area.rows, shares.area.cols) > 1:
        return _numbers_in_time(page, network, row, blocks, shares)
    if shares.area.cols > 1:
        return _steps(page, network, equations, row, blocks)
    if network.says_numbers:
        return _said_numbers(page, shares, row, _if_said(blocks))
    for name in ("says", "confidence"):
        page.text(row, 1, labels(f"meaning.{equations.equations[name].base}"), "caption")
        page.link(blocks[name], row, _WIDE, style="result")
        row += 1
    if network.ranks:
        page.text(row, _WIDE, meaning(said, equations, labels), "label")
        return _top(page, shares, blocks["labels"], row, _if_said(blocks))
    if 1 < shares.area.rows <= FEW:
        page.text(row, 1, labels("network.labels"), "caption")
        page.link(blocks["labels"], row + 1, 1, style="label")
        around = _if_said(blocks)
        shown = page.link(shares, row + 1, _WIDE, style="output", around=around, trace="shown")
        page.mark(shown, "p")
        row += 1 + shares.area.rows
    return row


def _if_said(blocks: Mapping[str, Block]) -> str:
    """What a formula stands in that shows nothing where nothing is said."""
    return f'IF({blocks["speaks"].area.absolute}=1,{{}},"")'


def _said_numbers(page: Page, said: Block, row: int, around: str) -> int:
    """The numbers that the network says once, below each other; the next free row."""
    count = said.area.rows
    if count == 1:
        page.text(row, 1, page.labels("network.number"), "caption")
    else:
        page.text(row, 1, page.labels("network.said_numbers"), "caption")
        row += 1
        page.units(row, 1, count)
    page.link(said, row, _WIDE, style="result", around=around, trace="shown")
    return row + count


def _steps(
    page: Page, network: ImportedNetwork, equations: Recurrence, row: int, blocks: Mapping[str, Block]
) -> int:
    """What the network says step by step, downwards, and so far; the next free row."""
    labels, shown = page.labels, blocks[result(equations).name]
    steps = shown.area.cols
    if network.answer:
        _answered(page, network, row, steps)
        row += 1
    heads = ["meaning.t", "network.number"]
    if not network.says_numbers:
        heads = ["meaning.t", "meaning.says", f"network.{equations.equations['confidence'].base}"]
        shown = blocks["says"]
        page.link_transposed(blocks["confidence"], row + 1, _FIRST, "output")
    if network.says_numbers:
        page.link_transposed(shown, row + 1, _WIDE, "result", _if_said(blocks), "shown")
    else:
        page.link_transposed(shown, row + 1, _WIDE, "result")
    for col, head in enumerate(heads, start=1):
        page.text(row, col, labels(head), "small")
    page.constants("t", row + 1, 1, [[step] for step in range(1, steps + 1)], "label")
    _tokens(page, network, row, _BESIDE, blocks)
    return row + 1 + steps


def _numbers_in_time(
    page: Page, network: ImportedNetwork, row: int, blocks: Mapping[str, Block], said: Block
) -> int:
    """Several numbers at each step, downwards in time; the next free row."""
    count, steps = said.area.rows, said.area.cols
    page.text(row, 1, page.labels("network.said_numbers"), "caption")
    page.text(row, _WIDE, page.labels("meaning.t"), "label")
    page.units(row, _FIRST, count, across=True)
    page.constants("t", row + 1, _WIDE, [[step] for step in range(1, steps + 1)], "label")
    page.link_transposed(said, row + 1, _FIRST, "result", _if_said(blocks), "shown")
    _tokens(page, network, row, _FIRST + count, blocks)
    return row + 1 + steps


def _tokens(page: Page, network: ImportedNetwork, row: int, col: int, blocks: Mapping[str, Block]) -> None:
    """What is read at each step of what the network says, downwards."""
    if "token" in blocks and network.sequence(network.result.name) == INPUT:
        page.text(row, col, page.labels("meaning.token"), "small")
        page.link_transposed(blocks["token"], row + 1, col, "label")


def _answered(page: Page, network: ImportedNetwork, row: int, steps: int) -> None:
    """The whole answer as one text, and how far it is at each step of the table below."""
    page.text(row, 1, page.labels("meaning.says"), "caption")
    page.text(row + 1, _BESIDE, page.labels("network.so_far"), "small")
    area = page.area(row + 2, _BESIDE, steps)
    whole, last = page.area(row, _WIDE), area.part(steps - 1).a1
    page.formula("so_far", whole, last, "result", trace="so_far", time=steps)
    _so_far(page, network, page.area(row + 2, _WIDE, steps), area)


def _so_far(page: Page, network: ImportedNetwork, says: Area, area: Area) -> None:
    """What has been said up to each step, as one text."""
    blank = "" if network.speaks_letters else '&" "'
    now, before = says.part(1).a1, area.part().a1
    longer = f'IF({now}="",{before},IF({before}="",{now},{before}{blank}&{now}))'
    fills = [Fill(Formula(f'{says.part().a1}&""'), 0, 0, 1, 1)]
    if area.rows > 1:
        fills.append(Fill(Formula(longer), 1, 0, area.rows - 1, 1))
    page.formulas("so_far", area, tuple(fills), "beside", trace="so_far", transposed=True)


def _top(page: Page, shares: Block, names: Block, row: int, around: str) -> int:
    """The greatest results in order, each with its label; the next free row."""
    page.text(row, 1, page.labels("network.top", count=TOP), "caption")
    rank = page.constants("rank", row + 1, _FIRST, [[number] for number in range(1, TOP + 1)], "label")
    cells = shares.area.absolute
    top = page.area(row + 1, _WIDE, TOP)
    text = around.format(f"LARGE({cells},{rank.area.part().a1})")
    block = page.formula("top", top, text, "output", trace="top")
    page.mark(block, "p")
    says = text_or_nothing(f"INDEX({names.area.absolute},MATCH({top.part().a1},{cells},0),1)")
    page.formula("top_says", page.area(row + 1, 1, TOP), around.format(says), "label", trace="top_says")
    return row + 1 + TOP


def _layers(page: Page, network: ImportedNetwork, row: int, sheets: Mapping[str, str]) -> int:
    """The table of layers; the next free row."""
    labels = page.labels
    own = layers.names(network, labels)
    page.text(row, 1, labels("network.layers"), "heading", page.span)
    reads_numbers = isinstance(network.read, Numbers)
    at = _TABLE_OF_NUMBERS if reads_numbers else _TABLE
    for head, col in at.items():
        page.text(row + 1, col, labels(f"network.{head}"), "small")
    told = {layer.name: _what(layer, own, labels) for layer in network}
    fitting = (("layer", own), ("kind", told), ("weights_sheet", sheets))
    for head, texts in fitting[: 1 if reads_numbers else 3]:
        longest = max(map(len, texts.values()), default=0) + 2
        page.sheet.widths[at[head]] = max(page.sheet.widths.get(at[head], 10), min(_WIDEST, longest))
    row = _read(page, reads_numbers, row + 2, at["kind"])
    for line, layer in enumerate(network, start=row):
        along = network.sequence(layer.name)
        numbers = [network.size(layer.name), network.sequences[along] if along else 1, layer.parameters]
        page.text(line, 1, own[layer.name], "link_text", link=own[layer.name])
        page.text(line, at["kind"], told[layer.name])
        page.constants("size", line, at["units"], [numbers], "label", form="whole")
        if layer.name in sheets:
            page.text(line, at["weights_sheet"], sheets[layer.name], "link_text", link=sheets[layer.name])
    return row + 1 + len(network.layers)


def _read(page: Page, reads_numbers: bool, row: int, col: int) -> int:
    """The sheets before those of the layers: what becomes of what is typed; the next free row."""
    keys = ("numbers",) if reads_numbers else ("text", "vocabulary")
    for line, key in enumerate(keys, start=row):
        name = page.labels.sheets[key]
        page.text(line, 1, name, "link_text", link=name)
        page.text(line, col, page.labels(f"{key}.title"))
    return row + len(keys)


def _assumed(page: Page, network: ImportedNetwork, row: int) -> int:
    """What the file did not tell, so that it can be objected to; the next free row."""
    page.text(row, 1, page.labels("network.assumed"), "heading", page.span)
    for line, (key, values) in enumerate(network.assumed, start=row + 1):
        page.text(line, 1, page.labels(f"assumed.{key}", **values), "about", page.span)
    return row + 2 + len(network.assumed)


def _what(layer: ImportedLayer, sheets: Mapping[str, str], labels: Labels) -> str:
    """A layer's kind, activation, what it reads, and what it was called."""
    kind = labels(f"kind.{layer.kind.replace('-', '_')}")
    read = ", ".join(sheets.get(name) or labels(f"network.{name}") for name in layer.names_read)
    key = "network.what_reverse" if layer.reverse else "network.what"
    told = labels(key, kind=" · ".join(filter(None, (kind, layer.activation))), read=read)
    return f"{told} ({layer.source})" if layer.source not in ("", layer.name) else told
