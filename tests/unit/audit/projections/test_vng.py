"""VNG: a processed object for each person who is known, with the limited members only."""

import datetime as dt
from uuid import UUID

import pytest

from audit.projections.lines import Kind, project
from audit.projections.record import activity_id
from audit.projections.vng import find_object, object_id
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.register import register
from tests.builders import ROOT
from tests.fakes_projections import (
    CONTEXT,
    OIN,
    PURPOSE,
    SANNE,
    TRACE,
    URL,
    YUSUF,
    Leaf,
    make_leaf,
    make_log,
    make_policy,
    make_refusal,
)


def objects(leaf: Leaf, *persons: str) -> list[Leaf]:
    """Return the processed objects of one entry."""
    return list(project(make_log((leaf, persons)), Kind.VNG, 0, 1, CONTEXT))


def test_an_object_shows_its_action() -> None:
    """An object names the person by pseudonym, the kinds of data, and the action."""
    (found,) = objects(make_leaf(), YUSUF)
    leaf, name = make_leaf(), str(object_id(0, YUSUF))
    action = found.pop("verwerkingsactie")

    assert found == {
        "url": f"{URL}/v1/verwerkte-objecten/{name}",
        "verwerktObjectId": name,
        "objecttype": "persoon",
        "soortObjectId": "urn:doelpoort:data-subject-key",
        "objectId": YUSUF,
        "verwerkteSoortenGegevens": [{"soortGegeven": "specialistische_hulp"}],
    }
    assert action == {
        "url": f"{URL}/v1/disclosures/{leaf['id']}/receipt",
        "actieId": str(UUID(leaf["id"])),
        "actieNaam": "Verstrekking van gegevens",
        "handelingNaam": "criteria-toetsen-zwaarte",
        "verwerkingNaam": "jeugd-toeleiding",
        "verwerkingId": str(UUID(TRACE)),
        "verwerkingsactiviteitId": activity_id(OIN, PURPOSE),
        "verwerkingsactiviteitUrl": f"{URL}/v1/purposes/{PURPOSE}",
        "vertrouwelijkheid": "normaal",
        "soortAfnemerId": "OIN",
        "afnemerId": OIN,
        "tijdstip": "2026-03-02T09:00:00.000Z",
        "tijdstipRegistratie": "2026-03-02T09:00:00.000Z",
        "verwerkteObjecten": [found],
    }


def test_a_refusal_shows_no_data() -> None:
    """A refusal processed the person, and no kind of data."""
    (found,) = objects(make_refusal(purpose=..., task=..., activity=...), YUSUF)

    assert found["verwerkteSoortenGegevens"] == []
    assert found["verwerkingsactie"]["actieNaam"] == "Weigering van een verzoek om gegevens"
    assert not {"verwerkingsactiviteitId", "handelingNaam", "verwerkingNaam"} & set(
        found["verwerkingsactie"]
    )


def test_one_person_does_not_see_the_other() -> None:
    """Of several persons each object shows that person alone, under an id of its own."""
    first, second = objects(make_leaf(subjects=2), YUSUF, SANNE)

    assert SANNE not in str(first)
    assert YUSUF not in str(second)
    assert first["verwerktObjectId"] != second["verwerktObjectId"]
    assert first["verwerkingsactie"]["actieId"] == second["verwerkingsactie"]["actieId"]


def test_an_erased_person_has_no_object() -> None:
    """After an erasure there is no object: nobody is left whose processing it would be."""
    assert objects(make_leaf(subjects=1)) == []


@pytest.mark.parametrize("position", [0, 1])
def test_an_object_is_found_by_its_id(position: int) -> None:
    """Each of several objects is found by the id that it was listed under."""
    log = make_log((make_policy(0), ()), (make_leaf(1, subjects=2), (YUSUF, SANNE)))
    each = list(project(log, Kind.VNG, 0, 2, CONTEXT))[position]

    assert find_object(log, UUID(each["verwerktObjectId"]), CONTEXT) == each


def test_an_object_keeps_its_id() -> None:
    """The erasure of one person does not give their id to another."""
    log = make_log((make_leaf(subjects=2), (YUSUF, SANNE)))
    first, second = project(log, Kind.VNG, 0, 1, CONTEXT)
    log.erase(YUSUF)

    assert find_object(log, UUID(first["verwerktObjectId"]), CONTEXT) is None
    assert find_object(log, UUID(second["verwerktObjectId"]), CONTEXT) == second


@pytest.mark.parametrize(
    "wanted",
    [object_id(7, YUSUF), object_id(0, YUSUF), object_id(1, "c" * 32), UUID(int=2**128 - 1)],
    ids=["no entry", "no decision", "no such person", "no index"],
)
def test_what_is_no_object_is_not_found(wanted: UUID) -> None:
    """An id of nothing, of another entry, or of a person who is not in the entry finds nothing."""
    log = make_log((make_policy(0), ()), (make_leaf(1, subjects=2), (YUSUF, SANNE)))

    assert find_object(log, wanted, CONTEXT) is None


def test_the_activity_is_that_of_the_register() -> None:
    """The id of the processing activity is the one that the register of article 30 has for it."""
    catalogue = load_catalogue(ROOT / "purposes", ROOT / "policies")
    listed = register(catalogue, catalogue.purposes.values(), dt.date(2026, 3, 2))
    expected = {
        activity_id(catalogue.organisations[each.organisation].oin, purpose.id)
        for purpose in catalogue.purposes.values()
        for each in purpose.requesters
    }

    activities = listed["processing_activities"]
    assert isinstance(activities, list)
    assert {each["id"] for each in activities} == expected
