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


def test_a_field_that_is_given_knows_what_it_holds() -> None:
    """The data dictionary says what kind of value may leave."""
    fields = catalogue().purposes[FLAG].fields

    assert fields["specialisatie_ingezet"].kind is FieldType.BOOLEAN
