"""What was answered behind a veil, replayed and reconciled: neither tells what it hides."""

from pathlib import Path

import pytest

from gateway.replay.reconcile import Finding
from tests.fakes_decision import catalogue
from tests.unit.replay.log import Log, leaf_of
from tests.unit.replay.test_reconcile import hand_in, reconcile, write_lines
from tests.unit.replay.world import Leaves, ask, in_order, replayed

PURPOSE = catalogue().purposes["niet-dubbel-benaderen"]
LOG = Log([leaf_of(0), leaf_of(1, veiled=True)])


@pytest.mark.anyio
@pytest.mark.parametrize("outcome", ["met", "NOT_PARTY", "SUBJECT_UNKNOWN", "CASE_PHASE"])
async def test_every_answer_is_decided_the_same_again(outcome: str) -> None:
    """The entry tells a permit, and the policy permits what it tells: nothing differs."""
    leaves = Leaves()
    request, caller = in_order(PURPOSE)

    await ask(leaves, request, caller, {"case": outcome})

    report = await replayed(leaves)
    assert (report.same, report.differences) == (1, [])


def test_a_veiled_answer_needs_no_query_but_a_receipt(tmp_path: Path) -> None:
    """It may have been given without looking anywhere; that it was given has a receipt."""
    receipts = hand_in(tmp_path / "one", LOG.receipt(0))
    queries = write_lines(tmp_path / "queries")

    found = reconcile(receipts, queries, LOG.entries, note=LOG.note())

    assert found.found == {
        Finding.DISCLOSURE_WITHOUT_RECEIPT: (1, ("1",)),
        Finding.DISCLOSURE_WITHOUT_QUERY: (1, ("0",)),
    }
