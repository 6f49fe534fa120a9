"""The shape of the code: sizes, forbidden names, who reads the clock, who mints a caller."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.source import name_of, python_files, text_files, tree_of

MODULE_LINES = 400
FUNCTION_LINES = 40
EVERYWHERE = ("audit", "bench", "gateway", "tests")
RUNNING = ("audit", "gateway")

# What asks the machine instead of the caller, by the last two parts of the name.
HIDDEN_INPUTS = frozenset(
    {
        "time.time",
        "time.time_ns",
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "os.urandom",
        "os.getrandom",
        "uuid.uuid1",
        "uuid.uuid4",
    }
)
HIDDEN_MODULES = frozenset({"random", "secrets"})
# The gateway and the sequencer are two processes; each has one place that meets the machine.
WIRINGS = frozenset(
    {
        "gateway/wiring.py",
        "audit/sequencer/__main__.py",
        "audit/verifier/command.py",
        "audit/witness/command.py",
    }
)


def long_functions(tree: ast.Module) -> Iterator[str]:
    """Give the functions that are longer than they may be."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > FUNCTION_LINES:
                yield f"{node.name}: {size} lines"


def dotted(node: ast.expr) -> str:
    """Return the name of an expression such as `a.b.c`, or an empty text."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}"
        case _:
            return ""


def hidden_inputs(tree: ast.Module) -> Iterator[str]:
    """Give the places that read a clock or a source of randomness."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            last_two = ".".join(dotted(node).split(".")[-2:])
            if last_two in HIDDEN_INPUTS:
                yield f"line {node.lineno}: {last_two}"
        elif isinstance(node, ast.Import):
            yield from (
                f"line {node.lineno}: import {alias.name}"
                for alias in node.names
                if alias.name in HIDDEN_MODULES
            )
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names} & HIDDEN_INPUTS
            if node.module in HIDDEN_MODULES or names:
                yield f"line {node.lineno}: from {node.module}"


def names_in(tree: ast.Module) -> Iterator[str]:
    """Give every name that code uses, imports or sets; texts and comments do not count."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{alias.name}" for alias in names)


def minted(tree: ast.Module, name: str) -> bool:
    """Tell whether code calls the constructor of this name."""
    return any(
        isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == name
        for node in ast.walk(tree)
    )


@pytest.mark.parametrize("path", python_files(*EVERYWHERE), ids=name_of)
def test_a_module_is_short(path: Path) -> None:
    """A module has at most 400 lines, so that one sitting is enough to read it."""
    assert len(path.read_text("utf-8").splitlines()) <= MODULE_LINES


@pytest.mark.parametrize("path", python_files(*EVERYWHERE), ids=name_of)
def test_functions_are_short(path: Path) -> None:
    """A function has at most 40 lines, its docstring included."""
    assert list(long_functions(tree_of(path))) == []


@pytest.mark.parametrize("path", python_files(*EVERYWHERE), ids=name_of)
def test_nothing_is_patched_and_no_switch_turns_checks_off(path: Path) -> None:
    """Tests use fakes, and casbin's switch that allows everything is never touched."""
    found = {
        name
        for name in names_in(tree_of(path))
        if name.startswith("unittest.mock") or name == "enable_enforce"
    }

    assert found == set()


@pytest.mark.parametrize(
    "path", [p for p in python_files(*RUNNING) if name_of(p) not in WIRINGS], ids=name_of
)
def test_time_and_randomness_come_in_as_arguments(path: Path) -> None:
    """Only the wirings read the clock and the randomness of the machine."""
    assert list(hidden_inputs(tree_of(path))) == []


def test_one_function_makes_a_verified_caller() -> None:
    """In what runs, `VerifiedCaller` is made in the module of the token verifier only."""
    makers = [
        name_of(path) for path in python_files(*RUNNING) if minted(tree_of(path), "VerifiedCaller")
    ]

    assert makers == ["gateway/identity/tokens.py"]


def test_no_line_is_excused_from_coverage() -> None:
    """Nothing is taken out of the measurement by a comment."""
    excuse = "pragma: " + "no cover"

    assert [name_of(path) for path, text in text_files() if excuse in text] == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import time\ntime.time()", ["line 2: time.time"]),
        ("import datetime as dt\ndt.datetime.now(dt.UTC)", ["line 2: datetime.now"]),
        ("from time import time", ["line 1: from time"]),
        ("import secrets", ["line 1: import secrets"]),
        ("from random import choice", ["line 1: from random"]),
        ("import os\nread = os.urandom", ["line 2: os.urandom"]),
        ("import time\ntime.monotonic()", []),
    ],
)
def test_a_hidden_input_is_found(code: str, expected: list[str]) -> None:
    """The rule about the clock sees every usual way around it, and nothing more."""
    assert list(hidden_inputs(ast.parse(code))) == expected


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("from unittest.mock import patch", "unittest.mock.patch"),
        ("import unittest.mock", "unittest.mock"),
        ("from unittest import mock", "unittest.mock"),
        ("enforcer.enable_enforce(False)", "enable_enforce"),
    ],
)
def test_a_forbidden_name_is_found(code: str, name: str) -> None:
    """The rule about names sees a mutant."""
    assert name in set(names_in(ast.parse(code)))


def test_a_long_function_is_found() -> None:
    """The rule about sizes sees a function of 41 lines and not one of 40."""
    code = "def f():\n" + "    x = 1\n" * 39 + "def g():\n" + "    x = 1\n" * 40

    assert list(long_functions(ast.parse(code))) == ["g: 41 lines"]
