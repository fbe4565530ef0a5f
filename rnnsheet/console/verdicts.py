"""What a check found, and which spreadsheet engines there are."""

from collections.abc import Iterator, Mapping

from rnnsheet.checking.report import BlockReport, Report
from rnnsheet.console.lines import table
from rnnsheet.labels import Labels

_LONGEST = 300
"""So much of a formula is told."""


def verdict(report: Report, labels: Labels, with_blocks: bool) -> Iterator[str]:
    """The table of blocks, if wanted, the first failure of each, and the last line."""
    if with_blocks:
        yield from table([labels("check.head").split("|"), *map(_block, report.blocks)], "lllrrr")
    # What was changed comes before what follows from it.
    for block in sorted(report.blocks, key=_follows):
        if failure := block.first_failure:
            place = f"{block.sheet}!{failure.cell}" if block.sheet else failure.cell
            found = {key: _shown(getattr(failure, key)) for key in ("formula", "got", "expected")}
            reason = "no_name" if failure.reason == "name" and not failure.got else failure.reason
            reason = f"shown_{failure.cause}" if failure.cause else reason
            yield labels(f"check.{reason}", block=block.name, place=place, **found)
    values: dict[str, object] = {
        "file": report.file,
        "cells": report.cells,
        "failed": report.failed,
        "engine": report.engine,
    }
    if report.ok and report.amplified:
        yield labels("check.amplified", count=report.amplified, **values)
    if told := report.framework:
        key = "unlike_framework" if told.failed else "like_framework" if told.compared else "not_compared"
        facts = {"framework": told.framework, "inputs": told.inputs, "error": told.max_error}
        yield labels(f"check.{key}", file=report.file, **facts, tolerance=told.tolerance)
    if report.notes:
        settings = ", ".join(labels(f"check.setting.{note}") for note in report.notes)
        yield labels("check.noted", file=report.file, settings=settings)
    verdict = "check.bad" if report.failed else "check.good" if report.proved else "check.unproved"
    yield labels(verdict, error=report.max_error, **values)


def engines(versions: Mapping[str, str | None], labels: Labels) -> Iterator[str]:
    """Each spreadsheet engine with its version, or how to get it."""
    yield from table(
        [name, labels("engines.missing", how=labels(f"engines.{name}")) if version is None else version]
        for name, version in versions.items()
    )


def _shown(text: str) -> str:
    """A formula or a value in a message: an empty one can be seen, a long one is cut."""
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text or '""'


def _follows(block: BlockReport) -> bool:
    """Whether the block's formulas are right, so that its failure comes from somewhere else."""
    return block.first_failure is not None and block.first_failure.follows


def _block(block: BlockReport) -> list[str]:
    error = f"{block.max_error:.1e}" if block.max_error else "0"
    return [block.name, block.sheet, block.range, str(block.cells), str(block.failed), error]
