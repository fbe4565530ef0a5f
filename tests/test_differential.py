"""Oddly written workbooks, each read by ours and by others: where two differ, no check calls it right."""

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ironcalc
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnnsheet
from rnnsheet.checking.engines import ENGINES
from rnnsheet.checking.recalculate import Recalculation
from rnnsheet.sheet.bounds import LAST_COLUMN
from rnnsheet.workbook.copy import copied
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import Contents, read
from rnnsheet.workbook.texts import unescaped
from tests.lessons import hello
from tests.test_engines import skip_without
from tests.test_reading import parts, save

Parts = dict[str, bytes]
Cells = dict[tuple[str, int, int], Any]

WORKBOOK = "xl/workbook.xml"
_CELL = re.compile(r'<c r="[A-Z]+\d+"[^>]*?(?:/>|>.*?</c>)')
_ROW = re.compile(r"<row [^>]*>.*?</row>")

NUMBERS = [
    *(" {}", "{} ", "\n{}", "\u00a0{}", "+{}", "-{}", "0{}", "{}0", "{}.", "{}e0", "{}E+00", "{}d0", "{}f"),
    *("{},0", "&#32;{}", "<!---->{}", "{}<x/>", "1e-400", "-1e-400", "4.9e-324", "1e-320", "-0", "1e400"),
    *("0x1", "1_0", "inf", "nan", "", " ", "TRUE", "true", "#N/A", "\u0661", "\uff11", "1/2", "50%", "1 000"),
]
TYPES = ["n", "str", "b", "e", "s", "inlineStr", "d", "x", "", " n", "N"]
FORMULAS = [
    *(
        " {}",
        "{} ",
        "\n{}",
        "={}",
        "+{}",
        "({})",
        "{}+0",
        "{}+1",
        "\u00a0{}",
        "&#13;{}",
        "{}&#8203;",
        "<!---->{}",
    ),
    *("_x0020_{}", "{}_x0020_", "N({})", "_xlfn.{}", "{}<x/>", "1", "", '"1"', "RC", "R1C1", "@{}", "{}#"),
]
FORMULA_TAGS = [
    *(
        '<f t="normal">',
        '<f ca="1">',
        '<f t="array" ref="A1">',
        '<f t="shared" si="70" ref="A1:Z900">',
        "<f> ",
    ),
    *(
        '<f t="shared" si="70">',
        '<f t="shared">',
        '<f t="dataTable" ref="A1" r1="A2">',
        '<f bx="1">',
        '<f t="x">',
    ),
    *('<f xml:space="preserve">', "<f>1</f><f>", '<f t="array">', '<f aca="true">'),
]
TEXTS = [
    *(
        "{}_x0041_",
        "_x0041_{}",
        "{}_x41_",
        "_x005F_x0041_{}",
        " {}",
        "{} ",
        "{}\n",
        "{}\t",
        "{}&#13;",
        "{}&#10;",
    ),
    *(
        "{}</t></r><r><t>x",
        "{}</t><t>x",
        '{}</t><rPh sb="0" eb="1"><t>x</t></rPh><t>',
        "{}&#x200b;",
        "{}\u0301",
    ),
]


def of_cell(change: Callable[[st.DataObject, str], str]) -> Callable[[st.DataObject, Parts], None]:
    """A change of one cell."""

    def changed(data: st.DataObject, contents: Parts) -> None:
        part = data.draw(st.sampled_from(sorted(name for name in contents if "worksheets/sheet" in name)))
        text = contents[part].decode()
        cells = list(_CELL.finditer(text))
        found = cells[data.draw(st.integers(0, len(cells) - 1))]
        contents[part] = (text[: found.start()] + change(data, found[0]) + text[found.end() :]).encode()

    return changed


def spelled(pattern: str, templates: list[str]) -> Callable[[st.DataObject, str], str]:
    def change(data: st.DataObject, cell: str) -> str:
        template = data.draw(st.sampled_from(templates))
        return re.sub(
            pattern, lambda found: found[1] + template.replace("{}", found[2]) + found[3], cell, count=1
        )

    return change


