"""The watch sees what is planted, in whatever form, at each way out: else no test here can fail."""

import base64
import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from audit.entry import Draft, Receipt
from gateway.sources import reading
from gateway.sources.source import Query, Row, Source
from gateway.subject import Subject
from tests.builders import REFERENCE, YUSUF
from tests.canary.asking import Asking, body_of
from tests.canary.places import ledger_places
from tests.canary.policy import purposes
from tests.canary.post import Post, astray_in, listening
from tests.canary.watch import Watch, allowed
from tests.canary.world import World, plant

pytestmark = pytest.mark.anyio

Change = Callable[[str], bytes]
FORMS: Mapping[str, Change] = {
    "plain": str.encode,
    "in a text": lambda text: f"de waarde {text}, meer niet".encode(),
    "reversed": lambda text: text[::-1].encode(),
    "in capitals": lambda text: text.upper().encode(),
    "base64": lambda text: base64.b64encode(f"de waarde is {text}".encode()),
    "base64 glued": lambda text: b"v1" + base64.urlsafe_b64encode(text.encode()),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(f"is het {text}".encode())),
    "hexadecimal": lambda text: f"x{f'is het {text}'.encode().hex()}".encode(),
    "percent": lambda text: "".join(f"%{ord(each):02x}" for each in text).encode(),
    "quoted": lambda text: quote(f"[{text}]").encode(),
}
HASHES: Mapping[str, Change] = {
    "sha256": lambda bsn: sha256(bsn.encode()).hexdigest().encode(),
    "sha256 in base64": lambda bsn: base64.b64encode(sha256(bsn.encode()).digest()),
    "sha1": lambda bsn: sha1(bsn.encode()).hexdigest().encode(),  # noqa: S324 (what may leak)
}
ADDRESS = ("noodzaak-zorg-onderzoeken", "adres")


def cell_of(world: World, table: str, column: str) -> str:
    """Return the first canary of a column."""
    return next(m for m, c in world.canaries.items() if (c.table, c.column) == (table, column))


KINDS = [("brp", "adres"), ("brp", "geboortedatum"), ("huishouden", "aantal_personen"),
         ("inkomen", "netto_maand"), ("jeugdhulp_traject", "behandeldoelen")]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", KINDS, ids=[column for _, column in KINDS])
def test_a_canary_is_seen_in_every_form(
    flowing: World, watch: Watch, place: tuple[str, str], form: str
) -> None:
    """A text, a birth date, a number, an amount, an item of a list: however it is written."""
    mark = cell_of(flowing, *place)

    seen = watch.found(FORMS[form](mark))

    assert [each.lower() for each in seen] == [mark.lower()]


@pytest.mark.parametrize("form", [*FORMS, *HASHES])
def test_a_number_of_a_person_is_seen_in_every_form(watch: Watch, form: str) -> None:
    """Also by a hash that nobody needs a key for: there are only so many numbers."""
    made = {**FORMS, **HASHES}[form](YUSUF)

    seen = watch.found(made)

    assert seen & {YUSUF, f"hash of {YUSUF}"}


@pytest.mark.parametrize("text", ["", "onbekend", "999900006", "CNRY", "2026-03-02", "0" * 400])
def test_what_is_no_canary_is_not_seen(watch: Watch, text: str) -> None:
    """What nobody planted is nothing, so that a finding is one."""
    seen = watch.found(text)

    assert seen == frozenset()


def test_every_value_with_room_is_a_canary(register_template: Path, flowing: World) -> None:
    """No two cells share one, none stood in the register before, and each is the client's own."""
    whole = Watch.over(flowing).found(register_template.read_bytes())

    assert len(flowing.canaries) > 600
    assert {cell.bsn for cell in flowing.canaries.values()} == set(flowing.clients)
    assert whole & flowing.canaries.keys() == set()


def test_the_same_world_is_made_in_every_run(
    register_template: Path, tmp_path: Path, flowing: World
) -> None:
    """A finding can be looked up: the canaries do not depend on the day of the test run."""
    again = plant(register_template, tmp_path / "weer.db", REFERENCE)

    assert again.canaries.keys() == flowing.canaries.keys()


def test_an_exact_field_may_hold_only_its_own_cells(flowing: World) -> None:
    """What the policy grants is the column of that person, and no other's."""
    purpose, field = purposes()[ADDRESS[0]], ADDRESS[1]

    granted = allowed(flowing, purpose, field, YUSUF)

    cells = [flowing.canaries[mark] for mark in granted]
    assert [(c.bsn, c.table, c.column) for c in cells] == [(YUSUF, "brp", "adres")]
    assert allowed(flowing, purpose, "iets_anders", YUSUF) == frozenset()


def the_flag() -> Asking:
    """Return the request for the one flag about Yusuf, which is permitted."""
    purpose = purposes()["lichte-of-zware-hulp"]
    body = body_of(purpose, YUSUF, fields=["specialisatie_ingezet"])
    return Asking.of(purpose.hats[0], body, purpose=purpose, bsn=YUSUF)


