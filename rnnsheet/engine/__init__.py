"""The oracle: the network's arithmetic in NumPy, by hand. Knows no spreadsheet and no equation."""

from rnnsheet.engine.run import run

__all__ = ["run"]
