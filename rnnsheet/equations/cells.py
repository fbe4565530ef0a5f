"""The recurrent cells and other layers as equations, and the texts on both ends of them."""

from collections.abc import Callable

from rnnsheet.equations.backward import differentiate
from rnnsheet.equations.expr import (
    At,
    Expr,
    Leaf,
    Operation,
    Parameter,
    Value,
    argmax_label,
    concat,
    cross_entropy,
    dot,
    exp_below_greatest,
    fed_back,
    greatest,
    letter_after,
    letter_at,
    one_hot,
    one_minus,
    over_time,
    same_letter,
    share,
    softmax_error,
    total,
    typed,
    word_after,
    word_at,
)
from rnnsheet.equations.layer import LayerEquations
from rnnsheet.equations.own import Cell, check_kind, reason, told
from rnnsheet.equations.recurrence import STEP, Recurrence
from rnnsheet.errors import LessonError
from rnnsheet.lesson import Lesson
from rnnsheet.network import INPUTS, KINDS, ONE, STATIC, Layer, ParameterSpec, Source, on_sequence
from rnnsheet.network.kinds import recurrent

CELLS: dict[str, Cell] = {}
"""The equations of every kind of layer but the softmax."""
BUILT_IN = frozenset(name for name, kind in KINDS.items() if kind.of_lessons)


def cell(name: str, *parameters: ParameterSpec, states: tuple[str, ...] = ("h",)) -> Callable[[Cell], Cell]:
    """Adds a recurrent cell: its parameters, what it remembers, and the equations that it stands above.

    The first of the parameters has as many rows as the layer has units, the first of the states is h.
    Raises LessonError where the name is taken, or a parameter or state is none.
    """
    check_kind(name, parameters, states)

    def add(equations: Cell) -> Cell:
        KINDS[name] = recurrent(parameters, states)
        CELLS[name] = told(name, equations)
        return equations

    return add


def elman(r: LayerEquations, x: Leaf) -> Value:
    """The hidden state of the Elman cell. Source: Elman, "Finding Structure in Time" (1990)."""
    h = r.state("h")
    xh = r.let("xh", r.parameter("Wxh", r.hidden, x.rows) @ x)
    hh = r.let("hh", r.plus_bias(r.recurrent("Whh", r.before(h)), "bh"))
    z = r.let("z", xh + hh)
    return r.let("h", r.activate(z))


def lstm(r: LayerEquations, x: Leaf) -> Value:
    """The hidden state of the LSTM with a forget gate. Source: Gers et al., "Learning to Forget" (2000).

    Its peepholes, if it has any, are those of Gers and Schmidhuber, "Recurrent Nets that Time and
    Count" (2000): the output gate sees the cell state of its own time step.
    """
    h, c = r.state("h"), r.state("c")

    def gate(name: str, activate: Callable[[Expr], Expr], seen: Leaf) -> Value:
        z = r.weighted(name, x, r.before(h))
        if r.has(f"Wc{name}"):
            z = z + r.parameter(f"Wc{name}", r.hidden) * seen
        return r.let(name, activate(r.let(f"z{name}", z)))

    i, f, g = (
        gate(name, activate, r.before(c))
        for name, activate in (("i", r.gate_activate), ("f", r.gate_activate), ("g", r.activate))
    )
    c = r.let("c", f * r.before(c) + i * g)
    o = gate("o", r.gate_activate, c)
    return r.let("h", o * r.activate(c))


def gru(r: LayerEquations, x: Leaf) -> Value:
    """The hidden state of the GRU whose reset gate acts after the recurrent product, as in PyTorch."""
    h, reset, update = _gru_gates(r, x)
    m = r.let("m", r.plus_bias(r.recurrent("Whn", r.before(h)), "bm"))
    new = r.parameter("Wxn", r.hidden, x.rows) @ x
    return _gru_state(r, h, update, r.plus_bias(new, "bn") + reset * m)


def gru_before(r: LayerEquations, x: Leaf) -> Value:
    """The hidden state of the GRU whose reset gate acts before the recurrent product.

    Source: Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder" (2014), eq. 5 to 8.
    """
    h, reset, update = _gru_gates(r, x)
    kept = r.let("s", reset * r.before(h))
    return _gru_state(r, h, update, r.weighted("n", x, kept))


