"""A real `doelpoort serve` and a real partner on the command line, over real HTTP."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.partner import private_pem
from gateway.settings import Settings
from tests.builders import YUSUF, client_key, flag, free_port
from tests.serving import command, environment_of, prepare, served, token_for, vkey_in

STEPS = ["jeugd-toeleiding", "criteria-toetsen-zwaarte", "lichte-of-zware-hulp"]
HAT = ["--organisation", "gem-toegang-jeugd", "--role", "consulent-jeugd"]
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Serve a gateway for all tests of this module, and give its settings."""
    settings = prepare(tmp_path_factory.mktemp("e2e"), free_port())
    with served(settings):
        yield settings


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the private key of the partner, as a file."""
    path = tmp_path_factory.mktemp("partner") / "team.pem"
    path.write_bytes(private_pem(client_key("team")))
    return path


def run(settings: Settings, *arguments: str, stdin: str = "") -> Result:
    """Run a command against the served gateway; it starts faster in this process."""
    own = {k: v for k, v in environment_of(settings).items() if k.startswith("DOELPOORT_")}
    return CliRunner().invoke(app, list(arguments), env=own, input=stdin)


def ask(settings: Settings, key_file: Path, *more: str, bsn: str = YUSUF) -> Result:
    """Ask for the flag from the command line."""
    who = ["--client", "team", "--key", str(key_file), "--professional", "medewerker-7"]
    place = ["--url", settings.public_url]
    return run(settings, "ask", *STEPS, *place, *who, *HAT, *more, stdin=f"{bsn}\n")


def test_asking_gets_the_flag(settings: Settings, key_file: Path) -> None:
    """Status 0 is a release; for programs the answer is JSON."""
    result = ask(settings, key_file, "--output", "json")

    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["data"]["specialisatie_ingezet"]["value"] is True


def test_asking_too_much_is_refused(settings: Settings, key_file: Path) -> None:
    """Status 1 is a refusal, told with what to ask instead."""
    result = ask(settings, key_file, "--field", "behandelplan_tekst")

    assert result.exit_code == 1
    assert "FIELD_NEVER behandelplan_tekst" in result.stdout
    assert "vraag in plaats daarvan (ask instead): specialisatie_ingezet" in result.stdout
    assert "ontvangstbewijs" in result.stdout


@pytest.mark.parametrize(
    ("more", "bsn"), [(["--field", "GEEN VELD"], YUSUF), (["--role", "rol"], YUSUF)]
)
def test_what_is_no_request_fails(
    settings: Settings, key_file: Path, more: list[str], bsn: str
) -> None:
    """Status 2 is a failure: neither released nor refused."""
    result = ask(settings, key_file, *more, bsn=bsn)

    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_a_number_that_is_none_is_refused_and_not_repeated(
    settings: Settings, key_file: Path
) -> None:
    """The BSN comes from standard input and stands in no output."""
    result = ask(settings, key_file, bsn="999911234")

    assert result.exit_code == 1
    assert "SUBJECT_INVALID_BSN" in result.stdout
    assert "999911234" not in result.stdout + result.stderr


def test_a_partner_asks_from_a_process_of_its_own(settings: Settings, key_file: Path) -> None:
    """The installed command does the same, and its arguments hold no number."""
    arguments = ["ask", *STEPS, "--url", settings.public_url, "--client", "team", *HAT]
    arguments += ["--key", str(key_file), "--professional", "medewerker-7", "-o", "json"]
    result = subprocess.run(
        command(*arguments),
        env=environment_of(settings),
        input=f"{YUSUF}\n",
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["outcome"] == "permit"


def test_the_number_is_no_argument(settings: Settings) -> None:
    """There is no option that would put a BSN on a list of processes."""
    helped = run(settings, "ask", "--help").stdout

    assert "--bsn" not in helped
    assert "--subject" not in helped


def test_a_second_gateway_on_the_ledger_does_not_start(settings: Settings) -> None:
    """Two processes on one ledger: the second says why not, and the first serves on."""
    second = settings.model_copy(update={"port": free_port()})

    result = run(second, "serve")

    assert result.exit_code == 2
    assert "LedgerInUse" in result.stderr
    assert "Traceback" not in result.stderr
    assert httpx.get(f"{settings.public_url}/v1/health").json()["status"] == "ok"


def test_the_ledger_is_verified_while_the_gateway_serves(settings: Settings) -> None:
    """An auditor checks the live file with the key from the first entry."""
    (ledger,) = settings.home.glob("ledger-*.db")
    vkey = vkey_in(ledger)

    result = run(settings, "audit", "verify", str(ledger), "--key", vkey, "--output", "json")

    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)


def test_a_gateway_starts_again_where_it_stopped(tmp_path: Path) -> None:
    """SIGTERM ends it cleanly; the next start continues the same log and tells its address."""
    settings = prepare(tmp_path, free_port())
    sizes = []
    for _ in range(2):
        with served(settings) as process:
            url = f"{settings.public_url}/v1/disclosures"
            headers = {"authorization": f"Bearer {token_for(settings)}"}
            assert httpx.post(url, json=flag(), headers=headers).status_code == 200
            sizes.append(httpx.get(f"{settings.public_url}/v1/health").json()["ledger_size"])
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=TIMEOUT_S)

        assert process.returncode in {0, -signal.SIGTERM}
        assert settings.public_url in output
        assert "vkey" in output
        assert "Traceback" not in output
    assert sizes == [2, 3]


def test_nothing_personal_stands_in_what_the_server_says(tmp_path: Path) -> None:
    """Whatever a stranger sends, no path, number or value appears in the output of the server."""
    settings = prepare(tmp_path, free_port())
    with served(settings) as process:
        headers = {"authorization": f"Bearer {token_for(settings)}"}
        url = settings.public_url
        httpx.get(f"{url}/v1/purposes/{YUSUF}", headers=headers)
        httpx.post(f"{url}/v1/disclosures?bsn={YUSUF}", json=flag(task=YUSUF), headers=headers)
        httpx.post(f"{url}/v1/disclosures", content=b"\xff" + YUSUF.encode(), headers=headers)
        for path in settings.home.parent.glob("bron.db*"):
            path.write_bytes(b"geen database")
        httpx.post(f"{url}/v1/disclosures", json=flag(), headers=headers)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=TIMEOUT_S)

    assert YUSUF not in output
    assert "Traceback" not in output


def test_the_demo_tells_its_story(tmp_path: Path) -> None:
    """`doelpoort demo --once` ends with status 0 when every scene came out as told."""
    result = subprocess.run(
        command("demo", "--once"),
        env={"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONPATH": str(_root())},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("zoals verteld") == 5
    assert YUSUF not in result.stdout.split("zelf vragen")[0]


def _root() -> Path:
    return Path(__file__).resolve().parent.parent.parent


def test_a_killed_gateway_comes_back(tmp_path: Path) -> None:
    """After a kill the same home serves on."""
    settings = prepare(tmp_path, free_port())
    with served(settings) as process:
        process.kill()
        process.wait()

    with served(settings):
        health = httpx.get(f"{settings.public_url}/v1/health").json()

    assert health["status"] == "ok"
