"""What a FHIR server answers to a search, read piece by piece: nothing in it is believed unseen."""

import logging
import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias
from urllib.parse import parse_qs

from gateway.errors import AnswerOdd, SourceFailed
from gateway.sources.web import Said, no_answer

_LOG = logging.getLogger("doelpoort.sources")

BSN_SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
"""The naming system of the BSN (Nictiz)."""

OK = 200
REFUSALS = frozenset({400, 403, 404, 405, 406, 415, 422})
"""The server is well, and the question was wrong or not allowed."""

# A step of a chain may name the kind that it leads to, as in `subject:Patient.identifier`.
_KIND = re.compile(r":[A-Z]\w*")
# R4 calls the same person by either name, and a search parameter need not be called as its element.
_PERSON = frozenset({"patient", "subject"})

Resource: TypeAlias = Mapping[str, object]


def bundle_of(said: Said) -> Resource | None:
    """Return the bundle of a search, or None when the server does not do this search.

    Raises: SourceFailed, AnswerOdd.
    """
    if said.status in REFUSALS:
        _LOG.warning("a FHIR server refuses: %d", said.status)
        return None
    if said.status != OK:
        raise SourceFailed(no_answer("FHIR-server", said))
    match said.json():
        case {"resourceType": "Bundle", "type": "searchset", **rest}:
            return {str(key): value for key, value in rest.items()}
    raise SourceFailed("a FHIR server gave an answer of another form")


def matches(bundle: Resource, kind: str) -> list[Resource]:
    """Return the resources that were searched for: what rides along with them is left out.

    Raises: SourceFailed, AnswerOdd.
    """
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise SourceFailed("a FHIR server gave an answer of another form")
    found: list[Resource] = []
    for entry in entries:
        match entry:
            case {"search": {"mode": "include" | "outcome"}}:
                continue
            case {"resource": {"resourceType": str() as name} as resource} if name == kind:
                found.append(resource)
            case _:
                raise AnswerOdd("a FHIR server gave another kind of resource")
    return found


def link(bundle: Resource, relation: str) -> str | None:
    """Return where a bundle points to with this word."""
    links = bundle.get("link", [])
    for each in links if isinstance(links, list) else []:
        match each:
            case {"relation": str() as name, "url": str() as url} if name == relation:
                return url
    return None


def named_in(bundle: Resource) -> frozenset[str]:
    """Return the parameters that a server says it searched by: it leaves out what it ignores.

    Source:  HL7 FHIR R4 section 3.1.1.6 (self link).
    """
    said = parse_qs((link(bundle, "self") or "").partition("?")[2])
    return frozenset(plain(name) for name in said)


def plain(parameter: str) -> str:
    """Return a search parameter without the kinds that its steps lead to."""
    return _KIND.sub("", parameter)


def verify_about(resource: Resource, parameter: str, number: str) -> None:
    """Make sure that a resource that says whom it is about is about this person.

    Most say so by a reference alone, which tells nothing here.

    Raises: AnswerOdd.
    """
    numbers = {each for part in _persons(resource, parameter) for each in _numbers(part)}
    if numbers and number not in numbers:
        raise AnswerOdd("a FHIR server gave a resource about another person")


def _persons(resource: Resource, parameter: str) -> Iterator[object]:
    """Give the identifiers of whom a resource was searched by, where it holds them."""
    first = plain(parameter).partition(".")[0].partition(":")[0]
    if first == "identifier":
        yield resource.get("identifier")
    for name in _PERSON if first in _PERSON else (first,):
        for each in _each(resource.get(name)):
            match each:
                case {"identifier": identifier}:
                    yield identifier


def _each(value: object) -> list[object]:
    """Return what stands where R4 has one thing in some kinds of resource and several in others."""
    return value if isinstance(value, list) else [value]


def _numbers(identifiers: object) -> Iterator[str]:
    for each in _each(identifiers):
        match each:
            case {"system": str() as system, "value": str() as value} if system == BSN_SYSTEM:
                yield value
