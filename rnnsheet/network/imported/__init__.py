"""Imported networks as data: layers that another framework learned, their weights, what is read.

No arithmetic. Column vectors throughout, as in `model`; a weight matrix has the shape (out, in). A value is
either over the time steps of a sequence ("input" or "answer"), one column per step, or computed once, one
column.

What the engine and the sheets call the values (those of a layer end with its name: `h_lstm1`):

- of a text, (1, room): `piece`, its words or letters, "" past the end; `number`, the token number of each, ""
  where it is left out; `count`, how many there were so far. Then (1, steps): `k`, the token number that is
  read; `mask`, 1 where the text has a token and 0 at padding; `token`, its text, "" at padding. Of numbers:
  `x`.
- of the answer: `k_answer`, the token number that is read, `start` first, then what was said before.
- embedding: `x`. Recurrent: as the equations of `equations.cells`: elman `xh hh z h`; lstm `zi i zf f zg g c
  zo o h`; gru `zr r zu u m zn n h`; gru-before `zr r zu u s zn n h`. Dense: `za`, `a` (`a` alone where
  linear; where softmax `y` the sums, `e` exp of each less the greatest, `p`). Activation: `a` (softmax: `e`,
  `p`). Attention: `score`, `e` (less the greatest of all steps; 0 at masked ones), `share`, each (1, steps),
  and `out`. All others: `out`. Where any other than a merge or `last` reads several results: also `both`,
  these below each other.
- where a text is masked, `h` and `c` at padding are those of the step before; all else is computed as usual.
- of a result that is more than numbers alone (`ImportedNetwork.says_numbers`): `said`, the number (from 0)
  of the greatest row, or of one row 1 where it is at least 1/2; `confidence`, the greatest row, or of one row
  it where `said` is 1, else 1 less it; `says`, the label of `said`, of an answer "" from `end` on,
  and `so_far`, all labels up to the step, with a blank between two unless all labels are single letters. Of
  more than `FEW` rows that are computed once also `top`, the greatest `TOP` in order, and `top_says`, of each
  the label of the first row that is equal, (TOP, 1). All but `said` are "" where nothing is read.
- `speaks`, 0 where nothing is read, so that nothing is said, else 1; `shown`, the result as it is told beside
  the answer, "" where nothing is said.
"""

from rnnsheet.network.imported.imported_network import FEW, TOP, ImportedNetwork
from rnnsheet.network.imported.layers import ACTIVATIONS, LAYER_KINDS, PROBABILITIES, ImportedLayer
from rnnsheet.network.imported.reads import (
    ANSWER,
    CURLY,
    INPUT,
    LARGEST,
    LONGEST_TOKEN,
    STRAIGHT,
    Answer,
    Numbers,
    Text,
    is_capital,
)
from rnnsheet.network.imported.witness import Witness, digest

__all__ = [
    "ACTIVATIONS",
    "ANSWER",
    "CURLY",
    "FEW",
    "INPUT",
    "LARGEST",
    "LAYER_KINDS",
    "LONGEST_TOKEN",
    "PROBABILITIES",
    "STRAIGHT",
    "TOP",
    "Answer",
    "ImportedLayer",
    "ImportedNetwork",
    "Numbers",
    "Text",
    "Witness",
    "digest",
    "is_capital",
]
