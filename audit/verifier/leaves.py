"""Reading leaves fast: what a leaf must be, and a memory of what was already found to be so.

Leaves of one purpose differ only in their fresh values: ids, times, counters, commitments. Without
them the same leaf comes back, and whether it is canonical and fits the schema does not depend on
which fresh values of the right form it holds. So the verdict about the rest is remembered.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from audit.entry import Json, canonical
from audit.errors import Defect, LeafInvalid, VerificationFailed
from audit.schema import check_schema

_REMEMBERED: Final = 4096  # Some 12 MB. A register of a hundred purposes has a few hundred.
_HEX_32: Final = rb'":"(?=[0-9a-f]{32}")'
_HEX_16: Final = rb'":"(?=[0-9a-f]{16}")'
_HASH: Final = rb'":"(?=[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")'
_NUMBER: Final = rb'":(?=(?:0|[1-9][0-9]{0,14})[,}])'
# Wherever the schema allows one of these members, it allows every value of the form given here.
_FORMS: Final = {
    b"id": _HEX_32,
    b"trace": _HEX_32,
    b"span": _HEX_16,
    b"content": _HASH,
    b"justification": _HASH,
    b"log_codes": _HASH,
    b"persons": _HASH,
    b"professional": _HASH,
    b"request": _HASH,
    b"subject": _HASH,
    b"counter": _NUMBER,
    b"time": _NUMBER,
}
# A quote inside a JSON text is escaped, so what looks like one of these members is one.
_FRESH: Final = re.compile(
    b'("(?:%s))([^",}]+)' % b"|".join(name + form for name, form in _FORMS.items())
)
_ID, _TIME, _COUNTER = b'"id":"', b'"time":', b'"counter":'


@dataclass(frozen=True, slots=True)
class Leaf:
    """What the verifier asks of a sound leaf; only what is not fresh may be taken from members.

    Units:   time in ms since 1970.
    """

    request_id: str
    time: int
    counter: int
    members: dict[str, Json]


class LeafReader:
    """Reads leaves, and remembers the rest of those that were sound."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, ...], dict[str, Json]] = {}

    def read(self, index: int, data: bytes) -> Leaf:
        """Give what the leaf at this index says.

        Trust:   data may come from an attacker; the reader it comes from bounds it.
        Raises:  VerificationFailed with LEAF_FORM or SCHEMA.
        """
        parts = _FRESH.split(data)
        fresh = dict(zip(parts[1::3], parts[2::3], strict=True))
        if 3 * len(fresh) + 1 != len(parts):  # One name at two places: nobody may mix them up.
            return _leaf(_examined(index, data), {})
        del parts[2::3]
        rest = tuple(parts)
        members = self._known.get(rest)
        if members is None:
            members = _examined(index, data)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[rest] = members
        return _leaf(members, fresh)


def _leaf(members: dict[str, Json], fresh: dict[bytes, bytes]) -> Leaf:
    # What was not taken out as fresh is the same in every leaf with this rest.
    name, time, counter = fresh.get(_ID), fresh.get(_TIME), fresh.get(_COUNTER)
    return Leaf(
        str(members["id"]) if name is None else name.decode(),
        int(str(members["time"])) if time is None else int(time),
        int(str(members["counter"])) if counter is None else int(counter),
        members,
    )


def _examined(index: int, data: bytes) -> dict[str, Json]:
    members = _loaded(data)
    if _spelled(members) != data:  # 8
        raise VerificationFailed(index, Defect.LEAF_FORM, "the leaf is not in canonical form")
    problem = _misfit(members)
    if problem is not None:  # 8
        raise VerificationFailed(index, Defect.SCHEMA, problem)
    return members


def _loaded(data: bytes) -> dict[str, Json]:
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError):
        return {}
    return value if type(value) is dict else {}


def _spelled(members: dict[str, Json]) -> bytes:
    try:
        return canonical(members)
    except LeafInvalid:
        return b""


def _misfit(members: dict[str, Json]) -> str | None:
    try:
        check_schema(members)
    except LeafInvalid as error:
        return str(error)
    return None
