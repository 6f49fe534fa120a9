"""Where a log is kept: one SQLite file, or one schema of a PostgreSQL database; opens nothing."""

import re
from pathlib import Path
from typing import Final

REVISION: Final = "0002"  # The form of the tables that this version reads and writes.
OUTDATED: Final = "the tables of the ledger have another form: run `doelpoort audit migrate`"
_SQLITE: Final = "sqlite:///"
_NO_LETTERS = re.compile("[^a-z0-9]+")


def sqlite_url(path: Path) -> str:
    """Give the address of a ledger in this file."""
    return f"{_SQLITE}{path.absolute()}"


def find_file(url: str) -> Path | None:
    """Give the file of a ledger; none if it is kept in a database server."""
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def schema_of(origin: str) -> str:
    """Give the PostgreSQL schema of a log: one for each, so that a year can be dropped whole."""
    return "log_" + _NO_LETTERS.sub("_", origin.rpartition("/")[2].lower())
