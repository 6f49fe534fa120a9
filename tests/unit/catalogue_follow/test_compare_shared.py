"""What counts as wider in kinds of case and in what may be recorded, and the other way round."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from gateway.catalogue.compare import Change, Direction, compare
from gateway.catalogue.model import Beginning, Catalogue, Phase, Requester
from gateway.catalogue.recording import DomainUse, Opening
from gateway.catalogue.roles import Role
from tests.fakes_decision import catalogue
from tests.unit.catalogue_follow.world import policy

SOMEBODY = Requester("klantmanager-wi", "gem-werk-inkomen")
OPPOSITE = {
    Direction.NEW: Direction.GONE,
    Direction.GONE: Direction.NEW,
    Direction.WIDER: Direction.NARROWER,
    Direction.NARROWER: Direction.WIDER,
    Direction.DIFFERENT: Direction.DIFFERENT,
    Direction.NOTE: Direction.NOTE,
}


def with_kind(
    **changes: Any,  # noqa: ANN401 - any member may change
) -> Catalogue:
    """Return the catalogue with members of one kind of case changed."""
    kinds = dict(catalogue().case_kinds)
    kinds["werkplan"] = replace(kinds["werkplan"], **changes)
    return replace(catalogue(), case_kinds=MappingProxyType(kinds))


def with_start(way: Beginning, **changes: object) -> Catalogue:
    """Return the catalogue with one way of beginning changed, or without it."""
    starts = dict(catalogue().case_kinds["werkplan"].starts)
    if changes:
        starts[way] = replace(starts[way], **changes)  # type: ignore[arg-type]
    else:
        del starts[way]
    return with_kind(starts=MappingProxyType(starts))


def without_kind() -> Catalogue:
    """Return the catalogue without one kind of case."""
    kinds = {name: kind for name, kind in catalogue().case_kinds.items() if name != "werkplan"}
    return replace(catalogue(), case_kinds=MappingProxyType(kinds))


def with_recorded(member: str, name: str, **changes: object) -> Catalogue:
    """Return the catalogue with one thing about recording changed, or without it."""
    things = dict(getattr(catalogue().recording, member))
    if changes:
        things[name] = replace(things[name], **changes)
    else:
        del things[name]
    return replace(catalogue(), recording=replace(catalogue().recording, **{member: things}))


def with_opens(*, taken: str | None = None, **given: Opening) -> Catalogue:
    """Return the catalogue in which one help question opens something else."""
    opens = dict(catalogue().recording.help_questions["schulden"].opens)
    if taken is not None:
        del opens[taken]
    changed = MappingProxyType({**opens, **given})
    return with_recorded("help_questions", "schulden", opens=changed)


def told(old: Catalogue, new: Catalogue) -> set[tuple[Direction, str, str]]:
    """Return direction, name and aspect of everything that changed."""
    changes: tuple[Change, ...] = compare(policy(old), policy(new)).changes
    return {(each.direction, each.purpose, each.aspect) for each in changes}


HOUSING = catalogue().recording.help_questions["schulden"].opens["huisvesting"]
WORK_PLAN, DEBTS = "cases.yaml: werkplan", "zrm.yaml: schulden"
CHANGES = {
    "a kind of case less": (without_kind, Direction.GONE, WORK_PLAN, "case_kind"),
    "other phases": (
        lambda: with_kind(phases=(Phase.WORK_PLAN, Phase.COORDINATION)),
        Direction.DIFFERENT,
        WORK_PLAN,
        "phases",
    ),
    "one more who coordinates": (
        lambda: with_kind(
            coordinators=(*catalogue().case_kinds["werkplan"].coordinators, SOMEBODY)
        ),
        Direction.WIDER,
        WORK_PLAN,
        "coordinator",
    ),
    "a way to begin less": (
        lambda: with_start(Beginning.REPORT),
        Direction.NARROWER,
        WORK_PLAN,
        "begin",
    ),
    "one more who may begin": (
        lambda: with_start(
            Beginning.REPORT,
            by=(*catalogue().case_kinds["werkplan"].starts[Beginning.REPORT].by, SOMEBODY),
        ),
        Direction.WIDER,
        WORK_PLAN,
        "begin",
    ),
    "another law to begin by": (
        lambda: with_start(Beginning.REPORT, task="integrale-afstemming"),
        Direction.DIFFERENT,
        WORK_PLAN,
        "begin_task",
    ),
    "no end to a membership": (
        lambda: with_kind(term_days=None),
        Direction.WIDER,
        WORK_PLAN,
        "term_days",
    ),
    "a shorter membership": (
        lambda: with_kind(term_days=30),
        Direction.NARROWER,
        WORK_PLAN,
        "term_days",
    ),
    "no consent to show each other": (
        lambda: with_kind(consent=None),
        Direction.WIDER,
        WORK_PLAN,
        "consent",
    ),
    "another consent": (
        lambda: with_kind(consent="hulp-voortzetten-na-overgang"),
        Direction.DIFFERENT,
        WORK_PLAN,
        "consent",
    ),
    "a term to decide": (
        lambda: with_kind(decide_within=0),
        Direction.NOTE,
        WORK_PLAN,
        "decide_within",
    ),
    "another title": (lambda: with_kind(title="Plan"), Direction.NOTE, WORK_PLAN, "title"),
    "a help question less": (
        lambda: with_recorded("help_questions", "schulden"),
        Direction.DIFFERENT,
        DEBTS,
        "help_question",
    ),
    "a help question for less": (
        lambda: with_recorded("help_questions", "schulden", purposes=("aflosplan-berekenen",)),
        Direction.DIFFERENT,
        DEBTS,
        "purposes",
    ),
    "a life domain that is open": (
        lambda: with_opens(justitie=Opening(DomainUse.ASK, "Nodig.")),
        Direction.WIDER,
        DEBTS,
        "opens",
    ),
    "a life domain that may be scored": (
        lambda: with_opens(huisvesting=Opening(DomainUse.SCORE, HOUSING.because)),
        Direction.WIDER,
        DEBTS,
        "opens",
    ),
    "a life domain that is closed": (
        lambda: with_opens(taken="financien"),
        Direction.NARROWER,
        DEBTS,
        "opens",
    ),
    "another reason": (
        lambda: with_opens(huisvesting=Opening(DomainUse.ASK, "Nodig.")),
        Direction.NOTE,
        DEBTS,
        "because",
    ),
    "another name of a life domain": (
        lambda: with_recorded("domains", "justitie", title="Recht"),
        Direction.NOTE,
        "zrm.yaml: justitie",
        "domain",
    ),
    "a life domain less": (
        lambda: with_recorded("domains", "justitie"),
        Direction.NOTE,
        "zrm.yaml: justitie",
        "domain",
    ),
    "a field more under a heading": (
        lambda: with_recorded(
            "labels", "hulpvraag", fields=("hulpvraag_categorie", "hulpvraag_tekst", "diagnose")
        ),
        Direction.WIDER,
        "records.yaml: hulpvraag",
        "label",
    ),
    "a heading less": (
        lambda: with_recorded("labels", "hulpvraag"),
        Direction.NARROWER,
        "records.yaml: hulpvraag",
        "label",
    ),
    "another name of a role": (
        lambda: replace(catalogue(), roles={**catalogue().roles, "spv-ggz": Role("spv", "nurse")}),
        Direction.NOTE,
        "roles.yaml: spv-ggz",
        "title",
    ),
    "a role that is called nothing": (
        lambda: replace(
            catalogue(), roles={n: r for n, r in catalogue().roles.items() if n != "spv-ggz"}
        ),
        Direction.NOTE,
        "roles.yaml: spv-ggz",
        "title",
    ),
    "another heading": (
        lambda: with_recorded("labels", "hulpvraag", title="De vraag"),
        Direction.NOTE,
        "records.yaml: hulpvraag",
        "title",
    ),
    "a word less to look for": (
        lambda: with_recorded("kinds", "diagnose", words=("diagnose*",)),
        Direction.WIDER,
        "records.yaml: diagnose",
        "words",
    ),
    "nothing of a kind to look for": (
        lambda: with_recorded("kinds", "diagnose"),
        Direction.WIDER,
        "records.yaml: diagnose",
        "words",
    ),
    "a field that excuses a kind less": (
        lambda: with_recorded("kinds", "diagnose", fields=("diagnose",)),
        Direction.NARROWER,
        "records.yaml: diagnose",
        "fields",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_belongs_to_no_purpose_has_a_direction_too(name: str) -> None:
    """Each change is told once with its file and name, and the other way round as its opposite."""
    make, direction, subject, aspect = CHANGES[name]

    there, back = told(catalogue(), make()), told(make(), catalogue())

    assert there == {(direction, subject, aspect)}
    assert back == {(OPPOSITE[direction], subject, aspect)}


def test_a_policy_is_no_wider_than_itself() -> None:
    """What did not change is not told."""
    assert told(catalogue(), catalogue()) == set()