def typed(data: st.DataObject, cell: str) -> str:
    kind = data.draw(st.sampled_from(TYPES))
    return re.sub(r"<c ", f'<c t="{kind}" ', re.sub(r' t="[^"]*"', "", cell), count=1)


def tagged(data: st.DataObject, cell: str) -> str:
    place = re.search(r'r="([A-Z]+\d+)"', cell)
    assert place
    tag = data.draw(st.sampled_from(FORMULA_TAGS)).replace('ref="A1"', f'ref="{place[1]}"')
    return cell.replace("<f>", tag, 1)


def doubled(data: st.DataObject, cell: str) -> str:
    more = ["<v>1</v>", "<is><t>1</t></is>", "<f>1</f>", "<is/>", "<v/>", "<f/>", "<extLst/>", "<x/>"]
    added = data.draw(st.sampled_from(more))
    ends = [cell.replace("</c>", f"{added}</c>"), re.sub(r"(<c [^>]*[^/]>)", rf"\1{added}", cell, count=1)]
    return data.draw(st.sampled_from(ends))


def placed(data: st.DataObject, cell: str) -> str:
    """Twice, elsewhere, or nowhere said."""
    place = re.search(r' r="([A-Z]+)(\d+)"', cell)
    assert place
    own, (letters, row) = place[0], place.groups()
    others = [
        "",
        f' r="{letters.lower()}{row}"',
        f' r="${letters}${row}"',
        f' r=" {letters}{row}"',
        ' r="A1"',
    ]
    others += [f' r="{letters}0{row}"', f' r="{letters}{int(row) + 1}"', f' r="R{row}C1"', f'{own} R="A1"']
    other = cell.replace(own, data.draw(st.sampled_from(others)))
    return data.draw(st.sampled_from([other, cell + other, other + cell, cell + cell]))


def rows(data: st.DataObject, contents: Parts) -> None:
    part = data.draw(st.sampled_from(sorted(name for name in contents if "worksheets/sheet" in name)))
    text = contents[part].decode()
    found = list(_ROW.finditer(text))
    at = data.draw(st.integers(0, len(found) - 2))
    one, two = found[at], found[at + 1]
    nowhere = re.sub(r' r="\d+"', "", one[0], count=1)
    pairs = [
        two[0] + one[0],
        one[0] * 2 + two[0],
        nowhere + two[0],
        one[0] + one[0].replace(' r="', ' r="0', 1),
    ]
    pairs += [one[0].replace("<row ", '<row hidden="1" spans="1:1" '), f"<!----> {one[0]}{two[0]}"]
    contents[part] = (text[: one.start()] + data.draw(st.sampled_from(pairs)) + text[two.end() :]).encode()


def shared(data: st.DataObject, contents: Parts) -> None:
    """Formulas of one column as one, or almost."""
    part = data.draw(st.sampled_from(sorted(name for name in contents if "worksheets/sheet" in name)))
    text = contents[part].decode()
    masters = list(re.finditer(r'<c r="([A-Z]+)(\d+)"([^>]*)><f>([^<]*)</f>', text))
    if not masters:
        return
    found = masters[data.draw(st.integers(0, len(masters) - 1))]
    col, row = found[1], int(found[2])
    last = row + data.draw(st.integers(0, 2))
    area = data.draw(st.sampled_from([f"{col}{row}:{col}{last}", f"{col}{row}", f"A1:{col}{last}"]))
    text = text.replace(
        found[0], f'<c r="{col}{row}"{found[3]}><f t="shared" si="7" ref="{area}">{found[4]}</f>'
    )
    for below in range(row + 1, last + 1):
        own = data.draw(st.sampled_from(["", found[4], r"\3", "1"]))
        index = data.draw(st.sampled_from(["7", "7", "7", "07", "8", ""]))
        pattern = rf'(<c r="{col}{below}"([^>]*)>)<f>([^<]*)</f>'
        if own != r"\3":
            own = own.replace("\\", r"\\")
        text = re.sub(pattern, rf'\1<f t="shared" si="{index}">{own}</f>', text, count=1)
    contents[part] = text.encode()


