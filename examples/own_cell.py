"""A cell of your own, from its equations: its workbook, with gradients and training, and the check of it.

python own_cell.py
rnnsheet --cells own_cell.py export LESSON.toml        (where the lesson says cell = "mgu")

A minimal gated unit: one gate both forgets and updates. Source: Zhou et al. (2016).
"""

import numpy as np

import rnnsheet
from rnnsheet.equations.cells import cell
from rnnsheet.equations.expr import one_minus, sigmoid, tanh
from rnnsheet.network import gate


@cell("mgu", *gate("f"), *gate("n"))  # Wxf, Whf, bf, Wxn, Whn, bn
def mgu(layer, x):
    """Each `let` is a block that a student sees."""
    h = layer.state("h")
    before = layer.before(h)
    f = layer.let("f", sigmoid(layer.let("zf", layer.weighted("f", x, before))))
    kept = layer.let("kept", f * before)
    n = layer.let("n", tanh(layer.let("zn", layer.weighted("n", x, kept))))
    return layer.let("h", one_minus(f) * before + f * n)


def main() -> None:
    """Writes a workbook of three such units that read "hello", and checks it."""
    random = np.random.default_rng(seed=1)
    shapes = {"Wxf": (3, 4), "Whf": (3, 3), "Wxn": (3, 4), "Whn": (3, 3), "Why": (4, 3)}
    weights = {name: random.normal(size=shape) for name, shape in shapes.items()}
    lesson = rnnsheet.Lesson("mgu", rnnsheet.Model("mgu", weights), vocabulary="helo", word="hello")
    book = rnnsheet.export(lesson, "mgu.xlsx", epochs=50, force=True)
    report = rnnsheet.check(book)
    print(f"{book}: {report.cells} cells, {report.failed} wrong")
    # NumPy does not know the cell: formulas and stored values were compared, and nothing else.
    print(f"computed by NumPy too: {report.proved}")


if __name__ == "__main__":
    main()
