"""What of a step stands in the ledger: words of the catalogue, random keys, and never a person."""

from collections.abc import Mapping

from audit.entry import Draft, EntryType, Json
from gateway.cases.machine import Step
from gateway.cases.model import Actor, CaseRecord, ConsentRecord
from gateway.catalogue.model import Catalogue
from gateway.subject import Subject

GIVEN, WITHDRAWN, EXPIRED = "given", "withdrawn", "expired"
"""The words by which steps with a consent stand in the ledger."""

QUESTION_READ = "question_read"
"""The word by which a look at a question to a professional stands in the ledger."""

REPRESENTED, REPRESENTATION_ENDED = "represented", "representation_ended"
"""The words by which it stands in the ledger that somebody decides for a person, or no longer."""


def case_draft(
    catalogue: Catalogue, actor: Actor, record: CaseRecord, step: Step, request_id: str
) -> Draft:
    """Return the entry of a step, with the phase and version that the case has after it."""
    case = record.case
    members: dict[str, Json] = {
        "case": record.ledger_key,
        "kind": case.kind,
        "beginning": case.beginning.value,
        "phase": case.phase.value,
        "step": step.value,
        "version": record.version,
        **_by(catalogue, actor),
    }
    return _draft(EntryType.CASE, request_id, members, actor, record.subject)


def with_party(catalogue: Catalogue, draft: Draft, organisation: str) -> Draft:
    """Return the entry with the OIN of the party that joined or left."""
    known = catalogue.organisations.get(organisation)
    party: dict[str, Json] = {} if known is None else {"party": known.oin}
    return Draft(
        draft.type, draft.request_id, {**draft.members, **party}, draft.committed, draft.subject
    )


def consent_draft(
    catalogue: Catalogue, actor: Actor, record: ConsentRecord, step: str, request_id: str
) -> Draft:
    """Return the entry of a consent that was given or withdrawn, or that ran out."""
    consent = record.consent
    members: dict[str, Json] = {
        "consent": record.ledger_key,
        "fields": sorted(consent.fields),
        "processing": consent.processing,
        "step": step,
        **_by(catalogue, actor),
    }
    if consent.purpose is not None:
        members["purpose"] = consent.purpose
    return _draft(EntryType.CONSENT, request_id, members, actor, record.subject)


def representation_draft(
    catalogue: Catalogue, actor: Actor, subject: Subject, step: str, request_id: str
) -> Draft:
    """Return the entry of a change in who decides for a person."""
    members: dict[str, Json] = {"step": step, **_by(catalogue, actor)}
    return _draft(EntryType.CASE, request_id, members, actor, subject)


def correction_draft(entry: Draft, request_id: str) -> Draft:
    """Return the entry that says of another one, about the same person, that it was not done."""
    members: dict[str, Json] = {"entry": entry.request_id, "reason": "not_carried_out"}
    return Draft(EntryType.CORRECTION, request_id, members, subject=entry.subject)


def _by(catalogue: Catalogue, actor: Actor) -> Mapping[str, Json]:
    return {
        "organisation": catalogue.organisations[actor.organisation].oin,
        "role": actor.role,
        "policy": catalogue.revision,
    }


def _draft(
    kind: EntryType,
    request_id: str,
    members: Mapping[str, Json],
    actor: Actor,
    subject: Subject,
) -> Draft:
    committed = {"professional": actor.professional.encode(), "subject": subject.as_bytes()}
    return Draft(kind, request_id, members, committed, subject.as_bytes())
