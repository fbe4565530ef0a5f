"""Networks as data: kinds of layers, layers, what is typed and read. Checked; no arithmetic."""

from rnnsheet.network.checks import check_model, fit_state
from rnnsheet.network.kinds import KINDS, ONE, Array, Axis, Kind, ParameterSpec, bias, gate, peephole
from rnnsheet.network.layers import INPUTS, ONCE, Layer, Source, ending, named, on_line, share_name
from rnnsheet.network.model import Model

__all__ = [
    "INPUTS",
    "KINDS",
    "ONCE",
    "ONE",
    "Array",
    "Axis",
    "Kind",
    "Layer",
    "Model",
    "ParameterSpec",
    "Source",
    "bias",
    "check_model",
    "ending",
    "fit_state",
    "gate",
    "named",
    "on_line",
    "peephole",
    "share_name",
]
