"""Which part of a file is what: what leads to it, its type and its name must say the same of it.

Programs find the workbook, its texts and its styles by relationships, by types, or where they mostly stand.
"""

from collections.abc import Collection, Iterable, Mapping
from xml.etree.ElementTree import Element

NAME = "[Content_Types].xml"
_SPACE = "{http://schemas.openxmlformats.org/package/2006/content-types}"
_SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_MICROSOFT = "application/vnd.ms-excel."
_KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "officeDocument": (
        "xl/workbook.xml",
        (
            *(f"{_SHEETS}{kind}.main+xml" for kind in ("sheet", "template")),
            *(f"{_MICROSOFT}{kind}.macroEnabled.main+xml" for kind in ("sheet", "template", "addin")),
        ),
    ),
    "worksheet": ("", (f"{_SHEETS}worksheet+xml",)),
    "sharedStrings": ("xl/sharedStrings.xml", (f"{_SHEETS}sharedStrings+xml",)),
    "styles": ("xl/styles.xml", (f"{_SHEETS}styles+xml",)),
    "theme": ("xl/theme/theme1.xml", ("application/vnd.openxmlformats-officedocument.theme+xml",)),
}
"""Per kind, by its relationship, where some programs look for it, and its types."""


def check_types(root: Element, parts: Iterable[str], linked: Mapping[str, Collection[str]]) -> None:
    """Raises ValueError where programs could take another part for one of a kind than those `linked`."""
    types = _types(root)
    found = {part.lower(): _type(types, part) for part in parts if part != NAME}
    for kind, (usual, wanted) in _KINDS.items():
        ours, known = {part.lower() for part in linked.get(kind, ())}, {each.lower() for each in wanted}
        typed = {part for part, its in found.items() if its in known}
        if other := (ours ^ typed) | ({usual.lower()} & found.keys()) - ours:
            raise ValueError(f"{NAME}: {kind}: {min(other)}")


def _types(root: Element) -> Mapping[str, str]:
    """The type of each part that is named, by /name, and of each ending. Raises ValueError for one twice."""
    types: dict[str, str] = {}
    taken: set[str] = set()
    for each in root:
        name = {f"{_SPACE}Default": "Extension", f"{_SPACE}Override": "PartName"}.get(each.tag)
        place = each.get(name or "", "")
        if not place or place.lower() in taken or root.tag != f"{_SPACE}Types":
            raise ValueError(f"{NAME}: {place or each.tag}")
        taken.add(place.lower())
        types[place if name == "PartName" else place.lower()] = each.get("ContentType", "").lower()
    return types


def _type(types: Mapping[str, str], part: str) -> str:
    return types.get(f"/{part}") or types.get(part.rpartition(".")[2].lower(), "")