def texts(data: st.DataObject, contents: Parts) -> None:
    """One text of the table."""
    part = "xl/sharedStrings.xml"
    text = contents[part].decode()
    found = list(re.finditer(r"(<t[^>]*>)([^<]*)(</t>)", text))
    at = found[data.draw(st.integers(0, len(found) - 1))]
    other = spelled(r"(<t[^>]*>)([^<]*)(</t>)", TEXTS)(data, at[0])
    contents[part] = (text[: at.start()] + other + text[at.end() :]).encode()


IN_WORKBOOK = [
    ("<workbookPr/>", '<workbookPr date1904="1"/>'),
    *(("<calcPr ", f"<calcPr {more} ") for more in ('iterate="1"', 'refMode="R1C1"', 'calcMode="manual"')),
    *(("<calcPr ", f"<calcPr fullPrecision={more} ") for more in ('"0"', '"off"', '"1"', '" 0"')),
    *(
        ('name="Inputs"', f'name="{name}"')
        for name in ("INPUTS", "inputs", "Inputs ", "\uff29nputs", "_x0049_nputs")
    ),
    ("<sheets>", '<sheets><sheet name="INPUTS" sheetId="99" r:id="rId1"/>'),
    ('state="visible"', 'state="veryHidden"'),
    *(
        ("<definedNames>", f'<definedNames><definedName name="{name}"{own}>Inputs!$A$1</definedName>')
        for name in ("Wxh", "WXH", "whh", "A1", "R1C1", "_x0057_xh", "\uff37hh", "other")
        for own in ("", ' localSheetId="0"', ' localSheetId="2"', ' localSheetId="02"', ' hidden="1"')
    ),
]


def workbook(data: st.DataObject, contents: Parts) -> None:
    old, new = data.draw(st.sampled_from(IN_WORKBOOK))
    contents[WORKBOOK] = contents[WORKBOOK].replace(old.encode(), new.encode(), 1)


CHANGES: Mapping[str, Callable[[st.DataObject, Parts], None]] = {
    "number": of_cell(spelled(r"(<v>)([^<]*)(</v>)", NUMBERS)),
    "formula": of_cell(spelled(r"(<f>)([^<]*)(</f>)", FORMULAS)),
    "formula's tag": of_cell(tagged),
    "type": of_cell(typed),
    "twice": of_cell(doubled),
    "place": of_cell(placed),
    "rows": rows,
    "shared": shared,
    "texts": texts,
    "workbook": workbook,
}


def zipped(data: st.DataObject, contents: Parts) -> bytes:
    """The file, mostly as it should be."""
    odd = data.draw(
        st.sampled_from(["", "", "", "", "before", "behind", "comment", "twice", "capitals", "\\", "./"])
    )
    file = io.BytesIO()
    part = data.draw(st.sampled_from(sorted(contents)))
    other = contents["xl/worksheets/sheet2.xml"].replace(b"<v>0", b"<v>1")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in contents.items():
            if name == part and odd in ("\\", "./"):
                name = name.replace("/", "\\") if odd == "\\" else f"./{name}"
            book.writestr(name, content)
        if odd == "twice":
            book.writestr("xl/worksheets/sheet2.xml", other)
        if odd == "capitals":
            book.writestr("xl/worksheets/SHEET2.xml", other)
        if odd == "comment":
            book.comment = b"PK\5\6"
    whole = file.getvalue()
    return {"before": b"PK" + whole, "behind": whole + b"PK"}.get(odd, whole)


