"""Parts into a zip archive: pieces are compressed in the background while the next are made."""

import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any, BinaryIO, Self

Texts = Callable[[], Iterator[str]]
"""A part's XML, piece by piece; made again where it is written again."""

_PIECE = 1 << 18
"""How many letters are compressed at once."""
_WAITING = 16
"""So many tasks wait at most, 4 MB: of fewer, what follows a large sheet would wait for its compression."""
_LEVEL = 1
"""Of zlib: twice as fast as its usual 6, and a workbook grows by a fifth."""


class Zipped:
    """An archive that is being written. It is whole when its `with` has ended."""

    def __init__(self, file: BinaryIO):
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._background = ThreadPoolExecutor(1)
        self._tasks = deque[Future[Any]]()
        self._part: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._wait(most=0)
        finally:
            self._background.shutdown(cancel_futures=True)
            self._close(may_fail=True)
            self._archive.close()

    def put(self, name: str, texts: Texts) -> None:
        """A part, with plain headers where it is not too large for them, else with those of ZIP64.

        How large it is shows when it is written: then it is written again over itself.
        """
        if not self._put(name, texts, large=False):
            self._put(name, texts, large=True)

    def _put(self, name: str, texts: Texts, large: bool) -> bool:
        """Whether its headers can say how large it is; it stops where they cannot."""
        self._do(self._open, name, large)
        size, fits = 0, True
        for piece in _pieces(texts()):
            self._do(self._write, piece)
            size += len(piece)
            fits = large or size <= zipfile.ZIP64_LIMIT
            if not fits:
                break
        self._do(self._close, not fits)
        return fits

    def _do(self, task: Callable[..., object], *given: object) -> None:
        """Has it done in the background, after all that is to be done already."""
        self._tasks.append(self._background.submit(task, *given))
        self._wait(_WAITING)

    def _wait(self, most: int) -> None:
        """Until at most so many tasks are not yet done. Raises what one of them raised."""
        while len(self._tasks) > most:
            self._tasks.popleft().result()

    def _open(self, name: str, large: bool) -> None:
        self._part = self._archive.open(name, "w", force_zip64=large)

    def _write(self, piece: bytes) -> None:
        if self._part:
            self._part.write(piece)

    def _close(self, may_fail: bool) -> None:
        try:
            if self._part:
                self._part.close()
        except (OSError, RuntimeError):
            # zipfile refuses headers that would be false; the part is not in its list then.
            if not may_fail:
                raise


def _pieces(texts: Iterator[str]) -> Iterator[bytes]:
    waiting, size = [], 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size > _PIECE:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()
