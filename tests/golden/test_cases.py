"""The published cases and the project's own, through the whole way, on both engines."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.model import Catalogue, Purpose
from gateway.catalogue.occasion import Occasion
from gateway.catalogue.own_tables import OWN_TABLES
from gateway.catalogue.precision import minimise
from gateway.decision.bundle import write_bundle
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.engine import Engine
from gateway.decision.model import OverAsking
from gateway.decision.opa import OpaEngine
from gateway.demo.data import load_clients, tables_of
from gateway.golden.cases import read_cases
from gateway.golden.examples import run_examples
from gateway.golden.running import Report, World, run_cases
from gateway.sources.reading import settled
from gateway.sources.source import plan
from gateway.sources.sql import SqlSource
from gateway.subject import parse_bsn
from tests.fakes_decision import POLICIES, ROOT, catalogue
from tests.opa_server import serving

FOLDER = ROOT / "tests" / "golden"
SHARED = Path(os.environ.get("DOELPOORT_SHARED", ROOT.parent / "shared"))
PUBLISHED = SHARED / "domain" / "golden_cases.yaml"
CLIENTS = ROOT / "deploy" / "demo" / "clients.json"
_DOCUMENT = orjson.loads(CLIENTS.read_bytes())
TODAY = dt.date.fromisoformat(_DOCUMENT["peildatum"])
BSNS = [person["brp"]["bsn"] for person in _DOCUMENT["clienten"].values()]
FILES = sorted(FOLDER.glob("*.yaml"))

EngineOf = Callable[[Catalogue], Engine]


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlSource]:
    """Return the invented clients as they were on the day that the cases are about."""
    database = tmp_path_factory.mktemp("clients") / "clients.db"
    load_clients(CLIENTS, database, TODAY)
    with closing(SqlSource(f"sqlite:///{database}")) as source:
        yield source


def embedded(policy: Catalogue) -> Engine:
    """Return the engine in this process."""
    return EmbeddedEngine.build(policy, POLICIES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineOf]:
    """Return what starts a real OPA server for each catalogue that is decided on."""
    with ExitStack() as servers:
        ports: dict[bytes, int] = {}

        def engine_of(policy: Catalogue) -> Engine:
            dates = orjson.dumps([task.valid_from for task in policy.tasks.values()])
            if dates not in ports:
                folder = tmp_path_factory.mktemp("bundle")
                write_bundle(policy, POLICIES, folder)
                ports[dates] = servers.enter_context(serving(folder))
            return OpaEngine("127.0.0.1", ports[dates], tls=False, token=None, timeout_s=10)

        yield engine_of


async def _run(file: Path, clients: SqlSource, engine: EngineOf, over_asking: OverAsking) -> Report:
    with TemporaryDirectory() as folder:
        people, store = tables_of(CLIENTS, TODAY), Path(folder) / "cases.db"
        world = World(catalogue(), POLICIES, engine, clients, people, store)
        return await run_cases([read_cases(file)], world, over_asking)


@pytest.mark.anyio
@pytest.mark.parametrize("over_asking", list(OverAsking))
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_every_case_comes_out_as_written(
    file: Path, over_asking: OverAsking, clients: SqlSource
) -> None:
    """Decision, values, withheld fields, codes and counter-offers; a part refused under refuse."""
    report = await _run(file, clients, embedded, over_asking)

    assert report.is_sound, report.text


@pytest.mark.anyio
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_policy_server_comes_to_the_same(
    file: Path, clients: SqlSource, server: EngineOf
) -> None:
    """The same cases hold where a real OPA server decides."""
    report = await _run(file, clients, server, OverAsking.WITHHOLD)

    assert report.is_sound, report.text


@pytest.mark.anyio
@pytest.mark.parametrize("over_asking", list(OverAsking))
async def test_the_published_file_runs_as_it_stands(
    over_asking: OverAsking, clients: SqlSource, server: EngineOf
) -> None:
    """The selection that was published needs no change to be run, on either engine."""
    if not PUBLISHED.is_file():
        pytest.skip("the published cases are not at hand")

    here = await _run(PUBLISHED, clients, embedded, over_asking)
    there = await _run(PUBLISHED, clients, server, over_asking)

    assert here.is_sound, here.text
    assert there.is_sound, there.text


def test_the_published_cases_are_all_carried_over() -> None:
    """No published case is missing from the project's own files, and none is there twice."""
    if not PUBLISHED.is_file():
        pytest.skip("the published cases are not at hand")

    ours = [case for file in FILES for case in read_cases(file).cases]
    by_id = {case.id: case for case in ours}
    published = read_cases(PUBLISHED).cases

    assert len(by_id) == len(ours)
    assert [by_id.get(case.id) for case in published] == list(published)


@pytest.mark.anyio
@pytest.mark.parametrize("purpose", list(catalogue().purposes.values()), ids=lambda each: each.id)
async def test_no_purpose_ever_gives_what_is_between_brackets(
    purpose: Purpose, clients: SqlSource
) -> None:
    """Free text and scans stand between brackets: for no client does a purpose give any of it."""
    grants = [each for each in purpose.fields.values() if each.table not in OWN_TABLES]
    queries = plan(grants)
    people = [] if purpose.aggregated else [parse_bsn(number) for number in BSNS]

    given = []
    for person in people:
        answers = await clients.rows(person, queries)
        found = dict(zip(((q.table, q.where) for q in queries), answers, strict=True))
        given += [
            minimise(*settled(each, found[each.table, each.where]), Occasion(TODAY))
            for each in grants
        ]

    assert b'"(' not in orjson.dumps(given)


@pytest.mark.anyio
async def test_a_difference_is_shown_in_full(tmp_path: Path, clients: SqlSource) -> None:
    """A wrong expectation is named with its case, and both what was expected and what came."""
    text = (FOLDER / "wmo.yaml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace("tot 100 m", "tot 900 m", 1), encoding="utf-8")

    report = await _run(wrong, clients, embedded, OverAsking.WITHHOLD)

    assert not report.is_sound
    assert "wrong.yaml: GC-005" in report.text
    assert 'verwacht (expected): {"loopafstand_band": "tot 900 m"' in report.text
    assert 'uitgekomen (actual): {"loopafstand_band": "tot 100 m"' in report.text


@pytest.mark.anyio
async def test_no_case_is_no_success(tmp_path: Path, clients: SqlSource) -> None:
    """A file without cases proves nothing, and says so."""
    empty = tmp_path / "empty.yaml"
    empty.write_text("callers: {}\ncases: []\n", encoding="utf-8")

    report = await _run(empty, clients, embedded, OverAsking.WITHHOLD)

    assert not report.is_sound
    assert "geen enkel geval" in report.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1\n", "callers"),
        ("cases: 3\n", "callers"),
        ("callers: {}\ncases: [{id: X}]\n", "Geval 'X'"),
        ("cases: [", "YAML"),
        (None, "niet te lezen"),
    ],
)
def test_a_file_of_another_form_is_explained(
    tmp_path: Path, text: str | None, message: str
) -> None:
    """What is no file of cases is refused with the reason, before anything is run."""
    file = tmp_path / "cases.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")

    with pytest.raises(CatalogueInvalid, match=message):
        read_cases(file)


@pytest.mark.anyio
async def test_every_example_holds_and_every_field_is_covered() -> None:
    """What a purpose lists is given, what it does not list is refused, each with an example."""
    report = await run_examples(catalogue(), POLICIES, embedded)

    assert report.is_sound, report.text
    assert report.examples > 350
