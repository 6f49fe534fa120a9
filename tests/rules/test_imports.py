"""The import contract: who may know whom, and which third party lives in which module."""

from pathlib import Path

import pytest

from tests.rules.contract import read_graph, violations
from tests.rules.source import PACKAGES, ROOT

CONFIG = (ROOT / ".importlinter").read_text("utf-8")


@pytest.fixture(scope="module")
def graph() -> dict[str, frozenset[str]]:
    """Give the imports of the packages as they stand."""
    return read_graph(ROOT, PACKAGES)


def test_the_packages_keep_the_contract(graph: dict[str, frozenset[str]]) -> None:
    """No module imports what the contract forbids, not even inside a function."""
    assert violations(CONFIG, graph) == []


def test_the_packages_were_looked_at(graph: dict[str, frozenset[str]]) -> None:
    """The graph holds the modules and edges that anybody can see in the code."""
    assert "gateway.identity.errors" in graph["gateway.identity.registry"]
    assert "jwt" in graph["gateway.identity.jose"]
    assert "audit.ledger" in graph["gateway.disclosure"]


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("gateway.catalogue.model", "gateway.decision.model"),
        ("gateway.decision.decide", "gateway.disclosure"),
        ("gateway.decision.decide", "gateway.cases.model"),
        ("gateway.decision.model", "gateway.sources.source"),
        ("gateway.sources.source", "gateway.api.schemas"),
        ("gateway.identity.tokens", "gateway.catalogue.load"),
        ("gateway.errors", "gateway.catalogue.model"),
        ("gateway.disclosure", "gateway.wiring"),
        ("audit.entry", "gateway.errors"),
        ("audit.verifier.file", "audit.storage.tables"),
        ("audit.merkle", "sqlmodel"),
        ("audit.errors", "pydantic"),
        ("gateway.decision.decide", "casbin"),
        ("gateway.disclosure", "regopy"),
        ("gateway.decision.embedded", "opa_client"),
        ("gateway.identity.tokens", "jwt"),
        ("gateway.catalogue.load", "yaml"),
        ("gateway.cases.records", "sqlalchemy"),
        ("gateway.disclosure", "cryptography"),
        ("gateway.disclosure", "fastapi"),
        ("gateway.catalogue.load", "starlette"),
        ("gateway.wiring", "typer"),
    ],
)
def test_a_mutant_breaks_the_contract(
    graph: dict[str, frozenset[str]], module: str, imported: str
) -> None:
    """One import too many, anywhere it matters, is reported by its name."""
    mutant = graph | {module: graph[module] | {imported}}

    assert any(f"-> {imported}:" in line for line in violations(CONFIG, mutant))


def test_a_detour_breaks_the_contract(graph: dict[str, frozenset[str]]) -> None:
    """A forbidden import through a module that stands in no layer is reported too."""
    mutant = graph | {
        "gateway.detour": frozenset({"gateway.disclosure"}),
        "gateway.catalogue.load": graph["gateway.catalogue.load"] | {"gateway.detour"},
    }

    assert "gateway.catalogue.load -> gateway.disclosure: against the layers" in violations(
        CONFIG, mutant
    )


@pytest.mark.parametrize(
    "code",
    [
        "import gateway.errors",
        "from gateway import errors",
        "from gateway.errors import GatewayError",
        "def f():\n    from gateway.errors import GatewayError",
        "if False:\n    import gateway.errors as e",
    ],
)
def test_every_way_to_import_is_seen(tmp_path: Path, code: str) -> None:
    """No way of writing an import hides it."""
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "gateway" / "errors.py").write_text("")
    (tmp_path / "audit" / "entry.py").write_text(code)

    assert violations(CONFIG, read_graph(tmp_path, PACKAGES)) == [
        "audit.entry -> gateway.errors: The ledger knows nobody"
    ]
