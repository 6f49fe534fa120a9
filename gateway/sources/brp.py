"""The BRP API (Haal Centraal, BRP Personen bevragen): one person, and the asked fields only."""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from gateway.errors import AnswerOdd, SourceFailed, SourceInvalid
from gateway.sources.mapping import ColumnPlace, SourcePlace, TablePlace
from gateway.sources.register import GroupLook, Look, RawRows
from gateway.sources.web import Asked, Said, Web, in_a_loop_of_its_own, no_answer
from gateway.subject import Subject

_LOG = logging.getLogger("doelpoort.sources")

_KIND = "RaadpleegMetBurgerservicenummer"
_ROOT = "personen"
# What the API delivers by itself, and may not be asked for.
_AUTOMATIC = frozenset(
    {"inOnderzoek", "geheimhoudingPersoonsgegevens", "opschortingBijhouding", "rni", "verificatie"}
)
# The API wants one field at least; this one tells nothing that the gateway does not know.
_NOTHING_NEW = "burgerservicenummer"
# Nobody has this number; a question about nobody shows whether fields exist and are allowed.
_NOBODY = "000000000"
_MOST_FIELDS = 130
_OK = 200
# The source is well, and the question was wrong or not allowed.
_REFUSALS = frozenset({400, 403, 406, 415})
_WORD = re.compile(r"[A-Za-z]{1,25}", re.ASCII)
_FIELD = re.compile(r"fields\[([0-9]{1,3})\]", re.ASCII)


class BrpRegister:
    """Asks about one person by POST, so that no address holds the number.

    A table lives at `personen`, one row per person, or at a list below it such as
    `personen.kinderen`, one row for each. A column is a path from there. A value that is being
    looked into (in onderzoek) is unknown.

    Source:  BRP API Personen 2.7.
    """

    takes_conditions = False
    waits = True

    def __init__(self, place: SourcePlace, *, monotonic_s: Callable[[], float]) -> None:
        self._place = place
        self._monotonic_s = monotonic_s
        self._web = Web(place, monotonic_s=monotonic_s)

    async def fetch(
        self, subject: Subject | None, looks: Sequence[Look]
    ) -> Sequence[RawRows] | None:
        """Return the rows of every look, from one request; see `Register.fetch`."""
        if subject is None:
            raise SourceFailed("the BRP holds persons only")
        fields = _fields([(look.table, look.columns) for look in looks])
        said = await self._web.ask(_asked(self._place, subject.value, fields))
        if said.status in _REFUSALS:
            _LOG.warning("the BRP refuses: %d %s", said.status, _codes(said))
            return None
        persons = _persons(said)
        return [_rows(look, persons) for look in looks]

    async def count(self, look: GroupLook) -> None:
        """Count nothing. The API tells of one person at a time; see `Register.count`."""

    def probe(self, tables: Sequence[TablePlace]) -> None:
        """Make sure that the API knows and allows these fields; see `Register.probe`."""
        fields = _fields([(table, tuple(table.columns.values())) for table in tables])
        for start in range(0, len(fields), _MOST_FIELDS):
            part = fields[start : start + _MOST_FIELDS]
            _judge(in_a_loop_of_its_own(partial(self._ask_of_nobody, part)), part)

    def close(self) -> None:
        """Do nothing: connections over HTTP belong to an event loop."""

    async def aclose(self) -> None:
        """Let go of every connection."""
        await self._web.aclose()

    async def _ask_of_nobody(self, fields: Sequence[str]) -> Said:
        web = Web(self._place, monotonic_s=self._monotonic_s)
        try:
            return await web.ask(_asked(self._place, _NOBODY, fields))
        finally:
            await web.aclose()


def _asked(place: SourcePlace, number: str, fields: Sequence[str]) -> Asked:
    body = {"type": _KIND, "burgerservicenummer": [number], "fields": list(fields)}
    headers = {
        "accept": "application/json",
        "content-type": "application/json; charset=utf-8",
    }
    return Asked("POST", f"{place.address.rstrip('/')}/{_ROOT}", json=body, headers=headers)


