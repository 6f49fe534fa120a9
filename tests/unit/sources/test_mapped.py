"""Several sources as one: who is asked, how long, what happens when one fails, and what is read."""

import asyncio
import traceback
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.catalogue.model import Derive
from gateway.errors import AnswerOdd, SourceFailed, SourceInvalid
from gateway.sources.breaker import FAILURES, PAUSE_S
from gateway.sources.groups import Group
from gateway.sources.mapped import MappedSources
from gateway.sources.mapping import TablePlace
from gateway.sources.mapping_file import read_mapping
from gateway.sources.register import ROW_LIMIT, GroupLook, Look, RawRows, bounded
from gateway.sources.source import Predicate, Query
from gateway.subject import Subject, parse_bsn
from tests.builders import YUSUF

pytestmark = pytest.mark.anyio

WHO = parse_bsn(YUSUF)
A, B = Query("a", ("x",), ()), Query("b", ("x",), ())
FIGURES = Query("figures", ("x",), ())
MAPPING = b"""
deadline_ms: 200
sources:
  one: {kind: sqlite, address: a.db, deadline_ms: 30000}
  two: {kind: sqlite, address: b.db, deadline_ms: 30000}
tables:
  a: {source: one, at: a, subject: bsn, columns: {x: {at: x, type: integer}}}
  b: {source: two, at: b, subject: bsn, columns: {x: {at: x, type: integer}}}
  figures: {source: two, at: f, columns: {x: {at: x, type: integer}}}
"""


