"""What the commands of the command line do; `cli` only says how they are called."""

import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TextIO

import uvicorn
from rich.console import Console
from rich.markup import escape

from audit.__main__ import main as audit_main
from gateway.answer import PENDING, shown
from gateway.cli.cli_base import show_json
from gateway.cli.figures_text import is_table, table_lines
from gateway.cli.policy_commands import Asked
from gateway.emergency.model import Danger
from gateway.errors import PartnerFailed, SettingsInvalid
from gateway.identity.clients import Client, Hat, parse_public_key
from gateway.identity.errors import IdentityError
from gateway.openings import load_policy, registry_of
from gateway.partner import Hat as PartnerHat
from gateway.partner import Partner, load_key, make_key, private_pem, public_pem
from gateway.server import server_config, settle
from gateway.settings import Settings, load_settings
from gateway.wiring import open_gateway, os_random, utc_now

__all__ = ["PartnerHat"]

Urgent = Mapping[str, str]
"""Why somebody cannot wait, as an emergency says it: the danger, and what is happening."""

# The exit status of a command that asks, by the status of its answer: waiting is no refusal.
_EXITS = {200: 0, 202: 3, 403: 1}
_MOST_CHARACTERS = 4_000  # Of a reason in somebody's own words; the gateway takes no more.
_OUT = Console(highlight=False, soft_wrap=True, emoji=False)


def serve() -> None:
    """Serve until asked to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    settings = load_settings()
    gateway = open_gateway(settings)
    place = f"{settings.host}:{settings.port} ({settings.public_url})"
    _OUT.print(f"Doelpoort luistert op {escape(place)}")
    _OUT.print(f"beleid (policy)  {gateway.services.gate.catalogue.revision}")
    _OUT.print(f"ledger           {escape(str(gateway.ledger_path))}")
    _OUT.print(f"vkey             {escape(gateway.vkey)}")
    settle()
    uvicorn.Server(server_config(gateway.app, settings.host, settings.port)).run()


def read_bsn(stream: TextIO) -> str:
    """Return the BSN from the first line of the stream; a person at a terminal is asked for it."""
    if stream.isatty():
        return str(Console(stderr=True).input("BSN: ", password=True)).strip()
    return stream.readline().strip()


def read_urgent(stream: TextIO, danger: Danger) -> Urgent:
    """Return why somebody cannot wait, in their own words: what is left of the stream.

    A person at a terminal is asked for one line of it.
    """
    if stream.isatty():
        words = Console(stderr=True).input("Wat gebeurt er (what is happening)? ", stream=stream)
    else:
        words = stream.read(_MOST_CHARACTERS + 1)
    return {"reason": danger.value, "words": words.strip()}


def ask(  # noqa: PLR0913 (what a partner needs to know, each by name)
    url: str,
    client_id: str,
    key: Path,
    hat: PartnerHat,
    asked: Asked,
    bsn: str,
    *,
    urgent: Urgent | None = None,
    as_json: bool,
) -> int:
    """Ask a gateway, show its answer, and return the exit status: 0 released, 1 refused, 3 waits.

    Shapes: urgent: why it cannot wait, which makes it an emergency; see `read_urgent`.
    Raises: PartnerFailed when the answer is none of these.
    """
    own_key = load_key(key)
    with closing(
        Partner(url=url, client_id=client_id, key=own_key, now=utc_now, random=os_random)
    ) as partner:
        path = "/v1/disclosures" if urgent is None else "/v1/emergency-disclosures"
        response = partner.send(hat, "POST", path, {**_request(asked, bsn), **(urgent or {})})
    try:
        body = response.json()
    except ValueError as exc:
        raise PartnerFailed("the gateway's answer is no JSON") from exc
    if as_json:
        show_json(body)
    else:
        show_answer(body)
    if response.status_code not in _EXITS:
        raise PartnerFailed(f"the gateway answered with status {response.status_code}")
    return _EXITS[response.status_code]


def client_add(
    client_id: str,
    name: str,
    hats: Sequence[str],
    public_key: Path | None,
    new_key: Path | None,
    *,
    random: Callable[[int], bytes],
) -> None:
    """Register a client with the key that its partner sent, or with a new pair."""
    if (public_key is None) == (new_key is None):
        raise SettingsInvalid("give either --public-key or --new-key")
    settings = load_settings()
    worn = frozenset(_parse_hat(hat) for hat in hats)
    _require_known(settings, worn)
    pem = _read_text(public_key) if public_key else _make_key(new_key, random)
    try:
        key = parse_public_key(pem)
        registry_of(settings).add(Client(id=client_id, name=name, public_keys=(key,), hats=worn))
    except IdentityError:
        # A private key that nobody registered would only look as if it could be used.
        if new_key is not None:
            new_key.unlink()
        raise
    _OUT.print(f"{escape(client_id)} is aangesloten (registered).")


def _require_known(settings: Settings, hats: frozenset[Hat]) -> None:
    """Refuse a hat that no request could ever be made under."""
    catalogue, _ = load_policy(settings)
    for hat in hats:
        organisation = catalogue.organisations.get(hat.organisation)
        if organisation is None or hat.role not in organisation.roles:
            raise SettingsInvalid(
                f"{hat.organisation}:{hat.role} is no role in purposes/organisations.yaml"
            )


def client_revoke(client_id: str, *, at: dt.datetime) -> None:
    """Revoke a client."""
    registry_of(load_settings()).revoke(client_id, at=at)
    _OUT.print(f"{escape(client_id)} is ingetrokken (revoked).")


def client_list(*, as_json: bool) -> None:
    """Show the registered clients."""
    clients = [
        {
            "id": client.id,
            "name": client.name,
            "hats": sorted(f"{hat.organisation}:{hat.role}" for hat in client.hats),
            "revoked_at": client.revoked_at.isoformat() if client.revoked_at else None,
        }
        for client in registry_of(load_settings()).clients()
    ]
    if as_json:
        show_json(clients)
        return
    for client in clients:
        state = f"  ingetrokken (revoked) {client['revoked_at']}" if client["revoked_at"] else ""
        hats = ", ".join(client["hats"] or ())
        about = escape(f"{client['id']}  {client['name']}  {hats}")
        _OUT.print(f"{about}{state}")


def run_auditor(*arguments: str) -> int:
    """Run the auditor's own command, and return its exit status."""
    return audit_main(arguments)


