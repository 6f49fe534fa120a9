"""Whatever the catalogue lets a gateway record fits in a leaf."""

import pytest

from audit.entry import Json
from audit.schema import check_schema
from gateway.catalogue.model import Purpose
from tests.fakes_decision import catalogue

CATALOGUE = catalogue()
HEX = "ab" * 32


def leaf_of(purpose: Purpose) -> dict[str, Json]:
    """Return the largest leaf of a permitted disclosure for this purpose."""
    organisation = CATALOGUE.organisations[purpose.requesters[0].organisation]
    return {
        "v": 1,
        "type": "disclosure",
        "id": HEX[:32],
        "time": 1,
        "gateway": "gw-1",
        "counter": 1,
        "organisation": organisation.oin,
        "role": purpose.requesters[0].role,
        "policy": HEX,
        "subjects": 1,
        "commitments": {},
        "conditions": [{"name": each.name, "outcome": "met"} for each in purpose.conditions],
        "trace": HEX[:32],
        "span": HEX[:16],
        "task": purpose.task,
        "activity": purpose.activity,
        "purpose": purpose.id,
        "legal_basis": [f"{each.law} {each.article} ({each.gdpr})" for each in purpose.legal_basis],
        "released": [
            {"field": each.name, "precision": each.precision.label}
            for each in purpose.fields.values()
        ],
        "outcome": "permit",
        "asked": {
            "fields": "named",
            "over_asking": "withhold",
            "purposes": 1,
            "standing": "holds",
            "justified": list(purpose.fields),
        },
    }


@pytest.mark.parametrize("purpose", CATALOGUE.purposes.values(), ids=lambda purpose: purpose.id)
def test_every_purpose_can_be_recorded(purpose: Purpose) -> None:
    """No word of a purpose file keeps its disclosures out of the ledger."""
    check_schema(leaf_of(purpose))
