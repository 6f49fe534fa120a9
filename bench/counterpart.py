"""`python -m bench.counterpart ADAPTER FOLDER REGISTER TABLE`: a source in a process of its own.

It puts this table of the register behind the adapter, prints where the mapping file is, and listens
until its input ends.
"""

import sys
from pathlib import Path

import pytest

from tests.adapter_house import clients_behind


def main() -> None:
    """Listen, or say on the error stream what is missing here for it."""
    adapter, folder, register, table = sys.argv[1:]
    try:
        with clients_behind(adapter, Path(folder), register=Path(register), only={table}) as behind:
            sys.stdout.write(f"{behind.mapping}\n")
            sys.stdout.flush()
            sys.stdin.read()
    except pytest.skip.Exception as exc:
        sys.exit(f"{adapter}: {exc}")


if __name__ == "__main__":
    main()
