"""A remark of lint: what is the matter with which member of one purpose."""

from dataclasses import dataclass

from gateway.catalogue.errors import Severity


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on a member of one purpose; `where` is the member and the name inside it."""

    where: tuple[str, str]
    code: str
    severity: Severity
    nl: str
    en: str


def error(where: tuple[str, str], code: str, nl: str, en: str) -> Remark:
    """Return a remark that must be mended before the files may be used."""
    return Remark(where, code, Severity.ERROR, nl, en)


def warning(where: tuple[str, str], code: str, nl: str, en: str) -> Remark:
    """Return a remark to look at."""
    return Remark(where, code, Severity.WARNING, nl, en)
