"""The facts that a question to the policy names, and how each can come out beside a log code."""

from collections.abc import Iterable
from typing import Final

from gateway.catalogue.model import Condition, ConditionKind

CASE: Final = "case"
"""That the requester takes part in a case of the person."""

CONSENT: Final = ConditionKind.CONSENT.value
"""That the person consented, to the purpose or to one of its fields."""

MET: Final = "met"
UNKNOWN: Final = "unknown"
NOT_MET: Final = "CONDITION_NOT_MET"


def all_met(conditions: Iterable[Condition]) -> dict[str, str]:
    """Return the outcomes with which nothing stands in the way of who makes these conditions."""
    return dict.fromkeys((CASE, CONSENT, *(condition.name for condition in conditions)), MET)
