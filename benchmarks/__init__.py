"""Speed, as ratios to a peer or to the floor, measured side by side in one run."""
