"""The numbers of a sheet's equations, and the cell that says up to which one the sheet is shown."""

from rnnsheet.sheet.page_builder import Page
from rnnsheet.sheet.plan import Highlight


class Numbering:
    """Equations by their numbers, with the first and the last row of each."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, int]] = {}
        self.open = False
        """Whether equations that get a place get a number."""

    def add(self, name: str, first: int, last: int) -> None:
        """Gives an equation in these rows the next number."""
        if self.open:
            self._rows.setdefault(name, (first, last))

    def told(self, name: str, told: str) -> str:
        """What an equation is called, behind its number where it has one."""
        return f"({list(self._rows).index(name) + 1}) {told}" if name in self._rows else told

    def reveal(self, page: Page, row: int, col: int, told: str = "about") -> None:
        """The cell, what is `told` of it, and the rules by which cells of later equations show nothing."""
        page.text(row, col + 1, page.labels(f"reveal.{told}", count=len(self._rows)), "small")
        entry = page.constants("reveal", row, col, [[None]], "input", "reveal")
        for number, (first, last) in enumerate(self._rows.values(), start=1):
            rows = range(first, last + 1)
            ends = [each.area.col + each.area.cols - 1 for each in page.sheet.blocks if each.area.row in rows]
            ends += [text.col for text in page.sheet.texts if text.row in rows]
            area = page.area(first, 1, len(rows), max(ends))
            page.sheet.highlights.append(Highlight(area, "beyond", entry.area, number))
