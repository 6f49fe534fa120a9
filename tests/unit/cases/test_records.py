"""What no record can be, addresses that are none, and taking over rows that were kept before."""

import datetime as dt
import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.cases.importing import import_rows, refill
from gateway.cases.migrate import migrate
from gateway.cases.model import Agreement, Consent, Progress
from gateway.cases.opening import open_cases
from gateway.cases.records import SqlCases
from gateway.cases.sqlite import SqliteDatabase
from gateway.catalogue.model import Phase
from gateway.errors import SourceFailed, SourceInvalid
from gateway.subject import parse_bsn

pytestmark = pytest.mark.anyio

BSN = "999915563"
PERSON = parse_bsn(BSN)
TABLES: dict[str, list[dict[str, object]]] = {
    "casus": [
        {
            "bsn": BSN,
            "casus_id": "C-1",
            "soort": "hulp",
            "status": "open",
            "datum_start": "2025-01-01",
        },
        {
            "bsn": BSN,
            "casus_id": "C-2",
            "soort": "hulp",
            "status": "gesloten",
            "datum_start": "2025-01-01",
            "fase": "werkplan",
        },
    ],
    "casus_partij": [
        {"bsn": BSN, "casus_id": "C-1", "organisatie": "team", "van": "2025-01-01", "tot": None}
    ],
    "toestemming": [
        {
            "bsn": BSN,
            "verwerking": "v",
            "gegeven_door": "jeugdige+ouder",
            "gegeven_op": "2025-10-15",
            "ingetrokken_op": None,
            "geldig_tot": "2026-10-15",
            "vorm": None,
        }
    ],
}

OTHERWISE = (
    "UPDATE case_record SET agreements = "
    '\'[{"number": 1, "organisation": "a", "action": "b", "until": null, "status": "x"}]\''
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a store with the rows that were taken over."""
    import_rows(TABLES, tmp_path / "zaken.db")
    return tmp_path / "zaken.db"


@pytest.fixture
def store(file: Path) -> Iterator[SqlCases]:
    """Give that store."""
    opened = open_cases(f"sqlite:///{file}")
    yield opened
    opened.close()


def change(file: Path, statement: str) -> None:
    """Change a store behind the gateway's back."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


async def test_rows_are_taken_over(store: SqlCases) -> None:
    """A case runs or is closed, its parties take part as a whole, and consents keep their words."""
    cases = {case.label: case for case in await store.cases(PERSON)}
    (consent,) = await store.consents(PERSON, "v")

    assert {label: case.phase for label, case in cases.items()} == {
        "C-1": Phase.RUNNING,
        "C-2": Phase.CLOSED,
    }
    assert cases["C-1"].has_party("team", "wie dan ook", dt.date(2026, 3, 2))
    assert consent == Consent(
        "v",
        frozenset({"jeugdige", "ouder"}),
        dt.date(2025, 10, 15),
        None,
        dt.date(2026, 10, 15),
    )


async def test_the_lines_of_a_plan_are_taken_over_into_the_case_of_that_kind(
    tmp_path: Path,
) -> None:
    """A person's lines become the agreements of the case with a plan, and of no other case."""
    case = TABLES["casus"][0]
    line: dict[str, object] = {"bsn": BSN, "partij": "team", "actie": "belt", "status": "loopt"}
    tables: dict[str, list[dict[str, object]]] = {
        "casus": [case, case | {"casus_id": "C-3", "soort": "werkplan"}],
        "werkplan": [
            line | {"volgende_datum": "2026-03-09"},
            line | {"status": "gereed", "volgende_datum": None},
            line | {"bsn": "999911235", "volgende_datum": None},
        ],
    }
    import_rows(tables, tmp_path / "plan.db")
    store = open_cases(f"sqlite:///{tmp_path / 'plan.db'}")

    found = {case.label: case.id for case in await store.cases(PERSON)}
    plans = await store.plans(PERSON)
    store.close()

    assert plans[found["C-1"]] == ()
    assert plans[found["C-3"]] == (
        Agreement(1, "team", "belt", None, Progress.RUNNING, dt.date(2026, 3, 9)),
        Agreement(2, "team", "belt", None, Progress.DONE, None),
    )


async def test_a_refill_leaves_nothing_of_before(file: Path, store: SqlCases) -> None:
    """Rows of one case make way for those of the next."""
    refill({}, file)

    assert await store.cases(PERSON) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE case_record SET phase = 'anders'",
        "UPDATE case_record SET kind = ''",
        "UPDATE case_record SET beginning = 'anders'",
        "UPDATE case_party SET since = 'ooit'",
        "UPDATE case_party SET left_at = 'ooit'",
    ],
)
async def test_a_case_that_is_none_is_a_failure(
    file: Path, store: SqlCases, statement: str
) -> None:
    """Nonsense in the store is a failure, and never a case."""
    change(file, statement)

    with pytest.raises(SourceFailed):
        await store.cases(PERSON)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE case_record SET version = 'x'",
        "UPDATE case_record SET agreements = '{'",
        'UPDATE case_record SET agreements = \'[{"number": "1", "status": "loopt"}]\'',
        OTHERWISE,
        "UPDATE case_record SET agreements = '[1]'",
        "UPDATE case_record SET subject = 'oin:1'",
        "UPDATE case_record SET subject = 'bsn:999915564'",
        "UPDATE case_record SET signal = '{}'",
    ],
)
async def test_what_is_kept_and_is_none_is_a_failure(
    file: Path, store: SqlCases, statement: str
) -> None:
    """The same for what only who works in the case reads."""
    (case, *_) = await store.cases(PERSON)
    change(file, statement)

    with pytest.raises(SourceFailed):
        await store.find_case(case.id)


