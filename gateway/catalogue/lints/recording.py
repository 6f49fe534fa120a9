"""Remarks on the files about recording: what is written down there and works nowhere."""

from collections.abc import Iterable, Mapping

from gateway.catalogue.errors import Finding, Place, Severity
from gateway.catalogue.model import Catalogue
from gateway.catalogue.recording import Recording


def recording_findings(
    catalogue: Catalogue, places: Mapping[tuple[str, str], Place]
) -> Iterable[Finding]:
    """Return what is to be said of `zrm.yaml` and `records.yaml`."""
    for where, code, nl, en in (*_domains(catalogue.recording), *_kinds(catalogue)):
        at = places[where]
        yield Finding(at.file, at.line, at.column, code, Severity.WARNING, nl, en)


_Remark = tuple[tuple[str, str], str, str, str]


def _domains(recording: Recording) -> Iterable[_Remark]:
    """Point at a life domain that no help question opens."""
    opened = {name for each in recording.help_questions.values() for name in each.opens}
    for name in recording.domains:
        if name not in opened:
            nl = f"Geen enkele hulpvraag opent '{name}'; het wordt dus nooit uitgevraagd."
            en = f"No help question opens '{name}', so it is never asked."
            yield ("domains", name), "DOMAIN_UNUSED", nl, en


def _kinds(catalogue: Catalogue) -> Iterable[_Remark]:
    """Point at a kind that no purpose forbids by name: its words may not belong here."""
    never = {name for purpose in catalogue.purposes.values() for name in purpose.never}
    for kind in catalogue.recording.kinds.values():
        if not never & set(kind.fields):
            nl = f"Geen enkel doel zegt 'never' over een gegeven van de soort '{kind.id}'."
            en = f"No purpose says 'never' of a field of the kind '{kind.id}'."
            yield ("kinds", kind.id), "KIND_UNUSED", nl, en
