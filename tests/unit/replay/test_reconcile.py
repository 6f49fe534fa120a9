"""The ledger held against receipts and query logs: what is missing is found, on either side."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from audit.entry import Json
from audit.errors import KeyInvalid
from audit.storage.contract import Entry
from gateway.errors import EvidenceInvalid
from gateway.replay.evidence import read_queries, read_receipts
from gateway.replay.reconcile import (
    MAX_EXAMPLES,
    Finding,
    Period,
    Reconciliation,
    open_books,
)
from tests.unit.replay.log import (
    OTHER_YEAR,
    START_MS,
    STRANGER,
    VKEY,
    Log,
    leaf_of,
    trace_of,
)

ALWAYS = Period(0, 2**53)
LOG = Log([leaf_of(number) for number in range(4)])


def hand_in(folder: Path, *receipts: bytes) -> Path:
    """Put receipts in a folder, one a file."""
    folder.mkdir()
    for number, receipt in enumerate(receipts):
        (folder / f"{number}.proof").write_bytes(receipt)
    return folder


def write_lines(path: Path, *lines: object) -> Path:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def query(number: int, **changes: Json) -> dict[str, Json]:
    """Return the line that a source logs for the query of one entry."""
    line: dict[str, Json] = {"time": START_MS + number * 1_000, "trace": trace_of(number)}
    return {**line, "table": "brp", **changes}


def reconcile(
    receipts: Path,
    queries: Path | None = None,
    entries: Sequence[Entry] = LOG.entries,
    *,
    period: Period = ALWAYS,
    note: bytes | None = LOG.note(),
) -> Reconciliation:
    """Hold what was handed in against these entries."""
    with open_books() as books:
        books.add_receipts(read_receipts(receipts, VKEY))
        if queries is not None:
            books.add_queries(read_queries(queries))
        books.add_entries(entries, period, lambda: None)
        books.add_signed(lambda _index: note)
        return books.compare()


@pytest.fixture
def all_receipts(tmp_path: Path) -> Path:
    """Give a folder with the receipt of every entry."""
    return hand_in(tmp_path / "all", *(LOG.receipt(index) for index in range(4)))


@pytest.fixture
def all_queries(tmp_path: Path) -> Path:
    """Give a query log with the query of every entry."""
    return write_lines(tmp_path / "all.jsonl", *(query(number) for number in range(4)))


def test_two_sides_that_agree_give_nothing_to_report(all_receipts: Path, all_queries: Path) -> None:
    """Every disclosure has its receipt and its query, and the other way round."""
    found = reconcile(all_receipts, all_queries)

    assert found == Reconciliation(4, 4, 4, {})
    assert not found.is_alarm


def test_receipts_may_come_as_lines(tmp_path: Path) -> None:
    """A recipient may keep receipts in a database and hand in an extract."""
    lines = [
        {"request_id": f"{index:032x}", "proof": LOG.receipt(index).decode()} for index in range(3)
    ]
    path = write_lines(tmp_path / "receipts.jsonl", *lines, {"proof": LOG.receipt(3).decode()})

    found = reconcile(path)

    assert found == Reconciliation(4, 4, 0, {})


def changed(number: int, **changes: Json) -> list[Entry]:
    """Return the entries of a log in which one was changed and everything was recomputed."""
    leaves = [leaf_of(each, **(changes if each == number else {})) for each in range(4)]
    return Log(leaves).entries


LOST: dict[str, list[Entry]] = {
    "changed": changed(1, outcome="refuse"),
    "cut off": LOG.entries[:1],
    "not there": [each for each in LOG.entries if each.index != 1],
    "reordered": [
        replace(LOG.entries[0], index=1),
        replace(LOG.entries[1], index=0),
        *LOG.entries[2:],
    ],
}


@pytest.mark.parametrize("name", LOST)
def test_a_receipt_whose_entry_is_lost_or_changed_is_an_alarm(name: str, tmp_path: Path) -> None:
    """A signed receipt outlives whatever happens to the database it came from."""
    receipts = hand_in(tmp_path / "one", LOG.receipt(1))

    found = reconcile(receipts, entries=LOST[name], note=None)

    assert found.found[Finding.RECEIPT_WITHOUT_ENTRY] == (1, ("0.proof",))
    assert found.is_alarm


def test_a_receipt_outlives_the_content_of_its_entry(all_receipts: Path) -> None:
    """After a retention run the hashes are enough to know that nothing was changed."""
    pruned = [replace(each, leaf=None) for each in LOG.entries[:2]]

    found = reconcile(all_receipts, entries=[*pruned, *LOG.entries[2:]])

    assert not found.found


def test_a_ledger_with_two_histories_is_an_alarm(tmp_path: Path) -> None:
    """The same entry under another root: the log was signed twice, each time for other readers."""
    fork = Log([LOG.leaves[0], leaf_of(1, outcome="refuse"), *LOG.leaves[2:]])
    receipts = hand_in(tmp_path / "one", fork.receipt(0))

    found = reconcile(receipts)

    assert found.found[Finding.LEDGER_FORKED] == (1, ("0.proof",))
    assert found.is_alarm


UNPROVEN = {
    "another key": Log(LOG.leaves, STRANGER).receipt(0),
    "no proof": b"c2sp.org/tlog-proof@v1\n",
    "another leaf": LOG.receipt(0).replace(b"extra ", b"extra A", 1),
    "nothing": b"",
}


@pytest.mark.parametrize("name", UNPROVEN)
def test_a_receipt_that_proves_nothing_is_an_alarm(name: str, tmp_path: Path) -> None:
    """Either the receipt was made up, or the ledger is signed by somebody else by now."""
    found = reconcile(hand_in(tmp_path / "one", UNPROVEN[name]))

    assert found.found[Finding.RECEIPT_UNPROVEN] == (1, ("0.proof",))
    assert found.is_alarm


def test_a_receipt_under_the_name_of_another_request_proves_nothing(tmp_path: Path) -> None:
    """Who says that a receipt belongs to a request is held to what the receipt says."""
    line = {"request_id": "f" * 32, "proof": LOG.receipt(0).decode()}

    found = reconcile(write_lines(tmp_path / "lines", line))

    assert found.found[Finding.RECEIPT_UNPROVEN] == (1, ("1",))


def test_a_receipt_of_another_log_is_no_alarm(all_receipts: Path) -> None:
    """Recipients keep the receipts of all years together."""
    (all_receipts / "old.proof").write_bytes(Log(LOG.leaves, OTHER_YEAR).receipt(0))

    found = reconcile(all_receipts)

    assert found.found == {Finding.RECEIPT_OF_OTHER_LOG: (1, ("old.proof",))}
    assert not found.is_alarm


def test_a_disclosure_without_a_receipt_is_told_and_no_alarm(tmp_path: Path) -> None:
    """It was not handed in, or never arrived: the ledger cannot tell which."""
    found = reconcile(hand_in(tmp_path / "some", LOG.receipt(0), LOG.receipt(2)))

    assert found.found == {Finding.DISCLOSURE_WITHOUT_RECEIPT: (2, ("1", "3"))}
    assert not found.is_alarm


def test_an_answer_known_not_to_have_arrived_is_told_apart(tmp_path: Path) -> None:
    """The gateway recorded itself that it could not deliver this one."""
    correction = leaf_of(2, type="correction", entry=f"{1:032x}", reason="undelivered")
    log = Log([*LOG.leaves[:2], correction])

    found = reconcile(hand_in(tmp_path / "one", log.receipt(0)), entries=log.entries)

    assert found.found == {Finding.UNDELIVERED: (1, ("1",))}


def test_only_disclosures_of_the_period_must_have_a_receipt(tmp_path: Path) -> None:
    """Who hands in the receipts of a month is not asked for those of another."""
    period = Period(START_MS + 1_000, START_MS + 3_000)

    found = reconcile(hand_in(tmp_path / "none"), period=period)

    assert found.found == {Finding.DISCLOSURE_WITHOUT_RECEIPT: (2, ("1", "2"))}


def test_an_emergency_disclosure_is_one(tmp_path: Path) -> None:
    """What left in an emergency left a receipt as well."""
    log = Log([leaf_of(0, type="break_glass")])

    found = reconcile(hand_in(tmp_path / "none"), entries=log.entries, note=log.note())

    assert found.found == {Finding.DISCLOSURE_WITHOUT_RECEIPT: (1, ("0",))}


def test_a_refusal_needs_no_receipt_and_no_query(tmp_path: Path) -> None:
    """Nothing left, so nobody has to show that it arrived."""
    log = Log([leaf_of(0, type="refusal")])
    nothing = hand_in(tmp_path / "none")

    found = reconcile(nothing, write_lines(tmp_path / "queries"), log.entries, note=log.note())

    assert found.found == {}


@pytest.mark.parametrize("trace", [trace_of(9), "no trace", "", 7, None])
def test_a_query_without_an_entry_is_an_alarm(trace: Json, tmp_path: Path) -> None:
    """Somebody asked the source beside the gate, or with the key of the gate."""
    queries = write_lines(tmp_path / "queries", query(0), {"time": START_MS, "trace": trace})

    found = reconcile(hand_in(tmp_path / "none"), queries)

    assert found.found[Finding.QUERY_WITHOUT_ENTRY] == (1, ("2",))
    assert found.is_alarm


def test_a_query_for_a_refusal_passed_through_the_gate(tmp_path: Path) -> None:
    """To refuse, facts may have been asked; the trace of a note about an entry is none."""
    log = Log([leaf_of(0, type="refusal"), leaf_of(1, type="correction")])
    queries = write_lines(tmp_path / "queries", query(0), query(1))

    found = reconcile(hand_in(tmp_path / "none"), queries, log.entries, note=log.note())

    assert found.found == {Finding.QUERY_WITHOUT_ENTRY: (1, ("2",))}


def test_a_disclosure_without_a_query_is_a_note(all_receipts: Path, tmp_path: Path) -> None:
    """There are other sources than the one that handed in its log."""
    found = reconcile(all_receipts, write_lines(tmp_path / "queries", query(0)))

    assert found.found == {Finding.DISCLOSURE_WITHOUT_QUERY: (3, ("1", "2", "3"))}
    assert not found.is_alarm


def test_queries_from_before_the_retained_entries_are_not_judged(
    all_receipts: Path, all_queries: Path
) -> None:
    """Of pruned entries nobody knows the traces any more."""
    pruned = [replace(each, leaf=None) for each in LOG.entries[:2]]

    found = reconcile(all_receipts, all_queries, [*pruned, *LOG.entries[2:]])

    assert found.found == {}


def test_times_may_be_written_for_people(tmp_path: Path, all_receipts: Path) -> None:
    """A query log may say 2026-03-02T11:00:00Z."""
    queries = write_lines(
        tmp_path / "queries", *(query(n, time="2026-03-02T12:00:00+01:00") for n in range(4))
    )

    assert reconcile(all_receipts, queries).found == {}


def test_many_findings_are_counted_and_a_few_named(tmp_path: Path) -> None:
    """A report stays readable, whatever went wrong."""
    log = Log([leaf_of(number) for number in range(MAX_EXAMPLES + 5)])

    found = reconcile(hand_in(tmp_path / "none"), entries=log.entries)

    count, places = found.found[Finding.DISCLOSURE_WITHOUT_RECEIPT]
    assert (count, len(places)) == (MAX_EXAMPLES + 5, MAX_EXAMPLES)


BROKEN = {
    "no JSON": (b"{", "line 1 is no JSON"),
    "no object": (b"[1]\n", "line 1"),
    "too deep": (b"[" * 5_000, "line 1"),
    "no time": (b'\n{"trace":"a"}\n', "line 2 of the queries has no time"),
    "a time without a zone": (b'{"time":"2026-03-02T12:00:00"}', "time zone"),
    "far too long": (b'{"time":1,"x":"' + b"x" * 70_000 + b'"}', "too long"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_query_log_that_cannot_be_read_is_explained(name: str, tmp_path: Path) -> None:
    """A line that is passed over could be the one that matters."""
    content, message = BROKEN[name]
    path = tmp_path / "queries"
    path.write_bytes(content)

    with pytest.raises(EvidenceInvalid, match=message):
        list(read_queries(path))


def test_a_line_of_receipts_without_a_proof_is_explained(tmp_path: Path) -> None:
    """The same holds for receipts."""
    path = write_lines(tmp_path / "receipts", {"request_id": "f" * 32})

    with pytest.raises(EvidenceInvalid, match="line 1 of the receipts"):
        list(read_receipts(path, VKEY))


def test_what_is_not_there_is_explained(tmp_path: Path) -> None:
    """A path that was mistyped is no empty log."""
    with pytest.raises(EvidenceInvalid):
        list(read_queries(tmp_path / "nothing"))


def test_a_receipt_that_goes_away_is_explained(tmp_path: Path) -> None:
    """A disk that fails half-way gives no half report."""
    folder = hand_in(tmp_path / "some", LOG.receipt(0), LOG.receipt(1))
    receipts = read_receipts(folder, VKEY)
    next(receipts)
    for path in folder.iterdir():
        path.unlink()

    with pytest.raises(EvidenceInvalid, match="folder"):
        next(receipts)


def test_links_and_folders_among_receipts_are_passed_over(tmp_path: Path) -> None:
    """What recipients hand in never makes this host read something else."""
    folder = hand_in(tmp_path / "some", LOG.receipt(0))
    (folder / "more").mkdir()
    (folder / "link").symlink_to("/dev/zero")

    assert [each.place for each in read_receipts(folder, VKEY)] == ["0.proof"]


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    """Without a key no receipt proves anything."""
    with pytest.raises(KeyInvalid):
        list(read_receipts(tmp_path, "no key"))
