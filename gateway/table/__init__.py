"""Sharing at one table: several recipients at once, each its own view, all of them or none."""
