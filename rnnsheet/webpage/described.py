"""What a page knows of a network: its equations and where they stand, what may be changed, what is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rnnsheet.equations.expr import AllSteps, At, Expr, Next, Operation, Parameter, Part, Previous
from rnnsheet.equations.lesson import network
from rnnsheet.equations.notation import symbol, symbols, words
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.labels import Labels, labels, languages
from rnnsheet.lesson import LessonData
from rnnsheet.network import Axis
from rnnsheet.sheet.captions import meaning, meaning_of_parameter, meaning_of_text, title
from rnnsheet.sheet.names import defined_name
from rnnsheet.sheet.plan import Area, Block, Plan
from rnnsheet.webpage.book import Book, place

_ACTIVATIONS = ("tanh", "relu", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2")
_SETTINGS = ("rate", "clip")
_TEXTS = ("word", "second", "wanted", "wanted_second", "picture")

Told = dict[str, str]
"""A text by language."""


@dataclass(frozen=True)
class _Described:
    lesson: LessonData
    made: Book
    plans: dict[str, Plan]
    network: Recurrence

    @property
    def plan(self) -> Plan:
        return next(iter(self.plans.values()))

    def at(self, area: Area) -> list[int]:
        return place(self.made, area)

    def named(self, name: str) -> list[int] | None:
        """Where the block of a defined name stands."""
        area = self.plan.names.get(defined_name(name))
        return self.at(area) if area else None

    def labels_of(self, axis: Axis) -> list[str]:
        return list(self.lesson.labels_of(axis))


def described(lesson: LessonData, made: Book, plans: dict[str, Plan]) -> dict[str, Any]:
    """All of it as plain data; `plans` are the lesson's by language, the first that of the book."""
    of = _Described(lesson, made, plans, network(lesson))
    equations = of.network.of("read", "cell", "output", "answer", "mark", "loss")
    return {
        "title": _told(lambda texts: title(lesson, texts)),
        "about": {language: lesson.about.get(language, "") for language in languages()},
        "own": _own_question(lesson),
        "split": lesson.split,
        "sequences": of.network.sequences,
        "equations": [_equation(of, each) for each in equations],
        "gradients": [_equation(of, each) for each in of.network.of("gradient")],
        "inputs": list(_inputs(of)),
        "outputs": list(_outputs(of)),
        "blocks": [[block.name, *of.at(block.area)] for block in _of_network(of.plan)],
        "state": of.at(next(block for block in _of_network(of.plan) if block.name == "state").area),
        "loss": of.named("loss"),
        "training": _training(of),
        "flow": _flow(of),
        "tries": _tries(lesson),
    }


def _told(text: Callable[[Labels], str]) -> Told:
    return {language: text(labels(language)) for language in languages()}


def _of_network(planned: Plan) -> Iterator[Block]:
    """The blocks of every sheet but the hidden one."""
    return (block for sheet in planned.sheets if not sheet.hidden for block in sheet.blocks)


def _equation(of: _Described, equation: Equation) -> dict[str, Any]:
    before = of.network.beyond(equation.name)
    told: dict[str, Any] = {
        "name": equation.name,
        "base": equation.base,
        "symbol": symbol(equation.value),
        "symbols": symbols(equation.expr),
        "words": _told(lambda texts: words(equation.expr, texts)),
        "meaning": _told(lambda texts: meaning(equation, of.network, texts)),
        "part": equation.part,
        "sequence": equation.sequence,
        "layer": f"{equation.layer.kind}{equation.layer.ending}" if equation.layer else "",
        "rows": of.labels_of(equation.value.rows),
        "at": of.named(equation.name),
        "reads": _reads(equation.expr, ""),
    }
    if note := of.lesson.notes.get(equation.name):
        told["note"] = dict(note)
    if before is not None and equation.name in of.network.states:
        told["before"] = of.named(before.name)
    if role := _role(of.network, equation):
        told["drawn"] = role
        told["gradient"] = _gradient_of(of.network, equation)
    return told


def _reads(expr: Expr, weight: str) -> list[list[str]]:
    """Each value that an expression reads: its name, when, and the weight that it meets on the way."""
    if isinstance(expr, Operation):
        given = expr.operands
        if expr.rule in ("matvec", "scale") and isinstance(given[0], Parameter):
            return _reads(given[1], symbol(given[0]))
        return [read for operand in given for read in _reads(operand, weight)]
    if isinstance(expr, Parameter):
        return []
    if isinstance(expr, Part):
        return _reads(expr.vector, weight)
    when = {Previous: "before", Next: "after", AllSteps: "all"}.get(type(expr), "now")
    return [[expr.name, str(expr.step) if isinstance(expr, At) else when, weight]]


