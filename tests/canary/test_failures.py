"""Whatever fails, and however much its error tells: nothing of it comes out."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from audit.entry import Draft, Receipt
from audit.errors import AppendFailed, LedgerBusy, LedgerStopped, StorageBroken
from gateway.cases.finder import FactFinder
from gateway.decision.errors import EngineAnswerInvalid, EngineUnavailable
from gateway.disclosure import Gate
from gateway.errors import CasesUnavailable, SourceFailed, SourceInvalid
from gateway.sources.source import Query, Row, Source
from gateway.subject import Subject
from tests.adapter_house import ADAPTERS, FAILURES, Behind, clients_behind, open_over
from tests.builders import open_house
from tests.canary.asking import Asking, rightful
from tests.canary.places import files_in, ledger_places
from tests.canary.post import Post, astray_in, listening, posted
from tests.canary.watch import Watch
from tests.canary.world import World
from tests.counterparts.failing import Failure
from tests.postgresql_server import Server, running

pytestmark = pytest.mark.anyio

SEED: Final = 20_260_302
SLOW: Final = {Failure.SILENT}
# What lives behind the adapter; the rest is in the register, the second source of a request.
THERE: Final = frozenset({"brp", "huishouden", "jeugdhulp_traject", "inkomen"})
Told = Callable[[str], BaseException]


def several(text: str) -> BaseException:
    """Return errors in an error."""
    return ExceptionGroup(text, [ValueError(text)])


def undecodable(text: str) -> BaseException:
    """Return an error that holds the bytes it could not read."""
    return UnicodeDecodeError("utf-8", text.encode(), 0, 1, text)


# With what a piece of the gateway may fail, each with rows in its text: foreseen, and a bug.
OF_A_SOURCE: Final[Sequence[Told]] = [
    SourceFailed,
    SourceInvalid,
    ValueError,
    KeyError,
    RuntimeError,
    sqlite3.OperationalError,
    OSError,
    TimeoutError,
    several,
    undecodable,
]
OF_A_LEDGER: Final[Sequence[Told]] = [
    AppendFailed,
    StorageBroken,
    LedgerStopped,
    LedgerBusy,
    OSError,
    ValueError,
    sqlite3.DatabaseError,
]
OF_AN_ENGINE: Final[Sequence[Told]] = [EngineUnavailable, EngineAnswerInvalid, RuntimeError]


class FailingSource:
    """Looks the rows up, and fails with all of them in its error."""

    def __init__(self, inner: Source, told: Told) -> None:
        self.inner = inner
        self.told = told

    async def rows(
        self, subject: Subject | None, queries: Sequence[Query]
    ) -> Sequence[Sequence[Row]]:
        """Fail with the rows."""
        found = await self.inner.rows(subject, queries)
        raise self.told(f"{subject} {found!r}") from LookupError(repr(found))


class FailingLedger:
    """Takes no entry, and says which one with everything that it was given."""

    def __init__(self, inner: Any, told: Told) -> None:  # noqa: ANN401 (any ledger)
        self.inner = inner
        self.told = told

    async def append(self, draft: Draft) -> Receipt:
        """Fail with the draft, subject and motivation included."""
        raise self.told(f"{draft!r} {draft.subject!r}")

    @property
    def status(self) -> Any:  # noqa: ANN401 (any ledger)
        """Return the status of the ledger."""
        return self.inner.status


class FailingEngine:
    """Decides nothing, and says what it was asked."""

    def __init__(self, told: Told, text: str) -> None:
        self.told = told
        self.text = text

    async def evaluate(self, question: bytes) -> object:
        """Fail with the question and a row."""
        raise self.told(f"{question!r} {self.text}")

    async def aclose(self) -> None:
        """Have nothing to close."""


@pytest.fixture(scope="module")
async def asked(
    flowing: World,
    watch: Watch,
    register_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Asking]:
    """Give requests that a gateway without failures answers."""
    folder = tmp_path_factory.mktemp("gevraagd")
    cases = Path(shutil.copy(register_template, folder / "zaken.db"))
    async with (
        open_house(folder / "home", source=flowing.register, cases=cases) as house,
        posted(house, flowing, watch) as post,
    ):
        return await permitted(post, 12)


async def permitted(post: Post, most: int) -> list[Asking]:
    """Return requests that are answered now because a source does, each for another purpose."""
    found: dict[str, Asking] = {}
    random = Random(SEED)  # noqa: S311 (always the same requests)
    asked = list(rightful(post.world))
    random.shuffle(asked)
    for asking in asked:
        if len(found) == most:
            break
        purpose = asking.purpose
        if purpose is None or purpose.id in found or purpose.about_groups or purpose.veiled:
            continue
        if (await post.send(asking)).status_code == 200:
            found[purpose.id] = asking
    return list(found.values())


def rewire(post: Post, **changes: Any) -> None:  # noqa: ANN401 (pieces of a gate)
    """Serve a gate with other pieces."""
    gate: Gate = replace(post.house.services.gate, **changes)
    post.house.rewire(replace(post.house.services, gate=gate))


async def fail(post: Post, asked: Sequence[Asking]) -> tuple[Any, dict[str, list[str]]]:
    """Send requests while something fails; return what can be seen of it, out and inside."""
    with listening() as ears:
        astray = await post.astray(asked)
    inside = astray_in(post.watch, ledger_places(post.house))
    inside |= astray_in(post.watch, [("log", ears.heard.getvalue().encode())])
    inside |= astray_in(post.watch, [("engine", b"\n".join(post.engine.heard))])
    return astray, inside


@pytest.mark.parametrize("told", OF_A_SOURCE, ids=lambda told: told.__name__)
async def test_a_source_fails_with_rows_in_its_error(
    post: Post, asked: Sequence[Asking], told: Told
) -> None:
    """While data are fetched; foreseen or a bug: nothing is shown."""
    rewire(post, source=FailingSource(post.house.services.gate.source, told))

    astray, inside = await fail(post, asked)

    assert (astray, inside) == ([], {})
    assert len(asked) == 12
    assert post.statuses.keys() <= {403, 500}


@pytest.mark.parametrize("told", [SourceFailed, KeyError, several], ids=lambda t: t.__name__)
async def test_a_source_fails_while_facts_are_looked_up(
    post: Post, asked: Sequence[Asking], told: Told
) -> None:
    """Before anything is decided: a fact that is not known refuses, and tells nothing."""
    failing: Any = FailingSource(post.house.services.gate.source, told)
    rewire(post, source=failing, facts=FactFinder(post.house.services.book, failing))

    astray, inside = await fail(post, asked)

    assert (astray, inside) == ([], {})
    assert post.statuses.keys() <= {403, 500}


async def test_behind_a_veil_a_failure_is_an_answer_like_any(post: Post) -> None:
    """What may not show whether there is a row does not show that a source failed either."""
    rewire(post, source=FailingSource(post.house.services.gate.source, SourceFailed))
    veiled = [each for each in rightful(post.world) if each.purpose and each.purpose.veiled]

    astray, inside = await fail(post, veiled[:3])

    assert (astray, inside) == ([], {})
    assert post.statuses == {200: 3}


@pytest.mark.parametrize("told", OF_A_LEDGER, ids=lambda told: told.__name__)
async def test_a_ledger_fails_with_a_draft_in_its_error(
    post: Post, asked: Sequence[Asking], told: Told
) -> None:
    """No entry, no data; and nothing of the person whom the entry would have been about."""
    ledger: Any = FailingLedger(post.house.services.gate.ledger, told)
    rewire(post, ledger=ledger)

    astray, inside = await fail(post, asked)

    assert (astray, inside) == ([], {})
    assert set(post.statuses) <= {500, 503}


@pytest.mark.parametrize("told", OF_AN_ENGINE, ids=lambda told: told.__name__)
async def test_an_engine_fails_with_a_row_in_its_error(
    post: Post, asked: Sequence[Asking], told: Told
) -> None:
    """Foreseen it is a refusal, a bug is a failure without a word."""
    decider = post.house.services.gate.decider
    decider._engine = FailingEngine(told, next(iter(post.world.canaries)))
    decider._memo.clear()

    astray, inside = await fail(post, asked)

    assert (astray, inside) == ([], {})
    assert set(post.statuses) <= {403, 500}


async def test_a_case_store_fails_with_a_row_in_its_error(
    post: Post, asked: Sequence[Asking]
) -> None:
    """The records of cases hold numbers of persons; their errors may too."""
    book: Any = _Failing()
    rewire(post, facts=FactFinder(book, post.house.services.gate.source))

    astray, inside = await fail(post, asked)

    assert (astray, inside) == ([], {})


class _Failing:
    """Whatever is asked of it fails, with what it was asked about in the error."""

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        """Return what fails."""

        async def fails(*arguments: object) -> object:
            raise CasesUnavailable(f"{name} {arguments!r}")

        return fails


async def test_a_request_that_is_given_up_tells_nothing(
    post: Post, asked: Sequence[Asking]
) -> None:
    """No task is left behind that tells its error to a log when it is collected."""
    gate = post.house.services.gate
    rewire(post, source=FailingSource(gate.source, ValueError))
    with listening() as ears:
        for asking in asked[:3]:
            task = asyncio.ensure_future(post.send(asking))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    assert astray_in(post.watch, [("log", ears.heard.getvalue().encode())]) == {}


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    """Give a PostgreSQL server of our own."""
    with running() as server:
        yield server


@pytest.fixture(params=ADAPTERS)
def behind(request: pytest.FixtureRequest, flowing: World, tmp_path: Path) -> Iterator[Behind]:
    """Give the world behind each adapter in turn."""
    server = request.getfixturevalue("database") if request.param == "postgresql" else None
    register = Path(shutil.copy(flowing.register, tmp_path / "bron.db"))
    only = {"brp"} if request.param == "brp" else THERE
    with clients_behind(
        request.param, tmp_path / "bron", register=register, server=server, only=only
    ) as made:
        yield made


async def test_an_adapter_that_fails_tells_nothing_of_its_rows(
    behind: Behind, asked: Sequence[Asking], flowing: World, watch: Watch, tmp_path: Path
) -> None:
    """Well or failing in every way it can: what leaves is granted, and no error holds a value."""
    clock = _Clock()
    async with (
        open_over(behind, tmp_path / "over", monotonic_s=clock) as house,
        posted(house, flowing, watch) as post,
    ):
        well = await fail(post, asked)
        failed = {}
        for failure in sorted(FAILURES[behind.adapter]):
            behind.fail(failure)
            failed[failure] = await fail(post, asked[: 1 if failure in SLOW else 5])
            behind.recover()
            clock.ahead_s += 60

    assert well == ([], {})
    assert {failure: seen for failure, seen in failed.items() if seen != ([], {})} == {}
    assert post.released
    assert astray_in(watch, files_in(tmp_path / "over")) == {}


class _Clock:
    """The clock of this machine, which a test moves on past the pause after failures."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        """Return the time, moved on."""
        return time.monotonic() + self.ahead_s
