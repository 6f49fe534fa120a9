"""The embedded engine and a real OPA server give byte-equal answers over the same policy."""

import random
import re
import socket
import subprocess
from asyncio import gather
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.catalogue.model import Activity, Catalogue, ConditionKind
from gateway.catalogue.outcomes import all_met
from gateway.decision.answer import parse_answer
from gateway.decision.bundle import write_bundle
from gateway.decision.embedded import EmbeddedEngine
from gateway.decision.errors import EngineUnavailable
from gateway.decision.model import OverAsking, Question, Standing, SubjectCheck
from gateway.decision.opa import OpaEngine
from gateway.decision.reasons import REASONS, Code
from tests.fakes_decision import POLICIES, catalogue, flag_question, sorted_json
from tests.opa_server import opa_binary, serving

QUESTIONS = 3_000
SEED = 20260303

_CASES = (
    "SUBJECT_UNKNOWN",
    "CASE_MISSING",
    "NOT_PARTY",
    "CASE_CLOSED",
    "CASE_MEMBERSHIP_EXPIRED",
    "CASE_MEMBERSHIP_NOT_STARTED",
    "CASE_PHASE",
    "CASE_TASK",
)
_CONSENTS = ("CONSENT_MISSING", "CONSENT_WITHDRAWN", "CONSENT_EXPIRED", "CONSENT_WRONG_PERSON")
_FAILED = ("AGE_OUT_OF_RANGE", "CONDITION_NOT_MET", "MANDATE_MISSING", "GROUP_TOO_SMALL")
_FAILURE_OF = {
    ConditionKind.AGE: "AGE_OUT_OF_RANGE",
    ConditionKind.GROUP_SIZE: "GROUP_TOO_SMALL",
    ConditionKind.MANDATE: "MANDATE_MISSING",
}
_RECENT = ("2026-01-01", "2026-03-02", "2026-09-30")


@pytest.fixture(scope="module")
def policy() -> Catalogue:
    """Return the project's catalogue, with one step for which nobody wrote a purpose yet."""
    found = catalogue()
    task = found.tasks["jeugdhulp-verlenen"]
    activities = {**task.activities, "zonder-doel": Activity("zonder-doel", "Nog zonder doel")}
    tasks = {**found.tasks, task.id: replace(task, activities=activities)}
    return replace(found, tasks=tasks)


