"""Requests by the thousand, good and bad: always the same ones, since a seed makes them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import yaml

from gateway.identity.clients import Hat
from tests.canary.policy import PURPOSES, Told, purposes
from tests.canary.world import World, guessed

Body = dict[str, Any]
_WHY = "Nodig voor het besluit in deze zaak, en niet op een andere wijze te verkrijgen."
_TEXT = "application/json"


@dataclass(frozen=True)
class Asking:
    """One request; `purpose` and `bsn` say what may leave in the answer to it, if anything may."""

    hat: Hat
    path: str = "/v1/disclosures"
    method: str = "POST"
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    purpose: Told | None = None
    bsn: str = ""

    @classmethod
    def of(cls, hat: Hat, body: Body, *, purpose: Told | None = None, bsn: str = "") -> "Asking":
        """Return the request with this body."""
        return cls(
            hat, content=_json(body), headers={"content-type": _TEXT}, purpose=purpose, bsn=bsn
        )


@cache
def hats() -> tuple[Hat, ...]:
    """Return every hat that there is."""
    document = yaml.safe_load((PURPOSES / "organisations.yaml").read_text("utf-8"))
    return tuple(
        Hat(name, role)
        for name, organisation in document["organisations"].items()
        for role in organisation["roles"]
    )


@cache
def _all_fields() -> tuple[str, ...]:
    document = yaml.safe_load(Path(PURPOSES / "fields.yaml").read_text("utf-8"))
    return tuple(document["fields"])


def body_of(purpose: Told, bsn: str, /, **changes: object) -> Body:
    """Return a request for this purpose with every claim made and every reason given."""
    body: Body = {
        "task": purpose.task,
        "activity": purpose.activity,
        "purpose": purpose.id,
        "subject": {"type": "bsn", "value": bsn},
        "claims": dict(purpose.claims),
        "justifications": dict.fromkeys(purpose.fields, _WHY),
        "over_asking": "withhold",
        "wait": "refuse",
    }
    if purpose.about_groups:
        del body["subject"]
    return body | changes


def _asks(hat: Hat, purpose: Told, bsn: str, body: Body) -> Asking:
    return Asking.of(hat, body, purpose=purpose, bsn=bsn)


def _json(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def rightful(world: World) -> Iterator[Asking]:
    """Ask every purpose as everybody who may, about every client: all fields it has."""
    for purpose in purposes().values():
        for hat in purpose.hats:
            for bsn in world.clients:
                every = body_of(purpose, bsn, fields=list(purpose.fields))
                yield _asks(hat, purpose, bsn, every)


def one_by_one(world: World, random: Random) -> Iterator[Asking]:
    """Ask each field of each purpose by itself, and the least, about some of the clients."""
    for purpose in purposes().values():
        hat = random.choice(purpose.hats)
        for bsn in random.sample(world.clients, 2):
            yield _asks(hat, purpose, bsn, body_of(purpose, bsn))
            for name in purpose.fields:
                yield _asks(hat, purpose, bsn, body_of(purpose, bsn, fields=[name]))


def over_asking(world: World, random: Random) -> Iterator[Asking]:
    """Ask what no purpose gives, and what another one gives, by who may and who may not."""
    for purpose in purposes().values():
        for manner in ("refuse", "withhold"):
            bsn = random.choice(world.clients)
            foreign = random.sample(_all_fields(), 12)
            fields = list(dict.fromkeys([*purpose.fields, *purpose.never, *foreign]))[:40]
            body = body_of(purpose, bsn, fields=fields, over_asking=manner)
            yield _asks(random.choice(purpose.hats), purpose, bsn, body)
            yield _asks(random.choice(hats()), purpose, bsn, body)
            for wrong in random.sample(hats(), 2):
                some = body_of(purpose, random.choice(world.clients), fields=list(purpose.fields))
                yield _asks(wrong, purpose, some.get("subject", {}).get("value", ""), some)


def misdeclared(world: World, random: Random, count: int) -> Iterator[Asking]:
    """Mix up tasks, activities and purposes, leave them out, or name several."""
    every = list(purposes().values())
    for _ in range(count):
        one, other = random.sample(every, 2)
        bsn = random.choice(world.clients)
        changes: Body = random.choice(
            [
                {"purpose": other.id, "fields": list(one.fields)},
                {"task": other.task},
                {"activity": other.activity},
                {"purpose": [one.id, other.id]},
                {"purpose": "iets-anders"},
                {"task": "iets-anders"},
                {"case": "C-101"},
                {"claims": {}},
                {"justifications": {}},
            ]
        )
        yield _asks(random.choice(one.hats), one, bsn, body_of(one, bsn, **changes))


def stuffed(world: World, random: Random, count: int) -> Iterator[Asking]:
    """Put a canary or a number of a person where it does not belong: in every place there is."""
    every = list(purposes().values())
    marks = sorted(world.canaries)
    for _ in range(count):
        purpose, bsn = random.choice(every), random.choice(world.clients)
        what = random.choice([guessed(), random.choice(marks), random.choice(world.clients)])
        yield _stuffed(purpose, bsn, what, random)


def _stuffed(purpose: Told, bsn: str, what: str, random: Random) -> Asking:
    body, headers = body_of(purpose, bsn), {"content-type": _TEXT}
    where = random.randrange(4)
    if where == 0:
        name, value = random.choice(_named(what))
        headers |= {name: value}
    else:
        body |= random.choice(_odd(purpose, bsn, what))
    content = _json(body) if where < 3 else _malformed(body, what, random)
    path = "/v1/disclosures" + (f"?bsn={quote(what)}" if random.random() < 0.1 else "")
    return Asking(
        random.choice(purpose.hats),
        path,
        content=content,
        headers=headers,
        purpose=purpose,
        bsn=bsn,
    )


def _odd(purpose: Told, bsn: str, what: str) -> Sequence[Body]:
    """Return the members that a body can have with this in them."""
    return [
        {"fields": [what]},
        {"fields": [*purpose.fields, f"x_{what.lower()}"]},
        {"purpose": what},
        {"purpose": [what, what]},
        {"task": what},
        {"activity": what},
        {"case": what},
        {"claims": {what: True}},
        {"claims": dict.fromkeys(purpose.claims, what)},
        {"justifications": {what: what}},
        {"justifications": dict.fromkeys(purpose.fields, f"Omdat {what} het zo wil.")},
        {"subject": {"type": "bsn", "value": what}},
        {"subject": {"type": what, "value": bsn}},
        {"subject": what},
        {"subject": {"type": "bsn", "value": bsn, what: what}},
        {"over_asking": what},
        {"wait": what},
        {what: what},
        {f"x{what}": 1, "task": None},
    ]


def _named(what: str) -> Sequence[tuple[str, str]]:
    """Return the headers that can have this in them."""
    return [
        ("traceparent", f"00-{what}-{'1' * 16}-01"),
        ("traceparent", what),
        ("tracestate", f"x={what}"),
        ("b3", what),
        ("idempotency-key", what),
        ("x-request-id", what),
        ("user-agent", what),
        ("if-match", f'"{what}"'),
        ("accept", what),
        ("content-type", f"text/{what}"),
        ("authorization", f"Bearer {what}"),
        ("cookie", f"a={what}"),
    ]


def _malformed(body: Body, what: str, random: Random) -> bytes:
    whole = _json({**body, "motivering": what})
    return random.choice(
        [
            whole[: len(whole) - random.randrange(1, 40)],
            whole + what.encode(),
            whole.replace(b'"task"', b'"task": 1, "task"'),
            whole.replace(b"true", b"NaN"),
            b"\xff" + whole,
            f'["{what}", "{what}"]'.encode(),
            f'"{what}"'.encode(),
            b"[" * 5_000 + what.encode(),
            f"subject={what}".encode(),
            _json({"a": {what: [what] * 9}}),
        ]
    )


def elsewhere(
    document: Mapping[str, Any], world: World, random: Random, count: int
) -> Iterator[Asking]:
    """Send to every route of the API what its document says, with canaries for texts."""
    maker = _Maker(document, world, random)
    every = [
        (path, method.upper(), said)
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]
    for _ in range(count):
        path, method, said = random.choice(every)
        content = said.get("requestBody", {}).get("content", {})
        schema = content.get(_TEXT, {}).get("schema")
        names = [each["name"] for each in said.get("parameters", ()) if each["in"] == "query"]
        query = "&".join(f"{name}={quote(maker.text())}" for name in names if random.random() < 0.7)
        yield Asking(
            random.choice(hats()),
            maker.path(path) + (f"?{query}" if query else ""),
            method,
            _json(maker.value(schema, 0)) if schema else b"",
            {"content-type": _TEXT} if schema else {},
        )


@dataclass(frozen=True)
class _Maker:
    document: Mapping[str, Any]
    world: World
    random: Random

    def text(self) -> str:
        """Return a text that may not come back."""
        chosen = self.random.random()
        if chosen < 0.4:
            return guessed()
        return self.random.choice(
            self.world.clients if chosen < 0.7 else ["C-101", "werkplan", "2026-03-02", "1"]
        )

    def path(self, template: str) -> str:
        """Return a path with such texts in it."""
        parts = template.split("/")
        return "/".join(
            quote(self.text(), safe="") if part.startswith("{") else part for part in parts
        )

    def value(self, schema: Mapping[str, Any], depth: int) -> object:
        """Return a value that mostly fits."""
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if self.random.random() < 0.04 or depth > 5:
            return self.text()
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.value(self.random.choice(schema[several]), depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if "examples" in schema and self.random.random() < 0.5:
            return self.random.choice(schema["examples"])
        return self._of_kind(schema, depth)

    def _of_kind(self, schema: Mapping[str, Any], depth: int) -> object:
        match schema.get("type"):
            case "object":
                members = {
                    name: self.value(member, depth + 1)
                    for name, member in schema.get("properties", {}).items()
                    if name in schema.get("required", ()) or self.random.random() < 0.5
                }
                odd = {self.text(): self.text()} if self.random.random() < 0.06 else {}
                return members | odd
            case "array":
                return [self.value(schema.get("items", {}), depth + 1) for _ in range(2)]
            case "integer":
                return self.random.choice([1, 2, 20])
            case "boolean":
                return self.random.random() < 0.5
            case _:
                return self.text()
