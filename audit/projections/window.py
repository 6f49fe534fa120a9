"""Looking through a part of the ledger for the decisions that are wanted.

There is no index by trace or by purpose: rows of random order would make every append slower as the
log grows. A question is about a part of the log instead, and a leaf is read only if it holds the
words that are sought.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from audit.projections.record import Recorded, Records, find_recorded

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for; what is None is not looked at.

    Shapes:  trace and pseudonym: 32 hex digits in lower case. purpose: an id of the catalogue.
    """

    trace: str | None = None
    purpose: str | None = None
    pseudonym: str | None = None


def matching(records: Records, part: range, wanted: Wanted) -> Iterator[Recorded]:
    """Give the decisions in this part of the log that are wanted, in order.

    Raises:  LeafInvalid if the store holds what no ledger writes.
    """
    for start in range(part.start, part.stop, _PAGE):
        page = range(start, min(start + _PAGE, part.stop))
        key_ids = _key_ids(records, page, wanted)
        if wanted.pseudonym is not None and not key_ids:
            continue
        for index, leaf in _possible(records, page, wanted):
            recorded = find_recorded(index, leaf, key_ids.get(index, ()))
            if recorded is not None and wanted.pseudonym in (None, *recorded.pseudonyms):
                yield recorded


def _key_ids(records: Records, page: range, wanted: Wanted) -> dict[int, list[bytes]]:
    """Return the key ids of each entry; if a person is wanted, of the entries about that one."""
    found: dict[int, list[bytes]] = {}
    for index, key_id in records.pseudonyms(page.start, page.stop):
        found.setdefault(index, []).append(key_id)
    if wanted.pseudonym is None:
        return found
    key_id = bytes.fromhex(wanted.pseudonym)
    return {index: key_ids for index, key_ids in found.items() if key_id in key_ids}


def _possible(records: Records, page: range, wanted: Wanted) -> Iterator[tuple[int, bytes]]:
    """Give the leaves that hold the words: a canonical leaf has one spelling for each."""
    needles = [
        f'"{name}":"{value}"'.encode()
        for name, value in (("trace", wanted.trace), ("purpose", wanted.purpose))
        if value is not None
    ]
    for entry in records.entries(page.start, page.stop):
        leaf = entry.leaf
        if leaf is not None and all(needle in leaf for needle in needles):
            yield entry.index, leaf
