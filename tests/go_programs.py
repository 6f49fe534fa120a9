"""The small Go programs of `tests/go`, built where Go and its modules can be had."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_MODULE = Path(__file__).parent / "go"
_BUILD_S = 300


def build(name: str, folder: Path) -> Path:
    """Build one program into a folder and return it; skip the test where that cannot be done."""
    go = shutil.which("go")
    if go is None:
        _absent("there is no go here")
        raise AssertionError
    program = folder / name
    command = [go, "build", "-o", str(program), f"./{name}"]
    built = subprocess.run(
        command, cwd=_MODULE, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    if built.returncode:
        _absent(f"go cannot build {name}: {built.stderr.strip()}")
    return program


def _absent(reason: str) -> None:
    required = os.environ.get("DOELPOORT_REQUIRE_SERVERS") == "1"
    (pytest.fail if required else pytest.skip)(reason)
