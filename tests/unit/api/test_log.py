"""The log for everybody who checks it: hashes for all, entries for supervisors."""

from base64 import b64decode
from collections.abc import Callable

import pytest

from audit.errors import ProofInvalid
from audit.merkle import EMPTY_ROOT, leaf_hash, verify_consistency
from audit.note import open_note
from audit.tiles import parse_entries
from tests.builders import CONSULTANT, SUPERVISOR, House, flag
from tests.hanging_up import hung_up

pytestmark = pytest.mark.anyio


@pytest.fixture
async def asked(house: House) -> House:
    """Give a gateway that answered one request and refused another."""
    await house.ask(flag())
    await house.ask(flag(fields=["diagnose_code"]))
    return house


async def test_a_checkpoint_opens_under_the_key_of_the_log(asked: House) -> None:
    """Anybody gets the newest signed note."""
    answer = await asked.http.get("/log/checkpoint")

    text = open_note(answer.content, [asked.gateway.vkey])
    assert text.split(b"\n")[1] == b"%d" % asked.size


async def test_the_hashes_of_all_entries_are_a_tile(asked: House) -> None:
    """The partial tile of the whole log holds the hash of every entry, for everybody."""
    answer = await asked.http.get(f"/log/tile/0/000.p/{asked.size}")

    leaves = [entry.leaf or b"" for entry in asked.services.log.entries(0, asked.size)]
    assert answer.content == b"".join(map(leaf_hash, leaves))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path", ["0/000", "1/000.p/1", "0/000.p/0", "0/0", "0/x000/000", "64/000", "0/000.p/999", "a/b"]
)
async def test_what_the_log_has_not_grown_to_is_not_found(asked: House, path: str) -> None:
    """A tile that is not there, or a name with a second spelling, is a 404."""
    answer = await asked.http.get(f"/log/tile/{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_a_supervisor_reads_the_entries(asked: House) -> None:
    """An entry bundle holds the leaves as they were signed, and is not to be kept by caches."""
    answer = await asked.get(f"/log/tile/entries/000.p/{asked.size}", SUPERVISOR)

    leaves = [entry.leaf for entry in asked.services.log.entries(0, asked.size)]
    assert parse_entries(answer.content, asked.size) == leaves
    assert answer.headers["cache-control"] == "no-store"


async def test_a_partner_does_not_read_the_entries(asked: House) -> None:
    """A good token of a party that asks for data opens no entries of others."""
    answer = await asked.get(f"/log/tile/entries/000.p/{asked.size}", CONSULTANT)

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:doelpoort:problem:supervisors-only"


async def test_a_stranger_does_not_read_the_entries(asked: House) -> None:
    """Without a token there is no answer at all."""
    answer = await asked.http.get(f"/log/tile/entries/000.p/{asked.size}")

    assert answer.status_code == 401


async def test_a_supervisor_is_given_no_data(asked: House) -> None:
    """Who reads the log declares no purpose: the same request is refused, and recorded."""
    answer = await asked.ask(flag(), SUPERVISOR)

    assert answer.status_code == 403
    assert asked.leaves()[-1]["type"] == "refusal"


async def test_growth_is_proven(asked: House) -> None:
    """The proof between two sizes verifies against both roots, and against no other."""
    old = asked.services.log.head()
    await asked.ask(flag())
    new = asked.services.log.head()

    answer = await asked.http.get(
        "/log/consistency", params={"oldSize": old.size, "newSize": new.size}
    )
    path = [b64decode(node) for node in answer.json()["path"]]

    sizes = {"old_size": old.size, "new_size": new.size}
    verify_consistency(**sizes, path=path, old_root=old.root, new_root=new.root)
    with pytest.raises(ProofInvalid):
        verify_consistency(**sizes, path=path, old_root=EMPTY_ROOT, new_root=new.root)


@pytest.mark.parametrize(
    "sizes",
    [
        lambda size: {"oldSize": 2, "newSize": size + 1},
        lambda size: {"oldSize": size, "newSize": size - 1},
        lambda _: {"oldSize": 0, "newSize": 1},
        lambda _: {"oldSize": 1},
        lambda _: {"oldSize": "1_0", "newSize": 2},
    ],
    ids=["beyond", "shrinking", "from-nothing", "one-size", "no-number"],
)
async def test_a_proof_that_cannot_be_is_a_bad_request(
    asked: House, sizes: Callable[[int], dict[str, object]]
) -> None:
    """Sizes that are none, or that the log does not have, are told as such."""
    answer = await asked.http.get("/log/consistency", params=sizes(asked.size))  # type: ignore[arg-type]

    assert answer.status_code == 400


async def test_without_witnesses_nothing_is_cosigned(asked: House) -> None:
    """A log that no witness saw says so."""
    answer = await asked.http.get("/log/cosigned-checkpoint")

    assert answer.status_code == 404


async def test_the_newest_cosigned_checkpoint_is_there_for_all(asked: House) -> None:
    """What witnesses cosigned is served as it was kept."""
    asked.services.annex.add_cosigned(1, b"old")
    asked.services.annex.add_cosigned(2, b"new")

    answer = await asked.http.get("/log/cosigned-checkpoint")

    assert answer.content == b"new"


async def test_a_requester_that_hung_up_is_recorded_as_such(house: House) -> None:
    """The entry of the answer stands, and a correction says that it was not delivered."""
    sent = await hung_up(house, flag())

    disclosed, corrected = house.leaves()[-2:]
    assert (sent, disclosed["type"]) == (200, "disclosure")
    assert (corrected["type"], corrected["entry"], corrected["reason"]) == (
        "correction",
        disclosed["id"],
        "undelivered",
    )


async def test_a_requester_that_stays_gets_no_correction(house: House) -> None:
    """The twin: an answer that is delivered has one entry."""
    before = house.size

    await house.ask(flag())

    assert house.size == before + 1
