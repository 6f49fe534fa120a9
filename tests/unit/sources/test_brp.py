"""The adapter of the BRP API, over the published test persons and the published OpenAPI."""

import json
import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.errors import SourceFailed, SourceInvalid, SubjectInvalid
from gateway.sources.breaker import FAILURES
from gateway.sources.groups import GroupQuery
from gateway.sources.mapped import MappedSources
from gateway.sources.source import Query, Row
from gateway.subject import Subject, parse_bsn
from tests.builders import NOBODY, ROOT
from tests.counterparts.brp import BrpApi
from tests.counterparts.listening import Listening, Reply, listening
from tests.counterparts.registers import mapped

pytestmark = pytest.mark.anyio

SHARED = Path(os.environ.get("DOELPOORT_SHARED", ROOT.parent / "shared")) / "standards" / "brp"
SUZANNE = "999993653"
# The published number that fails the elfproef; the gateway never asks about it.
WRONG = "010008579"

# Nothing here is about time: a machine that is busy must not look like a source that is slow.
MAPPING = """
deadline_ms: 30000
sources:
  brp: {{kind: brp, address: '{url}', deadline_ms: 30000}}
tables:
  brp:
    source: brp
    at: personen
    subject: burgerservicenummer
    columns:
      voornamen: {{at: naam.voornamen, type: text}}
      geboortedatum: {{at: geboorte.datum, type: date, form: brp_date}}
      geheim: {{at: geheimhoudingPersoonsgegevens, type: boolean, absent: false}}
      opgeschort: {{at: opschortingBijhouding.reden.code, type: text}}
      gemeente: {{at: gemeenteVanInschrijving.code, type: text}}
  kind:
    source: brp
    at: personen.kinderen
    subject: burgerservicenummer
    columns:
      voornamen: {{at: naam.voornamen, type: text}}
      geboortedatum: {{at: geboorte.datum, type: date, form: brp_date}}
"""


@pytest.fixture(scope="module")
def published() -> BrpApi:
    """Give the API over the published persons."""
    if not SHARED.is_dir():
        pytest.skip("the published OpenAPI is not here")
    return BrpApi(SHARED)


@pytest.fixture
def api(published: BrpApi) -> Iterator[Listening]:
    """Give the API on an address of its own."""
    published.asked_fields.clear()
    published.forbidden.clear()
    with listening(published) as web:
        yield web


@pytest.fixture
async def source(api: Listening, tmp_path: Path) -> AsyncIterator[MappedSources]:
    """Give the adapter over the API."""
    opened = mapped(MAPPING.format(url=api.url), tmp_path)
    yield opened
    await opened.aclose()


async def rows(source: MappedSources, bsn: str, *columns: str, table: str = "brp") -> list[Row]:
    """Ask for columns of one person."""
    (found,) = await source.rows(parse_bsn(bsn), [Query(table, columns, ())])
    return list(found)


async def test_a_person_is_read_with_the_asked_fields_only(
    source: MappedSources, published: BrpApi
) -> None:
    """One field is asked, and one field comes."""
    found = await rows(source, SUZANNE, "geboortedatum")

    assert found == [{"geboortedatum": "1985-12-01"}]
    assert published.asked_fields == [["geboorte.datum"]]


async def test_nothing_is_counted(source: MappedSources, api: Listening) -> None:
    """The API tells of one person at a time: a count is refused, and nothing is asked."""
    query = GroupQuery("brp", ("gemeente",), (), "opgeschort", (2024, 2025))

    with pytest.raises(SourceFailed, match="does not answer"):
        await source.groups(query)

    assert api.heard == []


async def test_the_number_stands_in_the_body_alone(source: MappedSources, api: Listening) -> None:
    """No address and no header holds the number."""
    await rows(source, SUZANNE, "voornamen")

    (heard,) = api.heard
    assert SUZANNE not in f"{heard.path}{heard.headers}"
    assert SUZANNE in heard.body.decode()


async def test_two_looks_are_one_request(source: MappedSources, published: BrpApi) -> None:
    """What stands in one answer is asked for once."""
    queries = [Query("brp", ("voornamen",), ()), Query("kind", ("geboortedatum",), ())]

    first, second = await source.rows(parse_bsn(SUZANNE), queries)

    assert (first, second) == ([{"voornamen": "Suzanne"}], [])
    assert published.asked_fields == [["kinderen.geboorte.datum", "naam.voornamen"]]


@pytest.mark.parametrize("columns", [("geheim",), ("geheim", "opgeschort"), ()])
async def test_what_comes_by_itself_is_not_asked_for(
    source: MappedSources, published: BrpApi, columns: tuple[str, ...]
) -> None:
    """The API refuses to be asked for what it delivers anyway."""
    await rows(source, SUZANNE, *columns)

    assert published.asked_fields == [["burgerservicenummer"]]


