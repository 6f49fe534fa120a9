"""Whether "no", "not known" and "not yours" can be told apart, by a test and not by eye.

Hundreds of requests of the three kinds in random order go to a real gateway; what a requester gets
to see of each is compared. The same comparison of the same gateway without a veil finds the kinds
apart, so it would have seen a difference.
"""

import asyncio
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson
import pytest

from audit.entry import parse_leaf
from audit.proof import parse_proof
from gateway.demo.data import load_clients
from gateway.identity.clients import Hat
from gateway.identity.keys import ensure_keys
from gateway.identity.tokens import TokenIssuer
from gateway.openings import registry_of
from gateway.settings import Settings
from gateway.wiring import utc_now
from tests.alike import told_apart
from tests.builders import NOBODY, ROOT, YUSUF, about, free_port, make_client, settings_of
from tests.serving import served

HAT = Hat("gem-schuldhulp", "medewerker-vroegsignalering")
RON = "999924680"
# Ron is theirs and gets no debt help; Yusuf is known elsewhere; nobody knows the third.
KINDS = {"no": RON, "not known": NOBODY, "not yours": YUSUF}
EACH = 120
# Behind a veil requests mostly wait, so four of them meet about as much work as one without.
AT_ONCE_VEILED, AT_ONCE_BARE = 4, 1
# Without an index a source takes its time, so that it shows whether it was asked.
STRANGERS = 100_000
SEED = 20_260_302
FRESH = ("id", "time", "counter", "trace", "span", "commitments")


