"""What a run of a network computed: every array by the name of its equation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from rnnsheet.notebook import html_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Trace:
    """Every array that a run of a lesson computes, by the name of its equation.

    An array has the shape (units or letters, time steps), a parameter's gradient that of the
    parameter. Numbers are float64; rows of letters are arrays of str objects, "" where a step
    has none.
    """

    arrays: Mapping[str, NDArray[Any]]
    rows: Mapping[str, tuple[str, ...]]
    """Per array, the label of each row: letters, or the number of the hidden unit."""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per array that is not over time, the label of each column."""

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def frame(self, name: str) -> pd.DataFrame:
        """One array as a DataFrame: rows are units or letters, columns time steps from 1.

        The columns of a parameter's gradient are those of the parameter.
        """
        import pandas as pd

        array = self.arrays[name]
        columns = pd.RangeIndex(1, array.shape[1] + 1, name="time step")
        return pd.DataFrame(array, list(self.rows[name]), self.columns.get(name, columns))

    def __repr__(self) -> str:
        return f"<Trace of {len(self.arrays)} arrays: {', '.join(self.arrays)}>"

    def _repr_html_(self) -> str:
        """A notebook shows the name and the shape of each array."""
        sizes = {name: " × ".join(map(str, array.shape)) for name, array in self.arrays.items()}
        return html_table(("array", "shape"), sizes.items())

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every array as a labelled DataFrame."""
        return {name: self.frame(name) for name in self.arrays}
