"""The way of one request. A newcomer reads `disclose` first; its body is the list.

To release data we must hold, in this order:
  1. a caller whose token verifies                        (gateway/identity, before this module)
  2. a declaration: task, activity and purpose            (`declare`)
  3. the facts that this purpose names, from sources      (gateway/cases)
  4. a permit by party policy and purpose policy together (gateway/decision)
  5. the columns behind the permitted fields, no others   (gateway/sources)
  6. each value brought down to its permitted precision   (gateway/catalogue/precision)
  7. a durable entry in the ledger                        (audit)
  8. only then the answer, with its receipt

Whatever fails ends the request; 7 comes before 8, for refusals too.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

import orjson

from audit.entry import Draft, EntryType, Receipt
from audit.ledger import Ledger
from gateway.answer import Answer, refusal, release
from gateway.cases.finder import FactFinder, Inquiry, Outcomes
from gateway.catalogue.model import Catalogue, Purpose
from gateway.catalogue.precision import minimise
from gateway.decision.decide import Decider
from gateway.decision.model import (
    Code,
    Permit,
    Question,
    Reason,
    Refuse,
    Standing,
)
from gateway.entries import Entry, log_codes, refusal_members, release_members
from gateway.errors import SourceFailed
from gateway.identity.clients import Hat
from gateway.identity.tokens import VerifiedCaller
from gateway.passage import Declaration, Envelope, Passage, Request, justified
from gateway.sources.source import Source, plan

# The law counts days and birthdays where the person lives.
_HOME = ZoneInfo("Europe/Amsterdam")
# What stands in the question for a word that the catalogue does not know: free text goes nowhere.
_UNKNOWN_WORD = "unknown"


Note = Callable[[dt.date, str, Mapping[str, object]], None]
"""Counts, over many people, whether the source knew the fields of a purpose."""


def _note_nothing(_day: dt.date, _purpose: str, _values: Mapping[str, object]) -> None:
    """Count nothing: a gate without a tally."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Everything one request passes through, wired together once."""

    catalogue: Catalogue
    decider: Decider
    facts: FactFinder
    source: Source
    ledger: Ledger
    now: Callable[[], dt.datetime]
    note: Note = _note_nothing


async def disclose(
    gate: Gate, caller: VerifiedCaller, request: Request, envelope: Envelope
) -> tuple[Answer, Receipt]:
    """Answer one request, and return nothing that does not stand in the ledger.

    Effects: one ledger entry, durable before this returns; reads of the sources and the case store.
    Raises:  an AuditError when the entry could not be made durable; then nothing is released.
    """
    at = gate.now()
    declaration = declare(gate, caller, request)
    passage = Passage(caller, request, envelope, declaration, at)
    facts = await _gather_facts(gate, passage)
    decision = await gate.decider.decide(_question(passage, facts))
    match decision:
        case Permit():
            purpose = _purpose_of(passage)
            try:
                data = await _retrieve(gate, passage, decision, purpose)
            except SourceFailed:
                failed = Refuse(
                    (Reason(Code.SOURCE_FAILED),), decision.conditions, decision.revision
                )
                return await _refuse(gate, passage, failed)
            return await _release(gate, passage, decision, purpose, data)
        case Refuse():
            return await _refuse(gate, passage, decision)
        case other:
            assert_never(other)


def declare(gate: Gate, caller: VerifiedCaller, request: Request) -> Declaration:
    """Look the declared words up; a word that is not in the catalogue is dropped here."""
    catalogue = gate.catalogue
    task = catalogue.tasks.get(request.task)
    activity = request.activity if task and request.activity in task.activities else None
    of_step = catalogue.purposes_of(request.task, request.activity) if activity else ()
    purposes = tuple(
        name if name in catalogue.purposes else _UNKNOWN_WORD + "-again" * number
        for number, name in enumerate(dict.fromkeys(request.purposes))
    )
    one = catalogue.purposes.get(purposes[0]) if len(purposes) == 1 else None
    purpose = one if one is not None and one in of_step else None
    kinds = (purpose,) if purpose else of_step
    return Declaration(
        task=request.task if task or not request.task else _UNKNOWN_WORD,
        activity=_known_word(catalogue, request.activity),
        purposes=purposes,
        purpose=purpose,
        case_kinds=tuple(sorted({kind for each in kinds for kind in each.case_kinds})),
        standing=gate.decider.parties.standing(
            _hats(caller.hats),
            (caller.organisation, caller.role),
            request.task,
            request.activity,
        ),
    )


@lru_cache(maxsize=1_024)
def _hats(hats: frozenset[Hat]) -> frozenset[tuple[str, str]]:
    return frozenset((hat.organisation, hat.role) for hat in hats)


def _known_word(catalogue: Catalogue, activity: str) -> str:
    known = any(activity in task.activities for task in catalogue.tasks.values())
    return activity if known or not activity else _UNKNOWN_WORD


