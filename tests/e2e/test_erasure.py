"""Erasing a person from a whole gateway: every log, what waits beside it, and the folder."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.entry import Draft, EntryType, new_request_id
from audit.ledger import Ledger
from gateway.cases.rows import key_of
from gateway.cases.tables import METADATA, VERSION_TABLE
from gateway.citizen.delivery import Folder, Post
from gateway.citizen.store import SqlMessages
from gateway.cli.main import app
from gateway.identity.keys import IDEMPOTENCY_KEY, ensure_keys
from gateway.log.access import this_year
from gateway.log.place import log_place, open_writing
from gateway.subject import parse_bsn
from tests.builders import HENK, YUSUF, House, open_house
from tests.fakes_inbox import answers, waiting
from tests.fakes_informing import follower, last_at

pytestmark = pytest.mark.anyio

ORDER = ("--ground", "client_request", "--professional", "fg-1")
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
CANARY = "De kanarie fluit drie keer in de oude molen."


@pytest.fixture
async def opened(register: Path, cases_file: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Give a gateway in which requests wait, and that puts messages into a folder."""
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute("DELETE FROM confirmation")
        # The copy holds the registers too, in which nobody is erased.
        tables = [name for (name,) in connection.execute(_TABLES)]
        for name in set(tables) - {*METADATA.tables, VERSION_TABLE}:
            connection.execute(f"DROP TABLE {name}")
    folder = tmp_path / "berichten"
    folder.mkdir()
    async with open_house(
        tmp_path / "home", source=register, cases=cases_file, inform_folder=folder
    ) as house:
        yield house


async def erase(house: House, *more: str, bsn: str = YUSUF) -> Result:
    """Erase a person beside the gateway, in the environment of its operator."""
    chosen = house.settings
    env = {
        "DOELPOORT_HOME": str(chosen.home),
        "DOELPOORT_PUBLIC_URL": chosen.public_url,
        "DOELPOORT_SOURCE_URL": chosen.source_url,
        "DOELPOORT_CASES_URL": chosen.cases_url,
        "DOELPOORT_INFORM_FOLDER": str(chosen.inform_folder),
    }
    call = partial(
        CliRunner().invoke, app, ["audit", "erase", *ORDER, *more], env=env, input=f"{bsn}\n"
    )
    return await asyncio.to_thread(call)


async def lived(house: House) -> None:
    """Let a question be answered and told, another wait, and a message lie in the folder."""
    justified = {"specialisatie_ingezet": CANARY}
    done = await waiting(house, justifications=justified)
    await answers(house, done, {"answer": "yes"})
    await house.get(f"/v1/disclosures/{done}")
    await waiting(house, justifications=justified)
    await follower(house).follow()
    messages = SqlMessages(house.services.book)
    await Post(messages, Folder(folder_of(house)), lambda: last_at(house)).deliver()


def folder_of(house: House) -> Path:
    """Return the folder of the messages."""
    folder = house.settings.inform_folder
    assert folder is not None
    return folder


def held_in(*folders: Path) -> bytes:
    """Return all that the files in these folders hold, but the register's own."""
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in paths if not path.name.startswith("bron.db"))


async def in_earlier_year(house: House) -> None:
    """Record in the log of last year what this gateway recorded last."""
    keys = ensure_keys(house.settings.home / "keys", random=house.services.random)
    person = parse_bsn(YUSUF).as_bytes()
    members = {"organisation": "0" * 20, "role": "r", "ground": "own_request"}
    identity = new_request_id(1, house.services.random)
    with ExitStack() as stack:
        ledger: Ledger = open_writing(log_place(house.settings, keys, this_year() - 1), stack)
        await ledger.append(
            Draft(EntryType.ACCESS, identity, members, {"professional": b"p"}, person)
        )


