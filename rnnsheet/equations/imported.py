"""An imported network as named equations: what is read, its layers, what it says. No loss, no gradients."""

from collections.abc import Mapping

from rnnsheet.equations.expr import (
    Expr,
    Leaf,
    Value,
    at_least_half,
    certainty,
    greatest,
    label_before_end,
    label_of,
    row_with,
)
from rnnsheet.equations.network import Network
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.network import ONE, STATIC, Axis, Layer
from rnnsheet.network.imported import INPUT, ImportedNetwork, Text

MASK = Value("mask", ONE)
"""1 where the text has a token, 0 at padding."""
K = Value("k", ONE)
"""The number of the token that is read."""


def network(imported: ImportedNetwork) -> Recurrence:
    """The equations of an imported network; `K` and `MASK`, or the numbers `x`, stand elsewhere.

    The sequence that is read is called "word", as in lessons.
    """
    return _Network(imported).r


def result(recurrence: Recurrence) -> Equation:
    """The equation of the last layer's result, of which the greatest row is said."""
    return [equation for equation in recurrence.equations.values() if equation.part != "answer"][-1]


class _Network(Network):
    """A network from a file."""

    both = "concat"

    def __init__(self, imported: ImportedNetwork):
        self.imported, read, says = imported, imported.read, imported.result
        model = imported.model
        used = {self.line(model.sequence(layer)) for layer in model} | {self.line(INPUT)}
        steps = {"word": read.steps, STATIC: 1, "answer": imported.answer.steps if imported.answer else 0}
        unit = read.unit if isinstance(read, Text) else "numbers"
        sequences = {sequence: count for sequence, count in steps.items() if sequence in used}
        super().__init__(model, Recurrence(sequences, unit))
        self.labelled = set() if imported.says_numbers else {says.name}
        if self.labelled and says.kind == "activation" and len(says.reads) == 1:
            self.labelled.add(says.names_read[0])
        if imported.answer:
            self.r.states["said"] = self.r.parameter("start", ONE)
            said = self.r.before("said", ONE)
            self.answer = self.r.let("k_answer", said, "read", sequence="answer", base="k")
        results = [self.layer(layer) for layer in model]
        if not imported.says_numbers:
            self._say(results[-1])

    def input(self, name: str) -> Value:
        if name != INPUT:
            return self.answer
        size = self.imported.size(INPUT)
        return K if isinstance(self.imported.read, Text) else Value("x", Axis("hidden", size))

    def line(self, sequence: str) -> str:
        return "word" if sequence == INPUT else sequence

    def axis(self, layer: Layer) -> Axis:
        """The labels, where it says them."""
        size = self.model.size(layer)
        return Axis("labels" if layer.name in self.labelled and size > 1 else "hidden", size)

    def part(self, layer: Layer) -> str:
        return "output" if layer is self.imported.result else "cell"

    def mask(self, along: str) -> Leaf | None:
        read = self.imported.read
        return MASK if isinstance(read, Text) and read.masked and along == "word" else None

    def initial(self, layer: Layer) -> Mapping[str, Leaf | None]:
        """Zeros where no other layer gives them."""
        return {**dict.fromkeys(layer.traits.states), **super().initial(layer)}

    def _say(self, result: Value) -> None:
        """What the network says: the number of its greatest row, and its label."""
        sequence = self.line(self.model.sequence(self.imported.result))
        probable = self.imported.gives_probabilities(self.imported.result.name)
        certain = "confidence" if probable else "greatest"

        def let(name: str, expr: Expr, base: str = "") -> Value:
            return self.r.let(name, expr, "answer", sequence=sequence, base=base)

        size = max(2, result.rows.size)
        labels = self.r.parameter("labels", Axis("labels", size))
        if result.rows.size == 1:
            said = let("said", at_least_half(result))
            let("confidence", certainty(result, said), certain)
        else:
            let("confidence", greatest(result), certain)
            said = let("said", row_with(result, greatest(result)))
        if self.imported.answer:
            let("says", label_before_end(labels, said, self.r.parameter("end", ONE)))
        else:
            let("says", label_of(labels, said))
