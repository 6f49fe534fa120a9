"""A start that cannot succeed ends with status 2 and says, in words, what to set or repair."""

import asyncio
import os
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.settings import Settings
from gateway.wiring import open_gateway
from tests.builders import settings_of
from tests.fakes_decision import copy_policy
from tests.serving import environment_of


@pytest.fixture
def settings(register: Path, cases_file: Path, tmp_path: Path) -> Iterator[Settings]:
    """Give settings that are in order, over policy files that a test may break.

    But for the port, which is taken: a start that gets that far ends instead of serving for ever.
    """
    purposes, policies = copy_policy(tmp_path / "policy")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield settings_of(
            tmp_path / "home",
            source=register,
            cases=cases_file,
            purposes=purposes,
            policies=policies,
            port=taken.getsockname()[1],
        )


def start(settings: Settings, **environment: str | None) -> Result:
    """Run `doelpoort serve` in this process."""
    own = {k: v for k, v in environment_of(settings).items() if k.startswith("DOELPOORT_")}
    return CliRunner().invoke(app, ["serve"], env={**own, **environment})


def assert_explained(result: Result, *words: str) -> None:
    """Check that the start failed with status 2 and a text that holds these words."""
    assert result.exit_code == 2, repr(result.exception)
    assert "Traceback" not in result.output
    assert [word for word in words if word not in result.output] == []


@pytest.mark.parametrize("name", ["HOME", "PUBLIC_URL", "CASES_URL"])
def test_a_missing_setting_is_named(settings: Settings, name: str) -> None:
    """Whatever must be set is named by its variable, with what it is for."""
    result = start(settings, **{f"DOELPOORT_{name}": None})

    assert_explained(result, "SettingsInvalid", f"DOELPOORT_{name} is not set")


def test_a_gateway_without_a_source_is_explained(settings: Settings) -> None:
    """One register, or a mapping of several, must be named."""
    result = start(settings, DOELPOORT_SOURCE_URL=None)

    assert_explained(result, "SettingsInvalid", "SOURCE_URL", "SOURCES")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://poort.waterveen.example"),
        ("PUBLIC_URL", "https://poort.waterveen.example/pad"),
        ("PUBLIC_URL", "https://poort.waterveen.example:geen-poort"),
        ("PUBLIC_URL", "poort"),
        ("ENGINE", "iets"),
        ("ENGINE", "opa"),
        ("OPA_URL", "https://opa.waterveen.example"),
        ("GATEWAY_ID", "Poort 1"),
        ("PORT", "70000"),
        ("SOURCE_URL", "postgresql://bron"),
        ("SOURCE_URL", "sqlite:///"),
        ("SOURCE_URL", "sqlite:////nergens/bron.db"),
        ("CASES_URL", "sqlite:////nergens/zaken.db"),
    ],
)
def test_a_weak_or_wrong_setting_is_refused(settings: Settings, name: str, value: str) -> None:
    """A setting that cannot be right keeps the gateway from starting, and is named."""
    result = start(settings, **{f"DOELPOORT_{name}": value})

    assert_explained(result, name)


@pytest.mark.parametrize("url", ["http://127.0.0.1:geen", "http://127.0.0.1:99999", "https://"])
def test_an_opa_address_that_is_none_is_refused(settings: Settings, url: str) -> None:
    """An address of the policy server that cannot be one is a setting to repair."""
    result = start(settings, DOELPOORT_ENGINE="opa", DOELPOORT_OPA_URL=url)

    assert_explained(result, "OPA_URL")


def empty(purposes: Path) -> None:
    """Take every file away."""
    for path in purposes.rglob("*.yaml"):
        path.unlink()


def duplicate(purposes: Path) -> None:
    """Put a purpose there twice."""
    own = purposes / "wmo" / "hulpvraag-afbakenen.yaml"
    (purposes / "wmo" / "nogmaals.yaml").write_bytes(own.read_bytes())


def malform(purposes: Path) -> None:
    """Break a purpose file."""
    (purposes / "wmo" / "hulpvraag-afbakenen.yaml").write_text("id: [hulpvraag\n")


def no_text(purposes: Path) -> None:
    """Put bytes into a purpose file that are no text."""
    (purposes / "wmo" / "hulpvraag-afbakenen.yaml").write_bytes(b"\xff\xfe\x00")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (empty, ("purposes/tasks.yaml", "CATALOGUE_EMPTY")),
        (duplicate, ("purposes/wmo/nogmaals.yaml", "PURPOSE_TWICE")),
        (malform, ("purposes/wmo/hulpvraag-afbakenen.yaml:",)),
        (no_text, ("purposes/wmo/hulpvraag-afbakenen.yaml:",)),
    ],
)
def test_a_policy_directory_that_is_none_is_explained(
    settings: Settings, change: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    """An empty, malformed or doubled policy keeps the gateway down; the text names the file."""
    change(settings.purposes)

    assert_explained(start(settings), "CatalogueInvalid", *words)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("disclosure.rego", "package doelpoort.disclosure\nanswer := {", ("disclosure.rego",)),
        ("parties.csv", "", ("parties.csv",)),
        ("parties.csv", "p, a, b\n", ("parties.csv", "line 1")),
        ("parties.conf", "geen model", ()),
    ],
)
def test_a_broken_rego_or_party_policy_is_explained(
    settings: Settings, name: str, content: str, words: tuple[str, ...]
) -> None:
    """The Rego and the party policy are checked at the start as well."""
    (settings.policies / name).write_text(content)

    assert_explained(start(settings), *words)


