"""The auditor's command: `python -m audit verify`, `explain` and `witness`.

Verifying and explaining are offline and read-only. Each sub-command tells its exit status with
`--help`; 2 is wrong usage in all of them.
"""

import argparse
import sys
from collections.abc import Sequence

from audit import explain
from audit.verifier import command as verify_command
from audit.witness import command as witness_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m audit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True)
    for each in (verify_command, explain, witness_command):
        each.add_to(commands)
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
