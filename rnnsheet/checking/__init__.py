"""Proves a workbook: a spreadsheet engine recalculates it, every cell is compared with the trace."""