async def test_every_published_person_can_be_read(source: MappedSources, published: BrpApi) -> None:
    """Whatever the dates of the test set look like, each person has an answer."""
    numbers = sorted(set(published.persons) - {WRONG})

    found = [(await rows(source, number, "geboortedatum", "geheim"))[0] for number in numbers]

    known = {str(each["geboortedatum"])[4:] for each in found}
    assert len(found) > 600
    assert "-00-00" in known
    assert {each["geheim"] for each in found} == {True, False}


def test_the_published_number_that_fails_the_elfproef_is_never_asked() -> None:
    """A number that is none stops before any source, and is not repeated."""
    with pytest.raises(SubjectInvalid, match="elfproef") as caught:
        parse_bsn(WRONG)

    assert WRONG not in str(caught.value)


async def test_nobody_has_no_rows(source: MappedSources) -> None:
    """A number that the BRP does not know is an empty answer."""
    assert await rows(source, NOBODY, "voornamen", "geheim") == []


async def test_a_field_that_is_not_allowed_refuses_and_names_no_person(
    source: MappedSources, published: BrpApi, caplog: pytest.LogCaptureFixture
) -> None:
    """A 403 is no answer; the log has its code, and the source is not left alone for it."""
    published.forbidden.add("naam.voornamen")

    for _ in range(6):
        with pytest.raises(SourceFailed, match="does not answer this question"):
            await rows(source, SUZANNE, "voornamen")

    assert "403 unauthorizedField" in caplog.text
    assert SUZANNE not in caplog.text
    assert await rows(source, SUZANNE, "geboortedatum") == [{"geboortedatum": "1985-12-01"}]


def answer(person: object, **changes: object) -> Reply:
    """Return what the API might say about one person."""
    kind = "RaadpleegMetBurgerservicenummer"
    return Reply(200, json.dumps({"type": kind, "personen": [person], **changes}).encode())


@pytest.mark.parametrize(
    ("datum", "read"),
    [
        ({"type": "Datum", "datum": "2004-02-29"}, "2004-02-29"),
        ({"type": "JaarMaandDatum", "jaar": 1999, "maand": 7}, "1999-07-00"),
        ({"type": "JaarDatum", "jaar": 1999}, "1999-00-00"),
        ({"type": "DatumOnbekend", "onbekend": True}, None),
        ({"type": "Datum", "datum": "2003-02-29"}, None),
        ({"type": "Datum"}, None),
        ({"type": "JaarDatum", "jaar": "1999"}, None),
        ("2004-02-29", None),
        ([], None),
    ],
)
async def test_as_much_of_a_date_is_read_as_is_known(
    source: MappedSources, api: Listening, datum: object, read: str | None
) -> None:
    """What is not known of a date is written as 00; what is no date is unknown."""
    api.say = lambda _heard: answer({"geboorte": {"datum": datum}})

    assert await rows(source, SUZANNE, "geboortedatum") == [{"geboortedatum": read}]


async def test_what_is_being_looked_into_is_unknown(source: MappedSources, api: Listening) -> None:
    """A value under investigation is not passed on as if it were certain; others are."""
    naam = {"voornamen": "Suzanne", "inOnderzoek": {"geslachtsnaam": True}}
    geboorte = {
        "datum": {"type": "Datum", "datum": "1985-12-01"},
        "inOnderzoek": {"datum": True},
    }
    api.say = lambda _heard: answer({"naam": naam, "geboorte": geboorte})

    found = await rows(source, SUZANNE, "geboortedatum", "voornamen")

    assert found == [{"geboortedatum": None, "voornamen": "Suzanne"}]


async def test_children_are_rows(source: MappedSources, api: Listening) -> None:
    """A list below the person has a row for each of its items."""
    kinderen = [{"naam": {"voornamen": "Noor"}}, {"naam": {"voornamen": "Sem"}}]
    api.say = lambda _heard: answer({"kinderen": kinderen})

    names = await rows(source, SUZANNE, "voornamen", table="kind")

    assert names == [{"voornamen": "Noor"}, {"voornamen": "Sem"}]


@pytest.mark.parametrize(
    "reply",
    [
        answer({}, personen=[{}, {}]),
        answer({}, personen={}),
        answer({}, type="ZoekMetPostcodeEnHuisnummer"),
        Reply(200, b"[]"),
        Reply(200, b"geen json"),
        Reply(204),
        Reply(302, headers={"location": "/elders"}),
        Reply(429),
        Reply(500, b"geheim"),
        Reply(503, b"geheim"),
        Reply(200, b"{" + b" " * 1_100_000),
        Reply(200, b"[" * 5_000 + b"]" * 5_000),
        Reply(200, b"[" * 40 + b"]" * 40),
        Reply(200, b"\x1f\x8b", {"content-encoding": "gzip"}),
    ],
)
async def test_anything_else_is_no_answer(
    source: MappedSources, api: Listening, reply: Reply
) -> None:
    """Two persons, another form, a redirect, too much or too deep: refused, whatever it holds."""
    api.say = lambda _heard: reply

    with pytest.raises(SourceFailed) as caught:
        await rows(source, SUZANNE, "voornamen")

    assert "geheim" not in f"{caught.value}{caught.value.__cause__}"


