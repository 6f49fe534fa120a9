"""Reading fields: the columns behind them and no others, and misfits counted without a value."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from gateway.catalogue.model import Catalogue, Derive, FieldGrant, Precision
from gateway.errors import SourceFailed
from gateway.sources.demand import demands
from gateway.sources.mapping import ValueKind
from gateway.sources.reading import Found, read_fields, rows_behind
from gateway.sources.source import Predicate, Query, plan, predicate_of
from gateway.sources.sql import SqlSource
from gateway.subject import parse_bsn
from tests.builders import NOBODY, YUSUF
from tests.fakes import MemorySource
from tests.fakes_decision import catalogue
from tests.grants import OCCASION, grant

pytestmark = pytest.mark.anyio

P, D = Precision, Derive
WHO = parse_bsn(YUSUF)
MATCH = grant(D.MATCH, P.FLAG, name="zelfde_naam", table="bank", column="houder")


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[SqlSource]:
    """Give a register without a mapping, of which nobody checked what its columns hold."""
    path = tmp_path / "register.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE brp (bsn TEXT, geboren TEXT, woont TEXT)")
        connection.execute("INSERT INTO brp VALUES (?, '1999-13-01', 'kasteel')", (YUSUF,))
        connection.commit()
    source = SqlSource(f"sqlite:///{path}")
    yield source
    source.close()


async def test_a_misfit_is_unknown_and_counted_without_the_value(
    plain: SqlSource, caplog: pytest.LogCaptureFixture
) -> None:
    """An impossible date and a text off the list stand in the log by column and number alone."""
    wanted = [
        grant(D.AGE, P.YEAR, name="leeftijd", table="brp", column="geboren"),
        grant(D.ONE, P.YEAR, name="geboortejaar", table="brp", column="geboren"),
        grant(D.ONE, P.EXACT, name="woning", table="brp", column="woont", labels=("huur", "koop")),
    ]

    with caplog.at_level(logging.WARNING, "doelpoort.sources"):
        found = await read_fields(plain, WHO, wanted, OCCASION)

    assert found == {"leeftijd": None, "geboortejaar": None, "woning": None}
    assert "2 values of brp.geboren do not fit" in caplog.text
    assert "1 values of brp.woont do not fit" in caplog.text
    assert not {"1999-13-01", "kasteel", YUSUF} & set(caplog.text.split())


async def test_what_fits_and_what_is_absent_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The twin: an answer, and a place that is empty, are nobody's fault."""
    rows = {"brp": [{"bsn": YUSUF, "geboren": "1999-00-00", "woont": None}]}
    wanted = [
        grant(D.ONE, P.QUARTER, name="kwartaal", table="brp", column="geboren"),
        grant(D.ONE, P.EXACT, name="woning", table="brp", column="woont"),
    ]

    found = await read_fields(MemorySource(rows), WHO, wanted, OCCASION)

    assert found == {"kwartaal": None, "woning": None}
    assert caplog.text == ""


SHARE = grant(D.AT_LEAST, P.FLAG, name="genoeg", table="brp", column="woont", against=3)


async def test_a_misfit_of_a_predicate_is_counted_by_its_column(
    plain: SqlSource, caplog: pytest.LogCaptureFixture
) -> None:
    """A register that compares for itself tells that the text is no number, and not the text."""
    with caplog.at_level(logging.WARNING, "doelpoort.sources"):
        found = await read_fields(plain, WHO, [SHARE], OCCASION)

    assert found == {"genoeg": None}
    assert "1 values of brp.woont do not fit" in caplog.text
    assert "kasteel" not in caplog.text


async def test_an_outcome_is_taken_as_it_is(plain: SqlSource) -> None:
    """The twin: a yes and a no of the register are the answer, and of nobody nothing is known."""
    home = replace(SHARE, derive=D.EQUALS, against="kasteel")
    castle = replace(SHARE, name="anders", derive=D.ONE_OF, one_of=("huis", "hut"))

    found = await read_fields(plain, WHO, [home, castle], OCCASION)
    nobody = await read_fields(plain, parse_bsn(NOBODY), [home], OCCASION)

    assert found == {"genoeg": True, "anders": False}
    assert nobody == {"genoeg": None}


def test_a_column_that_is_needed_as_it_is_has_no_predicate() -> None:
    """Who needs the value itself brings it; then the gateway compares it too."""
    whole = grant(D.ONE, P.EXACT, name="woning", table="brp", column="woont")
    asked = Predicate("woont", D.AT_LEAST, (3,))

    assert plan([SHARE, SHARE]) == (Query("brp", ("woont",), (), (asked,)),)
    assert plan([SHARE, whole]) == (Query("brp", ("woont",), ()),)


