"""What every test of the gateway starts from: one event loop, the demo register, a house to ask."""

import shutil
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from gateway.demo.data import load_clients
from tests.builders import REFERENCE, ROOT, House, open_house

# No test fails because a machine is slow or busy.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


@pytest.fixture(scope="session")
def register_template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the register of the invented clients, as it is on the reference date: to copy."""
    path = tmp_path_factory.mktemp("register") / "bron.db"
    load_clients(ROOT / "deploy" / "demo" / "clients.json", path, REFERENCE)
    before = sha256(path.read_bytes()).hexdigest()
    yield path
    after = sha256(path.read_bytes()).hexdigest()
    assert after == before, "a test wrote to the register that the others copy"


@pytest.fixture
def register(register_template: Path, tmp_path: Path) -> Path:
    """Give a copy of the register that a test may break."""
    return Path(shutil.copy(register_template, tmp_path / "bron.db"))


@pytest.fixture
def cases_file(register_template: Path, tmp_path: Path) -> Path:
    """Give a copy of the register that serves as the case store, to be broken by itself."""
    return Path(shutil.copy(register_template, tmp_path / "zaken.db"))


@pytest.fixture
async def house(register: Path, cases_file: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Give a gateway of its own, with a register and a case store that the test may break."""
    async with open_house(tmp_path / "home", source=register, cases=cases_file) as opened:
        yield opened


@pytest.fixture(scope="module")
async def shared_house(
    register_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """Give one gateway for all tests of a module, which ask and break nothing."""
    home = tmp_path_factory.mktemp("shared") / "home"
    cases = shutil.copy(register_template, home.parent / "zaken.db")
    async with open_house(home, source=register_template, cases=Path(cases)) as opened:
        yield opened


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give an environment without any setting of a gateway."""
    for name in ("HOME", "PUBLIC_URL", "SOURCE_URL", "CASES_URL", "ENGINE", "OPA_URL"):
        monkeypatch.delenv(f"DOELPOORT_{name}", raising=False)
    return monkeypatch