@dataclass
class FakeRegister:
    """A register that gives what a test says, as slowly as it says."""

    gives: object = 1
    takes_conditions: bool = False
    waits: bool = True
    wait_s: float = 0.0
    deaf: bool = False
    many: int = 1
    broken: Exception | None = None
    asked: list[tuple[Look, ...]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    async def fetch(
        self, subject: Subject | None, looks: Sequence[Look]
    ) -> Sequence[RawRows] | None:
        """Give rows with one value per look; nothing is about anybody but one person."""
        assert subject in {WHO, None}
        self.asked.append(tuple(looks))
        with suppress(asyncio.CancelledError) if self.deaf else nullcontext():
            await asyncio.sleep(self.wait_s)
        if self.deaf:
            await asyncio.sleep(self.wait_s)
        if self.broken is not None:
            raise self.broken
        if self.gives is None:
            return None
        return [
            [[self.gives for _ in (*look.columns, *look.predicates)]] * self.many for look in looks
        ]

    async def count(self, look: GroupLook) -> Sequence[Group] | None:
        """Say that it cannot count."""
        assert look.table.subject is not None
        return None

    def probe(self, tables: Sequence[TablePlace]) -> None:
        """Fail as a test says."""
        assert tables
        if self.broken is not None:
            raise self.broken

    def close(self) -> None:
        """Remember."""
        self.closed.append("close")

    async def aclose(self) -> None:
        """Remember."""
        self.closed.append("aclose")


class Clock:
    """A clock that a test moves."""

    at_s = 0.0

    def __call__(self) -> float:
        """Return the time that the test set."""
        return self.at_s


@dataclass
class Desk:
    """Two registers behind one mapping."""

    one: FakeRegister = field(default_factory=FakeRegister)
    two: FakeRegister = field(default_factory=FakeRegister)
    clock: Clock = field(default_factory=Clock)
    mapping: bytes = MAPPING

    def __post_init__(self) -> None:
        mapping = read_mapping(self.mapping, "sources.yaml", Path())
        registers = {"one": self.one, "two": self.two}
        self.source = MappedSources(mapping, registers, monotonic_s=self.clock)


@pytest.fixture
def desk() -> Desk:
    """Give a desk."""
    return Desk()


async def fails(desk: Desk, *queries: Query) -> None:
    """Ask, and be refused."""
    with pytest.raises(SourceFailed):
        await desk.source.rows(WHO, queries)


async def test_each_source_is_asked_once_for_all_that_it_has(desk: Desk) -> None:
    """Answers come in the order of the queries, wherever they come from."""
    desk.one.gives, desk.two.gives = 1, 2

    found = await desk.source.rows(WHO, [B, A, B])

    assert found == [[{"x": 2}], [{"x": 1}], [{"x": 2}]]
    assert (len(desk.one.asked), len(desk.two.asked)) == (1, 1)


async def test_sources_are_asked_at_the_same_time(desk: Desk) -> None:
    """Two slow answers take no longer than one."""
    desk.one.wait_s = desk.two.wait_s = 0.12

    assert len(await desk.source.rows(WHO, [A, B])) == 2


@pytest.mark.parametrize("deaf", [False, True])
async def test_one_slow_source_refuses_the_whole_in_time(desk: Desk, *, deaf: bool) -> None:
    """The deadline of the whole holds, whether or not the adapter stops when it is told to."""
    desk.one.wait_s, desk.one.deaf = 3.0, deaf
    began = asyncio.get_running_loop().time()

    await fails(desk, B, A)

    assert asyncio.get_running_loop().time() - began < 1.0


@pytest.mark.parametrize("waits", [True, False])
async def test_one_broken_source_refuses_the_whole(desk: Desk, *, waits: bool) -> None:
    """There is no half answer; the source that is well is asked again."""
    desk.one.waits = desk.two.waits = waits
    desk.one.broken = SourceFailed("stuk")

    await fails(desk, A, B)

    assert await desk.source.rows(WHO, [B]) == [[{"x": 1}]]


@pytest.mark.parametrize("kind", [KeyError, ValueError, RuntimeError])
async def test_what_nobody_foresaw_is_a_failure_of_the_source(
    desk: Desk, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    """The source is ill, and its name and the kind of the error are all that is told."""
    desk.one.broken = kind("geheime waarde")
    told = []
    for _ in range(FAILURES + 1):
        with pytest.raises(SourceFailed) as failed:
            await desk.source.rows(WHO, [A, B])
        told += traceback.format_exception(failed.value)

    assert len(desk.one.asked) == FAILURES
    assert f"source one failed in a way nobody foresaw: {kind.__name__}" in caplog.text
    assert "geheime waarde" not in "".join(told) + caplog.text


async def test_a_source_that_changed_fails(desk: Desk) -> None:
    """What was there at the start and is not now is a failure of one request."""
    desk.one.broken = SourceInvalid("kolom weg")

    await fails(desk, A)


async def test_a_source_that_keeps_failing_is_left_alone_and_tried_again(desk: Desk) -> None:
    """After the failures nobody asks; after the pause one question tries, and then all may."""
    desk.one.broken = SourceFailed("stuk")
    for _ in range(FAILURES + 3):
        await fails(desk, A)
    asked = len(desk.one.asked)
    desk.one.broken = None
    desk.clock.at_s = PAUSE_S

    found = await desk.source.rows(WHO, [A])

    assert (asked, found) == (FAILURES, [[{"x": 1}]])


async def test_a_refusal_is_no_failure(desk: Desk) -> None:
    """A source that is well and does not answer a question is asked the next one."""
    desk.one.gives = None
    for _ in range(FAILURES + 1):
        await fails(desk, A)

    assert len(desk.one.asked) == FAILURES + 1


async def test_an_odd_answer_is_no_failure(desk: Desk) -> None:
    """What is odd about one person refuses that request, and closes the source for nobody."""
    desk.one.broken = AnswerOdd("twee personen")
    for _ in range(FAILURES + 1):
        await fails(desk, A)

    assert len(desk.one.asked) == FAILURES + 1


async def test_an_odd_answer_closes_an_open_circuit(desk: Desk) -> None:
    """A source that answers at all is well again."""
    desk.one.broken = SourceFailed("stuk")
    for _ in range(FAILURES):
        await fails(desk, A)
    desk.one.broken, desk.clock.at_s = AnswerOdd("te veel"), PAUSE_S

    await fails(desk, A)
    await fails(desk, A)

    assert len(desk.one.asked) == FAILURES + 2


def test_a_probe_that_is_answered_oddly_has_no_answer(desk: Desk) -> None:
    """At the start it is borne as silence is."""
    desk.one.broken = AnswerOdd("te veel")

    with pytest.raises(SourceFailed, match="te veel"):
        desk.source.probe("one")


async def test_a_question_that_is_withdrawn_says_nothing(desk: Desk) -> None:
    """Who hangs up again and again does not close a source for others."""
    desk.one.wait_s = 0.1
    for _ in range(FAILURES + 1):
        task = asyncio.ensure_future(desk.source.rows(WHO, [A]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    desk.one.wait_s = 0.0

    assert await desk.source.rows(WHO, [A]) == [[{"x": 1}]]


@pytest.mark.parametrize(("subject", "query"), [(WHO, FIGURES), (None, A)])
async def test_persons_and_figures_are_kept_apart(
    desk: Desk, subject: Subject | None, query: Query
) -> None:
    """A table of the one kind never answers a question about the other, and is not asked."""
    with pytest.raises(SourceFailed):
        await desk.source.rows(subject, [query])

    assert desk.one.asked == desk.two.asked == []


async def test_figures_answer_about_nobody(desk: Desk) -> None:
    """The twin: what holds no persons is asked without one."""
    assert await desk.source.rows(None, [FIGURES]) == [[{"x": 1}]]


async def test_a_value_of_another_type_is_unknown_and_counted(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says where and how many, and never what."""
    desk.one.gives = "geheim"

    found = await desk.source.rows(WHO, [A])

    assert found == [[{"x": None}]]
    assert "1 values of a.x have another type" in caplog.text
    assert "geheim" not in caplog.text


@pytest.mark.parametrize(("takes", "pushed"), [(True, 1), (False, 0)])
async def test_who_compares_depends_on_the_source(desk: Desk, *, takes: bool, pushed: int) -> None:
    """A source that compares gets the condition; for another the gateway fetches and compares."""
    desk.one.takes_conditions = takes

    found = await desk.source.rows(WHO, [Query("a", (), (("x", 1),))])

    assert found == [[{}]]
    assert len(desk.one.asked[0][0].where) == pushed


LONG = Predicate("x", Derive.AT_LEAST, (5,))
EQUAL = Predicate("x", Derive.EQUALS, (5,))
NAMED = Predicate("x", Derive.EQUALS, ("vijf",))


@pytest.mark.parametrize(("gives", "found"), [(1, True), (0, False), (-1, None)])
async def test_a_source_that_compares_tells_the_outcome(
    desk: Desk, caplog: pytest.LogCaptureFixture, gives: int, *, found: bool | None
) -> None:
    """One is yes, nought is no; what no outcome could be made of is a misfit of the column."""
    desk.one.takes_conditions = True
    desk.one.gives = gives

    (rows,) = await desk.source.rows(WHO, [Query("a", ("x",), (("x", 1),), (LONG, EQUAL))])

    (look,) = desk.one.asked[0]
    assert (look.columns, [asked for _, asked in look.predicates]) == ((), [LONG, EQUAL])
    assert rows == [{LONG.name: found, EQUAL.name: found}]
    assert ("2 values of a.x have another type" in caplog.text) is (gives == -1)


@pytest.mark.parametrize(
    ("asked", "table", "takes"),
    [
        (LONG, "{at: x, type: integer}", False),
        (NAMED, "{at: x, type: integer}", True),
        (LONG, "{at: x, type: text}", True),
        (EQUAL, "{at: x, type: decimal}", True),
        (LONG, "{at: x, type: integer, form: digits}", True),
        (LONG, "{at: x, type: integer, words: {een: 1}}", True),
        (LONG, "{at: x, type: integer, absent: 0}", True),
        (LONG, "{at: x, type: date}", True),
    ],
)
async def test_what_a_source_cannot_compare_comes_as_it_is(
    asked: Predicate, table: str, *, takes: bool
) -> None:
    """Of another type, or translated by the gateway: the column comes, once, for all questions."""
    desk = Desk(mapping=MAPPING.replace(b"{at: x, type: integer}", table.encode(), 1))
    desk.one.takes_conditions = takes

    await desk.source.rows(WHO, [Query("a", ("x",), (), (asked, LONG))])

    (look,) = desk.one.asked[0]
    assert ([column.name for column in look.columns], look.predicates) == (["x"], ())


async def test_where_the_gateway_compares_rows_no_outcome_is_asked() -> None:
    """An outcome is of all rows that a source gives; of fewer only the gateway can tell."""
    desk = Desk(mapping=MAPPING.replace(b"type: integer}", b"type: decimal}", 1))
    desk.one.takes_conditions = True

    await desk.source.rows(WHO, [Query("a", ("x",), (("x", 1),), (LONG,))])

    (look,) = desk.one.asked[0]
    assert look.predicates == ()


async def test_yes_is_not_one(desk: Desk) -> None:
    """The gateway compares types too."""
    assert await desk.source.rows(WHO, [Query("a", (), (("x", True),))]) == [[]]


def test_too_many_rows_are_no_answer() -> None:
    """As many as the limit pass, and one more does not."""
    rows: list[list[object]] = [[] for _ in range(ROW_LIMIT)]
    assert bounded(rows) is rows

    with pytest.raises(SourceFailed):
        bounded([*rows, []])


async def test_a_person_with_too_many_rows_does_not_close_the_source(desk: Desk) -> None:
    """Each time it is refused, and the source answers about somebody else."""
    desk.one.many = ROW_LIMIT + 1
    for _ in range(FAILURES + 1):
        with pytest.raises(SourceFailed, match="more rows"):
            await desk.source.rows(WHO, [A])
    desk.one.many = 1

    assert await desk.source.rows(WHO, [A]) == [[{"x": 1}]]


async def test_closing_closes_every_register(desk: Desk) -> None:
    """With and without an event loop."""
    desk.source.close()
    await desk.source.aclose()

    assert desk.one.closed == desk.two.closed == ["close", "aclose"]
