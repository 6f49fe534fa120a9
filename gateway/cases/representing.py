"""Who decides for an adult: entered and ended by the municipality, beside the gateways.

A court appoints a curator, an administrator or a mentor. Parents and guardians of a minor are not
entered: that they decide follows from the age. Who was appointed is asked by no rule, so not kept.

Either step widens and narrows at once: from that moment the consent of one counts, and that of the
other does not. So it is in effect at once, and its entry stands in the same transaction, from which
a gateway puts it into the ledger. What is disclosed afterwards is recorded first, as ever.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import orjson

from audit.entry import Draft, new_request_id
from gateway.cases.entries import REPRESENTATION_ENDED, REPRESENTED, representation_draft
from gateway.cases.model import Actor, Representation
from gateway.cases.refusals import CaseCode
from gateway.cases.rows import key_of, representation_row
from gateway.cases.store import CaseBook
from gateway.cases.tables import Statements
from gateway.catalogue.model import Catalogue
from gateway.catalogue.words import Domain, OrganisationType
from gateway.errors import CaseRefused, NotFound, RoleNotMandated
from gateway.moments import home_day, unix_ms
from gateway.subject import Subject

_ID_BYTES: Final = 16
_DAY: Final = dt.timedelta(days=1)


class Appointment(StrEnum):
    """The three measures by which a court lets somebody decide for an adult (BW boek 1)."""

    CURATOR = "curatele"
    ADMINISTRATOR = "beschermingsbewind"
    MENTOR = "mentorschap"


DOMAINS: Final[Mapping[Appointment, str]] = MappingProxyType(
    {
        Appointment.CURATOR: "alles",
        Appointment.ADMINISTRATOR: Domain.MONEY.value,
        Appointment.MENTOR: Domain.CARE.value,
    }
)
"""In which domain of life each decides; the words that purposes name under `representation`."""


@dataclass(frozen=True, slots=True)
class Registrar:
    """Who enters it, and with what.

    Trust: whoever may write to the case store says who it is, and is believed.
    """

    catalogue: Catalogue
    book: CaseBook
    actor: Actor
    now: dt.datetime
    random: Callable[[int], bytes]

    def entry_of(self, subject: Subject, step: str) -> Draft:
        """Return the entry of a step of this actor.

        Raises: RoleNotMandated for who does not act for a municipality.
        """
        organisation = self.catalogue.organisations.get(self.actor.organisation)
        if (
            organisation is None
            or organisation.type is not OrganisationType.MUNICIPALITY
            or self.actor.role not in organisation.roles
        ):
            raise RoleNotMandated("only a role at a municipality enters who decides for a person")
        request_id = new_request_id(unix_ms(self.now), self.random)
        return representation_draft(self.catalogue, self.actor, subject, step, request_id)


async def appoint(
    registrar: Registrar,
    subject: Subject,
    kind: Appointment,
    since: dt.date,
    until: dt.date | None,
) -> None:
    """Enter that somebody decides for this person; both days count.

    Effects: in effect when this returns, for every gateway on this store.
    Raises:  RoleNotMandated; CaseRefused for a last day that is past or before the first;
             CasesUnavailable.
    """
    draft = registrar.entry_of(subject, REPRESENTED)
    if until is not None and until < max(since, home_day(registrar.now)):
        raise CaseRefused(CaseCode.TERM_WRONG)
    made = Representation(kind.value, DOMAINS[kind], since, until)
    row = representation_row(registrar.random(_ID_BYTES).hex(), subject, made)
    say = Statements.written_for(registrar.book.kind)
    async with registrar.book.writing() as pen:
        await pen.run(say.add_representation, row)
        await pen.put_off(_with_content(draft, made))


async def discharge(registrar: Registrar, subject: Subject, kind: Appointment) -> None:
    """End every appointment of this kind for this person; from now on it does not count.

    Effects: in effect when this returns, for every gateway on this store; yesterday is the last day
             that it says.
    Raises:  RoleNotMandated; NotFound when there is none to end; CasesUnavailable.
    """
    draft = registrar.entry_of(subject, REPRESENTATION_ENDED)
    last = home_day(registrar.now) - _DAY
    named = {"subject": key_of(subject), "of": kind.value, "last": last.isoformat()}
    say = Statements.written_for(registrar.book.kind)
    async with registrar.book.writing() as pen:
        if not await pen.run(say.end_representations, named):
            raise NotFound("no such appointment stands for this person")
        await pen.put_off(_with_content(draft, {"kind": kind.value, "until": last}))


def _with_content(draft: Draft, said: object) -> Draft:
    """Return the entry with what was entered, sealed: which measure it is says much of a person."""
    committed = {**draft.committed, "content": orjson.dumps(said)}
    return Draft(draft.type, draft.request_id, draft.members, committed, draft.subject)
