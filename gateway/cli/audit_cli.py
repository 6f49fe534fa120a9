"""`doelpoort audit ...`: what auditors and privacy officers do with the ledger of a gateway."""

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer

from audit.errors import NothingToErase
from audit.keeping import Order
from audit.projections.lines import Kind
from gateway.cli import audit_commands, audit_text, commands
from gateway.cli.audit_commands import Choice, Days, Log, Looking
from gateway.cli.cli_base import Output, OutputOption, explained, own_id, show_json
from gateway.cli.erase_commands import erase
from gateway.cli.erase_text import erased_text
from gateway.errors import SettingsInvalid
from gateway.log.access import this_year
from gateway.settings import load_settings

app = typer.Typer(
    help="Het register controleren en beheren. Check and keep the ledger.", no_args_is_help=True
)

_DATE = ["%Y-%m-%d"]

Key = Annotated[str, typer.Option("--key", metavar="VKEY", help="The key you got beforehand.")]
Year = Annotated[
    int | None, typer.Option(help="Het jaar van het register; nu het lopende. Default: this year.")
]
First = Annotated[
    dt.datetime | None,
    typer.Option("--from", formats=_DATE, help="De eerste dag. The first day."),
]
Last = Annotated[
    dt.datetime | None, typer.Option("--to", formats=_DATE, help="De laatste dag. The last day.")
]
Ground = Annotated[
    str, typer.Option(help="Waarom: een woord, dat openbaar wordt. Why: a word, made public.")
]
Professional = Annotated[
    str, typer.Option(help="Uw eigen kenmerk, dat verzegeld wordt. Your own opaque id, sealed.")
]
Role = Annotated[str, typer.Option(help="Uw rol, die openbaar wordt. Your role, made public.")]
Because = Annotated[
    str | None, typer.Option(help="Toelichting, die verzegeld wordt. An explanation, sealed.")
]


