"""The commands `doelpoort inbox ...` of professionals, and `doelpoort client webhook`."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from gateway.cli import inbox_commands
from gateway.cli.cli_base import explained, show_json
from gateway.cli.door_cli import ClientId, Key, Pet, Professional, Url, answered, door_of
from gateway.settings import load_settings
from gateway.wiring import os_random

app = typer.Typer(help="Vragen aan u als professional. Questions to you.", no_args_is_help=True)


class Said(StrEnum):
    """What a professional may say to a question."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    DECLINE = "decline"


Question = Annotated[str, typer.Argument(help="De vraag. The id of the question.")]


@app.command("list")
def list_questions(
    *, url: Url, client_id: ClientId, key: Key, hat: Pet, professional: Professional
) -> None:
    """List the open questions for your hat, the most urgent first."""
    with explained():
        found = inbox_commands.open_questions(door_of(url, client_id, key, hat, professional))
    answered(found)


@app.command()
def show(
    question: Question,
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
) -> None:
    """Show one question with the person it is about; that you looked is recorded."""
    with explained():
        found = inbox_commands.show(door_of(url, client_id, key, hat, professional), question)
    answered(found)


@app.command()
def answer(  # noqa: PLR0913 (each is an option of the command line)
    question: Question,
    said: Annotated[Said, typer.Argument(help="Uw antwoord. Your answer.")],
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
) -> None:
    """Answer a question, once; with `decline` the reason is read from standard input."""
    with explained():
        reason = sys.stdin.read().strip() if said is Said.DECLINE else None
        door = door_of(url, client_id, key, hat, professional)
        outcome = inbox_commands.answer(door, question, said.value, reason)
    answered(outcome)


@app.command()
def remind(
    question: Question,
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
) -> None:
    """Remind the professional of a question of your own, once a working day."""
    with explained():
        outcome = inbox_commands.remind(door_of(url, client_id, key, hat, professional), question)
    answered(outcome)


@app.command()
def collect(
    disclosure: Annotated[str, typer.Argument(help="De verstrekking. The id of the disclosure.")],
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
) -> None:
    """Collect what waited for an answer, or for you at a table; exit status 1 means refused."""
    with explained():
        outcome = inbox_commands.collect(
            door_of(url, client_id, key, hat, professional), disclosure
        )
    answered(outcome)


def client_webhook(
    client_id: Annotated[str, typer.Argument(help="The client.")],
    url: Annotated[str | None, typer.Argument(help="https://...; leave it out to end it.")] = None,
) -> None:
    """Register where a client hears that an answer is there; prints the shared secret once."""
    with explained():
        home = load_settings().home
        if url is None:
            inbox_commands.remove_webhook(home, client_id)
        else:
            show_json({"secret": inbox_commands.put_webhook(home, client_id, url, os_random)})
