"""What a page knows of a network: its equations and where they stand, what may be changed, what is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rnnsheet.equations import imported
from rnnsheet.equations.expr import AllSteps, At, Expr, Next, Operation, Parameter, Part, Previous
from rnnsheet.equations.lesson import network
from rnnsheet.equations.notation import symbol, symbols, words
from rnnsheet.equations.recurrence import Equation, Recurrence
from rnnsheet.labels import Labels, labels, languages
from rnnsheet.lesson import LessonData
from rnnsheet.network import Axis
from rnnsheet.network.imported import FEW, ImportedNetwork, Text
from rnnsheet.sheet.captions import meaning, meaning_of_parameter, meaning_of_text, title
from rnnsheet.sheet.names import defined_name
from rnnsheet.sheet.pages.manifest import source_of
from rnnsheet.sheet.plan import Area, Block, Plan
from rnnsheet.webpage.book import Book, place
from rnnsheet.webpage.drawing import svg
from rnnsheet.webpage.graph import Graph

_ACTIVATIONS = ("tanh", "relu", "sigmoid", "hard_sigmoid", "hard_sigmoid_keras2")
_SETTINGS = ("rate", "clip")
_ROLES = {
    **dict.fromkeys(("x", "x_picture", "bag", "k"), "read"),
    **{"p": "shares", "predicted": "said", "says": "said"},
}
"""As what values of some bases are drawn."""
_PARTS = ("read", "cell", "output", "answer", "mark", "loss", "gradient")
_SHOWN = 60
"""So many tokens of a vocabulary are shown."""
_TEXTS = ("word", "second", "wanted", "wanted_second", "picture", "text")

Told = dict[str, str]
"""A text by language."""


@dataclass(frozen=True)
class _Described:
    source: LessonData | ImportedNetwork
    made: Book
    plans: dict[str, Plan]
    network: Recurrence

    @property
    def plan(self) -> Plan:
        return next(iter(self.plans.values()))

    def at(self, area: Area) -> list[int]:
        return place(self.made, area)

    def area(self, name: str) -> Area | None:
        """Where the block of a defined name stands."""
        return self.plan.names.get(defined_name(name))

    def named(self, name: str) -> list[int] | None:
        """The same, as the page takes it."""
        return self.at(area) if (area := self.area(name)) else None

    def labels_of(self, axis: Axis) -> list[str]:
        if isinstance(self.source, LessonData):
            return list(self.source.labels_of(axis))
        if axis.name == "labels" and axis.size == len(self.source.answers):
            return list(self.source.answers)
        return [""] if axis.size == 1 else [str(number + 1) for number in range(axis.size)]


def described(
    source: LessonData | ImportedNetwork, made: Book, plans: dict[str, Plan]
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """What the script is given, as plain data; what is told around the picture besides; and the picture.

    `plans` are by language, the first that of the book.
    """
    if isinstance(source, LessonData):
        of = _Described(source, made, plans, network(source))
        read, charts, around = [], {"training": _training(of), "flow": _flow(of)}, _of_lesson(source)
    else:
        of = _Described(source, made, plans, imported.network(source))
        read, charts, around = list(_read(of)), {"training": None, "flow": None}, _of_imported(source)
    state = next(block for block in _of_network(of.plan) if block.name == "state")
    told = [_equation(of, each) for each in of.network.equations.values() if each.part in _PARTS]
    equations = [*read, *told]
    graph = Graph(equations, of.network.sequences)
    inputs = list(_inputs(of))
    weights = {each["name"]: each["at"] for each in inputs if each["kind"] == "weight"}
    letters = [each for each in equations if each["base"] == "letter" and each["at"]]
    data = charts | {
        "split": of.network.split,
        "between": "" if all(len(answer) <= 1 for answer in _answers(source)) else " ",
        "sequences": of.network.sequences,
        "equations": [_shown(each, graph) for each in equations],
        "inputs": inputs,
        "outputs": list(_outputs(of)),
        "blocks": [[block.name, *of.at(block.area)] for block in _of_network(of.plan)],
        "state": of.at(state.area),
        "loss": _loss(of),
    }
    return data, around, svg(graph, made, weights, letters)


def _shown(equation: dict[str, Any], graph: Graph) -> dict[str, Any]:
    """What the script knows of an equation, without what only the picture was made of."""
    kept = {key: value for key, value in equation.items() if key not in ("layer", "reads", "before")}
    weights = list(dict.fromkeys(weight for _, _, weight in equation["reads"] if weight))
    return kept | {"home": graph.home(equation), "weights": weights}


def _of_lesson(lesson: LessonData) -> dict[str, Any]:
    return {
        "title": _told(lambda texts: title(lesson, texts)),
        "about": {language: lesson.about.get(language, "") for language in languages()},
        "own": _own_question(lesson),
        "tries": _tries(lesson),
        "knows": _few(lesson.vocabulary),
    }


def _of_imported(source: ImportedNetwork) -> dict[str, Any]:
    file = source_of(source) or source.name
    tokens = source.read.tokens if isinstance(source.read, Text) else ()
    return {
        "title": _told(lambda texts: texts("network.title", name=source.name)),
        "about": _told(lambda texts: texts("page.about_network", source=file, precision=source.precision)),
        "own": None,
        "tries": [],
        "knows": _few([token for token in tokens if token]),
    }


def _answers(source: LessonData | ImportedNetwork) -> Sequence[str]:
    """The words that a network says."""
    return (source.labels or source.vocabulary) if isinstance(source, LessonData) else source.answers


def _loss(of: _Described) -> list[int] | None:
    """Where the loss of all time steps stands; None where nothing is learned."""
    found = (block.area for block in _of_network(of.plan) if block.trace == "loss")
    return of.at(area) if (area := next(found, None)) else None


def _few(tokens: Sequence[str]) -> list[str]:
    """What of a vocabulary there is room to show."""
    return [*tokens[:_SHOWN], *(["…"] if len(tokens) > _SHOWN else [])]


def _read(of: _Described) -> Iterator[dict[str, Any]]:
    """What an imported network reads, which stands on a sheet of its own, as equations are described."""
    for name, base, symbols_, reads in (
        ("token", "letter", "text[t]", []),
        ("k", "k", "vocabulary = tokenₜ", [["token", "now", ""]]),
        ("x", "x", "numbers[t]", []),
    ):
        area = of.area(name)
        if area and name not in of.network.equations:
            key = "k" if name == "x" else name
            yield {
                "name": name,
                "base": base,
                "symbol": f"{name}ₜ",
                "symbols": symbols_,
                "words": _told(lambda texts: ""),
                "meaning": {each: labels(each).get(f"meaning.{key}") for each in languages()},
                "part": "read",
                "sequence": "word",
                "layer": "",
                "rows": [""] if area.rows == 1 else [str(row + 1) for row in range(area.rows)],
                "at": of.at(area),
                "reads": reads,
                "drawn": "" if name == "token" else "read",
                "gradient": "",
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
    if isinstance(of.source, LessonData) and (note := of.source.notes.get(equation.name)):
        told["note"] = dict(note)
    if before is not None and equation.name in of.network.states and (first := of.area(before.name)):
        step = before.step - 1 if isinstance(before, At) else 0
        told["before"] = of.at(first.part(0, step, first.rows))
    if _runs_back(of.network, equation):
        told["reverse"] = True
    told["drawn"] = _role(of.network, equation)
    told["gradient"] = _gradient_of(of.network, equation) if told["drawn"] else ""
    return told


def _runs_back(recurrence: Recurrence, equation: Equation) -> bool:
    """Whether a layer reads from the last time step to the first, or a gradient is one of its values'."""
    of = recurrence.equations.get(equation.of.name) if equation.of else equation
    return bool(of and of.layer and of.layer.reverse)


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
    if told := _ROLES.get(equation.base):
        return told
    layer = equation.layer
    if equation.name in recurrence.states or (layer and equation.name == layer.result):
        return "state"
    activated = isinstance(equation.expr, Operation) and equation.expr.rule in _ACTIVATIONS
    return "gate" if activated and equation.part == "cell" else ""


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
        return {"kind": "picture" if name == "picture" else "text"} | _meaning_of_text(of, name)
    if name == "numbers":
        times, rows = range(1, block.area.cols + 1), range(1, block.area.rows + 1)
        told = {"rows": list(map(str, rows)), "cols": [f"t = {time}" for time in times]}
        return {"kind": "numbers"} | told | _meaning_of_text(of, name)
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


