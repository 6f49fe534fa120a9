"""Authorization Decision Log: exactly one record for each decision, refusals included.

Request and response stand in the body, in the terms of AuthZEN; policies, information and
configuration are references among the attributes. A refusal is a decision, so its status is `Unset`
whatever its cause: also when a source or the engine failed, the gateway decided to refuse.

Source: Logius, Authorization Decision Log, "Interface".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from audit.projections.ldv import ACTIVITY, PERSON, PERSON_TYPE
from audit.projections.record import PSEUDONYM_TYPE, Context, Recorded

EVENT: Final = "adl.access_evaluation"
# The members of a leaf that tell how the decision came out, and nothing about the person.
_OUTCOME: Final = (
    "outcome",
    "legal_basis",
    "released",
    "refused",
    "conditions",
    "obligations",
    "veiled",
)


def adl_records(recorded: Recorded, context: Context) -> Iterator[dict[str, Any]]:
    """Give the one record of a decision.

    Units:   timestamp in ms since 1970.
    """
    leaf = recorded.leaf
    yield {
        "trace_id": leaf["trace"],
        "span_id": recorded.span,
        "parent_span_id": leaf["span"],
        "event_name": EVENT,
        "timestamp": leaf["time"],
        "status": "Unset",
        "attributes": _attributes(recorded, context),
        "resource": context.resource(leaf),
        "body": {"adl.core.request": _request(recorded), "adl.core.response": _response(recorded)},
    }


def _attributes(recorded: Recorded, context: Context) -> dict[str, Any]:
    leaf = recorded.leaf
    attributes: dict[str, Any] = {
        "adl.core.policies": {"catalogue": leaf["policy"]},
        "adl.core.information": {"ledger": leaf["id"]},
        "adl.core.configuration": {"gateway": leaf["gateway"]},
        ACTIVITY: context.activity_url(leaf),
    }
    if pseudonym := _one_person(recorded):
        attributes |= {PERSON: pseudonym, PERSON_TYPE: PSEUDONYM_TYPE}
    return attributes


def _request(recorded: Recorded) -> dict[str, Any]:
    leaf = recorded.leaf
    resource: dict[str, Any] = {"type": "client", "properties": {"fields": _fields(leaf)}}
    if pseudonym := _one_person(recorded):
        resource["id"] = pseudonym
    declared = {name: leaf[name] for name in ("task", "activity", "purpose") if name in leaf}
    return {
        "subject": {
            "type": "organisation",
            "id": leaf["organisation"],
            "properties": {"role": leaf["role"]},
        },
        "action": {"name": "disclose", "properties": declared},
        "resource": resource,
        "context": leaf.get("asked", {}),
    }


def _response(recorded: Recorded) -> dict[str, Any]:
    leaf = recorded.leaf
    return {
        "decision": recorded.released,
        "context": {
            "id": leaf["id"],
            "policy_revision": leaf["policy"],
            "subjects": leaf["subjects"],
            **{name: leaf[name] for name in _OUTCOME if name in leaf},
        },
    }


def _fields(leaf: Mapping[str, Any]) -> list[str]:
    named = [*leaf.get("released", ()), *leaf.get("refused", ())]
    return list(dict.fromkeys(each["field"] for each in named if "field" in each))


def _one_person(recorded: Recorded) -> str | None:
    """Return the person, if it is one: the lines of several are joined by the span instead."""
    return recorded.pseudonyms[0] if recorded.pseudonyms and not recorded.several else None
