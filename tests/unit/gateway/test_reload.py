"""An edited policy: announced first, exchanged whole, and in force only when it is sound."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree

import pytest

from audit.errors import AppendFailed
from gateway.api.state import Services
from gateway.app import create_app
from gateway.background.reload import Reloader, Stamp, stamp_of
from gateway.catalogue.errors import CatalogueInvalid
from gateway.decision.decide import Decider
from gateway.decision.errors import BundleInvalid, EngineUnavailable, PartiesInvalid
from gateway.decision.parties import Parties
from gateway.errors import RevisionInvalid, SourceInvalid
from gateway.openings import registry_of
from gateway.settings import Settings
from gateway.wiring import open_gateway
from tests.builders import TEAM, URL, House, free_port, make_client, settings_of
from tests.fakes_decision import (
    POLICIES,
    ScriptedEngine,
    catalogue,
    copy_policy,
    permitting,
    unavailable,
)

pytestmark = pytest.mark.anyio

NEXT = "f" * 64
PATIENCE_S = 15.0
PURPOSE = Path("purposes", "jeugd", "lichte-of-zware-hulp.yaml")


def make_decider(revision: str, engine: ScriptedEngine | None = None) -> Decider:
    """Return a decider under a revision, over an engine that agrees unless it is given."""
    policy = replace(catalogue(), revision=revision)
    parties = Parties.load(POLICIES / "parties.conf", POLICIES / "parties.csv", policy)
    return Decider(policy, parties, engine or permitting(revision))


@dataclass
class Desk:
    """A reloader, and everything that it does to its surroundings."""

    services: Services
    files: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    built: int = 0
    announced: list[tuple[str, str]] = field(default_factory=list)
    next: Callable[[], Decider] = lambda: make_decider(NEXT)
    unannounced: Exception | None = None

    def __post_init__(self) -> None:
        self.reloader = Reloader(
            lambda: self.services,
            self._put,
            stamp=self._stamp,
            build=self._build,
            announce=self._announce,
            seen=self._stamp(),
        )

    @property
    def revision(self) -> str:
        """The revision in force."""
        return self.services.gate.catalogue.revision

    def edit(self) -> None:
        """Change the files."""
        self.files = {"a.yaml": (len(self.files), self.built, len(self.announced) + 1)}

    def fail_with(self, exc: Exception) -> None:
        """Let the files be such that loading them fails."""

        def fail() -> Decider:
            raise exc

        self.next = fail

    def _stamp(self) -> Stamp:
        return dict(self.files)

    def _put(self, services: Services) -> None:
        self.services = services

    async def _build(self) -> Decider:
        self.built += 1
        return self.next()

    async def _announce(self, revision: str) -> None:
        if self.unannounced is not None:
            raise self.unannounced
        self.announced.append((revision, self.revision))


@pytest.fixture
def engine() -> ScriptedEngine:
    """Give the engine of the policy that is in force at first."""
    return permitting(catalogue().revision)


@pytest.fixture
def desk(shared_house: House, engine: ScriptedEngine) -> Desk:
    """Give a reloader over the services of a gateway, with the project's policy in force."""
    decider = make_decider(catalogue().revision, engine)
    gate = replace(shared_house.services.gate, catalogue=decider.catalogue, decider=decider)
    return Desk(replace(shared_house.services, gate=gate))


async def test_files_that_did_not_change_are_left_alone(desk: Desk) -> None:
    """Nothing is loaded, announced or exchanged."""
    before = desk.services

    await desk.reloader.refresh()

    assert desk.services is before
    assert (desk.built, desk.announced) == (0, [])


async def test_a_sound_edit_is_announced_and_then_in_force_whole(desk: Desk) -> None:
    """The ledger learns of the revision while the old one still answers; then all is new."""
    old = desk.revision
    desk.edit()

    await desk.reloader.refresh()

    assert desk.announced == [(NEXT, old)]
    gate = desk.services.gate
    assert gate.catalogue.revision == gate.decider.catalogue.revision == NEXT
    assert desk.services.policy_problem is None