def by_ours(contents: Contents, formulas: bool) -> Cells:
    found: Cells = {}
    for name, grid in contents.sheets.items():
        cells = {**grid.values, **({c: f"={text}" for c, text in grid.formulas.items()} if formulas else {})}
        found |= {(name, c // LAST_COLUMN, c % LAST_COLUMN + 1): value for c, value in cells.items()}
    return _without_empty(found)


def by_openpyxl(path: Path, formulas: bool) -> Cells:
    book = openpyxl.load_workbook(path, data_only=not formulas)
    return _without_empty(
        {
            (sheet.title, cell.row, cell.column): getattr(cell.value, "text", cell.value)
            for sheet in book.worksheets
            for row in sheet
            for cell in row
        }
    )


def by_ironcalc(path: Path) -> Cells:
    model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
    model.evaluate()
    names = [sheet["name"] for sheet in model.get_worksheets_properties()]
    return _without_empty(
        {(names[sheet], *at): model.get_cell_value(sheet, *at) for sheet, *at in model.get_all_cells()}
    )


def by_libreoffice(data: bytes, contents: Contents) -> Cells:
    with TemporaryDirectory() as folder:
        found = Recalculation(ENGINES["libreoffice"], contents, data, Path(folder)).values()
    return _without_empty(
        {
            (name, cell // LAST_COLUMN, cell % LAST_COLUMN + 1): value
            for name, cells in found.sheets.items()
            for cell, value in cells.items()
        }
    )


def _without_empty(cells: Cells) -> Cells:
    """None and "" are the same to a reader."""
    return {place: value for place, value in cells.items() if value not in (None, "")}


def unlike(found: Callable[[], Cells], expected: Cells) -> list[object]:
    """Where a reader finds something else; nothing where it reads no such file."""
    try:
        cells = found()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return []
    return [
        (place, cells.get(place), expected.get(place))
        for place in cells.keys() | expected.keys()
        if expected.get(place) not in _readings(cells.get(place))
    ][:5]


def _readings(value: Any) -> tuple[Any, ...]:
    """What a value says: IronCalc and openpyxl leave `_x0041_` in a text; Excel and LibreOffice read A."""
    return (value, unescaped(value)) if isinstance(value, str) else (value,)


@pytest.fixture(scope="module")
def small_xlsx(tmp_path_factory) -> Path:
    return rnnsheet.export(hello(), tmp_path_factory.mktemp("small") / "small.xlsx", "en", epochs=1)


def checked(path: Path) -> Contents | None:
    """What was read, if the check says that all is right."""
    try:
        if not rnnsheet.check(path).ok:
            return None
    except rnnsheet.RnnsheetError:
        return None
    return read(opened(path))


def drawn(data: st.DataObject, source: Path, target: Path) -> Path:
    contents = parts(source)
    for name in data.draw(st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=2)):
        CHANGES[name](data, contents)
    target.write_bytes(zipped(data, contents))
    return target


def compare(path: Path, contents: Contents, folder: Path) -> None:
    (copy := folder / "copy.xlsx").write_bytes(copied(contents))
    assert unlike(lambda: by_openpyxl(path, formulas=True), by_ours(contents, formulas=True)) == []
    assert unlike(lambda: by_openpyxl(path, formulas=False), by_ours(contents, formulas=False)) == []
    assert unlike(lambda: by_ironcalc(path), by_ironcalc(copy)) == []


@pytest.mark.slow
@settings(max_examples=25)
@given(data=st.data())
def test_where_readers_differ_no_check_says_all_right(small_xlsx, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("odd")
    path = drawn(data, small_xlsx, folder / "odd.xlsx")
    if contents := checked(path):
        compare(path, contents, folder)


@pytest.mark.slow
@settings(max_examples=4)
@given(data=st.data())
def test_where_libreoffice_differs_no_check_says_all_right(small_xlsx, tmp_path_factory, data):
    skip_without("libreoffice")
    path = drawn(data, small_xlsx, tmp_path_factory.mktemp("odd") / "odd.xlsx")
    if contents := checked(path):
        original = by_libreoffice(path.read_bytes(), contents)
        assert unlike(lambda: original, by_libreoffice(copied(contents), contents)) == []


def test_the_readers_read(small_xlsx, tmp_path):
    """And agree on an honest book, so that no difference is one of theirs."""
    contents = checked(save(parts(small_xlsx), tmp_path / "own.xlsx"))
    assert contents
    cells = by_ours(contents, formulas=True)
    assert len(cells) > 1000
    assert by_openpyxl(small_xlsx, formulas=True) == cells
    assert len(by_ironcalc(small_xlsx)) > 1000
    compare(small_xlsx, contents, tmp_path)
