"""The data everything else speaks about: Lesson and Trace. Checked, frozen, no arithmetic.

Column vectors throughout; a weight matrix has the shape (out, in).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnsheet.errors import LessonError
from rnnsheet.network import INPUTS, STATIC, Array, Axis, Layer, Model, check_model, fit_state
from rnnsheet.network.reading import PUNCTUATION, kind_of, reading, words_of
from rnnsheet.plain import plain, text

if TYPE_CHECKING:
    import pandas as pd

MOST_STEPS = 16_384
"""More time steps than a worksheet has columns are of no use."""
START, END = "<start>", "<end>"
"""What a network reads before its first own word, and says after its last."""

LIMIT = 1e100
"""In a training, weights and the gradients of states stay within ± this, so that nothing overflows."""
FLOW = 5.0
"""The greatest recurrent weight, or multiple of it, with which the gradient's flow is shown."""
WIDTH = 1e-5
"""By how much the gradient check moves a weight, up and down."""
MOST_EPOCHS = 1_000_000
FLOW_STEPS = (2, 300)


@dataclass(frozen=True)
class Settings:
    """What the experiments of a lesson's workbook are set to; all but the two sizes are cells there."""

    epochs: int = 200
    """How many times the training goes through the word."""
    flow_steps: int = 30
    """For how many time steps the gradient's flow is shown."""
    rate: float = 0.1
    """The learning rate of the training."""
    clip: float = 1000.0
    """The greatest norm that a gradient of the training may have."""
    update_rate: float = 0.1
    """The learning rate of the one update."""
    chosen: str = ""
    """The weight of the gradient check, such as "Whh[1,2]"; "" is the first recurrent one."""
    flow_whh: float | None = None
    """Whh for the gradient's flow where that is one number, else what all recurrent weights are
    multiplied by; None is the lesson's own."""
    flow_clip: float = 1.0
    """The greatest norm that the gradient's flow may have, for comparison."""


Example = tuple[str | Array, str]
"""A text or a picture, and what is to be said of it; "" where it is the next letter."""


_TEXTS = ("word", "second", "target", "second_target", "given", "second_given")