async def _gather_facts(gate: Gate, passage: Passage) -> Outcomes:
    """Fetch what the purpose names, once the party policy lets this caller come that far."""
    declaration, request, caller = passage.declaration, passage.request, passage.caller
    about_group = declaration.purpose is not None and declaration.purpose.aggregated
    if declaration.standing is not Standing.HOLDS or about_group is not (request.subject is None):
        return {}
    inquiry = Inquiry(
        subject=request.subject,
        organisation=caller.organisation,
        case_kinds=declaration.case_kinds,
        case_id=request.case,
        day=_day_of(passage.at),
        claims=request.claims,
        mandates=gate.catalogue.mandates_of(caller.organisation, caller.role),
    )
    return await gate.facts.gather(inquiry, declaration.purpose, _asked(passage))


def _asked(passage: Passage) -> tuple[str, ...]:
    """Return the fields that are asked; a list left out stands for the minimal set."""
    fields, purpose = passage.request.fields, passage.declaration.purpose
    if fields is None:
        return () if purpose is None else purpose.minimal
    return fields


def _question(passage: Passage, facts: Outcomes) -> Question:
    request, declaration = passage.request, passage.declaration
    return Question(
        organisation=passage.caller.organisation,
        role=passage.caller.role,
        standing=declaration.standing,
        task=declaration.task,
        activity=declaration.activity,
        purposes=declaration.purposes,
        subject=request.subject_check,
        fields=None if request.fields is None else tuple(dict.fromkeys(request.fields)),
        justified=justified(request.justifications),
        over_asking=request.over_asking,
        facts=tuple(sorted(facts.items())),
        date=_day_of(passage.at).isoformat(),
    )


async def _retrieve(
    gate: Gate, passage: Passage, permit: Permit, purpose: Purpose
) -> dict[str, object]:
    """Fetch the permitted fields and bring each value down to its precision.

    Raises: SourceFailed.
    """
    subject = passage.request.subject
    grants = [purpose.fields[name] for name in permit.fields]
    queries = plan(grants)
    answers = await gate.source.rows(subject, queries)
    found = dict(zip(((query.table, query.where) for query in queries), answers, strict=True))
    day = _day_of(passage.at)
    as_of = gate.now().astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = {grant.name: minimise(grant, found[grant.table, grant.where], day) for grant in grants}
    gate.note(day, purpose.id, values)
    return {
        grant.name: {
            "value": values[grant.name],
            "precision": grant.precision.label,
            "as_of": as_of,
        }
        for grant in grants
    }


def _purpose_of(passage: Passage) -> Purpose:
    """Return the one purpose that a permit stands on, and that fits what the request is about."""
    purpose, about = passage.declaration.purpose, passage.request.subject
    if purpose is None or purpose.aggregated is not (about is None):
        raise AssertionError("a permit stands on one known purpose, and on one person or a group")
    return purpose


async def _release(
    gate: Gate, passage: Passage, permit: Permit, purpose: Purpose, data: dict[str, object]
) -> tuple[Answer, Receipt]:
    answer = release(passage.envelope.request_id, permit, data, purpose.legal_basis)
    members = release_members(gate.catalogue, passage, permit, purpose)
    codes = log_codes(permit.withheld, permit.conditions) if permit.withheld else None
    entry = Entry(EntryType.DISCLOSURE, members, codes)
    return answer, await _record(gate, passage, entry, answer)


async def _refuse(gate: Gate, passage: Passage, refuse: Refuse) -> tuple[Answer, Receipt]:
    answer = refusal(passage.envelope.request_id, refuse)
    members = refusal_members(gate.catalogue, passage, refuse)
    entry = Entry(EntryType.REFUSAL, members, log_codes(refuse.reasons, refuse.conditions))
    return answer, await _record(gate, passage, entry, answer)


async def _record(gate: Gate, passage: Passage, entry: Entry, answer: Answer) -> Receipt:
    """Make the entry durable: public members in the leaf, the rest committed to and sealed."""
    request, envelope = passage.request, passage.envelope
    content = orjson.dumps(answer.members)
    committed = {
        "request": envelope.body,
        "content": content,
        "professional": passage.caller.professional.encode(),
    }
    if request.subject is not None:
        committed["subject"] = request.subject.as_bytes()
    if entry.log_codes is not None:
        committed["log_codes"] = entry.log_codes
    if request.justifications:
        committed["justification"] = orjson.dumps(
            request.justifications, option=orjson.OPT_SORT_KEYS
        )
    return await gate.ledger.append(
        Draft(
            type=entry.type,
            request_id=envelope.request_id,
            members=entry.members,
            committed=committed,
            subject=None if request.subject is None else request.subject.as_bytes(),
            replay=None if envelope.replay_digest is None else content,
            replay_digest=envelope.replay_digest,
        )
    )


def _day_of(at: dt.datetime) -> dt.date:
    return at.astimezone(_HOME).date()
