"""`python -m bench`: measures everything, prints the table, writes bench/latest.json."""

import tempfile
from pathlib import Path

from bench import catalogues, decisions, disclosures, ledgers
from bench.rows import show, with_ratios, write

_ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run every measurement on this machine."""
    with tempfile.TemporaryDirectory(prefix="doelpoort-bench-") as name:
        folder = Path(name)
        (folder / "gateway").mkdir()
        rows = [
            *disclosures.measure(_ROOT, folder / "gateway"),
            *decisions.measure(_ROOT),
            *catalogues.measure(_ROOT, folder / "catalogues"),
            *ledgers.measure(folder),
        ]
    complete = with_ratios(rows)
    show(complete)
    write(complete, _ROOT / "bench" / "latest.json")


if __name__ == "__main__":
    main()
