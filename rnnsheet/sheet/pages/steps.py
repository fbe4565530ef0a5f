"""The worksheet that tells the computation step by step, each with its operands beside it."""

from rnnsheet.equations.expr import Expr, Operation, Parameter
from rnnsheet.equations.notation import symbol
from rnnsheet.equations.recurrence import Equation, Recurrence, WalkStep, walkthrough
from rnnsheet.labels import Labels
from rnnsheet.lesson import LessonData
from rnnsheet.network import STATIC, on_sequence
from rnnsheet.sheet.any_step import AnyStep
from rnnsheet.sheet.captions import meaning_in_layer, short, unit
from rnnsheet.sheet.layout_context import Context
from rnnsheet.sheet.page_builder import SPAN, Page, number_width
from rnnsheet.sheet.telling import FIRST, Teller

KEY = "steps"
_MOST_TOLD = 3
"""A heading tells what each of so many values means; of more it has no room."""


def place(context: Context) -> Page:
    """The sheet; its operands are links to the inputs, to `x` over time, and to earlier steps."""
    lesson, network, labels = context.lesson, context.network, context.labels
    page = Page.of(KEY, labels)
    page.sheet.widths, page.sheet.width = {1: 4}, number_width(context.digits)
    page.sheet.frozen = (1, 0)
    page.title(labels("steps.title"), labels("steps.about"))
    page.back()
    teller = Teller(page, network, context.inputs, context.over_time)
    before = None
    for step in walkthrough(network):
        _tell(teller, step, explanation(step, lesson, network, labels), before)
        before = step
    if network.sequences.keys() - {STATIC}:
        page.jump(3, SPAN + 1, labels("steps.any_at", row=teller.row), teller.row)
        page.sheet.printed_rows = ((1, teller.row - 1),)
        AnyStep(page, context, teller.row).write()
    return page


def _tell(teller: Teller, step: WalkStep, explained: str, before: WalkStep | None) -> None:
    """A step under its heading: what it reads where that is new, what it does in words, and in numbers."""
    page, network, labels = teller.page, teller.network, teller.page.labels
    sequence = step.equations[0].sequence
    page.sheet.sections.append(teller.row)
    page.text(teller.row, 1, heading(step, network, labels), "heading", SPAN)
    teller.row += 1
    letter = network.equations.get(on_sequence("letter", sequence))
    is_new = before is None or (sequence, step.time) != (before.equations[0].sequence, before.time)
    if letter and is_new:
        reads = labels(f"unit.{_reads(letter, network)}")
        teller.reads(sequence, step.time, labels("steps.reads", time=step.time, unit=reads))
        teller.row += 1
    page.text(teller.row, FIRST, explained, "about", SPAN - 1)
    teller.row += 1
    for equation in step.equations:
        if equation.part == "answer":
            teller.answer(equation, step.time)
        else:
            teller.derivation(equation, step.time)
    teller.row += 1


def explanation(step: WalkStep, lesson: LessonData, network: Recurrence, labels: Labels) -> str:
    """A step in a paragraph: of each equation what it says, then the lesson's own notes."""
    told = "again." if step.again else ""
    texts = []
    for equation in step.equations:
        cell = equation.layer.kind.replace("-", "_") if equation.layer else ""
        of_cell = f"{cell}." if equation.part == "cell" else ""
        units = {"unit": unit(equation, network, labels)}
        key = f"walk.{told}{of_cell}{equation.base}"
        found = (labels.get(f"{key}{tail}") for tail in (*_tails(equation, network), ""))
        texts.append(next((text for text in found if text), "").format(**units))
        if not step.again:
            texts += _broadcasts(equation.expr, labels)
            texts.append(lesson.notes.get(equation.name, {}).get(labels.language, ""))
    return labels("steps.join").join(text for text in texts if text)


def _tails(equation: Equation, network: Recurrence) -> tuple[str, ...]:
    """What the key of a text may end with: the operation; where no text is read but another layer."""
    rule = f"_{equation.expr.rule}" if isinstance(equation.expr, Operation) else ""
    reads_text = any(
        network.equations[name].base == "x" for name in equation.values if name in network.equations
    )
    return (rule,) if reads_text else (rule, "_above")


def heading(step: WalkStep, network: Recurrence, labels: Labels) -> str:
    """A step's number and what it computes."""
    equations = [equation for equation in step.equations if equation.part != "answer"]
    told = [short(symbol(equation.value), equation) for equation in equations]
    if len(equations) <= _MOST_TOLD:
        meanings = [meaning_in_layer(equation, network, labels) for equation in equations]
        told = [labels("steps.what", name=n, meaning=m) for n, m in zip(told, meanings, strict=True)]
    return labels("steps.step", number=step.number, what=labels("steps.and").join(told))


def _reads(letter: Equation, network: Recurrence) -> str:
    return "word" if network.split == "words" or letter.sequence == "answer" else "letter"


def _broadcasts(expr: Expr, labels: Labels) -> list[str]:
    """Of each one number that stands for a whole column: why it is broadcast."""
    if not isinstance(expr, Operation):
        return []
    texts = [text for operand in expr.operands for text in _broadcasts(operand, labels)]
    number = expr.operands[0]
    if expr.rule in ("scale", "spread") and isinstance(number, Parameter):
        texts.append(labels(f"walk.broadcast.{expr.rule}", name=number.name, rows=expr.rows.size))
    return texts
