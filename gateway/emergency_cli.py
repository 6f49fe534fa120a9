"""`doelpoort review ...`: judge disclosures in an emergency, over the API of a gateway."""

import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer

from gateway.cli_base import explained, show_json
from gateway.emergency.model import Verdict
from gateway.partner import Hat, Partner, load_key
from gateway.wiring import os_random, utc_now

app = typer.Typer(
    help="Noodinzage beoordelen. Judging disclosures in an emergency.", no_args_is_help=True
)

_MOST_CHARACTERS = 4_000

Url = Annotated[str, typer.Option(envvar="DOELPOORT_PUBLIC_URL", help="The gateway.")]
ClientId = Annotated[str, typer.Option("--client", help="Your client id.")]
Key = Annotated[Path, typer.Option(help="PEM file with your client's private key.")]
Professional = Annotated[str, typer.Option(help="Your own opaque id of who is acting.")]
Entry = Annotated[str, typer.Argument(metavar="ID", help="The id of the use.")]


@dataclass(frozen=True, slots=True)
class Door:
    """Which gateway, and as whom; the client of a reviewer wears one hat."""

    url: str
    client_id: str
    key: Path
    professional: str

    def go(self, method: str, path: str, body: Mapping[str, object] | None = None) -> None:
        """Send a request and show its answer; exit status 1 when it was refused.

        Raises: PartnerFailed.
        """
        partner = Partner(
            url=self.url,
            client_id=self.client_id,
            key=load_key(self.key),
            now=utc_now,
            random=os_random,
        )
        with closing(partner):
            answer = partner.send(Hat(None, None, self.professional), method, path, body)
        show_json(answer.json())
        raise typer.Exit(0 if answer.status_code < httpx.codes.BAD_REQUEST else 1)


@app.command("list")
def review_list(*, url: Url, client_id: ClientId, key: Key, professional: Professional) -> None:
    """List what nobody has judged yet, the most urgent first, with what is over its term."""
    with explained():
        Door(url, client_id, key, professional).go("GET", "/v1/reviews")


@app.command("show")
def review_show(
    entry: Entry, *, url: Url, client_id: ClientId, key: Key, professional: Professional
) -> None:
    """Show one use with its reason; that you look is recorded."""
    with explained():
        Door(url, client_id, key, professional).go("GET", f"/v1/reviews/{entry}")


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
    with explained():
        words = sys.stdin.read(_MOST_CHARACTERS + 1).strip()
        body = {"verdict": verdict.value, "words": words}
        Door(url, client_id, key, professional).go("POST", f"/v1/reviews/{entry}", body)
