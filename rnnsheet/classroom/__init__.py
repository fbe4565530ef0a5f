"""Exercises for a class: a workbook with numbers of their own for each student, and fair marks for them."""
