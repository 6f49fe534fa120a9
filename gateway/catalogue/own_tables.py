"""The tables of cases, which the gateway keeps itself: no register is asked for them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CASES: Final = "casus"
PARTIES: Final = "casus_partij"
WORK_PLAN: Final = "werkplan"

OWN_TABLES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        CASES: frozenset({"soort", "fase", "samenwerking_stagneert"}),
        PARTIES: frozenset({"soort", "organisatie", "van", "tot"}),
        WORK_PLAN: frozenset({"soort", "partij", "status", "volgende_datum"}),
    }
)
"""The columns of each."""
