"""Imported networks for tests: random ones of every kind of layer, that read texts or numbers."""

import numpy as np
from hypothesis import strategies as st

from rnnsheet.network import KINDS
from rnnsheet.network.imported import (
    ANSWER,
    INPUT,
    Answer,
    ImportedLayer,
    ImportedNetwork,
    Numbers,
    Text,
)
from rnnsheet.network.reading import SIGNS

WORDS = ("the", "cat", "sat", "don't", "7", "007", "1e5", "true", "été", "中文", "über", "x'", "ab", "a", "b")
UNREADABLE = ("", "<pad>", "OOV", "Cat", "a-b", "~x", "a*", "?")
"""Tokens that no typed word is, as it is read in small letters and parted by signs."""
LETTERS = "abcxyzABXZéÉİ中01 ?*~'\"=<&%"
LABELS = ("yes", "no", "=1", "x*", "中文", "7", "")
ANY_CELL = ("elman", "gru", "gru-before", "lstm")
ACTIVATIONS = ("", "tanh", "relu", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2", "linear")


def typed_texts(words: bool) -> st.SearchStrategy[str]:
    """What someone might type: known and unknown pieces, capitals, signs, blanks, nothing, too much."""
    if not words:
        return st.text(st.sampled_from(LETTERS + "qQ.~"), max_size=14)
    known = st.sampled_from(
        (*WORDS, *UNREADABLE, "The", "CAT", "DON’T", "x’", "dog", "~", "*", "th?", "c*t", "*x")
    )
    signs = st.sampled_from(SIGNS.replace("\x01", ""))
    pieces = st.one_of(known, signs, st.sampled_from(("  ", " ", ".", ", ")))
    return st.lists(pieces, max_size=16).map(" ".join)


@st.composite
def texts(draw) -> Text:
    """How a text may be read."""
    words = draw(st.booleans())
    if words:
        tokens = draw(st.lists(st.sampled_from((*WORDS, *UNREADABLE)), min_size=3, max_size=12, unique=True))
    else:
        tokens = [*draw(st.lists(st.sampled_from(LETTERS), min_size=3, max_size=12, unique=True)), "<pad>"]
        if draw(st.booleans()):
            tokens = [token for token in tokens if token == token.lower()]
    number = st.integers(0, len(tokens) - 1)
    forms = draw(st.dictionaries(st.sampled_from(WORDS if words else LETTERS), number, max_size=3))
    return Text(
        unit="words" if words else "letters",
        tokens=tuple(tokens),
        steps=draw(st.integers(1, 6)),
        sample=draw(typed_texts(words)),
        forms=forms,
        padding=draw(st.sampled_from(["before", "after"])),
        pad=draw(number),
        unknown=draw(st.none() | number),
        begin=draw(st.none() | number),
        end=draw(st.none() | number),
        masked=draw(st.booleans()),
    )


@st.composite
def trained(draw, answering: bool | None = None) -> ImportedNetwork:
    """A network of any form."""
    return _Drawn(draw, draw(st.booleans()) if answering is None else answering).network()


class _Drawn:
    """Draws one layer after the other."""

    def __init__(self, draw, answering: bool):
        self.draw, self.answering = draw, answering
        self.random = np.random.default_rng(draw(st.integers(0, 2**32)))
        self.layers: list[ImportedLayer] = []
        # Sizes that differ: a mistaken shape shows.
        self.sizes = draw(st.permutations([1, 2, 3, 4, 5, 9, 10]))
        self.answer: Answer | None = None
        self.read = draw(texts()) if draw(st.integers(0, 3)) else self._numbers()

    def network(self) -> ImportedNetwork:
        reads = INPUT
        if isinstance(self.read, Text) and (self.answering or self.draw(st.booleans())):
            reads = self._embedding(INPUT, len(self.read.tokens))
        for _ in range(self.draw(st.integers(1, 2))):
            reads = self._recurrent(reads)
        reads = self._decoder(reads) if self.answering else self._summary(reads)
        self._head(reads)
        bare = ImportedNetwork("size", self.read, tuple(self.layers), (), self.answer)
        size = bare.size(self.layers[-1].name)
        labels = tuple(f"{label}{n}" for n, label in zip(range(max(2, size)), LABELS * 3, strict=False))
        alone = size == 1 and bare.says_numbers
        if alone or (not self.answering and self.draw(st.booleans())):
            labels = ()
        return ImportedNetwork("random", self.read, tuple(self.layers), labels, self.answer, source="a test")

    def _numbers(self) -> Numbers:
        rows, steps = self.draw(st.integers(1, 10)), self.draw(st.integers(1, 5))
        return Numbers(self.random.normal(size=(rows, steps)))

    def _size(self, name: str) -> int:
        """The rows of a result."""
        if name in (INPUT, ANSWER):
            return 1 if isinstance(self.read, Text) or name == ANSWER else len(self.read.sample)
        layer = next(layer for layer in self.layers if layer.name == name)
        if layer.kind == "embedding":
            return layer.weights["E"].shape[1]
        if layer.weights and layer.kind != "attention":
            return len(next(iter(layer.weights.values())))
        sizes = list(map(self._size, layer.names_read))
        rows = sizes[0] if layer.kind in ("add", "mean", "product") else sum(sizes)
        return rows * self.read.steps if layer.kind == "flatten" else rows

    def _add(self, kind: str, reads: tuple[str, ...], **more) -> str:
        self.layers.append(ImportedLayer(kind, f"{kind[:3]}{len(self.layers)}", reads, **more))
        return self.layers[-1].name

    def _weights(self, *shape: int) -> np.ndarray:
        return self.random.normal(size=shape)

    def _embedding(self, reads: str, tokens: int) -> str:
        size = self.draw(st.sampled_from(self.sizes))
        return self._add("embedding", (reads,), weights={"E": self._weights(tokens, size)})

    def _cell(self, reads: tuple[str, ...], units: int, **more) -> str:
        kind = self.draw(st.sampled_from(ANY_CELL))
        sizes = {"hidden": units, "input": sum(map(self._size, reads)), "one": 1}
        weights = {
            spec.name: self._weights(sizes[spec.rows], sizes[spec.cols])
            for spec in KINDS[kind].parameters
            if not spec.optional or self.draw(st.booleans())
        }
        # A cell that grows without bound says nothing about the formulas.
        activations = ACTIVATIONS[:2] if kind == "gru-before" else ACTIVATIONS[:6]
        gates = ("", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2")
        more |= {"activation": self.draw(st.sampled_from(activations))}
        if kind != "elman":
            more |= {"gate_activation": self.draw(st.sampled_from(gates))}
        return self._add(kind, reads, weights=weights, **more)

    def _recurrent(self, reads: str) -> str:
        units = self.draw(st.sampled_from(self.sizes))
        form = self.draw(st.sampled_from(["one", "back", "both"]))
        if form != "both":
            return self._cell((reads,), units, reverse=form == "back")
        there, back = self._cell((reads,), units), self._cell((reads,), units, reverse=True)
        merge = self.draw(st.sampled_from(["concat", "add", "mean", "product"]))
        return self._add(merge, (there, back))

    def _summary(self, reads: str) -> str:
        """What is said once of a line, or nothing."""
        if self.draw(st.booleans()):
            reads = self._add("masked", (reads, reads)[: self.draw(st.integers(1, 2))])
        kind = self.draw(st.sampled_from(["last", "flatten", "attention", "nothing"]))
        if kind == "nothing":
            return reads
        weights = {"Wq": self._weights(1, self._size(reads))} if kind == "attention" else {}
        if kind == "last" and self.draw(st.booleans()):
            weights = {}
            reads = self._add("dense", (reads, reads), weights=self._dense(3, 2 * self._size(reads)))
        return self._add(kind, (reads,), weights=weights)

    def _decoder(self, reads: str) -> str:
        if self.layers[-1].kind not in ANY_CELL:
            reads = self._add("last", (reads,))
        units, tokens = self._size(reads), self.draw(st.sampled_from([3, 5, 9]))
        self.answer = Answer(
            self.draw(st.integers(0, tokens - 1)),
            self.draw(st.integers(0, tokens - 1)),
            self.draw(st.integers(1, 6)),
        )
        embedded = self._embedding(ANSWER, tokens)
        if self.draw(st.booleans()) and self.layers[-2].kind == "last":
            # What was read is read again at each step of the answer.
            embedded = self._add("concat", (embedded, reads))
        decoder = self._cell((embedded,), units, starts=reads)
        self._says = tokens
        return decoder

    def _dense(self, rows: int, cols: int) -> dict[str, np.ndarray]:
        weights = {"Wa": self._weights(rows, cols)}
        return weights | ({"ba": self._weights(rows, 1)} if self.draw(st.booleans()) else {})

    def _head(self, reads: str) -> None:
        """Dense layers; the last says it."""
        if self.draw(st.booleans()):
            units = self.draw(st.sampled_from(self.sizes))
            activation = self.draw(st.sampled_from(ACTIVATIONS))
            weights = self._dense(units, self._size(reads))
            reads = self._add("dense", (reads,), weights=weights, activation=activation)
        rows = self._says if self.answering else self.draw(st.sampled_from([1, 2, 6, 10, 15]))
        weights = self._dense(rows, self._size(reads))
        last = self.draw(st.sampled_from(["softmax", "sigmoid", "linear", "", "apart"]))
        reads = self._add("dense", (reads,), weights=weights, activation="" if last == "apart" else last)
        if last == "apart":
            self._add("activation", (reads,), activation=self.draw(st.sampled_from(["softmax", "relu"])))


def weights(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def recurrent(gates: str, units: int, reads: int, biases: str = "") -> dict[str, np.ndarray]:
    return {
        **{f"Wx{gate}": weights(units, reads, seed=ord(gate)) for gate in gates},
        **{f"Wh{gate}": weights(units, units, seed=ord(gate)) for gate in gates},
        **{f"b{gate}": weights(units, 1, seed=ord(gate)) for gate in biases or gates},
    }


TOKENS = ("", "the", "cat", "sat", "good", "bad", "movie", "don't", "7", "été", "OOV")


def moods(typed: str = "The cat  sat, good *movie*!", unknown: int | None = None) -> ImportedNetwork:
    """Reads words in both directions, masked, and attends to them."""
    return ImportedNetwork(
        "moods",
        Text("words", TOKENS, 6, typed, {"films": 6}, unknown=unknown, masked=True),
        (
            ImportedLayer("embedding", "emb", weights={"E": weights(11, 5)}),
            ImportedLayer("lstm", "there", ("emb",), weights=recurrent("ifgo", 9, 5)),
            ImportedLayer("gru", "back", ("emb",), weights=recurrent("run", 4, 5, "runm"), reverse=True),
            ImportedLayer("concat", "both", ("there", "back")),
            ImportedLayer("attention", "att", ("both",), weights={"Wq": weights(1, 13)}),
            ImportedLayer("dense", "says", ("att",), weights={"Wa": weights(3, 13)}, activation="softmax"),
        ),
        ("negative", "neutral", "positive"),
    )


def speller(typed: str = "caB?") -> ImportedNetwork:
    """Reads letters, among them capitals and wildcards, and answers token by token."""
    return ImportedNetwork(
        "speller",
        Text(
            "letters", ("<pad>", "<unk>", "</s>", *"abcABC?*~ "), 5, typed, padding="after", unknown=1, end=2
        ),
        (
            ImportedLayer("embedding", "emb", weights={"E": weights(13, 4)}),
            ImportedLayer("gru", "enc", ("emb",), weights=recurrent("run", 6, 4)),
            ImportedLayer("embedding", "heard", (ANSWER,), weights={"E": weights(7, 3)}),
            ImportedLayer("gru", "dec", ("heard",), weights=recurrent("run", 6, 3), starts="enc"),
            ImportedLayer("dense", "says", ("dec",), weights={"Wa": 3 * weights(7, 6)}),
        ),
        ("<pad>", "<s>", "</s>", "AH", "B", "K", "T"),
        Answer(1, 2, 7),
    )


def counter() -> ImportedNetwork:
    """Reads numbers, and says one of two answers."""
    return ImportedNetwork(
        "counter",
        Numbers(weights(2, 5)),
        (
            ImportedLayer("elman", "rnn", (INPUT,), weights=recurrent("h", 9, 2), activation="relu"),
            ImportedLayer("flatten", "flat", ("rnn",)),
            ImportedLayer(
                "dense", "says", ("flat",), weights={"Wa": 0.1 * weights(1, 45)}, activation="sigmoid"
            ),
        ),
        ("few", "many"),
        precision="float64",
    )


def medley(typed: str = "aBx") -> ImportedNetwork:
    """Reads letters as numbers, with every kind of layer that the others lack; answers at each step."""
    gates = {"gate_activation": "hard_sigmoid"}
    before = recurrent("run", 3, 1)
    return ImportedNetwork(
        "medley",
        Text("letters", ("", "a", "b", "B"), 4, typed, unknown=0, begin=2, masked=True),
        (
            ImportedLayer(
                "elman", "one", (INPUT,), weights=recurrent("h", 3, 1), activation="hard_sigmoid_keras2"
            ),
            ImportedLayer("gru-before", "two", (INPUT,), weights=before, activation="tanh", **gates),
            ImportedLayer("add", "sum", ("one", "two")),
            ImportedLayer("mean", "mean", ("one", "two", "sum")),
            ImportedLayer("product", "product", ("sum", "mean")),
            ImportedLayer("masked", "masked", ("product",)),
            ImportedLayer("last", "last", ("masked", "one")),
            ImportedLayer(
                "dense", "dense", ("masked", "last"), weights={"Wa": weights(2, 9), "ba": weights(2, 1)}
            ),
            ImportedLayer("activation", "relu", ("dense",), activation="relu"),
            ImportedLayer("activation", "soft", ("relu",), activation="softmax"),
        ),
    )


def forecaster() -> ImportedNetwork:
    """Reads numbers, and says one number at each step."""
    return ImportedNetwork(
        "forecaster",
        Numbers(weights(2, 6)),
        (
            ImportedLayer("gru", "gru", (INPUT,), weights=recurrent("run", 4, 2)),
            ImportedLayer("dense", "says", ("gru",), weights={"Wa": weights(1, 4), "ba": weights(1, 1)}),
        ),
    )


def estimator() -> ImportedNetwork:
    """Reads words, and says three numbers once."""
    return ImportedNetwork(
        "estimator",
        Text("words", ("", "warm", "cold", "rain"), 4, "cold rain"),
        (
            ImportedLayer("embedding", "emb", weights={"E": weights(4, 3)}),
            ImportedLayer("elman", "rnn", ("emb",), weights=recurrent("h", 5, 3)),
            ImportedLayer("dense", "says", ("rnn",), weights={"Wa": weights(3, 5)}, activation="tanh"),
            ImportedLayer("last", "last", ("says",)),
        ),
    )


def namer() -> ImportedNetwork:
    """Reads letters, and says one of so many names that only the greatest are told."""
    return ImportedNetwork(
        "namer",
        Text("letters", ("", *"abc"), 5, "abca"),
        (
            ImportedLayer("embedding", "emb", weights={"E": weights(4, 3)}),
            ImportedLayer("elman", "rnn", ("emb",), weights=recurrent("h", 6, 3)),
            ImportedLayer("last", "last", ("rnn",)),
            ImportedLayer("dense", "says", ("last",), weights={"Wa": weights(15, 6)}, activation="softmax"),
        ),
        tuple(f"name {number}" for number in range(15)),
    )


NETWORKS = {each.__name__: each for each in (moods, speller, counter, medley, forecaster, estimator, namer)}
