"""Your own word and size: draws weights, trains them, and writes the workbook.

python own_word.py banana 4        (a word, and how many hidden units)
"""

import sys

import numpy as np

import rnnsheet

if len(sys.argv) not in (1, 3):
    sys.exit("usage: python own_word.py WORD UNITS")
word, hidden = (sys.argv[1], int(sys.argv[2])) if len(sys.argv) == 3 else ("banana", 4)
letters = sorted(set(word))

random = np.random.default_rng(seed=1)
weights = {
    "Wxh": random.normal(scale=0.5, size=(hidden, len(letters))),
    "Whh": random.normal(scale=0.5, size=(hidden, hidden)),
    "bh": np.zeros(hidden),
    "Why": random.normal(scale=0.5, size=(len(letters), hidden)),
}
model = rnnsheet.Model("elman", weights)  # or "lstm", "gru": each gate has weights of its own
lesson = rnnsheet.Lesson(name=word, model=model, vocabulary=letters, word=word)

*_, last = lesson.train(epochs=500, rate=0.1, clip=5.0)
trained = lesson.with_model(last.model)
said = "".join(trained.run()["predicted"][0])
print(f"reads {word}, should say {word[1:]}, says {said}; the loss is {last.loss:.3f}")

book = rnnsheet.export(trained, f"{word}.xlsx", epochs=50, force=True)  # 50 rows of training
print(f"{book}: all right" if rnnsheet.check(book).ok else f"{book}: something is wrong")
