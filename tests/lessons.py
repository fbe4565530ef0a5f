"""Lessons for tests: random ones of any size and form, and the article's."""

import string
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

import rnnsheet
from rnnsheet.lesson import PARAMETERS, Model, Settings

# Signs that a file format or a formula could trip over stand among the letters.
ALPHABET = string.ascii_letters + "012*?~ &<>\"'=%_中文é"


ELMAN, ANY_CELL = ("elman",), tuple(PARAMETERS)


@st.composite
def lessons(
    draw,
    letters: int = 9,
    hidden: int = 7,
    steps: int = 8,
    largest: float = 3.0,
    cells: tuple[str, ...] = ELMAN,
) -> rnnsheet.Lesson:
    """A lesson with distinct random weights; sizes differ where they can."""
    v, h = draw(st.integers(1, letters)), draw(st.integers(1, hidden))
    cell = draw(st.sampled_from(cells))
    vocabulary = draw(st.lists(st.sampled_from(ALPHABET), min_size=v, max_size=v, unique=True))
    word = "".join(draw(st.lists(st.sampled_from(vocabulary), min_size=2, max_size=steps)))
    room = draw(st.integers(len(word) - 1, steps))
    weights = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def numbers(*shape: int) -> np.ndarray:
        return weights.uniform(-largest, largest, shape)

    parameters, sizes = {}, {"letters": v, "hidden": h, "one": 1}
    for spec in PARAMETERS[cell]:
        forms = [numbers(sizes[spec.rows], sizes[spec.cols])]
        forms += [numbers(1, 1)] if spec.scalar else []
        forms += [None] if spec.optional else []
        array = draw(st.sampled_from(forms))
        if array is not None:
            parameters[spec.name] = array
    return rnnsheet.Lesson(
        name="random",
        model=Model(cell, parameters),
        vocabulary=tuple(vocabulary),
        word=word,
        steps=room,
        h_0=draw(st.sampled_from([numbers(1, 1), numbers(h, 1)])),
        c_0=numbers(h, 1),
        settings=Settings(
            epochs=draw(st.integers(1, 4)),
            flow_steps=draw(st.integers(2, 6)),
            rate=draw(st.floats(1e-3, 1.0)),
            clip=draw(st.floats(0.1, 100.0)),
            update_rate=draw(st.floats(1e-3, 1.0)),
            chosen=draw(chosen(parameters)),
            flow_whh=draw(st.floats(-6.0, 6.0)),
            flow_clip=draw(st.floats(0.1, 100.0)),
        ),
    )


@st.composite
def chosen(draw, parameters: dict[str, np.ndarray]) -> str:
    """One of the weights, as the gradient check names it."""
    name = draw(st.sampled_from(sorted(parameters)))
    rows, cols = parameters[name].shape
    return f"{name}[{draw(st.integers(1, rows))},{draw(st.integers(1, cols))}]"


SMALL = Settings(epochs=8, flow_steps=6)
"""Room for a short training only: most tests need no long one, and it is most of a book's cells."""


def hello() -> rnnsheet.Lesson:
    """The article's lesson, with room for a short training."""
    return replace(rnnsheet.load("hello"), settings=SMALL)


# The article's own figures, printed to six digits from weights of five to nine digits, so that they hold
# to 5e-6. Source: "Fundamentals of Deep Learning: Introduction to Recurrent Neural Networks", Analytics
# Vidhya, 2017. (name, time step) to the column.
PUBLISHED = {
    ("xh", 1): [0.287027, 0.902874, 0.537524],
    ("hh", 1): [0.567001, 0.567001, 0.567001],
    ("h", 1): [0.693168, 0.899554, 0.802118],
    ("xh", 2): [0.84606, 0.871522, 0.09224],
    ("hh", 2): [0.863013, 0.951149, 0.90954],
    ("h", 2): [0.936534, 0.949104, 0.762341],
    ("y", 2): [1.90607732, 1.13779113, 0.95666016, 1.27422602],
    ("p", 2): [0.419748, 0.194682, 0.162429, 0.223141],
}
PUBLISHED_TOLERANCE = 5e-6
