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

Where the policy draws a veil, 4 to 8 are the same for everybody: see gateway/veil.py.

Whatever fails ends the request; 7 comes before 8, for refusals too. Where 4 lacks nothing but the
word of the professional who holds the answer, the request waits for it: what is recorded then is
that nothing was released, and the whole list is gone through again once the word is there.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from audit.entry import Receipt
from audit.ledger import Ledger
from gateway.aggregates.figures import NO_FIGURES, Figures
from gateway.answer import Answer, data_in, utc_text
from gateway.cases.finder import FactFinder, Inquiry, Outcomes
from gateway.catalogue.model import Catalogue, ConditionKind, FieldGrant, Purpose, Veil
from gateway.catalogue.occasion import Occasion, Pseudonymise
from gateway.catalogue.outcomes import CASE, MET, UNKNOWN
from gateway.counting import give_back, record, take_place
from gateway.decision.decide import Decider
from gateway.decision.model import Code, Decision, Permit, Question, Refuse, Standing
from gateway.declaring import declare
from gateway.errors import SourceFailed
from gateway.identity.tokens import VerifiedCaller
from gateway.moments import home_day
from gateway.mosaic.rules import Place
from gateway.mosaic.store import Guard
from gateway.outcome import Ready, purpose_of, refused, released, withdrawn
from gateway.passage import Acting, Envelope, Passage, Request, Word, justified
from gateway.sources.foreseen import foreseen
from gateway.sources.reading import read_fields
from gateway.sources.source import Source
from gateway.veil import AT_ONCE, Pace, as_inside, find_outside, says_yes

Note = Callable[[dt.date, str, Mapping[str, object]], None]
"""Counts, over many people, whether the source knew the fields of a purpose."""


Hold = Callable[[], Code | None]
"""Says why nothing may be released now, whoever asks; None lets releases go on."""


Ask = Callable[[Passage, Refuse, Permit], Awaitable[tuple[Answer, Receipt]]]
"""Keeps a request for the professional who holds the answer, once its entry stands: what it lacks
without that answer, and what it would be given with it."""


Pseudonyms = Callable[[str, str], Pseudonymise | None]
"""Names values to one organisation, by its OIN, for one purpose; None leaves them unknown."""


def release_all() -> None:
    """Hold nothing: the ledger of this gate has no witnesses to wait for."""


def _note_nothing(_day: dt.date, _purpose: str, _values: Mapping[str, object]) -> None:
    """Count nothing: a gate without a tally."""


def _no_pseudonyms(_oin: str, _purpose: str) -> None:
    """Name nothing: a gate without the key of the pseudonyms."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Everything one request passes through, wired together once."""

    catalogue: Catalogue
    decider: Decider
    facts: FactFinder
    source: Source
    ledger: Ledger
    now: Callable[[], dt.datetime]
    hold: Hold
    guard: Guard
    pace: Callable[[Veil | None], Pace]
    note: Note = _note_nothing
    pseudonyms: Pseudonyms = _no_pseudonyms
    figures: Figures = NO_FIGURES


async def disclose(
    gate: Gate,
    caller: VerifiedCaller,
    request: Request,
    envelope: Envelope,
    ask: Ask | None = None,
) -> tuple[Answer, Receipt]:
    """Answer one request, and return nothing that does not stand in the ledger.

    Effects: one ledger entry, durable before this returns; reads of the sources and the case store.
             With `ask`, a question is kept where nothing but its answer is missing.
    Raises:  an AuditError when the entry could not be made durable; then nothing is released.
    """
    passage = arrive(gate, caller, request, envelope)
    pace = gate.pace(_veil_of(passage))
    facts = await _gather_facts(gate, passage)
    passage, facts = _behind_veil(passage, facts)
    decision = await gate.decider.decide(_question(passage, facts))
    place: Place | None = None
    match decision:
        case Permit():
            ready = await fulfil(gate, passage, decision, pace)
            if isinstance(ready, Ready):
                place = ready.place
                answer, draft = released(gate.catalogue, passage, decision, ready)
            else:
                answer, draft = refused(gate.catalogue, passage, ready)
        case Refuse():
            if ask is not None and (hoped := await _with_word(gate, passage, facts)) is not None:
                return await ask(passage, decision, hoped)
            answer, draft = refused(gate.catalogue, passage, decision)
        case other:
            assert_never(other)
    await pace.beat()
    receipt = await record(gate, draft, place)
    await pace.beat()
    return answer, receipt