def _meaning_of_text(of: _Described, name: str) -> dict[str, Any]:
    if isinstance(of.source, LessonData):
        return {"meaning": _told(lambda texts: meaning_of_text(name, of.network, texts))}
    return {"meaning": _told(lambda texts: texts(f"page.read_{name}"))}


def _outputs(of: _Described) -> Iterator[dict[str, Any]]:
    """What each result says, and what is right; of numbers that stand for themselves each row."""
    for equation in of.network.of("answer"):
        if equation.base not in ("predicted", "says"):
            continue
        found: dict[str, Any] = {
            "sequence": equation.sequence,
            "name": equation.layer.name if equation.layer else "",
            "predicted": equation.name,
            "share": True,
        }
        for base in ("target", "confidence", "right"):
            name = equation.beside(base)
            found[base] = name if name in of.network.equations else ""
        if confidence := of.network.equations.get(found["confidence"]):
            found["share"] = confidence.base == "confidence"
        yield found
    if not isinstance(of.source, LessonData) and of.source.says_numbers:
        result = imported.result(of.network)
        for row, name in enumerate(of.labels_of(result.value.rows)[:FEW]):
            yield {"sequence": result.sequence, "name": name, "predicted": result.name, "row": row}


def _training(of: _Described) -> dict[str, Any] | None:
    """The columns of the training that are shown; None where a worksheet has no room for it."""
    # A column of all epochs comes after what stands for one of them.
    blocks = sorted(_of_network(of.plan), key=lambda block: block.area.rows)
    traced = {block.trace: block for block in blocks}
    if "training.loss" not in traced:
        return None
    said = [name for each in _outputs(of) if (name := f"training.{each['predicted']}") in traced]
    return {
        "loss": of.at(traced["training.loss"].area),
        "said": [of.at(traced[name].area) for name in said],
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
    """The one chart over powers of ten."""
    charts = (chart for sheet in planned.sheets for chart in sheet.charts)
    return next((chart for chart in charts if chart.kind == "powers"), None)


def _own_question(lesson: LessonData) -> dict[str, Told] | None:
    """What is asked of this lesson alone, and what to try; None where there is nothing."""
    name = lesson.name.replace("-", "_")
    if not labels(languages()[0]).get(f"page.ask_{name}"):
        return None
    return {key: {each: labels(each)(f"page.{key}_{name}") for each in languages()} for key in ("ask", "try")}


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
