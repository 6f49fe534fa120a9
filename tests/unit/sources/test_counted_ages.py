"""Ages that a source counts itself: no birth date is fetched where an age is enough."""

import datetime as dt
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import Derive, Precision
from gateway.catalogue.occasion import Occasion
from gateway.catalogue.precision import minimise
from gateway.catalogue.values.days import ages_of
from gateway.catalogue.values.misfits import misfits
from gateway.sources.mapping import ColumnPlace, ValueKind
from gateway.sources.opening import open_sources
from gateway.sources.source import BIRTH_DATE
from gateway.sources.values import MISFIT, read_value
from gateway.subject import parse_bsn
from tests.adapter_house import clients_behind, open_over
from tests.builders import REFERENCE, ROOT, YUSUF, about

pytestmark = pytest.mark.anyio

CATALOGUE = load_catalogue(ROOT / "purposes", ROOT / "policies")
AGE = CATALOGUE.purposes["hulpvraag-jeugd-afbakenen"].fields["leeftijd_jaren"]
BORN = "geboortedatum: {at: geboortedatum, type: date}"


@pytest.mark.parametrize(
    ("raw", "read"),
    [(14, "P14Y"), (0, "P0Y"), (150, "P150Y"), ("017", "P17Y"), (None, None)],
)
def test_an_age_is_read_as_a_duration(raw: object, read: object) -> None:
    """A number of years is kept apart from a date and from a plain number."""
    assert read_value(ColumnPlace("x", "x", ValueKind.AGE), raw) == read


@pytest.mark.parametrize("raw", [-1, 151, 14.5, True, "veertien", "2011-05-14", "", [14]])
def test_what_is_no_age_is_a_misfit(raw: object) -> None:
    """Anything else than whole years that somebody can have is no age."""
    assert read_value(ColumnPlace("x", "x", ValueKind.AGE), raw) is MISFIT


@pytest.mark.parametrize(
    ("value", "ages"),
    [
        ("P14Y", (14,)),
        ("2011-05-14", (14,)),
        ("2011-00-00", (14, 15)),
        ("P14M", ()),
        (14, ()),
        (None, ()),
    ],
)
def test_an_age_and_a_birth_date_come_to_the_same(value: object, ages: tuple[int, ...]) -> None:
    """Whoever needs an age can do with either; a bare number is neither."""
    assert ages_of(value, REFERENCE) == ages


@pytest.mark.parametrize(("value", "left"), [("P14Y", 14), ("P14W", None)])
def test_an_age_leaves_at_its_precision(value: str, left: int | None) -> None:
    """The counted age is what a derived age leaves as."""
    rows = [{"geboortedatum": value}]

    assert minimise(AGE, rows, Occasion(REFERENCE)) == left
    assert misfits(AGE, rows) == ({} if left else {"brp.geboortedatum": 1})


def test_a_threshold_takes_a_counted_age() -> None:
    """Whether somebody is 18 follows from the age alone."""
    adult = replace(AGE, derive=Derive.AGE_FROM, precision=Precision.FLAG, against=18)
    said = [minimise(adult, [{"geboortedatum": f"P{n}Y"}], Occasion(REFERENCE)) for n in (17, 18)]

    assert said == [False, True]


@pytest.mark.usefixtures("register")
async def test_the_database_counts_the_years(tmp_path: Path) -> None:
    """An SQL expression gives the age, and the birth date stays where it is."""
    counted = (
        "geboortedatum: {sql: \"cast(strftime('%Y.%m%d', '2026-03-02')"
        " - strftime('%Y.%m%d', geboortedatum) as integer)\", type: age}"
    )
    text = (ROOT / "deploy" / "demo" / "sources.yaml").read_text("utf-8")
    (tmp_path / "sources.yaml").write_text(text.replace(BORN, counted), "utf-8")
    source = open_sources(tmp_path / "sources.yaml", monotonic_s=time.monotonic)
    source.check(CATALOGUE)

    (rows,) = await source.rows(parse_bsn(YUSUF), [BIRTH_DATE])

    source.close()
    assert counted in (tmp_path / "sources.yaml").read_text("utf-8")
    assert rows == [{"geboortedatum": "P14Y"}]


async def test_the_brp_is_asked_for_the_age_alone(register: Path, tmp_path: Path) -> None:
    """A whole request about a minor makes the BRP hear of `leeftijd`, never of a birth date."""
    with clients_behind("brp", tmp_path / "bron", register=register) as behind:
        text = behind.mapping.read_text("utf-8")
        at = "geboortedatum: {at: geboorte.datum, type: date, form: brp_date}"
        assert at in text
        behind.mapping.write_text(text.replace(at, "geboortedatum: {at: leeftijd, type: age}"))
        async with open_over(behind, tmp_path / "over") as house:
            started = len(behind.heard())
            response = await house.ask(
                {
                    "task": "jeugd-toeleiding",
                    "activity": "verkennen-hulpvraag",
                    "purpose": "hulpvraag-jeugd-afbakenen",
                    "subject": about(YUSUF),
                    "fields": ["leeftijd_jaren", "lopende_jeugdhulp"],
                }
            )
            heard = behind.heard()

    assert response.json()["data"]["leeftijd_jaren"]["value"] == 14
    assert set(heard[started:]) == {"leeftijd"}
    assert not any("geboorte" in fields for fields in heard)


@pytest.mark.usefixtures("register")
def test_a_purpose_that_needs_the_date_itself_says_so(tmp_path: Path) -> None:
    """An age does not stand in for a date that leaves as a date."""
    text = (ROOT / "deploy" / "demo" / "sources.yaml").read_text("utf-8")
    asked = "datum_start: {at: datum_start, type: date}"
    assert asked in text
    (tmp_path / "sources.yaml").write_text(
        text.replace(asked, "datum_start: {at: datum_start, type: age}"), "utf-8"
    )
    source = open_sources(tmp_path / "sources.yaml", monotonic_s=time.monotonic)

    with pytest.raises(CatalogueInvalid, match="error: TYPE"):
        source.check(CATALOGUE)


def test_nobody_is_born_after_today() -> None:
    """A birth date that is still to come leaves no age open."""
    assert ages_of("2026-03-03", dt.date(2026, 3, 2)) == ()