@dataclass(frozen=True)
class Lesson:
    """A network with what it reads and what it should say.

    It reads the letters of `word`, one per time step, or its words where `split` is "words"; a step
    past the end reads the zero vector. A softmax over these time steps should say what comes next;
    one that is computed once should say `target`, one of the `labels`; one that reads its own answers
    should say the words of `target` one by one. `second` is another text for layers that read it, with
    a target of its own. `picture` (rows, columns) is read whole. `initial` has states before the first
    time step, zeros where left out; one number stands for every unit. `title` and
    `about` map a language to a text, `notes` an equation's name to such a map.
    """

    name: str
    model: Model
    vocabulary: Sequence[str] = ()
    word: str = ""
    steps: int = 0
    initial: Mapping[str, Array] = field(default_factory=dict)
    split: str = "letters"
    labels: Sequence[str] = ()
    """What the network chooses from; by default the vocabulary."""
    target: str = ""
    """By default the answer of the example that reads the same."""
    second: str = ""
    second_target: str = ""
    given: str = ""
    """A right answer that someone gave for this text alone, where no example reads the same."""
    second_given: str = ""
    picture: Array | None = None
    answer_steps: int = 0
    """How many words it may answer; 0 for as many as the target has, and the end."""
    examples: Sequence[Example] = ()
    """What `train` learns; by default the lesson itself."""
    title: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    source: str = ""
    """The file that it was read from, for messages."""
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        for name in ("name", "split", *_TEXTS):
            put(name, text(name if name == "name" else f"data.{name}", getattr(self, name)))
        put("title", _by_language("title", self.title))
        put("about", _by_language("about", self.about))
        _check_kinds(self)
        put("notes", {name: _by_language(f"notes.{name}", told) for name, told in self.notes.items()})
        put("vocabulary", tuple(map(plain, self.vocabulary)))
        put("labels", tuple(map(plain, self.labels)) or self.vocabulary)
        put("examples", tuple(_example(*example) for example in self.examples))
        if self.split not in ("letters", "words"):
            raise LessonError("wrong_split", got=repr(self.split))
        if self.picture is not None:
            put("picture", _picture("data.picture", self.picture))
        if self.word or self.vocabulary or self.picture is None:
            _check_vocabulary("vocabulary", self.vocabulary, self.split == "letters")
            if self.split == "words":
                _check_readable("vocabulary", self.vocabulary)
        if self.labels != self.vocabulary:
            _check_vocabulary("labels", self.labels, letters=False)
        for name in ("steps", "answer_steps"):
            steps = plain(getattr(self, name))
            put(name, steps)
            if type(steps) is not int or not 0 <= steps <= MOST_STEPS:
                raise LessonError(
                    "wrong_steps", place=self.source, name=name, least=1, most=MOST_STEPS, got=repr(steps)
                )
        model = check_model(self.model, self.inputs, self.choice)
        put("model", model)
        if self.wants_answer:
            of_examples = _answers_of(self.examples, self.split)
            put("target", self.target or of_examples.get(self.reading, self.given))
            second = self.second_target or of_examples.get(self.second_reading, self.second_given)
            put("second_target", second)
        _check_texts(self)
        _check_examples(self)
        put("steps", self.steps or self.least_steps)
        if "answer" in self.sequences:
            if END not in self.labels:
                raise LessonError("no_end", place=self.source, end=END)
            _check_readable("labels", self.labels)
            put("answer_steps", self.answer_steps or self.least_answer_steps)
        elif self.answer_steps:
            raise LessonError("no_answer_steps", place=self.source)
        for source in (source for layer in model for source in layer.reads if source.at.isdigit()):
            if int(source.at) > self.steps:
                raise LessonError("no_such_step", place=self.source, given=str(source), steps=self.steps)
        put("initial", _states(model, self.initial))
        put("settings", _plain_settings(self.settings, model))

    @property
    def inputs(self) -> dict[str, Axis]:
        """The axis of each input that the lesson has."""
        letters = Axis("letters", len(self.vocabulary))
        pixels = 0 if self.picture is None else self.picture.size
        axes = {
            "word": letters if self.word or not pixels else None,
            "second": letters if self.second else None,
            "picture": Axis("pixels", pixels) if pixels else None,
            "answer": self.choice,
        }
        return {name: axis for name, axis in axes.items() if axis}

    @property
    def choice(self) -> Axis:
        """The axis of what a softmax chooses from."""
        own = self.labels != self.vocabulary
        return Axis("labels" if own else "letters", len(self.labels))

    @property
    def sequences(self) -> dict[str, int]:
        """The number of time steps of each sequence; what one takes from another comes from those before."""
        used = {str(source.of) for layer in self.model for source in layer.reads}
        used |= {self.model.sequence(layer) for layer in self.model}
        steps = {"word": self.steps, "second": self.steps, STATIC: 1, "answer": self.answer_steps}
        if "picture" in used:
            used.add(STATIC)
        return {sequence: count for sequence, count in steps.items() if sequence in used}

    @property
    def least_steps(self) -> int:
        """How many time steps the texts need: the last letter is read only where nothing follows it."""
        texts = [self.word, self.second, *(read for read, _ in self.examples if isinstance(read, str))]
        return max(1, *(len(self.parts(text)) - self.reads_ahead for text in texts))

    @property
    def least_answer_steps(self) -> int:
        """How many words the right answers have at most, with the end of each."""
        return 1 + max(len(words_of(target)) for target in (self.target, *(t for _, t in self.examples)))

    @property
    def reads_ahead(self) -> bool:
        """Whether a softmax says at each time step of a text what comes next."""
        return any(self.model.sequence(layer) in ("word", "second") for layer in self.model.outputs)

    @property
    def wants_answer(self) -> bool:
        """Whether a softmax says one answer, or an answer word by word, that an example may give."""
        return any(self.model.sequence(layer) in (STATIC, "answer") for layer in self.model.outputs)

    @property
    def reading(self) -> str:
        """What is read, as the workbook compares it with the examples: the text, or the picture."""
        return reading(self.picture if self.picture is not None and not self.word else self.word, self.split)

    @property
    def second_reading(self) -> str:
        """The second text, in the same form."""
        return reading(self.second, self.split)

    @property
    def answers(self) -> dict[str, str]:
        """The right answer to each text or picture of the examples, and the lesson's own, in that form."""
        if not self.wants_answer:
            return {}
        own = (
            (self.reading, self.target, self.given),
            (self.second_reading, self.second_target, self.second_given),
        )
        found = _answers_of(self.examples, self.split)
        return found | {read: target for read, target, given in own if read and target and target != given}

    def parts(self, text: str) -> tuple[str, ...]:
        """The letters of a text, or its words."""
        return words_of(text) if self.split == "words" else tuple(text)

    def read(self, sequence: str) -> tuple[str, ...]:
        """What is read at each step of a sequence "word" or "second"; "" past the end."""
        return _padded(
            self.parts(self.second if sequence == "second" else self.word), self.sequences[sequence]
        )

    def should_say(self, layer: Layer) -> tuple[str, ...]:
        """What a softmax should say at each of its time steps; "" where there is nothing."""
        sequence = self.model.sequence(layer)
        if sequence == "answer":
            return self.answer_for(self.target)
        if sequence == STATIC:
            return (self.second_target if self.model.root(layer) == "second" else self.target,)
        return _padded(
            self.parts(self.second if sequence == "second" else self.word)[1:], self.sequences[sequence]
        )

    def answer_for(self, target: str) -> tuple[str, ...]:
        """The words of a target, one for each step of the answer, and the end; none of no target."""
        words = words_of(target)
        return _padded((*words, END) if words else (), self.answer_steps)

    def each_example(self) -> Iterator[Lesson]:
        """A lesson of each example, where only what it reads is judged; this one where there are none."""
        if not self.examples:
            yield self
        for read, target in self.examples:
            what = {"word": read} if isinstance(read, str) else {"picture": read}
            yield replace(
                self, **what, target=target, given="", second_target="", second_given="", examples=()
            )

    @property
    def letters(self) -> tuple[str, ...]:
        """What is read of the word at each time step; "" past its end."""
        return self.read("word")

    @property
    def targets(self) -> tuple[str, ...]:
        """What the first softmax should say at each of its time steps; "" where there is nothing."""
        return self.should_say(self.model.outputs[0])

    @property
    def chosen(self) -> str:
        """`settings.chosen`, or the first recurrent weight."""
        return self.settings.chosen or _first_weight(self.model)

    @property
    def flow_layers(self) -> tuple[Layer, ...]:
        """The recurrent layers whose gradient's flow is shown, where all that is read is the word."""
        in_part = any(source.at and source.of in INPUTS for layer in self.model for source in layer.reads)
        if in_part or not set(self.sequences) <= {"word", STATIC} or "picture" in self.inputs:
            return ()
        return tuple(
            layer for layer in self.model if layer.kind.states and self.model.sequence(layer) == "word"
        )

    def labels_of(self, axis: Axis) -> tuple[str, ...]:
        """What the rows or columns of an axis are called: letters, labels, or numbers."""
        if axis.name == "one":
            return ("",)
        if axis.name in ("letters", "labels"):
            return tuple(self.vocabulary if axis.name == "letters" else self.labels)
        return tuple(str(number + 1) for number in range(axis.size))

    @property
    def flow_is_whh(self) -> bool:
        """Whether the gradient's flow is shown for a Whh of one's choice, not for a multiple of all."""
        return self.model.recurrent == ("Whh",) and self.model.parameters["Whh"].size == 1

    @property
    def flow_whh(self) -> float:
        """`settings.flow_whh`, or the lesson's own: Whh, or once all recurrent weights."""
        if self.settings.flow_whh is not None:
            return float(self.settings.flow_whh)
        return float(self.model.parameters["Whh"][0, 0]) if self.flow_is_whh else 1.0


