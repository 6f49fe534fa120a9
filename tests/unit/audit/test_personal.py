"""What the ledger holds about one person, over a store in memory."""

import os
from dataclasses import dataclass, field

import pytest

from audit.entry import MAX_INT
from audit.personal import PersonalLog
from audit.seal import PARTICULARS, Particulars, Seal, SealKeys, format_particulars
from audit.storage.contract import Entry, Sealed, SubjectKey

PERSON, OTHER = b"bsn:999911235", b"bsn:999912410"


@dataclass
class Shelf:
    """A store in memory with sealed particulars; it gives what was put into it."""

    keys: dict[bytes, SubjectKey] = field(default_factory=dict)
    rows: list[tuple[Entry, Sealed]] = field(default_factory=list)

    def entry(self, request_id: str) -> Entry | None:
        """Give the entry of a request."""
        return next((entry for entry, _ in self.rows if entry.request_id == request_id), None)

    def key_of(self, lookup: bytes) -> SubjectKey | None:
        """Give the key of a person."""
        return next((key for key in self.keys.values() if key.lookup == lookup), None)

    def subject_key(self, key_id: bytes) -> SubjectKey | None:
        """Give a key by its id."""
        return self.keys.get(key_id)

    def particulars(self, index: int) -> list[Sealed]:
        """Give what is sealed beside an entry."""
        return [sealed for _, sealed in self.rows if sealed.index == index]

    def entries_of_key(self, key_id: bytes, below: int, most: int) -> list[tuple[Entry, Sealed]]:
        """Give the newest below this index."""
        found = [row for row in self.rows if row[1].key_id == key_id and row[1].index < below]
        return sorted(found, key=lambda row: -row[1].index)[:most]


class Book:
    """A log about some persons, and what is written into it."""

    def __init__(self) -> None:
        keys = SealKeys({1: os.urandom(32)}, os.urandom(32))
        self.seal = Seal(keys, os.urandom)
        self.shelf = Shelf()
        self.log = PersonalLog(self.shelf, self.seal)

    def write(self, index: int, *subjects: bytes | None, leaf: bytes | None = b"{}") -> None:
        """Add an entry about these persons, or about nobody."""
        entry = Entry(index, f"{index:032x}", leaf, b"")
        for position, subject in enumerate(subjects):
            lookup = self.seal.nobody if subject is None else self.seal.lookup(subject)
            row = self.shelf.key_of(lookup)
            if row is None:
                row, _ = self.seal.new_key(lookup)
                self.shelf.keys[row.key_id] = row
            key = self.seal.unwrap(row)
            data = format_particulars(Particulars(subject, {}, {}))
            sealed = self.seal.seal(key, PARTICULARS, entry.request_id, data)
            self.shelf.rows.append((entry, Sealed(index, position, key.key_id, sealed)))

    def erase(self, subject: bytes) -> None:
        """Destroy the key of a person."""
        row = self.shelf.key_of(self.seal.lookup(subject))
        if row is not None:
            del self.shelf.keys[row.key_id]


@pytest.fixture
def book() -> Book:
    """Give an empty log."""
    return Book()


def test_entries_about_a_person_come_newest_first(book: Book) -> None:
    """Those about others are not among them, nor those about nobody."""
    book.write(1, PERSON)
    book.write(2, OTHER)
    book.write(3, None)
    book.write(4, OTHER, PERSON)

    found = list(book.log.about(PERSON))

    assert [(about.entry.index, about.position) for about in found] == [(4, 1), (1, 0)]
    assert {about.particulars.subject for about in found} == {PERSON}


def test_a_bound_leaves_out_what_came_after(book: Book) -> None:
    """The index itself is not below it."""
    for index in (1, 2, 3):
        book.write(index, PERSON)

    assert [about.entry.index for about in book.log.about(PERSON, 3)] == [2, 1]


def test_more_than_one_read_takes_are_all_there(book: Book) -> None:
    """Reading goes on where it stopped, without gap and without end."""
    for index in range(450):
        book.write(index, PERSON)

    assert [about.entry.index for about in book.log.about(PERSON)] == list(range(449, -1, -1))


def test_what_was_pruned_is_left_out(book: Book) -> None:
    """An entry without content has nothing to tell."""
    book.write(1, PERSON, leaf=None)
    book.write(2, PERSON)

    assert [about.entry.index for about in book.log.about(PERSON, MAX_INT)] == [2]


def test_who_was_erased_is_as_unknown_as_who_never_was(book: Book) -> None:
    """Without the key there is nothing to find and nothing to open."""
    book.write(1, PERSON)
    book.erase(PERSON)

    assert not book.log.knows(PERSON)
    assert not book.log.knows(OTHER)
    assert list(book.log.about(PERSON)) == list(book.log.about(OTHER)) == []
    assert list(book.log.persons_of(f"{1:032x}")) == []


def test_the_persons_of_an_entry_without_those_who_were_erased(book: Book) -> None:
    """What is common to all is about nobody, and does not count as a person."""
    book.write(1, PERSON, OTHER, None)
    book.erase(OTHER)

    found = list(book.log.persons_of(f"{1:032x}"))

    assert book.log.knows(PERSON)
    assert [about.particulars.subject for about in found] == [PERSON]


def test_a_request_that_is_not_there_is_about_nobody(book: Book) -> None:
    """An id that no entry has gives no persons."""
    assert list(book.log.persons_of("0" * 32)) == []
