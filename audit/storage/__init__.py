"""Where entries are kept: what the ledger asks of a store, and each store that keeps it."""