@pytest.fixture(scope="module")
def opa_port(policy: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve the bundle with a real OPA server on a free port."""
    folder = tmp_path_factory.mktemp("bundle")
    write_bundle(policy, POLICIES, folder)
    with serving(folder) as port:
        yield port


def generated(policy: Catalogue) -> list[Question]:
    """Return questions of every kind: mostly nearly right, each with up to three things changed."""
    rng = random.Random(SEED)  # noqa: S311 - the questions must be the same in every run
    return [_question(rng, policy) for _ in range(QUESTIONS)]


def _question(rng: random.Random, policy: Catalogue) -> Question:
    of_groups = [purpose for purpose in policy.purposes.values() if purpose.aggregated]
    purpose = rng.choice([*policy.purposes.values(), *of_groups, *of_groups])
    requester = rng.choice(purpose.requesters)
    names = [*purpose.fields, *purpose.never, "schuldenlast_totaal", "aantal_huisdieren"]
    given = tuple(rng.sample(list(purpose.fields), rng.randint(1, len(purpose.fields))))
    question = Question(
        organisation=requester.organisation,
        role=requester.role,
        standing=Standing.HOLDS,
        task=purpose.task,
        activity=purpose.activity,
        purposes=(purpose.id,),
        subject=SubjectCheck.MISSING if purpose.aggregated else SubjectCheck.VALID,
        fields=rng.choice((None, given, given, tuple(rng.choices(names, k=rng.randint(1, 5))))),
        justified=tuple(rng.choice((tuple(purpose.fields), ()))),
        over_asking=rng.choice(list(OverAsking)),
        facts=_facts(all_met(purpose.conditions)),
        date=rng.choice(_RECENT),
    )
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        question = _changed(question, rng, policy)
    return question


def _changed(question: Question, rng: random.Random, policy: Catalogue) -> Question:
    """Return the question with one member changed to something that may well be wrong."""
    facts = dict(question.facts)
    activities = ["", "onbekend", "hulp-bieden", *{p.activity for p in policy.purposes.values()}]
    purposes = ((), ("",), ("helpen",), ("hulpvraag-afbakenen",), ("helpen", "gezondheid"))
    changes: list[Question] = [
        replace(question, subject=rng.choice(list(SubjectCheck))),
        replace(question, emergency=True),
        replace(question, task=rng.choice(("", "onbekend", *policy.tasks))),
        replace(question, activity=rng.choice(activities)),
        replace(question, task="jeugdhulp-verlenen", activity="zonder-doel"),
        replace(question, standing=rng.choice(list(Standing))),
        replace(question, role=rng.choice((question.role, "onbekend"))),
        replace(question, purposes=rng.choice(purposes)),
        replace(question, date=rng.choice(("2010-01-01", "2025-12-31", "9999-12-31", ""))),
        replace(question, fields=rng.choice(((), tuple(f"veld_{i}" for i in range(101))))),
        replace(question, facts=_facts({**facts, "case": rng.choice((*_CASES, "unknown", "ja"))})),
        replace(question, facts=_facts({**facts, "consent": rng.choice((*_CONSENTS, "unknown"))})),
        replace(
            question, facts=_facts({**facts, rng.choice([*facts, "case"]): rng.choice(_FAILED)})
        ),
        replace(question, facts=_facts({**facts, **_failing(rng, policy, question)})),
        replace(question, facts=question.facts[: rng.randint(0, len(facts))]),
    ]
    return rng.choice(changes)


def _failing(rng: random.Random, policy: Catalogue, question: Question) -> dict[str, str]:
    """Return one condition of the purpose as it is when it is not met, if the purpose has any."""
    known = [policy.purposes[name] for name in question.purposes if name in policy.purposes]
    conditions = [condition for purpose in known for condition in purpose.conditions]
    if not conditions:
        return {}
    condition = rng.choice(conditions)
    return {condition.name: _FAILURE_OF.get(condition.kind, "CONDITION_NOT_MET")}


def _facts(facts: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(facts.items()))


def _steps_in_rego() -> dict[str, int]:
    """Return the codes that the Rego can give, with the step that it gives them."""
    text = (POLICIES / "disclosure.rego").read_text(encoding="utf-8")
    table = text.split("step_of := {", 1)[1].split("}", 1)[0]
    return {code: int(step) for code, step in re.findall(r'"([A-Z_]+)": ([0-4])', table)}


def test_the_rego_and_the_table_agree_on_the_step_of_every_code() -> None:
    """Every code of the Rego stands in the table of reasons, at the same step."""
    steps = _steps_in_rego()

    assert steps == {code: REASONS[Code(code)].step for code in steps}


def test_the_rego_keeps_its_own_promises() -> None:
    """The tests that stand beside the Rego pass in the server's own test runner."""
    run = subprocess.run(
        [opa_binary(), "test", str(POLICIES)], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stdout
    assert run.stdout.startswith("PASS")


@pytest.mark.anyio
async def test_both_engines_give_byte_equal_answers(policy: Catalogue, opa_port: int) -> None:
    """Over thousands of generated questions, with permits, partials and every code among them."""
    questions = generated(policy)
    embedded = EmbeddedEngine.build(policy, POLICIES)
    server = OpaEngine("127.0.0.1", opa_port, tls=False, token=None, timeout_s=10)

    here = [await embedded.evaluate(question.canonical()) for question in questions]
    asked = [server.evaluate(question.canonical()) for question in questions]
    there = [each for at in range(0, QUESTIONS, 50) for each in await gather(*asked[at : at + 50])]
    await server.aclose()
    await embedded.aclose()

    decisions = [
        parse_answer(answer, question, policy)
        for answer, question in zip(here, questions, strict=True)
    ]
    codes = {
        reason.code
        for decision in decisions
        for reason in getattr(decision, "reasons", getattr(decision, "withheld", ()))
    }
    assert list(map(sorted_json, here)) == list(map(sorted_json, there))
    assert {decision.outcome for decision in decisions} == {"permit", "partial", "refuse"}
    assert codes == set(_steps_in_rego())


@pytest.mark.anyio
async def test_an_engine_that_is_not_there_is_unavailable() -> None:
    """A port that nobody listens on raises EngineUnavailable and nothing else."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        engine = OpaEngine("127.0.0.1", free.getsockname()[1], tls=False, token=None)

        with pytest.raises(EngineUnavailable):
            await engine.evaluate(flag_question().canonical())
        await engine.aclose()