@pytest.mark.parametrize(
    "statement", ["UPDATE consent SET given_on = ''", "UPDATE consent SET given_by = ''"]
)
async def test_a_consent_that_is_none_is_a_failure(
    file: Path, store: SqlCases, statement: str
) -> None:
    """Nonsense in the store is never a consent."""
    change(file, statement)

    with pytest.raises(SourceFailed):
        await store.consents(PERSON, "v")


async def test_a_search_that_takes_too_long_is_cut_off(file: Path) -> None:
    """SQLite looks at the clock while it works, and stops; a failure, and not an empty answer."""
    with closing(sqlite3.connect(file)) as connection, connection:
        row = "SELECT hex(randomblob(16)), hex(randomblob(16)), subject, label, kind, phase,"
        rest = " beginning, began_on, version, signal, agreements, NULL, NULL FROM case_record, "
        count = "SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999"
        many = "(WITH RECURSIVE n(i) AS (", count, ") SELECT i FROM n)"
        connection.execute("".join(("INSERT INTO case_record ", row, rest, *many)))
    ticks = itertools.count()
    slow = SqlCases(SqliteDatabase(file, deadline_s=0.5, monotonic_s=lambda: float(next(ticks))))

    with pytest.raises(SourceFailed):
        await slow.cases(PERSON)
    slow.close()


@pytest.mark.parametrize("url", ["mysql://ergens", "sqlite:////nergens/zaken.db", "zaken.db"])
def test_an_address_that_is_none_is_explained(url: str) -> None:
    """A start with another kind of address, or a folder that is not there, fails in words."""
    with pytest.raises(SourceInvalid):
        open_cases(url)


def test_a_server_that_is_not_there_is_explained() -> None:
    """A start without its database server fails, without the address in the text."""
    with pytest.raises(SourceInvalid, match="doelpoort case migrate"):
        open_cases("postgresql://niemand@127.0.0.1:1/weg")


def test_a_file_of_another_kind_is_not_made_into_a_store(tmp_path: Path) -> None:
    """What is no database stays as it is."""
    file = tmp_path / "zaken.db"
    file.write_bytes(b"geen database" * 100)

    with pytest.raises(SourceInvalid):
        open_cases(f"sqlite:///{file}")


def test_a_store_of_a_later_version_is_left_alone(file: Path) -> None:
    """A form that this version does not know is not guessed at."""
    change(file, "UPDATE case_store_version SET version_num = '9999'")

    with pytest.raises(SourceInvalid, match="later version"):
        migrate(f"sqlite:///{file}")
