"""Honest fakes for the decision: engines that say what they are told, and questions that may."""

import datetime as dt
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import orjson

from gateway.catalogue.errors import Finding
from gateway.catalogue.lint import lint
from gateway.catalogue.load import load_catalogue, read_catalogue
from gateway.catalogue.model import Catalogue
from gateway.decision.errors import EngineUnavailable
from gateway.decision.model import OverAsking, Question, Standing, SubjectCheck

ROOT = Path(__file__).resolve().parent.parent
PURPOSES, POLICIES = ROOT / "purposes", ROOT / "policies"
CONSULTANT = ("gem-toegang-jeugd", "consulent-jeugd")
CARE_WORKER = ("jeugdhulp-de-brug", "jeugdhulpverlener")
# What these say names other purposes, which a policy of one purpose does not have.
ABOUT_OTHERS = ("cases.yaml", "records.yaml", "zrm.yaml")
FLAG_FACTS = (("age", "met"), ("bron_bevestigd", "met"), ("case", "met"))


class ScriptedEngine:
    """Answers every question with what the script makes of it, and counts the questions."""

    def __init__(self, script: Callable[[bytes], object]) -> None:
        self._script = script
        self.asked: list[bytes] = []
        self.closed = False

    async def evaluate(self, question: bytes) -> object:
        """Return what the script says; the script may raise."""
        self.asked.append(question)
        return self._script(question)

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def permitting(revision: str) -> ScriptedEngine:
    """Return an engine that permits the specialisation flag, whatever is asked."""
    conditions = [{"name": "age", "outcome": "met"}, {"name": "bron_bevestigd", "outcome": "met"}]
    return ScriptedEngine(
        lambda _: {
            "revision": revision,
            "outcome": "permit",
            "step": None,
            "reasons": [],
            "fields": ["specialisatie_ingezet"],
            "conditions": conditions,
        }
    )


def echoing(revision: str) -> ScriptedEngine:
    """Return an engine whose refusal holds a piece of the question, so that answers differ."""
    return ScriptedEngine(
        lambda question: {
            "revision": revision,
            "outcome": "refuse",
            "step": 3,
            "reasons": [{"code": "FIELD_UNKNOWN", "step": 3, "field": question.decode()}],
            "fields": [],
            "conditions": [],
        }
    )


def unavailable(_: bytes) -> object:
    """Fail as an engine does that cannot be reached."""
    raise EngineUnavailable("scripted")


@cache
def catalogue() -> Catalogue:
    """Return the project's own catalogue."""
    return load_catalogue(PURPOSES, POLICIES)


def flag_question() -> Question:
    """Return the question for the specialisation flag that is permitted."""
    return Question(
        organisation=CONSULTANT[0],
        role=CONSULTANT[1],
        standing=Standing.HOLDS,
        task="jeugd-toeleiding",
        activity="criteria-toetsen-zwaarte",
        purposes=("lichte-of-zware-hulp",),
        subject=SubjectCheck.VALID,
        fields=("specialisatie_ingezet",),
        justified=(),
        over_asking=OverAsking.REFUSE,
        facts=FLAG_FACTS,
        date="2026-03-02",
    )


def copy_policy(target: Path) -> tuple[Path, Path]:
    """Copy the project's policy files to a folder where a test may break them."""
    shutil.copytree(PURPOSES, target / "purposes")
    shutil.copytree(POLICIES, target / "policies")
    return target / "purposes", target / "policies"


def lint_folders(purposes: Path, policies: Path, today: dt.date) -> tuple[Finding, ...]:
    """Return every finding on these folders: of reading them, or of lint if they can be read."""
    reading = read_catalogue(purposes, policies)
    return lint(reading, today) if reading.usable else reading.findings


def sorted_json(value: object) -> bytes:
    """Return the bytes by which two answers are compared."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
