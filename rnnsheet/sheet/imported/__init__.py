"""The worksheets of an imported network: what is typed and said, the vocabulary, layers, weights."""
