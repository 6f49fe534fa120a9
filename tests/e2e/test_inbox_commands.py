"""The commands of professionals against a gateway that serves: a question, its answer, a table."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cases.rows import key_of
from gateway.cli.main import app
from gateway.identity.clients import Hat
from gateway.openings import registry_of
from gateway.partner import private_pem
from gateway.settings import Settings
from gateway.subject import parse_bsn
from tests.builders import CARE_WORKER, HENK, YUSUF, client_key, free_port, make_client
from tests.fakes_informing import WORDS
from tests.serving import environment_of, prepare, served

MIRJAM = "999925799"
COORDINATOR = Hat("gem-regie", "casuscoordinator")
TEAM = Hat("wijkteam-noord", "regisseur-wijkteam")
FLAG = ["jeugd-toeleiding", "criteria-toetsen-zwaarte", "lichte-of-zware-hulp"]
CONSULTANT = ["--organisation", "gem-toegang-jeugd", "--role", "consulent-jeugd"]
HATS = {
    "asker": "gem-toegang-jeugd:consulent-jeugd",
    "holder": "jeugdhulp-de-brug:jeugdhulpverlener",
    "coordinator": "gem-regie:casuscoordinator",
    "team": "wijkteam-noord:regisseur-wijkteam",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Serve a gateway in which no professional has confirmed anything yet."""
    folder = tmp_path_factory.mktemp("inbox")
    settings = prepare(folder, free_port())
    seats = frozenset({COORDINATOR, TEAM})
    registry_of(settings).add(make_client("tafel", seats))
    registry_of(settings).add(make_client("behandelaar", frozenset({CARE_WORKER})))
    with closing(sqlite3.connect(folder / "bron.db")) as connection, connection:
        connection.execute("DELETE FROM confirmation WHERE subject = ?", (subject(YUSUF),))
    with served(settings):
        yield settings


def subject(bsn: str) -> str:
    """Return a person as the case store names it."""
    return key_of(parse_bsn(bsn))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the private key of each client."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("team", "tafel", "behandelaar"):
        (folder / f"{name}.pem").write_bytes(private_pem(client_key(name)))
    return folder


def run(settings: Settings, *arguments: str, stdin: str = "") -> Result:
    """Run a command with the environment of this gateway."""
    own = {k: v for k, v in environment_of(settings).items() if k.startswith("DOELPOORT_")}
    return CliRunner().invoke(app, list(arguments), env=own, input=stdin)


def door(keys: Path, client: str, who: str, professional: str = "medewerker-7") -> list[str]:
    """Return the options that say who is acting."""
    key = ["--client", client, "--key", str(keys / f"{client}.pem")]
    return [*key, "--hat", HATS[who], "--professional", professional]


def waiting(settings: Settings, keys: Path) -> str:
    """Ask what only a professional can answer, and return the id under which it waits."""
    who = ["--client", "team", "--key", str(keys / "team.pem"), "--professional", "medewerker-7"]
    result = run(settings, "ask", *FLAG, *who, *CONSULTANT, stdin=f"{YUSUF}\n")
    assert result.exit_code == 3, result.output
    assert "Beantwoord kan worden tot en met (it can be answered until): 20" in result.stdout
    [line] = [each for each in result.stdout.splitlines() if "inbox collect" in each]
    return line.split()[-1]


def test_a_question_is_asked_answered_and_collected(settings: Settings, keys: Path) -> None:
    """Asking says that it waits and how to collect; after the answer collecting gives the value."""
    identity = waiting(settings, keys)
    asker = door(keys, "team", "asker")
    holder = door(keys, "behandelaar", "holder", "behandelaar-1")

    early = run(settings, "inbox", "collect", identity, *asker)
    listed = run(settings, "inbox", "list", *holder)
    shown = run(settings, "inbox", "show", identity, *holder)
    given = run(settings, "inbox", "answer", identity, "yes", *holder)
    twice = run(settings, "inbox", "answer", identity, "no", *holder)
    fetched = run(settings, "inbox", "collect", identity, *asker)

    assert json.loads(early.stdout)["outcome"] == "pending"
    assert json.loads(early.stdout)["until"] > "2026"
    assert identity in {each["id"] for each in json.loads(listed.stdout)}
    assert YUSUF not in listed.stdout
    assert json.loads(shown.stdout)["subject"] == YUSUF
    assert (given.exit_code, twice.exit_code, fetched.exit_code) == (0, 1, 0)
    assert json.loads(fetched.stdout)["data"]["specialisatie_ingezet"]["value"] is True


DANGER = ["vt-meldrecht", "melding-doen", "veiligheid-laten-beoordelen"]
CARE = ["--organisation", "jeugdhulp-de-brug", "--role", "jeugdhulpverlener"]


def in_danger(settings: Settings, keys: Path, stdin: str, *more: str) -> Result:
    """Ask as a care worker who cannot wait."""
    own = ["--client", "behandelaar", "--key", str(keys / "behandelaar.pem")]
    who = [*own, "--professional", "behandelaar-1", "--emergency", "violence_now"]
    return run(settings, "ask", *DANGER, *who, *CARE, *more, stdin=stdin)


def test_an_emergency_is_asked_from_the_command_line(settings: Settings, keys: Path) -> None:
    """Person and reason come by standard input; the answer says until when, and who judges it."""
    told = in_danger(settings, keys, f"{HENK}\n{WORDS}\n")
    as_json = in_danger(settings, keys, f"{HENK}\n{WORDS}\n", "--output", "json")

    answer = json.loads(as_json.stdout)
    assert (told.exit_code, as_json.exit_code) == (0, 0), told.output
    assert "adres" in told.stdout
    assert "Een ander beoordeelt achteraf of het nodig was." in told.stdout
    assert "beoordeeld uiterlijk (judged by): 20" in told.stdout
    assert answer["emergency"]["reason"] == "violence_now"
    assert WORDS not in told.stdout + as_json.stdout


