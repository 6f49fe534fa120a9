"""The project's own catalogue as a policy, and the same with one thing changed."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from gateway.catalogue.compare import MayDeclare, Policy
from gateway.catalogue.model import Catalogue, Condition, Purpose, Requester
from tests.fakes_decision import catalogue

FLAG = "lichte-of-zware-hulp"
SCHOOL = "weten-dat-leerling-geholpen-wordt"
SCOOTER = "hulpvraag-afbakenen"
CONSULTANT = Requester("consulent-jeugd", "gem-toegang-jeugd")

Make = Callable[[Purpose], Purpose]


def everybody(_requester: Requester, _task: str, _activity: str) -> bool:
    """Let every requester declare everything, as a party policy without limits would."""
    return True


def policy(
    changed: Catalogue | None = None, *, may_declare: MayDeclare = everybody, rules: str = "rego"
) -> Policy:
    """Return the project's own policy, or one with this catalogue."""
    return Policy(changed or catalogue(), may_declare, rules)


def with_purpose(name: str, make: Make) -> Catalogue:
    """Return the catalogue with one purpose made otherwise."""
    purposes = dict(catalogue().purposes)
    purposes[name] = make(purposes[name])
    return replace(catalogue(), purposes=MappingProxyType(purposes))


def with_grant(
    name: str,
    field: str,
    **changes: Any,  # noqa: ANN401 - any member may change
) -> Catalogue:
    """Return the catalogue with one grant of one purpose changed."""

    def make(purpose: Purpose) -> Purpose:
        fields = dict(purpose.fields)
        fields[field] = replace(fields[field], **changes)
        return replace(purpose, fields=MappingProxyType(fields))

    return with_purpose(name, make)


def without_field(name: str, field: str) -> Catalogue:
    """Return the catalogue in which one purpose lacks one field."""

    def make(purpose: Purpose) -> Purpose:
        fields = {key: grant for key, grant in purpose.fields.items() if key != field}
        return replace(purpose, fields=MappingProxyType(fields))

    return with_purpose(name, make)


def say(condition: Condition) -> tuple[str, str]:
    """Say a condition by its name."""
    return condition.name, condition.name
