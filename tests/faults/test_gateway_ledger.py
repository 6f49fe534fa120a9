"""A ledger that cannot be written: 503 and no data; nothing is released without an entry."""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_kept_receipt, verify_ledger
from tests.builders import WMO, House, flag, open_house, scooter

pytestmark = pytest.mark.anyio

FLAG = "specialisatie_ingezet"


def assert_unavailable(response: httpx.Response) -> None:
    """Check that the answer is a 503 without any data."""
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:doelpoort:problem:ledger-unavailable"
    assert response.json().keys() == {
        "type",
        "title",
        "title_en",
        "status",
        "detail",
        "detail_en",
    }
    assert FLAG not in response.text


def meddle(house: House, *statements: str) -> None:
    """Do something to the ledger file behind the gateway's back."""
    with closing(sqlite3.connect(house.gateway.ledger_path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


# What an auditor's copy, a backup or an administrator may do: the file takes no entry for a while.
CLOSE = "CREATE TRIGGER dicht BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'alleen lezen'); END"
OPEN = "DROP TRIGGER dicht"
# What nobody may do: a part of the ledger is gone, and what was written is not certain any more.
BREAK = "ALTER TABLE particulars RENAME TO weg"


def assert_whole(house: House, proofs: list[str]) -> None:
    """Check the ledger from its first byte, and that it holds every receipt that was given."""
    with LedgerFile.open(house.gateway.ledger_path) as reader:
        verify_ledger(reader, vkey=house.gateway.vkey)
        for proof in proofs:
            verify_kept_receipt(reader, proof.encode(), vkey=house.gateway.vkey)


@pytest.mark.parametrize("fields", [None, ["behandelplan_tekst"]], ids=["release", "refusal"])
async def test_a_ledger_that_takes_no_entry_releases_nothing(house: House, fields: object) -> None:
    """While the ledger takes no entry, neither data nor refusals leave; afterwards they do."""
    body = flag() if fields is None else flag(fields=fields)
    meddle(house, CLOSE)
    before = house.size

    refused = await house.ask(body)
    meddle(house, OPEN)
    answered = await house.ask(body)

    assert_unavailable(refused)
    assert answered.status_code == (200 if fields is None else 403)
    assert house.size == before + 1
    assert_whole(house, [answered.json()["receipt"]["proof"]])


async def test_a_locked_ledger_releases_nothing(house: House) -> None:
    """When another program holds the file, the answer is 503; the entry is not lost later on."""
    path = house.gateway.ledger_path
    before = house.size
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = await house.ask(flag())
        other.execute("ROLLBACK")
    other.close()

    answered = await house.ask(flag())

    assert_unavailable(refused)
    assert answered.status_code == 200
    assert house.size == before + 1


async def test_a_ledger_that_broke_stops_everything(house: House) -> None:
    """After a failure of unknown outcome nothing is signed any more, and health says so."""
    meddle(house, BREAK)

    answers = [await house.ask(flag()), await house.ask(scooter(), WMO)]
    health = await house.http.get("/v1/health")

    for answer in answers:
        assert_unavailable(answer)
    assert health.status_code == 503
    assert health.json()["status"] == "stopped"


async def test_a_stopped_ledger_can_still_be_read(house: House) -> None:
    """The checkpoint and the receipts of before are still there."""
    answer = (await house.ask(flag())).json()
    meddle(house, BREAK)
    await house.ask(flag())

    receipt = await house.get(f"/v1/disclosures/{answer['disclosure_id']}/receipt")
    checkpoint = await house.http.get("/log/checkpoint")

    assert receipt.json() == answer["receipt"]
    assert checkpoint.status_code == 200


@pytest.mark.parametrize("path", ["/log/checkpoint", f"/v1/disclosures/{'0' * 32}/receipt"])
async def test_a_ledger_that_cannot_be_read_is_unavailable(house: House, path: str) -> None:
    """When reading fails the answer is 503, not a bug."""
    meddle(house, "DROP TABLE checkpoint", "DROP TABLE entry")

    response = await house.get(path)

    assert response.status_code == 503


@pytest.mark.parametrize("headers", [{}, {"idempotency_key": "k"}], ids=["no key", "key"])
async def test_a_failed_attempt_leaves_nothing_to_replay(
    house: House, headers: dict[str, Any]
) -> None:
    """After a 503 the same call is decided anew, and gives one entry."""
    meddle(house, CLOSE)
    before = house.size
    refused = await house.ask(flag(), **headers)
    meddle(house, OPEN)

    answered = await house.ask(flag(), **headers)

    assert_unavailable(refused)
    assert answered.status_code == 200
    assert house.size == before + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of its own of 1 MB, or skip where that cannot be made."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_full_disk_releases_nothing_without_an_entry(
    small_disk: Path, register: Path
) -> None:
    """When the disk is full the answers are 503, and what was released before all stands."""
    async with open_house(small_disk / "home", source=register, cases=register) as house:
        answers = [await house.ask(flag()) for _ in range(5)]
        fill(small_disk)
        answers += await asyncio.gather(*(house.ask(flag()) for _ in range(40)))
        released = [answer for answer in answers if answer.status_code == 200]
        failed = [answer for answer in answers if answer.status_code != 200]
        for answer in failed:
            assert_unavailable(answer)
        disclosures = [leaf for leaf in house.leaves() if leaf["type"] == "disclosure"]
        (small_disk / "filler").unlink()
        again = await house.ask(flag())
        assert_whole(house, [answer.json()["receipt"]["proof"] for answer in released])

    assert failed
    assert len(released) == len(disclosures)
    assert again.status_code in {200, 503}


def fill(disk: Path) -> None:
    """Write until nothing fits any more."""
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 1024):
            pass


async def test_a_gateway_comes_back_after_a_full_disk(small_disk: Path, register: Path) -> None:
    """Once there is room again a restart finds a whole ledger and goes on."""
    async with open_house(small_disk / "home", source=register, cases=register) as house:
        first = await house.ask(flag())
        fill(small_disk)
        await asyncio.gather(*(house.ask(flag()) for _ in range(40)))
        (small_disk / "filler").unlink()
    async with open_house(small_disk / "home", source=register, cases=register) as house:
        second = await house.ask(flag())
        assert_whole(house, [each.json()["receipt"]["proof"] for each in (first, second)])

    assert second.status_code == 200