def _fields(wanted: Iterable[tuple[TablePlace, Sequence[ColumnPlace]]]) -> list[str]:
    """Return every path to ask for, sorted; what comes by itself is left out."""
    paths = {path for table, columns in wanted for path in _paths(table, columns)}
    asked = {path for path in paths if path.partition(".")[0] not in _AUTOMATIC}
    return sorted(asked or {_NOTHING_NEW})


def _paths(table: TablePlace, columns: Sequence[ColumnPlace]) -> list[str]:
    """Return the paths of columns; to know whether a list has items, one column is enough."""
    steps = _list_of(table)
    if steps and not columns:
        columns = tuple(table.columns.values())[:1]
    return [".".join((*steps, column.at)) for column in columns]


def _list_of(table: TablePlace) -> tuple[str, ...]:
    """Return the steps from a person to the list whose items are the rows of this table."""
    first, *rest = table.at.split(".")
    if first != _ROOT:
        raise SourceInvalid(
            f"een tabel van de BRP staat bij {_ROOT} of bij {_ROOT}.<lijst>; verander at"
            f" / a table of the BRP lives at {_ROOT} or at {_ROOT}.<list>"
        )
    return tuple(rest)


def _persons(said: Said) -> list[object]:
    """Return the person that was found, or nobody.

    Raises: AnswerOdd for several persons with one number, SourceFailed for anything else.
    """
    if said.status != _OK:
        raise SourceFailed(no_answer("BRP", said))
    match said.json():
        case {"type": "RaadpleegMetBurgerservicenummer", "personen": list() as persons}:
            if len(persons) > 1:
                raise AnswerOdd("the BRP gave several persons for one number")
            return persons
    raise SourceFailed("the BRP gave an answer of another form")


def _rows(look: Look, persons: Sequence[object]) -> RawRows:
    items: list[object] = list(persons)
    for step in _list_of(look.table):
        found = [each.get(step) for each in items if isinstance(each, dict)]
        items = [item for each in found if isinstance(each, list) for item in each]
    return [[_at(column.at, item) for column in look.columns] for item in items]


def _at(path: str, item: object) -> object:
    """Return what stands at a path, unless it is being looked into."""
    for step in path.split("."):
        if not isinstance(item, dict):
            return None
        doubtful = item.get("inOnderzoek")
        if step != "inOnderzoek" and isinstance(doubtful, dict) and doubtful.get(step) is True:
            return None
        item = item.get(step)
    return item


def _problem(said: Said) -> object:
    """Return a problem document, or None: a refusal is one, whatever its body is."""
    try:
        return said.json()
    except (AnswerOdd, SourceFailed):
        return None


def _codes(said: Said) -> str:
    """Return the words of a problem document that say what is wrong: codes, never text."""
    match _problem(said):
        case {"code": str() as code} if _WORD.fullmatch(code):
            return code
    return "without a code"


def _judge(said: Said, fields: Sequence[str]) -> None:
    """Make of an answer about nobody whether the fields are there and allowed.

    Raises: SourceInvalid naming a field, SourceFailed when the API does not answer.
    """
    if said.status in _REFUSALS:
        named, code = _named(said, fields), _codes(said)
        raise SourceInvalid(
            f"de BRP geeft {named} niet ({code}); kijk of dit veld bestaat en of de autorisatie het"
            f" toestaat / the BRP does not give {named}: {code}"
        )
    _persons(said)


def _named(said: Said, fields: Sequence[str]) -> str:
    """Return which of the fields a problem document is about; else all of them."""
    match _problem(said):
        case {"invalidParams": [{"name": str() as name}, *_]}:
            found = _FIELD.fullmatch(name)
            if found is not None and int(found.group(1)) < len(fields):
                return fields[int(found.group(1))]
    return ", ".join(fields)
