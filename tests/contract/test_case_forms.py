"""From an earlier form of the case store to this one, in a file and in a database server alike."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from gateway.cases.migrate import migrate, steps
from gateway.cases.model import Agreement, Progress
from gateway.cases.opening import open_cases
from gateway.errors import SourceInvalid
from gateway.subject import parse_bsn
from tests.postgresql_server import Server
from tests.stores import KINDS, new_database

pytestmark = pytest.mark.anyio

PERSON = parse_bsn("999925799")
AGREED = """[
  {"number": 1, "organisation": "duo", "action": "belt: \'ja\'?", "until": "2026-03-02",
   "is_done": true},
  {"number": 2, "organisation": "duo", "action": "schrijft", "until": null, "is_done": false}
]"""
ADD = text(
    "INSERT INTO case_record (id, ledger_key, subject, kind, phase, beginning, began_on, version,"
    " agreements) VALUES (:id, :id, 'bsn:999925799', 'werkplan', 'werkplan', 'own_request',"
    " '2026-03-02', 3, :agreements)"
)


@pytest.fixture(params=KINDS)
def before(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a store of each kind, as it was when agreements were kept or not."""
    url = f"sqlite:///{tmp_path / 'zaken.db'}"
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("server"))
    engine = create_engine(url.replace("sql://", "sql+psycopg://"), poolclass=NullPool)
    with engine.begin() as connection:
        config = steps()
        config.attributes["connection"] = connection
        command.upgrade(config, "0401_consents")
        connection.execute(ADD, {"id": "a" * 32, "agreements": AGREED})
        connection.execute(ADD, {"id": "b" * 32, "agreements": "[]"})
    engine.dispose()
    return url


async def test_agreements_from_before_say_how_far_they_are(before: str) -> None:
    """What was kept is done; of what was not, no more is known than that it was planned."""
    migrate(before)
    store = open_cases(before)

    plans = await store.plans(PERSON)
    record = await store.find_case("a" * 32)
    store.close()

    assert plans["b" * 32] == ()
    assert [(each.number, each.action) for each in plans["a" * 32]] == [
        (1, "belt: 'ja'?"),
        (2, "schrijft"),
    ]
    assert [(each.status, each.next_on) for each in plans["a" * 32]] == [
        (Progress.DONE, None),
        (Progress.PLANNED, None),
    ]
    assert record is not None
    assert record.agreements[1] == Agreement(2, "duo", "schrijft", None)
    assert record.version == 3


async def test_a_server_with_an_earlier_form_is_not_opened(server: Server) -> None:
    """Its owner brings it to this form first; nobody reads agreements of another form."""
    url = new_database(server)
    migrate(url)
    engine = create_engine(url.replace("sql://", "sql+psycopg://"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("UPDATE case_store_version SET version_num = '0401_consents'"))
    engine.dispose()

    with pytest.raises(SourceInvalid, match="doelpoort case migrate"):
        open_cases(url)
