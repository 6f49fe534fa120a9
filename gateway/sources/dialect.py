"""In what SQL of one database differs from that of another, and where a bound value stands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a driver writes a bound value, and what a percent sign must be written as."""

    mark: str
    percent: str

    def spell(self, text: str) -> str:
        """Return a statement as the driver reads it."""
        return text.replace("%", self.percent).replace(MARK, self.mark)


SQLITE = Dialect("?", "%")
POSTGRESQL = Dialect("%s", "%%")

MARK = "\0"
"""Stands for a bound value until the percent signs are done; no SQL can hold it."""
