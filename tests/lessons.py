"""Lessons for tests: random cells of any size, random networks of any form, and the article's."""

import string
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

import rnnsheet
from rnnsheet import templates
from rnnsheet.experiments import Settings
from rnnsheet.network import KINDS, Layer, Model, Source
from rnnsheet.network.reading import END

# Signs that a file format or a formula could trip over stand among the letters.
ALPHABET = string.ascii_letters + "012*?~ &<>\"'=%_中文é"


WORDS = ("the", "cat", "sat", "don't", "o'", "7up", "中文", "été")
ANSWERS = ("le", "chat", "dort", "1", "中文", "n'est")

ELMAN, ANY_CELL = ("elman",), ("elman", "lstm", "gru", "gru-before")


@st.composite
def lessons(
    draw,
    letters: int = 9,
    hidden: int = 7,
    steps: int = 8,
    largest: float = 3.0,
    cells: tuple[str, ...] = ELMAN,
    peepholes: bool = True,
) -> rnnsheet.Lesson:
    """A lesson of one cell with distinct random weights; sizes differ where they can."""
    v, h = draw(st.integers(1, letters)), draw(st.integers(1, hidden))
    cell = draw(st.sampled_from(cells))
    vocabulary = draw(st.lists(st.sampled_from(ALPHABET), min_size=v, max_size=v, unique=True))
    word = "".join(draw(st.lists(st.sampled_from(vocabulary), min_size=2, max_size=steps)))
    weights = Weights(draw, largest)
    weights.peepholes = peepholes
    weights.add(Layer(cell, ""), h, v)
    weights.add(Layer("softmax", ""), v, h)
    return _at_a_step(
        draw,
        rnnsheet.Lesson(
            name="random",
            model=Model(cell, weights.arrays),
            vocabulary=tuple(vocabulary),
            word=word,
            steps=draw(st.integers(len(word) - 1, steps)),
            initial=weights.initial(),
            settings=draw(any_settings(weights.arrays)),
        ),
    )


def _at_a_step(draw, lesson: rnnsheet.Lesson) -> rnnsheet.Lesson:
    """The lesson whose sheet Steps shows any of its time steps."""
    step = draw(st.integers(1, max(lesson.sequences.values())))
    return replace(lesson, settings=replace(lesson.settings, step=step))


@st.composite
def networks(draw, hidden: int = 5, steps: int = 7, largest: float = 1.5) -> rnnsheet.Lesson:
    """A lesson of any form: one to three recurrent layers, in one or both directions, with a dense head.

    It says what follows, or one answer to the whole text, or an answer word by word, to a text or a
    picture.
    """
    asks = draw(st.sampled_from(["what follows", "one answer", "an answer to a text", "words for a picture"]))
    split = draw(st.sampled_from(["letters", "words"]))
    entries = st.sampled_from(WORDS if split == "words" else ALPHABET)
    vocabulary = draw(st.lists(entries, min_size=1, max_size=5, unique=True))
    text = draw(st.lists(st.sampled_from(vocabulary), min_size=2, max_size=steps))
    answers = draw(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=4, unique=True))
    build = _Build(draw, hidden, Weights(draw, largest))
    lesson = {"vocabulary": vocabulary, "word": (" " if split == "words" else "").join(text), "split": split}
    if asks == "what follows":
        build.recurrent("word", len(vocabulary))
        build.head(len(vocabulary))
    elif asks == "one answer":
        if draw(st.booleans()):
            build.recurrent("word", len(vocabulary))
            build.reads = [f"{name}[last]" for name in build.reads]
        else:
            build.dense(len(vocabulary), "word[sum]")
        build.head(len(answers))
        lesson |= {"labels": answers, "target": draw(st.sampled_from(answers))}
    else:
        said = draw(st.lists(st.sampled_from(answers), max_size=3))
        lesson |= {"labels": [*answers, END], "target": " ".join(said)}
        lesson["answer_steps"] = draw(st.integers(1, 4))
        if asks == "an answer to a text":
            build.recurrent("word", len(vocabulary), turns=False)
        else:
            size = draw(st.integers(1, 3)), draw(st.integers(1, 3))
            lesson["picture"] = build.weights.numbers(*size).round()
            build.dense(lesson["picture"].size, "picture")
            del lesson["vocabulary"], lesson["word"]
        before, build.reads = build.reads[0], []
        build.recurrent("answer", len(answers) + 1, turns=False, starts=before)
        build.head(len(answers) + 1)
    return _at_a_step(
        draw,
        rnnsheet.Lesson(
            name="random",
            model=Model(build.layers, build.weights.arrays),
            initial=build.weights.initial(lambda name: draw(st.booleans())),
            settings=draw(any_settings(build.weights.arrays)),
            **lesson,
        ),
    )


