"""The register of processing activities (AVG article 30) that follows from the catalogue.

One activity for each purpose and each organisation that receives the answer, because the published
form knows one recipient for an activity. Nothing is added that the catalogue does not say.

Source: LDV, OpenAPI description of the register of processing activities (rvva): the members of
        ProcessingActivity, ProcessingActivityVersion and Entity; more members are allowed there.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator

from gateway.catalogue.model import Catalogue, Organisation, Purpose
from gateway.catalogue.pages.grant_words import measure_words
from gateway.catalogue.pages.grounds import (
    GROUNDS,
    dpv_terms,
    duration_of,
    grounds_of,
    special_grounds_of,
)
from gateway.catalogue.pages.limit_words import limit_sentences
from gateway.moments import midnight

_CHILD = 17


def register(
    catalogue: Catalogue, purposes: Iterable[Purpose], today: dt.date
) -> dict[str, object]:
    """Return the register of these purposes: activities, their versions, and the parties in it.

    Shapes:  ids are version 5 UUIDs of OIN and purpose id: the same in every run.
    """
    rows = list(_rows(catalogue, purposes))
    parties = {organisation.id: organisation for _, organisation in rows}
    return {
        "policy_revision": catalogue.revision,
        "processing_activities": [
            {
                "id": _activity_id(purpose, organisation),
                "active": _active(purpose, catalogue, today),
                "latestVersion": 1,
            }
            for purpose, organisation in rows
        ],
        "versions": [_version(purpose, organisation, catalogue) for purpose, organisation in rows],
        "entities": [
            {
                "id": _entity_id(organisation),
                "type": "Organisation",
                "name": organisation.name,
                "oin": organisation.oin,
                "country": "NL",
            }
            for organisation in parties.values()
        ],
    }


def _rows(
    catalogue: Catalogue, purposes: Iterable[Purpose]
) -> Iterator[tuple[Purpose, Organisation]]:
    for purpose in purposes:
        for name in dict.fromkeys(each.organisation for each in purpose.requesters):
            yield purpose, catalogue.organisations[name]


def _active(purpose: Purpose, catalogue: Catalogue, today: dt.date) -> bool:
    ended = purpose.valid_until is not None and purpose.valid_until < today
    in_force = catalogue.tasks[purpose.task].in_force_on(today)
    return in_force and purpose.valid_from <= today and not ended


def _version(
    purpose: Purpose, organisation: Organisation, catalogue: Catalogue
) -> dict[str, object]:
    task = catalogue.tasks[purpose.task]
    grounds = grounds_of(purpose)
    terms = [GROUNDS[ground].purpose for ground in grounds]
    personal: dict[str, object] = {"categories": list(purpose.fields)}
    duration = duration_of(purpose.retention)
    if duration is not None:
        personal["retentionPeriod"] = duration
    return {
        "processingActivity": _activity_id(purpose, organisation),
        "version": 1,
        "name": purpose.title,
        "purpose": ", ".join(dict.fromkeys(terms)),
        "validFrom": midnight(purpose.valid_from).isoformat(),
        "legalBasis": [GROUNDS[ground].register for ground in grounds],
        "dataSubjects": _subjects(purpose),
        "personalData": personal,
        "processingOptions": ["Obtain", "Disclose"],
        "recipients": {"legalRole": "DataController", "entityId": _entity_id(organisation)},
        "measures": _measures(purpose, catalogue),
        "dpv": {
            "purpose": list(dict.fromkeys(terms)),
            "legalBasis": dpv_terms(grounds),
            "specialCategoryBasis": dpv_terms(special_grounds_of(purpose)),
        },
        "catalogue": {
            "purpose": purpose.id,
            "task": purpose.task,
            "activity": purpose.activity,
            "law": f"{task.law} {task.article}",
            "sourceHolder": purpose.source_holder,
            "roles": [r.role for r in purpose.requesters if r.organisation == organisation.id],
            "retention": f"{purpose.retention.term} ({purpose.retention.ground})",
            "reviewBy": purpose.review_by.isoformat(),
        },
    }


def _subjects(purpose: Purpose) -> list[str]:
    """Return whom it is about, as far as the purpose says: nobody, children, or just persons."""
    if purpose.aggregated:
        return []
    highest = [c.maximum for c in purpose.conditions if c.maximum is not None]
    return ["DataSubject", *(["VulnerableHuman"] if min(highest, default=99) <= _CHILD else [])]


def _measures(purpose: Purpose, catalogue: Catalogue) -> list[dict[str, object]]:
    technical = [
        "Alleen de gegevens die dit doel nodig heeft worden bij de bron opgevraagd",
        "Elk gegeven gaat niet preciezer dan het doel nodig heeft",
        "Elke verstrekking en elke weigering staat in een register dat niet ongemerkt verandert",
        *_of_fields(purpose),
        *(nl for nl, _ in limit_sentences(catalogue, purpose)),
    ]
    organisational = [f"Bewaren: {purpose.retention.term}"]
    if purpose.inform_subject.required:
        organisational.append(f"De betrokkene wordt geïnformeerd: {purpose.inform_subject.how}")
    if purpose.secrecy is not None:
        organisational.append(f"Geheimhouding: {purpose.secrecy.law} {purpose.secrecy.article}")
    return [
        {"measureType": kind, "measure": text, "risks": []}
        for kind, texts in (("Technical", technical), ("Organisational", organisational))
        for text in texts
    ]


def _of_fields(purpose: Purpose) -> Iterator[str]:
    """Give what a value is compared with, or all that may leave of it, for each field that says."""
    for grant in purpose.fields.values():
        words = measure_words(grant)
        if words is not None:
            yield f"{grant.name}: {words[0]}"


def _activity_id(purpose: Purpose, organisation: Organisation) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{organisation.oin}/{purpose.id}"))


def _entity_id(organisation: Organisation) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, organisation.oin))