def without_cases(store: Path, person: str) -> None:
    """Take away what is kept about a person when the person is erased."""
    theirs = (
        "DELETE FROM case_party WHERE case_id IN (SELECT id FROM case_record WHERE subject = ?)"
    )
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(theirs, (person,))
        for table in ("case_record", "consent", "representation"):
            connection.execute(f"DELETE FROM {table} WHERE subject = ?", (person,))  # noqa: S608 (our own names)


async def test_no_word_of_what_was_asked_is_left(opened: House, tmp_path: Path) -> None:
    """Questions, views, messages and their files go; neither words nor number are in any file."""
    await lived(opened)
    without_cases(tmp_path / "zaken.db", key_of(parse_bsn(YUSUF)))
    before = held_in(tmp_path)
    [message] = folder_of(opened).iterdir()

    done = await erase(opened)

    after = held_in(tmp_path)
    assert done.exit_code == 0, done.output
    assert CANARY.encode() in before
    assert YUSUF.encode() in before
    assert CANARY.encode() not in after
    assert YUSUF.encode() not in after
    assert not message.exists()
    assert "2 vragen aan professionals" in done.output
    assert "1 berichten in de map" in done.output
    assert YUSUF not in done.output


async def test_every_year_is_erased(opened: House) -> None:
    """Without a year, all logs that are kept; each records it for itself."""
    await lived(opened)
    await in_earlier_year(opened)

    done = await erase(opened)

    assert done.exit_code == 0, done.output
    assert f"Register {this_year()}" in done.output
    assert f"Register {this_year() - 1}" in done.output


async def test_one_year_can_be_named(opened: House) -> None:
    """The twin: a log that is not named is left alone."""
    await lived(opened)
    await in_earlier_year(opened)

    done = await erase(opened, "--year", str(this_year() - 1))
    rest = await erase(opened)

    assert f"Register {this_year() - 1}" in done.output
    assert f"Register {this_year()}:" not in done.output
    assert f"Register {this_year()}:" in rest.output


async def test_what_is_kept_is_named_with_its_reason(opened: House) -> None:
    """Cases and consents stay by number, also when there was nothing to erase."""
    done = await erase(opened, bsn=HENK)

    assert done.exit_code == 2
    assert "Er was niets te wissen" in done.output
    assert "Bewaard (kept)" in done.output
    assert "bewaartermijn" in done.output
    assert "NothingToErase" in done.output


async def test_a_key_that_finds_nobody_is_named(opened: House) -> None:
    """Under another key nothing would be found to erase, and that is no erasure."""
    await lived(opened)
    (opened.settings.home / "keys" / IDEMPOTENCY_KEY).write_bytes(bytes(range(32)))

    done = await erase(opened)

    assert done.exit_code == 1
    assert "cases niet bereikt (not reached): KeysUnsafe" in done.output


async def test_a_folder_that_is_gone_is_named(opened: House) -> None:
    """The rest is erased; the exit status and the text say what is left to do."""
    await lived(opened)
    for path in folder_of(opened).iterdir():
        path.unlink()
    folder_of(opened).rmdir()

    done = await erase(opened)

    assert done.exit_code == 1
    assert "NOG TE DOEN (left to do): message_files" in done.output
    assert "2 vragen aan professionals" in done.output


async def test_a_log_that_cannot_be_opened_is_named(opened: House) -> None:
    """One broken year keeps nobody from erasing the others."""
    await lived(opened)
    (opened.settings.home / f"ledger-{this_year() - 1}.db").write_bytes(b"no database")

    done = await erase(opened)

    assert done.exit_code == 1
    assert f"NOG TE DOEN (left to do): ledger {this_year() - 1}" in done.output
    assert f"Register {this_year()}:" in done.output


async def test_a_step_that_is_not_recorded_yet_is_told(opened: House) -> None:
    """Its entry would bring the person back; until it is there the erasing is not done."""
    draft = Draft(EntryType.CASE, "e" * 32, {}, {}, parse_bsn(YUSUF).as_bytes())
    async with opened.services.book.writing() as pen:
        await pen.put_off(draft)

    done = await erase(opened)

    assert done.exit_code == 1
    assert "1 regels van stappen" in done.output
