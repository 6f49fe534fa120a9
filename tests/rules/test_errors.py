"""The error trees: drawn, raised by their leaves only, and each with its problem."""

import ast
import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from audit.errors import AuditError
from gateway.api.problems import PROBLEMS, Problem
from gateway.errors import GatewayError
from gateway.identity.errors import IdentityError
from tests.rules.source import PACKAGES, name_of, python_files, tree_of

MODULES = [
    import_module(name_of(path).removesuffix(".py").replace("/", "."))
    for path in python_files(*PACKAGES)
    if path.name == "errors.py"
]
# These trees are translated at the edge.
AT_THE_EDGE = (AuditError, GatewayError, IdentityError)
# The leaves that need no row, because no request meets them as they are.
AT_THE_START = {
    "DurabilityMissing",
    "KeyInvalid",
    "KeysRotated",
    "KeysUnsafe",
    "LedgerCorrupt",
    "LedgerInUse",
    "PolicyInvalid",
    "RegistryInvalid",
    "RollbackSeen",
    "SchemaOutdated",
    "WitnessUnsafe",
}
INSIDE_THE_LEDGER = {"DuplicateRequest", "HeadMoved", "IdTaken", "LeafInvalid"}
IN_THE_VERIFIER = {
    "KeyMismatch",
    "LedgerUnreadable",
    "NoteInvalid",
    "ProofInvalid",
    "QuorumMissing",
    "SealInvalid",
    "SignatureInvalid",
    "StampInvalid",
    "StampToolMissing",
    "TileInvalid",
    "VerificationFailed",
}
AT_THE_COMMAND_LINE = {
    "BundleNotWritten",
    "DemoInvalid",
    "EvidenceInvalid",
    "NothingToErase",
    "NothingToOpen",
    "NothingToPrune",
    "PartnerFailed",
    "RevisionInvalid",
}
# The token endpoint answers in the words of OAuth, which each of these carries as its code.
AT_THE_TOKEN_ENDPOINT = {"AssertionInvalid", "GrantUnsupported", "HatNotOwned", "RequestMalformed"}
ELSEWHERE = (
    AT_THE_START | INSIDE_THE_LEDGER | IN_THE_VERIFIER | AT_THE_COMMAND_LINE | AT_THE_TOKEN_ENDPOINT
)


def own_errors(module: ModuleType) -> list[type[Exception]]:
    """Return the error classes that a module defines."""
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Exception)
        and value.__module__ == module.__name__
    ]


def leaves() -> set[type[Exception]]:
    """Return the error classes of all trees that have no children."""
    every = {error for module in MODULES for error in own_errors(module)}
    return {error for error in every if not any(error in other.__bases__ for other in every)}


ALL_ERRORS = {error.__name__: error for module in MODULES for error in own_errors(module)}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_package_has_one_tree_and_draws_it(module: ModuleType) -> None:
    """The errors of a package have one root, and the picture in the module names them all."""
    errors = own_errors(module)
    roots = [error for error in errors if error.__bases__ == (Exception,)]

    assert len(roots) == 1
    assert [e.__name__ for e in errors if e.__name__ not in (module.__doc__ or "")] == []


@pytest.mark.parametrize("path", python_files(*PACKAGES), ids=name_of)
def test_only_leaves_are_raised(path: Path) -> None:
    """Whoever catches an error knows exactly which one it was."""
    raised = {
        name
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Raise) and (name := raised_name(node)) in ALL_ERRORS
    }

    assert {name for name in raised if ALL_ERRORS[name] not in leaves()} == set()


def raised_name(node: ast.Raise) -> str:
    """Return the name of the class that a statement raises, if it can be seen."""
    target = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def test_every_error_has_its_problem_or_its_place_elsewhere() -> None:
    """Every leaf of the trees at the edge is in the table, or named above; never both."""
    expected = {error.__name__ for error in leaves() if issubclass(error, AT_THE_EDGE)}
    tabled = {error.__name__ for error in PROBLEMS}

    assert expected - ELSEWHERE == tabled
    assert expected >= ELSEWHERE


@pytest.mark.parametrize("problem", set(PROBLEMS.values()), ids=lambda problem: problem.name)
def test_a_problem_speaks_both_languages(problem: Problem) -> None:
    """Every problem has a title and a detail in Dutch and in English, and an error status."""
    assert all((problem.title, problem.title_en, problem.detail, problem.detail_en))
    assert 400 <= problem.status <= 599
