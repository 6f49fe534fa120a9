"""The command `python -m audit witness`: a witness that a peer or a supervisor can run.

Exit status: 0 after a stop that was asked for, 2 wrong usage, or a key or state that is unusable.
"""

import argparse
import json
import os
import signal
import sys
import time
from argparse import Namespace, _SubParsersAction
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from typing import Final

from audit.errors import KeyInvalid, WitnessUnsafe
from audit.note import Cosigner, Verifier, parse_vkey, parse_witness_skey
from audit.witness.serving import WitnessServer
from audit.witness.state import WitnessState
from audit.witness.witness import Witness

STOPPED: Final = 0
UNUSABLE: Final = 2
_MAX_KEY_BYTES: Final = 1024
_MAX_PORT: Final = 65_535
_OTHERS: Final = 0o077

_READY: Final = """\
De getuige luistert op {address} en let op {logs} logboek(en).
Geef deze openbare sleutel aan de eigenaar van het logboek:

The witness listens on {address} and watches {logs} log(s).
Give this public key to the owner of the log:

{vkey}
"""
_UNUSABLE: Final = """\
De getuige kan niet beginnen. Kijk naar de sleutel, het bestand met de stand en het adres.

The witness cannot start: {message}.
"""


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command to the parser of the auditor's command."""
    parser = commands.add_parser(
        "witness", help="cosign the checkpoints of logs, as a witness", description=__doc__
    )
    parser.add_argument("--state", type=Path, required=True, help="the file that remembers")
    parser.add_argument("--key", type=Path, required=True, help="the file of the signing key")
    parser.add_argument("--name", help="the name to cosign under; needed at the first start only")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT", help="port 0: any")
    parser.add_argument(
        "--log", action="append", required=True, metavar="VKEY", help="a log; may be given again"
    )
    parser.add_argument("--json", action="store_true", help="tell the start as one JSON object")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Serve until SIGTERM or SIGINT, and give the exit status.

    Effects: at the first start the state and the key (0600), durable before the first answer.
    """
    try:
        logs = read_logs(options.log)
        address = parse_address(options.listen)
        cosigner, state = open_witness(options.key, options.state, options.name)
    except (KeyInvalid, WitnessUnsafe, ValueError) as error:
        sys.stderr.write(_UNUSABLE.format(message=error))
        return UNUSABLE
    try:
        witness = Witness(cosigner, logs, state, lambda: int(time.time()))
        server = WitnessServer(address, witness.add_checkpoint)
    except OSError:
        sys.stderr.write(_UNUSABLE.format(message="the address cannot be listened on"))
        return UNUSABLE
    else:
        with server:
            text = _told(server, cosigner.key.vkey, len(logs), as_json=options.json)
            _serve_until_told(server, text)
        return STOPPED
    finally:
        state.close()


def read_logs(vkeys: Sequence[str]) -> dict[str, list[Verifier]]:
    """Give the keys of each log by its origin.

    Raises:  KeyInvalid if a key is malformed or stands twice.
    """
    logs: dict[str, list[Verifier]] = {}
    for log in map(parse_vkey, vkeys):
        keys = logs.setdefault(log.name, [])
        if any(log.key_id == other.key_id for other in keys):
            raise KeyInvalid("two keys share a name and an id")
        keys.append(log)
    return logs


def parse_address(text: str) -> tuple[str, int]:
    """Read `host:port`; an IPv6 address stands in square brackets.

    Raises:  ValueError.
    """
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit() and int(port) <= _MAX_PORT):
        raise ValueError("an address is host:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def open_witness(key: Path, state: Path, name: str | None) -> tuple[Cosigner, WitnessState]:
    """Open the key and the state of a witness, or begin both.

    A key without its state is refused: a witness that forgot what it cosigned could cosign a fork.

    Effects: at the first start both files, the state first, durable before return.
    Raises:  KeyInvalid, WitnessUnsafe.
    """
    first = not key.exists()
    if first and name is None:
        raise KeyInvalid("the first start needs a name for the witness")
    opened = WitnessState.open(state, create=first)
    try:
        if first and name is not None:
            _write_key(key, Cosigner(name, os.urandom(32)).skey())
        cosigner = _read_key(key, name)
    except (KeyInvalid, WitnessUnsafe):
        opened.close()
        raise
    return cosigner, opened


def _write_key(path: Path, skey: str) -> None:
    # Linked into place when it is whole; a link never replaces the key of another process.
    draft = path.with_name(path.name + ".new")
    try:
        draft.unlink(missing_ok=True)
        file = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(file, "w") as stream:
            stream.write(skey + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        path.hardlink_to(draft)
        draft.unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        raise WitnessUnsafe("the key file cannot be written") from error


def _read_key(path: Path, name: str | None) -> Cosigner:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise WitnessUnsafe("others than the owner can reach the key file")
            text = file.read(_MAX_KEY_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise WitnessUnsafe("the key file cannot be read") from error
    cosigner = parse_witness_skey(text.removesuffix("\n"))
    if name not in {None, cosigner.name}:
        raise KeyInvalid("the key belongs to a witness of another name")
    return cosigner


def _told(server: WitnessServer, vkey: str, logs: int, *, as_json: bool) -> str:
    host, port = server.server_address[:2]
    address = f"{host!s}:{port}"
    if as_json:
        return json.dumps({"address": address, "vkey": vkey, "logs": logs}) + "\n"
    return _READY.format(address=address, vkey=vkey, logs=logs)


def _serve_until_told(server: WitnessServer, ready: str) -> None:
    def stop(*_: object) -> None:
        # Shutting down waits for the loop that this handler has interrupted, hence the thread.
        Thread(target=server.shutdown).start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        sys.stdout.write(ready)
        sys.stdout.flush()
        server.serve_forever()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
