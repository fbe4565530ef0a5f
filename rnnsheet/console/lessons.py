"""A lesson as people read it: its steps with their numbers, its equations in symbols and words."""

from collections.abc import Iterator

from rnnsheet.console.lines import LINE, indent, number, table, wrap
from rnnsheet.equations.backward import chain_rule
from rnnsheet.equations.lesson import network
from rnnsheet.equations.notation import symbol, symbols, words
from rnnsheet.equations.recurrence import Equation, Recurrence, WalkStep, walkthrough
from rnnsheet.labels import Labels
from rnnsheet.lesson import LessonData
from rnnsheet.network import STATIC, on_sequence
from rnnsheet.sheet.captions import meaning, meaning_of_parameter, title
from rnnsheet.sheet.pages.steps import explanation, heading
from rnnsheet.trace import Trace

_ANSWERS = ("predicted", "confidence", "target", "right")


def walk(lesson: LessonData, trace: Trace, labels: Labels) -> Iterator[str]:
    """The steps of a lesson and all of its time steps, with their numbers."""
    equations = network(lesson)
    unit = labels("unit.word" if lesson.split == "words" else "unit.letter")
    sizes = {"hidden": lesson.model.hidden, "letters": len(lesson.vocabulary), "steps": lesson.steps}
    named = title(lesson, labels)
    # A copy of a lesson keeps its title when its word is changed.
    key = "run.lesson" if lesson.word in named or lesson.split == "words" else "run.lesson_of_word"
    yield labels(key, title=named, word=lesson.word, unit=unit, **sizes)
    read = {word: None for text in (lesson.word, lesson.second) for word in lesson.parts(text)}
    if unknown := [word for word in read if word not in lesson.vocabulary]:
        yield labels("run.unknown", words=" ".join(unknown))
    for step in walkthrough(equations):
        yield ""
        yield f"{heading(step, equations, labels)}{_when(step, trace, labels)}"
        if told := explanation(step, lesson, equations, labels):
            yield from indent(wrap(told, LINE))
        shown = [equation for equation in step.equations if equation.part != "answer"]
        yield from indent(table([_line(equation, trace, step.time - 1) for equation in shown]))
        for said in step.equations:
            if said.base == "predicted":
                yield f"  {_says(said, trace, step.time - 1, labels)}"
    for sequence in equations.sequences:
        yield ""
        several = len(equations.sequences) > 1
        yield labels(f"sequence.{sequence}") if several else labels("run.unrolled")
        yield from indent(table(_over_time(equations, sequence, trace, labels)))
    yield ""
    if (loss := trace["loss"].item()) != "":
        yield labels("run.loss", loss=loss)


def _when(step: WalkStep, trace: Trace, labels: Labels) -> str:
    """The time step and what it reads; nothing of what is computed once."""
    sequence = step.equations[0].sequence
    if sequence == STATIC:
        return ""
    letter = trace[on_sequence("letter", sequence)][0, step.time - 1]
    told = labels("run.time", time=step.time, letter=letter)
    return f" ({told})"


def _line(equation: Equation, trace: Trace, step: int) -> list[str]:
    numbers = [number(value) for value in trace[equation.name][:, step]]
    return [f"{symbol(equation.value)} = {symbols(equation.expr)}", "=", *numbers]


def _says(said: Equation, trace: Trace, step: int, labels: Labels) -> str:
    predicted, confidence, target, right = (trace[said.beside(base)][0, step] for base in _ANSWERS)
    verdict = labels("run.none" if right == "" else "run.right" if right else "run.wrong")
    return labels("run.says", letter=predicted, probability=confidence, target=target, verdict=verdict)


def _over_time(equations: Recurrence, sequence: str, trace: Trace, labels: Labels) -> Iterator[list[str]]:
    if sequence != STATIC:
        yield [labels("meaning.t"), "", *(str(step + 1) for step in range(equations.sequences[sequence]))]
    own = [equation for equation in equations.equations.values() if equation.sequence == sequence]
    answers = sorted(
        (each for each in own if each.base in _ANSWERS), key=lambda each: _ANSWERS.index(each.base)
    )
    for equation in [*(each for each in own if each.base not in _ANSWERS), *answers]:
        name, told = equation.name, meaning(equation, equations, labels)
        head = labels("run.row", name=name, meaning=told) if told else name
        for row, values in zip(trace.rows[name], trace[name], strict=True):
            marks = {1.0: "✓", 0.0: "✗", "": ""} if equation.base == "right" else {}
            yield [head, row, *(marks.get(value) or number(value) for value in values)]
            head = ""


def explain(lesson: LessonData, labels: Labels) -> Iterator[str]:
    """The network's parameters and equations: symbols, shapes, words."""
    recurrence = network(lesson)
    yield labels("explain.parameters")
    parameters = []
    for parameter in recurrence.parameters.values():
        shape = labels("explain.shape", rows=parameter.rows.size, cols=parameter.cols.size)
        parameters.append([parameter.name, shape, meaning_of_parameter(parameter, recurrence, labels)])
    yield from indent(table(parameters, "lll"))
    yield from ("", labels("explain.equations"))
    for equation in recurrence.equations.values():
        shape = labels("explain.shape", rows=equation.value.rows.size, cols=1)
        left = symbol(equation.value)
        yield f"  {left} = {symbols(equation.expr)}    [{shape}] {meaning(equation, recurrence, labels)}"
        yield f"      {words(equation.expr, labels)}"
    yield from ("", labels("explain.gradients"))
    for gradient in recurrence.gradients.values():
        parameter = gradient.parameter
        shape = labels("explain.shape", rows=parameter.rows.size, cols=parameter.cols.size)
        told = labels("gradient.pulled", name=parameter.name)
        for share in gradient.shares:
            total = "" if share.sequence == STATIC else "Σₜ "
            yield f"  {gradient.name} = {total}{symbols(share.expr)}    [{shape}] {told}"
            yield f"      {chain_rule(share)}"
