"""Witnesses: who else saw this log, and what it takes to believe them."""
