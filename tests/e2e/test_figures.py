"""Steering information from the demo set, asked of a gateway that runs: groups, never persons."""

import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from audit.entry import parse_leaf
from audit.verifier.file import LedgerFile
from gateway.demo.ladder import ladder_tables
from gateway.identity.clients import Hat
from gateway.log.place import ledger_path
from gateway.openings import registry_of
from gateway.partner import private_pem
from gateway.settings import Settings
from gateway.wiring import utc_now
from tests.builders import client_key, free_port, make_client
from tests.serving import command, environment_of, prepare, served

POLICY = Hat("gem-beleid", "beleidsadviseur")
STEPS = ("gemw-beleid", "beleid-evalueren", "duur-en-maatwerk-per-trede")
SMALLEST = 10


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Give a gateway over the demo set, to which the policy department is connected."""
    folder = tmp_path_factory.mktemp("poort")
    made = prepare(folder, free_port())
    registry_of(made).add(make_client("beleid", frozenset({POLICY})))
    (folder / "beleid.pem").write_bytes(private_pem(client_key("beleid")))
    with served(made):
        yield made


def ask(settings: Settings, *more: str, stdin: str = "\n") -> subprocess.CompletedProcess[str]:
    """Ask with the command line, the way a policy adviser would."""
    key = str(settings.home.parent / "beleid.pem")
    who = ("--client", "beleid", "--key", key, "--professional", "medewerker-7")
    hat = ("--organisation", POLICY.organisation, "--role", POLICY.role)
    return subprocess.run(
        command("ask", *STEPS, "--url", settings.public_url, *who, *hat, *more),
        env=environment_of(settings),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def data(settings: Settings, *more: str) -> dict[str, Any]:
    """Return the data of an answer."""
    result = ask(settings, "--output", "json", *more)
    assert result.returncode == 0, result.stdout + result.stderr
    answered: dict[str, Any] = json.loads(result.stdout)["data"]
    return {name: entry["value"] for name, entry in answered.items()}


def in_the_register(year: int, step: int) -> int:
    """Count by hand how many persons stood on a step in a year."""
    rows = ladder_tables(utc_now().date())["participatieladder"]
    return len({r["bsn"] for r in rows if (r["jaar"], r["trede"]) == (year, step)})


def test_the_questions_of_the_council_are_answered(settings: Settings) -> None:
    """How many persons per step and how long: for every closed year, with what is really there."""
    year = utc_now().year - 2

    answered = data(settings)

    told = {(c.get("jaar"), c.get("trede")): c for c in answered["deelnemers_per_trede"]}
    durations = {(c["jaar"], c["trede"]): c for c in answered["duur_per_trede"]}
    assert told[str(year), "3"] == {
        "jaar": str(year),
        "trede": "3",
        "persons": in_the_register(year, 3),
    }
    assert 2 < durations[str(year), "3"]["mean"] < 16
    assert {c["jaar"] for c in durations.values()} == {str(year + n) for n in (-2, -1, 0, 1)}


def test_small_cells_are_suppressed_and_never_zero(settings: Settings) -> None:
    """A cell in which few or no persons are says so, and has no number."""
    because = (
        "--field",
        "maatwerk_per_thema",
        "--because",
        "maatwerk_per_thema=Voor het debat over knellende regels.",
    )

    answered = data(settings, *because)["maatwerk_per_thema"]

    told = [cell for cell in answered if "suppressed" not in cell]
    hidden = [cell for cell in answered if "suppressed" in cell]
    assert all(cell["persons"] >= SMALLEST for cell in told)
    assert all("persons" not in cell for cell in hidden)
    assert {cell["thema"] for cell in hidden if "thema" in cell} >= {"identiteit", "zorg"}


def test_asking_again_gives_the_same_table(settings: Settings) -> None:
    """What was corrected in a closed year since the first answer does not show."""
    before = data(settings)
    with closing(sqlite3.connect(settings.home.parent / "bron.db")) as register, register:
        register.execute(
            "DELETE FROM participatieladder WHERE bsn = (SELECT MIN(bsn) FROM participatieladder)"
        )

    assert data(settings) == before


def test_a_person_reads_a_table(settings: Settings) -> None:
    """On the command line each cell has a line, a suppressed one too."""
    result = ask(settings)

    assert result.returncode == 0
    assert re.search(r"jaar \d{4}, trede 3: \d+ mensen \(people\)", result.stdout)
    assert "trede 1: onderdrukt (suppressed)" in result.stdout


def test_the_entry_is_about_nobody(settings: Settings) -> None:
    """The ledger says what was told, of no subject, and no number of a person stands in it."""
    ask(settings)

    with LedgerFile.open(ledger_path(settings, utc_now().year)) as ledger:
        size, _ = ledger.head() or (0, b"")
        leaf = ledger.entry(size - 1) or b""

    entry = parse_leaf(leaf)
    assert (entry["type"], entry["purpose"], entry["subjects"]) == ("disclosure", STEPS[2], 0)
    assert not re.search(rb"9999\d{5}", leaf)


def test_figures_are_not_told_of_a_person(settings: Settings) -> None:
    """The same question about one person is refused."""
    result = ask(settings, stdin="999911235\n")

    assert result.returncode == 1
    assert "PERSON_IN_AGGREGATE" in result.stdout


def test_somebody_else_gets_no_figures(settings: Settings) -> None:
    """Without the word of a registered policy department there is no answer."""
    body = dict(zip(("task", "activity", "purpose"), STEPS, strict=True))

    answer = httpx.post(f"{settings.public_url}/v1/disclosures", json=body)

    assert answer.status_code == 401
