"""Erasing a person from everything that a gateway keeps beside the ledger.

What waits goes: questions, views, messages; and what is counted of answers about the person. What
decisions rest on stays, and is told by number: cases, consents, confirmations and appointments have
retention periods of their own. Tallies, kept policy and reviews of emergencies name no person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from gateway.cases.holdings import Holdings, count_holdings
from gateway.cases.records import SqlCases
from gateway.citizen.store import erase_messages
from gateway.errors import CasesUnavailable
from gateway.inbox.store import QuestionPen
from gateway.mosaic.store import forget
from gateway.subject import Subject
from gateway.table.erasing import erase_views

QUESTIONS: Final = "questions"
VIEWS: Final = "views"
MESSAGES: Final = "messages"
COUNTS: Final = "counts"
FILES: Final = "message_files"

_LONGEST: Final = 1 << 20  # Of a message; what is longer was not put there by a gateway.


@dataclass(frozen=True, slots=True)
class Beside:
    """What came of it in the case store.

    Shapes:  removed: how many, by name. emptied: whether the database holds no earlier copy of its
             own of what went; who reads it may keep it from forgetting.
    """

    removed: Mapping[str, int]
    kept: Holdings
    emptied: bool


async def erase_beside(book: SqlCases, subject: Subject, counting: bytes) -> Beside:
    """Erase what waits or is counted in the case store about this person, and tell what stays.

    Shapes:  counting: the key under which persons stand in what is counted of answers.
    Effects: durable before return. Done again it finishes what was cut short.
    Raises:  CasesUnavailable, SourceFailed.
    """
    async with book.writing() as pen:
        removed = {
            QUESTIONS: await QuestionPen(pen, book.kind).erase(subject),
            VIEWS: await erase_views(pen, book.kind, subject),
            MESSAGES: await erase_messages(pen, book.kind, subject),
        }
    removed[COUNTS] = await forget(book, counting, subject)
    kept = await count_holdings(book, subject)
    return Beside(MappingProxyType(removed), kept, await _forget(book))


async def _forget(book: SqlCases) -> bool:
    try:
        return await book.forget()
    except CasesUnavailable:
        return False  # Somebody else was at work all the time; what was erased is erased.


def erase_files(folder: Path, subject: Subject) -> int:
    """Erase the messages to this person that no other system took yet, and return how many.

    Effects: their files are gone, unfinished ones too.
    Raises:  OSError.
    """
    theirs = [path for path in folder.iterdir() if path.is_file() and _names(path, subject)]
    for path in theirs:
        path.unlink(missing_ok=True)
    return len(theirs)


def _names(path: Path, subject: Subject) -> bool:
    try:
        with path.open("rb") as file:
            return subject.as_json().encode() in file.read(_LONGEST)
    except FileNotFoundError:
        return False  # Taken just now.
