"""Measures the thing, its baseline and its peer in one run on one machine, as ratios."""
