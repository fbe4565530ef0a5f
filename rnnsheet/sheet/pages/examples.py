"""The examples below the inputs, and the right answers that follow from them: each text has its own."""

from dataclasses import replace

from rnnsheet.equations.recurrence import Recurrence
from rnnsheet.lesson import LessonData
from rnnsheet.network.reading import END, words_of
from rnnsheet.sheet.page_builder import LETTER, SPAN, TEXT
from rnnsheet.sheet.pages.inputs import BREAK, LABEL, Inputs
from rnnsheet.sheet.plan import Block
from rnnsheet.sheet.signs import lowercase_without_signs


def place(inputs: Inputs, lesson: LessonData, network: Recurrence) -> None:
    """The table of examples, and below each answer that someone may give the one that counts."""
    _table(inputs, lesson)
    _right_answers(inputs, lesson, network)


def _table(inputs: Inputs, lesson: LessonData) -> None:
    """The texts or pictures that have right answers of their own, and which of them is read now."""
    if not lesson.answers:
        return
    page, top = inputs.page, inputs.row
    page.sheet.sections.append(top)
    page.text(top, 1, page.labels("inputs.examples"), "heading", SPAN)
    texts, row = list(lesson.answers), top + 2
    read = {"same": ("word_clean", lesson.reading), "same_second": ("second_clean", lesson.second_reading)}
    read = {name: (of, text) for name, (of, text) in read.items() if name == "same" or of in inputs.blocks}
    page.text(top + 1, 1, page.labels("meaning.wanted_used"), "small")
    col = LABEL + len(read)
    page.text(top + 1, LABEL, page.labels("inputs.same"), "small")
    page.text(top + 1, col, page.labels("inputs.example"), "small")
    answers = [[answer] for answer in lesson.answers.values()]
    page.constants("example_answers", row, 1, answers, "label", form=TEXT)
    page.constants("examples", row, col, [[text] for text in texts], "label", form=TEXT)
    for right, (name, (of, now)) in enumerate(read.items()):
        typed = inputs.blocks[of if of in inputs.blocks else "picture_read"]
        text = f"IF(EXACT({page.area(row, col).a1},{typed.area.fixed}),1,0)"
        area, values = page.area(row, LABEL + right, len(texts)), [[int(each == now)] for each in texts]
        inputs.blocks[name] = page.formula(name, area, text, "label", values=values)
    inputs.row = row + len(texts) + 1


def _right_answers(inputs: Inputs, lesson: LessonData, network: Recurrence) -> None:
    """Below each answer that someone may give, the one that counts: that of the example, if it is one."""
    page, blocks = inputs.page, inputs.blocks
    for name, same, read, target in (
        ("wanted", "same", "word_clean", lesson.target),
        ("wanted_second", "same_second", "second_clean", lesson.second_target),
    ):
        if name not in blocks:
            continue
        cell, area = blocks[name].area.a1, blocks[name].area.part(1)
        text = f'IF(ISERROR({cell}),"",IF(TRIM({cell})="","",{cell}&""))'
        if same in blocks:
            found = blocks[same].area
            own = replace(found, col=1).a1
            if found.rows > 1:
                # Gnumeric and IronCalc find no row in a single cell.
                own = f"INDEX({own},MATCH(1,{found.a1},0),1)"
            text = f'IF(SUM({found.a1})>0,{own}&"",{text})'
        if blocks[name].entry == "label":
            possible = inputs.together.get("labels", inputs.together.get("vocabulary"))
            assert possible  # noqa: S101
            # What cannot be said is no right answer.
            text = f'IF(ISNUMBER(FIND({BREAK}&{text}&{BREAK},{possible.a1})),{text},"")'
        if read in blocks:
            text = f'IF({blocks[read].area.a1}="","",{text})'
        form = TEXT if f"{name}_clean" in network.parameters else LETTER
        page.text(area.row, 1, page.labels(f"meaning.{name}_used"), "caption")
        used = f"{name}_used"
        blocks[used] = page.formula(used, area, text, "given", values=[[target]], form=form)
        if f"{name}_clean" in network.parameters:
            _ended(inputs, blocks[used], target)


def _ended(inputs: Inputs, used: Block, target: str) -> None:
    """The right answer word by word, with its end."""
    page, cell, area = inputs.page, used.area.a1, used.area.part(1)
    page.text(area.row, 1, page.labels("meaning.wanted_clean"), "caption")
    words = f"TRIM({lowercase_without_signs(cell)})"
    # Of signs alone there is no right answer, not even the end.
    text = f'IF({words}="","",{words}&" {END}")'
    value = " ".join((*words_of(target), END)) if words_of(target) else ""
    inputs.blocks["wanted_clean"] = page.formula(
        "wanted_clean", area, text, "given", values=[[value]], form=TEXT
    )
