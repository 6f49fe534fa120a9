"""One key for all who count in one database, in a file and in a database server alike."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from gateway.cases.opening import open_cases
from gateway.errors import SourceInvalid
from gateway.identity.counting import mark_of
from gateway.identity.errors import KeysUnsafe
from gateway.mosaic.one_key import forget_key, require_one_key
from gateway.mosaic.rules import Place, Rules
from gateway.mosaic.store import SqlGuard
from tests.fakes_mosaic import ONCE, bid

pytestmark = pytest.mark.anyio

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    """Look into a store, or change it, behind the gateway's back."""
    engine = create_engine(url.replace("sql://", "sql+psycopg://"), poolclass=NullPool)
    with engine.begin() as connection:
        found = connection.execute(text(statement))
        rows = [tuple(row) for row in found] if found.returns_rows else []
    engine.dispose()
    return rows


def test_the_first_start_leaves_its_mark_and_later_ones_find_it(url: str) -> None:
    """Whoever has the same key starts, however often; the key itself is nowhere in the store."""
    require_one_key(url, KEY)
    require_one_key(url, KEY)

    assert run(url, "SELECT id, mark FROM counted_under") == [("idempotency.key", mark_of(KEY))]
    assert KEY.hex() not in mark_of(KEY)


def test_another_key_is_refused_with_what_to_do(url: str) -> None:
    """The twin: it is told in Dutch and in English, without either key, and changes nothing."""
    require_one_key(url, KEY)

    with pytest.raises(KeysUnsafe, match="doelpoort case new-key") as refused:
        require_one_key(url, OTHER)

    assert "reservekopie" in str(refused.value)
    assert "restore it from the backup" in str(refused.value)
    assert mark_of(KEY) not in str(refused.value)
    assert run(url, "SELECT mark FROM counted_under") == [(mark_of(KEY),)]


def test_of_two_first_starts_at_once_one_leaves_its_mark(url: str) -> None:
    """However they race: everybody with the key that won starts, and nobody with the other."""
    ready = threading.Barrier(8)

    def start(number: int) -> str | None:
        key = KEY if number % 2 else OTHER
        ready.wait()
        try:
            require_one_key(url, key)
        except KeysUnsafe:
            return None
        return mark_of(key)

    with ThreadPoolExecutor(8) as pool:
        came = list(pool.map(start, range(8)))

    [(won,)] = run(url, "SELECT mark FROM counted_under")
    assert [mark for mark in came if mark is not None] == [won] * 4


async def test_a_new_key_starts_counting_anew(url: str) -> None:
    """What nobody could find again, to count or to erase it, goes together with the mark."""
    require_one_key(url, KEY)
    store = open_cases(url)
    guard = SqlGuard(store, KEY)
    first = await guard.reserve(Rules(ONCE, ()), bid(1))

    forgotten = forget_key(url)
    require_one_key(url, OTHER)
    store.close()

    assert first == Place(bid(1).id)
    assert (forgotten, forget_key(url)) == (1, 0)
    assert run(url, "SELECT * FROM counted_answer") == []


def test_a_store_that_does_not_tell_is_a_failure(url: str) -> None:
    """Without the answer nothing starts, and the text holds nothing of the database's own."""
    run(url, "DROP TABLE counted_under")

    with pytest.raises(SourceInvalid, match="which key") as failed:
        require_one_key(url, KEY)

    assert "counted_under" not in str(failed.value)


def test_marks_tell_keys_apart() -> None:
    """The same secret always has the same mark, and another one another."""
    assert mark_of(KEY) == mark_of(bytes(range(32)))
    assert mark_of(KEY) != mark_of(OTHER)
