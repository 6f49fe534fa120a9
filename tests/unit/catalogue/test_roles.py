"""What roles are called: each role of an organisation once, with findings where that is not so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.catalogue.files.roles import ROLES
from gateway.catalogue.load import load_catalogue, read_catalogue
from gateway.catalogue.roles import Role, role_called
from tests.fakes_decision import catalogue, copy_policy

FIRST = "  beleidsadviseur: {title: beleidsadviseur, title_en: policy adviser}\n"


def test_every_role_has_words_of_its_own() -> None:
    """Whatever role asks, a citizen reads what it is called, in Dutch and in English."""
    found = catalogue()
    roles = {role for each in found.organisations.values() for role in each.roles}

    assert found.roles.keys() == roles
    assert found.roles["spv-ggz"] == Role("verpleegkundige in de ggz", "mental health nurse")


def test_without_the_file_a_role_is_its_name(tmp_path: Path) -> None:
    """A policy that was kept from before is still one."""
    purposes, policies = copy_policy(tmp_path)
    (purposes / "roles.yaml").unlink()

    found = load_catalogue(purposes, policies)

    assert found.roles == {}
    assert role_called(found.roles, "spv-ggz") == Role("spv ggz", "spv ggz")


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        (lambda text: text.replace(FIRST, ""), "ROLE_UNTITLED", 5),
        (
            lambda text: text.replace("  beleidsadviseur:", "  onbekende-rol:"),
            "UNKNOWN_REFERENCE",
            5,
        ),
        (lambda text: text.replace(", title_en: policy adviser", ""), "KEY_MISSING", 5),
        (lambda text: text.replace("title_en: policy", "titel_en: policy"), "KEY_UNKNOWN", 5),
        (lambda text: text + "rollen: {}\n", "KEY_UNKNOWN", None),
    ],
    ids=["without words", "of nobody", "without English", "misspelt", "another key"],
)
def test_what_is_wrong_is_found_at_its_place(
    tmp_path: Path, change: Callable[[str], str], code: str, line: int | None
) -> None:
    """A role without words, words without a role, and keys that are none: file, line and column."""
    purposes, policies = copy_policy(tmp_path)
    file = purposes / "roles.yaml"
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")

    findings = read_catalogue(purposes, policies).findings

    found = [(each.code, each.file, each.line) for each in findings]
    assert code in {each[0] for each in found}
    assert {each[1] for each in found} == {ROLES}
    assert line is None or (code, ROLES, line) in found
