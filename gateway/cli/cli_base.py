"""What the commands of the command line share: the form of their answers, and how they fail."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from audit.errors import AuditError
from gateway.catalogue.errors import PurposeError
from gateway.decision.errors import PolicyError
from gateway.errors import GatewayError, SettingsInvalid
from gateway.identity.errors import IdentityError
from gateway.subject import passes_for_bsn

_FAILED = 2


class Output(StrEnum):
    """How a command answers: for a person or for a program."""

    TEXT = "text"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="text or json")]


@contextmanager
def explained() -> Iterator[None]:
    """Turn what is missing or wrong into a plain text and exit status 2, without a traceback."""
    try:
        yield
    except (AuditError, GatewayError, IdentityError, PolicyError, PurposeError) as exc:
        Console(stderr=True).print(f"[red]{type(exc).__name__}[/]", end=": ")
        typer.echo(str(exc), err=True)
        raise typer.Exit(_FAILED) from exc


def own_id(professional: str) -> str:
    """Return the opaque id of who gives a command, which is no number of a person.

    Raises: SettingsInvalid, which holds nothing of the id.
    """
    if passes_for_bsn(professional):
        raise SettingsInvalid(
            "--professional: geef uw eigen kenmerk, nooit een BSN. "
            "Give an id of your own, never a BSN."
        )
    return professional


def show_json(value: object) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
