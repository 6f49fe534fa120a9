"""Whatever is sent to any route under any hat: an answer or a problem, never a failure or an echo.

The requests are made from the API's own document, with nonsense in every twentieth place, and the
ids that answers give go into later requests. The lists are fixed by their seeds.
"""

import json
import logging
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from gateway.identity.clients import Hat
from gateway.openings import registry_of
from tests.builders import (
    CARE_WORKER,
    CONSULTANT,
    SCHOOL,
    SUPERVISOR,
    WMO,
    YUSUF,
    House,
    make_client,
    open_house,
)
from tests.fakes_informing import OFFICER, PORTAL, enrol

pytestmark = pytest.mark.anyio

REQUESTS: Final = 800
COORDINATOR = Hat("gem-regie", "casuscoordinator")
CANARY: Final = "KANARIE zingt een lied van meer dan twintig tekens"
"""In every free text: no name of the API has capitals, so no answer may name it."""

PROBLEM: Final = {"type", "title", "title_en", "status", "detail", "detail_en"}
ODD: Final[list[Any]] = [
    None,
    True,
    0,
    -1,
    2**63,
    10**400,
    1.5,
    "",
    "x" * 5_000,
    CANARY,
    "\ud800",
    "\u0000",
    YUSUF,
    "2026-02-30",
    "9999-12-31T23:59:59Z",
    [],
    {},
    [[]],
    {"a": None},
    {CANARY: 1},
    [YUSUF],
    {"type": "bsn", "value": YUSUF},
    {"type": "bsn", "value": "1"},
    "join",
    "yes",
    "gem-regie",
    "-1",
    "NaN",
    "0" * 32,
    "' OR 1=1 --",
]
TEXTS: Final = [
    YUSUF,
    "werkplan",
    "wmo-onderzoek",
    "jeugd-toeleiding",
    "lichte-of-zware-hulp",
    "gem-regie",
    "casuscoordinator",
    "2026-03-05",
    "2026-03-05T10:00:00Z",
    "own_request",
    "betrokkene",
    CANARY,
    "a" * 32,
]
NUMBERS: Final = [0, 1, 2, 20, -1, 2**53, 2**63, 10**30]
QUERIES: Final = [
    "1",
    "0",
    "-1",
    "9" * 30,
    "",
    "x",
    "2026-01-01",
    "2026-13-01",
    "9999-12-31T23:59:59+23:59",
    "a" * 32,
]
ODD_HEADERS: Final[dict[str, list[str]]] = {
    "if-match": ["1", '"1"', '"2"', "x", "", 'W/"1"', "9" * 20],
    "idempotency-key": ["k", "k" * 300, "a b"],
    "traceparent": ["x", "00-" + "0" * 32 + "-" + "0" * 16 + "-00"],
}