@pytest.mark.parametrize(
    ("reply", "asked"),
    [
        (answer({}, personen=[{}, {}]), FAILURES + 1),
        (Reply(200, b"{" + b" " * 1_100_000), FAILURES + 1),
        (Reply(200, b'{"type": "\xff'), FAILURES + 1),
        (Reply(200, b'{"a":' * 40 + b"1" + b"}" * 40), FAILURES + 1),
        (Reply(400), FAILURES + 1),
        (answer({}, type="ZoekMetPostcodeEnHuisnummer"), FAILURES),
        (Reply(200, b"<html>geen json"), FAILURES),
        (Reply(200, b"\x1f\x8b", {"content-encoding": "gzip"}), FAILURES),
        (Reply(302, headers={"location": "/elders"}), FAILURES),
        (Reply(401), FAILURES),
        (Reply(429), FAILURES),
        (Reply(500), FAILURES),
    ],
)
async def test_only_an_ill_source_is_left_alone(
    source: MappedSources, api: Listening, reply: Reply, asked: int
) -> None:
    """An answer that is odd about one person, or a refusal, closes the source for nobody."""
    api.say = lambda _heard: reply

    for _ in range(FAILURES + 1):
        with pytest.raises(SourceFailed):
            await rows(source, SUZANNE, "voornamen")

    assert len(api.heard) == asked


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("body", [b"", b"geheim", b'{"code": "met spatie"}', b'{"code": 3}'])
async def test_a_refusal_of_any_form_is_a_refusal(
    source: MappedSources,
    api: Listening,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: bytes,
) -> None:
    """Only a code of letters reaches the log."""
    api.say = lambda _heard: Reply(status, body)

    with pytest.raises(SourceFailed):
        await rows(source, SUZANNE, "voornamen")

    assert "geheim" not in caplog.text
    assert "spatie" not in caplog.text


async def test_figures_are_not_asked_of_the_brp(source: MappedSources) -> None:
    """There is no question about nobody."""
    with pytest.raises(SourceFailed):
        await source.rows(None, [Query("brp", ("voornamen",), ())])


async def test_the_probe_asks_about_nobody(
    source: MappedSources, published: BrpApi, api: Listening
) -> None:
    """Whether the fields exist is learnt without a person."""
    source.probe("brp")

    bodies = [json.loads(heard.body)["burgerservicenummer"] for heard in api.heard]
    assert bodies == [["000000000"]]
    assert "kinderen.naam.voornamen" in published.asked_fields[0]


def test_the_probe_names_a_field_that_does_not_exist(api: Listening, tmp_path: Path) -> None:
    """A typing error in the mapping is told by its path."""
    text = MAPPING.format(url=api.url).replace("naam.voornamen", "naam.voornaam")
    wrong = mapped(text, tmp_path)

    with pytest.raises(SourceInvalid, match=r"kinderen\.naam\.voornaam: paramsValidation"):
        wrong.probe("brp")


async def test_the_probe_names_what_is_not_allowed(
    source: MappedSources, published: BrpApi
) -> None:
    """Without an authorisation the gateway does not start as if it had one."""
    published.forbidden.add("naam.voornamen")

    with pytest.raises(SourceInvalid, match="unauthorizedField"):
        source.probe("brp")


def test_a_probe_that_is_refused_without_words_is_a_refusal(api: Listening, tmp_path: Path) -> None:
    """A refusal without a problem document is no silence."""
    source = mapped(MAPPING.format(url=api.url), tmp_path)
    api.say = lambda _heard: Reply(403)

    with pytest.raises(SourceInvalid, match="without a code"):
        source.probe("brp")


def test_a_table_of_the_brp_lives_below_persons(api: Listening, tmp_path: Path) -> None:
    """Any other place is a mistake."""
    wrong = mapped(MAPPING.format(url=api.url).replace("at: personen\n", "at: huizen\n"), tmp_path)

    with pytest.raises(SourceInvalid, match="personen"):
        wrong.probe("brp")


async def test_a_subject_is_masked_wherever_it_is_shown(source: MappedSources) -> None:
    """What a test would print of a failure does not hold the number either."""
    assert SUZANNE not in repr(Subject("bsn", SUZANNE))
    assert SUZANNE not in repr(source)


async def test_library_loggers_say_no_more_than_warnings(source: MappedSources) -> None:
    """The lines of the HTTP library would hold addresses and headers."""
    source.close()

    assert logging.getLogger("httpx").level == logging.WARNING
    assert logging.getLogger("httpcore").level == logging.WARNING
