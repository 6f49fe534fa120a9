"""Two hats of one person at a real gateway: what the one holds, the other does not read."""

from collections.abc import Iterator

import httpx
import pytest

from gateway.identity.clients import Hat
from gateway.settings import Settings
from tests.builders import CARE_WORKER, CONSULTANT, YUSUF, Body, about, flag, free_port
from tests.serving import prepare, served, token_for

PLAN: Body = {
    "task": "jeugdhulp-verlenen",
    "activity": "hulp-bieden",
    "purpose": "volgende-stap-in-behandeling",
    "subject": about(YUSUF),
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Serve a gateway for all tests of this module, and give its settings."""
    settings = prepare(tmp_path_factory.mktemp("hats"), free_port())
    with served(settings):
        yield settings


def ask(settings: Settings, body: Body, hat: Hat) -> httpx.Response:
    """Ask for data under this hat."""
    headers = {"authorization": f"Bearer {token_for(settings, hat)}"}
    return httpx.post(f"{settings.public_url}/v1/disclosures", json=body, headers=headers)


@pytest.mark.parametrize(
    ("hat", "own", "other"), [(CONSULTANT, flag(), PLAN), (CARE_WORKER, PLAN, flag())]
)
def test_one_hat_is_worn_per_request(settings: Settings, hat: Hat, own: Body, other: Body) -> None:
    """Each hat gets its own; with the wrong one on, the same person gets nothing."""
    permitted, refused = ask(settings, own, hat), ask(settings, other, hat)

    assert permitted.status_code == 200
    assert refused.status_code == 403
    assert [each["code"] for each in refused.json()["reasons"]] == ["WRONG_HAT"]
