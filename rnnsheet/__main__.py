"""`python -m rnnsheet` is the command `rnnsheet`."""

from rnnsheet.cli import main

main()