async def repeat(
    gate: Gate, caller: VerifiedCaller, request: Request, envelope: Envelope, kept: Answer
) -> tuple[Answer, Receipt] | None:
    """Return what is answered instead of an answer that may not be given again; None when it may.

    A membership, a mandate or a consent that ended since, ends the repeating too.

    Effects: one ledger entry for a refusal, under the id of this envelope; else none, as the entry
             of the answer stands.
    Raises:  an AuditError when the refusal cannot be recorded; then nothing may be repeated.
    """
    passage = arrive(gate, caller, request, envelope)
    pace = gate.pace(_veil_of(passage))
    passage, facts = _behind_veil(passage, await _gather_facts(gate, passage))
    decision = await gate.decider.decide(_question(passage, facts))
    if isinstance(decision, Permit) and not data_in(kept).keys() <= set(decision.fields):
        decision = withdrawn(decision, Code.ANSWER_NARROWED)
    if passage.outside is not None and says_yes(data_in(kept)):
        # Whoever stood in the case then and does not now hears what everybody outside hears.
        return await disclose(gate, caller, request, envelope)
    told: tuple[Answer, Receipt] | None = None
    await pace.beat()
    if isinstance(decision, Refuse):
        answer, draft = refused(gate.catalogue, passage, decision)
        told = answer, await gate.ledger.append(draft)
    await pace.beat()
    return told


def arrive(
    gate: Gate,
    caller: Acting,
    request: Request,
    envelope: Envelope,
    word: Word | None = None,
) -> Passage:
    """Return the request on its way; `word` is what the holder of the answer has said to it."""
    return Passage(
        caller,
        request,
        envelope,
        declare(gate.catalogue, gate.decider.parties, caller, request),
        gate.now(),
        word,
    )


async def decide(gate: Gate, passage: Passage) -> Decision:
    """Return what the policy says of this request on the facts of now: steps 3 and 4."""
    facts = await _gather_facts(gate, passage)
    return await gate.decider.decide(_question(passage, facts))


async def fulfil(
    gate: Gate, passage: Passage, permit: Permit, pace: Pace = AT_ONCE
) -> Ready | Refuse:
    """Return the data of a permit, or why nothing may leave now: steps 5 and 6.

    Effects: takes a place where answers are counted. Who does not release what is ready gives its
             place back; see gateway/counting.py.
    """
    held = gate.hold()
    if held is not None:
        return withdrawn(permit, held)
    place = await take_place(gate, passage, permit)
    if isinstance(place, Refuse):
        return place
    try:
        return Ready(await _retrieve(gate, passage, permit, pace), place)
    except SourceFailed:
        await give_back(gate, place)
        return withdrawn(permit, Code.SOURCE_FAILED)


async def _with_word(gate: Gate, passage: Passage, facts: Outcomes) -> Permit | None:
    """Return what would be given if the professional who holds the answer gave it."""
    purpose = passage.declaration.purpose
    if purpose is None or purpose.answer is None or passage.request.subject is None:
        return None
    words = _words_of(purpose)
    if any(facts.get(name) == UNKNOWN for name in words):
        # Whether somebody answered before cannot be seen now, and so not whether to ask.
        return None
    given = facts | dict.fromkeys(words, MET)
    decision = await gate.decider.decide(_question(passage, given))
    if isinstance(decision, Permit) and purpose.answer.field in decision.fields:
        return decision
    return None


def _words_of(purpose: Purpose) -> list[str]:
    return [c.name for c in purpose.conditions if c.kind is ConditionKind.SOURCE_CONFIRMATION]


