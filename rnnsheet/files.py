"""Files written whole or not at all, read as far as they may go; folders that are gone afterwards."""

import codecs
import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from shutil import copyfileobj, rmtree
from typing import BinaryIO

from rnnsheet.errors import OutputError, RnnsheetError


def check_free(path: Path, force: bool) -> None:
    """Raises OutputError where the file exists and is not to be replaced, is a folder, or has no folder."""
    try:
        taken = path.exists() and not force
        if force and path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        homeless = not path.parent.exists()
    except OSError as error:
        raise OutputError("unwritable", place=str(path), reason=error.strerror or error) from None
    if taken:
        raise OutputError("exists", place=str(path))
    if homeless:
        raise OutputError("no_folder", place=str(path.parent))


def check_file(path: Path, error: type[RnnsheetError]) -> None:
    """Raises the error where there is no such file, a folder of that name, or nothing in it."""
    if not is_file(path):
        raise error("no_file" if not _exists(path) else "no_ordinary_file", place=str(path))
    if not path.stat().st_size:
        raise error("empty_file", place=str(path))


def content(path: Path, error: type[RnnsheetError], most: int) -> bytes:
    """All bytes of an ordinary file. Raises the error where there is none, or where they are too many."""
    check_file(path, error)
    try:
        with path.open("rb") as file:
            found = file.read(most + 1)
    except OSError as reason:
        raise error("unreadable", place=str(path), reason=reason.strerror or reason) from None
    if len(found) > most:
        # More than the system says, where a file grows, or is none of a disk.
        got = max(len(found), path.stat().st_size)
        raise error("too_large", place=str(path), got=got, most=most)
    return found


def as_text(given: bytes, path: Path, error: type[RnnsheetError]) -> str:
    """A file's content as text: UTF-8, UTF-16 with its mark, or else GB 18030, as Chinese programs save it.

    Raises the error where it is none of them.
    """
    marked = given.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        with suppress(UnicodeDecodeError):
            return given.decode(encoding)
    raise error("not_utf8", place=str(path))


@contextmanager
def made_folder(folder: Path) -> Iterator[Path]:
    """The folder, made with those above it where they are missing. Raises OutputError where it cannot be.

    Where what follows fails, those that were made go again, if nothing is in them.
    """
    missing = [each for each in (folder, *folder.parents) if not _exists(each)]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError("unwritable", place=str(folder), reason=error.strerror or error) from None
        yield folder
    except BaseException:
        for each in missing:
            with suppress(OSError):
                each.rmdir()
        raise


def is_file(path: Path) -> bool:
    """Whether there is such a file; no for a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def write_whole(path: Path, fill: Callable[[BinaryIO], object], mode: int = 0o666) -> None:
    """Lets `fill` write a file, which takes the target's place when it is done.

    `mode` is what others may do with it, less what the user's mask forbids. Raises OutputError where the
    file cannot be written; what stood there before stays. Where the system can, the file has no name until
    then, so that nothing of it is left however the process ends.
    """
    beside = path.parent / f".{path.name}.{os.urandom(4).hex()}.tmp"
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise OutputError("special_file", place=str(path))
        nameless = _nameless(path.parent, mode)
        with nameless or open(beside, "xb", opener=partial(os.open, mode=mode)) as file:
            fill(file)
            if nameless:
                file.flush()
                _name(file, beside)
        beside.replace(path)
    except OSError as error:
        raise OutputError("unwritable", place=str(path), reason=error.strerror or error) from None
    finally:
        with suppress(OSError):
            beside.unlink()


def put_bytes(data: bytes, file: BinaryIO) -> None:
    """Writes bytes into a file, for `write_whole`."""
    file.write(data)


def copy_together(files: Sequence[tuple[Path, Path]]) -> None:
    """Copies each file to its target. None takes its place before all are written, as in `write_whole`."""
    (source, target), *others = files

    def fill(file: BinaryIO) -> None:
        with source.open("rb") as content:
            copyfileobj(content, file)
        if others:
            copy_together(others)

    write_whole(target, fill)


_DESCRIPTORS = Path("/proc/self/fd")


def _nameless(folder: Path, mode: int) -> BinaryIO | None:
    """A file on the folder's disk; None where the system (not Linux) or the disk knows no such files."""
    if not hasattr(os, "O_TMPFILE") or not _DESCRIPTORS.is_dir():
        return None
    try:
        return os.fdopen(os.open(folder, os.O_TMPFILE | os.O_WRONLY, mode), "wb")
    except OSError:
        return None


def _name(file: BinaryIO, path: Path) -> None:
    descriptor = file.fileno()
    # An absolute path needs no src_dir_fd, but without one Python links to the source, not what it leads to.
    os.link(_DESCRIPTORS / str(descriptor), path, src_dir_fd=descriptor)


@contextmanager
def temporary_folder(purpose: str, clear: Callable[[Path], object] = lambda _: None) -> Iterator[Path]:
    """A folder for temporary files, which is gone afterwards.

    Those of the same purpose that killed processes have left are removed first; `clear` is called for each,
    and for this one in the end, to remove what belongs to it elsewhere.
    """
    # It imports random numbers and hashes: a fiftieth of a short command.
    import tempfile

    prefix = f"rnnsheet-{purpose}-"
    # Windows has no locks that tell whose process was killed: there they stay.
    found = Path(tempfile.gettempdir()).glob(f"{prefix}*") if sys.platform != "win32" else ()
    for left in found:
        with _locked(left) as abandoned:
            if abandoned:
                clear(left)
                rmtree(left, ignore_errors=True)
    mine = False
    while not mine:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        # Another process may take it for abandoned before it is locked.
        with _locked(folder) as mine:
            if mine:
                try:
                    yield folder
                finally:
                    clear(folder)
                    rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Locks a folder of this user's, until this process ends. No where another has it, or it is gone."""
    if sys.platform == "win32":
        yield True
        return
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            there = os.fstat(descriptor)
            locked = there.st_uid == os.getuid() and there.st_nlink > 0 and folder.exists()
        except OSError:
            locked = False
        yield locked
    finally:
        os.close(descriptor)
