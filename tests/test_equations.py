"""The equations: their shapes, their words, the table of operations, the order of telling."""

import pytest
from hypothesis import given

from rnnsheet.equations.cells import network
from rnnsheet.equations.expr import ONE, Axis, Operation, Parameter, Value, scale, spread
from rnnsheet.equations.recurrence import Recurrence, walkthrough
from rnnsheet.equations.rules import RULES, symbols, words
from rnnsheet.labels import labels, languages
from tests.lessons import hello, lessons

HIDDEN, LETTERS = Axis("hidden", 3), Axis("letters", 4)


def operations(expr) -> set[str]:
    if not isinstance(expr, Operation):
        return set()
    return {expr.rule}.union(*(operations(operand) for operand in expr.operands))


def test_every_operation_of_the_table_is_used_by_the_article_s_network():
    used = {rule for equation in network(hello()).equations.values() for rule in operations(equation.expr)}
    assert used == set(RULES)


@pytest.mark.parametrize("language", languages())
def test_every_operation_has_words(language):
    assert all(labels(language).get(f"words.{rule}") for rule in RULES)


@pytest.mark.parametrize("language", languages())
@given(lesson=lessons())
def test_every_equation_reads_in_words_and_symbols(language, lesson):
    for equation in network(lesson).equations.values():
        assert "{" not in words(equation.expr, labels(language))
        assert "{" not in symbols(equation.expr)


def test_the_equations_read_like_the_textbook():
    equations = network(hello()).equations
    assert symbols(equations["xh"].expr) == "Wxh·xₜ"
    assert symbols(equations["hh"].expr) == "Whh·hₜ₋₁ + bh"
    assert symbols(equations["h"].expr) == "tanh(zₜ)"
    assert symbols(equations["y"].expr) == "Why·hₜ"


@pytest.mark.parametrize(
    "build",
    [
        lambda: Parameter("W", HIDDEN, LETTERS) @ Value("h", HIDDEN),
        lambda: Value("h", HIDDEN) + Value("y", LETTERS),
        lambda: scale(Parameter("W", HIDDEN, HIDDEN), Value("h", HIDDEN)),
        lambda: spread(Parameter("b", HIDDEN), HIDDEN),
    ],
)
def test_axes_that_do_not_meet_are_refused(build):
    with pytest.raises(ValueError, match="rows"):
        build()


def test_a_name_is_given_once():
    recurrence = Recurrence()
    recurrence.let("a", Value("x", ONE), "cell")
    with pytest.raises(ValueError, match="a has an equation already"):
        recurrence.let("a", Value("x", ONE), "cell")


def test_the_walkthrough_has_the_article_s_seven_steps():
    told = [
        (step.time, [equation.name for equation in step.equations], step.again)
        for step in walkthrough(network(hello()), 4)
    ]
    assert told == [
        (1, ["xh"], False),
        (1, ["hh"], False),
        (1, ["z", "h"], False),
        (2, ["xh", "hh"], True),
        (2, ["z", "h"], True),
        (2, ["y"], False),
        (2, ["e", "p", "predicted", "confidence"], False),
    ]


def test_a_word_of_two_letters_is_told_at_one_time_step():
    steps = walkthrough(network(hello()), 1)
    assert {step.time for step in steps} == {1}
    assert [step.number for step in steps] == [1, 2, 3, 4, 5]
