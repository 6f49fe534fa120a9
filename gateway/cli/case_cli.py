"""The commands `doelpoort case ...`: work in a case from the command line."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.cases.migrate import migrate
from gateway.cli import case_commands, commands, representation_cli
from gateway.cli.cli_base import explained
from gateway.cli.door_cli import ClientId, Key, Pet, Professional, Url, answered, door_of
from gateway.mosaic.one_key import forget_key

app = typer.Typer(help="Casussen en toestemmingen. Cases and consents.", no_args_is_help=True)
app.command("appoint")(representation_cli.case_appoint)
app.command("discharge")(representation_cli.case_discharge)


class Beginning(StrEnum):
    """How a case begins."""

    OWN_REQUEST = "own_request"
    SIGNAL = "signal"
    REPORT = "report"


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
        door = door_of(url, client_id, key, hat, professional)
        outcome = case_commands.begin(door, kind, beginning.value, bsn, tried)
    answered(outcome)


@app.command("list")
def list_cases(
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
) -> None:
    """List your open cases of a person, and what is due; the BSN is read from standard input."""
    with explained():
        bsn = commands.read_bsn(sys.stdin)
        outcome = case_commands.find(door_of(url, client_id, key, hat, professional), bsn)
    answered(outcome)


@app.command()
def due(
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
    start: Annotated[
        int, typer.Option(min=0, help="Waar de lijst begint. Where the list begins.")
    ] = 0,
) -> None:
    """List the cases that wait for your decision, the most urgent first. It names no persons."""
    with explained():
        outcome = case_commands.due(door_of(url, client_id, key, hat, professional), start)
    answered(outcome)


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
        outcome = case_commands.show(door_of(url, client_id, key, hat, professional), case_id)
    answered(outcome)


@app.command()
def step(  # noqa: PLR0913 (each is an option of the command line)
    case_id: Annotated[str, typer.Argument(help="De casus. The case.")],
    version: Annotated[int, typer.Argument(help="De versie die u zag. The version you saw.")],
    word: Annotated[str, typer.Argument(help="join, leave, advance, agree, progress, stall, ...")],
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
        door = door_of(url, client_id, key, hat, professional)
        outcome = case_commands.step(door, case_id, version, body)
    answered(outcome)


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
        door = door_of(url, client_id, key, hat, professional)
        outcome = case_commands.consent(door, purpose, bsn, by, more)
    answered(outcome)


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
        door = door_of(url, client_id, key, hat, professional)
        outcome = case_commands.withdraw(door, consent_id)
    answered(outcome)


@app.command()
def withdraw_all(
    purpose: Annotated[str, typer.Argument(help="Het doel. The purpose.")],
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
) -> None:
    """Withdraw all that a person consented to for a purpose; the BSN comes from standard input."""
    with explained():
        bsn = commands.read_bsn(sys.stdin)
        door = door_of(url, client_id, key, hat, professional)
        outcome = case_commands.withdraw_all(door, purpose, bsn)
    answered(outcome)


@app.command()
def share(  # noqa: PLR0913 (each is an option of the command line)
    case_id: Annotated[str, typer.Argument(help="De casus. The case.")],
    recipients: Annotated[Path, typer.Argument(help="JSON: wie wat krijgt. Who gets what.")],
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    hat: Pet,
    professional: Professional,
) -> None:
    """Share with several parties at once, each its own view; the BSN comes from standard input.

    The file holds the `recipients` of POST /v1/tables. Exit status 1 means that nobody gets any.
    """
    with explained():
        seats = case_commands.read_recipients(recipients)
        bsn = commands.read_bsn(sys.stdin)
        door = door_of(url, client_id, key, hat, professional)
        outcome = case_commands.share(door, case_id, bsn, seats)
    answered(outcome)


@app.command("migrate")
def migrate_store(
    url: Annotated[str, typer.Option(envvar="DOELPOORT_CASES_URL", help="The case store.")],
) -> None:
    """Bring the tables of the case store to the form of this version, as their owner."""
    with explained():
        migrate(url)


@app.command()
def new_key(
    url: Annotated[str, typer.Option(envvar="DOELPOORT_CASES_URL", help="The case store.")],
) -> None:
    """Forget what was counted under the former idempotency.key, once every gateway has the new."""
    with explained():
        forgotten = forget_key(url)
    typer.echo(f"{forgotten} antwoorden tellen niet meer. {forgotten} answers count no more.")
