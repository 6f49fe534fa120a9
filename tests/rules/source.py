"""What the rule tests look at: the files of this repository, and the syntax trees of its code."""

import ast
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("audit", "gateway")
# What a checkout holds beside the repository, for where git cannot be asked.
_NOT_OURS = {".git", ".hypothesis", ".venv", "build", "var"}


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return every file that is, or would be, part of the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
        paths = [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path for path in ROOT.rglob("*") if is_ours(path.relative_to(ROOT))]
    return tuple(sorted(path for path in paths if path.is_file()))


def is_ours(path: Path) -> bool:
    """Tell whether a file of the checkout is one of the repository, by its name alone."""
    top = path.parts[0]
    made = top in _NOT_OURS or top.endswith(("_cache", ".egg-info")) or top.startswith(".coverage")
    return not made and "__pycache__" not in path.parts


def text_files() -> Iterator[tuple[Path, str]]:
    """Give every file of the repository that holds text, with that text."""
    for path in tracked_files():
        try:
            yield path, path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


def python_files(*tops: str) -> list[Path]:
    """Return the Python files of these top folders."""
    return [
        path
        for path in tracked_files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in tops
    ]


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def name_of(path: Path) -> str:
    """Return how messages name a file."""
    return path.relative_to(ROOT).as_posix()