def _answers_of(examples: Sequence[Example], split: str) -> dict[str, str]:
    answers = ((reading(read, split), target) for read, target in examples)
    return {read: target for read, target in answers if read and target}


def _padded(entries: Sequence[str], steps: int) -> tuple[str, ...]:
    return (*entries[:steps], *[""] * (steps - len(entries)))


def _states(model: Model, given: Mapping[str, ArrayLike]) -> Mapping[str, Array]:
    """Every state before the first time step that no other layer gives, (units, 1)."""
    sizes = {
        f"{layer.named(state)}_0": model.size(layer)
        for layer in model
        for state in layer.kind.states
        if not _started(model, layer, state)
    }
    for name in given:
        if name not in sizes:
            raise LessonError("unknown_state", name=name, known=", ".join(sizes))
    return MappingProxyType(
        {name: fit_state(name, given.get(name, 0.0), size) for name, size in sizes.items()}
    )


def _started(model: Model, layer: Layer, state: str) -> bool:
    """Whether the state's first value is that of another layer."""
    if layer.starts is None:
        return False
    before = model.layer(layer.starts).kind
    return state in before.states or state == "h"


@dataclass(frozen=True)
class Trace:
    """Every array that a run of a lesson computes, by the name of its equation.

    An array has the shape (units or letters, time steps), a parameter's gradient that of the
    parameter. Numbers are float64; rows of letters are arrays of str objects, "" where a step
    has none.
    """

    arrays: Mapping[str, NDArray[Any]]
    rows: Mapping[str, tuple[str, ...]]
    """Per array, the label of each row: letters, or the number of the hidden unit."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per array that is not over time, the label of each column."""

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def frame(self, name: str) -> pd.DataFrame:
        """One array as a DataFrame: rows are units or letters, columns time steps from 1.

        The columns of a parameter's gradient are those of the parameter.
        """
        import pandas as pd

        array = self.arrays[name]
        columns = pd.RangeIndex(1, array.shape[1] + 1, name="time step")
        return pd.DataFrame(array, list(self.rows[name]), self.columns.get(name, columns))

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every array as a labelled DataFrame."""
        return {name: self.frame(name) for name in self.arrays}


def _plain_settings(settings: Settings, model: Model) -> Settings:
    """The settings as plain numbers and a text. Raises LessonError where one is not what it should be."""
    given: dict[str, Any] = {field.name: plain(getattr(settings, field.name)) for field in fields(settings)}
    for name, (least, most) in {"epochs": (1, MOST_EPOCHS), "flow_steps": FLOW_STEPS}.items():
        size = given[name]
        if type(size) is not int or not least <= size <= most:
            raise LessonError("wrong_size", name=f"settings.{name}", least=least, most=most, got=repr(size))
    for name in ("rate", "clip", "update_rate", "flow_clip"):
        if type(given[name]) not in (int, float) or not 1 / LIMIT <= given[name] <= LIMIT:
            raise LessonError("wrong_setting", name=name, got=given[name], most=f"{LIMIT:g}")
    chosen = text("settings.chosen", given["chosen"])
    weight_of(chosen or _first_weight(model), model)
    slider = given["flow_whh"]
    if slider is not None and (type(slider) not in (int, float) or not abs(slider) <= LIMIT):
        raise LessonError("wrong_slider", got=repr(slider), most=f"{LIMIT:g}")
    return Settings(**given)


def _by_language(key: str, texts: Mapping[str, str]) -> dict[str, str]:
    """A text by language, as plain texts. Raises LessonError where one cannot stand in a cell."""
    if not isinstance(texts, Mapping):
        raise LessonError("not_a_text", key=key)
    return {str(language): text(f"{key}.{language}", told) for language, told in texts.items()}


def _check_kinds(lesson: Lesson) -> None:
    """Raises LessonError where what should be a list or a table is none."""
    for name in ("vocabulary", "labels"):
        if not isinstance(getattr(lesson, name), Iterable):
            raise LessonError("not_letters", name=name)
    expected = '[["a text", "an answer"]]'
    examples = lesson.examples if isinstance(lesson.examples, Iterable) else [()]
    if any(isinstance(each, str) or not isinstance(each, Sequence) or len(each) != 2 for each in examples):
        raise LessonError("not_a_list", key="data.examples", expected=expected)
    for name in ("notes", "initial"):
        if not isinstance(getattr(lesson, name), Mapping):
            raise LessonError("not_a_table", key=name)
    if not isinstance(lesson.settings, Settings):
        raise LessonError("not_a_table", key="settings")


def _example(read: object, target: object = "") -> Example:
    """A text or a picture, and what is to be said of it."""
    key = "data.examples"
    return text(key, read) if isinstance(read, str) else _picture(key, read), text(key, target)


def _picture(key: str, given: Any) -> Array:
    """The numbers of a picture, (rows, columns). Raises LessonError where they are none, or not finite."""
    try:
        array = np.atleast_2d(np.asarray(given, np.float64))
    except (ValueError, TypeError, OverflowError):
        raise LessonError("not_numbers", name=key) from None
    if array.ndim != 2 or not array.size:
        raise LessonError("not_numbers", name=key)
    if not np.isfinite(array).all():
        row, col = np.argwhere(~np.isfinite(array))[0] + 1
        raise LessonError("not_finite", name=key, row=row, col=col)
    return array


def _first_weight(model: Model) -> str:
    return f"{next(iter((*model.recurrent, *model.parameters)))}[1,1]"


_WEIGHT = re.compile(r"(\w+)\[([1-9][0-9]{0,6}),([1-9][0-9]{0,6})\]")


def weight_of(chosen: str, model: Model) -> tuple[str, int, int]:
    """The parameter, the row and the column (from 1) of a weight such as "Wxh[1,2]".

    Raises LessonError where there is no such weight.
    """
    found = _WEIGHT.fullmatch(chosen)
    if found and found[1] in model.parameters:
        name, row, col = found[1], int(found[2]), int(found[3])
        rows, cols = model.parameters[name].shape
        if 1 <= row <= rows and 1 <= col <= cols:
            return name, row, col
    raise LessonError("no_such_weight", name="chosen", given=chosen, example=_first_weight(model))


def _check_vocabulary(name: str, entries: Sequence[str], letters: bool) -> None:
    if not entries:
        raise LessonError("empty_vocabulary", name=name)
    times = Counter(map(str, entries))
    for entry in entries:
        fits = isinstance(entry, str) and _printable(entry) and (len(entry) == 1 or not letters)
        if not fits:
            raise LessonError("not_a_letter" if letters else "not_a_word", name=name, letter=repr(entry))
        if times[entry] > 1:
            raise LessonError("letter_twice", name=name, letter=repr(entry))


def _check_readable(name: str, words: Sequence[str]) -> None:
    """Raises LessonError where no text, read word by word, can have the word."""
    for word in words:
        if words_of(word) != (word,) and word != END:
            example = " ".join(words_of(word)) or "word"
            raise LessonError(
                "never_read", name=name, letter=repr(word), signs=PUNCTUATION, example=repr(example)
            )


def _printable(text: str) -> bool:
    """Spreadsheets count a letter beyond U+FFFF as two, so MID would cut it in half."""
    fits = text.isprintable() and all(ord(letter) <= 0xFFFF for letter in text)
    return fits and (text == " " or (bool(text) and text == text.strip()))


def _check_texts(lesson: Lesson) -> None:
    """Raises LessonError where a text is too short, or has a letter that is not in the vocabulary."""
    aligned = lesson.reads_ahead
    if aligned and lesson.labels != lesson.vocabulary:
        raise LessonError("labels_at_each_step", place=lesson.source)
    for name, read in (("word", lesson.word), ("second", lesson.second)):
        shortest = 2 if aligned and not lesson.steps else 1
        _check_text(lesson, name, read, shortest if name in lesson.inputs else 0)
    for name, said in (("target", lesson.target), ("second_target", lesson.second_target)):
        _check_target(lesson, name, said)


def _check_examples(lesson: Lesson) -> None:
    """Raises LessonError where an example cannot be learned from."""
    for number, (read, target) in enumerate(lesson.examples, start=1):
        try:
            if isinstance(read, str):
                _check_text(lesson, "examples", read, 2 if lesson.reads_ahead else 1)
            else:
                _check_picture(read, lesson.picture)
            if not target and not lesson.reads_ahead:
                raise LessonError("no_target")
            _check_target(lesson, "target", target)
        except LessonError as error:
            place = f"data.examples #{number}"
            error.values["example_number"] = number
            raise error.at(f"{lesson.source}: {place}" if lesson.source else place) from None


def _check_picture(picture: Array, own: Array | None) -> None:
    """Raises LessonError where an example's picture has another shape than the lesson's own."""
    shapes = picture.shape, () if own is None else own.shape
    if shapes[0] != shapes[1]:
        got, expected = ("×".join(map(str, shape)) for shape in shapes)
        raise LessonError("wrong_picture", got=got, expected=expected or "–")


_UNKNOWN = {
    "blank": "unknown_blank",
    "capital": "unknown_capital",
    "full_width": "unknown_full_width",
    "unknown": "unknown_letter",
}
"""The message for each kind of letter that a vocabulary does not have."""


def _check_text(lesson: Lesson, name: str, text: str, shortest: int) -> None:
    if lesson.split == "letters":
        for position, letter in enumerate(text, start=1):
            if letter not in lesson.vocabulary:
                known = " ".join(lesson.vocabulary)
                key = _UNKNOWN[kind_of(letter, lesson.split)]
                raise LessonError(key, name=name, letter=repr(letter), position=position, known=known)
    if len(lesson.parts(text)) < shortest:
        raise LessonError("short_word", name=name, word=repr(text), shortest=shortest)


def _check_target(lesson: Lesson, name: str, said: str) -> None:
    """Raises LessonError where what should be said is not among what can be."""
    answers = any(lesson.model.root(layer) == "answer" for layer in lesson.model.outputs)
    if answers and END in words_of(said):
        raise LessonError("end_typed", name=name, end=END)
    for target in words_of(said) if answers else filter(None, [said]):
        if target not in lesson.labels:
            raise LessonError("unknown_target", name=name, got=repr(target), known=", ".join(lesson.labels))
