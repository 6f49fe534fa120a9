"""A real gateway that is killed right after its answer still tells the person, exactly once."""

import json
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.identity.clients import Hat
from gateway.openings import registry_of
from gateway.partner import private_pem
from gateway.settings import Settings
from tests.builders import CARE_WORKER, YUSUF, client_key, flag, free_port, make_client
from tests.fakes_informing import JUDGED, OFFICER, danger
from tests.serving import environment_of, prepare, served, token_for

DEADLINE_S = 30.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give the settings of a gateway that puts messages into a folder."""
    folder = tmp_path / "berichten"
    folder.mkdir()
    made = prepare(tmp_path, free_port(), inform_folder=folder)
    registry = registry_of(made)
    registry.load()
    registry.add(make_client("toezicht", frozenset({OFFICER})))
    return made


def ask(settings: Settings, path: str, body: object, hat: Hat | None = None) -> httpx.Response:
    """Post a request of the team."""
    token = token_for(settings) if hat is None else token_for(settings, hat)
    headers = {"authorization": f"Bearer {token}"}
    return httpx.post(f"{settings.public_url}{path}", json=body, headers=headers)


def messages_of(settings: Settings, count: int) -> list[dict[str, object]]:
    """Return the messages in the folder, once there are so many."""
    folder = settings.inform_folder or Path()
    deadline = time.monotonic() + DEADLINE_S
    while len(found := sorted(folder.glob("*.json"))) < count:
        assert time.monotonic() < deadline, "the messages did not come"
        httpx.get(f"{settings.public_url}/v1/health")
    return [json.loads(path.read_text()) for path in found]


def review(settings: Settings, folder: Path, *arguments: str, stdin: str = "") -> Result:
    """Run `doelpoort review` as the officer."""
    key = folder / "toezicht.pem"
    key.write_bytes(private_pem(client_key("toezicht")))
    own = {k: v for k, v in environment_of(settings).items() if k.startswith("DOELPOORT_")}
    who = ["--client", "toezicht", "--key", str(key), "--professional", "fg-1"]
    return CliRunner().invoke(app, ["review", *arguments, *who], env=own, input=stdin)


def test_killed_after_the_answer_the_person_hears_all_the_same(settings: Settings) -> None:
    """The message of a release that was answered comes after the restart, and comes once."""
    with served(settings) as process:
        answer = ask(settings, "/v1/disclosures", flag())
        process.kill()
        process.wait()

    with served(settings):
        (message,) = messages_of(settings, 1)

    assert answer.status_code == 200
    assert message["to"] == {"type": "bsn", "value": YUSUF}
    assert "Gemeente Waterveen, toegang jeugd" in str(message["text"])


def test_an_emergency_reaches_its_reviewer_who_judges_it(
    settings: Settings, tmp_path: Path
) -> None:
    """The use is announced; the officer finds, reads and judges it on the command line."""
    with served(settings):
        used = ask(settings, "/v1/emergency-disclosures", danger(), CARE_WORKER)
        (announced,) = messages_of(settings, 1)
        entry = str(announced["entry"])
        listed = review(settings, tmp_path, "list")
        shown = review(settings, tmp_path, "show", entry)
        judged = review(settings, tmp_path, "judge", entry, "justified", stdin=JUDGED)
        again = review(settings, tmp_path, "judge", entry, "justified", stdin=JUDGED)

    assert used.status_code == 200
    assert [each["id"] for each in json.loads(listed.stdout)] == [entry]
    assert "geschreeuw" in json.loads(shown.stdout)["words"]
    assert (judged.exit_code, again.exit_code) == (0, 1)
