"""The import of a model from a stranger's file: read in a process of its own, with limits of time and memory.

The readers check sizes before they take memory, but they rest on libraries that parse the file themselves.
"""

from __future__ import annotations

import json
import marshal
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnsheet.checking.process import Program, StoppedError, running, search_path
from rnnsheet.errors import ModelError, RenamedWarning

if TYPE_CHECKING:
    from rnnsheet.network.imported import ImportedNetwork, Witness

_PROGRAM = Path(__file__).parent / "importers" / "program.py"
_ROOM = 1_150 << 20
"""The memory that it may take, in bytes; what it loads of libraries comes on top."""
_READING, _RUNNING = 25, 60
"""How many seconds of processor time it may take to read a model, and to run it in its own framework."""
_SPEED = 2e8
"""So many multiplications a second a framework makes at least."""


@dataclass(frozen=True)
class Request:
    """A model with what is said of it besides, as `importers.read_model` takes them."""

    path: str
    vocabulary: str = ""
    steps: int | None = None
    description: str = ""

    def network(self) -> ImportedNetwork:
        """The network. Raises ModelError where it cannot be read, or takes too much time or memory."""
        found = self._result(_READING, against=False)
        for told in found["renamed"]:
            warnings.warn(told, RenamedWarning, stacklevel=2)
        network: ImportedNetwork = found["network"]
        return network

    def agreement(self, network: ImportedNetwork) -> tuple[float, Witness | None]:
        """How far the network is from its framework at most, and a witness of that, as `importers.parity`."""
        from rnnsheet.importers.parity import SAMPLES

        work = SAMPLES * network.sizes["weights"] * network.sizes["steps"]
        found = self._result(_RUNNING + round(work / _SPEED), against=True)
        return found["difference"], found["witness"]

    def _result(self, seconds: int, against: bool) -> dict[str, Any]:
        """What the program prints."""
        job = json.dumps({**vars(self), "against": against})
        command = [sys.executable, "-I", str(_PROGRAM), search_path(), str(seconds), str(_ROOM), job]

        def begin(folder: Path) -> Program:
            return Program(command, Path.cwd(), {"TMPDIR": str(folder)})

        with running(begin, "import") as program:
            # Imported while the program works.
            from rnnsheet.network.imported.packing import unpacked

            try:
                told = marshal.loads(program.output(seconds))
            except StoppedError as error:
                raise ModelError("unreadable", place=self.path, reason=error) from None
        if "error" in told:
            raise ModelError(told["error"], place=told["place"], **unpacked(told["values"]))
        return {key: unpacked(value) for key, value in told.items()}
