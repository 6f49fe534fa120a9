"""The options with which every command of a professional says where it asks, and as whom."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.cli_base import show_json
from gateway.cli.door import Door, Outcome
from gateway.partner import Hat

Url = Annotated[str, typer.Option(envvar="DOELPOORT_PUBLIC_URL", help="The gateway.")]
ClientId = Annotated[str, typer.Option("--client", help="Your client id.")]
Key = Annotated[Path, typer.Option(help="PEM file with your client's private key.")]
Professional = Annotated[str, typer.Option(help="Your own opaque id of who is acting.")]
Pet = Annotated[
    str, typer.Option("--hat", metavar="ORGANISATION:ROLE", help="De pet. The hat you wear.")
]


def door_of(url: str, client_id: str, key: Path, pet: str, professional: str) -> Door:
    """Return the way in that the options name; who has one hat may leave it empty."""
    organisation, _, role = pet.partition(":")
    return Door(url, client_id, key, Hat(organisation or None, role or None, professional))


def answered(outcome: Outcome) -> None:
    """Show what a gateway answered, and end: exit status 1 when it did not do what was asked."""
    show_json(outcome.body)
    raise typer.Exit(0 if outcome.is_done else 1)
