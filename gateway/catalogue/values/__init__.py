"""Source values: rows, names, days, and what does not fit."""
