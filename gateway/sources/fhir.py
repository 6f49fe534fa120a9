"""A FHIR R4 server: searched by POST for one person, with the asked elements only."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.fhirpath import element_of, evaluate, verify_expression
from gateway.sources.mapping import ColumnPlace, SourcePlace, TablePlace, ValueKind
from gateway.sources.register import GroupLook, Look, RawRows
from gateway.sources.together import together
from gateway.sources.web import Asked, Said, Web, in_a_loop_of_its_own
from gateway.subject import Subject

_LOG = logging.getLogger("doelpoort.sources")

BSN_SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
"""The naming system of the BSN (Nictiz)."""

_PAGE = 100
# A person with more than this many pages of anything was searched for wrongly.
_PAGES = 10
_OK = 200
_REFUSALS = frozenset({400, 403, 404, 405, 406, 415, 422})
_RELEASE = "4.0."
_TYPE = "application/fhir+json"
# What has a meaning of its own in the value of a search parameter.
_SPECIAL = re.compile(r"[\\,|$]")
# Strict: a server that does not know a parameter must say so, and not search for everybody.
_STRICT = {"accept": _TYPE, "prefer": "handling=strict"}
# A step of a chain may name the kind that it leads to, as in `subject:Patient.identifier`.
_KIND = re.compile(r":[A-Z]\w*")

Resource: TypeAlias = Mapping[str, object]


class FhirRegister:
    """Searches resources of one kind per table; `subject` is the search parameter of the person.

    A table lives at a kind of resource such as `CarePlan`, and a column is a FHIRPath on it. Where
    R4 can search by a column (`search`), what is not looked for stays at the server. Links
    to other pages are followed on the same server only, and never where an address holds the BSN.
    A server that does not say that it searched by the person is not believed.

    Source:  HL7 FHIR R4 sections 3.1.1 (search), 3.1.1.6 (self link) and 3.1.0.1.7 (elements).
    """

    takes_conditions = False
    waits = True

    def __init__(self, place: SourcePlace, *, monotonic_s: Callable[[], float]) -> None:
        self._place = place
        self._base = place.address.rstrip("/") + "/"
        self._monotonic_s = monotonic_s
        self._web = Web(place, monotonic_s=monotonic_s)

    async def fetch(
        self, subject: Subject | None, looks: Sequence[Look]
    ) -> Sequence[RawRows] | None:
        """Return the rows of every look, searched for at once; see `Register.fetch`."""
        if subject is None:
            raise SourceFailed("a FHIR server is asked about persons only")
        searches = [self._search(subject.value, look) for look in looks]
        found = await together(searches, self._place.deadline_s)
        answers = [rows for rows in found if rows is not None]
        return answers if len(answers) == len(looks) else None

    async def count(self, look: GroupLook) -> None:
        """Count nothing: a server tells of one patient at a time; see `Register.count`."""

    def probe(self, tables: Sequence[TablePlace]) -> None:
        """Make sure that the server is R4 and searches by all of this; see `Register.probe`."""
        for table in tables:
            for column in table.columns.values():
                verify_expression(column.at, table.at)
        known = _searched(in_a_loop_of_its_own(self._capabilities))
        for table in tables:
            if table.at not in known:
                raise SourceInvalid(f"the FHIR server does not search {table.at}")
            for parameter in _parameters(table):
                _verify_known(parameter, table.at, known)

    def close(self) -> None:
        """Do nothing: connections over HTTP belong to an event loop."""

    async def aclose(self) -> None:
        """Let go of every connection."""
        await self._web.aclose()

    async def _capabilities(self) -> Said:
        web = Web(self._place, monotonic_s=self._monotonic_s)
        try:
            return await web.ask(Asked("GET", self._base + "metadata", headers={"accept": _TYPE}))
        finally:
            await web.aclose()

    async def _search(self, number: str, look: Look) -> RawRows | None:
        """Return the rows of one look, page by page, or None when the server does not do it."""
        by = look.table.subject or ""
        form = {
            by: f"{BSN_SYSTEM}|{number}",
            "_elements": ",".join(_elements(look.columns)),
            "_count": str(_PAGE),
            **dict(_searched_for(look)),
        }
        asked = Asked("POST", f"{self._base}{look.table.at}/_search", form=form, headers=_STRICT)
        rows: list[Sequence[object]] = []
        for page in range(_PAGES):
            bundle = _bundle(await self._web.ask(asked))
            # The links to further pages are the server's own, and need not say what they are of.
            if bundle is None or (page == 0 and not _is_searched_by(by, bundle)):
                return None
            rows += [_row(look, each) for each in _matches(bundle, look.table.at)]
            link = _link(bundle, "next")
            if link is None:
                return rows
            asked = Asked("GET", self._safe(link, number), headers=_STRICT)
        _LOG.warning("a FHIR server gave more pages than anybody has")
        return None

    def _safe(self, link: str, number: str) -> str:
        """Return the address of the next page, if it is on this server and names nobody.

        Raises: SourceFailed.
        """
        try:
            address = urljoin(self._base, link)
        except ValueError:
            raise SourceFailed("a FHIR server points to what is no address") from None
        if not address.startswith(self._base) or urlsplit(address).fragment:
            raise SourceFailed("a FHIR server points to another place")
        if number in unquote(address):
            raise SourceFailed("a FHIR server puts the person into an address")
        return address


def _elements(columns: Sequence[ColumnPlace]) -> list[str]:
    return sorted({element_of(column.at) for column in columns}) or ["id"]


def _searched_for(look: Look) -> Iterator[tuple[str, str]]:
    """Give the search parameters for what rows are chosen by, in the words of the server.

    Source:  HL7 FHIR R4 section 3.1.1.4.10 (token) and 3.1.1.4.5 (escaping).
    """
    for column, value in look.where:
        codes = [code for code, word in column.words.items() if word == value]
        wanted = codes if column.words else [str(value)]
        if column.search is not None and wanted:
            yield column.search, ",".join(_SPECIAL.sub(r"\\\g<0>", code) for code in wanted)


def _bundle(said: Said) -> Resource | None:
    if said.status in _REFUSALS:
        _LOG.warning("a FHIR server refuses: %d", said.status)
        return None
    if said.status != _OK:
        raise SourceFailed("a FHIR server gave no answer")
    match said.json():
        case {"resourceType": "Bundle", "type": "searchset", **rest}:
            return {str(key): value for key, value in rest.items()}
    raise SourceFailed("a FHIR server gave an answer of another form")


def _matches(bundle: Resource, kind: str) -> list[Resource]:
    """Return the resources that were searched for: what rides along with them is left out."""
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
                raise SourceFailed("a FHIR server gave another kind of resource")
    return found


def _is_searched_by(parameter: str, bundle: Resource) -> bool:
    """Tell whether a server says that it searched by this: one may leave out what it ignores."""
    said = parse_qs((_link(bundle, "self") or "").partition("?")[2])
    if _KIND.sub("", parameter) in {_KIND.sub("", name) for name in said}:
        return True
    _LOG.warning("a FHIR server does not say that it searched by the person")
    return False


def _link(bundle: Resource, relation: str) -> str | None:
    links = bundle.get("link", [])
    for link in links if isinstance(links, list) else []:
        match link:
            case {"relation": str() as name, "url": str() as url} if name == relation:
                return url
    return None


def _row(look: Look, resource: Resource) -> Sequence[object]:
    return [_value(column, evaluate(column.at, resource)) for column in look.columns]


def _value(column: ColumnPlace, found: list[object]) -> object:
    """Return what was found: one value, or all of them where the column is a list.

    Several values where one is meant come as a list, which fits no other type and is unknown.
    """
    if column.kind is ValueKind.LIST:
        return found or None
    return found[0] if len(found) == 1 else (found or None)


def _parameters(table: TablePlace) -> Iterator[str]:
    """Give every search parameter that the mapping names for a table."""
    yield table.subject or ""
    yield from (each.search for each in table.columns.values() if each.search is not None)


def _verify_known(parameter: str, kind: str, known: Mapping[str, frozenset[str]]) -> None:
    """Make sure that a server has a parameter: of this kind, and further in a chain of any.

    Raises: SourceInvalid naming it.
    """
    first, *further = _KIND.sub("", parameter).split(".")
    if first not in known[kind] or not frozenset[str]().union(*known.values()).issuperset(further):
        raise SourceInvalid(f"the FHIR server does not search {kind} by {parameter}")


def _searched(said: Said) -> dict[str, frozenset[str]]:
    """Return the kinds of resource that a server searches, each with its parameters.

    Raises: SourceInvalid when it is no server of R4, SourceFailed when it does not answer.
    """
    if said.status != _OK:
        raise SourceFailed("a FHIR server gave no answer")
    match said.json():
        case {"resourceType": "CapabilityStatement", "fhirVersion": str() as version, **rest}:
            if not version.startswith(_RELEASE):
                raise SourceInvalid("the FHIR server does not speak R4")
            return _kinds(rest.get("rest"))
    raise SourceInvalid("the FHIR server does not say what it can do")


def _kinds(rest: object) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for side in rest if isinstance(rest, list) else []:
        match side:
            case {"mode": "server", "resource": list() as resources}:
                found |= {each["type"]: _names(each) for each in resources if _is_searched(each)}
    return found


def _names(resource: Resource) -> frozenset[str]:
    listed = resource.get("searchParam", [])
    found: set[str] = set()
    for each in listed if isinstance(listed, list) else []:
        match each:
            case {"name": str() as name}:
                found.add(name)
    return frozenset(found)


def _is_searched(resource: object) -> bool:
    match resource:
        case {"type": str(), "interaction": list() as interactions}:
            return {"code": "search-type"} in interactions
    return False
