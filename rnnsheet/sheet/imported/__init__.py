"""The worksheets of a trained network: what is typed and said, the vocabulary, layers, weights."""
