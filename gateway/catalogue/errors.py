"""What can be wrong with policy files: findings with a place, and the one error that carries them.

PurposeError
└── CatalogueInvalid    the files are no catalogue: the process does not start
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """Whether a finding stops the catalogue from being used."""

    ERROR = "error"
    WARNING = "warning"


class Place(NamedTuple):
    """Where something stands in the policy files.

    Units:   line and column count from one.
    """

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to repair or to look at, in Dutch and English, with its place.

    Units:   line and column count from one.
    """

    file: str
    line: int
    column: int
    code: str
    severity: Severity
    message_nl: str
    message_en: str

    @property
    def text(self) -> str:
        """The finding on one line, as editors and people read it."""
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.severity}: {self.code}: {self.message_nl} / {self.message_en}"


class PurposeError(Exception):
    """Root of what can go wrong with policy files."""


class CatalogueInvalid(PurposeError):
    """The policy files are no catalogue; `findings` names everything that is wrong with them."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("\n".join(finding.text for finding in findings))
        self.findings = findings
