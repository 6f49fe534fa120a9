"""A policy file is edited while a gateway serves: every answer is wholly of one policy."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from audit.verifier.file import LedgerFile
from tests.builders import flag, free_port
from tests.fakes_decision import copy_policy
from tests.serving import prepare, served, token_for

PATIENCE_S = 20.0
PURPOSE = Path("purposes", "jeugd", "lichte-of-zware-hulp.yaml")
FLAG, BAND = "specialisatie_ingezet", "verwachte_duur_band"


@dataclass
class Desk:
    """A served gateway with a policy folder of its own, and a client that keeps asking."""

    folder: Path
    home: Path
    http: httpx.Client
    answers: list[dict[str, Any]] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    @property
    def health(self) -> dict[str, Any]:
        """What the gateway tells of itself."""
        found: dict[str, Any] = self.http.get("/v1/health").json()
        return found

    def edit(self, old: str, new: str) -> None:
        """Replace a text in the purpose file, whole, as an editor saves."""
        file = self.folder / PURPOSE
        text = file.read_text("utf-8")
        assert old in text
        beside = file.with_suffix(".new")
        beside.write_text(text.replace(old, new), encoding="utf-8")
        beside.replace(file)

    def ask(self) -> None:
        """Ask for the minimal set, and keep the answer."""
        response = self.http.post("/v1/disclosures", json=flag())
        self.statuses.add(response.status_code)
        self.answers.append(response.json())

    def ask_until(self, holds: Callable[[], bool]) -> None:
        """Keep asking until this holds, and ask a few times more."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, "it took too long"
            self.ask()
        for _ in range(5):
            self.ask()

    def entries(self) -> list[dict[str, Any]]:
        """Return the leaves of the ledger in their order."""
        (ledger,) = self.home.glob("ledger-*.db")
        with LedgerFile.open(ledger) as reader:
            return [orjson.loads(each.leaf or b"") for each in reader.entries()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Serve a gateway over a copy of the policy."""
    purposes, policies = copy_policy(tmp_path)
    settings = prepare(tmp_path, free_port(), purposes=purposes, policies=policies)
    headers = {"authorization": f"Bearer {token_for(settings)}"}
    with (
        served(settings),
        httpx.Client(base_url=settings.public_url, headers=headers) as http,
    ):
        yield Desk(tmp_path, settings.home, http)


def _revisions(answers: list[dict[str, Any]]) -> list[str]:
    """Return the revisions in the order in which they first answered."""
    return list(dict.fromkeys(answer["policy_revision"] for answer in answers))


def test_an_edit_comes_in_force_under_a_stream_of_requests(desk: Desk) -> None:
    """No request fails or meets half a policy, and the ledger knows each revision first."""
    before = desk.health["policy_revision"]
    desk.ask()
    desk.edit("need: professional_judgement", "need: always")
    desk.ask_until(lambda: desk.health["policy_revision"] != before)
    after = desk.health["policy_revision"]

    assert desk.statuses == {200}
    assert _revisions(desk.answers) == [before, after]
    assert {(each["policy_revision"], *sorted(each["data"])) for each in desk.answers} == {
        (before, FLAG),
        (after, FLAG, BAND),
    }
    told = [each for each in desk.entries() if each.get("policy") == after]
    assert told[0]["type"] == "policy"
    assert {each["type"] for each in told[1:]} == {"disclosure"}


def test_a_broken_edit_changes_nothing_until_it_is_mended(desk: Desk) -> None:
    """The revision in force goes on answering, health names the problem, mending clears it."""
    before = desk.health
    desk.edit("need: always", "need: altijd")
    desk.ask_until(lambda: desk.health["policy_problem"] is not None)
    broken = desk.health
    desk.edit("need: altijd", "need: always")
    desk.ask_until(lambda: desk.health["policy_problem"] is None)

    assert before["policy_problem"] is None
    assert broken["policy_problem"] == "CatalogueInvalid"
    assert broken["status"] == "ok"
    assert desk.statuses == {200}
    assert _revisions(desk.answers) == [before["policy_revision"]]
    assert "policy" not in {each["type"] for each in desk.entries()}
