"""A workbook's pages as pictures and PDF, by a real LibreOffice and poppler; and what is refused."""

import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from rnnsheet import rendering
from rnnsheet.checking import libreoffice
from rnnsheet.errors import RnnsheetError
from rnnsheet.rendering import render
from tests.command import rnnsheet
from tests.conftest import INSTALL

PNG = b"\x89PNG\r\n\x1a\n"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return rnnsheet("render", *map(str, arguments), cwd=Path.cwd())


@pytest.fixture
def libreoffice_is_here() -> None:
    if not libreoffice.installed():
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-calc")
    if not shutil.which("pdftoppm"):
        pytest.skip("poppler is not installed: apt-get install poppler-utils")


@pytest.mark.slow
def test_pictures_of_the_sheets_that_are_wanted(libreoffice_is_here, hello_xlsx, tmp_path):
    pytest.importorskip("PIL", reason=f"Pillow {INSTALL}")
    from PIL import Image

    tmp_path = tmp_path / "new" / "pictures"
    ended = run(hello_xlsx, "-o", tmp_path, "--sheets", "Overview, Loss", "--dpi", 50)
    assert (ended.returncode, ended.stderr) == (0, "")
    pictures = sorted(tmp_path.iterdir())
    assert 2 <= len(pictures) <= 3
    assert pictures[0].read_bytes().startswith(PNG)
    assert ended.stdout.splitlines() == [f"{picture} is written." for picture in pictures]
    for picture in pictures:
        darkest, lightest = Image.open(picture).convert("L").getextrema()
        assert darkest < 100
        assert lightest == 255
    again = run(hello_xlsx, "-o", tmp_path, "--sheets", "Overview, Loss", "--dpi", 50)
    assert again.returncode == 2
    assert len(again.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_pdf_of_all_sheets(libreoffice_is_here, hello_xlsx, tmp_path):
    (written,) = render(hello_xlsx, tmp_path, pdf=True)
    assert written.name == "hello.pdf"
    assert written.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sheets", "Los"), "there is no sheet 'Los'; expected some of: Overview, Inputs,"),
        (("--sheets", "rnnsheet"), "there is no sheet 'rnnsheet';"),
        (("--dpi", "10"), "--dpi is 10; expected a whole number from 20 to 600"),
        (("-o", Path(__file__) / "pictures"), "pictures: cannot be written (Not a directory)"),
    ],
)
def test_a_mistake_is_one_line(libreoffice_is_here, hello_xlsx, arguments, said):
    ended = run(hello_xlsx, *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_what_is_missing_is_told_with_how_to_get_it(monkeypatch, hello_xlsx, tmp_path):
    monkeypatch.setattr(libreoffice, "installed", lambda: True)
    monkeypatch.setattr(rendering.shutil, "which", lambda name: None)
    with pytest.raises(RnnsheetError, match="apt-get install poppler-utils"):
        render(hello_xlsx, tmp_path)
    monkeypatch.setattr(libreoffice, "installed", lambda: False)
    with pytest.raises(RnnsheetError, match="libreoffice is not installed"):
        render(hello_xlsx, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_drawn_of_what_could_act(libreoffice_is_here, hello_xlsx, tmp_path):
    path = tmp_path / "macros.xlsx"
    path.write_bytes(Path(hello_xlsx).read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"")
    with pytest.raises(RnnsheetError, match="macros"):
        render(path, tmp_path)
