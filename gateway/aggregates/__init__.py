"""Figures about groups: cells, hiding the small ones, chance mixed in; never a row of a person."""