@pytest.mark.parametrize(
    "changes",
    [
        {"derive": D.EQUALS, "against": True},
        {"derive": D.EQUALS, "against": None},
        {"derive": D.ONE_OF, "one_of": ()},
        {"against": "3"},
        {"against": True},
        {"against": 2**60},
        {"derive": D.ANY},
        {"derive": D.AGE_FROM},
        {"precision": P.EXACT},
        {"column": None},
    ],
)
def test_what_is_no_comparison_stays_with_the_gateway(changes: dict[str, Any]) -> None:
    """A yes or no tells itself, an age takes a calendar, and what fits no column fits no source."""
    assert predicate_of(replace(SHARE, **changes)) is None


NAMES = {
    "bank": [{"bsn": YUSUF, "houder": "Y. de Vries"}],
    "brp": [{"bsn": YUSUF, "naam": "Yusuf de Vries"}],
}


async def test_a_name_is_matched_with_that_of_another_register() -> None:
    """Both registers are asked for one column each, and yes or no is all that comes of it."""
    source = MemorySource(NAMES)

    found = await read_fields(source, WHO, [MATCH], OCCASION)

    assert found == {"zelfde_naam": True}
    assert [(query.table, query.columns) for _, query in source.asked] == [
        ("bank", ("houder",)),
        ("brp", ("naam",)),
    ]


async def test_a_name_is_matched_within_one_register() -> None:
    """Where both names stand in one table, it is asked once."""
    rows = {"bank": [{"bsn": YUSUF, "houder": "Y. de Vries", "gemachtigde": "Zoë Bakker"}]}
    source = MemorySource(rows)

    found = await read_fields(
        source, WHO, [replace(MATCH, other=("bank", "gemachtigde"))], OCCASION
    )

    assert found == {"zelfde_naam": False}
    assert [query for _, query in source.asked] == [Query("bank", ("gemachtigde", "houder"), ())]


async def test_a_name_that_another_register_does_not_give_is_unknown() -> None:
    """A register that is silent gives no name, and silence is no "no"."""
    source = MemorySource({"bank": NAMES["bank"]})

    with pytest.raises(SourceFailed):
        await read_fields(source, WHO, [MATCH], OCCASION)
    found = await read_fields(source, WHO, [MATCH], OCCASION, silence_is_unknown=True)

    assert found == {"zelfde_naam": None}


def test_names_that_disagree_are_none() -> None:
    """Two different names in the other register leave open which one is meant."""
    found: Found = {
        ("bank", ()): [{"houder": "A. Vos"}],
        ("brp", ()): [{"naam": "Vos"}, {"naam": "Bos"}],
    }

    assert rows_behind(MATCH, found) == [{"houder": "A. Vos", "brp.naam": None}]


def test_the_other_register_is_asked_once_for_several_fields() -> None:
    """What another field reads of it already, is one question with both columns."""
    born = grant(D.ONE, P.YEAR, name="geboren", table="brp", column="geboren")

    assert plan([MATCH, born]) == (
        Query("bank", ("houder",), ()),
        Query("brp", ("geboren", "naam"), ()),
    )


def demanding(made: FieldGrant) -> dict[tuple[str, str | None], frozenset[ValueKind]]:
    """Return what a purpose with one such field demands, by table and column."""
    flag = catalogue().purposes["lichte-of-zware-hulp"]
    made = replace(made, name="specialisatie_ingezet")
    purpose = replace(flag, fields=MappingProxyType({made.name: made}), conditions=())
    policy: Catalogue = replace(catalogue(), purposes=MappingProxyType({purpose.id: purpose}))
    return {(each.table, each.column): each.kinds for each in demands(policy)}


@pytest.mark.parametrize(
    ("made", "kinds"),
    [
        (grant(D.AGE_FROM, P.FLAG), {ValueKind.DATE, ValueKind.AGE}),
        (grant(D.ONE_OF, P.FLAG), {ValueKind.TEXT}),
        (grant(D.AT_LEAST, P.FLAG), {ValueKind.INTEGER, ValueKind.DECIMAL}),
        (grant(D.ONE, P.POSTCODE4), {ValueKind.TEXT}),
        (grant(D.ONE, P.PSEUDONYM), {ValueKind.TEXT, ValueKind.INTEGER}),
    ],
)
def test_each_word_demands_a_column_that_it_can_read(
    made: FieldGrant, kinds: set[ValueKind]
) -> None:
    """A mapping in which the column holds something else is found before anything is asked."""
    assert demanding(made) == {("tabel", "kolom"): kinds}


def test_both_names_of_a_match_are_demanded() -> None:
    """The other register needs its column too, as text."""
    assert demanding(MATCH) == {
        ("bank", "houder"): {ValueKind.TEXT},
        ("brp", "naam"): {ValueKind.TEXT},
    }
