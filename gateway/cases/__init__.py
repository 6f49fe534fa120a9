"""The facts that decisions rest on: cases and their parties, consents, confirmations."""
