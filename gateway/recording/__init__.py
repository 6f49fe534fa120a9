"""Checking before recording: what of a note or a form may be written down; nothing is kept."""