async def test_an_edit_is_loaded_once(desk: Desk) -> None:
    """Looking again at the same files does nothing."""
    desk.edit()

    await desk.reloader.refresh()
    await desk.reloader.refresh()

    assert (desk.built, len(desk.announced)) == (1, 1)


async def test_the_same_revision_is_not_announced_again(desk: Desk) -> None:
    """Files that were written again with the same content are the same policy."""
    before = desk.services.gate.decider
    desk.next = lambda: make_decider(catalogue().revision)
    desk.edit()

    await desk.reloader.refresh()

    assert (desk.built, desk.announced) == (1, [])
    assert desk.services.gate.decider is not before


async def test_the_old_engine_outlives_the_requests_that_hold_it(
    desk: Desk, engine: ScriptedEngine
) -> None:
    """What was replaced is closed at the next look and not under the hands of a request."""
    desk.edit()
    await desk.reloader.refresh()
    during = engine.closed

    await desk.reloader.refresh()

    assert (during, engine.closed) == (False, True)


async def test_a_reloader_that_stops_leaves_no_engine_open(
    desk: Desk, engine: ScriptedEngine
) -> None:
    """Closing the reloader closes what was replaced, and nothing that is in force."""
    desk.edit()
    await desk.reloader.refresh()

    await desk.reloader.aclose()
    await desk.reloader.aclose()

    assert engine.closed


@pytest.mark.parametrize(
    "exc",
    [CatalogueInvalid(()), PartiesInvalid("x"), BundleInvalid("x"), SourceInvalid("x")],
    ids=lambda exc: type(exc).__name__,
)
async def test_a_broken_edit_changes_nothing_but_health(desk: Desk, exc: Exception) -> None:
    """The revision in force stays, the problem is named, and the same files are not tried again."""
    gate = desk.services.gate
    desk.fail_with(exc)
    desk.edit()

    await desk.reloader.refresh()
    await desk.reloader.refresh()

    assert desk.services.gate is gate
    assert desk.services.policy_problem == type(exc).__name__
    assert (desk.built, desk.announced) == (1, [])


async def test_mending_a_broken_edit_clears_the_problem(desk: Desk) -> None:
    """A sound edit after a broken one is in force, and health has nothing to tell."""
    desk.fail_with(CatalogueInvalid(()))
    desk.edit()
    await desk.reloader.refresh()

    desk.next = lambda: make_decider(NEXT)
    desk.edit()
    await desk.reloader.refresh()

    assert desk.revision == NEXT
    assert desk.services.policy_problem is None


