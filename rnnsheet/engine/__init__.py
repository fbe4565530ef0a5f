"""The oracle: the network's arithmetic in NumPy, by hand. Knows no spreadsheet and no equation."""

from rnnsheet.engine.run import complete, roundings, run
from rnnsheet.engine.training import OPTIMIZERS, Epoch, gradients, random_model, train

__all__ = ["OPTIMIZERS", "Epoch", "complete", "gradients", "random_model", "roundings", "run", "train"]
