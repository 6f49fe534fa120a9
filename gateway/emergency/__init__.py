"""Disclosures in immediate danger, and how somebody else judges each of them afterwards."""
