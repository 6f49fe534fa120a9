"""Which members an entry of each type has, and what each may hold: one table.

Every text matches a conservative pattern. None of them may hold nine digits in a row, except
those with a fixed shape of their own (identifiers, digests, commitments, keys): a citizen service
number has nine, and none may slip into a leaf.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from audit.entry import MAX_INT, EntryType, Json
from audit.errors import LeafInvalid

_Fits = Callable[[object], bool]


def _text(pattern: str) -> _Fits:
    match = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: type(value) is str and match(value) is not None


def _word(pattern: str) -> _Fits:
    # The words of a catalogue come back in every entry: remembering them halves the whole check.
    match = lru_cache(maxsize=4096)(re.compile(pattern, re.ASCII).fullmatch)
    return lambda value: type(value) is str and match(value) is not None


def _integer(low: int, high: int) -> _Fits:
    return lambda value: type(value) is int and low <= value <= high


def _items(fits: _Fits) -> _Fits:
    def all_fit(value: object) -> bool:
        if not isinstance(value, list | tuple):
            return False
        for item in value:  # noqa: SIM110  This runs for every entry; `all` would cost half more.
            if not fits(item):
                return False
        return True

    return all_fit


def _object(required: Mapping[str, _Fits], optional: Mapping[str, _Fits]) -> _Fits:
    known = {**required, **optional}
    needed = frozenset(required)

    def object_fits(value: object) -> bool:
        if type(value) is not dict or not needed <= value.keys():
            return False
        for key, member in value.items():
            fits = known.get(key)
            if fits is None or not fits(member):
                return False
        return True

    return object_fits


_WORDS = _word(r"(?!.*[0-9]{9})[A-Za-z0-9][A-Za-z0-9 .:,_/()-]{0,119}")
_OUTCOME = _word("met|not_met|unknown")
_NUMBER = _integer(0, MAX_INT)
_ORIGIN = _text(r"(?!.*[0-9]{9})[a-z0-9][a-z0-9.-]*(/[a-z0-9.-]+){0,7}")
_VKEY = _text(r"[a-z0-9./-]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}")
_COMMITMENT = _text("[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")  # 32 bytes, no loose trailing bits
_HEX_16, _HEX_32 = _text("[0-9a-f]{16}"), _text("[0-9a-f]{32}")
_DIGEST = _word("[0-9a-f]{64}")

COMMITMENT_LABELS: Final = (
    "subject",
    "request",
    "content",
    "professional",
    "justification",
    "log_codes",
)

_HEADER: Final[dict[str, _Fits]] = {
    "v": _integer(1, 1),
    "type": _word("|".join(EntryType)),
    "id": _HEX_32,
    "time": _NUMBER,
    "gateway": _word("(?!.*[0-9]{9})[a-z0-9-]{1,32}"),
    "counter": _NUMBER,
}
_DECIDED: Final[dict[str, _Fits]] = {
    "organisation": _word("[0-9]{20}"),
    "role": _WORDS,
    "policy": _DIGEST,
    "subjects": _NUMBER,
    "commitments": _object({}, dict.fromkeys(COMMITMENT_LABELS, _COMMITMENT)),
    "conditions": _items(
        _object({"name": _WORDS, "outcome": _OUTCOME}, {"code": _WORDS, "rests_on": _WORDS})
    ),
    "trace": _HEX_32,
    "span": _HEX_16,
}
_DECIDED_OPTIONAL: Final[dict[str, _Fits]] = {
    "task": _WORDS,
    "activity": _WORDS,
    "purpose": _WORDS,
    "legal_basis": _items(_WORDS),
    "released": _items(_object({"field": _WORDS, "precision": _WORDS}, {})),
    "refused": _items(
        _object({"code": _WORDS, "step": _integer(0, 99)}, {"field": _WORDS, "count": _NUMBER})
    ),
    "obligations": _items(_WORDS),
    "outcome": _WORDS,
}
# A type without a row is a word that the format keeps free: nothing writes such an entry yet.
_BODIES: Final[dict[str, tuple[dict[str, _Fits], dict[str, _Fits]]]] = {
    EntryType.GENESIS: ({"origin": _ORIGIN, "vkey": _VKEY}, {"previous": _text("[ -~\n—]{1,600}")}),
    EntryType.DISCLOSURE: (_DECIDED, _DECIDED_OPTIONAL),
    EntryType.REFUSAL: (_DECIDED, _DECIDED_OPTIONAL),
    EntryType.POLICY: ({"policy": _DIGEST}, {}),
}
_TABLE: Final = {
    kind: (frozenset(_HEADER) | frozenset(required), {**_HEADER, **required, **optional})
    for kind, (required, optional) in _BODIES.items()
}


def check_schema(leaf: Mapping[str, Json]) -> None:
    """Promise that this leaf has the members of its type, each of the right form, and no others.

    Raises:  LeafInvalid, naming the member of the schema and never what it holds.
    """
    kind = leaf.get("type")
    if not isinstance(kind, str) or kind not in _TABLE:
        raise LeafInvalid("no entry of this type is written")
    needed, known = _TABLE[kind]
    if not needed <= leaf.keys():
        raise LeafInvalid(f"a member is missing: {min(needed - leaf.keys())}")
    for key, value in leaf.items():
        fits = known.get(key)
        if fits is None:
            raise LeafInvalid("a member is not in the schema")
        if not fits(value):
            raise LeafInvalid(f"a member has another form than its schema: {key}")
