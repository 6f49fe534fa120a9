"""The commands `doelpoort case ...`: work in a case from the command line."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway import case_commands, commands
from gateway.case_commands import Door, Outcome
from gateway.cases.migrate import migrate
from gateway.cli_base import explained, show_json
from gateway.partner import Hat

app = typer.Typer(help="Casussen en toestemmingen. Cases and consents.", no_args_is_help=True)


class Beginning(StrEnum):
    """How a case begins."""

    OWN_REQUEST = "own_request"
    SIGNAL = "signal"
    REPORT = "report"


Url = Annotated[str, typer.Option(envvar="DOELPOORT_PUBLIC_URL", help="The gateway.")]
ClientId = Annotated[str, typer.Option("--client", help="Your client id.")]
Key = Annotated[Path, typer.Option(help="PEM file with your client's private key.")]
Professional = Annotated[str, typer.Option(help="Your own opaque id of who is acting.")]
Pet = Annotated[
    str, typer.Option("--hat", metavar="ORGANISATION:ROLE", help="De pet. The hat you wear.")
]


def _door(url: str, client_id: str, key: Path, pet: str, professional: str) -> Door:
    organisation, _, role = pet.partition(":")
    return Door(url, client_id, key, Hat(organisation or None, role or None, professional))


def _answer(outcome: Outcome) -> None:
    show_json(outcome.body)
    raise typer.Exit(0 if outcome.is_done else 1)


@app.command()
def begin(  # noqa: PLR0913 (each is an option of the command line)
    kind: Annotated[str, typer.Argument(help="De soort casus. The kind of case.")],
    beginning: Annotated[Beginning, typer.Argument(help="Hoe hij begint. How it begins.")],
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
    signal: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="tried_on=, attempts=, severity="),
    ] = None,
) -> None:
    """Begin a case; the BSN is read from standard input. Exit status 1 means refused."""
    with explained():
        tried = case_commands.parse_members(signal) if signal else None
        bsn = commands.read_bsn(sys.stdin)
        door = _door(url, client_id, key, hat, professional)
        outcome = case_commands.begin(door, kind, beginning.value, bsn, tried)
    _answer(outcome)


@app.command()
def show(
    case_id: Annotated[str, typer.Argument(help="De casus. The case.")],
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
) -> None:
    """Show what your part in a case needs."""
    with explained():
        outcome = case_commands.show(_door(url, client_id, key, hat, professional), case_id)
    _answer(outcome)


@app.command()
def step(  # noqa: PLR0913 (each is an option of the command line)
    case_id: Annotated[str, typer.Argument(help="De casus. The case.")],
    version: Annotated[int, typer.Argument(help="De versie die u zag. The version you saw.")],
    word: Annotated[str, typer.Argument(help="join, leave, advance, agree, fulfil, close, ...")],
    members: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="What the step needs.")
    ] = None,
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
) -> None:
    """Take a step in a case; exit status 1 means refused, or somebody else was first."""
    with explained():
        body = {"step": word, **case_commands.parse_members(members or [])}
        door = _door(url, client_id, key, hat, professional)
        outcome = case_commands.step(door, case_id, version, body)
    _answer(outcome)


@app.command()
def consent(  # noqa: PLR0913 (each is an option of the command line)
    purpose: Annotated[str, typer.Argument(help="Het doel. The purpose.")],
    *,
    by: Annotated[list[str], typer.Option("--by", help="Wie toestemt. Who consents.")],
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
    field: Annotated[list[str] | None, typer.Option("--field", help="A field; repeatable.")] = None,
    until: Annotated[str | None, typer.Option(help="Laatste dag. The last day.")] = None,
) -> None:
    """Record a consent; the BSN is read from standard input. Exit status 1 means refused."""
    more: dict[str, object] = {} if until is None else {"valid_until": until}
    if field:
        more["fields"] = field
    with explained():
        bsn = commands.read_bsn(sys.stdin)
        door = _door(url, client_id, key, hat, professional)
        outcome = case_commands.consent(door, purpose, bsn, by, more)
    _answer(outcome)


@app.command()
def withdraw(
    consent_id: Annotated[str, typer.Argument(help="De toestemming. The consent.")],
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
) -> None:
    """Withdraw a consent; it no longer counts from this moment on."""
    with explained():
        door = _door(url, client_id, key, hat, professional)
        outcome = case_commands.withdraw(door, consent_id)
    _answer(outcome)


@app.command("migrate")
def migrate_store(
    url: Annotated[str, typer.Option(envvar="DOELPOORT_CASES_URL", help="The case store.")],
) -> None:
    """Bring the tables of the case store to the form of this version, as their owner."""
    with explained():
        migrate(url)
