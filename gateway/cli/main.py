"""The command line `doelpoort`: for operators, privacy officers, auditors and partners."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.cli import (
    audit_cli,
    case_cli,
    commands,
    emergency_cli,
    inbox_cli,
    message_cli,
    policy_cli,
    policy_commands,
    recording_cli,
    source_cli,
)
from gateway.cli.cli_base import Output, OutputOption, explained, show_json
from gateway.decision.model import Permit
from gateway.emergency.model import Danger
from gateway.partner import Hat
from gateway.settings import settings_told
from gateway.wiring import os_random, utc_now

_HELP = """Doelpoort: de minste gegevens die een taak nodig heeft, met bewijs.

The purpose gate of the Dutch social domain: every request declares its task, activity and purpose,
gets the least data that these need, and a receipt from a tamper-evident ledger.
"""
app = typer.Typer(name="doelpoort", help=_HELP, no_args_is_help=True, add_completion=False)
client = typer.Typer(help="Aangesloten systemen. Registered clients.", no_args_is_help=True)
app.add_typer(policy_cli.app, name="policy")
app.add_typer(audit_cli.app, name="audit")
app.add_typer(case_cli.app, name="case")
app.add_typer(emergency_cli.app, name="review")
app.add_typer(inbox_cli.app, name="inbox")
app.add_typer(message_cli.app, name="messages")
app.add_typer(client, name="client")
client.command("webhook")(inbox_cli.client_webhook)
app.add_typer(source_cli.app, name="source")
app.command("record-check")(recording_cli.record_check)

# EX_SOFTWARE of sysexits.h.
_BUG = 70
_REPOSITORY = Path(__file__).resolve().parent.parent.parent


class OverAsking(StrEnum):
    """What happens when a field goes beyond the purpose."""

    REFUSE = "refuse"
    WITHHOLD = "withhold"


Task = Annotated[str, typer.Argument(help="Stap 1: de wettelijke taak. The statutory task.")]
Activity = Annotated[str, typer.Argument(help="Stap 2: de activiteit van die taak. The activity.")]
Purpose = Annotated[str, typer.Argument(help="Stap 3: het doel. The purpose.")]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", help="Een gegeven; weglaten is de minimale set. A field; repeatable."),
]
Because = Annotated[
    list[str] | None,
    typer.Option("--because", metavar="FIELD=TEXT", help="Motivering. Why a field is needed."),
]
Organisation = Annotated[str | None, typer.Option(help="Organisatie van de pet. The hat's party.")]
Role = Annotated[str | None, typer.Option(help="Rol van de pet. The role of the hat.")]
OverAskingOption = Annotated[OverAsking, typer.Option(help="Refuse, or withhold what goes beyond.")]
Claims = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME[=WORD]", help="Wat u verklaart. What you say is so."),
]
EmergencyOption = Annotated[
    Danger | None,
    typer.Option(help="Noodinzage: welk gevaar er nu is. An emergency; somebody else judges it."),
]
Purposes = Annotated[Path, typer.Option(help="Folder of the purpose files.")]
Policies = Annotated[Path, typer.Option(help="Folder of the Rego and the party policy.")]


@app.command(epilog=settings_told())
def serve() -> None:
    """Start the gateway, set up by DOELPOORT_*; it explains a start that fails."""
    with explained():
        commands.serve()


@app.command()
def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
) -> None:
    """Tell the story of the specialisation flag on this machine, then keep serving."""
    from gateway.demo.run import run_demo  # noqa: PLC0415 (only the demo pays for it)

    with explained():
        as_told = run_demo(Console(), _REPOSITORY, once=once, now=utc_now, random=os_random)
    raise typer.Exit(0 if as_told else 1)


@app.command()
def ask(  # noqa: PLR0913 (each is an option of the command line)
    task: Task,
    activity: Activity,
    purpose: Purpose,
    *,
    url: Annotated[str, typer.Option(envvar="DOELPOORT_PUBLIC_URL", help="The gateway.")],
    client_id: Annotated[str, typer.Option("--client", help="Your client id.")],
    key: Annotated[Path, typer.Option(help="PEM file with your client's private key.")],
    professional: Annotated[str, typer.Option(help="Your own opaque id of who is acting.")],
    field: Fields = None,
    because: Because = None,
    case: Annotated[str | None, typer.Option(help="De casus. The case.")] = None,
    claim: Claims = None,
    organisation: Organisation = None,
    role: Role = None,
    over_asking: OverAskingOption = OverAsking.REFUSE,
    emergency: EmergencyOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Ask a gateway for data; exit status 1 means refused, 3 that the answer is waited for.

    Some answers only a professional can give. They are not waited for here, because that takes
    days: `doelpoort inbox collect`, with the same options, tells how it stands and fetches them.

    The BSN is read from standard input, so that no list of commands or processes ever shows it.
    So is what is happening in an emergency, from the line after it on.
    """
    question = policy_commands.Asked(
        task, activity, purpose, field, because or [], case, over_asking.value, claim or ()
    )
    hat, as_json = Hat(organisation, role, professional), output is Output.JSON
    with explained():
        bsn = commands.read_bsn(sys.stdin)
        urgent = None if emergency is None else commands.read_urgent(sys.stdin, emergency)
        status = commands.ask(
            url, client_id, key, hat, question, bsn, urgent=urgent, as_json=as_json
        )
    raise typer.Exit(status)


