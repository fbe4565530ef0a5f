"""Nothing of a stranger's file makes an engine call or read elsewhere: seen by a listener and by strace."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnnsheet.checking import check, process
from rnnsheet.checking.engines import ENGINES
from rnnsheet.checking.process import Program, without_network
from rnnsheet.checking.recalculate import recalculations
from rnnsheet.workbook.package import opened
from rnnsheet.workbook.read import read
from tests.listener import listener
from tests.test_engines import skip_without
from tests.test_reading import parts, save

SPACE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CALL = (
    "import socket, sys\n"
    "try: socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)\n"
    "except OSError as error: print(error)\n"
)


def with_all_that_may_call(source: Path, target: Path, elsewhere: Path, port: int) -> Path:
    """A workbook with every kind of content that leads elsewhere and is not refused."""
    contents = parts(source)
    url, file = f"http://127.0.0.1:{port}/", elsewhere.as_uri()
    targets = [f"{url}a.png", f"{url}a.svg", f"{file}/a.png", f"file://127.0.0.1/{port}/a"]
    targets.append(r"\\127.0.0.1\a\b")
    links = "".join(
        f'<Relationship Id="away{n}" Type="{SPACE}/hyperlink" Target="{each}" TargetMode="External"/>'
        for n, each in enumerate(targets)
    )
    pictures = "".join(
        '<xdr:oneCellAnchor xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><xdr:from><xdr:col>1</xdr:col>'
        "<xdr:colOff>0</xdr:colOff><xdr:row>1</xdr:row><xdr:rowOff>0</xdr:rowOff></xdr:from>"
        f'<xdr:ext cx="9525" cy="9525"/><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="{99 + n}" name="p{n}"/>'
        f'<xdr:cNvPicPr/></xdr:nvPicPr><xdr:blipFill><a:blip xmlns:r="{SPACE}" r:link="away{n}"/>'
        '</xdr:blipFill><xdr:spPr><a:prstGeom prst="rect"/></xdr:spPr></xdr:pic><xdr:clientData/>'
        "</xdr:oneCellAnchor>"
        for n, _ in enumerate(targets)
    )
    drawing, of_drawing = "xl/drawings/drawing2.xml", "xl/drawings/_rels/drawing2.xml.rels"
    contents[of_drawing] = contents[of_drawing].replace(
        b"</Relationships>", f"{links}</Relationships>".encode()
    )
    contents[drawing] = re.sub(rb"</(\w+:)?wsDr>", pictures.encode() + rb"\g<0>", contents[drawing])
    formula = f"WEBSERVICE(&quot;{url}&quot;)"
    rules = (
        '<conditionalFormatting sqref="A90"><cfRule type="colorScale" priority="99"><colorScale>'
        f'<cfvo type="formula" val="{formula}"/><cfvo type="max"/><color rgb="FFFF0000"/>'
        '<color rgb="FF00FF00"/></colorScale></cfRule></conditionalFormatting>'
    )
    sheet = "xl/worksheets/sheet1.xml"
    cells = rb"</sheetData>(<mergeCells.*?</mergeCells>)?"
    contents[sheet] = re.sub(cells, rb"\g<0>" + rules.encode(), contents[sheet])
    assert rules.encode() in contents[sheet]
    picture = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>'
    contents["xl/media/a.svg"] = picture.encode()
    return save(contents, target)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_no_engine_calls_or_reads_elsewhere(hello_xlsx, tmp_path, monkeypatch, engine):
    skip_without(engine)
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed")
    (home := tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(home))
    # So that what is not called is not called without the name space either.
    monkeypatch.setattr(process, "_ALONE", ("false",))
    without_network.cache_clear()
    trace, command = tmp_path / "trace", ENGINES[engine].command
    traced = [strace, "-f", "-qq", "-y", "-o", str(trace), "-e", "trace=connect,sendto,open,openat"]
    monkeypatch.setattr(ENGINES[engine], "command", lambda *own: [*traced, *command(*own)])
    (temporary := tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with listener() as (port, calls):
        book = with_all_that_may_call(hello_xlsx, home / "book.xlsx", home, port)
        (report,) = check.checks(book, check.TOLERANCE, [ENGINES[engine]])
    without_network.cache_clear()
    assert report.ok
    lines = trace.read_text(errors="replace").splitlines()
    assert calls == []
    assert [line for line in lines if re.search(r"(connect|sendto)\(.*AF_INET", line)] == []
    found = {str(path) for line in lines for path in _opened(line)}
    assert any(path.startswith(str(temporary)) for path in found), "nothing was traced"
    # LibreOffice looks into these for its socket.
    elsewhere = found - {"/tmp", "/var/tmp"}
    assert [path for path in elsewhere if not path.startswith((str(temporary), *_allowed()))] == []


def _allowed() -> set[str]:
    """The folders of the system, and of Python with the engine's program."""
    system = ("/usr", "/lib", "/etc", "/proc", "/sys", "/dev", "/opt", "/var/cache", "/var/lib", "/run")
    python = (sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), *filter(None, sys.path))
    return {*system, *python, *(str(Path(each).resolve()) for each in (*python, sys.executable))}