async def test_a_value_in_place_of_a_flag_is_seen(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that lets the raw value through, where a yes or no is granted, does not pass."""
    mark = cell_of(post.world, "jeugdhulp_traject", "specialisatie_naam")
    before = await post.astray([the_flag()])
    monkeypatch.setattr(reading, "minimise", lambda *_: mark)

    after = await post.astray([the_flag()])

    assert before == []
    assert [seen for _, seen in after] == [[mark]]


async def test_the_value_of_another_person_is_seen(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the field is granted at exact precision: not this cell."""
    purpose = purposes()["volgende-stap-in-behandeling"]
    body = body_of(purpose, YUSUF, fields=["diagnose_code"])
    asking = Asking.of(purpose.hats[0], body, purpose=purpose, bsn=YUSUF)
    own = await post.astray([asking])
    foreign = next(
        mark
        for mark, cell in post.world.canaries.items()
        if cell.column == "specialisatie_naam" and cell.bsn != YUSUF
    )
    monkeypatch.setattr(reading, "minimise", lambda *_: foreign)

    astray = await post.astray([asking])

    assert own == []
    assert post.statuses == {200: 2}
    assert [seen for _, seen in astray] == [[foreign]]


class Telling:
    """A source that tells a log about the rows it found."""

    def __init__(self, inner: Source, tell: Callable[[str], None]) -> None:
        self.inner = inner
        self.tell = tell

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Return the rows, and tell."""
        found = await self.inner.rows(subject, queries)
        self.tell(repr(found))
        return found


def log_args(rows: str) -> None:
    """Log rows as an argument."""
    logging.getLogger("doelpoort.sources").debug("found %s", rows)


def log_traceback(rows: str) -> None:
    """Log the error of a row with its traceback."""
    try:
        raise ValueError(rows)  # noqa: TRY301 (so that there is a traceback)
    except ValueError:
        logging.getLogger("elders").debug("it failed", exc_info=True)


def log_extra(rows: str) -> None:
    """Log rows beside the text, where only some handlers look."""
    logging.getLogger("elders").debug("found", extra={"rows": rows})


@pytest.mark.parametrize("tell", [log_args, log_traceback, log_extra])
async def test_a_log_line_with_a_value_is_seen(post: Post, tell: Callable[[str], None]) -> None:
    """Whatever logger it comes from, and wherever in the record it sits."""
    gate = post.house.services.gate
    telling: Any = Telling(gate.source, tell)
    rewire(post, replace(gate, source=telling))
    purpose = purposes()[ADDRESS[0]]
    body = body_of(purpose, YUSUF, fields=[ADDRESS[1]])
    with listening() as ears:
        astray = await post.astray(
            [Asking.of(purpose.hats[0], body, purpose=purpose, bsn=YUSUF), the_flag()]
        )

    log = astray_in(post.watch, [("log", ears.heard.getvalue().encode())])
    assert astray == []
    assert bool(log) is bool(post.released)


class Leaky:
    """A ledger that writes what it should not into its entries."""

    def __init__(self, inner: Any, member: str) -> None:  # noqa: ANN401 (any ledger)
        self.inner = inner
        self.member = member

    async def append(self, draft: Draft) -> Receipt:
        """Append an entry that holds one thing more."""
        leaky = replace(draft, members={**draft.members, "role": self.member})
        receipt: Receipt = await self.inner.append(leaky)
        return receipt

    @property
    def status(self) -> Any:  # noqa: ANN401 (any ledger)
        """Return the status of the ledger."""
        return self.inner.status


async def test_a_leaf_with_a_value_is_seen(post: Post) -> None:
    """In the leaf itself, in the receipt in the answer, and in the lines made of it."""
    mark = cell_of(post.world, "ggz", "medicatie").lower()
    gate = post.house.services.gate
    leaky: Any = Leaky(gate.ledger, mark)
    rewire(post, replace(gate, ledger=leaky))

    astray = await post.astray([the_flag()])

    inside = astray_in(post.watch, ledger_places(post.house))
    assert [seen for _, seen in astray] == [[mark]]
    assert {"leaf 1", "lines of adl", "export of adl"} <= inside.keys()


async def test_an_error_that_echoes_is_seen(post: Post) -> None:
    """A problem document that repeats what was sent, anywhere in it, does not pass."""
    mark = cell_of(post.world, "ggz", "medicatie")
    asking = replace(the_flag(), content=f'{{"task": "{mark}"}}'.encode())
    response = await post.send(asking)
    members = {**response.json(), "detail": f"'{mark}' is no task"}
    echoing = httpx.Response(response.status_code, json=members)

    seen = [post.seen_wrongly(asking, each) for each in (response, echoing)]

    assert seen == [frozenset(), {mark}]


def test_a_crash_that_shows_its_error_is_seen(flowing: World, watch: Watch) -> None:
    """A traceback holds the text of its error: that is where rows hide."""
    mark = cell_of(flowing, "brp", "adres")
    try:
        raise KeyError({"adres": mark})  # noqa: TRY301 (so that there is a traceback)
    except KeyError as exc:
        dump = "".join(traceback.format_exception(exc))

    assert watch.found(dump) == {mark}


def rewire(post: Post, gate: Any) -> None:  # noqa: ANN401 (a gate)
    """Serve another gate."""
    post.house.rewire(replace(post.house.services, gate=gate))
