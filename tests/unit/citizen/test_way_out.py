"""Where messages go is set in one way, protected and signed; without it they wait."""

from base64 import b64encode
from pathlib import Path

import pytest

from gateway.background.informing import Informing
from gateway.errors import SettingsInvalid
from gateway.settings import Settings
from tests.builders import House, settings_of

SECRET = "whsec_" + b64encode(b"0123456789abcdef01234567").decode()
URL = "https://portaal.waterveen.example/berichten"


def chosen(folder: Path, **changes: object) -> Settings:
    """Return settings with these ways out."""
    return settings_of(folder, source=folder / "bron.db", cases=folder / "zaken.db", **changes)


def test_the_key_of_the_webhook_is_what_the_secret_holds(tmp_path: Path) -> None:
    """The mark in front is not a part of the key."""
    settings = chosen(tmp_path, inform_url=URL, inform_secret=SECRET)

    assert settings.inform_key == b"0123456789abcdef01234567"


@pytest.mark.parametrize(
    "changes",
    [
        {"inform_url": URL},
        {"inform_secret": SECRET},
        {"inform_url": "http://portaal.example/in", "inform_secret": SECRET},
        {"inform_url": f"{URL}?voor=iemand", "inform_secret": SECRET},
        {"inform_url": "https://a:b@portaal.example/in", "inform_secret": SECRET},
        {"inform_url": URL, "inform_secret": "whsec_AAAA"},
        {"inform_url": URL, "inform_secret": SECRET.removeprefix("whsec_")},
        {"inform_url": URL, "inform_secret": SECRET, "inform_folder": "berichten"},
    ],
)
def test_a_way_out_that_is_unsafe_or_double_is_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    """The start says so, and shows no secret."""
    with pytest.raises(SettingsInvalid) as caught:
        chosen(tmp_path, **changes)

    assert "whsec_A" not in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ["following of the log"]),
        ({"inform_folder": "berichten"}, ["following of the log", "delivery of messages"]),
        (
            {"inform_url": URL, "inform_secret": SECRET},
            ["following of the log", "delivery of messages"],
        ),
    ],
)
async def test_messages_are_delivered_where_there_is_a_way_out(
    house: House, tmp_path: Path, changes: dict[str, object], names: list[str]
) -> None:
    """The log is always followed, so that nothing is lost that a way out would carry later."""
    informing = Informing(
        chosen(tmp_path, **changes),
        "log",
        house.http,
        lambda: house.services,
    )

    assert [chore.name for chore in informing.chores()] == names
