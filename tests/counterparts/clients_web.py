"""The tables of the demo behind HTTP: persons in the BRP API, all else in a FHIR server."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import override

from gateway.catalogue.values.days import ages_of
from gateway.sources.mapping import ValueKind
from tests.builders import REFERENCE
from tests.counterparts.brp import BrpApi, Person
from tests.counterparts.certificates import Authority
from tests.counterparts.clients import SUBJECT, Row, Table, many, mapping_of, unfit
from tests.counterparts.failing import Failure
from tests.counterparts.fhir import FhirServer, Resource
from tests.counterparts.listening import Heard, Listening, Reply, Say, listening
from tests.counterparts.oauth import CLIENT, CLIENT_SECRET, Guarded

PLAIN_FAILURES = frozenset(set(Failure) - {Failure.FOREIGN_CERTIFICATE})
"""What can go wrong over plain HTTP; only who has a certificate can show another."""

_TRUSTED, _FOREIGN = "vertrouwd", "vreemd"


@dataclass
class _Door:
    """A server that listens, plainly or with mutual TLS and tokens, and fails on demand."""

    web: Listening
    elsewhere: Listening
    inner: Say
    show: Callable[[str], None] | None

    @property
    def failures(self) -> frozenset[Failure]:
        """What can go wrong here."""
        return PLAIN_FAILURES if self.show is None else frozenset(Failure)

    def well(self) -> None:
        """Answer as the service does."""
        self.web.say = self.inner
        self.web.gate.set()
        if self.show is not None:
            self.show(_TRUSTED)

    def fail(self, failure: Failure, told: Callable[[Heard], Reply]) -> None:
        """Fail from now on; `told` is the refusal that holds values."""
        match failure:
            case Failure.TELLS_VALUES:
                self._say(told)
            case Failure.SILENT:
                self.web.gate.clear()
            case Failure.DIES:
                self._say(lambda heard: _half(self.inner(heard)))
            case Failure.GONE:
                self.web.say = lambda _heard: Reply(0)
            case Failure.FOREIGN_CERTIFICATE:
                assert self.show is not None
                self.show(_FOREIGN)
            case _:
                self._say(
                    lambda heard: Reply(
                        307, headers={"location": f"{self.elsewhere.url}{heard.path}"}
                    )
                )

    def _say(self, say: Say) -> None:
        """Say this to whoever may ask; tokens are given out as ever."""
        inner = self.inner
        self.web.say = lambda heard: inner(heard) if heard.path == "/token" else _closed(say(heard))


def _half(reply: Reply) -> Reply:
    return Reply(reply.status, reply.body, reply.headers, cut=len(reply.body) // 2)


def _closed(reply: Reply) -> Reply:
    """End the connection after each answer, so that the next question knocks anew."""
    return Reply(reply.status, reply.body, {**reply.headers, "connection": "close"}, reply.cut)


def _door(stack: ExitStack, say: Say, folder: Path, *, secured: bool) -> _Door:
    elsewhere = stack.enter_context(listening(lambda _heard: Reply(200, b"{}")))
    if not secured:
        return _Door(stack.enter_context(listening(say)), elsewhere, say, None)
    (folder / "geheim").write_text(CLIENT_SECRET)
    authorities = {name: _authority(folder, name) for name in (_TRUSTED, _FOREIGN)}
    authorities[_TRUSTED].hand_out("doelpoort")
    context = authorities[_TRUSTED].server()
    inner = Guarded(say)

    def closing(heard: Heard) -> Reply:
        return _closed(inner(heard))

    def show(name: str) -> None:
        context.load_cert_chain(*authorities[name].hand_out("server"))

    return _Door(stack.enter_context(listening(closing, context)), elsewhere, closing, show)


def _authority(folder: Path, name: str) -> Authority:
    (folder / name).mkdir()
    return Authority(folder / name)


def _secured(url: str, *, secured: bool) -> str:
    """Return what a mapping file says of a guarded source beyond its address."""
    if not secured:
        return ""
    pem = "certificate: vertrouwd/doelpoort.pem, key: vertrouwd/doelpoort.key"
    oauth = f"token_url: '{url}/token', client_id: {CLIENT}, secret_file: geheim, scope: lezen"
    return f", {pem}, authority: vertrouwd/authority.pem, oauth: {{{oauth}}}"


class _Invented(BrpApi):
    """The API over invented persons: questions are held to the contract, their names are not."""

    @override
    def validate(self, schema: str, value: object) -> None:
        if not schema.endswith("Response"):
            super().validate(schema, value)


_BRP: Mapping[str, str] = {
    "adres": "at: adressering.adresregel1, type: text",
    "geboortedatum": "at: geboorte.datum, type: date, form: brp_date",
    "gemeente_van_inschrijving": "at: gemeenteVanInschrijving.omschrijving, type: text",
    "gezag_geregistreerd": "at: indicatieGezagMinderjarige.code, type: boolean,"
    " words: {'12': true, '0': false}",
    "naam_zoals_in_brp": "at: naam.volledigeNaam, type: text",
}
_GEZAG = {True: "12", False: "0"}


class BrpClients:
    """The BRP API over the persons of the demo; it holds the table `brp` and no other."""

    def __init__(
        self,
        folder: Path,
        tables: Sequence[Table],
        *,
        standards: Path,
        secured: bool = False,
    ) -> None:
        self._stack = ExitStack()
        self._tables = tables
        self._secured = secured
        self.api = _Invented(standards / "brp")
        self.door = _door(self._stack, self.api, folder, secured=secured)
        self._fill(tables)

    @property
    def failures(self) -> frozenset[Failure]:
        """What can go wrong there."""
        return self.door.failures

    def mapping(self) -> tuple[str, str]:
        """Return what a mapping file says of the source, and of its tables."""
        url = self.door.web.url
        return (
            f"kind: brp, address: '{url}'{_secured(url, secured=self._secured)}",
            mapping_of(
                [(each, "personen", _BRP) for each in self._tables],
                source="bron",
                subject="burgerservicenummer",
            ),
        )

    def heard(self) -> list[str]:
        """Return the fields of each question."""
        return [",".join(fields) for fields in self.api.asked_fields]

    def elsewhere(self) -> list[str]:
        """Return what was heard at the place that a redirect points to."""
        return [each.path for each in self.door.elsewhere.heard]

    def fail(self, failure: Failure) -> None:
        """Fail from now on."""
        match failure:
            case Failure.WRONG_TYPES:
                self._fill(unfit(self._tables, _spoilt))
            case Failure.TOO_MANY_ROWS:
                self.door.web.say = self._crowd
            case _:
                self.door.fail(failure, self._told)

    def recover(self) -> None:
        """Be well again."""
        self.door.well()
        self._fill(self._tables)

    def close(self) -> None:
        """Listen no more."""
        self._stack.close()

    def _fill(self, tables: Sequence[Table]) -> None:
        self.api.persons = {
            str(row[SUBJECT]): _person(row) for table in tables for row in table.rows
        }

    def _told(self, heard: Heard) -> Reply:
        """Refuse as the API does, and repeat the question and everything of the person."""
        number = json.loads(heard.body)["burgerservicenummer"][0]
        person = json.dumps(self.api.persons.get(number))
        problem = {
            "status": 400,
            "code": "paramsValidation",
            "title": f"{number}: {person}",
            "detail": f"{heard.body!r} {person}",
            "instance": f"/personen/{number}",
            "invalidParams": [{"name": person, "code": number, "reason": person}],
        }
        return Reply(
            400, json.dumps(problem).encode(), {"content-type": "application/problem+json"}
        )

    def _crowd(self, heard: Heard) -> Reply:
        reply = self.door.inner(heard)
        if heard.path == "/token" or reply.status != 200:
            return reply
        answer = json.loads(reply.body)
        answer["personen"] *= 2
        return Reply(200, json.dumps(answer).encode(), reply.headers)


def _person(row: Row) -> Person:
    """Return a person in the words of the API; what no mapping names is there too."""
    day = row["geboortedatum"]
    # What the API counts on the day of the question, here on the day that the demo is about.
    years = ages_of(day, REFERENCE)
    registered = row["gezag_geregistreerd"]
    return {
        "burgerservicenummer": row[SUBJECT],
        "naam": {
            "voornamen": row["voornamen"],
            "voorvoegsel": row["voorvoegsel"],
            "geslachtsnaam": row["geslachtsnaam"],
            "volledigeNaam": row["naam_zoals_in_brp"],
        },
        "leeftijd": years[0] if years else None,
        "geboorte": {"datum": {"type": "Datum", "datum": day, "langFormaat": "een dag"}},
        "gemeenteVanInschrijving": {"omschrijving": row["gemeente_van_inschrijving"]},
        "indicatieGezagMinderjarige": {"code": _GEZAG.get(registered, registered)},  # type: ignore[call-overload]
        "adressering": {
            "adresregel1": row["adres"],
            "adresregel2": f"{row['postcode']} {row['woonplaats']}",
            "adresregel3": f"{row['straatnaam']} {row['huisnummer']}",
        },
    }


def _spoilt(kind: ValueKind, value: object) -> object:
    return [str(value)] if kind is ValueKind.TEXT else f"?{value}"


# A kind of resource for each table: any will do that searches by the number of a person.
_KINDS = (
    "Account", "AdverseEvent", "AllergyIntolerance", "Appointment", "Basic", "BodyStructure",
    "CareTeam", "ChargeItem", "Claim", "ClinicalImpression", "Communication", "Composition",
    "Condition", "Consent", "Contract", "Coverage", "DetectedIssue", "Device", "DeviceRequest",
    "DocumentReference", "Encounter", "EpisodeOfCare", "FamilyMemberHistory", "Flag", "Goal",
    "Group", "GuidanceResponse", "ImagingStudy", "Immunization", "Invoice", "List", "Media",
    "MedicationRequest", "MedicationStatement", "NutritionOrder", "Observation", "Patient",
    "Procedure", "QuestionnaireResponse", "RelatedPerson", "RequestGroup", "RiskAssessment",
    "ServiceRequest", "Specimen", "SupplyRequest", "Task", "VisionPrescription",
)  # fmt: skip
_PLAN = "jeugdhulp_traject"
# The words of R4 for how far a plan is, and those of the register.
_STATUS = {"lopend": "active", "beeindigd": "completed"}
_VALUES: Mapping[type, str] = {
    bool: "valueBoolean",
    int: "valueInteger",
    float: "valueDecimal",
    str: "valueString",
}


class FhirClients:
    """A FHIR server in which a row is a resource and a column an extension of it.

    `jeugdhulp_traject` is a CarePlan, with its status where R4 has it.
    """

    def __init__(self, folder: Path, tables: Sequence[Table], *, secured: bool = False) -> None:
        self._stack = ExitStack()
        self._secured = secured
        self._tables = [table for table in tables if table.of_persons]
        names = [table.name for table in self._tables if table.name != _PLAN]
        self._kinds = {**dict(zip(names, _KINDS, strict=False)), _PLAN: "CarePlan"}
        self.server = FhirServer([])
        self.server.kinds = {self._kinds[table.name] for table in self._tables}
        self.door = _door(self._stack, self.server, folder, secured=secured)
        self.server.base = f"{self.door.web.url}/r4"
        self._fill(self._tables)

    @property
    def failures(self) -> frozenset[Failure]:
        """What can go wrong there."""
        return self.door.failures

    def mapping(self) -> tuple[str, str]:
        """Return what a mapping file says of the source, and of its tables."""
        behind = [(each, self._kinds[each.name], _said(each)) for each in self._tables]
        url = self.door.web.url
        return (
            f"kind: fhir, address: '{self.server.base}'{_secured(url, secured=self._secured)}",
            mapping_of(behind, source="bron", subject="patient.identifier"),
        )

    def heard(self) -> list[str]:
        """Return each search as it was sent, without the person."""
        return [
            "&".join(f"{name}={value}" for name, value in form.items() if "identifier" not in name)
            for form in self.server.asked
        ]

    def elsewhere(self) -> list[str]:
        """Return what was heard at the place that a redirect points to."""
        return [each.path for each in self.door.elsewhere.heard]

    def fail(self, failure: Failure) -> None:
        """Fail from now on."""
        match failure:
            case Failure.WRONG_TYPES:
                self._fill(unfit(self._tables, _spoilt))
            case Failure.TOO_MANY_ROWS:
                self._fill(many(self._tables))
            case _:
                self.door.fail(failure, self._told)

    def recover(self) -> None:
        """Be well again."""
        self.door.well()
        self._fill(self._tables)

    def close(self) -> None:
        """Listen no more."""
        self._stack.close()

    def _fill(self, tables: Sequence[Table]) -> None:
        self.server.resources = [
            _resource(self._kinds[table.name], table, row) for table in tables for row in table.rows
        ]

    def _told(self, heard: Heard) -> Reply:
        """Refuse with an outcome that holds the question and everything the server has."""
        said = f"{heard.body!r} {json.dumps(self.server.resources, default=str)}"
        issue = {
            "severity": "error",
            "code": "processing",
            "diagnostics": said,
            "details": {"text": said},
        }
        outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
        body = json.dumps(outcome).encode()
        return Reply(422, body, {"content-type": "application/fhir+json"})


def _said(table: Table) -> dict[str, str]:
    found = {
        name: f"at: \"extension.where(url = '{name}').value\", type: {kind}"
        for name, kind in table.kinds.items()
    }
    if table.name == _PLAN:
        words = ", ".join(f"{theirs}: {ours}" for ours, theirs in _STATUS.items())
        found["status"] = f"at: status, type: text, search: status, words: {{{words}}}"
    return found


def _resource(kind: str, table: Table, row: Row) -> Resource:
    resource: dict[str, Any] = {"resourceType": kind, "_of": row[SUBJECT], "extension": []}
    for name, value in row.items():
        if kind == "CarePlan" and name == "status":
            resource["status"] = _STATUS.get(str(value), str(value))
        elif name != SUBJECT:
            resource["extension"] += _extensions(table, name, value)
    return resource


def _extensions(table: Table, name: str, value: object) -> list[Resource]:
    is_list = table.kinds.get(name) is ValueKind.LIST and isinstance(value, str)
    values = json.loads(str(value)) if is_list and str(value).startswith("[") else [value]
    return [{"url": name, **_value(each)} for each in values if each is not None]


def _value(value: object) -> Resource:
    """Return a value as one of the types of R4; what is no such type has a form of its own."""
    if isinstance(value, list):
        return {"valueRange": {"low": {"unit": value}}}
    return {_VALUES[type(value)]: value}
