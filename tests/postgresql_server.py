"""A real PostgreSQL server for tests: started on a free port, or the reason why there is none."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")
_USER = "postgres"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is not None:
        return found
    places = [p for place in _PLACES for p in Path(place).glob(f"*/bin/{name}")]
    if not places:
        _absent(f"there is no {name} of PostgreSQL here")
    return str(max(places))


def _absent(reason: str) -> None:
    required = os.environ.get("DOELPOORT_REQUIRE_SERVERS") == "1"
    (pytest.fail if required else pytest.skip)(reason)


def _owner() -> pwd.struct_passwd | None:
    """Return the user that runs the server where this one is root; root itself may not."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        _absent("root may not run PostgreSQL, and there is no user for it")
        raise


def _free_port() -> int:
    """Return a port below those that the system hands out to whoever connects somewhere."""
    while True:
        port = 20_000 + int.from_bytes(os.urandom(2), "big") % 12_000
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port


class Server:
    """A server of our own, with its data in one folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._owner = _owner()
        self._bin = Path(_program("initdb")).resolve().parent

    def url(self, user: str = _USER, database: str = "postgres") -> str:
        """Return the address of a database, for a user."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the data folder; whoever can reach the port may be any user."""
        if self._owner is not None:
            os.chown(self.folder, self._owner.pw_uid, self._owner.pw_gid)
        self._run("initdb", "-A", "trust", "-U", _USER, "-E", "UTF8", "--locale=C", "-D", "data")
        settings = (
            f"port = {self.port}",
            "listen_addresses = '127.0.0.1'",
            f"unix_socket_directories = '{self.folder}'",
            "max_connections = 40",
            "shared_buffers = 64MB",
            "logging_collector = off",
        )
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write("\n".join(settings) + "\n")

    def start(self) -> None:
        """Start, and return once it accepts connections."""
        self._run("pg_ctl", "-D", "data", "-w", "-t", "60", "-l", "log", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop; `immediate` is what a crash looks like."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        owner = self._owner
        owner = self._owner
        said = self.folder / "said"
        with said.open("wb") as file:
            done = subprocess.run(
                [str(self._bin / program), *arguments],
                cwd=self.folder,
                check=False,
                timeout=90,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                user=None if owner is None else owner.pw_uid,
                group=None if owner is None else owner.pw_gid,
                extra_groups=None if owner is None else [],
            )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {said.read_text()[-2000:]}")


@contextmanager
def running() -> Iterator[Server]:
    """Run a server of our own until the end of the block."""
    # Its user must be able to reach the folder; the folders of pytest are closed to others.
    with TemporaryDirectory(prefix="doelpoort-postgresql-", ignore_cleanup_errors=True) as name:
        server = Server(Path(name), _free_port())
        server.prepare()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


def fresh_origin() -> str:
    """Return the origin of a log that is kept in a schema of its own."""
    return f"gemeente.example/disclosures/{os.urandom(4).hex()}"
