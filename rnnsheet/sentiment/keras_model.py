"""The two networks in Keras, and how they learn."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnsheet.errors import OutputError, RnnsheetError
from rnnsheet.sentiment.sequences import Flags

Numbers = NDArray[np.int32]
Vectors = NDArray[np.float32]

EMBEDDING, ARTICLE = "embedding", "article"
NETWORKS = (EMBEDDING, ARTICLE)
"""EMBEDDING is the network that the article meant: an Embedding layer before its other layers. ARTICLE is the
one that it computes: it builds an Embedding layer and never adds it to the model, so that the recurrent layer
reads the token numbers themselves, one feature per time step."""

PACKAGES = ("keras", "torch", "simplemma", "bm25s")
"""What the extra `sentiment` installs."""

STEPS = 15
"""How many words of a sentence are read, as in the article."""
DIMENSIONS = 100
"""How many numbers stand for a word, where no GloVe file says."""


def check_installed() -> None:
    """Raises OutputError where a package of the extra `sentiment` is missing."""
    for package in PACKAGES:
        if not find_spec(package):
            raise OutputError("needs_extra", package=package, extra="sentiment")


def build(kind: str, words: int, vectors: Vectors | None = None) -> Any:
    """An untrained Keras model, one of `NETWORKS`.

    It reads word numbers up to `words`, (sentences, STEPS), and gives the probabilities of negative and
    positive, (sentences, 2). `vectors`, (words + 1, dimensions), are those of the embedding, which then does
    not learn them.
    """
    keras = _keras()
    layers = keras.layers
    if kind == ARTICLE:
        first = [keras.Input((STEPS, 1), name="tokens")]
    else:
        dimensions = DIMENSIONS if vectors is None else vectors.shape[1]
        first = [keras.Input((STEPS,), dtype="int32", name="tokens"), layers.Embedding(words + 1, dimensions)]
    model = keras.Sequential(
        [
            *first,
            layers.SimpleRNN(100, activation="relu"),
            layers.Dense(1000, activation="sigmoid"),
            layers.Dense(500, activation="relu"),
            layers.Dense(2, activation="softmax"),
        ]
    )
    if vectors is not None:
        model.layers[0].set_weights([vectors])
        model.layers[0].trainable = False
    return model


def seed_randomness(seed: int) -> None:
    """Lets the random numbers of Keras, NumPy and PyTorch begin at `seed`."""
    _keras().utils.set_random_seed(seed)


def learn(
    model: Any, tokens: Numbers, positive: Flags, epochs: int, batch: int, advance: Callable[[int], object]
) -> list[float]:
    """Trains by Adam on the cross-entropy and gives the loss of every epoch.

    `tokens` has the shape (sentences, STEPS), `positive` (sentences,). `advance` is told how many sentences
    were read. Raises RnnsheetError where the weights do not stay finite.
    """
    callbacks = _keras().callbacks
    sizes = np.diff([*range(0, len(tokens), batch), len(tokens)])
    tell = callbacks.LambdaCallback(on_train_batch_end=lambda number, logs: advance(int(sizes[number])))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    history = model.fit(
        tokens, positive.astype(np.int32), batch_size=batch, epochs=epochs, verbose=0, callbacks=[tell]
    )
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise RnnsheetError("not_learned")
    return [float(loss) for loss in history.history["loss"]]


def finds_positive(model: Any, tokens: Numbers) -> Flags:
    """Whether the network finds each sentence positive, (sentences,)."""
    probabilities = model.predict(tokens, batch_size=1024, verbose=0)
    return np.asarray(probabilities[:, 1] > probabilities[:, 0])


def _keras() -> Any:
    """Keras, which computes with PyTorch unless the environment says otherwise."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras
