"""Every statement by which is looked up whether something that was recorded was made."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import BindParameter, ClauseElement, bindparam, select

from gateway.cases.tables import METADATA, Kind, Prepared, prepare

_CASE, _CONSENT = (METADATA.tables[name] for name in ("case_record", "consent"))


@dataclass(frozen=True, slots=True)
class MadeStatements:
    """Finds a case, in this version or a later one, and a consent, by what its entry names."""

    case: Prepared
    consent: Prepared


@cache
def statements_for(kind: Kind) -> MadeStatements:
    """Return the statements in the words of this database's driver."""
    return MadeStatements(**{name: prepare(each, kind) for name, each in _all().items()})


def _all() -> Mapping[str, ClauseElement]:
    key: BindParameter[str] = bindparam("key")
    return {
        "case": select(_CASE.c.id).where(
            _CASE.c.ledger_key == key, _CASE.c.version >= bindparam("version")
        ),
        "consent": select(_CONSENT.c.id).where(_CONSENT.c.ledger_key == key),
    }
