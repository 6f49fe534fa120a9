"""`doelpoort source ...`: whether the sources have what the mapping and the policy files say."""

from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from gateway.catalogue.errors import Severity
from gateway.catalogue.load import load_catalogue
from gateway.cli.cli_base import Output, OutputOption, explained, show_json
from gateway.errors import SourceFailed, SourceInvalid
from gateway.sources.demand import findings_of
from gateway.sources.mapping import SourceMap
from gateway.sources.mapping_file import load_mapping
from gateway.sources.opening import sources_of

app = typer.Typer(help="De bronnen. The sources.", no_args_is_help=True)


@app.callback()
def source() -> None:
    """Look at the sources; nothing is asked about a person."""


@app.command()
def check(
    *,
    mapping: Annotated[
        Path, typer.Option(envvar="DOELPOORT_SOURCES", help="Waar elk gegeven staat. The mapping.")
    ],
    purposes: Annotated[Path, typer.Option(help="Folder of the purpose files.")] = Path("purposes"),
    policies: Annotated[Path, typer.Option(help="Folder of the policies.")] = Path("policies"),
    live: Annotated[bool, typer.Option(help="Ask the live sources too.")] = True,
    output: OutputOption = Output.TEXT,
) -> None:
    """Check a mapping file against the policy files, and the live sources against the mapping.

    Exit status 1 means that something is missing, of another type, or does not answer.
    """
    with explained():
        found = load_mapping(mapping)
        findings = findings_of(found, load_catalogue(purposes, policies))
        answers = _answers(found) if live else {}
    sound = not any(each.severity is Severity.ERROR for each in findings)
    good = sound and not any(answers.values())
    if output is Output.JSON:
        lines = [each.text for each in findings]
        show_json({"good": good, "findings": lines, "sources": answers})
    else:
        for finding in findings:
            typer.echo(finding.text)
        for name, fault in answers.items():
            typer.echo(f"{name}: {fault or 'in orde / in order'}")
    raise typer.Exit(0 if good else 1)


def _answers(mapping: SourceMap) -> dict[str, str | None]:
    """Return by source what is wrong with it, or None."""
    with closing(sources_of(mapping, monotonic_s=monotonic)) as sources:
        answers: dict[str, str | None] = {}
        for name in mapping.sources:
            try:
                sources.probe(name)
            except (SourceFailed, SourceInvalid) as exc:
                answers[name] = str(exc)
            else:
                answers[name] = None
        return answers
