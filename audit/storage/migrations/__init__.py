"""How the tables came to have the form they have, step by step; run by `audit.storage.migrate`."""
