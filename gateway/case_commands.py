"""What the case commands do: the same requests that a partner's own software makes."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from gateway.errors import PartnerFailed
from gateway.partner import Hat, Partner, load_key
from gateway.wiring import os_random, utc_now

_NUMBERS = frozenset({"agreement", "attempts"})
_DONE = frozenset({200, 201, 202})
_REFUSED = frozenset({403, 404, 409})

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Door:
    """Which gateway, which client, and the hat that it wears."""

    url: str
    client_id: str
    key: Path
    hat: Hat


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a gateway answered, and whether it did what was asked."""

    body: object
    is_done: bool


def begin(door: Door, kind: str, beginning: str, bsn: str, signal: Body | None) -> Outcome:
    """Begin a case.

    Raises: PartnerFailed.
    """
    body: dict[str, object] = {"kind": kind, "beginning": beginning, "subject": _about(bsn)}
    if signal is not None:
        body["signal"] = dict(signal)
    return reach(door, lambda partner: partner.send(door.hat, "POST", "/v1/cases", body))


def show(door: Door, case_id: str) -> Outcome:
    """Look at a case.

    Raises: PartnerFailed.
    """
    return reach(door, lambda partner: partner.send(door.hat, "GET", f"/v1/cases/{case_id}"))


def step(door: Door, case_id: str, version: int, members: Body) -> Outcome:
    """Take a step in a case, from a version of it.

    Raises: PartnerFailed.
    """
    path, match = f"/v1/cases/{case_id}/steps", {"if-match": f'"{version}"'}
    return reach(door, lambda partner: partner.send(door.hat, "POST", path, members, match))


def consent(door: Door, purpose: str, bsn: str, given_by: list[str], more: Body) -> Outcome:
    """Record a consent.

    Raises: PartnerFailed.
    """
    body = {"purpose": purpose, "subject": _about(bsn), "given_by": given_by, **more}
    return reach(door, lambda partner: partner.send(door.hat, "POST", "/v1/consents", body))


def withdraw(door: Door, consent_id: str) -> Outcome:
    """Withdraw a consent.

    Raises: PartnerFailed.
    """
    path = f"/v1/consents/{consent_id}/withdrawals"
    return reach(door, lambda partner: partner.send(door.hat, "POST", path, {}))


def parse_members(texts: list[str]) -> dict[str, object]:
    """Return the members of a step as typed: NAME=VALUE, whole numbers as numbers.

    Raises: PartnerFailed for a text that is none.
    """
    pairs = [text.partition("=") for text in texts]
    if not all(name and sign for name, sign, _ in pairs):
        raise PartnerFailed("write a member of a step as NAME=VALUE")
    return {name: _member(name, value) for name, _, value in pairs}


def _member(name: str, value: str) -> object:
    if name == "tasks":
        return value.split(",")
    return int(value) if name in _NUMBERS and value.isdecimal() else value


def _about(bsn: str) -> dict[str, str]:
    return {"type": "bsn", "value": bsn}


def reach(door: Door, ask: Callable[[Partner], httpx.Response]) -> Outcome:
    """Ask something of a gateway and return what it answered.

    Raises: PartnerFailed.
    """
    key = load_key(door.key)
    made = Partner(url=door.url, client_id=door.client_id, key=key, now=utc_now, random=os_random)
    with closing(made) as partner:
        response = ask(partner)
    if response.status_code not in _DONE | _REFUSED:
        raise PartnerFailed(f"the gateway answered with status {response.status_code}")
    try:
        return Outcome(response.json(), response.status_code in _DONE)
    except ValueError as exc:
        raise PartnerFailed("the gateway's answer is no JSON") from exc