@pytest.mark.parametrize(
    ("stdin", "member"),
    [
        (f"{HENK}\n", "words"),
        (f"{HENK}\nhelp\n", "words"),
        (f"{HENK}\n{WORDS} Het gaat ook om {MIRJAM}.\n", "words"),
        (f"{HENK}\n{'a ' * 2_001}\n", "words"),
    ],
    ids=["none", "short", "somebody's number", "long"],
)
def test_an_emergency_without_a_real_reason_is_not_asked(
    settings: Settings, keys: Path, stdin: str, member: str
) -> None:
    """The twin: the gateway says what is wrong with the reason, and gives nothing."""
    result = in_danger(settings, keys, stdin)

    assert result.exit_code == 2
    assert f"- {member}: " in result.stdout
    assert "adres" not in result.stdout
    assert MIRJAM not in result.output


def test_the_reason_of_an_emergency_is_no_argument(settings: Settings) -> None:
    """On the command line stands the kind of danger alone, and no other word than the known."""
    result = run(settings, "ask", *DANGER, "--emergency", WORDS)

    assert result.exit_code == 2


def test_who_declines_says_why_on_standard_input(settings: Settings, keys: Path) -> None:
    """The reason is no argument, and the requester is told only that there is no answer."""
    identity = waiting(settings, keys)
    holder = door(keys, "behandelaar", "holder", "behandelaar-1")
    reason = "Dit raakt een ander gezinslid."

    declined = run(settings, "inbox", "answer", identity, "decline", *holder, stdin=reason)
    fetched = run(settings, "inbox", "collect", identity, *door(keys, "team", "asker"))

    assert declined.exit_code == 0
    assert json.loads(fetched.stdout)["outcome"] == "unanswered"
    assert reason not in fetched.stdout


def test_a_reminder_is_for_the_own_question(settings: Settings, keys: Path) -> None:
    """Somebody else is told that there is no such question; who asked, once a working day."""
    identity = waiting(settings, keys)

    other = run(settings, "inbox", "remind", identity, *door(keys, "tafel", "team"))
    own = run(settings, "inbox", "remind", identity, *door(keys, "team", "asker"))

    told = json.loads(own.stdout)
    assert (other.exit_code, json.loads(other.stdout)["status"]) == (1, 404)
    assert told.get("id") == identity or told["code"] == "NOT_A_WORKING_DAY"


def test_a_view_at_a_table_is_collected_by_its_recipient(settings: Settings, keys: Path) -> None:
    """Who coordinates shares from the command line; the recipient collects, nobody else."""
    case = case_of_mirjam(settings)
    recipients = keys / "tafel.json"
    seat = {
        "organisation": "wijkteam-noord",
        "role": "regisseur-wijkteam",
        "professional": "medewerker-7",
        "task": "integrale-afstemming",
        "activity": "werkplan-afstemmen",
        "purpose": "voortgang-afspraken",
    }
    recipients.write_text(json.dumps([seat]), encoding="utf-8")
    coordinator, team = (door(keys, "tafel", who) for who in ("coordinator", "team"))

    shared = run(
        settings, "case", "share", case, str(recipients), *coordinator, stdin=f"{MIRJAM}\n"
    )
    [view] = json.loads(shared.stdout)["recipients"]
    other = run(settings, "inbox", "collect", view["disclosure_id"], *coordinator)
    fetched = run(settings, "inbox", "collect", view["disclosure_id"], *team)

    assert (shared.exit_code, other.exit_code, fetched.exit_code) == (0, 1, 0)
    assert "data" not in shared.stdout
    assert json.loads(fetched.stdout)["outcome"] in {"permit", "partial"}


def test_a_table_without_recipients_is_explained(settings: Settings, keys: Path) -> None:
    """A file that holds no recipients is exit status 2, and nothing is asked of the gateway."""
    broken = keys / "leeg.json"
    broken.write_text("{", encoding="utf-8")
    coordinator = door(keys, "tafel", "coordinator")

    result = run(settings, "case", "share", "0" * 32, str(broken), *coordinator, stdin=MIRJAM)

    assert result.exit_code == 2


def case_of_mirjam(settings: Settings) -> str:
    """Return the id of the case with a werkplan."""
    path = settings.cases_url.removeprefix("sqlite:///")
    question = "SELECT id FROM case_record WHERE kind = 'werkplan' AND subject = ?"
    with closing(sqlite3.connect(path)) as connection:
        [(found,)] = connection.execute(question, (subject(MIRJAM),))
    return str(found)


def test_a_webhook_is_registered_and_removed(settings: Settings) -> None:
    """The secret is printed once; an address that is none is explained."""
    made = run(settings, "client", "webhook", "team", "https://partner.example/hook")
    kept = (settings.home / "webhooks.json").read_text(encoding="utf-8")
    removed = run(settings, "client", "webhook", "team")
    wrong = run(settings, "client", "webhook", "team", "http://partner.example/hook")

    assert (made.exit_code, removed.exit_code, wrong.exit_code) == (0, 0, 2)
    assert json.loads(made.stdout)["secret"] in kept
    assert json.loads((settings.home / "webhooks.json").read_text(encoding="utf-8")) == {}
