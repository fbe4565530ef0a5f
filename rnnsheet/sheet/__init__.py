"""From equations to worksheets: what stands in which cell. Knows no file format and computes nothing."""
