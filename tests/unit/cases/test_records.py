"""The case store as records: what is read, and what no record can be."""

import datetime as dt

import pytest

from gateway.cases.model import Confirmation, Representation
from gateway.cases.records import RecordedCases
from gateway.errors import SourceFailed
from gateway.subject import parse_bsn
from tests.fakes_cases import MemorySource

PERSON = parse_bsn("999915563")
CONSENT: dict[str, object] = {
    "verwerking": "v",
    "gegeven_door": "jeugdige+ouder",
    "gegeven_op": "2025-10-15",
    "ingetrokken_op": None,
    "geldig_tot": "2026-10-15",
    "vorm": "overeenkomst",
}


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio, as the gateway does."""
    return "asyncio"


@pytest.mark.anyio
async def test_a_case_comes_with_its_parties() -> None:
    """Rows of two tables make one case, open or not, with the terms of its parties."""
    source = MemorySource(
        {
            "casus": [{"casus_id": "C-1", "soort": "hulp", "status": "open"}],
            "casus_partij": [
                {"casus_id": "C-1", "organisatie": "team", "van": "2025-01-01", "tot": None}
            ],
        }
    )

    (case,) = await RecordedCases(source).cases(PERSON)

    assert (case.id, case.kind, case.is_open) == ("C-1", "hulp", True)
    assert case.parties[0].takes_part_on(dt.date(2026, 3, 2))


@pytest.mark.anyio
async def test_a_consent_is_read_with_its_form() -> None:
    """Who gave it, when, until when and in which form; for this processing only."""
    store = RecordedCases(MemorySource({"toestemming": [CONSENT]}))

    (consent,) = await store.consents(PERSON, "v")

    assert consent.given_by == {"jeugdige", "ouder"}
    assert (consent.valid_until, consent.form) == (dt.date(2026, 10, 15), "overeenkomst")
    assert await store.consents(PERSON, "andere") == []


@pytest.mark.anyio
async def test_a_consent_may_lack_a_form() -> None:
    """A record from before forms were noted has none."""
    store = RecordedCases(MemorySource({"toestemming": [{**CONSENT, "vorm": None}]}))

    (consent,) = await store.consents(PERSON, "v")

    assert consent.form is None


@pytest.mark.anyio
async def test_confirmations_and_representations_are_read() -> None:
    """The answer of the source holder, and who decides for a person, each with its term."""
    store = RecordedCases(
        MemorySource(
            {
                "bron_bevestiging": [
                    {"doel": "d", "bevestigd_op": "2026-02-27", "geldig_tot": None}
                ],
                "vertegenwoordiging": [
                    {"soort": "curatele", "betreft": "alles", "vanaf": "2025-03-01", "tot": None}
                ],
            }
        )
    )

    assert await store.confirmations(PERSON, "d") == [Confirmation("d", dt.date(2026, 2, 27), None)]
    assert await store.representations(PERSON) == [
        Representation("curatele", "alles", dt.date(2025, 3, 1), None)
    ]
    store.close()


@pytest.mark.anyio
@pytest.mark.parametrize("broken", [{"gegeven_op": "ooit"}, {"gegeven_door": ""}, {"vorm": 7}])
async def test_a_record_that_is_none_is_a_failure(broken: dict[str, object]) -> None:
    """Nonsense in the store is a failure, and never a consent."""
    store = RecordedCases(MemorySource({"toestemming": [{**CONSENT, **broken}]}))

    with pytest.raises(SourceFailed):
        await store.consents(PERSON, "v")
