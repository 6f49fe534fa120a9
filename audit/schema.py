"""Which members an entry of each type has, and what each may hold: one table.

Every text matches a conservative pattern. None of them may hold nine digits in a row, except
those with a fixed shape of their own (identifiers, digests, commitments, keys): a citizen service
number has nine, and none may slip into a leaf.
"""

import marshal
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from audit.entry import MAX_INT, EntryType, Json
from audit.errors import LeafInvalid

_REMEMBERED: Final = 4096  # Values per member, and bytes per value: 16 MB at the very most.
_MARSHAL_VERSION: Final = 2  # It writes equal values as equal bytes, whoever else refers to them.

# 32 bytes in base64, no loose trailing bits.
_HASH_FORM: Final = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="

_Fits = Callable[[object], bool]


def _text(pattern: str) -> _Fits:
    match = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: type(value) is str and match(value) is not None


def _word(pattern: str) -> _Fits:
    # The words of a catalogue come back in every entry: remembering them halves the whole check.
    return lru_cache(maxsize=_REMEMBERED, typed=True)(_text(pattern))


def _integer(low: int, high: int) -> _Fits:
    return lambda value: type(value) is int and low <= value <= high


def _flag(value: object) -> bool:
    return type(value) is bool


def _multiple(of: int) -> _Fits:
    return lambda value: type(value) is int and of <= value <= MAX_INT and value % of == 0


def _items(fits: _Fits) -> _Fits:
    def all_fit(value: object) -> bool:
        if not isinstance(value, list | tuple):
            return False
        for item in value:  # noqa: SIM110  This runs for every entry; `all` would cost half more.
            if not fits(item):
                return False
        return True

    return all_fit


def _remembered(fits: _Fits) -> _Fits:
    # What a catalogue says comes back in entry after entry. Plain values have one form in bytes,
    # which tells True from 1 and a list from a tuple, so nothing fits that was not checked.
    seen: set[bytes] = set()

    def fits_again(value: Any) -> bool:  # noqa: ANN401  As marshal has it.
        try:
            form = marshal.dumps(value, _MARSHAL_VERSION)
        except ValueError:
            return fits(value)
        if form in seen:
            return True
        if not fits(value):
            return False
        if len(form) <= _REMEMBERED:
            if len(seen) >= _REMEMBERED:
                seen.clear()
            seen.add(form)
        return True

    return fits_again


def _either(one: _Fits, other: _Fits) -> _Fits:
    return lambda value: one(value) or other(value)


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


def _commitments(labels: Iterable[str], required: Iterable[str] = ()) -> _Fits:
    # As `_object`, for members that all have the one form: a leaf has five or six of them.
    known, needed = frozenset(labels), frozenset(required)
    match = re.compile(_HASH_FORM).fullmatch

    def commitments_fit(value: object) -> bool:
        if type(value) is not dict or not needed <= value.keys() <= known:
            return False
        for member in value.values():
            if type(member) is not str or match(member) is None:
                return False
        return True

    return commitments_fit


_WORDS = _word(r"(?!.*[0-9]{9})[A-Za-z0-9][A-Za-z0-9 .:,_/()-]{0,119}")
_CODE = _word(r"(?!.*[0-9]{9})[a-z][a-z0-9_]{0,63}")
_OUTCOME = _word("met|not_met|unknown")
_NUMBER = _integer(0, MAX_INT)
_ORIGIN_FORM: Final = r"[a-z0-9][a-z0-9.-]*(?:/[a-z0-9.-]+){0,7}"
_ORIGIN = _text(rf"(?!.*[0-9]{{9}}){_ORIGIN_FORM}")
_VKEY = _text(r"[a-z0-9./-]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}")
# A final checkpoint with the signatures of its log and of up to 31 witnesses; about fifteen of a
# usual length fit into a leaf of 4 KiB beside the key of the new log.
_NOTE = _text(
    rf"(?!.*[0-9]{{9}}.*\n){_ORIGIN_FORM}\n(?:0|[1-9][0-9]{{0,15}})\n{_HASH_FORM}\n\n"
    r"(?:— [!-*,-~]{1,200} [A-Za-z0-9+/]{24,400}={0,2}\n){1,32}"
)
_HEX_16, _HEX_32 = _text("[0-9a-f]{16}"), _text("[0-9a-f]{32}")
_DIGEST = _word("[0-9a-f]{64}")
_TILE: Final = 256

PERSONS: Final = "persons"
_OF_ONE: Final = ("subject", "content")
_OF_ALL: Final = ("request", "professional", "justification", "log_codes")
COMMITMENT_LABELS: Final = (*_OF_ONE, *_OF_ALL, PERSONS)

