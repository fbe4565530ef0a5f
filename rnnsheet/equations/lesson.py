"""A lesson's network as named equations: what is read, its layers, what it says, its loss and gradients."""

from rnnsheet.equations.backward import differentiate
from rnnsheet.equations.cells import BUILT_IN
from rnnsheet.equations.expr import (
    At,
    Expr,
    Leaf,
    Parameter,
    Value,
    argmax_label,
    cross_entropy,
    dot,
    fed_back,
    greatest,
    letter_after,
    letter_at,
    one_hot,
    same_letter,
    softmax_error,
    total,
    typed,
    word_after,
    word_at,
)
from rnnsheet.equations.network import Network
from rnnsheet.equations.own import reason
from rnnsheet.equations.recurrence import STEP, Recurrence
from rnnsheet.errors import LessonError
from rnnsheet.lesson import LessonData
from rnnsheet.network import ONE, STATIC, Axis, Layer, on_sequence


def network(lesson: LessonData) -> Recurrence:
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


OF_SHEETS = frozenset(
    (
        *("word", "second", "wanted", "wanted_second", "wanted_used", "same", "same_second", "picture"),
        *("picture_read", "numbers", "vocabulary", "labels", "place", "place_answer", "t", "rate", "clip"),
        *("update_rate", "flow_clip", "flow_Whh", "chosen", "step", "reveal", "state", "loss"),
    )
)
"""What the sheets of a lesson call their own inputs and results."""


class _Network(Network):
    """A lesson's: letters or words in, the layers, what it says, its loss and all gradients."""

    def __init__(self, lesson: LessonData):
        super().__init__(lesson.model, Recurrence(dict(lesson.sequences), lesson.split))
        self.lesson = lesson
        for layer in self.model:
            for source in layer.reads:
                if not self.model.layer_of(source):
                    self.input(str(source.of))
            if layer.traits.says:
                self._says(layer)
            else:
                self.layer(layer)
        for output in self.model.outputs:
            self._loss(output)
        differentiate(self.r, lesson.model.parameters)
        self._check_names_of_own_cells()
        for name in lesson.notes:
            if name not in self.r.equations:
                known = ", ".join(self.r.equations)
                raise LessonError("unknown_note", place=lesson.source, name=name, known=known)

    def _check_names_of_own_cells(self) -> None:
        """Raises LessonError where a parameter of one is called as something else of the workbook."""
        starts = {layer.initial(state) for layer in self.model for state in layer.traits.states}
        taken = self.r.equations.keys() | starts | OF_SHEETS
        for layer in self.model:
            names = () if layer.kind in BUILT_IN else layer.parameter_names.values()
            if twice := next((name for name in names if name in taken), ""):
                raise LessonError("cell_taken", place=self.lesson.source, cell=layer.kind, name=twice)

    def _choices(self, name: str) -> Parameter:
        axis = self.lesson.choice if name == "labels" else self.lesson.inputs["word"]
        if axis.name == "letters":
            name = "vocabulary"
        return self.r.parameters.get(name) or self.r.parameter(name, axis)

    def axis(self, layer: Layer) -> Axis:
        return self.lesson.choice if layer.traits.says else super().axis(layer)

    def input(self, name: str) -> Value:
        """The letters or words of an input at each of its time steps, as one-hot columns; or a picture."""
        sequence, x = name, on_sequence("x", name)
        if x in self.r.equations:
            return self.r.equations[x].value
        if sequence == "picture":
            pixels = self.r.parameter("pixels", self.lesson.inputs["picture"])
            return self.r.let(x, pixels, "read", sequence=STATIC, base="x_picture")
        if sequence == "answer":
            said = self.model.output_on(sequence).named("predicted")
            letter = fed_back(self.r.before(said, ONE))
            choices = self._choices("labels")
        else:
            at = letter_at if self.lesson.split == "letters" else word_at
            letter = at(self.r.parameter(f"{sequence}_clean", ONE), STEP)
            choices = self._choices("vocabulary")
        value = self.r.let(on_sequence("letter", sequence), letter, "read", sequence=sequence, base="letter")
        return self.r.let(x, one_hot(choices, value), "read", sequence=sequence, base="x")

    def _says(self, layer: Layer) -> None:
        """A softmax, and what the network says: the label of the greatest probability."""
        choices, sequence = self._choices("labels"), self.model.sequence(layer)
        p = self.layer(layer)
        once = sequence == STATIC
        letter = self._letter_of(self.model.root(layer) if once else sequence, once)

        def let(base: str, expr: Expr, part: str) -> Value:
            return self.r.let(layer.named(base), expr, part, sequence=sequence, base=base, layer=layer)

        confidence = let("confidence", greatest(p, *(letter if once else ())), "answer")
        predicted = let("predicted", argmax_label(choices, p, confidence, *letter), "answer")
        if sequence == "answer":
            self.r.states[predicted.name] = self.r.parameter("start", ONE)
        target = let("target", self._target(layer, sequence), "read")
        let("right", same_letter(predicted, target), "mark")

    def _letter_of(self, sequence: str, first: bool) -> tuple[Leaf, ...]:
        """What a sequence reads, at this time step or at its first one; nothing of a picture."""
        equation = self.r.equations.get(on_sequence("letter", sequence))
        if equation is None:
            return ()
        return (At(equation.name, ONE, 1) if first else equation.value,)

    def _target(self, layer: Layer, sequence: str) -> Expr:
        if sequence == "answer":
            return word_at(self.r.parameter("wanted_clean", ONE), STEP)
        root = self.model.root(layer)
        if sequence == STATIC:
            return typed(self.r.parameter(f"wanted{'_second' * (root == 'second')}_used", ONE))
        after = letter_after if self.lesson.split == "letters" else word_after
        return after(self.r.parameters[f"{root}_clean"], STEP)

    def _loss(self, layer: Layer) -> None:
        """The loss of a softmax, and its gradient."""
        sequence = self.model.sequence(layer)
        y, e, p, target = (self.r.equations[layer.named(base)].value for base in ("y", "e", "p", "target"))

        def let(base: str, expr: Expr, symbol: str = "") -> Value:
            name = layer.named(base)
            return self.r.let(name, expr, "loss", sequence=sequence, base=base, layer=layer, symbol=symbol)

        goal = let("goal", one_hot(self._choices("labels"), target))
        asked = let("asked", total(goal))
        let("q", dot(p, goal))
        # Not -ln q, which ends where q is too small for a number. Source: Goodfellow et al., "Deep
        # Learning" (2016), eq. 6.30.
        let("loss_t", cross_entropy(y, let("y_goal", dot(y, goal)), e, asked), layer.named("loss"))
        # Softmax and cross-entropy together: eq. 10.18 there.
        self.r.given[layer.named("y")] = softmax_error(p, goal, asked)