def chance() -> Random:
    """Return the same chance in every run; nothing is kept secret by it."""
    return Random(SEED)  # noqa: S311 (an order of asking, no key)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a requester sees of one answer.

    Units:   took_s from request to answer; entered_ms from the request to its entry in the ledger.
    """

    kind: str
    took_s: float
    entered_ms: int
    shape: bytes


def prepare(folder: Path, old: str = "", new: str = "") -> Settings:
    """Return the settings of a gateway that knows Ron, with a policy that was edited."""
    shutil.copytree(ROOT / "purposes", folder / "purposes")
    purpose = folder / "purposes" / "schulden" / "niet-dubbel-benaderen.yaml"
    text = purpose.read_text(encoding="utf-8")
    assert old in text
    purpose.write_text(text.replace(old, new), encoding="utf-8")
    register, port = folder / "bron.db", free_port()
    load_clients(ROOT / "deploy" / "demo" / "clients.json", register, utc_now().date())
    with closing(sqlite3.connect(register)) as connection, connection:
        connection.execute("DELETE FROM schuldhulp_traject WHERE bsn = ?", [RON])
        names = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?"
        for (name,) in connection.execute(names, ["schuldhulp_traject"]).fetchall():
            connection.execute(f'DROP INDEX "{name}"')
        strangers = ([f"vreemde-{number}"] for number in range(STRANGERS))
        connection.executemany("INSERT INTO schuldhulp_traject (bsn) VALUES (?)", strangers)
    settings = settings_of(
        folder / "home",
        source=register,
        cases=register,
        purposes=folder / "purposes",
        public_url=f"http://127.0.0.1:{port}",
        port=port,
    )
    registry_of(settings).add(make_client("schulden", frozenset({HAT})))
    return settings


@pytest.fixture(scope="module")
def veiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Seen]]:
    """Give what is seen of a gateway that answers behind a veil, on a quicker beat."""
    folder = tmp_path_factory.mktemp("veiled")
    settings = prepare(folder, "answer_after_ms: 300", "answer_after_ms: 240")
    with served(settings):
        yield asyncio.run(ask_all(settings, AT_ONCE_VEILED))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Seen]]:
    """Give what is seen of the same gateway without a veil."""
    folder = tmp_path_factory.mktemp("bare")
    old = (ROOT / "purposes/schulden/niet-dubbel-benaderen.yaml").read_text(encoding="utf-8")
    begin, end = old.index("indistinguishable:"), old.index("fields:  ")
    settings = prepare(folder, old[begin:end], "")
    with served(settings):
        yield asyncio.run(ask_all(settings, AT_ONCE_BARE))


async def ask_all(settings: Settings, at_once: int) -> list[Seen]:
    """Ask everything in random order, so many at a time, and return what was seen."""
    order = [kind for kind in KINDS for _ in range(EACH)]
    chance().shuffle(order)
    waiting = iter(order)
    headers = {"authorization": f"Bearer {token_for(settings)}"}
    async with httpx.AsyncClient(base_url=settings.public_url, headers=headers) as http:

        async def ask_on() -> list[Seen]:
            return [await ask(http, kind) for kind in waiting]

        for kind in KINDS:
            await ask(http, kind)
        asked = await asyncio.gather(*(ask_on() for _ in range(at_once)))
    return [each for one in asked for each in one]


async def ask(http: httpx.AsyncClient, kind: str) -> Seen:
    """Ask about a person of this kind, and return what is seen of it."""
    body = {
        "task": "wgs-vroegsignalering",
        "activity": "eerste-gesprek-aanbieden",
        "purpose": "niet-dubbel-benaderen",
        "subject": about(KINDS[kind]),
    }
    sent_ms, began = time.time_ns() // 1_000_000, time.perf_counter()
    response = await http.post("/v1/disclosures", json=body)
    took = time.perf_counter() - began
    leaf = leaf_of(response)
    return Seen(kind, took, int(leaf["time"]) - sent_ms, shape_of(response, leaf))


def leaf_of(response: httpx.Response) -> dict[str, Any]:
    """Return the entry that the requester holds in the receipt."""
    proof = response.json()["receipt"]["proof"]
    return dict(parse_leaf(parse_proof(proof.encode()).extra))


def shape_of(response: httpx.Response, leaf: dict[str, Any]) -> bytes:
    """Return all that is seen of an answer besides time, without what is new in every answer."""
    body = response.json()
    receipt = body.pop("receipt")
    for entry in body.get("data", {}).values():
        entry["as_of"] = len(entry["as_of"])
    return orjson.dumps(
        {
            "status": response.status_code,
            "headers": sorted(set(response.headers)),
            "body": body | {"disclosure_id": len(body["disclosure_id"])},
            "length": len(response.content) - len(json.dumps(receipt, separators=(",", ":"))),
            "leaf": {name: value for name, value in leaf.items() if name not in FRESH},
            "fresh": [name for name in FRESH if name in leaf],
            "committed": sorted(leaf["commitments"]),
        },
        option=orjson.OPT_SORT_KEYS,
    )


def token_for(settings: Settings) -> str:
    """Return a good token of somebody who looks after signals of debt."""
    issuer = TokenIssuer(
        key=ensure_keys(settings.home / "keys", random=os.urandom).token,
        issuer=settings.public_url,
        audience=settings.public_url,
        oins={},
        random=os.urandom,
    )
    client = make_client("schulden", frozenset({HAT}))
    return issuer.issue(client, HAT, "medewerker-9", now=utc_now()).token


def times_of(seen: list[Seen]) -> dict[str, list[float]]:
    """Return how long the answers of each kind took."""
    return {kind: [each.took_s for each in seen if each.kind == kind] for kind in KINDS}


def entries_of(seen: list[Seen]) -> dict[str, list[float]]:
    """Return how long after the request the entries of each kind were made."""
    return {kind: [each.entered_ms for each in seen if each.kind == kind] for kind in KINDS}


def test_everything_but_time_is_the_same(veiled: list[Seen]) -> None:
    """Status, headers, members, values, length and entry agree, byte for byte."""
    shapes = {each.shape for each in veiled}

    assert len(shapes) == 1
    assert orjson.loads(shapes.pop())["status"] == 200


def test_the_time_of_an_answer_does_not_tell(veiled: list[Seen]) -> None:
    """How long answers take has one distribution for the three kinds."""
    assert not told_apart(times_of(veiled), chance())


def test_the_time_of_an_entry_does_not_tell(veiled: list[Seen]) -> None:
    """Nor does the moment of the entry, which the requester reads in the receipt."""
    assert not told_apart(entries_of(veiled), chance())


def test_without_a_veil_the_same_is_told_apart(bare: list[Seen]) -> None:
    """The power of all three: the same gateway, asked the same way, gives the kinds away."""
    assert len({each.shape for each in bare}) > 1
    assert told_apart(times_of(bare), chance())


def test_without_a_veil_its_entries_are_told_apart_too(bare: list[Seen]) -> None:
    """A receipt names the millisecond of the entry, and that gives the kinds away as well."""
    assert told_apart(entries_of(bare), chance())
