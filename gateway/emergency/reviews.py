"""Judging disclosures in an emergency: who may, what they see, and that it stands in the ledger.

1. the role of the caller may judge                            (`_demand_mandate`)
2. that somebody looks is recorded before the reason is shown  (`read_review`)
3. who used it does not judge it; a verdict is given once      (`_demand_other`, `judge`)
4. the verdict stands in the ledger before it counts           (`judge`)
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from audit.entry import Draft, EntryType, Json, Receipt, new_request_id
from audit.personal import About, PersonalLog
from gateway.cases.desk import Appender
from gateway.catalogue.model import Catalogue
from gateway.citizen.store import SqlMessages
from gateway.emergency.model import MAY_REVIEW, Review, Verdict
from gateway.errors import NotFound, OwnReview, ReviewClosed, RoleNotMandated
from gateway.identity.tokens import VerifiedCaller
from gateway.moments import unix_ms

_GROUND: Final = "emergency_review"


@dataclass(frozen=True, slots=True)
class ReviewDesk:
    """What reviews are made with, under one revision of the policy."""

    catalogue: Catalogue
    ledger: Appender
    personal: PersonalLog
    messages: SqlMessages
    now: Callable[[], dt.datetime]
    random: Callable[[int], bytes]

    def new_entry_id(self) -> str:
        """Return the id of a new entry."""
        return new_request_id(unix_ms(self.now()), self.random)


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A review with the reason in the words of who used it; None once the person was erased."""

    review: Review
    words: str | None
    receipt: Receipt = field(repr=False)


async def list_reviews(desk: ReviewDesk, caller: VerifiedCaller) -> Sequence[Review]:
    """Return what nobody has judged yet, the most urgent first.

    It tells nothing about anybody, so that only opening one of them is recorded.

    Raises: RoleNotMandated, SourceFailed.
    """
    _demand_mandate(desk, caller)
    return await desk.messages.reviews()


async def read_review(desk: ReviewDesk, caller: VerifiedCaller, entry: str) -> Opened:
    """Return one of them with its reason, once it is recorded that somebody looks.

    Raises: RoleNotMandated, OwnReview, NotFound, CasesUnavailable, SealInvalid, an AuditError.
    """
    _demand_mandate(desk, caller)
    review = await desk.messages.find_review(entry)
    if review is None:
        raise NotFound("no such review")
    _demand_other(desk, caller, review)
    organisation = desk.catalogue.organisations[caller.organisation].oin
    members: dict[str, Json] = {
        "entry": entry,
        "ground": _GROUND,
        "organisation": organisation,
        "role": caller.role,
    }
    committed = {"professional": caller.professional.encode()}
    draft = Draft(EntryType.ACCESS, desk.new_entry_id(), members, committed)
    receipt = await desk.ledger.append(draft)
    return Opened(review, _words(_person(desk, entry)), receipt)


async def judge(
    desk: ReviewDesk, caller: VerifiedCaller, entry: str, verdict: Verdict, words: str
) -> Receipt:
    """Record a verdict, once and for all.

    Effects: a `correction` entry about the entry of the disclosure, before the review is closed.
    Raises:  RoleNotMandated, OwnReview, NotFound, ReviewClosed, CasesUnavailable, an AuditError.
    """
    _demand_mandate(desk, caller)
    async with desk.messages.judging(entry) as held:
        review = held.review
        if review is None:
            raise NotFound("no such review")
        if review.verdict is not None:
            raise ReviewClosed("it was judged before")
        _demand_other(desk, caller, review)
        person = _person(desk, entry)
        draft = Draft(
            EntryType.CORRECTION,
            desk.new_entry_id(),
            {"entry": entry, "reason": f"review_{verdict}"},
            {"professional": caller.professional.encode(), "justification": words.encode()},
            # The words are about a person, so they go when this person is erased.
            None if person is None else person.particulars.subject,
        )
        receipt = await desk.ledger.append(draft)
        await held.judge(review, verdict.value)
    return receipt


def _demand_mandate(desk: ReviewDesk, caller: VerifiedCaller) -> None:
    if MAY_REVIEW not in desk.catalogue.mandates_of(caller.organisation, caller.role):
        raise RoleNotMandated("this role judges no emergencies")


def _demand_other(desk: ReviewDesk, caller: VerifiedCaller, review: Review) -> None:
    """Demand another person and another hat; ids of two partners that coincide count as one."""
    oin = desk.catalogue.organisations[caller.organisation].oin
    same_hat = (oin, caller.role) == (review.organisation, review.role)
    if same_hat or caller.professional == review.used_by:
        raise OwnReview("who used it does not judge it")


def _person(desk: ReviewDesk, entry: str) -> About | None:
    return next(desk.personal.persons_of(entry), None)


def _words(person: About | None) -> str | None:
    sealed = None if person is None else person.particulars.values.get("justification")
    return None if sealed is None else str(orjson.loads(sealed)["emergency"])
