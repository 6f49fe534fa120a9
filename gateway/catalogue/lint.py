"""What a careful privacy officer would remark on policy files that do load."""

import datetime as dt
from collections.abc import Iterable, Mapping

from gateway.catalogue.errors import Finding
from gateway.catalogue.files.purpose import PurposeFile
from gateway.catalogue.lints.fields import field_remarks
from gateway.catalogue.lints.laws import law_findings
from gateway.catalogue.lints.purpose import Context, same_purposes, whole_remarks
from gateway.catalogue.lints.recording import recording_findings
from gateway.catalogue.lints.remark import Remark
from gateway.catalogue.load import Reading
from gateway.catalogue.model import Purpose


def lint(reading: Reading, today: dt.date) -> tuple[Finding, ...]:
    """Return the remarks on a catalogue that loads, in the order of file and line."""
    context = Context(reading.catalogue, reading.party_rows, today)
    same = same_purposes(reading.catalogue.purposes.values())
    findings = [
        _placed(file, remark)
        for file in reading.files.values()
        for remark in _remarks(file.purpose, context, same)
    ]
    findings += recording_findings(reading.catalogue, reading.recording_places)
    findings += law_findings(reading.catalogue, reading.files, reading.task_laws)
    return tuple(sorted(findings, key=lambda f: (f.file, f.line, f.column, f.code)))


def _placed(file: PurposeFile, remark: Remark) -> Finding:
    at = file.at(*remark.where)
    return Finding(at.file, at.line, at.column, remark.code, remark.severity, remark.nl, remark.en)


def _remarks(purpose: Purpose, context: Context, same: Mapping[str, str]) -> Iterable[Remark]:
    for grant in purpose.fields.values():
        yield from field_remarks(grant, purpose, context.catalogue)
    yield from whole_remarks(purpose, context, same)
