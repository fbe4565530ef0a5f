"""What is said of the text that is typed into the book of an imported network: as a formula, and as words."""

from collections.abc import Mapping

from rnnsheet.labels import Labels
from rnnsheet.network.imported import CURLY, STRAIGHT, ImportedNetwork, Text
from rnnsheet.network.reading import FULL_WIDTH
from rnnsheet.sheet.pages.manifest import message
from rnnsheet.sheet.plan import Block

_NOT_WHOLE = "-./"
"""Signs that belong to numbers which are no token's."""


def told(network: ImportedNetwork, read: Text, blocks: Mapping[str, Block], cells: Mapping[str, str]) -> str:
    """The formula that says what is wrong with the text; `cells` are those of the messages."""
    typed, text = blocks["text"].area.a1, blocks["typed"].area.absolute
    places, count = blocks["place"].area.absolute, blocks["count"].area
    last = count.part(0, count.cols - 1).absolute
    first = f"INDEX({blocks['piece'].area.absolute},1,MATCH(0,{places},0))"
    code, (low, high) = f"_xlfn.UNICODE({first})", map(ord, FULL_WIDTH)
    wide = f'IF(AND({code}>={low},{code}<={high}),"“"&{first}&"”: "&{cells["is_full_width"]}&" ","")'
    unknown = f'COUNT({places})>COUNTIF({places},">0")'
    known = f'IF({unknown},{cells[_unknown(read)]},"")'
    known = f"IF({last}=0,{cells['nothing']},{known})"
    known = f'IF({unknown},{wide},"")&{known}'
    if _are_numbers(network):
        without = text
        for sign in _NOT_WHOLE:
            without = f'SUBSTITUTE({without},"{sign}","")'
        known = f"IF(LEN({without})<LEN({text}),{cells['not_whole']},{known})"
    known = f'IF({blocks["clean"].area.absolute}="",{cells["nothing_typed"]},{known})'
    return f"IF(ISERROR({typed}),{cells['typed_error']},{known})"


def said(network: ImportedNetwork, read: Text, labels: Labels) -> str:
    """The same as words, of the text as it is; "" where nothing is wrong."""

    def put(key: str) -> str:
        return message(key, labels, read.steps, read.room)

    if not read.pieces(read.sample):
        return put("nothing_typed")
    if _are_numbers(network) and set(_NOT_WHOLE) & set(read.sample):
        return put("not_whole")
    unknown = _unknown_pieces(read)
    wide = unknown and FULL_WIDTH[0] <= unknown[0][0] <= FULL_WIDTH[1]
    kind = f"“{unknown[0]}”: {put('is_full_width')} " if wide else ""
    if not counted(read):
        return kind + put("nothing")
    return kind + (put(_unknown(read)) if unknown else "")


def counted(read: Text) -> int:
    """How many letters or words of the text are read."""
    left_out = 0 if read.unknown is not None else len(_unknown_pieces(read))
    return len(read.looked_at(read.pieces(read.sample))) - left_out


def _unknown_pieces(read: Text) -> list[str]:
    known = read.numbers
    found = read.looked_at(read.pieces(read.sample))
    return [piece for piece in found if piece not in known and piece.replace(CURLY, STRAIGHT) not in known]


def _unknown(read: Text) -> str:
    """The message of what the vocabulary does not have."""
    return f"left_out_{read.unit}" if read.unknown is None else "read_as_unknown"


def _are_numbers(network: ImportedNetwork) -> bool:
    """Whether the numbers of tokens are typed, as there is no vocabulary."""
    return any(key == "token_numbers" for key, _ in network.assumed)
