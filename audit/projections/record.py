"""One recorded decision with the pseudonyms of its persons, and the places that lines point to."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Protocol

from audit.entry import EntryType, parse_leaf
from audit.schema import check_schema
from audit.storage.contract import Entry

_RELEASES: Final = frozenset({EntryType.DISCLOSURE, EntryType.BREAK_GLASS})
DECISIONS: Final = _RELEASES | {EntryType.REFUSAL}
# What kind of identifier the pseudonym is: the random id of a person's data key in this ledger.
PSEUDONYM_TYPE: Final = "urn:doelpoort:data-subject-key"
_SPAN: Final = b"doelpoort/span/v1\x00"
_SPAN_BYTES: Final = 8


class Records(Protocol):
    """A ledger from which entries can be read, and to which data keys they belong; nothing more."""

    def entries(self, start: int, stop: int) -> Iterator[Entry]:
        """Give the entries with start <= index < stop, in order."""
        ...

    def pseudonyms(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Give for start <= index < stop the index and the random key id of each data subject."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """A disclosure, in danger or not, or a refusal, as it stands in the ledger.

    Shapes:  leaf fits the schema. pseudonyms: 32 hex digits for each person whose data key is
             there; empty if the entry is about nobody known, or about somebody since erased.
    Units:   index zero-based.
    """

    index: int
    leaf: Mapping[str, Any]
    pseudonyms: tuple[str, ...]

    @property
    def released(self) -> bool:
        """Whether something was released; a refusal is the other outcome."""
        return self.leaf["type"] in _RELEASES

    @property
    def veiled(self) -> bool:
        """Whether a no of it may have been answered without looking; the leaf tells no more."""
        return self.leaf.get("veiled") is True

    @property
    def span(self) -> str:
        """The span of the decision, a child of the span that the leaf names."""
        return self._span("")

    @property
    def several(self) -> bool:
        """Whether it was about several persons, whoever of them was erased since."""
        return bool(self.leaf["subjects"] > 1)

    def person_span(self, pseudonym: str) -> str:
        """Give the span of one of several persons, a child of the span of the decision."""
        return self._span(pseudonym)

    def _span(self, part: str) -> str:
        # The request id is random, so this is; and the same line keeps its id in every export.
        text = f"{self.leaf['id']}{part}".encode()
        return sha256(_SPAN + text).digest()[:_SPAN_BYTES].hex()


@dataclass(frozen=True, slots=True)
class Context:
    """Where this gateway is found from outside; lines name places under it.

    Shapes:  public_url without a slash at the end.
    """

    public_url: str

    @property
    def register_url(self) -> str:
        """The place of the register of processing activities."""
        return f"{self.public_url}/v1/purposes"

    def activity_url(self, leaf: Mapping[str, Any]) -> str:
        """Give the place of the processing activity: the purpose, or the register if unknown."""
        register = self.register_url
        return f"{register}/{leaf['purpose']}" if "purpose" in leaf else register

    def find_purpose(self, activity_url: str) -> str | None:
        """Give the purpose whose place this is; None for any other place."""
        register, _, purpose = activity_url.rpartition("/")
        return purpose if register == self.register_url else None

    def resource(self, leaf: Mapping[str, Any]) -> dict[str, str]:
        """Give what produced the entry, in the terms of OpenTelemetry."""
        return {
            "service.name": "doelpoort",
            "service.namespace": self.public_url,
            "service.instance.id": leaf["gateway"],
        }


def activity_id(organisation: str, purpose: str) -> str:
    """Give the id that the register of processing activities has for this OIN and purpose.

    Shapes:  a version 5 UUID.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{organisation}/{purpose}"))


def find_recorded(index: int, data: bytes, key_ids: Sequence[bytes]) -> Recorded | None:
    """Give the decision in the leaf of this entry; None if it is another entry.

    Raises:  LeafInvalid if it is nothing that a ledger writes.
    """
    leaf = parse_leaf(data)
    if leaf.get("type") not in DECISIONS:
        return None
    check_schema(leaf)
    # What is about nobody is sealed under a key as well: the one key of nobody.
    known = key_ids if leaf["subjects"] else ()
    return Recorded(index, leaf, tuple(key_id.hex() for key_id in known))