def _role(recurrence: Recurrence, equation: Equation) -> str:
    """As what a value is drawn: "" for one that is only on the way to another."""
    if equation.base in ("x", "x_picture", "bag"):
        return "read"
    if equation.base in ("p", "predicted"):
        return {"p": "shares", "predicted": "said"}[equation.base]
    if equation.part == "cell":
        if equation.name in recurrence.states or equation.base == "a":
            return "state"
        if isinstance(equation.expr, Operation) and equation.expr.rule in _ACTIVATIONS:
            return "gate"
    return ""


def _gradient_of(recurrence: Recurrence, equation: Equation) -> str:
    """The gradient of a value, or else of what it is computed of: of a gate, of what goes into it."""
    waiting, seen = [equation.name], set[str]()
    while waiting:
        name = waiting.pop(0)
        if f"d{name}" in recurrence.equations:
            return f"d{name}"
        if name in recurrence.equations and name not in seen and equation.part != "read":
            waiting += sorted(recurrence.equations[name].values & recurrence.equations.keys())
        seen.add(name)
    return ""


def _inputs(of: _Described) -> Iterator[dict[str, Any]]:
    """What may be changed: texts, weights and first states, and the settings of the experiments."""
    known = set[str]()
    for block in _of_network(of.plan):
        if block.entry and block.name not in known and (told := _input(of, block)):
            known.add(block.name)
            yield {"name": block.name, "at": of.at(block.area), "entry": block.entry, **told}


def _input(of: _Described, block: Block) -> dict[str, Any]:
    """What one is; nothing of one that a page does not offer."""
    name = block.name
    parameter = of.network.parameters.get(name)
    if name in _TEXTS:
        kind = "picture" if name == "picture" else "text"
        return {"kind": kind, "meaning": _told(lambda texts: meaning_of_text(name, of.network, texts))}
    if name in _SETTINGS or block.entry == "slider":
        return {"kind": "setting", "meaning": _told(lambda texts: texts.get(f"setting.{name}"))}
    if not parameter or block.entry != "number":
        return {}
    return {
        "kind": "weight",
        "meaning": _told(lambda texts: meaning_of_parameter(parameter, of.network, texts)),
        "rows": of.labels_of(parameter.rows),
        "cols": of.labels_of(parameter.cols),
        "gradient": of.named(f"d{name}"),
    }


def _outputs(of: _Described) -> Iterator[dict[str, Any]]:
    """What each softmax says, and what is right."""
    for equation in of.network.of("answer"):
        if equation.base != "predicted":
            continue
        ending = equation.name.removeprefix("predicted")
        found: dict[str, Any] = {
            "sequence": equation.sequence,
            "name": ending.strip("_"),
            "predicted": equation.name,
        }
        for base in ("target", "confidence", "right"):
            found[base] = f"{base}{ending}" if f"{base}{ending}" in of.network.equations else ""
        yield found


def _training(of: _Described) -> dict[str, Any] | None:
    """The columns of the training that are shown; None where a worksheet has no room for it."""
    traced = {block.trace: block for block in _of_network(of.plan) if block.trace.startswith("training.")}
    if "training.loss" not in traced:
        return None
    said = [name for each in _outputs(of) if f"training.{(name := each['predicted'])}" in traced]
    return {
        "loss": of.at(traced["training.loss"].area),
        "said": [[name, *of.at(traced[f"training.{name}"].area)] for name in said],
        "weights": [
            [name, *of.at(traced[f"training.{name}"].area)]
            for name in of.network.gradients
            if f"training.{name}" in traced
        ],
    }


def _flow(of: _Described) -> dict[str, Any] | None:
    """The lines of the gradient's flow, each with its caption; None where there is none."""
    charts = {language: _flow_chart(planned) for language, planned in of.plans.items()}
    first = charts[of.plan.language]
    if first is None:
        return None
    lines = []
    for number, series in enumerate(first.series):
        told = {
            language: str(chart.series[number].title)
            for language, chart in charts.items()
            if chart is not None
        }
        lines.append({"at": of.at(series.values), "meaning": told})
    return {"steps": of.at(first.categories), "lines": lines}


def _flow_chart(planned: Plan) -> Any:
    for sheet in planned.sheets:
        if any(block.trace.startswith("flow.") for block in sheet.blocks):
            return next((chart for chart in sheet.charts if chart.kind == "powers"), None)
    return None


def _own_question(lesson: LessonData) -> str:
    """The key of what is asked of this lesson alone; "" where there is nothing."""
    key = lesson.name.replace("-", "_")
    return key if labels(languages()[0]).get(f"page.ask_{key}") else ""


def _tries(lesson: LessonData) -> list[str]:
    """Some texts to type."""
    read = (read for read, _ in lesson.examples if isinstance(read, str) and read != lesson.word)
    if texts := sorted(set(read), key=lambda text: (len(text), text)):
        return texts[:: max(1, len(texts) // 4)][:4]
    return [
        word
        for word in dict.fromkeys((lesson.word[::-1], lesson.word[:-1]))
        if len(word) > 1 and word != lesson.word
    ]
