"""A FHIR R4 server: searched by POST for one person, with the asked elements only."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from urllib.parse import unquote, urljoin, urlsplit

from httpx import URL, InvalidURL

from gateway.errors import AnswerOdd, SourceFailed, SourceInvalid
from gateway.sources.fhir_bundle import (
    BSN_SYSTEM,
    OK,
    Resource,
    bundle_of,
    link,
    matches,
    plain,
    verify_about,
)
from gateway.sources.fhir_proof import Proofs, Shown
from gateway.sources.fhirpath import element_of, evaluate, verify_expression
from gateway.sources.mapping import ColumnPlace, SourcePlace, TablePlace, ValueKind
from gateway.sources.register import GroupLook, Look, RawRows
from gateway.sources.together import together
from gateway.sources.web import LARGEST, Asked, Said, Web, in_a_loop_of_its_own, no_answer
from gateway.subject import Subject

_LOG = logging.getLogger("doelpoort.sources")

_PAGE = 100
# A person with more than this many pages of anything was searched for wrongly.
_PAGES = 10
_RELEASE = "4.0."
_TYPE = "application/fhir+json"
# What a server says of itself holds every search parameter of every kind, and is about nobody.
_LARGEST_STATEMENT = 8 * LARGEST
# What has a meaning of its own in the value of a search parameter.
_SPECIAL = re.compile(r"[\\,|$]")
# Strict: a server that does not know a parameter must say so, and not search for everybody.
_STRICT = {"accept": _TYPE, "prefer": "handling=strict"}

_NOT_SHOWN: Mapping[Shown, str] = {
    Shown.OVERLOOKS: (
        "laat niet zien dat hij {kind} op {by} zoekt; vraag de beheerder om een zoekvraag met een"
        " onbekende parameter te weigeren (handling=strict)"
        " / the FHIR server does not show that it searches {kind} by {by}"
    ),
    Shown.REFUSES: (
        "weigert {kind} op {by} te zoeken; kijk welke rechten deze koppeling heeft"
        " / the FHIR server refuses to search {kind} by {by}"
    ),
}


class FhirRegister:
    """Searches resources of one kind per table; `subject` is the search parameter of the person.

    A table lives at a kind of resource such as `CarePlan`, and a column is a FHIRPath on it. Where
    R4 can search by a column (`search`), what is not looked for stays at the server. Links
    to other pages are followed on the same server only, and never where an address holds the BSN.
    A server that does not show that it searches by the person is not believed; see `fhir_proof`.
    It is never asked to count: R4 counts resources (`_summary=count`), and groups are of persons.

    Source:  HL7 FHIR R4 sections 3.1.1 (search), 3.1.1.6 (self link) and 3.1.0.1.7 (elements).
    """

    takes_conditions = False
    waits = True

    def __init__(self, place: SourcePlace, *, monotonic_s: Callable[[], float]) -> None:
        self._place = place
        self._base = place.address.rstrip("/") + "/"
        self._monotonic_s = monotonic_s
        self._web = Web(place, monotonic_s=monotonic_s)
        self._proofs = Proofs(monotonic_s)

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
        in_a_loop_of_its_own(partial(self._probe, tables))

    def close(self) -> None:
        """Do nothing: connections over HTTP belong to an event loop."""

    async def aclose(self) -> None:
        """Let go of every connection."""
        await self._web.aclose()

    async def _probe(self, tables: Sequence[TablePlace]) -> None:
        web, proofs = Web(self._place, monotonic_s=self._monotonic_s), self._proofs.elsewhere()
        try:
            about = self._base + "metadata"
            asked = Asked("GET", about, headers={"accept": _TYPE}, largest=_LARGEST_STATEMENT)
            known = _searched(await web.ask(asked))
            for table in tables:
                _verify_searched(table, known)
            for kind, by in dict.fromkeys((each.at, each.subject or "") for each in tables):
                shown = await proofs.shown(partial(self._ask, web), kind, by)
                if not shown.is_proof:
                    what = _NOT_SHOWN[shown].format(kind=kind, by=by)
                    raise SourceInvalid(f"de FHIR-server {what}")
        finally:
            await web.aclose()

    async def _search(self, number: str, look: Look) -> RawRows | None:
        """Return the rows of one look, page by page, or None when the server does not do it."""
        kind, by = look.table.at, look.table.subject or ""
        shown = await self._proofs.shown(partial(self._ask, self._web), kind, by)
        if not shown.is_proof:
            _LOG.warning("a FHIR server does not show that it searches by the person")
            return None
        said = await self._ask(self._web, kind, _form(number, look))
        rows: list[Sequence[object]] = []
        for page in range(_PAGES):
            bundle = bundle_of(said)
            if bundle is None:
                return None
            # The links to further pages are the server's own, and need not say what they are of.
            if page == 0 and not shown.proves(by, bundle):
                _LOG.warning("a FHIR server does not say that it searched by the person")
                self._proofs.forget(kind, by)
                return None
            rows += _rows(look, bundle, number)
            following = link(bundle, "next")
            if following is None:
                return rows
            asked = Asked("GET", self._safe(following, number), headers=_STRICT)
            said = await self._web.ask(asked)
        _LOG.warning("a FHIR server gave more pages than anybody has")
        return None

    async def _ask(self, web: Web, kind: str, form: Mapping[str, str]) -> Said:
        asked = Asked("POST", f"{self._base}{kind}/_search", form=form, headers=_STRICT)
        return await web.ask(asked)

    def _safe(self, found: str, number: str) -> str:
        """Return the address of the next page, if it is on this server and names nobody.

        Raises: AnswerOdd.
        """
        try:
            address = urljoin(self._base, found)
            URL(address)
        except (ValueError, InvalidURL):
            raise AnswerOdd("a FHIR server points to what is no address") from None
        # HAPI keeps its pages at the address of the server itself: `/r4?_getpages=...`.
        here = address.startswith((self._base, self._base.removesuffix("/") + "?"))
        if not here or urlsplit(address).fragment:
            raise AnswerOdd("a FHIR server points to another place")
        if number in unquote(address):
            raise AnswerOdd("a FHIR server puts the person into an address")
        return address


def _form(number: str, look: Look) -> dict[str, str]:
    return {
        look.table.subject or "": f"{BSN_SYSTEM}|{number}",
        "_elements": ",".join(_elements(look.columns)),
        "_count": str(_PAGE),
        **dict(_searched_for(look)),
    }


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


def _rows(look: Look, bundle: Resource, number: str) -> RawRows:
    """Return the rows of one page, of which none says that it is about another person.

    Raises: SourceFailed, AnswerOdd.
    """
    found = matches(bundle, look.table.at)
    for resource in found:
        verify_about(resource, look.table.subject or "", number)
    return [_row(look, resource) for resource in found]


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


def _verify_searched(table: TablePlace, known: Mapping[str, frozenset[str]]) -> None:
    """Make sure that a server has every parameter that the mapping names for a table.

    In a chain the first step is a parameter of this kind, and the further ones of any.

    Raises: SourceInvalid naming what it lacks.
    """
    kind = table.at
    if kind not in known:
        raise SourceInvalid(
            f"de FHIR-server zoekt niet in {kind}; kijk wat in de mapping bij at staat"
            f" / the FHIR server does not search {kind}"
        )
    if not known[kind]:
        raise SourceInvalid(
            f"niet te zien is of dit klopt: de FHIR-server zegt niet waarop hij {kind} zoekt; vraag"
            " de beheerder om searchParam in het CapabilityStatement"
            f" / cannot tell: the FHIR server does not say by what it searches {kind}"
        )
    everywhere = frozenset[str]().union(*known.values())
    for parameter in _parameters(table):
        first, *further = plain(parameter).split(".")
        if first not in known[kind] or not everywhere.issuperset(further):
            raise SourceInvalid(
                f"de FHIR-server zoekt {kind} niet op {parameter}; kijk wat in de mapping bij"
                " subject en search staat"
                f" / the FHIR server does not search {kind} by {parameter}"
            )


def _searched(said: Said) -> dict[str, frozenset[str]]:
    """Return the kinds of resource that a server searches, each with its parameters.

    Raises: SourceInvalid when it is no server of R4, SourceFailed when it does not answer.
    """
    if said.status != OK:
        raise SourceFailed(no_answer("FHIR-server", said))
    match said.json():
        case {"resourceType": "CapabilityStatement", "fhirVersion": str() as version, **rest}:
            if not version.startswith(_RELEASE):
                raise SourceInvalid(
                    "de FHIR-server spreekt geen R4; zoek het adres van zijn R4-versie"
                    " / the FHIR server does not speak R4"
                )
            return _kinds(rest.get("rest"))
    raise SourceInvalid(
        "hier staat geen FHIR-server; kijk of het adres klopt"
        " / the FHIR server does not say what it can do"
    )


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
            return any(_is_search(each) for each in interactions)
    return False


def _is_search(interaction: object) -> bool:
    """Tell whether this is a search, whatever a server tells of it besides."""
    match interaction:
        case {"code": "search-type"}:
            return True
    return False
