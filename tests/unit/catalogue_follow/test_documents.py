"""The register and the DPIA that follow from the catalogue, held to their published forms."""

import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from gateway.catalogue.files.purpose import GROUNDS as KNOWN_GROUNDS
from gateway.catalogue.model import Catalogue, LegalBasis, Purpose, Retention, Sensitivity
from gateway.catalogue.pages.dpia import prefilled
from gateway.catalogue.pages.grounds import (
    GROUNDS,
    SPECIAL_GROUNDS,
    basis_words,
    duration_of,
    ground_words,
)
from gateway.catalogue.register import register
from tests.fakes_decision import ROOT, catalogue
from tests.unit.catalogue_follow.world import FLAG, SCHOOL, SCOOTER, say, with_purpose

SHARED = Path(os.environ.get("DOELPOORT_SHARED", ROOT.parent / "shared"))
TODAY = dt.date(2026, 3, 2)
NOW = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
FIGURES = "doorlooptijd-participatieladder"
BILL = "meervoudige-problematiek-vaststellen"


def published(path: str) -> Path:
    """Return a published standard, or skip where nobody has put it."""
    found = SHARED / "standards" / path
    if not found.exists():
        pytest.skip(f"the published standard {path} is not on this machine")
    return found


def named(*names: str) -> tuple[Purpose, ...]:
    """Return these purposes of the project, or all of them."""
    return tuple(catalogue().purposes[name] for name in names or catalogue().purposes)


def made_register(*names: str) -> Any:  # noqa: ANN401 - JSON is what it is
    """Return the register of these purposes as JSON gives it."""
    return json.loads(json.dumps(register(catalogue(), named(*names), TODAY)))


def made_dpia(*purposes: Purpose, changed: Catalogue | None = None) -> Any:  # noqa: ANN401
    """Return the assessment of these purposes as JSON gives it."""
    return json.loads(json.dumps(prefilled(purposes, changed or catalogue(), say, NOW)))


