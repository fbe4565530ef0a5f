"""The oracle: the network's arithmetic in NumPy, by hand. Knows no spreadsheet and no equation."""

from rnnsheet.engine.propagation import batch, knows
from rnnsheet.engine.run import by_table, complete, roundings, run
from rnnsheet.engine.training import OPTIMIZERS, Epoch, gradients, random_model, train

__all__ = [
    "OPTIMIZERS",
    "Epoch",
    "batch",
    "by_table",
    "complete",
    "gradients",
    "knows",
    "random_model",
    "roundings",
    "run",
    "train",
]
