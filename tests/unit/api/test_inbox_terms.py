"""Questions in time: their terms, reminders, and when nothing of them is left."""

import asyncio
import datetime as dt
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from gateway.api.state import desk_of
from gateway.decision.decide import Decider
from gateway.inbox.flow import expire, forget
from gateway.replay.replay import replay
from gateway.replay.revisions import Revisions
from tests.builders import (
    CARE_WORKER,
    WMO,
    YUSUF,
    House,
    flag,
)
from tests.fakes_inbox import answers, waiting

pytestmark = pytest.mark.anyio


async def test_a_term_ends_a_question(waiting_house: House) -> None:
    """After its last day nobody answers any more, and who asked hears that there is no answer."""
    identity = await waiting(waiting_house)
    waiting_house.clock.at = dt.datetime(2026, 3, 9, 23, 30, tzinfo=dt.UTC)

    late = await answers(waiting_house, identity, {"answer": "yes"})

    response = await waiting_house.get(f"/v1/disclosures/{identity}")
    assert late.status_code == 409
    assert response.json()["outcome"] == "unanswered"


async def test_the_last_day_counts(waiting_house: House) -> None:
    """On its last day, until midnight where the people live, a question is answered in time."""
    identity = await waiting(waiting_house)
    waiting_house.clock.at = dt.datetime(2026, 3, 9, 22, 59, tzinfo=dt.UTC)

    response = await answers(waiting_house, identity, {"answer": "yes"})

    assert response.status_code == 201


async def test_the_end_of_a_term_is_recorded_once(waiting_house: House) -> None:
    """Whoever writes the ends down, once or at the same time, makes one entry."""
    identity = await waiting(waiting_house)
    waiting_house.clock.at += dt.timedelta(days=9)
    desk, size = desk_of(waiting_house.services), waiting_house.size

    await asyncio.gather(expire(desk), expire(desk))

    [leaf] = waiting_house.leaves(size)
    assert (leaf["question"], leaf["outcome"]) == (identity, "expired")
    assert set(leaf["commitments"]) == {"subject"}


async def test_an_open_question_does_not_expire(waiting_house: House) -> None:
    """Before its term is over nothing is written down of a question."""
    await waiting(waiting_house)
    size = waiting_house.size

    await expire(desk_of(waiting_house.services))

    assert waiting_house.size == size


async def test_a_question_is_erased_in_the_end(waiting_house: House, cases_file: Path) -> None:
    """Some time after its end nothing of a question is left in the store."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})
    waiting_house.clock.at += dt.timedelta(days=15)

    await forget(desk_of(waiting_house.services))

    response = await waiting_house.get(f"/v1/disclosures/{identity}")
    with closing(sqlite3.connect(cases_file)) as connection:
        [(left,)] = connection.execute("SELECT count(*) FROM source_question").fetchall()
    assert response.status_code == 404
    assert left == 0


async def test_a_reminder_is_sent_once_a_day(waiting_house: House) -> None:
    """Who asked may remind once a working day; the professional sees when."""
    identity = await waiting(waiting_house)
    path, headers = f"/v1/inbox/{identity}/reminders", waiting_house.headers()

    first = await waiting_house.http.post(path, json={}, headers=headers)
    second = await waiting_house.http.post(path, json={}, headers=headers)

    [question] = (await waiting_house.get("/v1/inbox", CARE_WORKER)).json()
    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "REMINDED_TODAY")
    assert question["reminded_on"] == "2026-03-02"


async def test_nobody_is_reminded_in_the_weekend(waiting_house: House) -> None:
    """On a Saturday there is no reminder."""
    identity = await waiting(waiting_house)
    waiting_house.clock.at = dt.datetime(2026, 3, 7, 9, 0, tzinfo=dt.UTC)

    response = await waiting_house.http.post(
        f"/v1/inbox/{identity}/reminders", json={}, headers=waiting_house.headers()
    )

    assert (response.status_code, response.json()["code"]) == (409, "NOT_A_WORKING_DAY")


async def test_only_who_asked_reminds(waiting_house: House) -> None:
    """For somebody else there is no question to remind of."""
    identity = await waiting(waiting_house)

    response = await waiting_house.http.post(
        f"/v1/inbox/{identity}/reminders", json={}, headers=waiting_house.headers(WMO)
    )

    assert response.status_code == 404


@dataclass(frozen=True)
class OneRevision:
    """The revision in force, for entries that are all of today."""

    decider: Decider

    def find(self, _revision: str) -> Decider:
        """Return what decides under it."""
        return self.decider


async def test_what_waited_is_decided_again_as_it_was(waiting_house: House) -> None:
    """A replay finds the pending request and its release as the policy gives them."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})
    await waiting_house.get(f"/v1/disclosures/{identity}")
    entries = waiting_house.services.log.entries(0, waiting_house.size)
    revisions = cast("Revisions", OneRevision(waiting_house.services.gate.decider))

    report = await replay(entries, revisions, lambda: None)

    assert (report.same, report.different) == (2, 0)


async def test_what_was_kept_under_looser_rules_is_asked_again(
    waiting_house: House, cases_file: Path
) -> None:
    """A request that would be none now releases nothing, and what was wrong in it is not told."""
    identity = await waiting(waiting_house)
    await answers(waiting_house, identity, {"answer": "yes"})
    kept = json.dumps(flag(justifications={"specialisatie_ingezet": f"over {YUSUF}"}))
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("UPDATE source_question SET request = ?", (kept,))
    size = waiting_house.size

    response = await waiting_house.get(f"/v1/disclosures/{identity}")

    assert response.status_code == 409
    assert response.json()["type"] == "urn:doelpoort:problem:request-outdated"
    assert (YUSUF in response.text, waiting_house.size) == (False, size)
