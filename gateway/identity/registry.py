"""The registry of clients: one private JSON file, read strictly, replaced whole."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.identity.clients import Client, Hat, parse_public_key
from gateway.identity.errors import IdentityUnavailable, RegistryInvalid
from gateway.identity.files import locked, read_private, replace_private
from gateway.identity.strict_json import parse_object

FORMAT: Final = 1
LIMIT: Final = 16 * 1024 * 1024  # some 20,000 clients; more points at a mistake

_MEMBERS: Final = frozenset({"id", "name", "public_keys", "hats", "revoked_at"})
_HAT_MEMBERS: Final = frozenset({"organisation", "role"})

# What tells one state of the file from the next: mtime, ctime, size, inode. The change time is
# among them because a change of mode, or an edit that puts the old mtime back, moves only that.
_Stamp = tuple[int, int, int, int]
_Clients = Mapping[str, Client]


class Registry:
    """The clients as the file holds them now; a file that does not exist holds none.

    Trust: the file is believed only while nobody but its owner can reach it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[_Stamp | None, _Clients | RegistryInvalid] = (None, {})

    def load(self) -> None:
        """Read the file now, so that a start with a broken one explains itself.

        Raises: RegistryInvalid saying what is wrong with it.
        """
        self._seen = self._read(self._stamp())
        state = self._seen[1]
        if isinstance(state, RegistryInvalid):
            raise RegistryInvalid(str(state)) from state

    def find(self, client_id: str) -> Client | None:
        """Return the client as it is registered at this moment, revoked or not.

        Effects: one stat; the file is read again only when it changed.
        Raises:  IdentityUnavailable while the file is broken: an old copy is never used.
        """
        return self._current().get(client_id)

    def clients(self) -> tuple[Client, ...]:
        """Return all clients in the order of their ids, revoked ones included.

        Raises: IdentityUnavailable while the file is broken.
        """
        current = self._current()
        return tuple(current[client_id] for client_id in sorted(current))

    def add(self, client: Client) -> None:
        """Register a new client.

        Effects: the file is replaced, durable before this returns; concurrent adds all count.
        Raises:  RegistryInvalid when the id is taken or the file is broken.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self._path.parent):
            self.load()
            if self.find(client.id) is not None:
                raise RegistryInvalid("a client with this id is registered already")
            self._write((*self.clients(), client))

    def revoke(self, client_id: str, *, at: datetime) -> None:
        """Revoke a client for good; tokens that it holds stop counting at their next use.

        Units:   `at` with its zone; a second revocation keeps the time of the first.
        Effects: the file is replaced, durable before this returns.
        Raises:  RegistryInvalid when the client is unknown or the file is broken.
        """
        if not self._path.parent.is_dir():
            raise RegistryInvalid("no client with this id is registered")
        with locked(self._path.parent):
            self.load()
            client = self.find(client_id)
            if client is None:
                raise RegistryInvalid("no client with this id is registered")
            if client.revoked_at is None:
                revoked = replace(client, revoked_at=at)
                self._write(tuple(revoked if c is client else c for c in self.clients()))

    def _current(self) -> _Clients:
        stamp = self._stamp()
        seen, state = self._seen
        if stamp != seen:
            self._seen = _, state = self._read(stamp)
        if isinstance(state, RegistryInvalid):
            raise IdentityUnavailable("the client registry cannot be relied on") from state
        return state

    def _stamp(self) -> _Stamp | None:
        try:
            status = os.stat(self._path)  # noqa: PTH116 - half the cost of Path.stat
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise IdentityUnavailable("the client registry cannot be reached") from exc
        return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino

    def _read(self, stamp: _Stamp | None) -> tuple[_Stamp | None, _Clients | RegistryInvalid]:
        """Return what the file holds, under a stamp taken before: never newer than its content."""
        try:
            content = read_private(self._path, limit=LIMIT, failure=RegistryInvalid)
            return stamp, parse_registry(content)
        except FileNotFoundError:
            return stamp, {}
        except RegistryInvalid as exc:
            return stamp, exc

    def _write(self, clients: tuple[Client, ...]) -> None:
        replace_private(self._path, format_registry(clients))


def parse_registry(content: bytes) -> dict[str, Client]:
    """Return the clients of a registry file by id.

    Raises: RegistryInvalid for unknown or missing members, duplicates, and values out of form.
    """
    try:
        document = parse_object(content)
    except ValueError as exc:
        raise RegistryInvalid("the client registry is not one JSON object") from exc
    if document.keys() != {"format", "clients"} or document["format"] != FORMAT:
        raise RegistryInvalid(f"the client registry has other members than format {FORMAT} has")
    clients: dict[str, Client] = {}
    for number, item in enumerate(_list(document["clients"]), start=1):
        try:
            client = _parse_client(item)
        except RegistryInvalid as exc:
            raise RegistryInvalid(f"client number {number} of the registry: {exc}") from exc
        if client.id in clients:
            raise RegistryInvalid(f"client number {number} of the registry: its id stands twice")
        clients[client.id] = client
    return clients


def format_registry(clients: tuple[Client, ...]) -> bytes:
    """Return the registry file of these clients, each at its place in the order of ids."""
    items = [
        {
            "id": client.id,
            "name": client.name,
            "public_keys": [key.pem for key in client.public_keys],
            "hats": [{"organisation": h.organisation, "role": h.role} for h in sorted(client.hats)],
            "revoked_at": None if client.revoked_at is None else client.revoked_at.isoformat(),
        }
        for client in sorted(clients, key=lambda client: client.id)
    ]
    document = {"format": FORMAT, "clients": items}
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def _parse_client(item: object) -> Client:
    members = _object(item, _MEMBERS)
    hats = [_parse_hat(hat) for hat in _list(members["hats"])]
    if len(set(hats)) != len(hats):
        raise RegistryInvalid("a hat stands twice")
    return Client(
        id=_text(members["id"]),
        name=_text(members["name"]),
        public_keys=tuple(parse_public_key(_text(pem)) for pem in _list(members["public_keys"])),
        hats=frozenset(hats),
        revoked_at=_parse_time(members["revoked_at"]),
    )


def _parse_hat(item: object) -> Hat:
    members = _object(item, _HAT_MEMBERS)
    return Hat(_text(members["organisation"]), _text(members["role"]))


def _parse_time(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(_text(value))
    except ValueError as exc:
        raise RegistryInvalid("a time is written as RFC 3339 says") from exc
    if at.tzinfo is None:
        raise RegistryInvalid("a time has its zone")
    return at.astimezone(UTC)


def _object(value: object, names: frozenset[str]) -> dict[str, object]:
    if not isinstance(value, dict) or value.keys() != names:
        raise RegistryInvalid("its members are " + ", ".join(sorted(names)) + " and no others")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise RegistryInvalid("a list was expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise RegistryInvalid("a text was expected")
    return value
