"""One mistake in a policy file is one finding: what only follows from it is not told."""

from pathlib import Path

import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.load import load_catalogue
from tests.fakes_decision import copy_policy

FLAG = "jeugd/lichte-of-zware-hulp.yaml"


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("precision: flag", "precision: bestaat", ["VALUE_WRONG"]),
        ("precision: flag", "precision: flag\n    derive: soms", ["VALUE_WRONG"]),
        ("task:", "indistinguishable: true\ntask:", ["NOT_A_TABLE"]),
        ("task:", "repeat: 3\ntask:", ["NOT_A_TABLE"]),
        ("step: 3", "step: 9", ["EXAMPLE"]),
        ("step: 3", "step: 0", ["EXAMPLE"]),
    ],
)
def test_one_mistake_is_one_finding(tmp_path: Path, old: str, new: str, codes: list[str]) -> None:
    """What only follows from a mistake is not told beside it."""
    purposes, policies = copy_policy(tmp_path)
    text = (purposes / FLAG).read_text(encoding="utf-8")
    assert old in text
    (purposes / FLAG).write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(purposes, policies)

    assert [finding.code for finding in caught.value.findings] == codes


def test_a_file_without_a_table_is_one_finding(tmp_path: Path) -> None:
    """Of a purpose file that holds a list, only that is told."""
    purposes, policies = copy_policy(tmp_path)
    (purposes / "jeugd/zz.yaml").write_text("- een\n", encoding="utf-8")

    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(purposes, policies)

    assert [finding.code for finding in caught.value.findings] == ["NOT_A_TABLE"]
