"""The BRP API over the published test persons, held to the published OpenAPI in both directions."""

import csv
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from tests.counterparts.listening import Heard, Reply

_AUTOMATIC = ("geheimhoudingPersoonsgegevens", "opschortingBijhouding", "inOnderzoek")
_MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
    "oktober", "november", "december",
)  # fmt: skip
Person = dict[str, Any]


class BrpApi:
    """Answers as the API says it does; what is not in its contract is a failed assertion."""

    def __init__(self, folder: Path) -> None:
        document = json.loads((folder / "brp-personen-openapi.json").read_text("utf-8"))
        self._schemas: Mapping[str, Any] = document["components"]["schemas"]
        self._paths = _published_paths(folder)
        self.persons = persons_of(
            folder / "20220502_Testset_persoonslijsten_proefomgeving_GBA-V.csv"
        )
        self._validators: dict[str, Draft7Validator] = {}
        self.forbidden: set[str] = set()
        self.asked_fields: list[list[str]] = []

    def __call__(self, heard: Heard) -> Reply:
        """Answer one request."""
        assert (heard.method, heard.path) == ("POST", "/personen")
        body = json.loads(heard.body)
        try:
            self.validate("RaadpleegMetBurgerservicenummer", body)
        except ValidationError:
            return _problem(400, "paramsValidation")
        self.asked_fields.append(body["fields"])
        wrong = [n for n, name in enumerate(body["fields"]) if name not in self._paths]
        if wrong:
            return _problem(400, "paramsValidation", f"fields[{wrong[0]}]")
        if self.forbidden & set(body["fields"]):
            return _problem(403, "unauthorizedField")
        found = [self.persons[n] for n in body["burgerservicenummer"] if n in self.persons]
        answer = {
            "type": "RaadpleegMetBurgerservicenummer",
            "personen": [_filtered(person, body["fields"]) for person in found],
        }
        self.validate("RaadpleegMetBurgerservicenummerResponse", answer)
        return Reply(
            200, json.dumps(answer).encode(), {"content-type": "application/json; charset=utf-8"}
        )

    def validate(self, schema: str, value: object) -> None:
        """Make sure that a value is what the OpenAPI says it is."""
        if schema not in self._validators:
            whole = {
                "$ref": f"#/components/schemas/{schema}",
                "components": {"schemas": self._schemas},
            }
            self._validators[schema] = Draft7Validator(whole, format_checker=FormatChecker())
        self._validators[schema].validate(value)


def _problem(status: int, code: str, name: str | None = None) -> Reply:
    problem: dict[str, object] = {"status": status, "code": code, "title": "Fout."}
    if name is not None:
        problem["invalidParams"] = [{"name": name, "code": "fields", "reason": "Bestaat niet."}]
    return Reply(status, json.dumps(problem).encode(), {"content-type": "application/problem+json"})


def _published_paths(folder: Path) -> frozenset[str]:
    lines = (folder / "fields-Persoon.csv").read_text("utf-8").split()
    return frozenset(lines[1:]) - set(_AUTOMATIC)


def _filtered(person: Person, fields: Sequence[str]) -> Person:
    found: Person = {name: person[name] for name in _AUTOMATIC if name in person}
    for path in fields:
        _copy(person, found, path.split("."))
    return found


def _copy(source: Person, target: Person, steps: Sequence[str]) -> None:
    first, *rest = steps
    if first not in source:
        return
    if not rest or not isinstance(source[first], dict):
        target[first] = source[first]
        return
    inner = target.setdefault(first, {})
    if "type" in source[first]:
        inner["type"] = source[first]["type"]
    _copy(source[first], inner, rest)


@cache
def persons_of(path: Path) -> Mapping[str, Person]:
    """Return the published test persons by their number."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, delimiter=";")
        header = next(lines)
        rows = [dict(zip(header[::-1], line[::-1], strict=True)) for line in lines]
    return {row["01.01.20"]: person_of(row) for row in rows if row["01.01.20"]}


def person_of(row: Mapping[str, str]) -> Person:
    """Return one test person in the words of the API."""
    naam = {"voornamen": row["01.02.10"], "voorvoegsel": row["01.02.30"]}
    naam["geslachtsnaam"] = row["01.02.40"]
    person: Person = {
        "burgerservicenummer": row["01.01.20"],
        "naam": {name: value for name, value in naam.items() if value},
        "geboorte": {"datum": date_of(row["01.03.10"])},
        "geslacht": {"code": row["01.04.10"]} if row["01.04.10"] else {},
        "gemeenteVanInschrijving": {"code": row["08.09.10"]} if row["08.09.10"] else {},
    }
    if row["07.70.10"] not in {"", "0"}:
        person["geheimhoudingPersoonsgegevens"] = True
    if row["07.67.20"]:
        person["opschortingBijhouding"] = {"reden": {"code": row["07.67.20"]}}
    return person


def date_of(text: str) -> dict[str, object]:
    """Return a date of the LO GBA as the API shows it."""
    year, month, day = text[:4] or "0000", text[4:6] or "00", text[6:] or "00"
    if year == "0000":
        return {"type": "DatumOnbekend", "onbekend": True, "langFormaat": "onbekend"}
    if month == "00":
        return {"type": "JaarDatum", "jaar": int(year), "langFormaat": year}
    name = _MONTHS[int(month) - 1]
    if day == "00":
        return {
            "type": "JaarMaandDatum",
            "jaar": int(year),
            "maand": int(month),
            "langFormaat": f"{name} {year}",
        }
    return {
        "type": "Datum",
        "datum": f"{year}-{month}-{day}",
        "langFormaat": f"{int(day)} {name} {year}",
    }