def _request(asked: Asked, bsn: str) -> dict[str, object]:
    request: dict[str, object] = {
        "task": asked.task,
        "activity": asked.activity,
        "purpose": asked.purpose,
        "over_asking": asked.over_asking,
    }
    optional = {
        "subject": {"type": "bsn", "value": bsn} if bsn else None,
        "fields": list(asked.fields) if asked.fields else None,
        "justifications": asked.justifications or None,
        "case": asked.case,
        "claims": _claims(asked.claims) or None,
    }
    return request | {name: value for name, value in optional.items() if value is not None}


def show_answer(body: Mapping[str, Any]) -> None:
    """Print an answer of the gateway for a person: its texts as they came, Dutch first."""
    if "title" in body:
        _OUT.print(_beside(body, "title", style="yellow"))
        _OUT.print(_beside(body, "detail"))
    if body.get("outcome") == PENDING:
        _show_waiting(body)
    for name, entry in body.get("data", {}).items():
        _show_value(name, entry)
    if "emergency" in body:
        _show_emergency(body["emergency"])
    _show_reasons(body)
    for fault in body.get("errors", ()):
        _OUT.print(escape(f"- {fault['member']}: {fault['message']}"))
    if "receipt" in body:
        receipt = body["receipt"]
        where = f"regel {receipt['index']} van {receipt['log']}"
        _OUT.print(f"ontvangstbewijs (receipt): {escape(where)}")


def _beside(body: Mapping[str, Any], name: str, *, style: str = "none") -> str:
    """Return a text of the gateway with its English beside it; none of it is read as a style."""
    dutch, english = escape(str(body[name])), escape(f"({body.get(f'{name}_en', '')})")
    return f"[{style}]{dutch}[/]  [dim]{english}[/]"


def _show_waiting(body: Mapping[str, Any]) -> None:
    until, identity = escape(str(body["until"])), escape(str(body["disclosure_id"]))
    _OUT.print(_beside(body, "message"))
    _OUT.print(f"Beantwoord kan worden tot en met (it can be answered until): {until}")
    _OUT.print("Haal het antwoord later op met (collect the answer later with):")
    _OUT.print(f"  doelpoort inbox collect {identity}")


def _show_value(name: str, entry: Mapping[str, Any]) -> None:
    about = escape(f"({entry['precision']}, {entry['as_of']})")
    table = is_table(entry["value"])
    lines = tuple(table_lines(entry["value"])) if table else ()
    value = "" if table else f" = {escape(shown(entry['value']))}"
    _OUT.print(f"[bold]{escape(name)}[/]{value}  [dim]{about}[/]")
    for line in lines:
        _OUT.print(f"  {escape(line)}")


def _show_emergency(urgent: Mapping[str, Any]) -> None:
    _OUT.print(_beside(urgent, "message", style="yellow"))
    _OUT.print(f"te gebruiken tot (to be used until): {escape(str(urgent['valid_until']))}")
    _OUT.print(f"beoordeeld uiterlijk (judged by): {escape(str(urgent['review_by']))}")


def _show_reasons(body: Mapping[str, Any]) -> None:
    if "no_means" in body:
        _OUT.print(_beside(body, "no_means"))
    for reason in (*body.get("withheld", ()), *body.get("reasons", ())):
        field = f" {reason['field']}" if "field" in reason else ""
        _OUT.print(escape(f"- {reason['code']}{field}: {reason['message']}"))
        if "instead" in reason:
            instead = escape(", ".join(reason["instead"]))
            _OUT.print(f"  vraag in plaats daarvan (ask instead): {instead}")


def _claims(claims: Sequence[str]) -> dict[str, str | bool]:
    """Return what the requester says is so; a name without a word means "yes"."""
    pairs = [claim.partition("=") for claim in claims]
    return {name: word if sign else True for name, sign, word in pairs}


def _parse_hat(text: str) -> Hat:
    organisation, colon, role = text.partition(":")
    if not (organisation and colon and role):
        raise SettingsInvalid("write a hat as ORGANISATION:ROLE")
    return Hat(organisation, role)


def _make_key(path: Path | None, random: Callable[[int], bytes]) -> str:
    if path is None or path.exists():
        raise SettingsInvalid("the file of a new key must not exist yet")
    key = make_key(random)
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(private_pem(key))
    except OSError as exc:
        raise SettingsInvalid("the file of a new key cannot be made there") from exc
    return public_pem(key)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError) as exc:
        raise SettingsInvalid("the public key file cannot be read") from exc