_HEADER: Final[dict[str, _Fits]] = {
    "v": _integer(1, 1),
    "type": _word("|".join(EntryType)),
    "id": _HEX_32,
    "time": _NUMBER,
    "gateway": _word("(?!.*[0-9]{9})[a-z0-9-]{1,32}"),
    "counter": _NUMBER,
}
_COMMITTED: Final = _either(
    _commitments((*_OF_ONE, *_OF_ALL)), _commitments((PERSONS, *_OF_ALL), required=[PERSONS])
)
_DECIDED: Final[dict[str, _Fits]] = {
    "organisation": _word("[0-9]{20}"),
    "role": _WORDS,
    "policy": _DIGEST,
    "subjects": _NUMBER,
    "commitments": _COMMITTED,
    "conditions": _remembered(
        _items(_object({"name": _WORDS, "outcome": _OUTCOME}, {"code": _WORDS, "rests_on": _WORDS}))
    ),
    "trace": _HEX_32,
    "span": _HEX_16,
}
_ASKED: Final = _object(
    {},
    {
        "fields": _word("minimal|named"),
        "over_asking": _word("refuse|withhold"),
        "purposes": _integer(0, 99),
        "standing": _WORDS,
        "justified": _items(_WORDS),
        "emergency": _flag,
    },
)
_DECIDED_OPTIONAL: Final[dict[str, _Fits]] = {
    "task": _WORDS,
    "activity": _WORDS,
    "purpose": _WORDS,
    "legal_basis": _remembered(_items(_WORDS)),
    "released": _remembered(_items(_object({"field": _WORDS, "precision": _WORDS}, {}))),
    "refused": _remembered(
        _items(
            _object({"code": _WORDS, "step": _integer(0, 99)}, {"field": _WORDS, "count": _NUMBER})
        )
    ),
    "obligations": _remembered(_items(_WORDS)),
    "outcome": _WORDS,
    "asked": _remembered(_ASKED),
    "recipients": _NUMBER,
    "question": _HEX_32,
    "table": _HEX_32,
    # A yes or a no was answered, and a no may have been answered without looking.
    "veiled": _flag,
    # Of answers about a group: how many of those of a period are taken, this one included.
    "budget": _object({"used": _NUMBER, "of": _NUMBER, "days": _NUMBER}, {}),
}
# Who ordered it and why in their own words, for what is done to the log itself.
_ORDERED: Final[dict[str, _Fits]] = {"commitments": _commitments(("professional", "justification"))}
# Who took a step in the affairs of a person, which only a random key tells from those of others.
_STEPPED: Final[dict[str, _Fits]] = {
    "step": _CODE,
    "organisation": _word("[0-9]{20}"),
    "role": _WORDS,
    "policy": _DIGEST,
    "commitments": _commitments(("professional", "subject"), ("professional", "subject")),
}
_CASE: Final[dict[str, _Fits]] = {
    "case": _HEX_32,
    "kind": _WORDS,
    "beginning": _CODE,
    "phase": _CODE,
    "version": _integer(1, MAX_INT),
    **_STEPPED,
}
_CONSENT: Final[dict[str, _Fits]] = {
    "consent": _HEX_32,
    "processing": _WORDS,
    "fields": _items(_WORDS),
    **_STEPPED,
}
# Steps with a request that waits for an answer, or for its recipients, in a case or in none.
_WAITING: Final[dict[str, _Fits]] = {
    **_STEPPED,
    "commitments": _commitments(
        ("professional", "subject", "content", "justification"), ("subject",)
    ),
}
_WAITING_OPTIONAL: Final[dict[str, _Fits]] = {
    "question": _HEX_32,
    "table": _HEX_32,
    "purpose": _WORDS,
    "outcome": _CODE,
}
_OF_REQUEST: Final = "case_of_request"
_BODIES: Final[dict[str, tuple[dict[str, _Fits], dict[str, _Fits]]]] = {
    EntryType.GENESIS: ({"origin": _ORIGIN, "vkey": _VKEY}, {"previous": _NOTE}),
    EntryType.DISCLOSURE: (_DECIDED, _DECIDED_OPTIONAL),
    EntryType.REFUSAL: (_DECIDED, _DECIDED_OPTIONAL),
    EntryType.BREAK_GLASS: ({**_DECIDED, "reason": _CODE}, _DECIDED_OPTIONAL),
    EntryType.CASE: (_CASE, {"party": _word("[0-9]{20}")}),
    _OF_REQUEST: (_WAITING, _WAITING_OPTIONAL),
    EntryType.CONSENT: (_CONSENT, {"purpose": _WORDS}),
    EntryType.POLICY: ({"policy": _DIGEST}, {}),
    EntryType.CORRECTION: ({"entry": _HEX_32, "reason": _CODE}, _ORDERED),
    EntryType.ERASURE: ({"key": _HEX_32, "ground": _CODE}, _ORDERED),
    EntryType.RETENTION: ({"below": _multiple(_TILE), "ground": _CODE}, _ORDERED),
    EntryType.KEYSET: ({"epoch": _integer(2, 2**32 - 1)}, _ORDERED),
    # A look at one entry names it; one at everything about a person names no person, so nothing.
    EntryType.ACCESS: (
        {"role": _WORDS, "ground": _CODE},
        {"entry": _HEX_32, "organisation": _word("[0-9]{20}"), **_ORDERED},
    ),
    EntryType.FREEZE: ({"reason": _CODE}, {"next": _ORIGIN, **_ORDERED}),
}
# What differs from entry to entry; whatever the type, it has the one form.
_PASSING: Final = {**_HEADER, "trace": _HEX_32, "span": _HEX_16}
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
    if kind == EntryType.CASE and "case" not in leaf:
        kind = _OF_REQUEST
    needed, known = _TABLE[kind]
    if not needed <= leaf.keys():
        raise LeafInvalid(f"a member is missing: {min(needed - leaf.keys())}")
    for key, value in leaf.items():
        fits = known.get(key)
        if fits is None:
            raise LeafInvalid("a member is not in the schema")
        try:
            sound = fits(value)
        except TypeError:  # A list or an object where a word belongs: it cannot be looked up.
            sound = False
        if not sound:
            raise LeafInvalid(f"a member has another form than its schema: {key}")


def check_passing(members: Mapping[str, object]) -> None:
    """Promise that header, trace and span have the right form, for a leaf that is else checked.

    Raises:  LeafInvalid, naming the member.
    """
    for key, value in members.items():
        if not _PASSING[key](value):
            raise LeafInvalid(f"a member has another form than its schema: {key}")
