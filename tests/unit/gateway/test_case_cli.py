"""The case commands: the same requests as a partner's software makes, and plain failures."""

import json
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from gateway.cases.opening import open_cases
from gateway.cli.main import app
from gateway.identity.errors import KeysUnsafe
from gateway.mosaic.one_key import require_one_key
from gateway.partner import private_pem
from tests.builders import URL, client_key
from tests.stores import migrated_in_file

CASE = "a" * 32
RUN = CliRunner()


class Gateway:
    """A gateway that a test plays: it remembers what was asked, and answers what it is told."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answer = httpx.Response(200, json={"version": 2})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Give a token, or the answer."""
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "t"})
        self.asked.append(request)
        return self.answer


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Let every partner talk to a gateway that the test plays."""
    played = Gateway()
    real = httpx.Client

    def client(**named: object) -> httpx.Client:
        return real(base_url=str(named["base_url"]), transport=httpx.MockTransport(played))

    monkeypatch.setattr("gateway.partner.httpx.Client", client)
    return played


@pytest.fixture
def door(tmp_path: Path) -> list[str]:
    """Return the options that every command has."""
    key = tmp_path / "partner.pem"
    key.write_bytes(private_pem(client_key("team")))
    hat = ["--hat", "gem-regie:casuscoordinator", "--professional", "m-1"]
    return ["--url", URL, "--client", "team", "--key", str(key), *hat]


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (
            ["begin", "werkplan", "signal", "--signal", "attempts=2", "--signal", "tried_on=x"],
            "/v1/cases",
            {
                "kind": "werkplan",
                "beginning": "signal",
                "subject": {"type": "bsn", "value": "999925799"},
                "signal": {"attempts": 2, "tried_on": "x"},
            },
        ),
        (
            ["begin", "werkplan", "own_request"],
            "/v1/cases",
            {
                "kind": "werkplan",
                "beginning": "own_request",
                "subject": {"type": "bsn", "value": "999925799"},
            },
        ),
        (
            ["step", CASE, "1", "join", "tasks=a,b", "role=spv-ggz"],
            f"/v1/cases/{CASE}/steps",
            {"step": "join", "tasks": ["a", "b"], "role": "spv-ggz"},
        ),
        (["step", CASE, "1", "close"], f"/v1/cases/{CASE}/steps", {"step": "close"}),
        (["list"], "/v1/case-searches", {"subject": {"type": "bsn", "value": "999925799"}}),
        (
            ["consent", "doel", "--by", "ouder", "--field", "a", "--until", "2026-04-01"],
            "/v1/consents",
            {
                "purpose": "doel",
                "subject": {"type": "bsn", "value": "999925799"},
                "given_by": ["ouder"],
                "valid_until": "2026-04-01",
                "fields": ["a"],
            },
        ),
        (
            ["consent", "doel", "--by", "ouder"],
            "/v1/consents",
            {
                "purpose": "doel",
                "subject": {"type": "bsn", "value": "999925799"},
                "given_by": ["ouder"],
            },
        ),
        (["withdraw", CASE], f"/v1/consents/{CASE}/withdrawals", {}),
    ],
)
def test_a_command_is_a_request(
    gateway: Gateway, door: list[str], words: list[str], path: str, body: object
) -> None:
    """The number of the person comes from standard input and goes in the body, nowhere else."""
    result = RUN.invoke(app, ["case", *words, *door], input="999925799\n")

    (asked,) = gateway.asked
    assert (result.exit_code, asked.url.path) == (0, path)
    assert json.loads(asked.content) == body
    assert json.loads(result.stdout) == {"version": 2}


def test_showing_a_case_reads_it(gateway: Gateway, door: list[str]) -> None:
    """What comes back is shown as it is."""
    result = RUN.invoke(app, ["case", "show", CASE, *door])

    assert gateway.asked[0].method == "GET"
    assert result.exit_code == 0


@pytest.mark.parametrize(("words", "start"), [([], "0"), (["--start", "50"], "50")])
def test_what_waits_is_asked_by_place(
    gateway: Gateway, door: list[str], words: list[str], start: str
) -> None:
    """The worklist names no person, neither in the question nor in what comes back."""
    result = RUN.invoke(app, ["case", "due", *words, *door])

    (asked,) = gateway.asked
    assert (asked.method, asked.url.path) == ("GET", "/v1/due-cases")
    assert (asked.url.params["start"], result.exit_code) == (start, 0)


def test_a_step_names_the_version_that_was_seen(gateway: Gateway, door: list[str]) -> None:
    """The version goes in If-Match; somebody who was first is exit status 1."""
    gateway.answer = httpx.Response(409, json={"version": 3})

    result = RUN.invoke(app, ["case", "step", CASE, "1", "close", *door])

    assert gateway.asked[0].headers["if-match"] == '"1"'
    assert (result.exit_code, json.loads(result.stdout)) == (1, {"version": 3})


@pytest.mark.parametrize(
    "answer", [httpx.Response(503, json={}), httpx.Response(200, content=b"<html>")]
)
def test_another_answer_is_a_failure(
    gateway: Gateway, door: list[str], answer: httpx.Response
) -> None:
    """A gateway that cannot, or that is none, is exit status 2 in plain words."""
    gateway.answer = answer

    assert RUN.invoke(app, ["case", "show", CASE, *door]).exit_code == 2


def test_a_member_that_is_none_is_explained(gateway: Gateway, door: list[str]) -> None:
    """Nothing is asked of the gateway then."""
    result = RUN.invoke(app, ["case", "step", CASE, "1", "join", "zomaar", *door])

    assert (result.exit_code, gateway.asked) == (2, [])


def test_the_owner_makes_the_tables(tmp_path: Path) -> None:
    """After it the store can be opened."""
    url = f"sqlite:///{tmp_path / 'zaken.db'}"

    result = RUN.invoke(app, ["case", "migrate", "--url", url])
    open_cases(url).close()

    assert result.exit_code == 0


def test_a_key_that_was_replaced_on_purpose_is_forgotten(tmp_path: Path) -> None:
    """After it a gateway with the new key starts, and none with the former."""
    url, former, new = migrated_in_file(tmp_path), bytes(range(32)), bytes(range(1, 33))
    require_one_key(url, former)

    result = RUN.invoke(app, ["case", "new-key", "--url", url])
    require_one_key(url, new)

    assert (result.exit_code, result.stdout.split()[0]) == (0, "0")
    with pytest.raises(KeysUnsafe):
        require_one_key(url, former)


@pytest.mark.parametrize("url", ["sqlite:///leeg.db", "zaken.db", "mysql://ergens"])
def test_a_store_that_is_none_has_no_key_to_forget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """The twin: it is explained, with exit status 2, and no file is made."""
    monkeypatch.chdir(tmp_path)

    assert RUN.invoke(app, ["case", "new-key", "--url", url]).exit_code == 2
    assert list(tmp_path.iterdir()) == []
