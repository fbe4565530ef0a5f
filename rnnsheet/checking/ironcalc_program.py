"""The program in which IronCalc recalculates a file: it imports nothing of ours, so that it begins at once.

It prints, as Python's own plain data, per sheet the value of each cell by its `grid.key`, and which of them
are errors; or, as one text, what IronCalc says of a file that it cannot take.
"""

import marshal
import os
import sys


def main(found: str, path: str, last_column: str) -> None:
    """Recalculates the file at `path`; `found` is where packages are, as in PYTHONPATH."""
    sys.path[:] = found.split(os.pathsep)
    # IronCalc prints remarks past Python's own stream.
    output = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with os.fdopen(output, "wb") as stream:
        marshal.dump(_recalculated(path, int(last_column)), stream)  # type: ignore[arg-type]


def _recalculated(path: str, last_column: int) -> object:
    import ironcalc

    try:
        model = ironcalc.load_from_xlsx(path, "en", "UTC", "en")
        model.evaluate()
    except BaseException as error:
        # A panic inside IronCalc is no Exception, and its class cannot be imported.
        return str(error)
    names = [sheet["name"] for sheet in model.get_worksheets_properties()]
    sheets: list[dict[int, object]] = [{} for _ in names]
    errors = []
    is_error = ironcalc.CellType.ErrorValue
    for sheet, row, col in model.get_all_cells():
        value = model.get_cell_value(sheet, row, col)
        if value is not None:
            cell = row * last_column + col - 1
            sheets[sheet][cell] = value
            if (
                isinstance(value, str)
                and value[:1] == "#"
                and model.get_cell_type(sheet, row, col) == is_error
            ):
                errors.append((names[sheet], cell))
    return {"sheets": dict(zip(names, sheets, strict=True)), "errors": errors}


if __name__ == "__main__":
    main(*sys.argv[1:])
    # At once: freeing the model cell by cell takes longer than the answer.
    os._exit(0)
