"""Several gateways write to one log, each with a sequencer process of its own."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.entry import Receipt, parse_leaf
from audit.errors import DuplicateRequest, LedgerInUse, LedgerStopped
from audit.ledger import Ledger
from audit.proof import verify_receipt
from audit.seal import SealKeys
from audit.sequencer.wire import LogSettings
from audit.storage.connect import open_reader
from audit.storage.engines import engine_of
from audit.storage.migrate import migrate
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_ledger
from tests.fakes_audit import make_draft, make_settings, make_signer
from tests.ledger_copy import copy_to_file
from tests.postgresql_server import Server, fresh_origin, running

pytestmark = pytest.mark.anyio

GATEWAYS = ("gw-1", "gw-2", "gw-3")
EACH = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Give a PostgreSQL server."""
    with running() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> LogSettings:
    """Give the settings of one gateway, over each store in turn."""
    made = make_settings(tmp_path)
    if request.param == "sqlite":
        return made
    server: Server = request.getfixturevalue("server")
    origin = fresh_origin()
    migrate(server.url(), origin)
    return replace(made, url=server.url(), origin=origin)


def of(settings: LogSettings, gateway: str) -> LogSettings:
    """Give the settings of another gateway on the same log."""
    mark = settings.high_water.with_name(f"marks-{gateway}")
    return replace(settings, gateway_id=gateway, high_water=mark)


def file_of(settings: LogSettings, folder: Path) -> Path:
    """Give the log as a file that the verifier can read."""
    if settings.url.startswith("sqlite"):
        return folder / "ledger.db"
    return copy_to_file(settings.url, settings.origin, folder / "copy.db")


async def test_gateways_append_at_the_same_time(settings: LogSettings, tmp_path: Path) -> None:
    """Every receipt verifies, the log is whole, and each gateway counts without a gap."""
    with ExitStack() as opened:
        ledgers = [Ledger.open(of(settings, gateway)) for gateway in GATEWAYS]
        for ledger in ledgers:
            opened.callback(ledger.close)
        receipts = await asyncio.gather(
            *(
                ledger.append(make_draft(1000 * turn + number))
                for number in range(EACH)
                for turn, ledger in enumerate(ledgers)
            )
        )
        receipts += [await ledger.append(make_draft(9000 + n)) for n, ledger in enumerate(ledgers)]
    vkey = make_signer(name=settings.origin).verifier.vkey
    leaves = [parse_leaf(verify_receipt(receipt.proof, vkey)) for receipt in receipts]
    with LedgerFile.open(file_of(settings, tmp_path)) as reader:
        summary = verify_ledger(reader, vkey=vkey)

    assert summary.size == 1 + len(receipts)
    assert Counter(leaf["gateway"] for leaf in leaves) == dict.fromkeys(GATEWAYS, EACH + 1)
    assert sorted(receipt.index for receipt in receipts) == list(range(1, summary.size))


async def test_a_gateway_id_belongs_to_one_process(settings: LogSettings) -> None:
    """The same id twice is refused; another id may join, and the id is free after the end."""
    first = Ledger.open(settings)
    with pytest.raises(LedgerInUse):
        Ledger.open(replace(of(settings, "gw-1"), patience_s=0.0))
    other = Ledger.open(of(settings, "gw-2"))
    other.close()
    first.close()

    again = Ledger.open(settings)
    receipt = await again.append(make_draft(1))
    again.close()

    assert receipt.index == 1


async def test_a_request_stands_once_whichever_gateway_takes_it(settings: LogSettings) -> None:
    """The second gateway that is asked finds the entry of the first."""
    with ExitStack() as opened:
        first, second = (Ledger.open(of(settings, gateway)) for gateway in GATEWAYS[:2])
        opened.callback(first.close)
        opened.callback(second.close)
        await first.append(make_draft(1))

        with pytest.raises(DuplicateRequest):
            await second.append(make_draft(1))
        receipt = await second.append(make_draft(2))

    assert isinstance(receipt, Receipt)


async def test_a_subject_has_one_key_whichever_gateway_met_it(settings: LogSettings) -> None:
    """Keys that another gateway made are found, not made again."""
    with ExitStack() as opened:
        for gateway in GATEWAYS:
            ledger = Ledger.open(of(settings, gateway))
            opened.callback(ledger.close)
            await ledger.append(make_draft(int(gateway[-1])))
    reader = open_reader(settings.url, settings.origin)
    keys = list(reader.subject_keys())
    reader.close()

    assert len(keys) == 1


async def test_a_gateway_with_old_keys_stops_when_the_epoch_moved(settings: LogSettings) -> None:
    """After a rotation nothing may be sealed under a key that was wrapped before."""
    old = Ledger.open(settings)
    await old.append(make_draft(1))
    _move_epoch(settings)

    with pytest.raises(LedgerStopped, match="KeysRotated"):
        await old.append(make_draft(2))
    old.close()
    keys = SealKeys({1: b"e" * 32, 2: b"f" * 32}, b"p" * 32)
    again = Ledger.open(replace(settings, keys=keys))
    receipt = await again.append(replace(make_draft(3), subject=b"another"))
    again.close()

    assert receipt.index == 2


def _move_epoch(settings: LogSettings) -> None:
    engine = engine_of(settings.url, settings.origin, mode="rw")
    with engine.begin() as connection:
        connection.execute(text("UPDATE head SET epoch = 2"))
    engine.dispose()
