"""`doelpoort record-check`: look at a note or form over the policy files, on this machine alone."""

import asyncio
import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from pydantic import ValidationError

from gateway.api.middleware import BODY_LIMIT
from gateway.api.record_checks import RecordCheckIn, note_of
from gateway.api.strict import parse_json
from gateway.catalogue.load import load_catalogue
from gateway.cli.cli_base import Output, OutputOption, explained, show_json
from gateway.cli.policy_commands import PolicyFolders
from gateway.decision.decide import Decider
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.model import Refuse
from gateway.errors import BodyInvalid, PayloadTooLarge
from gateway.recording.answer import note_out
from gateway.recording.check import check_note
from gateway.recording.model import Asker, CheckedNote, Note
from gateway.wiring import utc_now

_MARKS = {"necessary": "✓", "motivation": "?", "not_necessary": "✗"}


def record_check(
    *,
    organisation: Annotated[str, typer.Option(help="De organisatie die vastlegt. Who records.")],
    role: Annotated[str, typer.Option(help="De rol waarin. In which role.")],
    purposes: Annotated[Path, typer.Option(help="Folder of the purpose files.")] = Path("purposes"),
    policies: Annotated[Path, typer.Option(help="Folder of the Rego and the party policy.")] = Path(
        "policies"
    ),
    output: OutputOption = Output.TEXT,
) -> None:
    """Say what of a note may be recorded; the note comes as JSON on standard input.

    The JSON is that of POST /v1/record-checks. Nothing leaves this machine and nothing is kept.
    Exit status 1 means that something must be taken out, or that the step is not yours.
    """
    with explained():
        note = read_note(sys.stdin)
        folders = PolicyFolders(purposes, policies)
        checked = look_at(folders, (organisation, role), note, today=utc_now().date())
    if isinstance(checked, Refuse):
        for reason in checked.reasons:
            typer.echo(f"{_MARKS['not_necessary']} {reason.message_nl} ({reason.message_en})")
        raise typer.Exit(1)
    show = show_json if output is Output.JSON else _show
    show(note_out(checked))
    raise typer.Exit(0 if checked.may_stay else 1)


def read_note(stream: TextIO) -> Note:
    """Return the note in this stream.

    Trust:  anything at all.
    Raises: PayloadTooLarge, BodyInvalid; neither holds anything of what was read.
    """
    text = stream.read(BODY_LIMIT + 1)
    if len(text) > BODY_LIMIT:
        raise PayloadTooLarge("the note is over the limit")
    document = parse_json(text.encode("utf-8", errors="surrogatepass"))
    try:
        return note_of(RecordCheckIn.model_validate(document))
    except ValidationError as exc:
        named = {str(part) for fault in exc.errors(include_input=False) for part in fault["loc"]}
        # Only names of ours are told; the cause would hold the input, so it ends here.
        member = min(named & set(RecordCheckIn.model_fields), default="body")
        raise BodyInvalid(member, "is not of the right form") from None


def look_at(
    folders: PolicyFolders, hat: tuple[str, str], note: Note, *, today: dt.date
) -> CheckedNote | Refuse:
    """Return what of the note may be recorded under the policy in these folders.

    Raises: CatalogueInvalid, PartiesInvalid.
    """
    catalogue = load_catalogue(folders.purposes, folders.policies)
    engine = EmbeddedEngine.build(catalogue, folders.policies)
    decider = Decider(catalogue, folders.parties(catalogue), engine)
    return asyncio.run(check_note(decider, Asker(*hat, frozenset({hat})), note, today))


def _show(answer: dict[str, Any]) -> None:
    """Print the answer for a person, Dutch first."""
    for field in answer["fields"]:
        typer.echo(_line(field, field["name"], _MARKS[field["verdict"]]))
    for section in answer["sections"]:
        typer.echo(_line(section, f"[{section['label']}]", _MARKS[section["verdict"]]))
        for found in section["found"]:
            typer.echo(_line(found, f"  {found['count']}x", "!"))
    for domain in answer["domains"]:
        mark = _MARKS["necessary" if domain["may_ask"] else "not_necessary"]
        typer.echo(_line(domain, domain["title"] or domain["domain"], mark))


def _line(said: dict[str, Any], name: str, mark: str) -> str:
    because = f" {said['because']}" if "because" in said else ""
    instead = f" -> {', '.join(said['instead'])}" if "instead" in said else ""
    return f"{mark} {name}: {said['message']}{because}{instead}\n    {said['message_en']}"
