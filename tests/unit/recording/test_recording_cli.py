"""`doelpoort record-check`: a note from standard input, looked at on this machine alone."""

import io
import json

import pytest
import typer
from typer.testing import CliRunner

from gateway.cli.recording_cli import read_note, record_check
from gateway.errors import BodyInvalid, PayloadTooLarge
from tests.fakes_decision import POLICIES, PURPOSES

CONFIDENCE = "Mevrouw Jansen is verslaafd."
CLEAN = {"fields": ["hulpvraag_categorie"], "domains": []}
UNTIDY = {
    "fields": ["relevante_leefgebieden", "zrm_totaalscore"],
    "sections": [{"label": "gezondheid", "text": CONFIDENCE}],
    "domains": ["instrumentele-adl", "justitie", "dieren"],
}


def run(
    note: object, *options: str, organisation: str = "gem-toegang-wmo", role: str = "consulent-wmo"
) -> tuple[int, str]:
    """Return the exit status and everything that is printed."""
    step = {
        "task": "wmo-onderzoek",
        "activity": "vraagverheldering",
        "purpose": "hulpvraag-afbakenen",
    }
    app = typer.Typer()
    app.command()(record_check)
    folders = ("--purposes", str(PURPOSES), "--policies", str(POLICIES))
    hat = ("--organisation", organisation, "--role", role)
    text = json.dumps(step | note) if isinstance(note, dict) else str(note)
    result = CliRunner().invoke(app, [*hat, *folders, *options], input=text)
    return result.exit_code, result.output


def test_a_clean_note_may_stay() -> None:
    """Status 0 means that nothing has to be taken out."""
    status, said = run(CLEAN)

    assert status == 0
    assert said.startswith("✓ hulpvraag_categorie: Dit is nodig voor dit doel")


def test_what_must_go_is_told_without_the_text() -> None:
    """Every part of the note has its line, with the reason or the counter-offer."""
    status, said = run(UNTIDY)

    assert status == 1
    assert "? relevante_leefgebieden: " in said
    assert "✗ zrm_totaalscore: " in said
    assert "✗ [gezondheid]: " in said
    assert "!   1x: In dit deel lijkt verslaving te staan." in said
    assert "✓ Instrumentele ADL: " in said
    assert "✗ Justitie: " in said
    assert "✗ dieren: " in said
    assert "Jansen" not in said


def test_a_program_gets_json() -> None:
    """The JSON is that of the API."""
    status, said = run(UNTIDY, "--output", "json")

    assert status == 1
    assert json.loads(said)["outcome"] == "take_out"


def test_the_step_of_another_is_refused() -> None:
    """Who may not declare the step hears that, in both languages, and nothing about the note."""
    status, said = run(CLEAN, organisation="gem-schuldhulp", role="schuldhulpverlener")

    assert status == 1
    assert said.startswith("✗ ")
    assert "hulpvraag_categorie" not in said


@pytest.mark.parametrize(
    ("note", "member"),
    [
        (CONFIDENCE, "body"),
        ({CONFIDENCE: True}, "body"),
        ({"fields": [CONFIDENCE]}, "fields"),
        ({"sections": [{"label": "wonen"}]}, "sections"),
    ],
)
def test_what_is_no_note_is_explained_and_not_repeated(note: object, member: str) -> None:
    """Status 2, the member that is wrong, and nothing of what was typed."""
    status, said = run(note)

    assert status == 2
    assert member in said
    assert "Jansen" not in said


def test_a_note_is_bounded_before_it_is_read() -> None:
    """A stream without an end is not read to its end."""
    with pytest.raises(PayloadTooLarge):
        read_note(io.StringIO(" " * (256 * 1024 + 1)))


def test_a_half_character_is_no_note() -> None:
    """What is not UTF-8 is no JSON."""
    with pytest.raises(BodyInvalid):
        read_note(io.StringIO("\udcff"))
