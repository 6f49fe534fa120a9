"""What may be a name in the policy files, and what the files know of a field that is given."""

from pathlib import Path

import pytest

from gateway.catalogue.errors import CatalogueInvalid
from gateway.catalogue.load import load_catalogue
from gateway.catalogue.model import FieldType
from tests.fakes_decision import catalogue, copy_policy

FLAG = "lichte-of-zware-hulp"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("tasks.yaml", "  wmo-onderzoek:", "  7-onderzoek:"),
        ("tasks.yaml", "      vraagverheldering:", "      9-vraag:"),
        ("fields.yaml", "  specialisatie_ingezet:", "  1985-03-04:"),
        ("fields.yaml", "  specialisatie_ingezet:", "  sinds_1985_03:"),
        ("organisations.yaml", "roles: [consulent-jeugd]", "roles: [Consulent]"),
        ("organisations.yaml", "  gem-toegang-jeugd:", "  Gemeente:"),
    ],
)
def test_what_no_request_can_ask_is_no_name(tmp_path: Path, name: str, old: str, new: str) -> None:
    """A name begins with a letter and holds four digits at most; the file is pointed at."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(purposes, policies)

    found = {(each.code, each.file) for each in caught.value.findings}
    assert ("NAME", f"purposes/{name}") in found


@pytest.mark.parametrize("name", ["mosaic.yml", "mozaiek.yaml", "wonen/nieuw.YAML"])
def test_a_file_that_nobody_reads_is_pointed_at(tmp_path: Path, name: str) -> None:
    """A limit or a purpose in a file with another name would be gone without a word."""
    purposes, policies = copy_policy(tmp_path)
    (purposes / "mosaic.yaml").rename(purposes / name)

    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(purposes, policies)

    found = {(each.code, each.file) for each in caught.value.findings}
    assert found == {("FILE_NOT_READ", f"purposes/{name}")}


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("tasks.yaml", "[gem-toegang-wmo]", "[gem-toegang-wm]", "Bedoelt u 'gem-toegang-wmo'?"),
        ("fields.yaml", "holder: jeugd", "houder: jeugd", "Bedoelt u 'holder'?"),
        ("mosaic.yaml", "[belemmering_n", "[belemering_n", "Bedoelt u 'belemmering_nakoming'?"),
        ("mosaic.yaml", "[belemmering_nakoming,", "[vis,", "'vis' is geen bekend gegeven."),
    ],
)
def test_a_name_that_is_not_known_is_met_with_one_that_is(
    tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    """Who mistypes a name reads which one is alike, where there is one."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(purposes, policies)

    assert any(each.message_nl.endswith(said) for each in caught.value.findings)


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("tasks.yaml", "valid: {from: 2015-01-01"),
        ("jeugd/lichte-of-zware-hulp.yaml", "valid: {from: 2026-01-01"),
    ],
)
def test_a_last_day_before_the_first_is_pointed_at(tmp_path: Path, name: str, old: str) -> None:
    """A purpose or a law that never holds is a mistake, and not a way to shut it."""
    purposes, policies = copy_policy(tmp_path)
    path = purposes / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, f"{old}, until: 2014-12-31", 1), encoding="utf-8")

    with pytest.raises(CatalogueInvalid) as caught:
        load_catalogue(purposes, policies)

    (finding,) = caught.value.findings
    assert (finding.code, finding.message_nl) == (
        "VALUE_WRONG",
        "De laatste dag ligt voor de eerste.",
    )


def test_a_field_that_is_given_knows_what_it_holds() -> None:
    """The data dictionary says what kind of value may leave."""
    fields = catalogue().purposes[FLAG].fields

    assert fields["specialisatie_ingezet"].kind is FieldType.BOOLEAN