@dataclass
class Maker:
    """Makes requests that fit the document, but for what is odd in them."""

    document: Mapping[str, Any]
    random: Random
    ids: list[str] = field(default_factory=lambda: ["0" * 32, "C-101", "a" * 200, "%00", "é"])

    def operation(self) -> tuple[str, str, Mapping[str, Any]]:
        """Return a method, a path and what the document says of them; most make something."""
        every = [
            (method, path, described)
            for path, methods in self.document["paths"].items()
            for method, described in methods.items()
        ]
        posts = [each for each in every if each[0] == "post"]
        return self.random.choice(every if self.random.random() < 0.4 else posts)

    def path(self, template: str) -> str:
        """Return a path with ids in it, some of which are there."""
        return re.sub(
            r"\{[^}]+\}", lambda _: quote(self.random.choice(self.ids), safe=""), template
        )

    def headers(self) -> dict[str, str]:
        """Return headers that say something about the request, mostly none."""
        return {
            name: self.random.choice(values)
            for name, values in ODD_HEADERS.items()
            if self.random.random() < 0.25
        }

    def query(self, described: Mapping[str, Any]) -> dict[str, str]:
        """Return some of the parameters of the address."""
        named = [each["name"] for each in described.get("parameters", ()) if each["in"] == "query"]
        return {name: self.random.choice(QUERIES) for name in named if self.random.random() < 0.6}

    def body(self, path: str, described: Mapping[str, Any]) -> tuple[bytes, str]:
        """Return a body and its media type."""
        if path.startswith("/oauth"):
            return b"grant_type=x", "application/x-www-form-urlencoded"
        content = described.get("requestBody", {}).get("content", {})
        made = self.value(content.get("application/json", {}).get("schema", {}), 0)
        return json.dumps(made).encode("utf-8", "surrogatepass"), "application/json"

    def value(self, schema: Mapping[str, Any], depth: int) -> object:
        """Return a value that fits this schema, or now and then anything at all."""
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if self.random.random() < 0.05 or depth > 5:
            return self.random.choice(ODD)
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.value(self.random.choice(schema[several]), depth + 1)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if "examples" in schema and self.random.random() < 0.6:
            return self.random.choice(schema["examples"])
        return self._of_kind(schema, depth)

    def _of_kind(self, schema: Mapping[str, Any], depth: int) -> object:
        match schema.get("type"):
            case "object":
                return self._object(schema, depth)
            case "array":
                size = self.random.choice([0, 1, 1, 2, 3])
                return [self.value(schema.get("items", {}), depth + 1) for _ in range(size)]
            case "string":
                return self.random.choice(TEXTS)
            case "integer":
                return self.random.choice(NUMBERS)
            case "boolean":
                return self.random.random() < 0.5
            case _:
                return self.random.choice(ODD)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, object]:
        required = schema.get("required", ())
        made = {
            name: self.value(member, depth + 1)
            for name, member in schema.get("properties", {}).items()
            if self.random.random() < (0.95 if name in required else 0.4)
        }
        if self.random.random() < 0.05:
            made[CANARY] = CANARY
        return made

    def learn(self, answer: str) -> None:
        """Remember the ids that an answer gave, for later requests."""
        found = re.findall(r'"(?:id|disclosure_id)":"([0-9a-f]{32})"', answer)
        self.ids = [*self.ids, *found[:2]][-40:]


async def send(house: House, maker: Maker, hats: list[Hat]) -> httpx.Response:
    """Send one request and return its answer."""
    method, template, described = maker.operation()
    headers = maker.headers()
    if maker.random.random() < 0.95:
        headers |= house.headers(maker.random.choice(hats))
    content = None
    if method == "post":
        content, headers["content-type"] = maker.body(template, described)
    return await house.http.request(
        method,
        maker.path(template),
        headers=headers,
        params=maker.query(described),
        content=content,
    )


def is_well_told(response: httpx.Response) -> bool:
    """Tell whether an answer is one, or a problem document without a word of what was sent."""
    if response.is_success or response.url.path.startswith("/oauth"):
        return True
    members = response.json()
    return (
        response.headers["content-type"] == "application/problem+json"
        and members.keys() >= PROBLEM
        and members["status"] == response.status_code
        and "KANARIE" not in response.text
        and YUSUF not in response.text
    )


@pytest.mark.parametrize("seed", range(4))
async def test_every_request_is_answered(
    register_template: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    """None fails, every problem is a document without an echo, and no log names anybody."""
    caplog.set_level(logging.DEBUG, "doelpoort")
    register = shutil.copy(register_template, tmp_path / "bron.db")
    cases = shutil.copy(register_template, tmp_path / "zaken.db")
    places = {"source": Path(register), "cases": Path(cases)}
    async with open_house(tmp_path / "home", **places, looks_per_minute=100_000) as house:
        enrol(house)
        house.clients = {**house.clients, "regie": make_client("regie", frozenset({COORDINATOR}))}
        registry_of(house.settings).add(house.clients["regie"])
        maker = Maker(house.app.openapi(), Random(seed))  # noqa: S311 (a fixed list)
        hats = [CONSULTANT, CARE_WORKER, WMO, SCHOOL, SUPERVISOR, COORDINATOR, OFFICER, PORTAL]
        answers = []
        for _ in range(REQUESTS):
            answers.append(await send(house, maker, hats))
            maker.learn(answers[-1].text)

    assert [each for each in answers if each.status_code >= 500] == []
    assert [each.text for each in answers if not is_well_told(each)] == []
    assert {200, 400, 403, 404} <= {each.status_code for each in answers}
    assert "KANARIE" not in caplog.text
    assert YUSUF not in caplog.text
