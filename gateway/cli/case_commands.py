"""What the case commands do: the same requests that a partner's own software makes."""

import json
from pathlib import Path

from gateway.cli.door import Body, Door, Outcome
from gateway.errors import PartnerFailed

_NUMBERS = frozenset({"agreement", "attempts"})


def begin(door: Door, kind: str, beginning: str, bsn: str, signal: Body | None) -> Outcome:
    """Begin a case.

    Raises: PartnerFailed.
    """
    body: dict[str, object] = {"kind": kind, "beginning": beginning, "subject": _about(bsn)}
    if signal is not None:
        body["signal"] = dict(signal)
    return door.send("POST", "/v1/cases", body)


def find(door: Door, bsn: str) -> Outcome:
    """Find the open cases of a person that the caller takes part in.

    Raises: PartnerFailed.
    """
    return door.send("POST", "/v1/case-searches", {"subject": _about(bsn)})


def due(door: Door, start: int) -> Outcome:
    """List the cases that wait for the caller's decision, from this place on.

    Raises: PartnerFailed.
    """
    return door.send("GET", f"/v1/due-cases?start={start}")


def show(door: Door, case_id: str) -> Outcome:
    """Look at a case.

    Raises: PartnerFailed.
    """
    return door.send("GET", f"/v1/cases/{case_id}")


def step(door: Door, case_id: str, version: int, members: Body) -> Outcome:
    """Take a step in a case, from a version of it.

    Raises: PartnerFailed.
    """
    path, match = f"/v1/cases/{case_id}/steps", {"if-match": f'"{version}"'}
    return door.send("POST", path, members, match)


def consent(door: Door, purpose: str, bsn: str, given_by: list[str], more: Body) -> Outcome:
    """Record a consent.

    Raises: PartnerFailed.
    """
    body = {"purpose": purpose, "subject": _about(bsn), "given_by": given_by, **more}
    return door.send("POST", "/v1/consents", body)


def withdraw(door: Door, consent_id: str) -> Outcome:
    """Withdraw a consent.

    Raises: PartnerFailed.
    """
    path = f"/v1/consents/{consent_id}/withdrawals"
    return door.send("POST", path, {})


def withdraw_all(door: Door, purpose: str, bsn: str) -> Outcome:
    """Withdraw everything that a person consented to for one purpose.

    Raises: PartnerFailed.
    """
    body = {"purpose": purpose, "subject": _about(bsn)}
    return door.send("POST", "/v1/consent-withdrawals", body)


def share(door: Door, case_id: str, bsn: str, recipients: object) -> Outcome:
    """Share with several parties of a case at once.

    Raises: PartnerFailed.
    """
    body = {"case": case_id, "subject": _about(bsn), "recipients": recipients}
    return door.send("POST", "/v1/tables", body)


def read_recipients(path: Path) -> object:
    """Return who is at a table, from a file with the JSON of the API.

    Raises: PartnerFailed.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise PartnerFailed("the file of recipients holds no JSON") from exc


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
