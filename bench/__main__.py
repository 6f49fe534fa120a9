"""`python -m bench`: measures everything, prints the table, writes bench/latest.json.

`python -m bench --scale` measures one thing alone, with minutes and gigabytes: whether an append
stays as fast at five million entries. It prints and writes nothing.
"""

import sys
import tempfile
from pathlib import Path

from bench import adapters, catalogues, decisions, disclosures, ledgers, scale, sources
from bench.rows import show, with_ratios, write

_ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run every measurement on this machine."""
    with tempfile.TemporaryDirectory(prefix="doelpoort-bench-") as name:
        folder = Path(name)
        if sys.argv[1:] == ["--scale"]:
            show(with_ratios(list(scale.measure(folder))))
            return
        (folder / "gateway").mkdir()
        rows = [
            *disclosures.measure(_ROOT, folder / "gateway"),
            *decisions.measure(_ROOT),
            *catalogues.measure(_ROOT, folder / "catalogues"),
            *sources.measure(folder),
            *adapters.measure(folder / "adapters"),
            *ledgers.measure(folder),
        ]
    complete = with_ratios(rows)
    show(complete)
    write(complete, _ROOT / "bench" / "latest.json")


if __name__ == "__main__":
    main()
