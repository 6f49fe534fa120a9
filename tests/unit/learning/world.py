"""Records of requests as a ledger gives them, and a ledger that holds such entries."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit.entry import Draft, EntryType, Json, canonical
from audit.merkle import Frontier
from audit.sequencer.appender import Appender, Means
from audit.storage.contract import Head
from gateway.learning.records import Record, RefusedPart
from tests.fakes_audit import (
    ORIGIN,
    START_MS,
    VKEY,
    CountedRandom,
    FixedClock,
    make_seal,
    make_signer,
    open_store,
)
from tests.unit.catalogue_follow.world import FLAG, SCOOTER

JEUGD, WMO = "00000099000000001001", "00000099000000001002"
YEAR = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
RELEASED = {"specialisatie_ingezet": "flag"}
MET = {"age": "met", "bron_bevestigd": "met"}

PERMIT = Record(
    time=START_MS,
    organisation=JEUGD,
    role="consulent-jeugd",
    task="jeugd-toeleiding",
    activity="criteria-toetsen-zwaarte",
    purpose=FLAG,
    policy="0" * 64,
    outcome="permit",
    about_a_person=True,
    released=RELEASED,
    refused=(),
    conditions=MET,
)
SCOOTER_PERMIT = replace(
    PERMIT,
    organisation=WMO,
    role="consulent-wmo",
    task="wmo-onderzoek",
    activity="vraagverheldering",
    purpose=SCOOTER,
    released={"hulpvraag_categorie": "exact", "relevante_leefgebieden": "exact"},
    conditions={},
)


def refusal(
    code: str,
    step: int,
    field: str | None = None,
    **changes: Any,  # noqa: ANN401 - any member may change
) -> Record:
    """Return the record of a refusal of the flag for one reason."""
    refused = (RefusedPart(code, step, field),)
    plain = replace(PERMIT, outcome="refuse", released={}, refused=refused, conditions={})
    return replace(plain, **changes)


def members(**changes: Json) -> dict[str, Json]:
    """Return the public members of the entry of a permitted flag."""
    plain: dict[str, Json] = {
        "organisation": JEUGD,
        "role": "consulent-jeugd",
        "policy": "0" * 64,
        "outcome": "permit",
        "subjects": 1,
        "task": "jeugd-toeleiding",
        "activity": "criteria-toetsen-zwaarte",
        "purpose": FLAG,
        "conditions": [{"name": name, "outcome": "met"} for name in MET],
        "released": [{"field": "specialisatie_ingezet", "precision": "flag"}],
        "trace": "0" * 32,
        "span": "0" * 16,
    }
    return {**plain, **changes}


def leaf(**changes: Json) -> bytes:
    """Return the leaf of a permitted flag."""
    return canonical({**members(), "type": "disclosure", "time": START_MS, **changes})


def write_ledger(path: Path, *entries: tuple[EntryType, dict[str, Json]]) -> None:
    """Write a ledger of these entries, a minute apart, the first one at the start."""
    clock = FixedClock()
    store = open_store(path)
    means = Means(make_signer(), "gw-1", make_seal(), clock, CountedRandom(), 60_000)
    appender = Appender(store, means, Head(), Frontier(), 0)
    appender.append_batch([Draft(EntryType.GENESIS, "ff" * 16, {"origin": ORIGIN, "vkey": VKEY})])
    for number, (kind, found) in enumerate(entries):
        clock.ms = START_MS + number * 60_000
        appender.append_batch([Draft(kind, f"{number:032x}", found)])
    store.close()
