"""Checks every workbook of a folder, and writes a table of verdicts: verdicts.csv.

python check_folder.py FOLDER        (from a terminal, rnnsheet check FOLDER/*.xlsx checks several at once)
"""

import sys
from pathlib import Path

import pandas as pd

import rnnsheet


def verdict(file: Path) -> dict[str, object]:
    """One row of the table: whether the workbook is right, and where it was changed."""
    try:
        report = rnnsheet.check(file)
    except rnnsheet.RnnsheetError as error:
        return {"file": file.name, "verdict": "not checked", "what": str(error)}
    failures = [(block.sheet, block.first_failure) for block in report.blocks if block.first_failure]
    # What was changed comes before what is wrong because of it.
    failures.sort(key=lambda each: each[1].follows)
    places = [f"{sheet}!{failure.cell}" for sheet, failure in failures]
    told = {"verdict": "right" if report.ok else "wrong", "what": "; ".join(places[:5])}
    return {"file": file.name, **told, "cells": report.cells, "failed": report.failed}


folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
table = pd.DataFrame([verdict(file) for file in sorted(folder.glob("*.xlsx"))])
table.to_csv(folder / "verdicts.csv", index=False)
print(table.to_string(index=False))
