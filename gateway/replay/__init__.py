"""Checking what the gateway did: decisions taken again, the ledger held against other traces."""
