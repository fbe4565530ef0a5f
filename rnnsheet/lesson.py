"""A lesson: a network with what it reads and should say. Checked, frozen, no arithmetic.

Column vectors throughout; a weight matrix has the shape (out, in).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from numpy.typing import ArrayLike

from rnnsheet.entries import Example, as_example, as_picture, by_language, check_readable, check_vocabulary
from rnnsheet.errors import LessonError
from rnnsheet.experiments import Settings, first_weight, plain_settings, usual_epochs
from rnnsheet.network import INPUTS, STATIC, Array, Axis, Layer, Model, check_model, fit_state
from rnnsheet.network.reading import END, MOST_STEPS, kind_of, reading, words_of
from rnnsheet.plain import plain, text

_TEXTS = ("word", "second", "target", "second_target", "given", "second_given")


@dataclass(frozen=True)
class LessonData:
    """The data of a lesson: a network with what it reads and what it should say.

    It cannot run itself, so that the compiler, which knows nothing else of a lesson, never computes the
    network; `api.Lesson`, which people have, can.

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
        self._take_entries()
        model = check_model(self.model, self.inputs, self.choice)
        self._put("model", model)
        if self.wants_answer:
            of_examples = _answers_of(self.examples, self.split)
            self._put("target", self.target or of_examples.get(self.reading, self.given))
            second = self.second_target or of_examples.get(self.second_reading, self.second_given)
            self._put("second_target", second)
        _check_texts(self)
        _check_examples(self)
        self._put("steps", self.steps or self.least_steps)
        if "answer" in self.sequences:
            if END not in self.labels:
                raise LessonError("no_end", place=self.source, end=END)
            check_readable("labels", self.labels)
            self._put("answer_steps", self.answer_steps or self.least_answer_steps)
        elif self.answer_steps:
            raise LessonError("no_answer_steps", place=self.source)
        for source in (source for layer in model for source in layer.reads if source.at.isdigit()):
            if int(source.at) > self.steps:
                raise LessonError("no_such_step", place=self.source, given=str(source), steps=self.steps)
        self._put("initial", _states(model, self.initial))
        self._put("settings", plain_settings(self.settings, model, max(self.sequences.values())))

    def _put(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _take_entries(self) -> None:
        """The entries as plain texts and numbers. Raises LessonError where one cannot be what it should."""
        for name in ("name", "split", *_TEXTS):
            self._put(name, text(name if name == "name" else f"data.{name}", getattr(self, name)))
        self._put("title", by_language("title", self.title))
        self._put("about", by_language("about", self.about))
        _check_kinds(self)
        self._put("notes", {name: by_language(f"notes.{name}", told) for name, told in self.notes.items()})
        self._put("vocabulary", tuple(map(plain, self.vocabulary)))
        self._put("labels", tuple(map(plain, self.labels)) or self.vocabulary)
        self._put("examples", tuple(as_example(*each) for each in self.examples))
        if self.split not in ("letters", "words"):
            raise LessonError("wrong_split", got=repr(self.split))
        if self.picture is not None:
            self._put("picture", as_picture("data.picture", self.picture))
        if self.word or self.vocabulary or self.picture is None:
            check_vocabulary("vocabulary", self.vocabulary, self.split == "letters")
            if self.split == "words":
                check_readable("vocabulary", self.vocabulary)
        if self.labels != self.vocabulary:
            check_vocabulary("labels", self.labels, letters=False)
        for name in ("steps", "answer_steps"):
            steps = plain(getattr(self, name))
            self._put(name, steps)
            if type(steps) is not int or not 0 <= steps <= MOST_STEPS:
                values = {"name": name, "least": 1, "most": MOST_STEPS, "got": repr(steps)}
                raise LessonError("wrong_steps", place=self.source, **values)

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

    def each_example(self) -> Iterator[LessonData]:
        """A lesson of each example, where only what it reads is judged; this one where there are none."""
        if not self.examples:
            yield self
        for read, target in self.examples:
            # It has been checked as an example.
            one = copy(self)
            vars(one)["word" if isinstance(read, str) else "picture"] = read
            vars(one).update(target=target, given="", second_target="", second_given="", examples=())
            yield one

    @property
    def letters(self) -> tuple[str, ...]:
        """What is read of the word at each time step; "" past its end."""
        return self.read("word")

    @property
    def targets(self) -> tuple[str, ...]:
        """What the first softmax should say at each of its time steps; "" where there is nothing."""
        return self.should_say(self.model.outputs[0])

    def over(self, steps: int) -> LessonData:
        """The lesson with so many time steps."""
        return replace(self, steps=steps, settings=replace(self.settings, step=1))

    @property
    def epochs(self) -> int:
        """`settings.epochs`, or as many as leave its workbook small."""
        given = self.settings.epochs
        return usual_epochs(self.model, self.sequences) if given is None else given

    @property
    def chosen(self) -> str:
        """`settings.chosen`, or the first recurrent weight."""
        return self.settings.chosen or first_weight(self.model)

    @property
    def flow_layers(self) -> tuple[Layer, ...]:
        """The recurrent layers whose gradient's flow is shown, where all that is read is the word."""
        in_part = any(source.at and source.of in INPUTS for layer in self.model for source in layer.reads)
        if in_part or not set(self.sequences) <= {"word", STATIC} or "picture" in self.inputs:
            return ()
        return tuple(
            layer for layer in self.model if layer.traits.states and self.model.sequence(layer) == "word"
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
        layer.initial(state): model.size(layer)
        for layer in model
        for state in layer.traits.states
        if not model.start(layer, state)
    }
    for name in given:
        if name not in sizes:
            raise LessonError("unknown_state", name=name, known=", ".join(sizes))
    return MappingProxyType(
        {name: fit_state(name, given.get(name, 0.0), size) for name, size in sizes.items()}
    )


def _check_kinds(lesson: LessonData) -> None:
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


def _check_texts(lesson: LessonData) -> None:
    """Raises LessonError where a text is too short, or has a letter that is not in the vocabulary."""
    aligned = lesson.reads_ahead
    if aligned and lesson.labels != lesson.vocabulary:
        raise LessonError("labels_at_each_step", place=lesson.source)
    for name, read in (("word", lesson.word), ("second", lesson.second)):
        shortest = 2 if aligned and not lesson.steps else 1
        _check_text(lesson, name, read, shortest if name in lesson.inputs else 0)
    for name, said in (("target", lesson.target), ("second_target", lesson.second_target)):
        _check_target(lesson, name, said)


def _check_examples(lesson: LessonData) -> None:
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


def _check_text(lesson: LessonData, name: str, text: str, shortest: int) -> None:
    if lesson.split == "letters":
        for position, letter in enumerate(text, start=1):
            if letter not in lesson.vocabulary:
                known = " ".join(lesson.vocabulary)
                key = _UNKNOWN[kind_of(letter, lesson.split)]
                raise LessonError(key, name=name, letter=repr(letter), position=position, known=known)
    if len(lesson.parts(text)) < shortest:
        raise LessonError("short_word", name=name, word=repr(text), shortest=shortest)


def _check_target(lesson: LessonData, name: str, said: str) -> None:
    """Raises LessonError where what should be said is not among what can be."""
    answers = any(lesson.model.root(layer) == "answer" for layer in lesson.model.outputs)
    for target in words_of(said) if answers else filter(None, [said]):
        if target not in lesson.labels:
            raise LessonError("unknown_target", name=name, got=repr(target), known=", ".join(lesson.labels))
