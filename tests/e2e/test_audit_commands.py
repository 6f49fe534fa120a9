"""The commands over the ledger of a real gateway that goes on serving."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from audit.entry import Draft, EntryType, Json, parse_leaf
from gateway.cli.main import app
from gateway.log.access import KEEPER_ID, log_vkey, open_log_reader, this_year
from gateway.replay.reconcile import Finding
from tests.builders import (
    CARE_WORKER,
    MOTIVATION,
    SCHOOL,
    WMO,
    YUSUF,
    House,
    feedback,
    flag,
    scooter,
)

pytestmark = pytest.mark.anyio

ORDER = ["--ground", "client_request", "--professional", "fg-1"]
ROLE = ["--role", "functionaris"]


async def run(house: House, *arguments: str, stdin: str | None = None) -> Result:
    """Run a command beside the gateway, in the environment of its operator."""
    chosen = house.settings
    env = {
        "DOELPOORT_HOME": str(chosen.home),
        "DOELPOORT_PUBLIC_URL": chosen.public_url,
        "DOELPOORT_SOURCE_URL": chosen.source_url,
        "DOELPOORT_CASES_URL": chosen.cases_url,
    }
    call = partial(CliRunner().invoke, app, ["audit", *arguments], env=env, input=stdin)
    return await asyncio.to_thread(call)


async def run_json(house: House, *arguments: str, status: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Run a command that ends with this status, and return what it says for a program."""
    result = await run(house, *arguments, "--output", "json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


@pytest.fixture
async def used(house: House) -> House:
    """Give a gateway that released and refused for many reasons."""
    await house.ask(flag())
    await house.ask(flag(fields=["verwachte_duur_band"]))
    await house.ask(
        flag(
            fields=["verwachte_duur_band", "adres"],
            justifications={"verwachte_duur_band": MOTIVATION},
            over_asking="withhold",
        )
    )
    await house.ask(scooter(), WMO)
    await house.ask(feedback(), SCHOOL)
    await house.ask(flag(), CARE_WORKER)
    await house.ask(flag(purpose="alles weten"))
    await house.ask(flag(purpose=["a", "b"]))
    await house.ask(flag(task="verzonnen"))
    await house.ask(flag(subject={"type": "bsn", "value": "999911234"}))
    await house.ask(flag(subject=...))
    return house


async def test_what_a_gateway_decided_is_decided_the_same_again(used: House) -> None:
    """Released or refused, every entry says what its policy gives."""
    found = await run_json(used, "replay")

    assert found == {"same": 11, "different": 0, "undecided": {}, "differences": []}


def leaves(house: House, since: int = 0) -> list[dict[str, Any]]:
    """Return the entries from this index on, those of keepers included."""
    log = house.services.log
    found = log.entries(since, log.head().size)
    return [dict(parse_leaf(entry.leaf)) for entry in found if entry.leaf is not None]


def rigged(house: House, **changes: Json) -> Draft:
    """Return an entry as the last one, but for these members."""
    [last] = [leaf for leaf in leaves(house) if leaf["type"] == "disclosure"][:1]
    header = {"v", "type", "id", "time", "gateway", "counter", "commitments"}
    members = {name: value for name, value in last.items() if name not in header}
    return Draft(EntryType.DISCLOSURE, "f" * 32, {**members, **changes}, {"content": b"x"})


async def test_a_wider_release_that_was_written_past_the_gate_is_found(used: House) -> None:
    """The sequencer signs what it is given; the replay tells that no policy gave it."""
    wider: Json = [{"field": "behandelplan_tekst", "precision": "exact"}]
    await used.services.gate.ledger.append(rigged(used, released=wider))

    result = await run(used, "replay")
    found = await run_json(used, "replay", status=1)

    assert result.exit_code == 1
    assert "1 anders" in result.output
    assert "behandelplan_tekst" in result.output
    assert (found["same"], found["different"]) == (11, 1)
    assert found["differences"][0]["members"] == ["released"]


async def test_an_entry_of_a_policy_that_was_not_kept_is_not_counted_as_right(used: House) -> None:
    """Exit status 3: nothing is wrong as far as can be told."""
    await used.services.gate.ledger.append(rigged(used, policy="0" * 64))

    result = await run(used, "replay")

    assert result.exit_code == 3
    assert "niet bewaard" in result.output


async def test_a_period_takes_its_entries_only(used: House) -> None:
    """A day without requests has nothing to decide again."""
    found = await run_json(used, "replay", "--from", "2020-01-01", "--to", "2020-12-31")

    assert found["same"] == 0


async def test_a_bundle_is_verified_by_anybody(used: House, tmp_path: Path) -> None:
    """What the command writes, the auditor's command accepts, with the key that was told."""
    out = tmp_path / "bundle"

    written = await run(used, "export", str(out))
    verified = await run(used, "verify", str(out), "--key", log_vkey(used.settings, this_year()))

    assert written.exit_code == 0, written.output
    assert log_vkey(used.settings, this_year()) in written.output
    assert verified.exit_code == 0, verified.output
    assert (out / "policies" / used.services.gate.catalogue.revision).is_file()
    assert not (out / "openings").exists()


async def test_a_part_of_the_log_is_exported_for_one_party(used: House, tmp_path: Path) -> None:
    """An organisation sees its own entries; of the others it has proofs only."""
    oin = used.services.gate.catalogue.organisations[SCHOOL.organisation].oin
    out = tmp_path / "bundle"

    written = await run(used, "export", str(out), "--organisation", oin)
    lines = (out / "selection").read_text(encoding="utf-8")

    assert written.exit_code == 0, written.output
    assert oin in lines
    assert "lichte-of-zware-hulp" not in lines


async def test_openings_are_exported_to_who_says_why(used: House, tmp_path: Path) -> None:
    """Each entry that is opened leaves an entry of its own."""
    out, before = tmp_path / "bundle", used.size
    purpose = ["--purpose", "weten-dat-leerling-geholpen-wordt"]

    refused = await run(used, "export", str(out), "--openings")
    written = await run(used, "export", str(out), *purpose, "--openings", *ORDER, *ROLE)
    key = log_vkey(used.settings, this_year())
    verified = await run(used, "verify", str(out), "--key", key)

    assert refused.exit_code == 2
    assert written.exit_code == 0, written.output
    assert verified.exit_code == 0, verified.output
    assert [leaf["type"] for leaf in leaves(used, before)] == ["access"]
    assert (out / "openings").read_text(encoding="utf-8").count('"subject"') == 1


async def test_receipts_and_queries_agree_with_the_ledger(house: House, tmp_path: Path) -> None:
    """What a recipient kept and what a source logged is what the gate recorded."""
    answer = (await house.ask(flag())).json()
    receipts, queries = tmp_path / "receipts", tmp_path / "queries"
    receipts.mkdir()
    (receipts / "1").write_text(answer["receipt"]["proof"], encoding="utf-8")
    [leaf] = [leaf for leaf in leaves(house) if leaf["type"] == "disclosure"]
    queries.write_text(json.dumps({"time": leaf["time"], "trace": leaf["trace"]}), encoding="utf-8")

    result = await run(house, "reconcile", "--receipts", str(receipts), "--queries", str(queries))

    assert result.exit_code == 0, result.output
    assert "Everything agrees" in result.output


async def test_what_does_not_agree_is_told_and_ends_otherwise(house: House, tmp_path: Path) -> None:
    """A missing receipt is a question to the recipient; a query beside the gate is an alarm."""
    await house.ask(flag())
    receipts, queries = tmp_path / "receipts", tmp_path / "queries"
    receipts.mkdir()
    queries.write_text('{"time": 1, "trace": "x"}', encoding="utf-8")
    command = ["reconcile", "--receipts", str(receipts)]

    asked = await run_json(house, *command, status=3)
    alarm = await run(house, *command, "--queries", str(queries))

    assert list(asked["found"]) == [Finding.DISCLOSURE_WITHOUT_RECEIPT]
    assert alarm.exit_code == 1
    assert "ALARM" in alarm.output


async def test_a_person_is_erased_by_a_number_on_standard_input(used: House) -> None:
    """Afterwards there is nothing left to erase, and the log verifies with the same key."""
    erased = await run(used, "erase", *ORDER, stdin=f"{YUSUF}\n")
    again = await run(used, "erase", *ORDER, stdin=f"{YUSUF}\n")
    wrong = await run(used, "erase", *ORDER, stdin="999911234\n")
    ledger = used.gateway.ledger_path
    verified = await run(used, "verify", str(ledger), "--key", used.gateway.vkey)

    assert erased.exit_code == 0, erased.output
    assert (again.exit_code, wrong.exit_code) == (2, 2)
    assert "NothingToErase" in again.output
    assert verified.exit_code == 0, verified.output
    assert [leaf["type"] for leaf in leaves(used)].count("erasure") == 1
    assert leaves(used)[-1]["gateway"] == KEEPER_ID
    assert YUSUF not in erased.output + again.output + wrong.output


async def test_a_look_is_recorded_before_it_is_shown(used: House) -> None:
    """Who looks sees the person, and stands in the ledger without a name."""
    [entry] = [leaf for leaf in leaves(used) if leaf["type"] == "disclosure"][:1]

    told = await run(used, "look", entry["id"], *ORDER, *ROLE, "--because", "Klacht.")
    seen = await run_json(used, "look", entry["id"], *ORDER, *ROLE)
    missing = await run(used, "look", "0" * 32, *ORDER, *ROLE)

    assert told.exit_code == 0, told.output
    assert YUSUF in told.output
    assert seen[0]["values"]["professional"] == "medewerker-7"
    assert missing.exit_code == 2
    accesses = [leaf for leaf in leaves(used) if leaf["type"] == "access"]
    assert [each["entry"] for each in accesses] == [entry["id"]] * 2


async def test_keys_are_rotated_and_the_log_goes_on(used: House) -> None:
    """The old key is destroyed; what is sealed opens with the new one, and nothing was lost."""
    [entry] = [leaf for leaf in leaves(used) if leaf["type"] == "disclosure"][:1]

    rotated = await run(used, "rotate")
    seen = await run(used, "look", entry["id"], *ORDER, *ROLE)

    assert rotated.exit_code == 0, rotated.output
    assert sorted(path.name for path in (used.settings.home / "keys").glob("seal-epoch*")) == [
        "seal-epoch-2.key"
    ]
    assert seen.exit_code == 0, seen.output
    assert YUSUF in seen.output


async def test_old_content_is_pruned_and_the_proofs_stay(house: House) -> None:
    """Whole tiles of entries lose their content; the log verifies, and their replay is untold."""
    await house.ask(flag())
    ledger = house.services.gate.ledger
    drafts = [Draft(EntryType.POLICY, f"{n:032x}", {"policy": "0" * 64}) for n in range(300)]
    await asyncio.gather(*(ledger.append(draft) for draft in drafts))

    early = await run(house, "retain", "--before", "2020-01-01", *ORDER)
    pruned = await run(house, "retain", "--before", "2999-01-01", *ORDER)
    replayed = await run_json(house, "replay", status=3)
    verified = await run(
        house, "verify", str(house.gateway.ledger_path), "--key", house.gateway.vkey
    )

    assert early.exit_code == 2
    assert pruned.exit_code == 0, pruned.output
    assert replayed["undecided"] == {"pruned": 256}
    assert verified.exit_code == 0, verified.output


async def test_entries_are_written_in_the_form_of_a_standard(used: House, tmp_path: Path) -> None:
    """One decision, one line; a file that is there is never written over."""
    out = tmp_path / "adl.jsonl"

    written = await run(used, "project", "adl", str(out))
    again = await run(used, "project", "adl", str(out))

    assert written.exit_code == 0, written.output
    assert len(out.read_text(encoding="utf-8").splitlines()) == 11
    assert again.exit_code == 2


async def test_the_state_of_the_log_is_told(used: House) -> None:
    """Its name, size, root and key, and that nobody else bore witness to it yet."""
    found = await run_json(used, "status")
    told = await run(used, "status")

    with open_log_reader(used.settings, this_year()) as opened:
        root = opened.reader.head().root.hex()
    assert (found["size"], found["vkey"], found["root"]) == (used.size, used.gateway.vkey, root)
    assert (found["cosigned"], found["stamped"]) == (None, None)
    assert found["vkey"] in told.output


async def test_tables_that_are_up_to_date_stay_as_they_are(used: House) -> None:
    """To migrate twice does no harm."""
    result = await run(used, "migrate")

    assert result.exit_code == 0, result.output


async def test_a_receipt_is_explained(house: House, tmp_path: Path) -> None:
    """A recipient reads in Dutch what the receipt proves."""
    answer = (await house.ask(flag())).json()
    receipt = tmp_path / "receipt"
    receipt.write_text(answer["receipt"]["proof"], encoding="utf-8")

    plain = await run(house, "explain", str(receipt))
    verified = await run(house, "explain", str(receipt), "--key", house.gateway.vkey)

    assert (plain.exit_code, verified.exit_code) == (0, 0)
    assert plain.output != verified.output


COMMANDS: dict[str, Callable[[Path], list[str]]] = {
    "export": lambda out: ["export", str(out / "bundle")],
    "replay": lambda _: ["replay"],
    "rotate": lambda _: ["rotate"],
    "status": lambda _: ["status"],
}


@pytest.mark.parametrize("name", COMMANDS)
async def test_the_wrong_home_is_explained(name: str, house: House, tmp_path: Path) -> None:
    """A command never makes a home, keys or a ledger where there are none."""
    arguments = COMMANDS[name](tmp_path)
    env = {
        "DOELPOORT_HOME": str(tmp_path / "elsewhere"),
        "DOELPOORT_PUBLIC_URL": house.settings.public_url,
        "DOELPOORT_SOURCE_URL": house.settings.source_url,
        "DOELPOORT_CASES_URL": house.settings.cases_url,
    }

    result = CliRunner().invoke(app, ["audit", *arguments], env=env)

    assert result.exit_code == 2
    assert "SettingsInvalid" in result.output
    assert not (tmp_path / "elsewhere").exists()
