"""What a lesson, values, weights and gradients are called in a few words, in the reader's language."""

import re

from rnnsheet.equations.expr import Parameter
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.labels import Labels
from rnnsheet.lesson import LessonData
from rnnsheet.network import STATIC

_SAID = ("output", "answer", "mark", "loss")


def title(lesson: LessonData, labels: Labels) -> str:
    """The lesson's title, or one made of its name."""
    return lesson.title.get(labels.language) or labels("overview.title", name=lesson.name)


def meaning(equation: Equation, network: Recurrence, labels: Labels) -> str:
    """What an equation's value is; "" where nothing is said of it."""
    if equation.part == "gradient":
        return gradient_meaning(equation, labels)
    sequences = [f"_{equation.sequence}"] if equation.sequence != "word" else []
    for tail in (*sequences, ""):
        if text := labels.get(f"meaning.{equation.base}{tail}"):
            return text.format(unit=unit(equation, network, labels))
    return ""


def ending_of(equation: Equation) -> str:
    """The name of an equation's layer, where it has one; "" where that is the sequence's."""
    name = equation.layer.name if equation.layer else None
    return "" if name is None or name == equation.sequence else name


def short(text: str, equation: Equation) -> str:
    """Symbols without the names of an equation's own layer and sequence: `hₜ` of `h_lstmₜ`.

    Only where `of_layer`, a head beside it, or the words above a diagram tell these; the block's defined name
    is the whole one.
    """
    for name in (equation.layer.name if equation.layer else "", equation.sequence):
        text = re.sub(rf"_{name}(?![0-9A-Za-z])", "", text) if name else text
    return text


def of_unit(text: str, network: Recurrence) -> str:
    """Symbols in which a letter is called a word where the network reads words."""
    return re.sub(r"\bletter", "word", text) if network.split == "words" else text


def of_layer(equation: Equation, labels: Labels) -> str:
    """What follows an equation's meaning where it is one layer's of several."""
    return labels("style.of_layer", layer=ending) if (ending := ending_of(equation)) else ""


def meaning_in_layer(equation: Equation, network: Recurrence, labels: Labels) -> str:
    """What an equation's value is, and of which layer where there are several."""
    return meaning(equation, network, labels) + of_layer(equation, labels)


def unit(equation: Equation, network: Recurrence, labels: Labels) -> str:
    """What one of the things is called that an equation reads or says: a letter, a word, an answer."""
    said = equation.part in _SAID or equation.sequence == "answer"
    return _unit(equation.sequence if said else "", network, labels)


def meaning_of_parameter(parameter: Parameter, network: Recurrence, labels: Labels) -> str:
    """What a weight, a bias or a first state is."""
    base = network.bases.get(parameter.name, parameter.name)
    sequence = STATIC if parameter.rows.name == "labels" else ""
    read = _unit("", network, labels)
    if parameter.cols.name != "letters" and network.split != "numbers":
        read = labels.get(f"read.{parameter.cols.name}")
    return labels.get(f"meaning.{base}").format(unit=_unit(sequence, network, labels), read=read)


def meaning_of_text(name: str, network: Recurrence, labels: Labels) -> str:
    """What an input that someone types or draws is."""
    sentence = name == "word" and network.split == "words"
    return labels(f"meaning.{name}_words" if sentence else f"meaning.{name}")


def gradient_meaning(equation: Equation, labels: Labels) -> str:
    """What a gradient's equation says, in words."""
    assert equation.of  # noqa: S101
    return labels(f"gradient.{equation.kind}", name=equation.of.name)


def _unit(sequence: str, network: Recurrence, labels: Labels) -> str:
    """What one of the things is called that are read, or, of a sequence, said."""
    if sequence == STATIC:
        return labels("unit.answer")
    if network.split == "words" or sequence == "answer":
        return labels("unit.word")
    return labels("unit.number" if network.split == "numbers" else "unit.letter")
