"""VNG verwerkingenlogging, the read model: a processed object for each person who is still known.

`systeem`, `gebruiker` and `gegevensbron` are never there. An object shows the action it was part
of, and in that action itself only: never the other persons of the same disclosure.

Source: VNG Realisatie, Inzage API voor logging van verwerkingen 0.9, VerwerktObjectUitgebreid.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from audit.entry import MAX_INT
from audit.projections.record import PSEUDONYM_TYPE, Context, Recorded, Records, activity_id
from audit.projections.window import Wanted, matching

OBJECT_TYPE: Final = "persoon"
_RELEASED: Final = "Verstrekking van gegevens"
_ANSWERED: Final = "Beantwoording van een vraag met ja of nee"
_REFUSED: Final = "Weigering van een verzoek om gegevens"
_HALF: Final = 16  # hex digits of a UUID


def vng_objects(recorded: Recorded, context: Context) -> Iterator[dict[str, Any]]:
    """Give the processed objects of one decision, each with its action."""
    for pseudonym in recorded.pseudonyms:
        basis = _basis(recorded, pseudonym, context)
        yield basis | {"verwerkingsactie": _action(recorded.leaf, context, basis)}


def object_id(index: int, pseudonym: str) -> UUID:
    """Give the id of one person's part in one entry, from which the entry is found again.

    Shapes:  64 bits of the index of the entry, and 64 of the random pseudonym.
    """
    return UUID(f"{index:016x}{pseudonym[-_HALF:]}")


def find_object(records: Records, wanted: UUID, context: Context) -> dict[str, Any] | None:
    """Give the processed object of this id; None if there is none or the person was erased."""
    index = int(wanted.hex[:_HALF], 16)
    if index >= MAX_INT:
        return None
    for recorded in matching(records, range(index, index + 1), Wanted()):
        for each in vng_objects(recorded, context):
            if each["verwerktObjectId"] == str(wanted):
                return each
    return None


def _basis(recorded: Recorded, pseudonym: str, context: Context) -> dict[str, Any]:
    name = str(object_id(recorded.index, pseudonym))
    return {
        "url": f"{context.public_url}/v1/verwerkte-objecten/{name}",
        "verwerktObjectId": name,
        "objecttype": OBJECT_TYPE,
        "soortObjectId": PSEUDONYM_TYPE,
        "objectId": pseudonym,
        "verwerkteSoortenGegevens": [
            {"soortGegeven": each["field"]} for each in recorded.leaf.get("released", ())
        ],
    }


def _action(leaf: Mapping[str, Any], context: Context, basis: Mapping[str, Any]) -> dict[str, Any]:
    moment = _moment(leaf["time"])
    action = {
        "url": f"{context.public_url}/v1/disclosures/{leaf['id']}/receipt",
        "actieId": str(UUID(leaf["id"])),
        "actieNaam": _name(leaf),
        "verwerkingId": str(UUID(leaf["trace"])),
        "verwerkingsactiviteitUrl": context.activity_url(leaf),
        "vertrouwelijkheid": "normaal",
        "soortAfnemerId": "OIN",
        "afnemerId": leaf["organisation"],
        "tijdstip": moment,
        "tijdstipRegistratie": moment,
        "verwerkteObjecten": [dict(basis)],
    }
    for member, ours in (("handelingNaam", "activity"), ("verwerkingNaam", "task")):
        if ours in leaf:
            action[member] = leaf[ours]
    if "purpose" in leaf:
        action["verwerkingsactiviteitId"] = activity_id(leaf["organisation"], leaf["purpose"])
    return action


def _name(leaf: Mapping[str, Any]) -> str:
    if leaf.get("veiled") is True:
        return _ANSWERED
    return _REFUSED if leaf["type"] == "refusal" else _RELEASED


def _moment(time_ms: int) -> str:
    at = dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
