"""The leaf of an entry: a form that was checked once, filled in with what differs each time.

A form is the canonical text of a leaf with a place for each value that passes. It is made from a
whole leaf that fits the schema. Of what fills its places, commitments are written here from 32
bytes each; everything else is checked by the schema every time. So no leaf comes from a form that
would not have been made, to the byte, by checking and writing it whole.
"""

import marshal
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import orjson

from audit.entry import MAX_LEAF_BYTES, CanonicalBytes, Json
from audit.errors import LeafInvalid
from audit.merkle import HASH_BYTES
from audit.schema import check_passing, check_schema
from audit.sequencer.parcels import Parcel

_FORMS: Final = 1024  # Of at most 4 KiB, as the keys are as good as: some 8 MB at the very most.
_COMMITMENT: Final = b2a_base64(bytes(HASH_BYTES), newline=False).decode()
# Members of a fitting leaf in the places of what will fill them.
_SAMPLE: Final[Mapping[str, Json]] = {
    "counter": 0,
    "id": "0" * 32,
    "span": "0" * 16,
    "time": 0,
    "trace": "0" * 32,
}


@dataclass(frozen=True, slots=True)
class _Form:
    """A text with places, and how to pick from the values by name those for the places in order."""

    text: bytes
    picked: Callable[[Mapping[str, object]], Any]


class LeafWriter:
    """Writes the leaves of one gateway."""

    def __init__(self, gateway_id: str) -> None:
        self._gateway_id = gateway_id
        self._form = lru_cache(_FORMS)(self._new_form)

    def write(
        self, parcel: Parcel, commitments: Mapping[str, bytes] | None, *, time: int, counter: int
    ) -> CanonicalBytes:
        """Give the leaf of this draft, which fits the schema and is canonical.

        Shapes:  commitments: 32 bytes by label; none if the leaf has no such member.
        Units:   time in ms since 1970.
        Raises:  LeafInvalid.
        """
        passing: dict[str, Any] = {
            **parcel.passing,
            "counter": counter,
            "id": parcel.request_id,
            "time": time,
        }
        check_passing(passing)
        labels = None if commitments is None else tuple(commitments)
        form = self._form(parcel.type, parcel.recurring, tuple(parcel.passing), labels)
        values: dict[str, object] = {
            name: value.encode() if type(value) is str else value for name, value in passing.items()
        }
        for label, commitment in (commitments or {}).items():
            values[label] = b2a_base64(commitment, newline=False)
        leaf: bytes = form.text % form.picked(values)
        if len(leaf) > MAX_LEAF_BYTES:
            raise LeafInvalid("the leaf is too long")
        return CanonicalBytes(leaf)

    def _new_form(
        self, kind: str, recurring: bytes, passing: tuple[str, ...], labels: tuple[str, ...] | None
    ) -> _Form:
        leaf: dict[str, Json] = {
            **marshal.loads(recurring),  # noqa: S302  Both ends of the wire are one program.
            "v": 1,
            "type": kind,
            "gateway": self._gateway_id,
            **{name: _SAMPLE[name] for name in ("counter", "id", "time", *passing)},
        }
        if labels is not None:
            leaf["commitments"] = dict.fromkeys(labels, _COMMITMENT)
        check_schema(leaf)
        places: list[str] = []
        members = [_member(name, leaf[name], places) for name in sorted(leaf)]
        text = b"{%s}" % b",".join(members)
        if len(text) > MAX_LEAF_BYTES:
            raise LeafInvalid("the leaf is too long")
        return _Form(text, itemgetter(*places))


def _member(name: str, value: Any, places: list[str]) -> bytes:  # noqa: ANN401  Any Json.
    # Names are words of ours, and labels are none of the names of what passes.
    if name in _SAMPLE:
        places.append(name)
        return b'"%s":%s' % (name.encode(), b"%d" if type(value) is int else b'"%b"')
    if name == "commitments":
        places += sorted(value)
        inner = b",".join(b'"%s":"%%b"' % label.encode() for label in sorted(value))
        return b'"commitments":{%s}' % inner
    # Within the schema orjson gives the bytes of `canonical` far faster; the verifier, which must
    # do without it, compares them again.
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return b'"%s":%s' % (name.encode(), text.replace(b"%", b"%%"))
