"""A lesson as one HTML file: the plan's formulas, compiled to JavaScript, and a picture of the network."""