class Weights:
    """Random parameters and first states, each in one of the forms that it may have."""

    def __init__(self, draw, largest: float):
        self.draw, self.largest = draw, largest
        self.random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        self.arrays: dict[str, np.ndarray] = {}
        self.states: dict[str, int] = {}
        self.peepholes = True

    def numbers(self, *shape: int) -> np.ndarray:
        return self.random.uniform(-self.largest, self.largest, shape)

    def add(self, layer: Layer, units: int, read: int) -> None:
        """The parameters of a layer, and those of its states that no other layer gives."""
        sizes = {"hidden": units, "input": read, "one": 1}
        for spec in KINDS[layer.kind].parameters:
            forms = [self.numbers(sizes[spec.rows], sizes[spec.cols])]
            forms += [self.numbers(1, 1)] if spec.scalar else []
            forms += [None] if spec.optional else []
            if not self.peepholes and spec.name.startswith("Wc"):
                continue
            array = self.draw(st.sampled_from(forms))
            if array is not None:
                self.arrays[layer.named(spec.name)] = array
        if layer.starts is None:
            self.states |= {f"{layer.named(state)}_0": units for state in layer.traits.states}

    def initial(self, wanted=lambda name: True) -> dict[str, np.ndarray]:
        """Values of the states before the first time step."""
        forms = {name: [self.numbers(1, 1), self.numbers(size, 1)] for name, size in self.states.items()}
        return {name: self.draw(st.sampled_from(form)) for name, form in forms.items() if wanted(name)}


class _Build:
    """Random layers above each other; `reads` is what the next one reads."""

    def __init__(self, draw, hidden: int, weights: Weights):
        self.draw, self.hidden, self.weights = draw, hidden, weights
        self.layers: list[Layer] = []
        self.reads: list[str] = []
        self.width = 0

    def recurrent(self, reads: str, read: int, turns: bool = True, starts: str | None = None) -> None:
        """One to three recurrent layers; a layer that starts from another has as many units."""
        self.reads, width = [reads], read
        for depth in range(self.draw(st.integers(1, 3))):
            cell = self.draw(st.sampled_from(ANY_CELL))
            units = self.width if starts and depth == 0 else self.draw(st.integers(1, self.hidden))
            both = turns and self.draw(st.booleans())
            names, below = [], self.reads
            for reverse in (False, True)[: 1 + both]:
                activation = self.draw(st.sampled_from(KINDS[cell].activations or ("",)))
                name = f"n{len(self.layers) + 1}"
                first = starts if depth == 0 else None
                layer = Layer(cell, name, tuple(below), first, reverse, activation)
                self.weights.add(layer, units, width)
                self.layers.append(layer)
                names.append(name)
            self.reads, width = names, units * len(names)
        self.width = width

    def dense(self, read: int, *reads: str) -> None:
        """One dense layer."""
        units = self.draw(st.integers(1, self.hidden))
        activation = self.draw(st.sampled_from(KINDS["dense"].activations))
        layer = Layer("dense", f"n{len(self.layers) + 1}", reads, activation=activation)
        self.weights.add(layer, units, read)
        self.layers.append(layer)
        self.reads, self.width = [str(layer.name)], units

    def head(self, choices: int) -> None:
        """Up to two dense layers, and the softmax."""
        for _ in range(self.draw(st.integers(0, 2))):
            self.dense(self.width, *self.reads)
        layer = Layer("softmax", "", tuple(self.reads))
        self.weights.add(layer, choices, self.width)
        self.layers.append(layer)


@st.composite
def any_settings(draw, parameters: dict[str, np.ndarray]) -> Settings:
    """Small sizes and any numbers for the experiments."""
    return Settings(
        epochs=draw(st.integers(1, 4)),
        flow_steps=draw(st.integers(2, 6)),
        rate=draw(st.floats(1e-3, 1.0)),
        clip=draw(st.floats(0.1, 100.0)),
        update_rate=draw(st.floats(1e-3, 1.0)),
        chosen=draw(chosen(parameters)),
        flow_whh=draw(st.floats(-6.0, 6.0)),
        flow_clip=draw(st.floats(0.1, 100.0)),
    )


