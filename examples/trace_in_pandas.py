"""Every number that a lesson's network computes, as tables of pandas.

python trace_in_pandas.py LESSON        (a built-in lesson's name, or a path to a lesson file)
"""

import sys

import pandas as pd

import rnnsheet

lesson = rnnsheet.load(sys.argv[1] if len(sys.argv) > 1 else "hello")
trace = lesson.run()

# A table of its own for each array: rows are units or letters, columns time steps.
print(trace.frame("h").round(4), end="\n\n")

# All numbers below each other: the name of the array, the row, the column, the number.
numbers = {name: frame for name, frame in trace.frames.items() if frame.dtypes.eq(float).all()}
long = pd.concat({name: frame.stack() for name, frame in numbers.items()}, names=["array", "row", "column"])
long.rename("number").to_csv(f"{lesson.name}.csv")
print(f"{lesson.name}.csv: {len(long)} numbers of {len(numbers)} arrays")