async def test_a_problem_is_told_once_and_by_its_name_alone(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """An edit that stays broken does not fill the log, and no text of a file enters it."""
    desk.fail_with(SourceInvalid("geheime inhoud"))
    for _ in range(2):
        desk.edit()
        with caplog.at_level(logging.ERROR, logger="doelpoort.policy"):
            await desk.reloader.refresh()

    assert caplog.messages == ["the edited policy is not in force: SourceInvalid"]


async def test_an_engine_that_is_not_so_far_is_asked_again(desk: Desk) -> None:
    """A policy server that is away or behind is no fault of the files: the next look tries."""
    behind = permitting(catalogue().revision)
    desk.next = lambda: make_decider(NEXT, behind)
    desk.edit()
    await desk.reloader.refresh()
    during = (desk.revision, desk.services.policy_problem)

    desk.next = lambda: make_decider(NEXT)
    await desk.reloader.refresh()

    assert during == (catalogue().revision, "EngineAnswerInvalid")
    assert (desk.revision, desk.services.policy_problem) == (NEXT, None)


@pytest.mark.parametrize("script", [unavailable, lambda _: {"revision": "0" * 64}])
async def test_an_engine_that_was_opened_in_vain_is_closed(
    desk: Desk, script: Callable[[bytes], object]
) -> None:
    """A try that fails leaves no connection open."""
    engine = ScriptedEngine(script)
    desk.next = lambda: make_decider(NEXT, engine)
    desk.edit()

    await desk.reloader.refresh()

    assert engine.closed
    assert desk.announced == []


@pytest.mark.parametrize("failure", [AppendFailed("x"), RevisionInvalid("x")], ids=repr)
async def test_without_its_entry_no_revision_comes_in_force(desk: Desk, failure: Exception) -> None:
    """When the ledger does not take or keep the new revision, the old one stays until it does."""
    desk.unannounced = failure
    desk.edit()
    await desk.reloader.refresh()
    during = (desk.revision, desk.services.policy_problem)

    desk.unannounced = None
    await desk.reloader.refresh()

    assert during == (catalogue().revision, type(failure).__name__)
    assert (desk.revision, len(desk.announced)) == (NEXT, 1)


@pytest.mark.parametrize("exc", [EngineUnavailable("x"), ValueError("x")], ids=repr)
async def test_a_fault_of_the_surroundings_is_tried_again_and_again(
    desk: Desk, exc: Exception
) -> None:
    """As long as it is not the files, every look loads them anew, and health names it."""
    desk.fail_with(exc)
    desk.edit()
    for _ in range(2):
        with suppress(ValueError):
            await desk.reloader.refresh()

    assert (desk.built, desk.services.policy_problem) == (2, type(exc).__name__)


def _touch_more(folder: Path) -> None:
    (folder / "a.yaml").write_text("langer dan eerst", encoding="utf-8")


def _add(folder: Path) -> None:
    (folder / "diep" / "b.yaml").touch()


def _remove(folder: Path) -> None:
    (folder / "a.yaml").unlink()


def _rename(folder: Path) -> None:
    (folder / "a.yaml").rename(folder / "c.yaml")


def _lose(folder: Path) -> None:
    rmtree(folder / "diep")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with one file, a folder in it, and a link to nowhere."""
    (tmp_path / "diep").mkdir()
    (tmp_path / "a.yaml").write_text("eerst", encoding="utf-8")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nergens")
    return tmp_path


@pytest.mark.parametrize("change", [_touch_more, _add, _remove, _rename, _lose])
def test_every_change_of_a_folder_shows(folder: Path, change: Callable[[Path], None]) -> None:
    """Content, names and number of files: whatever changes, the stamp differs."""
    before = stamp_of(folder)

    change(folder)

    assert stamp_of(folder) != before


def test_a_folder_at_rest_keeps_its_stamp(folder: Path) -> None:
    """Reading changes nothing; a folder that is not there has no files."""
    assert stamp_of(folder, folder / "nergens") == stamp_of(folder)


@pytest.fixture
def live(register: Path, tmp_path: Path) -> Settings:
    """Give the settings of a gateway with a policy of its own, that nobody serves yet."""
    purposes, policies = copy_policy(tmp_path)
    settings = settings_of(
        tmp_path / "home",
        source=register,
        cases=register,
        port=free_port(),
        purposes=purposes,
        policies=policies,
    )
    registry_of(settings).add(make_client("team", TEAM))
    return settings


async def until(holds: Callable[[], bool]) -> None:
    """Return once this holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it took too long"
        await asyncio.sleep(0.05)


async def test_a_running_gateway_takes_an_edit_up_and_records_it(
    live: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The ledger has a policy entry; a tally that cannot be written does not stop the closing."""
    gateway = open_gateway(live)
    (live.home / "tally.json.new").mkdir()
    async with gateway.app.router.lifespan_context(gateway.app):
        first = gateway.app.state.services.gate.catalogue.revision
        file = tmp_path / PURPOSE
        file.write_text(file.read_text("utf-8") + "# gelezen\n", encoding="utf-8")
        await until(lambda: gateway.app.state.services.gate.catalogue.revision != first)
        second = gateway.app.state.services.gate.catalogue.revision
        size = gateway.services.status().size
        (entry,) = gateway.services.log.entries(size - 1, size)

    assert b'"type":"policy"' in (entry.leaf or b"")
    assert second.encode() in (entry.leaf or b"")
    assert caplog.messages == ["the tally is not written: IsADirectoryError"]


async def test_what_fails_in_the_background_does_not_keep_the_server_from_closing(
    shared_house: House,
) -> None:
    """The closing runs although the background ended with an error."""
    closed: list[bool] = []

    async def fail(_app: object) -> None:
        raise ZeroDivisionError

    async def close() -> None:
        closed.append(True)

    app = create_app(shared_house.services, public_url=URL, background=fail, on_close=close)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0)

    assert closed == [True]
