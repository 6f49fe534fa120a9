"""Prints the coverage of the last run and fails when it is below what this project promises."""

import sys
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import NoDataError

ROOT = Path(__file__).resolve().parent.parent
WHOLE = 90.0
# What decides, what releases and what is evidence: every line and every branch.
FULL = (
    "audit/",
    "gateway/aggregates/",
    "gateway/decision/",
    "gateway/catalogue/",
    "gateway/declaring.py",
    "gateway/disclosure.py",
    "gateway/outcome.py",
)


def shortfalls(total: float, files: Mapping[str, float]) -> list[str]:
    """Return a sentence for everything that is below its floor; `files` maps path to percent."""
    found = [
        f"{path} is covered for {percent:.2f} %, not wholly"
        for path, percent in sorted(files.items())
        if path.startswith(FULL) and percent < 100
    ]
    found += [
        f"{place} was not measured at all"
        for place in FULL
        if not any(path.startswith(place) for path in files)
    ]
    if total < WHOLE:
        found.append(f"the whole is covered for {total:.2f} %, below {WHOLE:.0f} %")
    return found


def measure() -> tuple[float, dict[str, float]]:
    """Return the percentage of the whole and of every file, lines and branches together."""
    coverage = Coverage(data_file=str(ROOT / ".coverage"))
    coverage.load()
    if any(ROOT.glob(".coverage.*")):
        coverage.combine([str(ROOT)])
        coverage.save()
    total = coverage.report(file=sys.stdout)
    files = {}
    measured = coverage.get_data().measured_files()
    # Templates are traced as well, by the names that their compiled code bears.
    for path in (each for each in measured if each.endswith(".py")):
        files[Path(path).relative_to(ROOT).as_posix()] = percent_of(coverage, path)
    return total, files


def percent_of(coverage: Coverage, path: str) -> float:
    """Return how much of one file is covered."""
    return coverage.report(morfs=[path], file=StringIO())


def main() -> int:
    """Print the report; 1 when something is below its floor."""
    try:
        total, files = measure()
    except NoDataError:
        sys.stdout.write("There is no coverage data; run the tests with --cov first.\n")
        return 1
    found = shortfalls(total, files)
    for line in found:
        sys.stdout.write(f"Below the floor: {line}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