def test_a_policy_directory_that_is_not_there_is_explained(settings: Settings) -> None:
    """A folder that does not exist is as good as an empty one."""
    result = start(settings, DOELPOORT_PURPOSES="/nergens")

    assert_explained(result, "CatalogueInvalid")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP TABLE jeugdhulp_traject", ("jeugdhulp_traject",)),
        ("ALTER TABLE wmo_melding DROP COLUMN hulpvraag_categorie", ("hulpvraag_categorie",)),
        ("ALTER TABLE brp RENAME TO anders", ("brp",)),
    ],
)
def test_a_register_without_what_the_policy_names_is_explained(
    settings: Settings, register: Path, statement: str, words: tuple[str, ...]
) -> None:
    """What the policy or a condition reads must exist in the register, or nothing starts."""
    with closing(sqlite3.connect(register)) as connection, connection:
        connection.execute(statement)

    assert_explained(start(settings), "SourceInvalid", *words)


@pytest.mark.parametrize("table", ["case_record", "case_party", "consent", "confirmation"])
def test_a_case_store_without_its_tables_is_explained(
    settings: Settings, cases_file: Path, table: str
) -> None:
    """A case store that could never tell a fact keeps the gateway down."""
    with closing(sqlite3.connect(cases_file)) as connection, connection:
        connection.execute(f"DROP TABLE {table}")

    assert_explained(start(settings), "SourceInvalid", table)


def test_another_key_on_the_same_case_store_is_explained(
    settings: Settings, tmp_path: Path
) -> None:
    """Two gateways that would each count on their own are kept apart at the start of the second."""
    start(settings)

    result = start(settings, DOELPOORT_HOME=str(tmp_path / "andere"))

    assert_explained(result, "KeysUnsafe", "idempotency.key", "case new-key")


def test_a_home_that_is_a_file_is_explained(settings: Settings) -> None:
    """A home that cannot be made is a setting to repair."""
    settings.home.write_text("")

    assert_explained(start(settings), "HOME")


def test_a_home_below_a_file_is_explained(settings: Settings, tmp_path: Path) -> None:
    """So is one below something that is no directory."""
    (tmp_path / "plat").write_text("")

    assert_explained(start(settings, DOELPOORT_HOME=str(tmp_path / "plat" / "home")), "HOME")


def test_a_high_water_mark_nowhere_is_explained(settings: Settings) -> None:
    """A mark that could never be written is found at the start, not after the first entry."""
    assert_explained(start(settings, DOELPOORT_HIGH_WATER="/nergens/merk"), "HIGH_WATER")


async def _close(settings: Settings) -> None:
    await open_gateway(settings).close()


@pytest.mark.anyio
async def test_a_ledger_that_was_let_go_can_be_opened(settings: Settings) -> None:
    """After the first has ended the second starts."""
    await _close(settings)

    await _close(settings)

    assert list(settings.home.glob("ledger-*.db"))


@pytest.mark.anyio
async def test_a_ledger_that_is_no_ledger_is_explained(settings: Settings) -> None:
    """A file that holds something else is left as it is."""
    await _close(settings)
    (path,) = settings.home.glob("ledger-*.db")
    path.write_bytes(b"geen register" * 1_000)

    assert_explained(start(settings), "ledger")
    assert path.read_bytes().startswith(b"geen register")


@pytest.mark.anyio
async def test_a_ledger_of_before_is_explained(settings: Settings) -> None:
    """A ledger that lost entries, as after the restore of an old backup, is not continued."""
    await _close(settings)
    (path,) = settings.home.glob("ledger-*.db")
    path.unlink()

    assert_explained(start(settings), "RollbackSeen")


@pytest.fixture
def write_protected(settings: Settings) -> Iterator[Path]:
    """Give a ledger file that nobody can write, or skip where that cannot be made."""
    asyncio.run(_close(settings))
    (path,) = settings.home.glob("ledger-*.db")
    bind: list[list[str | Path]] = [["--bind", path, path], ["-o", "remount,ro,bind", path]]
    if os.geteuid() != 0 or any(
        subprocess.run(["mount", *each], check=False, capture_output=True).returncode
        for each in bind
    ):
        pytest.skip("a file can be write-protected against its owner by root only")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def test_a_ledger_that_is_read_only_is_explained(settings: Settings, write_protected: Path) -> None:
    """A ledger that takes no entry keeps the gateway down, whoever runs it."""
    before = write_protected.read_bytes()

    assert_explained(start(settings), "ledger")
    assert write_protected.read_bytes() == before


def test_keys_that_others_can_read_are_explained(settings: Settings) -> None:
    """Weak keys are no keys."""
    keys = settings.home / "keys"
    keys.mkdir(parents=True, mode=0o755)
    keys.chmod(0o755)

    assert_explained(start(settings), "KeysUnsafe", str(keys))


def test_a_broken_registry_is_explained(settings: Settings) -> None:
    """A registry that is none keeps the gateway down."""
    settings.home.mkdir(mode=0o700)
    (settings.home / "clients.json").touch(mode=0o600)
    (settings.home / "clients.json").write_text("{}")

    assert_explained(start(settings), "RegistryInvalid")


def test_a_port_in_use_is_explained(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """When somebody else listens there, the start says so and fails."""
    result = start(settings)

    assert result.exit_code != 0
    assert str(settings.port) in caplog.text


def test_a_start_that_failed_holds_nothing(settings: Settings, register: Path) -> None:
    """After a failed start the ledger is free for the next."""
    asyncio.run(_close(settings))
    register.rename(register.with_name("weg.db"))
    failed = start(settings)
    register.with_name("weg.db").rename(register)

    assert failed.exit_code == 2
    asyncio.run(_close(settings))
