"""One module per worksheet."""
