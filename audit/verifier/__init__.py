"""What an auditor runs, offline and read-only: it trusts a key, and nothing that it reads."""
