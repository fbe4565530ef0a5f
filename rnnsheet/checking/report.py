"""What a check found: per block, and in sum."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rnnsheet.notebook import html_table


@dataclass(frozen=True)
class Failure:
    """A cell that is not what it should be.

    `reason` is "formula" (another formula), "constant" (a constant for a formula, or another
    constant), "value" (recalculated wrong), "cached" (stored wrong), "volatile" (an input
    that may give another value though no cell changes: `got` says by what), "name" (a defined name
    that points elsewhere) or "shown" (right, but not seen as it is: `expected` and `got` are the texts).
    """

    cell: str
    reason: str
    formula: str
    expected: str
    got: str
    cause: str = ""
    """By what it is shown otherwise: one of `shown.CAUSES`."""

    @property
    def follows(self) -> bool:
        """Whether nothing was changed in the cell itself, so that it is wrong because of others."""
        return self.reason == "value"


@dataclass(frozen=True)
class BlockReport:
    """The cells of one block; a block of inputs has a report where some are shown otherwise."""

    name: str
    sheet: str
    range: str
    cells: int
    failed: int
    max_error: float
    first_failure: Failure | None
    """The first cell that was changed; if there is none, the first that is wrong because of others."""
    amplified: int = 0
    """How many are right, but only within what roundings may amount to, and not within the tolerance."""


@dataclass(frozen=True)
class FrameworkReport:
    """The network beside the results that its framework gave when it was imported, by NumPy."""

    framework: str
    inputs: int
    numbers: int
    """How many numbers the results are."""
    failed: int
    max_error: float
    """Relative to the result where that is above 1."""
    tolerance: float
    compared: bool = True
    """False where the weights, or what they stand for, were changed since: of these nothing is known."""


@dataclass(frozen=True, repr=False)
class Report:
    """The verdict on a workbook."""

    file: str
    lesson: str
    engine: str
    tolerance: float
    blocks: tuple[BlockReport, ...]
    proved: bool = True
    """Whether NumPy computed the network too; else the formulas and the stored values were compared."""
    framework: FrameworkReport | None = None
    """What its own framework gave of an imported network, where that goes with the workbook."""
    notes: tuple[str, ...] = ()
    """The workbook's settings with which a program computes or shows it otherwise than the check did:
    "date1904", "r1c1", "iterate" or "manual"."""

    displaced: tuple[tuple[str, int, int], ...] = ()
    """Sheets of which all that is wrong stands a few rows further: from which row on, and how far down."""
    drawn_on: tuple[str, ...] = ()
    """The sheets on which something is drawn that is not ours: what it covers was not looked at."""
    further: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the sheet, what else its part of the file holds that was not looked at, as the file names it."""

    @property
    def cells(self) -> int:
        """How many cells were compared: every one that the plan has, inputs left out."""
        return sum(block.cells for block in self.blocks)

    @property
    def failed(self) -> int:
        """How many of them are wrong."""
        return sum(block.failed for block in self.blocks)

    @property
    def amplified(self) -> int:
        """How many are right, but only within what roundings may amount to."""
        return sum(block.amplified for block in self.blocks)

    @property
    def max_error(self) -> float:
        """The greatest difference between a recalculated number and the engine's."""
        return max((block.max_error for block in self.blocks), default=0.0)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return self.failed == 0 and not (self.framework and self.framework.failed)

    def __repr__(self) -> str:
        engine = self.engine or "no engine"
        return f"<Report on {self.file}: {self.failed} of {self.cells} cells wrong ({engine})>"

    def _repr_html_(self) -> str:
        """A notebook shows the verdict, and the blocks with a wrong cell."""
        sums = {"cells": self.cells, "wrong": self.failed, "greatest error": f"{self.max_error:.1e}"}
        rows = [(name, str(value)) for name, value in sums.items()]
        for block in self.blocks:
            if failure := block.first_failure:
                place = f"{block.name} {block.sheet} {failure.cell}"
                rows.append((place, f"{failure.got}, not {failure.expected}"))
        return html_table((self.file, self.engine), rows)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data for JSON."""
        return {
            "file": self.file,
            "lesson": self.lesson,
            "engine": self.engine,
            "tolerance": self.tolerance,
            "cells": self.cells,
            "failed": self.failed,
            "amplified": self.amplified,
            "max_error": self.max_error,
            "ok": self.ok,
            "proved": self.proved,
            "framework": asdict(self.framework) if self.framework else None,
            "notes": list(self.notes),
            "displaced": [list(each) for each in self.displaced],
            "drawn_on": list(self.drawn_on),
            "further": {sheet: list(names) for sheet, names in self.further.items()},
            "blocks": [asdict(block) for block in self.blocks],
        }