@st.composite
def chosen(draw, parameters: dict[str, np.ndarray]) -> str:
    """One of the weights, as the gradient check names it."""
    name = draw(st.sampled_from(sorted(parameters)))
    rows, cols = parameters[name].shape
    return f"{name}[{draw(st.integers(1, rows))},{draw(st.integers(1, cols))}]"


BOOKS = [(name, ("en", "en", "zh")[number % 3]) for number, name in enumerate(templates.names())]
"""Every lesson, a third of them in Chinese: there no formula differs but by what sheets are called."""

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


def form(*layers: Layer, units: int = 2, **data) -> rnnsheet.Lesson:
    """A lesson of these layers, each named and with all its parameters; the recurrent ones of Elman 1×1."""
    letters, labels = len(data.get("vocabulary", ())), len(data.get("labels", data.get("vocabulary", ())))
    widths = {
        "word": letters,
        "second": letters,
        "picture": np.size(data.get("picture", ())),
        "answer": labels,
    }
    random, arrays = np.random.default_rng(0), {}
    for layer in layers:
        size = labels if layer.traits.says else units
        sizes = {"hidden": size, "input": sum(widths[str(source.of)] for source in layer.reads), "one": 1}
        if not layer.traits.says:
            widths[str(layer.name)] = size
        for spec in KINDS[layer.kind].parameters if layer.shares is None else ():
            one = spec.scalar and layer.kind == "elman"
            shape = (1, 1) if one else (sizes[spec.rows], sizes[spec.cols])
            arrays[layer.named(spec.name)] = random.uniform(-1, 1, shape)
    return rnnsheet.Lesson("form", Model(layers, arrays), settings=replace(SMALL, epochs=2), **data)


TEXT = {"vocabulary": ("a", "b", "c"), "word": "abca"}
SENTENCE = {"vocabulary": ("we", "love", "it"), "word": "we love it", "split": "words"}
MARKED = {"labels": ("yes", "no"), "target": "yes"}
SPOKEN = {"labels": ("le", "chat", END), "target": "le chat"}
SAYS = Layer("softmax", "", ("n",))

EVERY_FORM = {
    **{cell: form(Layer(cell, "n", ("word",)), SAYS, **TEXT) for cell in ANY_CELL},
    "words": form(
        Layer("elman", "", ("word",), activation="relu"), Layer("softmax", "", (Source(""),)), **SENTENCE
    ),
    "two directions": form(
        Layer("elman", "n", ("word",)),
        Layer("elman", "m", ("word",), reverse=True),
        *(
            Layer("dense", f"n{k}", reads, activation=activation)
            for k, (reads, activation) in enumerate(
                [
                    (("n[last]", "m[last]"), "relu"),
                    (("n0",), "sigmoid"),
                    (("n1",), "tanh"),
                    (("n2",), "linear"),
                ]
            )
        ),
        Layer("softmax", "", ("n3",)),
        **SENTENCE,
        **MARKED,
    ),
    "two texts": form(
        Layer("dense", "n", ("word[sum]",)),
        SAYS,
        Layer("dense", "m", ("second[sum]",), shares="n"),
        Layer("softmax", "m", ("m",), shares=""),
        **SENTENCE,
        **MARKED,
        second="it love we",
        second_target="no",
    ),
    "unrolled by hand": form(
        Layer("elman", "first", ("word[1]",)),
        Layer("elman", "n", ("word[2]",), "first", shares="first"),
        SAYS,
        **SENTENCE,
        **MARKED,
    ),
    "an answer to a text": form(
        Layer("gru", "m", ("word",)),
        Layer("gru", "n", ("answer",), "m"),
        SAYS,
        **SENTENCE,
        **SPOKEN,
    ),
    "words for a picture": form(
        Layer("dense", "m", ("picture",)),
        Layer("lstm", "n", ("answer",), "m"),
        SAYS,
        picture=np.eye(2),
        **SPOKEN,
    ),
    "backwards": form(
        Layer("elman", "", ("word",), reverse=True), Layer("softmax", "", (Source(""),)), **TEXT
    ),
    "an answer to a text read backwards": form(
        Layer("lstm", "m", ("word",), reverse=True),
        Layer("lstm", "n", ("answer",), "m"),
        SAYS,
        **SENTENCE,
        **SPOKEN,
        answer_steps=4,
    ),
}
"""A lesson of each form that a network may have."""
