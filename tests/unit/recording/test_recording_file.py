"""The files about recording: read strictly, checked against the rest, remarked on by lint."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.catalogue.errors import CatalogueInvalid, Severity
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.recording import DomainUse, Opening, Recording
from tests.fakes_decision import catalogue, copy_policy, lint_folders

ZRM, RECORDS = "purposes/zrm.yaml", "purposes/records.yaml"
TODAY = dt.date(2026, 3, 2)
SCOOTER = "vervoersvoorziening-beoordelen"
REPORT = "hulpvraag-afbakenen"


def _edit(tmp_path: Path, name: str, old: str, new: str) -> tuple[Path, Path]:
    """Copy the policy files and change one text in one of them."""
    folders = copy_policy(tmp_path)
    path = tmp_path / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folders


def _uses(opened: Mapping[str, Opening]) -> dict[str, DomainUse]:
    return {name: opening.use for name, opening in opened.items()}


def test_the_matrix_has_thirteen_life_domains() -> None:
    """Every life domain is named in both languages."""
    domains = catalogue().recording.domains

    assert len(domains) == 13
    assert all(domain.title and domain.title_en for domain in domains.values())


@pytest.mark.parametrize(
    ("purpose", "help_question", "opened"),
    [
        (SCOOTER, "vervoer", {"lichamelijke-gezondheid", "instrumentele-adl", "huisvesting"}),
        (SCOOTER, None, {"lichamelijke-gezondheid", "instrumentele-adl", "huisvesting"}),
        (SCOOTER, "huishouden", set()),
        (REPORT, "huishouden", {"instrumentele-adl", "basale-adl", "sociaal-netwerk"}),
        (REPORT, None, {"instrumentele-adl"}),
        (REPORT, "onbekend", set()),
        ("lichte-of-zware-hulp", None, set()),
        ("onbekend", "vervoer", set()),
    ],
)
def test_a_help_question_opens_its_own_life_domains(
    purpose: str, help_question: str | None, opened: set[str]
) -> None:
    """What the policy does not open for the purpose and the question stays closed."""
    assert set(catalogue().recording.openings(purpose, help_question)) == opened


def test_without_a_help_question_the_smaller_use_wins() -> None:
    """A score that one help question allows and another does not is not allowed for both."""
    recording = catalogue().recording

    assert _uses(recording.openings(REPORT, None)) == {"instrumentele-adl": DomainUse.ASK}
    assert _uses(recording.openings(REPORT, "huishouden"))["instrumentele-adl"] is DomainUse.SCORE


@pytest.mark.parametrize("help_question", [None, *catalogue().recording.help_questions])
def test_a_scooter_never_opens_mental_health(help_question: str | None) -> None:
    """Whoever asks for a mobility scooter is not asked about psychiatric problems."""
    opened = catalogue().recording.openings(SCOOTER, help_question)

    assert "geestelijke-gezondheid" not in opened


def test_no_help_question_opens_what_a_purpose_never_gives() -> None:
    """The matrix cannot let in what a purpose keeps out by name."""
    policy = catalogue()
    opened = [
        (purpose, field)
        for question in policy.recording.help_questions.values()
        for purpose in question.purposes
        for domain in question.opens
        for field in policy.recording.domains[domain].fields
    ]

    assert opened
    assert [each for each in opened if each[1] in policy.purposes[each[0]].never] == []


def test_the_files_may_be_left_out(tmp_path: Path) -> None:
    """Without the files nothing is opened, known or looked for."""
    folders = copy_policy(tmp_path)
    for name in (ZRM, RECORDS):
        (tmp_path / name).unlink()

    assert load_catalogue(*folders).recording == Recording()


@pytest.mark.parametrize("name", [ZRM, RECORDS])
def test_the_revision_covers_the_files(tmp_path: Path, name: str) -> None:
    """One more space in either file is another revision."""
    folders = copy_policy(tmp_path)
    with (tmp_path / name).open("a", encoding="utf-8") as file:
        file.write("\n")

    assert load_catalogue(*folders).revision != catalogue().revision


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        (ZRM, "domains:\n", "domeinen:\n", "KEY_MISSING"),
        (ZRM, "domains:\n", "domeinen:\n", "KEY_UNKNOWN"),
        (ZRM, "  huisvesting:", "  Huisvesting:", "NAME"),
        (ZRM, "title_en: Housing", "titel_en: Housing", "KEY_UNKNOWN"),
        (ZRM, "fields: [schuldenlast_totaal]", "fields: [bestaat_niet]", "UNKNOWN_REFERENCE"),
        (ZRM, "    purposes: [hulpvraag-afbakenen, ", "    purposes: [x, ", "UNKNOWN_REFERENCE"),
        (ZRM, "      huisvesting: {use", "      wonen: {use", "UNKNOWN_REFERENCE"),
        (ZRM, "{use: ask, because: Bepaalt", "{use: alles, because: Bepaalt", "VALUE_WRONG"),
        (ZRM, "      huisvesting: {use", "      geestelijke-gezondheid: {use", "DOMAIN_NEVER"),
        (ZRM, "ask, because: Een scootmobiel moet ergens kunnen staan.", "ask", "KEY_MISSING"),
        (RECORDS, "fields: [hulpvraag_categorie, hulpvraag_tekst]", "fields: []", "EMPTY"),
        (RECORDS, "fields: [medicatie]", "fields: []", "EMPTY"),
        (RECORDS, "fields: [medicatie]", "fields: [pillen]", "UNKNOWN_REFERENCE"),
        (RECORDS, "words: [zwanger*, abortus, miskraam*]", "words: []", "WORD"),
        (RECORDS, "words: [zwanger*,", "words: [Zwanger,", "WORD"),
        (RECORDS, "words: [zwanger*,", 'words: ["(zwanger", ', "WORD"),
        (RECORDS, "  justitie:\n", "  justitie:\n    woorden: [x]\n", "KEY_UNKNOWN"),
        (RECORDS, "labels:\n", "<<: x\nlabels:\n", "MERGE_KEY"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, name: str, old: str, new: str, code: str
) -> None:
    """Each mistake stops the catalogue, at its file and line, in Dutch and in English."""
    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(*_edit(tmp_path, name, old, new))

    found = [finding for finding in caught.value.findings if finding.code == code]
    assert found
    assert {finding.file for finding in found} == {name}
    assert all(f.line > 1 or code.startswith(("KEY", "MERGE")) for f in found)
    assert all(finding.message_nl and finding.message_en for finding in found)


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "line"),
    [
        (ZRM, "domains:\n", "domains:\n  dieren: {title: D, title_en: A, fields: []}\n", "D", 10),
        (
            RECORDS,
            "kinds:\n",
            "kinds:\n  kleur: {title: k, title_en: c, fields: [leerroute], words: [rood]}\n",
            "K",
            26,
        ),
    ],
)
def test_what_works_nowhere_is_pointed_at(
    tmp_path: Path, name: str, old: str, new: str, code: str, line: int
) -> None:
    """A domain that no question opens, and a kind that no purpose forbids, are worth a look."""
    codes = {"D": "DOMAIN_UNUSED", "K": "KIND_UNUSED"}
    findings = lint_folders(*_edit(tmp_path, name, old, new), TODAY)

    places = {(f.file, f.line, f.severity) for f in findings if f.code == codes[code]}
    assert (name, line, Severity.WARNING) in places


def test_the_files_as_they_stand_have_no_kind_without_work() -> None:
    """Every kind is kept out by at least one purpose."""
    purposes, policies = Path("purposes"), Path("policies")

    assert "KIND_UNUSED" not in {f.code for f in lint_folders(purposes, policies, TODAY)}
