"""Reading a file of cases in its published form: callers, and what each case asks and expects."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from gateway.catalogue.errors import CatalogueInvalid, Finding, Place, Severity
from gateway.catalogue.files.yaml_subset import parse_plain
from gateway.catalogue.values.days import day_of
from gateway.decision.model import OverAsking, SubjectCheck
from gateway.errors import SubjectInvalid
from gateway.identity.clients import Hat
from gateway.passage import Request
from gateway.subject import Subject, parse_bsn

Json: TypeAlias = Mapping[str, object]

# What in the context is not a claim of the requester.
_RECORDED: Final = frozenset(
    {
        "datum",
        "motivering",
        "casus_id",
        "bron_bevestigd",
        "groepsgrootte",
        "aggregaat",
        "wams_in_werking",
        "toestemmingen",
        "vroegsignaal",
        "vertegenwoordiging",
    }
)


@dataclass(frozen=True, slots=True)
class CaseCaller:
    """A caller of a case: the hats, the one that acts, and the mandates if the case names them.

    Trust:   it stands in for a verified caller and is none; what it asks is decided over invented
             clients, and nothing of it reaches a ledger.
    """

    organisation: str
    role: str
    hats: frozenset[Hat]
    mandates: frozenset[str] | None
    client_id: str = "cases"
    professional: str = "case"


@dataclass(frozen=True, slots=True)
class Case:
    """One case: who asks what, in which context, and what must come of it."""

    id: str
    title: str
    caller: CaseCaller
    asked: Json
    context: Json
    day: dt.date
    expected: Json

    @property
    def bills_in_force(self) -> bool:
        """Whether the case imagines that the bill has become law."""
        return self.context.get("wams_in_werking") is True

    @property
    def purposes(self) -> tuple[str, ...]:
        """The declared purposes, mostly one."""
        declared = self.asked.get("purpose")
        return _texts(declared if isinstance(declared, list) else [declared])

    def request(self, over_asking: OverAsking) -> Request:
        """Return the request that this case makes."""
        subject, check = _subject(self.asked.get("subject"))
        fields, reasons = self.asked.get("fields"), self.context.get("motivering")
        case = self.context.get("casus_id")
        return Request(
            task=_text(self.asked.get("task")),
            activity=_text(self.asked.get("activity")),
            purposes=self.purposes,
            subject=subject,
            subject_check=check,
            fields=_texts(fields) if isinstance(fields, list) else None,
            justifications={k: str(v) for k, v in _table(reasons).items()},
            case=case if isinstance(case, str) else None,
            over_asking=over_asking,
            claims={
                name: said
                for name, said in self.context.items()
                if name not in _RECORDED and isinstance(said, str | bool)
            },
        )


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The cases of one file, by the name that differences call it."""

    name: str
    cases: tuple[Case, ...]


def read_cases(path: Path) -> CaseFile:
    """Return the cases of a file.

    Raises:  CatalogueInvalid when the file is missing or not of its form, naming the case.
    """
    name = path.name
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise _invalid(name, "Dit bestand is niet te lezen.", "Unreadable file.") from exc
    document = parse_plain(raw, name)
    if not isinstance(document, dict) or not isinstance(document.get("cases"), list):
        raise _invalid(name, "Hier horen 'callers' en 'cases'.", "Expected callers and cases.")
    callers = _table(document.get("callers"))
    return CaseFile(name, tuple(_case(name, each, callers) for each in document["cases"]))


def _case(file: str, item: object, callers: Json) -> Case:
    case = _table(item)
    identity = _text(case.get("id"))
    asked, expected = _table(case.get("request")), _table(case.get("expected"))
    context = _table(asked.get("context"))
    day = day_of(context.get("datum"))
    caller = _table(callers.get(_text(asked.get("caller"))))
    if not identity or not expected or day is None or not _texts(caller.get("hats")):
        nl = f"Geval '{identity}' mist een id, een bekende vrager, een datum of wat eruit komt."
        en = f"Case '{identity}' lacks an id, a known caller, a date or what comes of it."
        raise _invalid(file, nl, en)
    return Case(
        id=identity,
        title=_text(case.get("title")),
        caller=_caller(caller, _text(asked.get("acting_hat"))),
        asked=asked,
        context=context,
        day=day,
        expected=expected,
    )


def _caller(caller: Json, acting: str) -> CaseCaller:
    """Return the caller; a hat of one organisation, or of the one that goes with the hat."""
    roles = _texts(caller.get("hats"))
    by_hat = _table(caller.get("organisation_per_hat"))
    organisation = _text(caller.get("organisation")) or _text(by_hat.get(roles[0]))
    hats = frozenset(Hat(_text(by_hat.get(role)) or organisation, role) for role in roles)
    role = acting or roles[0]
    mandates = caller.get("mandates")
    return CaseCaller(
        organisation=_text(by_hat.get(role)) or organisation,
        role=role,
        hats=hats,
        mandates=frozenset(_texts(mandates)) if isinstance(mandates, list) else None,
    )


def _subject(value: object) -> tuple[Subject | None, SubjectCheck]:
    if value is None:
        return None, SubjectCheck.MISSING
    try:
        return parse_bsn(str(value)), SubjectCheck.VALID
    except SubjectInvalid:
        return None, SubjectCheck.INVALID


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    items: Sequence[object] = value if isinstance(value, list) else []
    return tuple(each for each in items if isinstance(each, str))


def _table(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _invalid(file: str, nl: str, en: str) -> CatalogueInvalid:
    at = Place(file)
    finding = Finding(at.file, at.line, at.column, "CASES", Severity.ERROR, nl, en)
    return CatalogueInvalid((finding,))
