"""The faults against the verifier, and against the verifier with one check taken out."""

import ast
import builtins
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typing_extensions import override

from audit.errors import Defect, VerificationFailed
from audit.verifier import (
    command,
    file,
    folder,
    leaves,
    names,
    opening,
    reader,
    signed,
    story,
    tree,
    verify,
)
from tests.fakes_audit import VKEY
from tests.made_faults import FAULTS, Fault, foreign_receipt, forged_receipt, sound

MODULES: Mapping[str, ModuleType] = {
    module.__name__: module
    for module in (
        reader,
        leaves,
        names,
        opening,
        signed,
        tree,
        story,
        folder,
        file,
        verify,
        command,
    )
}
RECEIPTS: Mapping[str, Callable[[], bytes]] = {
    "receipt_forged": forged_receipt,
    "receipt_of_another_tree": foreign_receipt,
}
REFUSALS = frozenset({"VerificationFailed", "self._told", "pending"})


class Removal(ast.NodeTransformer):
    """Takes out the check at one line: its condition never holds, or its failure is ignored."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.loops = 0

    @override
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Begin anew: a loop around a function is none within it."""
        outside, self.loops = self.loops, 0
        self.generic_visit(node)
        self.loops = outside
        return node

    @override
    def visit_For(self, node: ast.For) -> ast.AST:
        """Know that this is a loop."""
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1
        return node

    @override
    def visit_If(self, node: ast.If) -> ast.AST:
        """Take out a condition that ends in the refusal."""
        return ast.Pass() if node.body[-1].lineno == self.line else self.generic_visit(node)

    @override
    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        """Go on with the next one, or without a result, where a failure was refused."""
        if node.body[-1].lineno == self.line:
            node.body = [ast.Continue() if self.loops else ast.Return(None)]
        return self.generic_visit(node)

    @override
    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Take out a refusal without a condition."""
        return ast.Pass() if node.lineno == self.line else node


def source_of(name: str) -> str:
    """Give the source of one module of the verifier."""
    return Path(str(MODULES[name].__file__)).read_text("utf-8")


def refusal(node: ast.AST) -> bool:
    """Tell whether this statement refuses what is verified."""
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    target = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return ast.unparse(target) in REFUSALS


def checks() -> list[tuple[str, int]]:
    """Give module and line of every check of the verifier."""
    return [
        (name, node.lineno)
        for name in MODULES
        for node in ast.walk(ast.parse(source_of(name)))
        if refusal(node) and isinstance(node, ast.Raise)
    ]


CHECKS = checks()


def mutant(module: str, line: int) -> Mapping[str, Any]:
    """Give copies of the modules of the verifier, one of which lacks the check at this line."""
    copies: dict[str, ModuleType] = {}

    def copied(name: str) -> ModuleType:
        if name not in copies:
            copies[name] = copy = ModuleType(name)
            source = ast.parse(source_of(name))
            if name == module:
                source = ast.fix_missing_locations(Removal(line).visit(source))
            vars(copy)["__builtins__"] = {**vars(builtins), "__import__": importing}
            exec(compile(source, "<mutant>", "exec"), vars(copy))  # noqa: S102  Our own source.
        return copies[name]

    def importing(name: str, *rest: Any) -> ModuleType:  # noqa: ANN401  As the builtin.
        return copied(name) if name in MODULES else builtins.__import__(name, *rest)

    return {name: copied(name) for name in MODULES}


def verified(modules: Mapping[str, Any], path: Path, fault: Fault) -> None:
    """Verify a faulty ledger with these modules."""
    with modules["audit.verifier.command"].open_ledger(path) as reader:
        modules["audit.verifier.verify"].verify_ledger(reader, vkey=VKEY, demands=fault.demands)


def unnoticed(modules: Mapping[str, Any], check: Callable[[Mapping[str, Any]], None]) -> bool:
    """Tell whether these modules find nothing wrong; that they fail otherwise is no finding."""
    try:
        check(modules)
    except Exception:  # noqa: BLE001  A mutant may fail in any way.
        return False
    return True


@pytest.fixture(scope="session")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Make each faulty ledger once."""
    folders = {fault.name: tmp_path_factory.mktemp(fault.name) for fault in FAULTS}
    return {fault.name: fault.make(folders[fault.name]) for fault in FAULTS}


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a sound ledger once."""
    return sound().write(tmp_path_factory.mktemp("whole") / "ledger.db")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_is_named(fault: Fault, vectors: Mapping[str, Path]) -> None:
    """The verifier as it is names the index and the class of every fault."""
    with pytest.raises(VerificationFailed) as caught:
        verified(MODULES, vectors[fault.name], fault)

    assert (caught.value.defect, caught.value.index) == (fault.defect, fault.index)


@pytest.mark.parametrize("make", RECEIPTS.values(), ids=RECEIPTS)
def test_each_false_receipt_is_named(make: Callable[[], bytes], whole: Path) -> None:
    """A receipt that is forged, or of another tree, is no receipt of this ledger."""
    with pytest.raises(VerificationFailed) as caught:
        receipt_checked(make, whole)(MODULES)

    assert caught.value.defect == Defect.RECEIPT


def test_the_sound_ledger_passes(whole: Path) -> None:
    """What the faults were made of has none."""
    with command.open_ledger(whole) as ledger:
        assert verify.verify_ledger(ledger, vkey=VKEY).size == len(sound().entries)


def receipt_checked(make: Callable[[], bytes], whole: Path) -> Callable[[Mapping[str, Any]], None]:
    """Give what checks a false receipt against a sound ledger."""

    def check(modules: Mapping[str, Any]) -> None:
        with modules["audit.verifier.command"].open_ledger(whole) as ledger:
            verify_kept = modules["audit.verifier.verify"].verify_kept_receipt
            verify_kept(ledger, make(), vkey=VKEY)

    return check


def attempt_on(fault: Fault, vectors: Mapping[str, Path]) -> Callable[[Mapping[str, Any]], None]:
    """Give what verifies one faulty ledger with any modules."""
    return lambda modules: verified(modules, vectors[fault.name], fault)


@pytest.mark.parametrize(("module", "line"), CHECKS, ids=str)
def test_no_check_is_idle(module: str, line: int, vectors: Mapping[str, Path], whole: Path) -> None:
    """Without this one check, at least one fault passes unnoticed."""
    modules = mutant(module, line)
    attempts = [
        *(attempt_on(fault, vectors) for fault in FAULTS),
        *(receipt_checked(make, whole) for make in RECEIPTS.values()),
    ]

    assert any(unnoticed(modules, attempt) for attempt in attempts)


def test_a_copy_without_a_mutation_notices_everything(vectors: Mapping[str, Path]) -> None:
    """What the mutants miss, they miss for the check that was taken out, not for being copies."""
    modules = mutant("audit.verifier.verify", 0)
    passed = [f.name for f in FAULTS if unnoticed(modules, attempt_on(f, vectors))]

    assert passed == []
