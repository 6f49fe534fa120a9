"""What the ledger holds about one person, opened for that person and for nobody else.

Who holds this may unseal, so it is handed to what informs people and to nothing that answers
requests for data. That somebody looked is for the caller to record first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from audit.entry import MAX_INT
from audit.seal import PARTICULARS, Particulars, Seal, parse_particulars
from audit.storage.contract import Entry, Sealed, SubjectKey

_MOST: Final = 200  # Entries per read: some hundreds of kilobytes.


class PersonalStore(Protocol):
    """What must be read of a store for it; every method may raise StorageBroken."""

    def entry(self, request_id: str) -> Entry | None:
        """Give the entry with this request id."""
        ...

    def key_of(self, lookup: bytes) -> SubjectKey | None:
        """Give the wrapped key of the subject of this lookup."""
        ...

    def subject_key(self, key_id: bytes) -> SubjectKey | None:
        """Give the wrapped key of a subject by its id."""
        ...

    def particulars(self, index: int) -> list[Sealed]:
        """Give the sealed particulars of one entry, by position."""
        ...

    def entries_of_key(self, key_id: bytes, below: int, most: int) -> list[tuple[Entry, Sealed]]:
        """Give the newest entries below this index that have something sealed under this key."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class About:
    """One entry about a person, with what opens the commitments to this person in it.

    Units:   position counts the persons of the entry from 0.
    """

    entry: Entry
    position: int
    particulars: Particulars


class PersonalLog:
    """Reads and unseals; writes nothing."""

    def __init__(self, store: PersonalStore, seal: Seal) -> None:
        self._store = store
        self._seal = seal

    def knows(self, subject: bytes) -> bool:
        """Tell whether anything is sealed for this person; after an erasure nothing is.

        Raises:  StorageBroken.
        """
        return self._store.key_of(self._seal.lookup(subject)) is not None

    def about(self, subject: bytes, below: int = MAX_INT) -> Iterator[About]:
        """Give the entries about this person below this index, the newest first.

        Entries whose content went with its retention period are left out.
        Raises:  SealInvalid, StorageBroken.
        """
        row = self._store.key_of(self._seal.lookup(subject))
        while row is not None:
            key = self._seal.unwrap(row)
            found = self._store.entries_of_key(key.key_id, below, _MOST)
            for entry, sealed in found:
                data = self._seal.unseal(key, PARTICULARS, entry.request_id, sealed.sealed)
                if entry.leaf is not None:
                    yield About(entry, sealed.position, parse_particulars(data))
            if len(found) < _MOST:
                return
            below = found[-1][0].index

    def persons_of(self, request_id: str) -> Iterator[About]:
        """Give what opens the entry of this request, for each person it is about.

        Raises:  SealInvalid, StorageBroken.
        """
        entry = self._store.entry(request_id)
        return iter(()) if entry is None else self.persons_in(entry)

    def persons_in(self, entry: Entry) -> Iterator[About]:
        """Give for each person whom an entry is about, and who was not erased, what opens it.

        Raises:  SealInvalid, StorageBroken.
        """
        for sealed in self._store.particulars(entry.index):
            key = self._seal.find_key(sealed.key_id, self._store.subject_key)
            if key is None:
                continue
            data = self._seal.unseal(key, PARTICULARS, entry.request_id, sealed.sealed)
            particulars = parse_particulars(data)
            if particulars.subject is not None:
                yield About(entry, sealed.position, particulars)
