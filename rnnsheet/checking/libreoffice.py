"""Recalculation by LibreOffice, in a profile of its own: nothing of the user's is read or written."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rnnsheet.checking.process import version_of
from rnnsheet.checking.recalculate import USUAL, Values, saved_values

NAME = "libreoffice"
LIMIT = USUAL

_PLACES = ("/Applications/LibreOffice.app/Contents/MacOS", r"C:\Program Files\LibreOffice\program")
"""Where it is on systems that do not put it on the path."""

_SETTINGS: Mapping[str, Mapping[str, object]] = {
    # Else it believes what is stored in the file.
    "/org.openoffice.Office.Calc/Formula/Load": {"OOXMLRecalcMode": 0},
    # In threads, LibreOffice 7.4 takes long chains of formulas for circles, and shows Err:522.
    "/org.openoffice.Office.Calc/Formula/Calculation": {"UseThreadedCalculationForFormulaGroups": "false"},
    # Never update links, never run macros.
    "/org.openoffice.Office.Calc/Content/Update": {"Link": 1},
    "/org.openoffice.Office.Common/Security/Scripting": {
        "MacroSecurityLevel": 3,
        "DisableMacrosExecution": "true",
        "BlockUntrustedRefererLinks": "true",
    },
}
_XLSX = "Calc MS Excel 2007 XML"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
_ITEM = '<item oor:path="{}"><prop oor:name="{}" oor:op="fuse"><value>{}</value></prop></item>'


def _program() -> str | None:
    path = os.pathsep.join((os.environ.get("PATH", ""), *_PLACES))
    return shutil.which("soffice", path=path) or shutil.which("libreoffice", path=path)


def installed() -> bool:
    """Whether the program is here."""
    return _program() is not None


def version() -> str:
    """The version that the program says it has."""
    return version_of(_program() or "soffice")


def command(copy: Path, folder: Path) -> Sequence[str]:
    """A conversion of the file to itself."""
    return conversion(copy, folder, f"xlsx:{_XLSX}")


def conversion(copy: Path, folder: Path, kind: str) -> Sequence[str]:
    """The command that recalculates a file and writes it as another kind into the folder's `out`."""
    user = _profile(folder) / "user"
    user.mkdir(parents=True)
    items = (_ITEM.format(place, *entry) for place, own in _SETTINGS.items() for entry in own.items())
    (user / "registrymodifications.xcu").write_text(_HEAD + "".join(items) + "</oor:items>")
    return [
        _program() or "soffice",
        f"-env:UserInstallation={user.parent.as_uri()}",
        *("--headless", "--norestore", "--nolockcheck"),
        *("--convert-to", kind, "--outdir", str(folder / "out")),
        str(copy),
    ]


def leftovers(folder: Path) -> Sequence[Path]:
    """The socket at which it listens for a second call with the same profile, by whose address it is named.

    Source: `CreateMD5FromString` in LibreOffice's desktop/source/app/officeipcthread.cxx.
    """
    if sys.platform == "win32":
        return ()
    import hashlib

    digest = hashlib.md5(_profile(folder).as_uri().encode("utf-16-le"), usedforsecurity=False).digest()
    name = "".join(f"{byte:x}" for byte in digest)
    return [Path(place, f"OSL_PIPE_{os.getuid()}_SingleOfficeIPC_{name}") for place in ("/tmp", "/var/tmp")]


def _profile(folder: Path) -> Path:
    return folder / "profile"


def values(folder: Path, output: bytes) -> Values:
    """The values of the file that it has written; numbers have 15 digits there."""
    (written,) = (folder / "out").glob("*") if (folder / "out").is_dir() else [folder]
    return saved_values(written)
