"""A served gateway over canaries: what its process says, writes, sends and leaves when it dies."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import httpx
import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.demo.data import load_clients
from gateway.identity.clients import Hat
from gateway.openings import registry_of
from gateway.settings import Settings
from gateway.wiring import utc_now
from tests.adapter_house import Behind, clients_behind
from tests.builders import ROOT, free_port, make_client, settings_of
from tests.canary.asking import Asking, hats, rightful, stuffed
from tests.canary.outside import Collector, children_of, collecting, served_aloud
from tests.canary.places import files_in
from tests.canary.post import Door, astray_in
from tests.canary.watch import Watch
from tests.canary.world import World, plant
from tests.counterparts.failing import Failure
from tests.postgresql_server import running
from tests.serving import environment_of, token_for

pytestmark = pytest.mark.anyio

SEED: Final = 20_260_302
THERE: Final = frozenset({"brp", "huishouden", "jeugdhulp_traject", "inkomen"})
SUPERVISOR: Final = Hat("autoriteit-persoonsgegevens", "toezichthouder")
DEADLINE_S: Final = 30.0
Astray = list[tuple[str, list[str]]]
Statuses = Mapping[int, int]


@dataclass
class Lived:
    """What a gateway did until its end: answers by the time of its life, and what stayed of it."""

    watch: Watch
    folder: Path
    collector: Collector
    released: set[str] = field(default_factory=set)
    astray: dict[str, Astray] = field(default_factory=dict)
    statuses: dict[str, Statuses] = field(default_factory=dict)
    log: dict[str, bytes] = field(default_factory=dict)
    exported: tuple[int, str] = (1, "")

    def seen_in(self, name: str) -> dict[str, list[str]]:
        """Return what can be read in the files of one of its folders, by file."""
        return astray_in(self.watch, files_in(self.folder / name))


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world with permits in which it is the day on which these tests run."""
    folder, day = tmp_path_factory.mktemp("vandaag"), utc_now().date()
    load_clients(ROOT / "deploy" / "demo" / "clients.json", folder / "leeg.db", day)
    return plant(folder / "leeg.db", folder / "bron.db", day)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def behind(
    request: pytest.FixtureRequest, today: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Behind]:
    """Give this world behind each of two adapters."""
    folder = tmp_path_factory.mktemp("achter")
    register = Path(shutil.copy(today.register, folder / "bron.db"))
    with ExitStack() as opened:
        server = opened.enter_context(running()) if request.param == "postgresql" else None
        yield opened.enter_context(
            clients_behind(
                request.param, folder / "bron", register=register, server=server, only=THERE
            )
        )


def settings_over(behind: Behind, folder: Path, collector: Collector) -> Settings:
    """Return the settings of a gateway with every way out that one has."""
    port = free_port()
    (folder / "berichten").mkdir()
    settings = settings_of(
        folder / "home",
        source=behind.register,
        cases=behind.register,
        source_url=None,
        sources=behind.mapping,
        public_url=f"http://127.0.0.1:{port}",
        port=port,
        otlp_url=collector.url,
        inform_folder=folder / "berichten",
        looks_per_minute=1_000_000,
    )
    registry_of(settings).add(make_client("team", frozenset(hats())))
    return settings


@pytest.fixture(scope="module")
async def lived(
    behind: Behind, today: World, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Lived]:
    """Give the whole life of one gateway: well, with a source that fails, without a ledger."""
    folder, watch = tmp_path_factory.mktemp("leven"), Watch.over(today)
    (folder / "uit").mkdir()
    with collecting() as collector:
        lived = Lived(watch, folder, collector)
        settings = settings_over(behind, folder, collector)
        with served_aloud(settings, folder / "uit" / "alles.txt") as process:
            async with httpx.AsyncClient(base_url=settings.public_url) as http:
                await live(lived, behind, today, settings, http)
                await look_at_log(lived, settings, http)
                for sequencer in children_of(process.pid):
                    os.kill(sequencer, signal.SIGKILL)
                await ask(lived, "without a ledger", today, settings, http)
            process.send_signal(signal.SIGABRT)
            process.wait(DEADLINE_S)
        yield lived


async def live(
    lived: Lived, behind: Behind, world: World, settings: Settings, http: httpx.AsyncClient
) -> None:
    """Ask while all is well and while the source fails, and wait for what goes out of it."""
    await ask(lived, "well", world, settings, http)
    behind.fail(Failure.TELLS_VALUES)
    await ask(lived, "with a source that tells values", world, settings, http)
    behind.recover()
    await until_told(lived)
    bundle = ["audit", "export", str(lived.folder / "bundel")]
    own = {k: v for k, v in environment_of(settings).items() if k.startswith("DOELPOORT_")}
    result = CliRunner().invoke(app, bundle, env=own)
    lived.exported = (result.exit_code, result.output)


