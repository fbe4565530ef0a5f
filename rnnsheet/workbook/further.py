"""What a worksheet's part holds besides what is read of it: named, so that it can be told.

Source of the elements: ECMA-376, part 1, 18.3; Microsoft, [MS-XLSX].
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from xml.etree.ElementTree import Element

from rnnsheet.workbook.tags import local, truth

_KNOWN = frozenset(
    (
        *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr"),
        *("sheetProtection", "protectedRanges", "sortState", "mergeCells", "phoneticPr"),
        *("conditionalFormatting", "conditionalFormattings", "dataValidations", "hyperlinks"),
        *("printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks"),
        *("ignoredErrors", "cellWatches", "customProperties", "drawing", "legacyDrawing", "legacyDrawingHF"),
        *("picture", "tableParts"),
    )
)
"""The elements that are looked at, or change nothing that is seen of cells."""
_AROUND = ("AlternateContent", "Choice", "Fallback", "extLst", "ext")
"""The elements that hold others which count as if they stood there themselves."""
_USUAL: Mapping[str, bool] = {
    "rightToLeft": False,
    "transitionEvaluation": False,
    "enableFormatConditionsCalculation": True,
}
"""The attributes by which a program computes or shows all of a sheet in another way, and what is usual."""
_KINDS: Mapping[str, str] = {
    "drawing": "drawing",
    "legacyDrawing": "vmlDrawing",
    "legacyDrawingHF": "vmlDrawing",
    "picture": "image",
    "tablePart": "table",
    "hyperlink": "hyperlink",
    "pageSetup": "printerSettings",
    "customPr": "customProperty",
}
"""Per element that names a relationship, the kind of that one."""
_MOST = 50
"""So many names are told of a sheet: programs know no more, a stranger may make up any number."""
_LOOKED_AT = frozenset((*_KINDS.values(), "comments", "threadedComment"))
"""The kinds that are looked at, or told by themselves."""


def further(root: Element, links: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
    """What a part, without its rows, holds or leads to that is not looked at, by the names of that.

    Raises ValueError where an element leads to a part by a relationship of another kind: some programs go by
    the one, some by the other.
    """
    for element in root.iter():
        kinds = {links.get(value, ("",))[0] for name, value in element.items() if name.endswith("}id")}
        if (wanted := _KINDS.get(local(element), "")) and kinds - {wanted}:
            raise ValueError(f"{local(element)}: {', '.join(kinds)}")
    led_to = (kind.rpartition("/")[2] for kind, _ in links.values())
    found = [*_elements(root), *_attributes(root), *(kind for kind in led_to if kind not in _LOOKED_AT)]
    return tuple(islice(dict.fromkeys(found), _MOST))


def _elements(root: Element) -> Iterator[str]:
    # Not by recursion: strangers nest as deep as they like.
    found = list(root)
    for element in found:
        if local(element) in _AROUND:
            found.extend(element)
        elif local(element) not in _KNOWN:
            yield local(element)


def _attributes(root: Element) -> Iterator[str]:
    for element in root.iter():
        for name in _USUAL.keys() & element.keys():
            if truth(element.get(name)) != _USUAL[name]:
                yield name
