"""Following the ledger: every entry that asks for it becomes a message, and a review.

The ledger is where a release becomes fact, so what must follow from it is made from there and from
nowhere else: rows and position move in one transaction. After a crash, or a time in which the case
store was down, following goes on where it was; nothing is missed and nothing is made twice.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from audit.entry import EntryType, Json, parse_leaf
from audit.personal import About, PersonalLog
from audit.reading import LedgerReader
from audit.storage.contract import Entry
from gateway.catalogue.model import Catalogue
from gateway.citizen.embargo import tell_from, time_of
from gateway.citizen.policies import KeptCatalogues, Policies
from gateway.citizen.store import Following, Message, SqlMessages, text_of
from gateway.citizen.story import moment_words, tell
from gateway.decision.model import ObligationKind
from gateway.emergency.model import MAY_REVIEW, Review, review_by
from gateway.moments import unix_ms

_MOST: Final = 200
_ID_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows one log under the policy in force, so many entries in one turn."""

    origin: str
    log: LedgerReader
    personal: PersonalLog
    messages: SqlMessages
    catalogue: Callable[[], Catalogue]
    kept: KeptCatalogues
    most: int = _MOST

    async def follow(self) -> None:
        """Do what follows from every entry that there is by now.

        Raises: CasesUnavailable, SealInvalid, StorageBroken; what was not done is done next time.
        """
        size, position = self.log.head().size, 0
        while position < size:
            position = await self._some(size)

    async def _some(self, size: int) -> int:
        async with self.messages.following(self.origin) as turn:
            stop = min(size, turn.position + self.most)
            if stop <= turn.position:
                return size
            for entry in self.log.entries(turn.position, stop):
                await self._act_on(entry, turn)
            await turn.move(stop)
            return stop

    async def _act_on(self, entry: Entry, turn: Following) -> None:
        leaf = {} if entry.leaf is None else parse_leaf(entry.leaf)
        duties = leaf.get("obligations", ())
        urgent = leaf.get("type") == EntryType.BREAK_GLASS
        must_inform = (
            isinstance(duties, list | tuple) and ObligationKind.INFORM_SUBJECT.value in duties
        )
        if not (urgent or must_inform):
            return
        persons = list(self.personal.persons_in(entry))
        if must_inform:
            for message in _to_persons(persons, leaf, Policies(self.catalogue(), self.kept)):
                await turn.add_message(message)
        if urgent:
            review = _review(entry, leaf, persons)
            await turn.add_review(review)
            await turn.add_message(_to_reviewers(review, self.catalogue()))


def _to_persons(
    persons: list[About], leaf: Mapping[str, Json], policies: Policies
) -> Iterator[Message]:
    text = tell(leaf, policies.find(leaf) or policies.current).text
    for about in persons:
        kind, _, value = (about.particulars.subject or b"").decode().partition(":")
        members = {
            "to": {"type": kind, "value": value},
            "text": f"{text.nl} {_RIGHTS_NL}",
            "text_en": f"{text.en} {_RIGHTS_EN}",
        }
        name = f"{about.entry.request_id}:{about.position}"
        yield _message("inform", name, members, leaf, tell_from(leaf, policies))


_RIGHTS_NL: Final = (
    "Klopt dit niet, of heeft u vragen? U mag vragen wat er over u bekend is, en bezwaar maken."
)
_RIGHTS_EN: Final = (
    "Is this wrong, or do you have questions? You may ask what is known about you, and object."
)


def _review(entry: Entry, leaf: Mapping[str, Json], persons: list[About]) -> Review:
    used_by = next(
        (about.particulars.values.get("professional", b"") for about in persons), b""
    ).decode()
    at = time_of(leaf)
    return Review(
        entry=entry.request_id,
        used_at=at,
        organisation=str(leaf["organisation"]),
        role=str(leaf["role"]),
        purpose=str(leaf.get("purpose", "")),
        reason=str(leaf["reason"]),
        used_by=used_by,
        review_by=review_by(at),
    )


def _to_reviewers(review: Review, catalogue: Catalogue) -> Message:
    hats = [
        {"organisation": organisation.id, "role": role}
        for organisation in catalogue.organisations.values()
        for role in organisation.roles
        if MAY_REVIEW in catalogue.mandates_of(organisation.id, role)
    ]
    term = moment_words(review.review_by)
    members = {
        "to": hats,
        "entry": review.entry,
        "review_by": text_of(review.review_by),
        "text": f"Er is een noodinzage gedaan. Beoordeel haar uiterlijk op {term.nl}.",
        "text_en": f"An emergency disclosure was used. Judge it by {term.en} at the latest.",
    }
    at = {"time": unix_ms(review.used_at)}
    return _message("review", review.entry, members, at, review.used_at)


def _message(
    kind: str,
    name: str,
    members: Mapping[str, object],
    leaf: Mapping[str, Json],
    due_at: dt.datetime,
) -> Message:
    """Return a message under an id that is the same whenever it is made."""
    identity = hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()[:_ID_DIGITS]
    said = {"id": identity, "kind": kind, "at": text_of(time_of(leaf)), **members}
    return Message(identity, kind, orjson.dumps(said).decode(), due_at)
