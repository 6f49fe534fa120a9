"""What the routes get to work with: one frozen bundle, hung on the application by the wiring."""

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from fastapi import Request

from audit.entry import new_request_id
from audit.ledger import LedgerReader, LedgerStatus
from audit.personal import PersonalLog
from audit.storage.contract import Annex
from gateway.cases.desk import Desk
from gateway.cases.store import CaseBook
from gateway.citizen.policies import KeptCatalogues
from gateway.citizen.report import KeptLog
from gateway.disclosure import Gate
from gateway.identity.endpoint import TokenEndpoint
from gateway.identity.tokens import TokenVerifier
from gateway.moments import unix_ms
from gateway.rates import Rates


@dataclass(frozen=True, slots=True)
class Services:
    """The gate, the cases, the log to read, identity; exchanged whole when policy changes.

    Only `gate` can write to the ledger: the disclosure flow and the steps in cases go through it.
    `personal` unseals, so it is for telling people what was asked about them, and for reviews.
    """

    gate: Gate
    book: CaseBook
    log: LedgerReader
    personal: PersonalLog
    annex: Annex
    kept: KeptCatalogues
    earlier: Callable[[], AbstractContextManager[Sequence[KeptLog]]]
    status: Callable[[], LedgerStatus]
    tokens: TokenVerifier
    token_endpoint: TokenEndpoint
    idempotency_key: bytes
    rates: Rates
    random: Callable[[int], bytes]
    now: Callable[[], dt.datetime]
    engine: str
    policy_problem: str | None = None

    def new_entry_id(self) -> str:
        """Return the id of a new entry."""
        return new_request_id(unix_ms(self.now()), self.random)


def services_of(request: Request) -> Services:
    """Return the services of the application that this request came to."""
    found: Services = request.app.state.services
    return found


def desk_of(service: Services) -> Desk:
    """Return what steps in cases are taken with, under the policy in force."""
    gate = service.gate
    return Desk(gate.catalogue, service.book, gate.facts, gate.ledger, service.now, service.random)
