"""Tensors of a graph as views of what layers give: turned, cut, merged, without computing a number."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rnnsheet.models.draft import Draft
from rnnsheet.trained import INPUT


@dataclass(frozen=True)
class View:
    """What layers give, as a tensor: which layers, and what its axes stand for.

    "t" is over time, "f" over the numbers of a result, "d" over several layers' results, "1" of size one, as
    the batch is.
    """

    parts: tuple[str, ...]
    axes: tuple[str, ...]


class UnreadableError(Exception):
    """A view that no layer can give."""


class OneStepError(UnreadableError):
    """A time step in the middle is taken: the graph does by itself what a recurrent layer does."""


class Views:
    """Makes views of views, adding layers to the draft where results are joined or cut in time."""

    def __init__(self, draft: Draft, length: int):
        self.draft, self.length = draft, length

    def sizes(self, view: View) -> list[int]:
        """The size of each axis."""
        known = {"t": self.length, "1": 1, "d": len(view.parts)}
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

    def taken(self, view: View, place: int, index: int) -> View:
        """One entry along an axis, which goes."""
        axis, size = view.axes[place], self.sizes(view)[place]
        rest = replace(view, axes=tuple(a for n, a in enumerate(view.axes) if n != place % len(view.axes)))
        if not -size <= index < size:
            raise UnreadableError
        if axis == "1":
            return rest
        if axis == "d":
            return replace(rest, parts=(view.parts[index],))
        if axis == "t":
            return self._at(rest, index % size)
        raise UnreadableError

    def sliced(self, view: View, place: int, start: int, stop: int, step: int) -> View:
        """Some of the entries along an axis: all of them, several layers, or one time step."""
        axis, size = view.axes[place], self.sizes(view)[place]
        chosen = range(size)[start:stop:step]
        if chosen == range(size):
            return view
        if axis == "d" and chosen:
            return replace(view, parts=tuple(view.parts[n] for n in chosen))
        if axis == "t" and len(chosen) == 1:
            one = self.taken(view, place, chosen[0])
            return self.unsqueezed(one, [place % len(view.axes)])
        raise UnreadableError

    def _at(self, view: View, step: int) -> View:
        """One time step, the first or the last, of each of the results."""
        parts = []
        for name in view.parts:
            reverse = name != INPUT and self.draft.layer(name).reverse
            if step not in (0, self.length - 1) or (step == 0 and not reverse):
                raise OneStepError
            if step and reverse:
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

    def reshaped(self, view: View, wanted: Sequence[int]) -> View:
        """The same numbers in other axes; 0 is the size at that place, -1 what is left."""
        sizes = self.sizes(view)
        shape = [sizes[place] if size == 0 else size for place, size in enumerate(wanted)]
        if -1 in shape:
            shape[shape.index(-1)] = math.prod(sizes) // -math.prod(shape)
        if math.prod(shape) != math.prod(sizes):
            raise UnreadableError
        given = zip(view.axes, sizes, strict=True)
        left = [(axis, size) for axis, size in given if size > 1 or axis in "tf"]
        axes: list[str] = []
        for target in shape:
            group = ""
            found = 1
            while left and (found < target or (target == 1 and left[0][1] == 1 and not group)):
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
