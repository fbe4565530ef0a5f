"""Tensors of a graph as views of what layers give: turned, cut, merged, without computing a number."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rnnsheet.importers.draft import Draft
from rnnsheet.importers.lengths import Length, UnreadableError, Whole, plain
from rnnsheet.network.imported import INPUT
from rnnsheet.network.reading import MOST_STEPS


@dataclass(frozen=True)
class View:
    """What layers give, as a tensor: which layers, and what its axes stand for.

    "t" is over time, "f" over the numbers of a result, "d" over several layers' results, "1" of size one, as
    the batch is.
    """

    parts: tuple[str, ...]
    axes: tuple[str, ...]


class OneStepError(UnreadableError):
    """A time step that is not the last is taken: the graph does by itself what a recurrent layer does."""

    def __init__(self, index: Whole):
        super().__init__(index)
        self.index = index


class Views:
    """Makes views of views, adding layers to the draft where results are joined or cut in time.

    `length` is the number of time steps, a Length where the input may have any.
    """

    def __init__(self, draft: Draft, length: Whole):
        self.draft, self.length = draft, length

    def sizes(self, view: View) -> list[Whole]:
        """The size of each axis."""
        known: dict[str, Whole] = {"t": self.length, "1": 1, "d": len(view.parts)}
        return [self.draft.size(view.parts[0]) if axis == "f" else known[axis] for axis in view.axes]

    def transposed(self, view: View, order: Sequence[int]) -> View:
        """The axes in another order."""
        return replace(view, axes=tuple(view.axes[place] for place in order))

    def squeezed(self, view: View, places: Sequence[int]) -> View:
        """Without axes of size one; without places, all of them."""
        sizes = self.sizes(view)
        gone = {place % len(sizes) for place in places or [n for n, size in enumerate(sizes) if size == 1]}
        if any(sizes[place] != 1 or view.axes[place] in "tf" for place in gone):
            raise UnreadableError
        return replace(view, axes=tuple(axis for place, axis in enumerate(view.axes) if place not in gone))

    def unsqueezed(self, view: View, places: Sequence[int]) -> View:
        """With more axes of size one."""
        axes, count = [*view.axes], len(view.axes) + len(places)
        for place in sorted(place % count for place in places):
            axes.insert(place, "1")
        return replace(view, axes=tuple(axes))

    def taken(self, view: View, place: int, index: Whole) -> View:
        """One entry along an axis, which goes."""
        axis, size = view.axes[place], self.sizes(view)[place]
        rest = replace(view, axes=tuple(a for n, a in enumerate(view.axes) if n != place % len(view.axes)))
        if axis == "t":
            return self._at(rest, index)
        if isinstance(size, Length) or isinstance(index, Length) or not -size <= index < size:
            raise UnreadableError
        if axis == "1":
            return rest
        if axis == "d":
            return replace(rest, parts=(view.parts[index],))
        raise UnreadableError

    def sliced(self, view: View, place: int, start: Whole, stop: Whole, step: Whole) -> View:
        """Some of the entries along an axis: all of them, several layers, or one time step."""
        axis, size = view.axes[place], self.sizes(view)[place]
        if axis == "t":
            return self._cut(view, place, start, stop, step)
        if isinstance(size, Length):
            raise UnreadableError
        chosen = range(size)[slice(*map(plain, (start, stop, step)))]
        if chosen == range(size):
            return view
        if axis == "d" and chosen:
            return replace(view, parts=tuple(view.parts[n] for n in chosen))
        raise UnreadableError

    def _cut(self, view: View, place: int, start: Whole, stop: Whole, step: Whole) -> View:
        """All time steps, or one of them."""
        first, end = (self._from_start(number) for number in (start, stop))
        if step != 1:
            raise UnreadableError
        # No workbook has room for an input that ends behind that.
        if isinstance(end, int) and end >= (MOST_STEPS if isinstance(self.length, Length) else self.length):
            end = self.length
        if first == 0 and end == self.length:
            return view
        if end - first != 1:
            raise UnreadableError
        return self.unsqueezed(self.taken(view, place, first), [place % len(view.axes)])

    def _from_start(self, index: Whole) -> Whole:
        """The number of a time step, from 0, of which a negative one counts from the end."""
        return index + self.length if isinstance(index, int) and index < 0 else index

    def _at(self, view: View, index: Whole) -> View:
        """One time step, the first or the last, of each of the results."""
        step, last = self._from_start(index), self.length - 1
        parts = []
        for name in view.parts:
            reverse = name != INPUT and self.draft.layer(name).reverse
            if step != last and not (step == 0 and reverse):
                raise OneStepError(step)
            if step == last != 0 and reverse:
                # Alone, its last step would be the first one, which it computes last.
                name = self.draft.add("concat", [name], f"{name}all")
            parts.append(self.draft.add("last", [name], f"{name}last"))
        return replace(view, parts=tuple(parts))

    def joined(self, views: Sequence[View], place: int) -> View:
        """Several tensors beside each other along an axis."""
        first = views[0]
        if any(view.axes != first.axes for view in views):
            raise UnreadableError
        axis = first.axes[place]
        if axis == "d":
            return replace(first, parts=tuple(part for view in views for part in view.parts))
        if axis == "f":
            return replace(first, parts=(self.draft.add("concat", [one(view) for view in views], "concat"),))
        raise UnreadableError

    def reshaped(self, view: View, wanted: Sequence[Whole]) -> View:
        """The same numbers in other axes; 0 is the size at that place, -1 what is left."""
        sizes = self.sizes(view)
        shape = [sizes[place] if size == 0 else size for place, size in enumerate(wanted)]
        if -1 in shape:
            known = math.prod(size for size in shape if size != -1)
            shape[shape.index(-1)] = _divided(math.prod(sizes), known)
        given = zip(view.axes, sizes, strict=True)
        left = [(axis, size) for axis, size in given if size != 1 or axis in "tf"]
        axes: list[str] = []
        for target in shape:
            group = ""
            found: Whole = 1
            while left and (found != target or (target == 1 and left[0][1] == 1 and not group)):
                axis, size = left.pop(0)
                group, found = group + axis, found * size
            if found != target:
                raise UnreadableError
            view, axis = self._merged(view, group)
            axes.append(axis)
        if left:
            raise UnreadableError
        return replace(view, axes=tuple(axes))

    def _merged(self, view: View, group: str) -> tuple[View, str]:
        """The view in which the axes of a group, which follow each other, are one; and what that is."""
        if len(group) <= 1:
            return view, group or "1"
        if group.endswith("df"):
            view = replace(view, parts=(self.draft.add("concat", view.parts, "concat"),))
            group = group.replace("d", "")
        if group == "tf":
            return replace(view, parts=(self.draft.add("flatten", [one(view)], "flatten"),)), "f"
        if group != "f":
            raise UnreadableError
        return view, "f"


def one(view: View) -> str:
    """The layer of a view of one alone."""
    if len(view.parts) != 1:
        raise UnreadableError
    return view.parts[0]


def _divided(number: Whole, by: Whole) -> Whole:
    """The quotient of sizes. Raises UnreadableError where it is no whole number for every length."""
    if isinstance(number, Length):
        return number // by
    if isinstance(by, Length) or not by or number % by:
        raise UnreadableError
    return number // by
