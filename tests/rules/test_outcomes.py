"""The outcomes of facts are words that the decision, the ledger and the policy share."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.catalogue.outcomes import MET, NOT_MET, UNKNOWN
from gateway.decision.model import Met
from gateway.decision.reasons import Code
from tests.builders import ROOT

MODULES = ("cases/facts.py", "cases/finder.py", "catalogue/outcomes.py", "reach.py")
_CODE = re.compile(r"[A-Z]+(_[A-Z0-9]+)+")


def codes_in(file: Path) -> Iterator[str]:
    """Yield the texts in a module that are written as a log code is."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and _CODE.fullmatch(str(node.value)):
            yield str(node.value)


@pytest.mark.parametrize("module", MODULES)
def test_every_outcome_is_a_code_of_the_ledger(module: str) -> None:
    """The facts lie below the decision and cannot use its codes; their words are the same."""
    written = set(codes_in(ROOT / "gateway" / module))

    assert written <= {code.value for code in Code}


def test_codes_are_found_where_they_are_written() -> None:
    """The search sees the outcomes; it would not pass over a module by seeing none."""
    written = set(codes_in(ROOT / "gateway" / "cases" / "facts.py"))

    assert {"CASE_MISSING", "SUBJECT_UNKNOWN", "AGE_OUT_OF_RANGE"} <= written


def test_an_answer_of_the_policy_has_the_words_of_the_question() -> None:
    """What is met or unknown in a question is so in the answer; what failed has a code there."""
    shared = {MET, UNKNOWN}

    assert {Met.MET.value, Met.UNKNOWN.value} == shared
    assert NOT_MET == Code.CONDITION_NOT_MET
