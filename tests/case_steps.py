"""Steps in cases that several tests take: a case with a care provider in it, over a real store."""

import datetime as dt

from gateway.cases.consents import Giving
from gateway.cases.desk import Desk
from gateway.cases.flow import Asked, begin, take
from gateway.cases.machine import Joining, Start, Step
from gateway.cases.model import CaseRecord
from gateway.catalogue.model import Beginning, Phase
from gateway.subject import parse_bsn
from tests.fakes_cases import COORDINATOR, TEAM

PERSON = parse_bsn("999925799")
OTHER = parse_bsn("999911235")
NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
ASKED = Start("werkplan", Beginning.OWN_REQUEST, PERSON)
PLAN = Asked(Step.ADVANCED, lambda m, r: m.advance(r, Phase.WORK_PLAN))
CLOSE = Asked(Step.CLOSED, lambda m, r: m.close(r))
JOIN = Asked(
    Step.JOINED, lambda m, r: m.join(r, Joining("ggz-rivierzicht", "spv-ggz")), "ggz-rivierzicht"
)
LEAVE = Asked(Step.LEFT, lambda m, r: m.leave(r, "ggz-rivierzicht", "spv-ggz"), "ggz-rivierzicht")
CONSENT = Giving(PERSON, "voortgang-afspraken", frozenset({"betrokkene"}))


async def with_care(desk: Desk) -> CaseRecord:
    """Return a case with a work plan in which a care provider takes part."""
    record, _ = await begin(desk, TEAM, ASKED)
    record, _ = await take(desk, COORDINATOR, record.case.id, 1, PLAN)
    record, _ = await take(desk, COORDINATOR, record.case.id, 2, JOIN)
    return record