def _opened(line: str) -> Iterator[Path]:
    """What one line of strace says that was opened; what was not there is not."""
    found = re.search(r'open(?:at)?\((?:AT_FDCWD<(.*?)>, |\d+<(.*?)>, )?"(.*?)", .*\) = \d+', line)
    if found:
        yield Path(os.path.normpath(Path(found[1] or found[2] or "/", found[3])))


def test_what_an_engine_calls_is_not_reached(tmp_path):
    """Whatever an engine did: it has no network, where the system lets us."""
    if not without_network():
        pytest.skip("the system lets no program have a name space of its own")
    with listener() as (port, calls):
        program = [sys.executable, "-c", CALL, str(port)]
        assert Program(program, tmp_path).output(60) == b""
        said = Program([*without_network(), *program], tmp_path).output(60)
    assert b"unreachable" in said
    assert len(calls) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_begins_without_a_network(hello_xlsx, monkeypatch, engine):
    skip_without(engine)
    if not without_network():
        pytest.skip("the system lets no program have a name space of its own")
    begun: list[list[str]] = []
    popen = subprocess.Popen

    def recorded(command, **more):
        begun.append(command)
        return popen(command, **more)

    monkeypatch.setattr(subprocess, "Popen", recorded)
    with recalculations([ENGINES[engine]], read(opened(hello_xlsx))):
        alone = " ".join(without_network())
        assert f" {alone} " in " ".join(begun[-1])


@pytest.mark.parametrize("unshare", ["missing", "forbidden"])
def test_where_the_system_does_not_let_us_the_check_goes_on(hello_xlsx, tmp_path, monkeypatch, unshare):
    stand_in = tmp_path / "unshare"
    if unshare == "forbidden":
        stand_in.write_text("#!/bin/sh\nexit 1\n")
        stand_in.chmod(0o755)
    monkeypatch.setattr(process, "_ALONE", (str(stand_in), *process._ALONE[1:]))
    without_network.cache_clear()
    try:
        assert without_network() == ()
        assert check.check(hello_xlsx).ok
    finally:
        without_network.cache_clear()


@pytest.mark.slow
def test_libreoffice_asks_for_no_printer(hello_xlsx, tmp_path, monkeypatch):
    """Given the whole file instead of the copy, it would: for the pages that are set up there."""
    skip_without("libreoffice")
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed")
    monkeypatch.setattr("rnnsheet.checking.recalculate.copied", lambda contents: hello_xlsx.read_bytes())
    engine, trace = ENGINES["libreoffice"], tmp_path / "trace"
    command = engine.command
    traced = [strace, "-f", "-qq", "-o", str(trace), "-e", "trace=connect"]
    monkeypatch.setattr(engine, "command", lambda *own: [*traced, *command(*own)])
    assert check.check(hello_xlsx, engine="libreoffice").ok
    assert "AF_UNIX" in (said := trace.read_text()), "nothing was traced"
    assert not re.search("AF_INET|cups", said)
