"""`doelpoort policy ...`: what privacy officers do with the policy files, and what follows."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import policy_commands, review_commands
from gateway.cli.cli_base import Output, OutputOption, explained, show_json
from gateway.cli.review_commands import Form, Outcome, Use
from gateway.log.place import ledger_path
from gateway.openings import tally_path
from gateway.settings import load_settings
from gateway.wiring import utc_now

app = typer.Typer(help="De beleidsbestanden. The policy files.", no_args_is_help=True)

_REPOSITORY = Path(__file__).resolve().parent.parent.parent
_CLIENTS = _REPOSITORY / "deploy" / "demo" / "clients.json"
_GOLDEN = _REPOSITORY / "tests" / "golden"

Purposes = Annotated[Path, typer.Option(help="Folder of the purpose files.")]
Policies = Annotated[Path, typer.Option(help="Folder of the Rego and the party policy.")]
FormOption = Annotated[Form, typer.Option("--output", "-o", help="text, json or markdown")]
Chosen = Annotated[
    list[str] | None, typer.Argument(metavar="[PURPOSE]...", help="Purposes; none means all.")
]
Since = Annotated[
    dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day that counts.")
]
Ledger = Annotated[
    Path | None,
    typer.Option(help="The ledger file; left out, the one of this gateway (DOELPOORT_HOME)."),
]


@app.command("check")
def policy_check(
    *,
    purposes: Purposes = Path("purposes"),
    policies: Policies = Path("policies"),
    output: OutputOption = Output.TEXT,
) -> None:
    """Load and lint the policy files; exit status 1 when one of them has an error."""
    folders = policy_commands.PolicyFolders(purposes, policies)
    with explained():
        findings = policy_commands.check(folders, today=utc_now().date())
    if output is Output.JSON:
        show_json(policy_commands.findings_out(findings))
    else:
        policy_commands.show_findings(findings)
    raise typer.Exit(0 if policy_commands.is_sound(findings) else 1)


@app.command("test")
def policy_test(
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="More files of cases.")
    ] = None,
    *,
    cases: Annotated[
        list[Path] | None,
        typer.Option("--cases", metavar="FILE...", help="Run these files of cases only."),
    ] = None,
    clients: Annotated[Path, typer.Option(help="The invented clients of the cases.")] = _CLIENTS,
    purposes: Purposes = Path("purposes"),
    policies: Policies = Path("policies"),
) -> None:
    """Run decision cases through the real way of a request; exit status 1 on a difference.

    Without files: the project's own cases, and the examples in every purpose file.
    """
    files = [*(cases or ()), *(more or ())]
    folders = policy_commands.PolicyFolders(purposes, policies)
    with explained():
        if files:
            sound, told = policy_commands.test_cases(folders, files, clients)
        else:
            own = sorted(_GOLDEN.glob("*.yaml"))
            sound, told = policy_commands.test_everything(folders, own, clients)
    typer.echo(told)
    raise typer.Exit(0 if sound else 1)


@app.command("bundle")
def policy_bundle(
    out: Annotated[Path, typer.Argument(help="Folder to write; an OPA server loads it.")],
    *,
    purposes: Purposes = Path("purposes"),
    policies: Policies = Path("policies"),
) -> None:
    """Write the Rego and its data for an OPA server: what `DOELPOORT_ENGINE=opa` asks."""
    with explained():
        revision = policy_commands.bundle(policy_commands.PolicyFolders(purposes, policies), out)
    typer.echo(revision)


@app.command("compare")
def policy_compare(
    old: Annotated[
        str, typer.Argument(help="A folder with purposes/ and policies/, or a revision.")
    ],
    new: Annotated[str, typer.Argument(help="The other side.")] = ".",
    *,
    output: FormOption = Form.TEXT,
) -> None:
    """Say per requester, purpose and field what became wider, narrower, new or gone.

    Exit status 3 means that something became wider, or that nobody can tell.
    """
    with explained():
        outcome = review_commands.compare_policies(old, new, Path(), output)
    _finish(outcome)


@app.command("invariants")
def policy_invariants(
    *,
    purposes: Purposes = Path("purposes"),
    policies: Policies = Path("policies"),
    output: FormOption = Form.TEXT,
) -> None:
    """Check the sentences of invariants.yaml over everything that can ever be released."""
    with explained():
        outcome = review_commands.check_invariants((purposes, policies), output)
    _finish(outcome)


@app.command("register")
def policy_register(
    chosen: Chosen = None,
    *,
    html: Annotated[bool, typer.Option("--html", help="A page instead of JSON.")] = False,
    purposes: Purposes = Path("purposes"),
    policies: Policies = Path("policies"),
) -> None:
    """Print the register of processing activities (GDPR article 30)."""
    with explained():
        outcome = review_commands.make_register(
            (purposes, policies), chosen or (), utc_now().date(), html=html
        )
    _finish(outcome)


@app.command("dpia")
def policy_dpia(
    chosen: Chosen = None,
    *,
    purposes: Purposes = Path("purposes"),
    policies: Policies = Path("policies"),
) -> None:
    """Print a DPIA (Rijksmodel) that is filled in as far as the catalogue goes, as JSON."""
    with explained():
        outcome = review_commands.make_dpia((purposes, policies), chosen or (), utc_now())
    _finish(outcome)


@app.command("page")
def policy_page(
    out: Annotated[Path, typer.Argument(help="The HTML file to write.")],
    *,
    purposes: Purposes = Path("purposes"),
    policies: Policies = Path("policies"),
) -> None:
    """Write one self-contained page of the whole catalogue, for the intranet."""
    with explained():
        outcome = review_commands.make_page((purposes, policies), out, utc_now().date())
    _finish(outcome)


@app.command("unused")
def policy_unused(
    *,
    since: Since,
    ledger: Ledger = None,
    purposes: Purposes = Path("purposes"),
    policies: Policies = Path("policies"),
    output: FormOption = Form.TEXT,
) -> None:
    """Propose to narrow what nobody needed since that day; no personal data is read."""
    with explained():
        use = _use(since, ledger)
        outcome = review_commands.find_unused((purposes, policies), use, output)
    _finish(outcome)


@app.command("impact")
def policy_impact(
    draft: Annotated[str, typer.Argument(help="The draft: a folder or a git revision.")],
    *,
    since: Since,
    ledger: Ledger = None,
    purposes: Purposes = Path("purposes"),
    policies: Policies = Path("policies"),
    output: FormOption = Form.TEXT,
) -> None:
    """Decide the recorded requests since that day again under a draft of the policy."""
    with explained():
        use = _use(since, ledger)
        outcome = review_commands.find_impact((purposes, policies), draft, Path(), use, output)
    _finish(outcome)


def _use(since: dt.datetime, ledger: Path | None) -> Use:
    """Return where the use of the period is read: the given ledger, or that of this gateway."""
    today = utc_now().date()
    if ledger is None:
        settings = load_settings()
        return Use(
            ledger_path(settings, today.year), tally_path(settings.home), since.date(), today
        )
    return Use(ledger, tally_path(ledger.parent), since.date(), today)


def _finish(outcome: Outcome) -> None:
    typer.echo(outcome.text.rstrip("\n"))
    raise typer.Exit(outcome.status)
