"""Names of laws that look misspelt: one that stands once, and is like one that stands often."""

from collections import Counter
from collections.abc import Iterator, Mapping

from gateway.catalogue.errors import Finding, Place, Severity
from gateway.catalogue.files.hints import meant
from gateway.catalogue.files.purpose import PurposeFile
from gateway.catalogue.model import Catalogue

_OFTEN = 3
# One letter in eight: less alike are the names of other laws.
_ALIKE = 0.87


def law_findings(
    catalogue: Catalogue, files: Mapping[str, PurposeFile], task_laws: Mapping[str, Place]
) -> Iterator[Finding]:
    """Point at the names of laws that somebody may have written otherwise than meant."""
    named = [*_of_tasks(catalogue, task_laws), *_of_purposes(files)]
    counts = Counter(name for name, _ in named)
    often = [name for name, count in counts.items() if count >= _OFTEN]
    for name, at in named:
        nl, en = meant(name, often, alike=_ALIKE) if counts[name] == 1 else ("", "")
        if nl:
            nl = f"De wet '{name}' staat alleen hier.{nl}"
            en = f"The law '{name}' stands here only.{en}"
            code, severity = "LAW_NAME_ODD", Severity.WARNING
            yield Finding(at.file, at.line, at.column, code, severity, nl, en)


def _of_tasks(catalogue: Catalogue, task_laws: Mapping[str, Place]) -> Iterator[tuple[str, Place]]:
    for task in catalogue.tasks.values():
        yield task.law, task_laws[task.id]


def _of_purposes(files: Mapping[str, PurposeFile]) -> Iterator[tuple[str, Place]]:
    for file in files.values():
        for basis in file.purpose.legal_basis:
            yield basis.law, file.at("legal_basis")
        if file.purpose.secrecy is not None:
            yield file.purpose.secrecy.law, file.at("secrecy", "law")
