# What .ci/run runs, in the environment that is active: fast parts first, and no further than the first that fails.
.PHONY: check lint quick slow
.NOTPARALLEL:

check: lint quick slow

lint:
	ruff check .
	ruff format --check .
	mypy
	lint-imports

quick:
	pytest -m "not slow"

slow:
	pytest -m slow
