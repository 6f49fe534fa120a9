"""The page of the catalogue: all of it, escaped, self-contained, and readable by everyone."""

import datetime as dt
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pytest
from typing_extensions import override

from gateway.catalogue.model import Derive, Precision, Purpose, Requester
from gateway.catalogue.pages.page import catalogue_page, register_page
from gateway.catalogue.pages.picture import LEVEL_WORDS, MARKS, overview, panels
from tests.fakes_decision import catalogue
from tests.unit.catalogue_follow.world import FLAG, SCHOOL, policy, say, with_grant, with_purpose

TODAY = dt.date(2026, 3, 2)
VOID = {"meta", "input", "link", "br", "img", "hr"}


class Outline(HTMLParser):
    """Collects what a page is made of: tags with attributes, headings, ids, text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.crossed: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag, and that it is open."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        """Close the tag that was opened last; any other one is crossed."""
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)


@cache
def page() -> str:
    """Return the page of the project's catalogue."""
    return catalogue_page(policy(), say, TODAY)


@cache
def register_of_all() -> str:
    """Return the page of the register of the project."""
    return register_page(policy(), tuple(catalogue().purposes.values()), say, TODAY)


def outline(text: str) -> Outline:
    """Return what a page is made of."""
    found = Outline()
    found.feed(text)
    return found


def test_a_role_is_told_by_what_it_is_called() -> None:
    """Who reads the policy reads words, and not the name by which a token has the role."""
    assert "verpleegkundige in de ggz" in page()


@pytest.mark.parametrize("make", [page, register_of_all], ids=["catalogue", "register"])
def test_a_page_is_well_formed_and_needs_nothing_from_elsewhere(make: object) -> None:
    """Every tag closes in order, ids are unique, and nothing is fetched."""
    found = outline(page() if make is page else register_of_all())

    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert found.crossed == found.open == []
    assert len(set(ids)) == len(ids)
    assert not [tag for tag, _ in found.tags if tag in {"link", "img", "iframe", "object"}]
    assert not [attrs for _, attrs in found.tags if attrs.get("src")]
    assert all(attrs["href"][1:] in ids for tag, attrs in found.tags if tag == "a")


def test_every_purpose_and_every_field_is_on_the_page() -> None:
    """Nothing of the catalogue is left out."""
    text = page()

    assert all(f'id="doel-{name}"' in text for name in catalogue().purposes)
    assert all(
        name.replace("_", " ") in text
        for purpose in catalogue().purposes.values()
        for name in (*purpose.fields, *purpose.never)
    )


@pytest.mark.parametrize("make", [page, register_of_all], ids=["catalogue", "register"])
def test_headings_never_skip_a_level(make: object) -> None:
    """Who walks through the headings misses none, and the page has one title."""
    found = outline(page() if make is page else register_of_all())

    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_languages_tables_and_pictures_are_labelled() -> None:
    """A screen reader knows the language, the headers of each table and what a picture shows."""
    found = outline(page())

    assert ("html", {"lang": "nl"}) in found.tags
    assert all(attrs.get("lang") == "en" for _, attrs in found.tags if attrs.get("class") == "en")
    assert all(attrs.get("scope") in {"col", "row"} for tag, attrs in found.tags if tag == "th")
    assert all(
        attrs.get("aria-label") or attrs.get("aria-hidden") == "true"
        for tag, attrs in found.tags
        if tag == "svg"
    )
    assert any(tag == "label" and attrs.get("for") == "q" for tag, attrs in found.tags)