@app.command("verify")
def audit_verify(
    ledger: Annotated[Path, typer.Argument(help="An audit bundle, or the ledger file, or a copy.")],
    *,
    key: Key,
    policy: Annotated[Path | None, typer.Option(help="Which witnesses must have signed.")] = None,
    max_age: Annotated[str | None, typer.Option(help="Such as 90m, 24h or 7d.")] = None,
    receipt: Annotated[list[Path] | None, typer.Option(help="A receipt; repeatable.")] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Check a ledger or an audit bundle offline, from its first byte to its last signature.

    The same check, with nothing but `cryptography` installed, is `python -m audit verify`.
    """
    more = [
        ("--policy", policy),
        ("--max-age", max_age),
        *(("--receipt", r) for r in receipt or ()),
    ]
    options = [part for name, value in more if value is not None for part in (name, str(value))]
    as_json = ["--json"] if output is Output.JSON else []
    raise typer.Exit(commands.run_auditor("verify", str(ledger), "--key", key, *options, *as_json))


@app.command("explain")
def audit_explain(
    receipt: Annotated[Path, typer.Argument(help="The file of the receipt.")],
    *,
    key: Annotated[str | None, typer.Option(metavar="VKEY", help="Verify it first.")] = None,
) -> None:
    """Vertel wat een ontvangstbewijs bewijst. Tell what one receipt proves."""
    options = [] if key is None else ["--key", key]
    raise typer.Exit(commands.run_auditor("explain", str(receipt), *options))


@app.command("export")
def audit_export(  # noqa: PLR0913 (each is an option of the command line)
    out: Annotated[Path, typer.Argument(help="The new folder of the bundle.")],
    *,
    first: First = None,
    last: Last = None,
    organisation: Annotated[str | None, typer.Option(help="Alleen dit OIN. This OIN only.")] = None,
    purpose: Annotated[str | None, typer.Option(help="Alleen dit doel. This purpose only.")] = None,
    openings: Annotated[
        bool,
        typer.Option(
            "--openings", help="Ook wie het betreft; elke inzage wordt vastgelegd. Persons as well."
        ),
    ] = False,
    ground: Annotated[str | None, typer.Option(help="Waarom, bij --openings. Why.")] = None,
    role: Annotated[str | None, typer.Option(help="Uw rol, bij --openings. Your role.")] = None,
    professional: Annotated[
        str | None, typer.Option(help="Uw kenmerk, bij --openings. Your own opaque id.")
    ] = None,
    year: Year = None,
) -> None:
    """Write an audit bundle, which anybody can verify offline.

    It holds no personal data unless --openings asks for them.
    """
    with explained():
        looking = _looking(ground, role, professional) if openings else None
        choice = Choice(organisation, purpose)
        told, status = audit_commands.export(_log(year), out, _days(first, last), choice, looking)
    typer.echo(told)
    raise typer.Exit(status)


@app.command("replay")
def audit_replay(
    *,
    first: First = None,
    last: Last = None,
    year: Year = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Neem elk besluit opnieuw. Decide every recorded request again under the policy of its time.

    Exit status 1 means that an entry says something else than its policy gives; 3 that some could
    not be decided again.
    """
    with explained():
        report, status = audit_commands.replay_log(_log(year), _days(first, last))
    if output is Output.JSON:
        show_json(audit_text.replayed_out(report))
    else:
        typer.echo(audit_text.replayed_text(report))
    raise typer.Exit(status)


@app.command("reconcile")
def audit_reconcile(  # noqa: PLR0913 (each is an option of the command line)
    *,
    receipts: Annotated[
        Path, typer.Option(help="A folder of receipts, or a file with one as JSON on each line.")
    ],
    queries: Annotated[
        Path | None, typer.Option(help="Query log of a source: JSON lines with time and trace.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="VKEY", help="The key you got beforehand.")
    ] = None,
    first: First = None,
    last: Last = None,
    year: Year = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Leg het register naast bewijzen van anderen. Hold the ledger against what others kept.

    Exit status 1 is an alarm: the ledger lost an entry, or data were fetched outside the gate; 3
    means that disclosures have no receipt among those handed in.
    """
    with explained():
        found, status = audit_commands.reconcile_log(
            _log(year), receipts, queries, _days(first, last), key
        )
    if output is Output.JSON:
        show_json(audit_text.reconciled_out(found))
    else:
        typer.echo(audit_text.reconciled_text(found))
    raise typer.Exit(status)


@app.command("erase")
def audit_erase(
    *,
    ground: Ground,
    professional: Professional,
    because: Because = None,
    year: Annotated[
        list[int] | None, typer.Option(help="Alleen deze jaren; anders alle. These years only.")
    ] = None,
) -> None:
    """Wis wat over iemand wordt bewaard. Erase what is kept about a person; proofs stay whole.

    The BSN is read from standard input, so that no list of commands or processes ever shows it.
    Every log, and what waits beside it. Cases and consents stay and are counted. Exit status 1
    means that something is left to do, which is named; give the command again when it is mended.
    """
    with explained():
        bsn = commands.read_bsn(sys.stdin)
        order = _order(ground, professional, because)
        erasure = erase(load_settings(), tuple(year or ()), bsn, order)
        typer.echo(erased_text(erasure))
        if erasure.is_nothing and erasure.is_whole:
            raise NothingToErase("nothing is sealed for this person, and nothing waits")
    raise typer.Exit(audit_commands.OK if erasure.is_whole else audit_commands.WRONG)


@app.command("rotate")
def audit_rotate(
    *,
    year: Annotated[
        list[int] | None,
        typer.Option(help="Elk jaar dat bewaard is; nodig bij een databaseserver. Repeatable."),
    ] = None,
) -> None:
    """Vervang de sleutel van alle verzegeling. Wrap every key anew, and destroy the old one.

    Afterwards no backup made before can give back what was erased. Running gateways stop, and go on
    when they are started again.
    """
    with explained():
        rotation = audit_commands.rotate(load_settings(), tuple(year or ()))
    typer.echo(audit_text.rotated(rotation))


@app.command("retain")
def audit_retain(
    *,
    before: Annotated[
        dt.datetime, typer.Option(formats=_DATE, help="De eerste dag die blijft. Kept from here.")
    ],
    ground: Ground,
    professional: Professional,
    because: Because = None,
    year: Year = None,
) -> None:
    """Verwijder wat lang genoeg is bewaard. Prune content after its retention; proofs stay."""
    with explained():
        order = _order(ground, professional, because)
        report = audit_commands.retain(_log(year), before.date(), order)
    typer.echo(audit_text.retained(report))


@app.command("look")
def audit_look(  # noqa: PLR0913 (each is an option of the command line)
    request_id: Annotated[str, typer.Argument(help="The request id of the entry.")],
    *,
    ground: Ground,
    role: Role,
    professional: Professional,
    because: Because = None,
    year: Year = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Open wat bij een regel is verzegeld. Open what is sealed beside one entry.

    That somebody looked is in the ledger before anything is shown.
    """
    with explained():
        looking = Looking(_order(ground, professional, because), role)
        seen = audit_commands.look(_log(year), request_id, looking)
    if output is Output.JSON:
        show_json(audit_text.seen_out(seen))
    else:
        typer.echo(audit_text.seen_text(seen))


@app.command("project")
def audit_project(
    standard: Annotated[Kind, typer.Argument(help="ldv, adl or vng")],
    out: Annotated[Path, typer.Argument(help="The new file: a JSON object on each line.")],
    *,
    first: First = None,
    last: Last = None,
    year: Year = None,
) -> None:
    """Schrijf het register in de vorm van een standaard. Write entries as LDV, ADL or VNG lines."""
    with explained():
        count = audit_commands.project_log(_log(year), standard, out, _days(first, last))
    typer.echo(f"{count} regels (lines)")


@app.command("migrate")
def audit_migrate(
    *,
    url: Annotated[
        str | None,
        typer.Option(envvar="DOELPOORT_OWNER_URL", help="The database as its owner."),
    ] = None,
    year: Year = None,
) -> None:
    """Breng de tabellen in de vorm van deze versie. Bring the tables to the form of this version.

    A ledger in a file needs no such command: a gateway does it when it starts.
    """
    with explained():
        audit_commands.migrate(_log(year), url)
    typer.echo("De tabellen zijn bij. The tables are up to date.")


@app.command("status")
def audit_status(*, year: Year = None, output: OutputOption = Output.TEXT) -> None:
    """Toon hoe het register ervoor staat. Show how the ledger stands."""
    with explained():
        status = audit_commands.status(_log(year))
    if output is Output.JSON:
        show_json(status)
    else:
        typer.echo(audit_text.status_text(status))


def _log(year: int | None) -> Log:
    return Log(load_settings(), year or this_year())


def _days(first: dt.datetime | None, last: dt.datetime | None) -> Days:
    return Days(first and first.date(), last and last.date())


def _order(ground: str, professional: str, because: str | None) -> Order:
    words = None if because is None else because.encode()
    return Order(ground, own_id(professional).encode(), words)


def _looking(ground: str | None, role: str | None, professional: str | None) -> Looking:
    if ground is None or role is None or professional is None:
        raise SettingsInvalid("--openings asks for --ground, --role and --professional as well")
    return Looking(_order(ground, professional, None), role)
