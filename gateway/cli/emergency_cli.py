"""`doelpoort review ...`: judge disclosures in an emergency, over the API of a gateway."""

import sys
from typing import Annotated

import typer

from gateway.cli.cli_base import explained
from gateway.cli.door import Body, Door
from gateway.cli.door_cli import ClientId, Key, Professional, Url, answered, door_of
from gateway.emergency.model import Verdict

app = typer.Typer(
    help="Noodinzage beoordelen. Judging disclosures in an emergency.", no_args_is_help=True
)

_MOST_CHARACTERS = 4_000

Entry = Annotated[str, typer.Argument(metavar="ID", help="The id of the use.")]


def _ask(door: Door, method: str, path: str, body: Body | None = None) -> None:
    with explained():
        outcome = door.send(method, path, body)
    answered(outcome)


@app.command("list")
def review_list(*, url: Url, client_id: ClientId, key: Key, professional: Professional) -> None:
    """List what nobody has judged yet, the most urgent first, with what is over its term."""
    _ask(door_of(url, client_id, key, "", professional), "GET", "/v1/reviews")


@app.command("show")
def review_show(
    entry: Entry, *, url: Url, client_id: ClientId, key: Key, professional: Professional
) -> None:
    """Show one use with its reason; that you look is recorded."""
    _ask(door_of(url, client_id, key, "", professional), "GET", f"/v1/reviews/{entry}")


@app.command("judge")
def review_judge(
    entry: Entry,
    verdict: Annotated[Verdict, typer.Argument(help="Het oordeel. The verdict.")],
    *,
    url: Url,
    client_id: ClientId,
    key: Key,
    professional: Professional,
) -> None:
    """Judge one use, once and for all; the reason in your own words is read from standard input."""
    body = {"verdict": verdict.value, "words": sys.stdin.read(_MOST_CHARACTERS + 1).strip()}
    door = door_of(url, client_id, key, "", professional)
    _ask(door, "POST", f"/v1/reviews/{entry}", body)
