"""Networks as data: kinds of layers, layers, what is typed and read. Checked; no arithmetic."""

from rnnsheet.network.checks import check_model, fit_state
from rnnsheet.network.kinds import KINDS, ONE, Array, Axis, Kind, ParameterSpec, bias, gate, peephole
from rnnsheet.network.layers import INPUTS, STATIC, Layer, Source, ending, on_sequence, share_name
from rnnsheet.network.model import Model

__all__ = [
    "INPUTS",
    "KINDS",
    "ONE",
    "STATIC",
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
    "on_sequence",
    "peephole",
    "share_name",
]
