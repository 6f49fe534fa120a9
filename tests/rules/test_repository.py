"""The repository as a whole: no personal data, no trace of a machine, pages that tell the truth."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.settings import PREFIX, Settings
from tests.rules.source import ROOT, name_of, text_files

NINE_DIGITS = re.compile(r"(?<![0-9A-Za-z])[0-9]{9}(?![0-9A-Za-z])")
WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
INVENTED = "9999"
# Split, so that this file does not hold what it looks for.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
    )
)
MACHINE_PATHS = re.compile(r"(?<![\w./:-])/(?:work|root|tmp|home|Users)/")
QUOTED = re.compile(r"`([^`\n]+)`|\]\(([^)\s]+)\)")
PATH = re.compile(r"\.?[\w.-]+(?:/[\w.-]+)*/?")
MADE_LATER = (".venv", "var")


def real_looking(text: str) -> list[str]:
    """Return the numbers that could be somebody's BSN."""
    return [
        number
        for number in NINE_DIGITS.findall(text)
        if not sum(w * int(d) for w, d in zip(WEIGHTS, number, strict=True)) % 11
        and not number.startswith(INVENTED)
        and number != "000000000"
    ]


def paths_in(markdown: str) -> set[str]:
    """Return what a text names as a path of this repository: quoted or linked, with a slash."""
    quoted = {first or second for first, second in QUOTED.findall(markdown)}
    return {
        name
        for name in quoted
        if "/" in name and PATH.fullmatch(name) and name.split("/")[0] not in MADE_LATER
    }


def test_nobody_real_is_in_the_repository() -> None:
    """Every nine digits that pass the elfproef lie in the range that is given to nobody."""
    found = {name_of(path): real_looking(text) for path, text in text_files()}

    assert {name: numbers for name, numbers in found.items() if numbers} == {}


@pytest.mark.parametrize("digits", ["11122233", "12345678"])
def test_a_number_that_looks_real_is_found(digits: str) -> None:
    """The rule about personal data sees a number outside the range for tests."""
    total = sum(w * int(d) for w, d in zip(WEIGHTS, digits, strict=False))
    number = f"{digits}{total % 11}"

    assert real_looking(f"bsn: {number}.") == [number]


def test_no_registry_is_named() -> None:
    """No file names the host of a package registry."""
    found = [
        f"{name_of(path)}: {host}"
        for path, text in text_files()
        for host in REGISTRIES
        if host in text
    ]

    assert found == []


def test_no_path_of_a_machine_is_named() -> None:
    """No file but a test names an absolute path of somebody's machine."""
    found = [
        name_of(path)
        for path, text in text_files()
        if path.relative_to(ROOT).parts[0] != "tests" and MACHINE_PATHS.search(text)
    ]

    assert found == []


@pytest.mark.parametrize("name", ["README.md", "SECURITY.md", "DECISIONS.md"])
def test_the_paths_that_a_page_names_exist(name: str) -> None:
    """A page for people names only what is there."""
    named = paths_in((ROOT / name).read_text("utf-8"))

    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_the_readme_names_the_rooms() -> None:
    """The README names the rooms of the house, so the rule above has something to look at."""
    named = {path.split("/")[0] for path in paths_in((ROOT / "README.md").read_text("utf-8"))}

    assert named >= {"audit", "deploy", "gateway", "policies", "purposes", "tests"}


def test_the_readme_is_short() -> None:
    """A newcomer reads the README in one go."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 120


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    """Every setting stands in the help of `serve`, with a sentence."""
    shown = CliRunner().invoke(app, ["serve", "--help"]).output

    assert Settings.model_fields[name].description
    assert f"{PREFIX}{name.upper()}: " in shown


def test_a_path_that_does_not_exist_is_found() -> None:
    """The rule about paths sees quoted and linked names, and leaves addresses alone."""
    text = "see `gateway/gone.py`, [it](docs/it.md), `POST /v1/disclosures`, `https://a.example/b`"

    assert paths_in(text) == {"gateway/gone.py", "docs/it.md"}


@pytest.mark.parametrize("path", ["LICENSE", "publiccode.yml", "CHANGELOG.md", "SECURITY.md"])
def test_the_house_files_are_there(path: str) -> None:
    """The files that every reader of a public repository looks for are there and say something."""
    assert len(Path(ROOT / path).read_text("utf-8")) > 500