async def until_told(lived: Lived) -> None:
    """Return once the collector has heard of spans and of log records, and a person of a release.

    Units:   a look each fifth of a second, until the deadline.
    """
    for _ in range(int(DEADLINE_S * 5)):
        paths = {each.partition(b"\n")[0] for each in lived.collector.got}
        if len(paths) == 2 and dict(files_in(lived.folder / "berichten")):
            return
        await asyncio.sleep(0.2)
    pytest.fail("nothing went out")


def some(world: World) -> list[Asking]:
    """Return requests: some that are rightful, and some stuffed with what may not come back.

    None has a key under which an answer of before would come again, ledger or not.
    """
    random = Random(SEED)  # noqa: S311 (always the same requests)
    every = [*random.sample(list(rightful(world)), 70), *stuffed(world, random, 50)]
    return [each for each in every if "idempotency-key" not in each.headers]


async def ask(
    lived: Lived, when: str, world: World, settings: Settings, http: httpx.AsyncClient
) -> None:
    """Send requests, and keep what came back that should not have."""
    door = Door(
        reach=lambda: http,
        world=world,
        watch=lived.watch,
        tokens={hat: token_for(settings, hat) for hat in hats()},
    )
    lived.astray[when] = await door.astray(some(world))
    lived.statuses[when] = door.statuses
    lived.released |= door.released


async def look_at_log(lived: Lived, settings: Settings, http: httpx.AsyncClient) -> None:
    """Read what the gateway serves of its log, as anybody and as a supervisor."""
    checkpoint = (await http.get("/log/checkpoint")).text
    size = min(int(checkpoint.splitlines()[1]), 256)
    bearer = {"authorization": f"Bearer {token_for(settings, SUPERVISOR)}"}
    tail = "000" if size == 256 else f"000.p/{size}"
    for path in ("checkpoint", f"tile/0/{tail}", f"tile/entries/{tail}"):
        response = await http.get(f"/log/{path}", headers=bearer)
        assert response.status_code == 200, path
        lived.log[path] = f"{response.headers!r}".encode() + response.content


async def test_only_what_is_granted_is_answered(lived: Lived) -> None:
    """While all is well data do flow over HTTP, and nothing beside what the policy grants."""
    assert lived.astray["well"] == []
    assert lived.statuses["well"].keys() >= {200, 403}
    assert lived.released


async def test_a_source_that_tells_values_is_not_repeated(lived: Lived) -> None:
    """Its error texts hold whole rows with the number of the person; the answers hold neither."""
    when = "with a source that tells values"

    assert lived.astray[when] == []
    assert lived.statuses[when].get(500, 0) == 0
    assert lived.statuses[when][403] > lived.statuses["well"][403]


async def test_without_a_ledger_there_are_no_data(lived: Lived) -> None:
    """Once the writer of the ledger is killed, whatever was a permit or a refusal is a 503."""
    when = "without a ledger"

    assert lived.astray[when] == []
    assert lived.statuses[when][503] > 50
    assert lived.statuses[when].keys() & {200, 202, 403, 500} == set()


async def test_what_the_process_says_holds_nothing(lived: Lived) -> None:
    """Its output, its access log, and the dump of all its threads when it crashes."""
    said = (lived.folder / "uit" / "alles.txt").read_text()

    assert lived.seen_in("uit") == {}
    assert "Fatal Python error: Aborted" in said


async def test_nothing_readable_stays_behind(lived: Lived) -> None:
    """Its folder with keys and ledger, as the crash left it, holds sealed bytes and counts."""
    assert len(list((lived.folder / "home").glob("ledger-*.db"))) == 1
    assert lived.seen_in("home") == {}


async def test_a_collector_gets_no_value(lived: Lived) -> None:
    """Spans and log records with their paths and headers, as they arrive at another party."""
    got = lived.collector.got

    assert astray_in(lived.watch, [("collector", b"\n".join(got))]) == {}
    assert {each.partition(b"\n")[0] for each in got} == {b"/v1/traces", b"/v1/logs"}


async def test_a_message_to_a_person_names_that_person_alone(lived: Lived) -> None:
    """It says that something was asked and by whom; the one number in it is the address."""
    messages: list[dict[str, Any]] = [
        json.loads(file.read_text()) for file in sorted((lived.folder / "berichten").iterdir())
    ]
    addressed = [message.pop("to") for message in messages]

    assert {each["type"] for each in addressed} == {"bsn"}
    assert lived.watch.found(json.dumps(messages)) == frozenset()


async def test_the_log_is_served_without_a_value(lived: Lived) -> None:
    """The checkpoint, the tiles that anybody reads, and the entries that a supervisor does."""
    assert len(lived.log) == 3
    assert astray_in(lived.watch, lived.log.items()) == {}


async def test_an_audit_bundle_holds_no_value(lived: Lived) -> None:
    """All files of the bundle that the command line writes, and what it says of it."""
    status, said = lived.exported

    assert (status, lived.watch.found(said)) == (0, frozenset())
    assert lived.seen_in("bundel") == {}
    assert len(list((lived.folder / "bundel").rglob("*"))) > 3