def _gru_gates(r: LayerEquations, x: Leaf) -> tuple[Value, Value, Value]:
    h = r.state("h")
    gates = [
        r.let(name, r.gate_activate(r.let(f"z{name}", r.weighted(name, x, r.before(h)))))
        for name in ("r", "u")
    ]
    return h, gates[0], gates[1]


def _gru_state(r: LayerEquations, h: Value, update: Value, candidate: Expr) -> Value:
    n = r.let("n", r.activate(r.let("zn", candidate)))
    return r.let("h", one_minus(update) * n + update * r.before(h))


def dense(r: LayerEquations, x: Leaf) -> Value:
    """A layer without memory: its activation of Wa·x + ba."""
    z = r.plus_bias(r.parameter("Wa", r.hidden, x.rows) @ x, "ba")
    return r.let("a", z if r.layer.activation == "linear" else r.activate(r.let("za", z)))


CELLS |= {
    "elman": elman,
    "lstm": lstm,
    "gru": gru,
    "gru-before": gru_before,
    "dense": dense,
}


def network(lesson: Lesson) -> Recurrence:
    """The whole network of a lesson: texts in, the layers, probabilities and answers out, loss, gradients.

    Raises LessonError where a note belongs to no equation, or a cell of one's own is none.
    """
    try:
        return _Network(lesson).r
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        own = next((layer.kind for layer in lesson.model if layer.kind not in BUILT_IN), "")
        if not own:
            raise
        # What no check of single equations sees, such as a name that another layer has.
        raise LessonError("cell_unwritten", place=lesson.source, cell=own, reason=reason(error)) from None