@app.command()
def explain(  # noqa: PLR0913 (each is an option of the command line)
    task: Task,
    activity: Activity,
    purpose: Purpose,
    *,
    organisation: Annotated[str, typer.Option(help="De organisatie die vraagt. Who asks.")],
    role: Annotated[str, typer.Option(help="De rol waarin. In which role.")],
    field: Fields = None,
    because: Because = None,
    over_asking: OverAskingOption = OverAsking.REFUSE,
    purposes: Purposes = Path("purposes"),
    policies: Policies = Path("policies"),
    output: OutputOption = Output.TEXT,
) -> None:
    """Show step by step what would be decided and why: a dry run without person, data or ledger.

    Exit status 1 means that the request would be refused.
    """
    question = policy_commands.Asked(
        task, activity, purpose, field, because or [], None, over_asking.value
    )
    folders = policy_commands.PolicyFolders(purposes, policies)
    with explained():
        explanation = policy_commands.dry_run(
            folders, (organisation, role), question, today=utc_now().date()
        )
    if output is Output.JSON:
        show_json(policy_commands.explanation_out(explanation))
    else:
        policy_commands.show_explanation(explanation)
    raise typer.Exit(0 if isinstance(explanation.decision, Permit) else 1)


@client.command("add")
def client_add(
    client_id: Annotated[str, typer.Argument(help="Letters, digits, . _ -")],
    *,
    name: Annotated[str, typer.Option(help="What people call this system.")],
    hat: Annotated[
        list[str], typer.Option(metavar="ORGANISATION:ROLE", help="A hat it may wear; repeatable.")
    ],
    public_key: Annotated[
        Path | None, typer.Option(help="PEM file that the partner sent: Ed25519, P-256 or RSA.")
    ] = None,
    new_key: Annotated[
        Path | None, typer.Option(help="Make a key pair; the private key goes into this new file.")
    ] = None,
) -> None:
    """Register a partner's system with its public key and the hats it may wear."""
    with explained():
        commands.client_add(client_id, name, hat, public_key, new_key, random=os_random)


@client.command("revoke")
def client_revoke(client_id: Annotated[str, typer.Argument(help="The client.")]) -> None:
    """Revoke a client for good; its tokens stop counting at their next use."""
    with explained():
        commands.client_revoke(client_id, at=utc_now())


@client.command("list")
def client_list(*, output: OutputOption = Output.TEXT) -> None:
    """List the registered clients with their hats."""
    with explained():
        commands.client_list(as_json=output is Output.JSON)


def main() -> None:
    """Run the command line; a bug ends it by its kind, for its text may hold a row of a source."""
    try:
        app()
    except Exception as exc:  # noqa: BLE001 (the one top-level handler)
        typer.echo(f"unexpected failure: {type(exc).__name__}", err=True)
        sys.exit(_BUG)
