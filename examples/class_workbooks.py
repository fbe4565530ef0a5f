"""A workbook for each student of a class, each with other weights, and the answers for the teacher.

python class_workbooks.py FOLDER Ann Ben Chen
"""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

import rnnsheet

folder, *students = sys.argv[1:] or ["class", "Ann", "Ben", "Chen"]
lesson = rnnsheet.load("hello")
answers = []
Path(folder).mkdir(exist_ok=True)
for number, student in enumerate(students):
    # The first network that a training yields has random weights and has learned nothing yet.
    start = next(lesson.train(seed=number)).model
    title = {"en": f"{student} reads “{lesson.word}”", "zh": f"{student}读“{lesson.word}”"}
    own = replace(lesson, name=student, model=start, title=title)
    rnnsheet.export(own, Path(folder) / f"{student}.xlsx", force=True)
    trace = own.run()
    h = [float(number) for number in trace["h"][:, -1].round(4)]
    answers.append({"student": student, "says": "".join(trace["predicted"][0]), "last hidden state": h})

table = pd.DataFrame(answers)
table.to_csv(Path(folder) / "answers.csv", index=False)
print(table.to_string(index=False))