class _Network:
    """Writes the equations of one layer after the other."""

    def __init__(self, lesson: Lesson):
        self.lesson, self.model = lesson, lesson.model
        self.r = Recurrence(dict(lesson.sequences), lesson.split)
        self.vocabulary: dict[str, Parameter] = {}
        for layer in self.model:
            for source in layer.reads:
                if source.of in INPUTS:
                    self._read(str(source.of))
            self._layer(layer)
        for output in self.model.outputs:
            self._loss(output)
        differentiate(self.r, lesson.model.parameters)
        for name in lesson.notes:
            if name not in self.r.equations:
                known = ", ".join(self.r.equations)
                raise LessonError("unknown_note", place=lesson.source, name=name, known=known)

    def _choices(self, name: str) -> Parameter:
        axis = self.lesson.choice if name == "labels" else self.lesson.inputs["word"]
        if axis.name == "letters":
            name = "vocabulary"
        return self.r.parameters.get(name) or self.r.parameter(name, axis)

    def _read(self, sequence: str) -> None:
        """The letters or words of an input at each of its time steps, and their one-hot columns."""
        x = on_sequence("x", sequence)
        if x in self.r.equations:
            return
        if sequence == "picture":
            pixels = self.r.parameter("pixels", self.lesson.inputs["picture"])
            self.r.let(x, pixels, "read", sequence=STATIC, base="x_picture")
            return
        if sequence == "answer":
            said = self.model.output_on(sequence).named("predicted")
            letter = fed_back(self.r.before(said, ONE))
            choices = self._choices("labels")
        else:
            at = letter_at if self.lesson.split == "letters" else word_at
            letter = at(self.r.parameter(f"{sequence}_clean", ONE), STEP)
            choices = self._choices("vocabulary")
        value = self.r.let(on_sequence("letter", sequence), letter, "read", sequence=sequence, base="letter")
        self.r.let(x, one_hot(choices, value), "read", sequence=sequence, base="x")

    def _layer(self, layer: Layer) -> None:
        sequence = self.model.sequence(layer)
        x = self._what_it_reads(layer, sequence)
        axis = self.lesson.choice if layer.traits.says else self.model.axis(layer)
        equations = LayerEquations(
            self.r,
            layer,
            {name: (array.shape[0], array.shape[1]) for name, array in self.model.of(layer).items()},
            sequence,
            axis,
            self._start(layer),
        )
        if layer.traits.says:
            self._softmax(equations, x)
        else:
            CELLS[layer.kind](equations, x)

    def _what_it_reads(self, layer: Layer, sequence: str) -> Leaf:
        """What the layer reads at a time step of its own: one vector."""
        found = [self._source(source, sequence) for source in layer.reads]
        if len(found) == 1 and not isinstance(found[0], Operation):
            return found[0]
        expr = concat(found) if len(found) > 1 else found[0]  # type: ignore[arg-type]
        key = f"{layer.kind}{layer.ending}"
        if len(found) > 1:
            return self.r.let(layer.gathered, expr, "cell", sequence=sequence, base="both", layer=key)
        return self.r.let(layer.gathered, expr, "read", sequence=sequence, base="bag", layer=key)

    def _source(self, source: Source, sequence: str) -> Expr:
        name = self.model.value(source)
        equation = self.r.equations[name]
        steps = self.r.sequences[equation.sequence]
        if source.at == "sum":
            return over_time(equation.value, steps)
        if source.at == "" or equation.sequence == STATIC:
            return equation.value
        step = (1 if name in self.r.reverse else steps) if source.at == "last" else int(source.at)
        return At(name, equation.value.rows, step)

    def _start(self, layer: Layer) -> dict[str, Leaf]:
        """The first value of each state that the layer takes from another."""
        if layer.starts is None:
            return {}
        before = self.model.layer(layer.starts)
        found: dict[str, Leaf] = {}
        for state in layer.traits.states:
            base = state if state in before.traits.states else before.traits.result
            if base == state or state == "h":
                equation = self.r.equations[before.named(base)]
                once = equation.sequence == STATIC
                last = 1 if equation.name in self.r.reverse else self.r.sequences[equation.sequence]
                found[state] = At(equation.name, equation.value.rows, last, once)
        return found

    def _softmax(self, r: LayerEquations, x: Leaf) -> None:
        """Scores, probabilities, and what the network says: the label of the greatest probability."""
        choices = self._choices("labels")
        y = r.let("y", r.plus_bias(r.parameter("Why", r.hidden, x.rows) @ x, "by"), "output")
        # softmax: subtracting the greatest score changes no share and keeps EXP from overflowing.
        e = r.let("e", exp_below_greatest(y), "output")
        p = r.let("p", share(e), "output")
        once = r.sequence == STATIC
        letter = self._letter_of(self.model.root(r.layer) if once else r.sequence, once)
        confidence = r.let("confidence", greatest(p, *(letter if once else ())), "answer")
        predicted = r.let("predicted", argmax_label(choices, p, confidence, *letter), "answer")
        if r.sequence == "answer":
            self.r.states[predicted.name] = self.r.parameter("start", ONE)
        target = r.let("target", self._target(r), "read")
        r.let("right", same_letter(predicted, target), "mark")

    def _letter_of(self, sequence: str, first: bool) -> tuple[Leaf, ...]:
        """What a sequence reads, at this time step or at its first one; nothing of a picture."""
        equation = self.r.equations.get(on_sequence("letter", sequence))
        if equation is None:
            return ()
        return (At(equation.name, ONE, 1) if first else equation.value,)

    def _target(self, r: LayerEquations) -> Expr:
        if r.sequence == "answer":
            return word_at(self.r.parameter("wanted_clean", ONE), STEP)
        root = self.model.root(r.layer)
        if r.sequence == STATIC:
            return typed(self.r.parameter(f"wanted{'_second' * (root == 'second')}_used", ONE))
        after = letter_after if self.lesson.split == "letters" else word_after
        return after(self.r.parameters[f"{root}_clean"], STEP)

    def _loss(self, layer: Layer) -> None:
        """The loss of a softmax, and its gradient."""
        sequence, key = self.model.sequence(layer), f"softmax{layer.ending}"
        y, e, p, target = (self.r.equations[layer.named(base)].value for base in ("y", "e", "p", "target"))

        def let(base: str, expr: Expr) -> Value:
            return self.r.let(layer.named(base), expr, "loss", sequence=sequence, base=base, layer=key)

        goal = let("goal", one_hot(self._choices("labels"), target))
        asked = let("asked", total(goal))
        let("q", dot(p, goal))
        # Not -ln q, which ends where q is too small for a number. Source: Goodfellow et al., "Deep
        # Learning" (2016), eq. 6.30.
        let("loss_t", cross_entropy(y, let("y_goal", dot(y, goal)), e, asked))
        # Softmax and cross-entropy together: eq. 10.18 there.
        self.r.given[layer.named("y")] = softmax_error(p, goal, asked)
