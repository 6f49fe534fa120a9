"""A gateway over a world of canaries, asked as everybody, with a listener at every way out."""

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from gateway.identity.clients import Hat
from gateway.openings import registry_of
from tests.builders import House, make_client
from tests.canary.asking import Asking, hats
from tests.canary.places import Ears, Overhearing, Place, overhear
from tests.canary.watch import Watch, allowed
from tests.canary.world import World

# Of the client with which a test asks in this same process.
_OWN_CLIENT = frozenset({"httpx", "httpcore"})


@dataclass(kw_only=True)
class Door:
    """Sends requests and looks through what comes back; `released` is what rightly left."""

    reach: Callable[[], httpx.AsyncClient]
    world: World
    watch: Watch
    tokens: Mapping[Hat, str]
    released: set[str] = field(default_factory=set)
    permitted: set[str] = field(default_factory=set)
    statuses: dict[int, int] = field(default_factory=dict)
    sent: int = 0

    async def send(self, asking: Asking) -> httpx.Response:
        """Send one request."""
        self.sent += 1
        bearer = {"authorization": f"Bearer {self.tokens[asking.hat]}"}
        return await self.reach().request(
            asking.method,
            asking.path,
            content=asking.content,
            headers={**bearer, **asking.headers},
        )

    async def astray(self, askings: Iterable[Asking]) -> list[tuple[str, list[str]]]:
        """Send them all, and return what should not have been in an answer, with the answer."""
        found = []
        for asking in askings:
            response = await self.send(asking)
            status = response.status_code
            self.statuses[status] = self.statuses.get(status, 0) + 1
            seen = self.seen_wrongly(asking, response)
            if seen:
                found.append((f"{asking.path} {status} {response.text[:400]}", sorted(seen)))
        return found

    def seen_wrongly(self, asking: Asking, response: httpx.Response) -> frozenset[str]:
        """Return what of the world can be read in an answer and is not granted to who asked."""
        members = _members(response)
        _take_echo(members, asking)
        seen: set[str] = set()
        for name, value in _take_data(members).items():
            here = self.watch.found(repr(value))
            granted = frozenset[str]()
            if response.status_code == httpx.codes.OK and asking.purpose is not None:
                granted = allowed(self.world, asking.purpose, name, asking.bsn)
                self.permitted.add(asking.purpose.id)
            self.released |= here & granted
            seen |= here - granted
        rest = f"{response.status_code}\n{response.headers!r}\n{members!r}"
        return frozenset(seen | self.watch.found(rest))


@dataclass(kw_only=True)
class Post(Door):
    """The door of a gateway in this process, of which a test hears and changes the pieces."""

    house: House
    engine: Overhearing


def _members(response: httpx.Response) -> Any:  # noqa: ANN401 (any JSON, or the text)
    try:
        return response.json()
    except ValueError:
        return response.content


def _take_data(members: object) -> Mapping[str, object]:
    """Take the released fields out of an answer."""
    data = members.pop("data", {}) if isinstance(members, dict) else {}
    return data if isinstance(data, dict) else {"data": data}


def _take_echo(members: object, asking: Asking) -> None:
    """Take out the one thing that an answer repeats: the well-formed name of an asked field."""
    for reason in _reasons(members):
        name = reason.get("field")
        if isinstance(name, str) and f'"{name}"'.encode() in asking.content:
            del reason["field"]


def _reasons(members: object) -> Iterator[dict[str, Any]]:
    if isinstance(members, dict):
        for several in (members.get("reasons"), members.get("withheld")):
            yield from several or ()


@contextmanager
def listening(*, deaf_to: frozenset[str] = _OWN_CLIENT) -> Iterator[Ears]:
    """Hear all loggers at their finest, until the end of the block."""
    ears, root = Ears(deaf_to), logging.getLogger()
    before = root.level
    root.addHandler(ears)
    root.setLevel(logging.DEBUG)
    try:
        yield ears
    finally:
        root.removeHandler(ears)
        root.setLevel(before)


def enrol_all(house: House) -> dict[Hat, str]:
    """Register a system for every hat that there is, and return a token for each."""
    clients = {f"hoed-{n}": make_client(f"hoed-{n}", frozenset({h})) for n, h in enumerate(hats())}
    registry = registry_of(house.settings)
    for client in clients.values():
        registry.add(client)
    house.clients = clients
    return {hat: house.token(hat) for hat in hats()}


@asynccontextmanager
async def posted(house: House, world: World, watch: Watch) -> AsyncIterator[Post]:
    """Stand at a gateway."""
    tokens = enrol_all(house)
    yield Post(
        reach=lambda: house.http,
        world=world,
        watch=watch,
        tokens=tokens,
        house=house,
        engine=overhear(house),
    )


def astray_in(watch: Watch, places: Iterable[Place]) -> dict[str, list[str]]:
    """Return what can be read in these places, by place."""
    found = {name: sorted(watch.found(data)) for name, data in places}
    return {name: seen for name, seen in found.items() if seen}
