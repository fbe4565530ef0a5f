"""The equations: their shapes, their words, the table of operations, the order of telling."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

import rnnsheet
from rnnsheet.equations.backward import chain_rule, differentiate, limited, path_back
from rnnsheet.equations.expr import Operation, Parameter, Value, greatest, scale, spread
from rnnsheet.equations.imported import network as equations_of
from rnnsheet.equations.lesson import network
from rnnsheet.equations.notation import symbols, words
from rnnsheet.equations.recurrence import Recurrence, walkthrough
from rnnsheet.equations.rules import RULES
from rnnsheet.labels import labels, languages
from rnnsheet.network import KINDS, ONE, Axis, Model
from tests.imported_networks import NETWORKS
from tests.lessons import ANY_CELL, EVERY_FORM, hello, lessons, networks

HIDDEN, LETTERS = Axis("hidden", 3), Axis("letters", 4)


def bare(cell: str):
    """A lesson of one cell without what may be left out."""
    sizes = {cell: {"hidden": 1, "input": 2, "one": 1}, "softmax": {"hidden": 2, "input": 1, "one": 1}}
    arrays = {
        spec.name: np.ones((size[spec.rows], size[spec.cols]))
        for kind, size in sizes.items()
        for spec in KINDS[kind].parameters
        if not spec.optional
    }
    return rnnsheet.Lesson("bare", Model(cell, arrays), vocabulary=("a", "b"), word="ab")


def operations(expr) -> set[str]:
    if not isinstance(expr, Operation):
        return set()
    return {expr.rule}.union(*(operations(operand) for operand in expr.operands))


def test_every_operation_of_the_table_is_used_by_a_form_that_the_check_proves():
    used = set()
    for lesson in EVERY_FORM.values():
        r = network(lesson)
        exprs = [*(e.expr for e in r.equations.values()), *(limited(r, e).expr for e in r.of("gradient"))]
        exprs += [share.expr for gradient in r.gradients.values() for share in gradient.shares]
        used |= {rule for expr in exprs for rule in operations(expr)}
    for make in NETWORKS.values():
        used |= {rule for e in equations_of(make()).equations.values() for rule in operations(e.expr)}
    assert used == set(RULES)


@pytest.mark.parametrize("language", languages())
def test_every_operation_has_words(language):
    assert all(labels(language).get(f"words.{rule}") for rule in RULES)


@pytest.mark.parametrize("language", languages())
@given(lesson=lessons(cells=ANY_CELL) | networks())
def test_every_equation_reads_in_words_and_symbols(language, lesson):
    for equation in network(lesson).equations.values():
        assert "{" not in words(equation.expr, labels(language))
        assert "{" not in symbols(equation.expr)


def test_a_trained_network_s_equations_read_like_the_textbook():
    equations = equations_of(NETWORKS["moods"]()).equations
    told = {name: symbols(equations[name].expr) for name in equations}
    assert told["x_emb"] == "E_emb[kₜ]"
    assert told["c_there"] == ("maskₜ·(f_thereₜ ⊙ c_thereₜ₋₁ + i_thereₜ ⊙ g_thereₜ) + (1 − maskₜ)·c_thereₜ₋₁")
    assert told["zr_back"] == "Wxr_back·x_embₜ + Whr_back·h_backₜ₊₁ + br_back"
    assert told["out_both"] == "[h_thereₜ; h_backₜ]"
    assert told["out_att"] == "Σₜ share_attₜ·out_bothₜ"
    assert told["says"] == "labels[said]"
    flat = equations_of(NETWORKS["counter"]()).equations["out_flat"]
    assert symbols(flat.expr) == "[h_rnn₁; h_rnn₂; …; h_rnn₅]"


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
        for step in walkthrough(network(hello()))
    ]
    assert told == [
        (1, ["xh"], False),
        (1, ["hh"], False),
        (1, ["z", "h"], False),
        (2, ["xh", "hh"], True),
        (2, ["z", "h"], True),
        (2, ["y"], False),
        (2, ["e", "p", "confidence", "predicted"], False),
    ]


def test_a_word_of_two_letters_is_told_at_one_time_step():
    steps = walkthrough(network(replace(hello(), word="he", steps=1)))
    assert {step.time for step in steps} == {1}
    assert [step.number for step in steps] == [1, 2, 3, 4, 5]


def test_the_gradients_read_like_the_textbook():
    article = network(hello())
    told = {equation.name: symbols(equation.expr) for equation in article.of("gradient")}
    assert told == {
        "dy": "pₜ − goalₜ",
        "dh_now": "Whyᵀ·dyₜ",
        "dh": "dh_nowₜ + dh_backₜ₊₁",
        "dz": "dhₜ ⊙ (1 − hₜ²)",
        "dh_back": "Whh·dzₜ",
    }
    assert {name: symbols(gradient.shares[0].expr) for name, gradient in article.gradients.items()} == {
        "Wxh": "dzₜ·xₜᵀ",
        "Whh": "dzₜ·hₜ₋₁",
        "bh": "sum(dzₜ)",
        "Why": "dyₜ·hₜᵀ",
    }


def test_each_gradient_names_its_term_of_the_chain_rule():
    article = network(hello())
    assert chain_rule(article.equations["dz"]) == "∂L/∂hₜ · ∂hₜ/∂zₜ"
    assert chain_rule(article.equations["dh_back"]) == "∂L/∂zₜ · ∂zₜ/∂hₜ₋₁"
    assert chain_rule(article.gradients["Wxh"].shares[0]) == "Σₜ ∂L/∂zₜ · ∂zₜ/∂Wxh"


@pytest.mark.parametrize("language", languages())
def test_every_gradient_reads_in_words(language):
    for gradient in network(hello()).gradients.values():
        assert "{" not in words(gradient.shares[0].expr, labels(language))


def test_a_value_used_twice_gets_the_sum_of_what_its_uses_hand_back():
    r = Recurrence()
    a = r.let("a", Value("x", HIDDEN), "cell")
    b = r.let("b", a + a, "cell")
    r.given["b"] = Value("goal", HIDDEN)
    r.let("c", b, "output")
    differentiate(r, ())
    assert symbols(r.equations["da"].expr) == "dbₜ + dbₜ"


def test_an_operation_without_a_derivative_is_refused():
    r = Recurrence()
    r.let("a", greatest(Value("x", HIDDEN)), "cell")
    r.given["a"] = Value("goal", ONE)
    r.let("b", greatest(r.equations["a"].value), "cell")
    r.given["b"] = Value("goal", ONE)
    with pytest.raises(ValueError, match="greatest has no derivative"):
        differentiate(r, ())


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("elman", {"h": ("dh", "dz", "dh_back")}),
        ("lstm", {"h": ("dh", "dh_back"), "c": ("dc", "dc_back")}),
        ("gru", {"h": ("dh", "dh_back")}),
        ("gru-before", {"h": ("dh", "dh_back")}),
    ],
)
def test_a_state_s_gradient_has_its_way_back(cell, told):
    r = network(bare(cell))
    assert {state: path_back(r, state) for state in r.states} == told


def test_the_gates_read_like_the_textbook():
    r = network(bare("lstm"))
    told = {name: symbols(r.equations[name].expr) for name in ("c", "h", "dc_now", "do", "df", "dc_back")}
    assert told == {
        "c": "fₜ ⊙ cₜ₋₁ + iₜ ⊙ gₜ",
        "h": "oₜ ⊙ tanh(cₜ)",
        "dc_now": "dhₜ ⊙ oₜ ⊙ (1 − tanh(cₜ)²)",
        "do": "dhₜ ⊙ tanh(cₜ)",
        "df": "dcₜ ⊙ cₜ₋₁",
        "dc_back": "dcₜ ⊙ fₜ",
    }
    r = network(bare("gru"))
    assert symbols(r.equations["h"].expr) == "(1 − uₜ) ⊙ nₜ + uₜ ⊙ hₜ₋₁"
    assert symbols(r.equations["du"].expr) == "dhₜ ⊙ hₜ₋₁ − dhₜ ⊙ nₜ"


def test_the_peepholes_read_like_the_paper():
    r = network(EVERY_FORM["lstm"])
    told = {name: symbols(r.equations[name].expr) for name in ("zf_n", "zo_n", "dc_n_back")}
    assert told == {
        "zf_n": "Wxf_n·xₜ + Whf_n·h_nₜ₋₁ + bf_n + Wcf_n ⊙ c_nₜ₋₁",
        "zo_n": "Wxo_n·xₜ + Who_n·h_nₜ₋₁ + bo_n + Wco_n ⊙ c_nₜ",
        "dc_n_back": "dc_nₜ ⊙ f_nₜ + dzf_nₜ ⊙ Wcf_n + dzi_nₜ ⊙ Wci_n",
    }
