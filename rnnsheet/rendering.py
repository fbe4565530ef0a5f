"""A workbook's pages as pictures or a PDF: LibreOffice prints it, poppler draws what it printed."""

import io
import shutil
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring, tostring

from rnnsheet.checking import libreoffice
from rnnsheet.checking.process import StoppedError, running
from rnnsheet.checking.recalculate import Limit, at_work, remove_leftovers
from rnnsheet.checking.turns import turn
from rnnsheet.errors import RnnsheetError, WorkbookError
from rnnsheet.files import check_free, copy_together, made_folder, temporary_folder
from rnnsheet.labels import sheet_called
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import Contents, read
from rnnsheet.workbook.tags import local

DPI = (20, 600)
_DRAWER = "pdftoppm"
_LIMIT = Limit(40, 4e-4)
"""Of printing, and of drawing."""


def render(
    path: str | Path,
    folder: str | Path = "",
    sheets: Sequence[str] = (),
    dpi: int = 150,
    pdf: bool = False,
    force: bool = False,
) -> list[Path]:
    """Writes each page of a workbook as it is printed as a PNG, or all of them as one PDF; their paths.

    They are named as the workbook and stand beside it, or in `folder`, which is made. `sheets` are those
    wanted, all that are seen where none is named; `dpi` are the pixels per inch, 20 to 600. Raises
    WorkbookError where the file cannot be read, RnnsheetError for a sheet that there is not, another `dpi`,
    or where LibreOffice or poppler is not installed, OutputError where a file cannot be written or is there
    (unless `force`).
    """
    if not (type(dpi) is int and DPI[0] <= dpi <= DPI[1]):
        raise RnnsheetError("wrong_dpi", got=dpi, least=DPI[0], most=DPI[1])
    if not libreoffice.installed():
        raise RnnsheetError("no_engine", engine=libreoffice.NAME)
    if not (pdf or shutil.which(_DRAWER)):
        raise RnnsheetError("no_drawer", program=_DRAWER)
    source = Path(path)
    target = Path(folder) if folder else source.parent
    package = opened(source)
    contents = read(package)
    contents.check_formulas()
    copy = _with_sheets(package.data, package.workbook, _wanted(contents, sheets))
    clear = partial(remove_leftovers, libreoffice)
    with made_folder(target), turn(lambda: None), temporary_folder("render", clear) as own:
        pages = _drawn(contents, copy, own, dpi, pdf)
        written = [target / page.name.replace("book", source.stem, 1) for page in pages]
        for file in written:
            check_free(file, force)
        copy_together(list(zip(pages, written, strict=True)))
    return written


def _wanted(contents: Contents, sheets: Sequence[str]) -> set[str]:
    """The sheets that are printed. Raises RnnsheetError for one that there is not."""
    seen = [name for name, grid in contents.sheets.items() if not grid.view.hidden]
    wanted = set[str]()
    for name in sheets:
        if not (found := sheet_called(name, seen)):
            raise RnnsheetError("no_such_sheet", place=str(contents.path), got=name, known=", ".join(seen))
        wanted.add(found)
    return wanted or set(seen)


def _with_sheets(data: bytes, workbook: str, wanted: set[str]) -> bytes:
    """The same file, in which the other sheets are hidden: they are not printed."""
    copy = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(copy, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename.lstrip("/").lower() == workbook.lower():
                content = _hidden(fromstring(content), wanted)
            target.writestr(item, content)
    return copy.getvalue()


def _hidden(root: Element, wanted: set[str]) -> bytes:
    sheets = [each for each in root.iter() if local(each) == "sheet"]
    for sheet in sheets:
        sheet.set("state", "visible" if sheet.get("name") in wanted else "hidden")
    others = {str(number) for number, sheet in enumerate(sheets) if sheet.get("name") not in wanted}
    for group in (each for each in root if local(each) == "definedNames"):
        # LibreOffice prints the areas of hidden sheets too.
        group[:] = [each for each in group if each.get("localSheetId") not in others]
    first = next(number for number, sheet in enumerate(sheets) if sheet.get("name") in wanted)
    for window in (each for each in root.iter() if local(each) == "workbookView"):
        window.attrib.update(activeTab=str(first), firstSheet="0")
    return tostring(root, encoding="unicode").encode()


def _drawn(contents: Contents, copy: bytes, folder: Path, dpi: int, pdf: bool) -> list[Path]:
    """What is drawn of a copy, in the folder: pictures by the numbers of the pages, or the PDF."""
    file, printed = folder / "book.xlsx", folder / "out" / "book.pdf"
    file.write_bytes(copy)
    _run(libreoffice.conversion(file, folder, "pdf:calc_pdf_Export"), contents, folder)
    if not printed.is_file():
        raise _failed(libreoffice.NAME, contents, StoppedError("no_output"))
    if pdf:
        return [printed]
    _run([_DRAWER, "-r", str(dpi), "-png", str(printed), str(printed.with_suffix(""))], contents, folder)
    return sorted(printed.parent.glob("*.png"))


def _run(command: Sequence[str], contents: Contents, folder: Path) -> None:
    """Runs a program to its end. Raises WorkbookError where it fails, or takes too long."""
    with running(lambda _: at_work(command, folder, contents.cells, _LIMIT), "render-program") as program:
        try:
            program.output(_LIMIT.seconds(contents.cells))
        except StoppedError as error:
            raise _failed(Path(command[0]).stem, contents, error) from None


def _failed(program: str, contents: Contents, reason: StoppedError) -> WorkbookError:
    return WorkbookError("engine_failed", place=str(contents.path), engine=program, reason=reason)
