"""Trained networks from files of other frameworks. Reads weights; never runs code that a file holds."""

from rnnsheet.importers.read import read_model

__all__ = ["read_model"]