@cache
def questions() -> dict[str, dict[str, Any]]:
    """Return every question of the published assessment by its id."""
    document = yaml.safe_load(published("dpia/dpia.yaml").read_text("utf-8"))

    def walk(tasks: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
        for task in tasks:
            yield task["id"], task
            yield from walk(task.get("tasks", []))

    return dict(walk(document["tasks"]))


@pytest.mark.parametrize(
    ("member", "schema"),
    [
        ("processing_activities", "ProcessingActivity"),
        ("versions", "ProcessingActivityVersion"),
        ("entities", "Entity"),
    ],
)
def test_the_register_follows_the_published_form(member: str, schema: str) -> None:
    """Every part of the register of the whole catalogue is valid against the OpenAPI schema."""
    document = json.loads(published("ldv/rvva-openapi.json").read_text("utf-8"))
    validator = Draft202012Validator(
        document["components"]["schemas"][schema], format_checker=FormatChecker()
    )

    errors = [error for row in made_register()[member] for error in validator.iter_errors(row)]

    assert errors == []
    assert made_register()[member]


def test_each_recipient_of_a_purpose_is_an_activity_of_its_own() -> None:
    """Two schools make two activities, each with its own party and its own stable id."""
    found = made_register(SCHOOL)

    assert len(found["processing_activities"]) == len(found["entities"]) == 2
    assert {row["recipients"]["entityId"] for row in found["versions"]} == {
        entity["id"] for entity in found["entities"]
    }
    assert found == made_register(SCHOOL)


def test_the_register_says_what_the_catalogue_says() -> None:
    """Grounds, terms and categories of the flag stand in its activity."""
    [version] = made_register(FLAG)["versions"]

    assert version["legalBasis"] == ["PublicInterest"]
    assert version["dpv"]["legalBasis"] == ["eu-gdpr:A6-1-e"]
    assert version["dpv"]["specialCategoryBasis"] == ["eu-gdpr:A9-2-g"]
    assert version["personalData"]["categories"] == ["specialisatie_ingezet", "verwachte_duur_band"]
    assert version["dataSubjects"] == ["DataSubject", "VulnerableHuman"]
    assert version["validFrom"] == "2026-01-01T00:00:00+01:00"


def test_a_term_that_begins_with_a_number_is_a_duration() -> None:
    """Fifteen years can be computed with; words cannot, and are not guessed at."""
    [years] = made_register(SCOOTER)["versions"]
    [words] = made_register(FLAG)["versions"]

    assert years["personalData"]["retentionPeriod"] == "P15Y"
    assert "retentionPeriod" not in words["personalData"]


def test_figures_are_about_nobody() -> None:
    """A purpose about a group has no data subjects."""
    versions = made_register(FIGURES)["versions"]

    assert {tuple(version["dataSubjects"]) for version in versions} == {()}


def test_a_bill_is_in_the_register_and_not_active() -> None:
    """What is not in force yet is shown as such."""
    [activity] = made_register(BILL)["processing_activities"]

    assert activity["active"] is False


def test_a_purpose_that_ended_is_not_active() -> None:
    """After its last day a purpose is history; on that day it still counts."""
    ended = replace(catalogue().purposes[FLAG], valid_until=TODAY)

    on_that_day = register(catalogue(), (ended,), TODAY)["processing_activities"]
    after = register(catalogue(), (ended,), TODAY + dt.timedelta(days=1))["processing_activities"]

    assert json.loads(json.dumps(on_that_day))[0]["active"] is True
    assert json.loads(json.dumps(after))[0]["active"] is False


def test_measures_leave_out_what_a_purpose_does_not_have() -> None:
    """Without secrecy and without a duty to inform neither is claimed as a measure."""
    purpose = catalogue().purposes[FLAG]
    plain = replace(
        purpose, secrecy=None, inform_subject=replace(purpose.inform_subject, required=False)
    )

    texts = json.dumps(register(catalogue(), (plain,), TODAY)["versions"])

    assert "Geheimhouding" not in texts
    assert "betrokkene wordt" not in texts
    assert "Geheimhouding" in json.dumps(made_register(FLAG))


def test_every_ground_of_the_policy_files_has_words() -> None:
    """What a purpose file may name, the documents can say."""
    assert set(KNOWN_GROUNDS) == GROUNDS.keys() | SPECIAL_GROUNDS.keys()
    assert ground_words("6-1-e") == "AVG 6 lid 1 e: taak van algemeen belang"
    assert basis_words(catalogue().purposes[SCHOOL].legal_basis[0]) == ground_words("6-1-a")
    assert basis_words(catalogue().purposes[FLAG].legal_basis[0]).startswith("Jeugdwet 7.4.0")
    assert ground_words("9-none") == "AVG 9: artikel 9 is niet van toepassing"


@pytest.mark.parametrize(
    ("term", "duration"),
    [
        ("15 jaar na laatste wijziging", "P15Y"),
        ("3 maanden", "P3M"),
        ("2 weken", "P2W"),
        ("dossier 20 jaar", None),
        ("015 jaar", None),
        ("5 jaargangen", None),
    ],
)
def test_durations(term: str, duration: str | None) -> None:
    """Only a term that begins with a number and a unit is one."""
    retention = replace(catalogue().purposes[FLAG].retention, term=term)

    assert isinstance(retention, Retention)
    assert duration_of(retention) == duration


@pytest.mark.parametrize("names", [(FLAG,), (FLAG, SCHOOL), ()], ids=["one", "two", "all"])
def test_the_dpia_is_valid_against_the_published_schema(names: tuple[str, ...]) -> None:
    """One purpose, some, and the whole catalogue give an output that the form accepts."""
    schema = json.loads(published("dpia/assessment-output.v2.schema.json").read_text("utf-8"))
    validator = Draft202012Validator(schema, format_checker=FormatChecker())

    errors = list(validator.iter_errors(made_dpia(*named(*names))))

    assert errors == []


def test_every_answer_of_the_dpia_is_to_a_question_that_exists() -> None:
    """No id is made up, and groups hold only the questions below them."""
    answers = made_dpia(*named())["answers"]

    singles = {key for key, value in answers.items() if isinstance(value, dict)}
    inside = {
        (key, name)
        for key, value in answers.items()
        if isinstance(value, list)
        for element in value
        for name in element
        if name != "_index"
    }

    assert singles <= questions().keys()
    assert all(name.startswith(f"{key}.") and name in questions() for key, name in inside)


def test_every_choice_of_the_dpia_is_one_that_is_offered() -> None:
    """Where the standard offers words to choose from, the answer is one of them."""
    answers = made_dpia(*named())["answers"]

    chosen = [
        (name, word)
        for value in answers.values()
        for element in (value if isinstance(value, list) else [])
        for name, answer in element.items()
        if name != "_index" and questions()[name].get("options")
        for word in (answer["value"] if isinstance(answer["value"], list) else [answer["value"]])
    ]

    offered = {
        name: {str(option["value"]).lower() for option in questions()[name]["options"]}
        for name, _ in chosen
    }
    assert [word for name, word in chosen if word.lower() not in offered[name]] == []
    assert chosen


def test_the_dpia_names_special_data_with_its_exception() -> None:
    """The flag is about health, and the article that allows it is named."""
    answers = made_dpia(*named(FLAG))["answers"]

    assert answers["12.1.1"]["value"] == "true"
    assert answers["12.1.2"][0]["12.1.2.3"]["value"] == ["specialisatie ingezet (ja of nee)"]
    assert "AVG 9 lid 2 g" in answers["12.1.2"][0]["12.1.2.5"]["value"]
    assert answers["12.2.1"]["value"] == answers["12.3.1"]["value"] == "false"


def test_the_dpia_of_a_school_has_no_special_data() -> None:
    """A purpose without special categories says no and lists none."""
    answers = made_dpia(*named(SCHOOL))["answers"]

    assert answers["12.1.1"]["value"] == "false"
    assert "12.1.2" not in answers


@pytest.mark.parametrize(
    ("level", "question", "group"),
    [
        (Sensitivity.CRIMINAL, "12.2.1", "12.2.2"),
        (Sensitivity.NATIONAL_ID, "12.3.1", "12.3.2"),
    ],
)
def test_the_dpia_names_criminal_data_and_national_ids(
    level: Sensitivity, question: str, group: str
) -> None:
    """Where a draft releases them, the assessment says so and asks for the exception."""
    fields = dict(catalogue().fields)
    fields["specialisatie_ingezet"] = replace(fields["specialisatie_ingezet"], sensitivity=level)
    changed = replace(catalogue(), fields=MappingProxyType(fields))

    answers = made_dpia(changed.purposes[FLAG], changed=changed)["answers"]

    assert answers[question]["value"] == "true"
    assert answers[group][0][f"{group}.3"]["value"] == ["specialisatie ingezet (ja of nee)"]


def test_nothing_of_the_dpia_is_marked_as_done() -> None:
    """Weighing stays with people: risks are open and no question is complete."""
    made = made_dpia(*named(FLAG))

    assert "completedTasks" not in made["metadata"]
    assert not any(key.startswith(("16", "17")) for key in made["answers"])


@pytest.mark.parametrize(
    ("term", "choice"),
    [("1 jaar", "Jaar"), ("7 jaar", "Aantal jaren"), ("3 maanden", None), ("volgt wet", None)],
)
def test_the_dpia_chooses_a_term_only_when_it_is_one(term: str, choice: str | None) -> None:
    """Years are chosen from the list; everything else stays open, with the words beside it."""

    def make(purpose: Purpose) -> Purpose:
        return replace(purpose, retention=replace(purpose.retention, term=term))

    changed = with_purpose(FLAG, make)

    [row] = made_dpia(changed.purposes[FLAG], changed=changed)["answers"]["10.1.1"]

    assert row.get("10.1.1.4", {}).get("value") == choice
    assert term in row["10.1.1.5"]["value"]


def test_the_dpia_leaves_open_what_a_draft_does_not_say() -> None:
    """Without a ground of article 6, secrecy or a word for health nothing is chosen."""

    def make(purpose: Purpose) -> Purpose:
        fields = {name: replace(g, special=None) for name, g in purpose.fields.items()}
        bases = (LegalBasis("Wet", "1", "9-none", purpose.legal_basis[0].status, None),)
        return replace(
            purpose, legal_basis=bases, secrecy=None, fields=MappingProxyType(fields), never=()
        )

    changed = with_purpose(FLAG, make)

    answers = made_dpia(changed.purposes[FLAG], changed=changed)["answers"]

    assert "11.1.1.1" not in answers["11.1.1"][0]
    assert "12.1.2.4" not in answers["12.1.2"][0]
    assert "geheimhouding" not in answers["9.1.1"][0]["9.1.1.2"]["value"]
    assert "geen gegeven genoemd" in answers["14.1"]["value"]


def test_a_question_in_the_dpia_keeps_its_own_mark() -> None:
    """What is often asked is told as a sentence, whether or not it is a question."""
    answers = made_dpia(catalogue().purposes["eerst-bellen-voor-maatregel"])["answers"]

    assert "Wat weten jullie van dit gezin? Genoeg is:" in answers["14.1"]["value"]
