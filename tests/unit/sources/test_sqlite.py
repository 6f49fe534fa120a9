"""A mapped SQLite file: yes and no, which it keeps as one and nought."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import SourceFailed
from gateway.sources.breaker import FAILURES
from gateway.sources.source import Query
from gateway.subject import parse_bsn
from tests.builders import HENK, YUSUF
from tests.counterparts.registers import mapped

pytestmark = pytest.mark.anyio

MAPPING = """
sources:
  bron: {{kind: sqlite, address: bron.db}}
tables:
  t: {{source: bron, at: t, subject: bsn, columns: {{x: {{at: x, type: boolean{how}}}}}}}
"""


@pytest.mark.parametrize(
    ("how", "raw", "value"),
    [
        ("", 1, True),
        ("", 0, False),
        ("", 2, None),
        (", form: zero_one", 1, True),
        (", form: zero_one", "0", False),
        (", words: {'1': false, '0': true}", 1, False),
        (", words: {'1': false}", 0, None),
        (", absent: false", None, False),
        (", absent: false", 1, True),
    ],
)
async def test_one_and_nought_are_what_the_mapping_says(
    tmp_path: Path, how: str, raw: object, *, value: bool | None
) -> None:
    """Without a word about it they are yes and no; with a form or words, those say what they are.

    Anything else is unknown.
    """
    with closing(sqlite3.connect(tmp_path / "bron.db")) as connection, connection:
        connection.execute("CREATE TABLE t (bsn TEXT, x)")
        connection.execute("INSERT INTO t VALUES (?, ?)", (YUSUF, raw))

    with closing(mapped(MAPPING.format(how=how), tmp_path)) as source:
        found = await source.rows(parse_bsn(YUSUF), [Query("t", ("x",), ())])

    assert found == [[{"x": value}]]


COMPUTED = MAPPING.replace("at: x, type: boolean{how}", 'sql: "{sql}", type: text')


@pytest.mark.parametrize(
    ("sql", "told", "last"),
    [
        ("json_extract(x, '$.a')", "cannot compute an answer", "een"),
        ("json_extract(y, '$.a')", "gave no answer", "left alone"),
    ],
)
async def test_what_one_person_has_closes_the_file_for_nobody(
    tmp_path: Path, sql: str, told: str, last: str
) -> None:
    """A value without an outcome refuses that request alone; a column that is gone is a failure."""
    with closing(sqlite3.connect(tmp_path / "bron.db")) as connection, connection:
        connection.execute("CREATE TABLE t (bsn TEXT, x)")
        rows = [(YUSUF, "kapot"), (HENK, '{"a": "een"}')]
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
    query = Query("t", ("x",), ())

    with closing(mapped(COMPUTED.format(sql=sql), tmp_path)) as source:
        for _ in range(FAILURES):
            with pytest.raises(SourceFailed, match=told):
                await source.rows(parse_bsn(YUSUF), [query])
        try:
            answer = str(await source.rows(parse_bsn(HENK), [query]))
        except SourceFailed as exc:
            answer = str(exc)

    assert last in answer


async def test_text_that_is_no_utf8_is_odd_about_one_person(tmp_path: Path) -> None:
    """Bytes in the place of a text refuse that request alone, and are not told."""
    with closing(sqlite3.connect(tmp_path / "bron.db")) as connection, connection:
        connection.execute("CREATE TABLE t (bsn TEXT, x)")
        odd = "INSERT INTO t VALUES (?, CAST(X'6765686569C3' AS TEXT))"
        connection.execute(odd, (YUSUF,))
        connection.execute("INSERT INTO t VALUES (?, 'een')", (HENK,))
    query = Query("t", ("x",), ())
    told = []

    with closing(mapped(COMPUTED.format(sql="x"), tmp_path)) as source:
        for _ in range(FAILURES):
            with pytest.raises(SourceFailed, match="text that is none") as failed:
                await source.rows(parse_bsn(YUSUF), [query])
            told.append(str(failed.value))
        found = await source.rows(parse_bsn(HENK), [query])

    assert found == [[{"x": "een"}]]
    assert "gehei" not in "".join(told)