def test_without_script_everything_is_there() -> None:
    """Only the search box waits for the script; no content is hidden."""
    hidden = [attrs.get("id") for _, attrs in outline(page()).tags if "hidden" in attrs]

    assert hidden == ["search"]


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb, as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    low = 0.03928
    red, green, blue = (p / 12.92 if p <= low else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


PAIRS = [
    ("#1b2733", "#ffffff"),
    ("#4a5a68", "#ffffff"),
    ("#4a5a68", "#f2f6f9"),
    ("#154273", "#ffffff"),
    ("#d5e3f1", "#154273"),
    ("#154273", "#e3edf7"),
    ("#7a3e00", "#fff1dd"),
    ("#14532d", "#e2f3e7"),
    ("#8a1c1c", "#fbe7e7"),
    ("#1b2733", "#5f96d0"),
    ("#1b2733", "#8db6e2"),
    ("#ffffff", "#2f6db0"),
    ("#ffffff", "#285f9c"),
    ("#ffffff", "#1f5088"),
    ("#ffffff", "#154273"),
]


@pytest.mark.parametrize(("ink", "paper"), PAIRS)
def test_colours_have_enough_contrast(ink: str, paper: str) -> None:
    """Every pair of text and ground on the page has at least 4.5 to 1 (WCAG 2.2, AA)."""
    lighter, darker = sorted((luminance(ink), luminance(paper)), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
    assert all(colour in page() for colour in (ink, paper) if colour != "#ffffff")


def test_what_a_file_says_is_never_markup() -> None:
    """A title with markup in it is shown as text on both pages."""

    def make(purpose: Purpose) -> Purpose:
        return replace(purpose, title="<script>alert(1)</script>", label='"><b>x')

    changed = policy(with_purpose(FLAG, make))
    purposes = tuple(changed.catalogue.purposes.values())

    texts = catalogue_page(changed, say, TODAY) + register_page(changed, purposes, say, TODAY)

    assert "<script>alert" not in texts
    assert '"><b>x' not in texts


def test_a_law_that_is_not_in_force_is_marked() -> None:
    """The bill stands on the page with the warning that everything is refused."""
    assert "nog niet in werking: elke vraag wordt geweigerd" in page()
    assert "de wet is nog niet in werking" in register_of_all()


def test_a_purpose_may_lack_what_is_optional() -> None:
    """Without secrecy, conditions, promises and filters the page says so in words."""

    def make(purpose: Purpose) -> Purpose:
        return replace(
            purpose,
            secrecy=None,
            conditions=(),
            case_kinds=(),
            never=(),
            valid_until=dt.date(2027, 1, 1),
        )

    text = catalogue_page(policy(with_purpose(FLAG, make)), say, TODAY)

    assert "Geen gegeven genoemd." in text
    assert "tot en met 2027-01-01" in text


def test_a_task_without_purposes_is_left_out() -> None:
    """A task for which nobody wrote a purpose has no chapter, and neither has such an activity."""
    only = {FLAG: catalogue().purposes[FLAG]}
    text = catalogue_page(policy(replace(catalogue(), purposes=MappingProxyType(only))), say, TODAY)

    assert 'id="taak-jeugd-toeleiding"' in text
    assert 'id="taak-wmo-onderzoek"' not in text
    assert "1 doel bij 1 taak." in text


def test_the_picture_shows_who_reaches_what() -> None:
    """The flag is one square of the consultant, in the panel of its holder, marked as special."""
    [panel] = [each for each in panels(policy()) if each.title == "jeugdhulpaanbieder"]

    found = [square for square in panel.squares if "specialisatie ingezet" in square.tip]

    assert [square.tip.split(",")[0] for square in found] == ["consulent-jeugd"]
    assert [(square.level, square.special, square.mark) for square in found] == [
        (Precision.FLAG, True, "J/N")
    ]


def test_the_overview_counts_fields() -> None:
    """Each square of the overview holds the number of fields of a role at a holder."""
    tips = [square.tip for square in overview(policy()).squares]

    assert any(tip.startswith("zorgcoordinator-school bij toegang-jeugd: 3") for tip in tips)


def test_who_may_not_declare_is_not_in_the_picture() -> None:
    """The picture follows the party policy as well."""

    def but_schools(requester: Requester, _task: str, _activity: str) -> bool:
        return requester not in catalogue().purposes[SCHOOL].requesters

    drawn = overview(policy(may_declare=but_schools))

    assert "zorgcoordinator-school" not in {label.text for label in drawn.rows}
    assert "zorgcoordinator-school" in {label.text for label in overview(policy()).rows}


def test_every_level_has_words_and_a_mark() -> None:
    """No level is shown by its colour alone."""
    assert LEVEL_WORDS.keys() == MARKS.keys() == set(Precision)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"against": 110}, "vergeleken met 110<"),
        ({"against": 1}, "vergeleken met 1<"),
        ({"against": True}, "vergeleken met ja<"),
        ({"against": False}, "vergeleken met nee<"),
        ({"one_of": ("licht", "zwaar")}, ">licht of zwaar<"),
        ({"other": ("bank", "naam_houder")}, "vergeleken met naam houder (bank)<"),
        ({"labels": ("huur", "koop")}, "alleen deze woorden: huur, koop<"),
        ({"precision": Precision.POSTCODE4}, "<td>de vier cijfers van de postcode"),
        ({"precision": Precision.PSEUDONYM}, "<td>een codenaam, voor ieder doel een andere"),
        ({"derive": Derive.AGE_FROM}, "(of de leeftijd bereikt is)"),
        ({"derive": Derive.AT_LEAST}, "(of het genoeg is)"),
        ({"derive": Derive.ONE_OF}, "(of het een van deze is)"),
        ({"derive": Derive.MATCH}, "(of de namen overeenkomen)"),
    ],
)
def test_what_a_value_is_compared_with_is_said(changes: dict[str, Any], said: str) -> None:
    """Whoever reads the page sees the limit, the words and the other name, in plain Dutch."""
    changed = policy(with_grant(FLAG, "specialisatie_ingezet", **changes))

    assert said in catalogue_page(changed, say, TODAY)
    assert said not in page().replace("vergeleken met 110<", "")
