"""`doelpoort case appoint` and `case discharge`: who decides for an adult, beside the gateways."""

import asyncio
import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated, Final

import typer

from gateway.cases.model import Actor
from gateway.cases.representing import Appointment, Registrar, appoint, discharge
from gateway.cli.cli_base import explained, own_id
from gateway.cli.commands import read_bsn
from gateway.cli.door_cli import Pet, Professional
from gateway.errors import CaseRefused, NotFound, RoleNotMandated
from gateway.moments import home_day
from gateway.openings import load_policy, open_case_store
from gateway.settings import load_settings
from gateway.subject import parse_bsn
from gateway.wiring import os_random, utc_now

_DATE: Final = ["%Y-%m-%d"]

Kind = Annotated[Appointment, typer.Argument(help="De maatregel. The measure of the court.")]


def case_appoint(
    kind: Kind,
    *,
    hat: Pet,
    professional: Professional,
    since: Annotated[
        dt.datetime | None,
        typer.Option("--from", formats=_DATE, help="De eerste dag; anders vandaag. First day."),
    ] = None,
    until: Annotated[
        dt.datetime | None, typer.Option(formats=_DATE, help="De laatste dag. The last day.")
    ] = None,
) -> None:
    """Voer in dat een ander beslist. Enter that a curator, administrator or mentor decides.

    The BSN of the person for whom is read from standard input; that of who decides is not asked. It
    counts at once, and a gateway records it. Exit status 1 means refused.
    """
    with _told():
        subject = parse_bsn(read_bsn(sys.stdin))
        first = home_day(utc_now()) if since is None else since.date()
        last = None if until is None else until.date()
        with _registrar(hat, professional) as registrar:
            asyncio.run(appoint(registrar, subject, kind, first, last))
    typer.echo("Ingevoerd. Het geldt vanaf de eerste dag. Entered; it counts from the first day.")


def case_discharge(kind: Kind, *, hat: Pet, professional: Professional) -> None:
    """Voer in dat een ander niet meer beslist. Enter that such a measure ended.

    The BSN of the person is read from standard input. From now on the measure does not count, and a
    gateway records it. Exit status 1 means refused, or that there is none.
    """
    with _told():
        subject = parse_bsn(read_bsn(sys.stdin))
        with _registrar(hat, professional) as registrar:
            asyncio.run(discharge(registrar, subject, kind))
    typer.echo("Beëindigd. Het telt nu niet meer. Ended; it does not count any more.")


@contextmanager
def _registrar(hat: str, professional: str) -> Iterator[Registrar]:
    """Open the case store for who gives the command, under the policy of now."""
    organisation, _, role = hat.partition(":")
    actor, settings = Actor(organisation, role, own_id(professional)), load_settings()
    catalogue, _ = load_policy(settings)
    with closing(open_case_store(settings.cases_url)) as book:
        yield Registrar(catalogue, book, actor, utc_now(), os_random)


@contextmanager
def _told() -> Iterator[None]:
    """Say a refusal in words, Dutch first, and end with exit status 1."""
    with explained():
        try:
            yield
        except CaseRefused:
            _refuse(
                "De laatste dag is al voorbij, of ligt voor de eerste.",
                "The last day is past, or before the first.",
            )
        except RoleNotMandated:
            _refuse(
                "Alleen een rol van een gemeente mag dit invoeren. Zie organisations.yaml.",
                "Only a role at a municipality may enter this. See organisations.yaml.",
            )
        except NotFound:
            _refuse(
                "Voor deze persoon loopt zo'n maatregel niet.",
                "There is no such measure for this person.",
            )


def _refuse(dutch: str, english: str) -> None:
    typer.echo(f"{dutch} {english}", err=True)
    raise typer.Exit(1)
