"""The oracle: the network's arithmetic in NumPy, written by hand. Knows no spreadsheet and no equation tree."""

from rnnsheet.engine.run import run

__all__ = ["run"]