async def _gather_facts(gate: Gate, passage: Passage) -> Outcomes:
    """Fetch what the purpose names, once the party policy lets this caller come that far."""
    declaration, request = passage.declaration, passage.request
    about_group = declaration.purpose is not None and declaration.purpose.aggregated
    if declaration.standing is not Standing.HOLDS or about_group is not (request.subject is None):
        return {}
    if declaration.purpose is None and _is_near_veil(gate.catalogue, passage):
        # It is refused for want of one purpose, and not for what its subject is to the requester.
        return {CASE: MET}
    inquiry = _inquiry(gate, passage)
    facts = await gate.facts.gather(inquiry, declaration.purpose, _asked(passage))
    if passage.word is not None and declaration.purpose is not None:
        # It was given to this question, so it stands for this request and for no other.
        facts |= {name: MET for name in _words_of(declaration.purpose) if name in facts}
    return facts


def _is_near_veil(catalogue: Catalogue, passage: Passage) -> bool:
    """Tell whether a purpose behind a veil is among those that are named, or of the step."""
    asked = passage.request
    named = [catalogue.purposes[name] for name in asked.purposes if name in catalogue.purposes]
    of_step = catalogue.purposes_of(asked.task, asked.activity)
    return any(purpose.veil is not None for purpose in (*named, *of_step))


def _veil_of(passage: Passage) -> Veil | None:
    purpose = passage.declaration.purpose
    return None if purpose is None else purpose.veil


def _behind_veil(passage: Passage, facts: Outcomes) -> tuple[Passage, Outcomes]:
    """Let who has no part in the person go on, where the policy lets nobody see that."""
    purpose = passage.declaration.purpose
    outside = find_outside(purpose, facts)
    if purpose is None or outside is None:
        return passage, facts
    inside = as_inside(purpose, facts, passage.request.claims)
    return replace(passage, outside=outside), inside


def _inquiry(gate: Gate, passage: Passage) -> Inquiry:
    request, caller = passage.request, passage.caller
    return Inquiry(
        subject=request.subject,
        organisation=caller.organisation,
        case_kinds=passage.declaration.case_kinds,
        case_id=request.case,
        day=home_day(passage.at),
        claims=request.claims,
        mandates=gate.catalogue.mandates_of(caller.organisation, caller.role),
        role=caller.role,
        emergency=request.emergency is not None,
    )


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
        date=home_day(passage.at).isoformat(),
        emergency=request.emergency is not None,
    )


async def _retrieve(gate: Gate, passage: Passage, permit: Permit, pace: Pace) -> dict[str, object]:
    """Fetch the permitted fields and bring each value down to its precision.

    Raises: SourceFailed.
    """
    purpose, word = purpose_of(passage), passage.word
    said = {} if word is None else {word.field: (word.value, word.at)}
    grants = [purpose.fields[name] for name in permit.fields if name not in said]
    read = await _read(gate, passage, grants, pace)
    now = gate.now()
    known = {name: (value, now) for name, value in read.items()} | said
    values = {name: known[name] for name in permit.fields}
    if passage.outside is None:
        found = {name: value for name, (value, _) in values.items()}
        gate.note(home_day(passage.at), purpose.id, found)
    return {
        name: {
            "value": value,
            "precision": purpose.fields[name].precision.label,
            "as_of": utc_text(at),
        }
        for name, (value, at) in values.items()
    }


async def _read(
    gate: Gate, passage: Passage, grants: Sequence[FieldGrant], pace: Pace
) -> dict[str, object]:
    """Return each value at its precision; behind a veil, what is silent or not asked is unknown.

    Raises: SourceFailed.
    """
    purpose = purpose_of(passage)
    unknown = dict.fromkeys(grant.name for grant in grants)
    if passage.outside is not None:
        return unknown
    source = gate.facts.beside(gate.source, _inquiry(gate, passage), purpose)
    oin = gate.catalogue.organisations[passage.caller.organisation].oin
    occasion = Occasion(home_day(passage.at), gate.pseudonyms(oin, purpose.id))
    try:
        with foreseen("a source"):
            reading = read_fields(
                source,
                passage.request.subject,
                [grant for grant in grants if grant.cells is None],
                occasion,
                silence_is_unknown=purpose.silence_is_unknown,
            )
            read = await pace.in_time(reading)
            return read | await gate.figures.read(purpose, grants, home_day(passage.at))
    except SourceFailed:
        if purpose.veil is None:
            raise
        return unknown
