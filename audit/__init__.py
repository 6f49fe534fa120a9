"""The auditor's room: a tamper-evident ledger of every disclosure, and the verifier of it."""
