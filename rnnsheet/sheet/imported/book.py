"""An imported network into its plan: the order of the worksheets, and what each knows of the others."""

from collections.abc import Mapping

from rnnsheet.equations.imported import network as equations_of
from rnnsheet.equations.imported import result
from rnnsheet.equations.recurrence import Recurrence
from rnnsheet.labels import Labels, labels
from rnnsheet.network.imported import ImportedNetwork, Text
from rnnsheet.sheet.imported import checks, first_page, layers, numbers, text, vocabulary, weights
from rnnsheet.sheet.layout_context import Frame
from rnnsheet.sheet.names import defined_name
from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.pages import manifest
from rnnsheet.sheet.plan import Area, Block, Plan

DIGITS = 4
"""So many digits of a number are shown behind the point."""


def plan(source: ImportedNetwork, language: str) -> Plan:
    """The plan of the workbook, as `sheet.layout.plan` gives it; what is typed is the sample."""
    words, equations = labels(language), equations_of(source)
    about_page = manifest.place(source, words)
    looked = source.read.room if isinstance(source.read, Text) else 0
    messages = manifest.messages(about_page, source.read.steps, looked, source.usual)
    page, typed = first_page.place(source, words)
    vocabulary_page, given, known = vocabulary.place(source, words)
    if isinstance(source.read, Text):
        assert known  # noqa: S101
        read_page, read, scope = text.place(source.read, typed, known, messages, words)
        vocabulary.mark_unreadable(vocabulary_page, source.read, known, read)
        given["vocabulary"] = known.tokens
    else:
        read_page, read, scope = numbers.place(typed, words)
    weight_pages, weighed, usable = _weights(source, equations, given, words)
    frame = Frame(equations, words, {**given, **weighed}, DIGITS)
    layer_pages, results = layers.place(source, frame, scope, usable, read)
    speaks = results.pop("speaks")
    named = {typed.name: typed, **given, **weighed, **results}
    named |= {name: block for name, block in read.items() if block.trace or name == "x"}
    everything = {**read, **named, "speaks": speaks}
    sheets_of_weights = {name: page.sheet.name for name, page in weight_pages.items()}
    foot = first_page.complete(page, source, equations, everything, messages, sheets_of_weights)
    words_page = [vocabulary_page] if vocabulary_page.sheet.blocks else []
    pages = [page, read_page, *layer_pages, *words_page, *weight_pages.values()]
    checks.place(pages, foot, messages, results[result(equations).name], source.usual)
    sheets = tuple(page.sheet for page in pages)
    for sheet in sheets:
        sheet.keep_paragraphs_in_sight()
    manifest.list_blocks(about_page, sheets)
    names = {defined_name(name): block.area for name, block in named.items()}
    return Plan((*sheets, about_page.sheet), names, language, source.name).with_digits(DIGITS)


def _weights(
    source: ImportedNetwork, equations: Recurrence, given: Mapping[str, Block], words: Labels
) -> tuple[dict[str, Page], dict[str, Block], dict[str, Area]]:
    """The sheets of weights by their layers, their blocks by name, and by sheet whether all can be used."""
    pages, blocks, usable = dict[str, Page](), dict[str, Block](), dict[str, Area]()
    for number, layer in enumerate(source, start=1):
        if layer.weights:
            name = f"W{number}_{layer.name}"[:31]
            own = weights.place(name, layer, equations, given, words, source.usual)
            pages[layer.name], usable[name] = own[0], own[2].area
            blocks |= own[1]
    return pages, blocks, usable
