"""What must not be told yet leaves no trace: by itself, and in a whole report."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.entry import Draft, Receipt, canonical
from audit.errors import EntryPruned
from audit.personal import About, PersonalLog
from audit.reading import LedgerReader
from audit.seal import Particulars
from audit.storage.contract import Entry
from gateway.catalogue.load import pack_policy
from gateway.catalogue.model import Catalogue
from gateway.citizen.embargo import may_hear, tell_from, time_of
from gateway.citizen.policies import KeptCatalogues, Policies
from gateway.citizen.report import MOST_READ, Desk, KeptLog, Page, Report, give_report
from gateway.errors import ReportTooLarge
from gateway.identity.tokens import VerifiedCaller
from gateway.replay.revisions import digest_of
from gateway.subject import parse_bsn
from tests.builders import NOW, YUSUF
from tests.fakes import FixedClock
from tests.fakes_decision import catalogue as read_catalogue
from tests.fakes_decision import copy_policy
from tests.fakes_informing import PORTAL

SAFETY = ("vt-meldrecht", "melding-doen", "veiligheid-laten-beoordelen")
HARMLESS = ("jeugd-toeleiding", "criteria-toetsen-zwaarte", "lichte-of-zware-hulp")
PORTAL_CALLER = VerifiedCaller("portaal", PORTAL.organisation, PORTAL.role, "p-1", frozenset())
NOTHING_KEPT = Policies(read_catalogue(), KeptCatalogues(lambda _digest: None))
Leaf = dict[str, Any]


def leaf(number: int, words: Sequence[str | None], kind: str = "refusal") -> Leaf:
    """Return a leaf that says these words of task, activity and purpose."""
    said = zip(("task", "activity", "purpose"), words, strict=True)
    return {
        "policy": read_catalogue().revision,
        "id": f"{number:032x}",
        "organisation": "00000099000000001001",
        "outcome": "refuse",
        "role": "consulent-jeugd",
        "subjects": 1,
        "time": int(NOW.timestamp() * 1000) - 1_000,
        "type": kind,
    } | {name: word for name, word in said if word is not None}


@pytest.fixture(scope="module")
def policy() -> Catalogue:
    """Give the project's own catalogue."""
    return read_catalogue()


words_about_safety = st.tuples(
    *(st.sampled_from((own, other, None)) for own, other in zip(SAFETY, HARMLESS, strict=True))
).filter(lambda words: SAFETY[0] in words or SAFETY[2] in words or words == (None, None, None))


@settings(deadline=None)  # The first example reads the policy files.
@given(words=words_about_safety, seconds=st.integers(0, 28 * 86_400 - 2))
def test_whatever_may_be_about_safety_waits(words: tuple[str | None, ...], seconds: int) -> None:
    """However the words of a request are mixed, what tells of safety is not told in four weeks."""
    told = leaf(1, words)

    now = time_of(told) + dt.timedelta(seconds=seconds)

    assert not may_hear(told, NOTHING_KEPT, now)


def test_what_is_harmless_is_told_at_once() -> None:
    """The permitting twin: no embargo, so no day on which it must wait, whatever the clock says."""
    told = leaf(1, HARMLESS)

    assert tell_from(told, NOTHING_KEPT) == time_of(told)
    assert may_hear(told, NOTHING_KEPT, NOW - dt.timedelta(days=365))


def test_the_embargo_is_that_of_the_policy_of_the_entry(tmp_path: Path, policy: Catalogue) -> None:
    """A policy that tells at once today does not tell what was promised to wait under another."""
    purposes, policies = copy_policy(tmp_path)
    changed = purposes / "veiligheid" / f"{SAFETY[2]}.yaml"
    text = changed.read_text(encoding="utf-8")
    changed.write_text(text.replace("embargo_days: 28", "embargo_days: 3"), encoding="utf-8")
    old = pack_policy(purposes, policies)
    told = leaf(1, SAFETY) | {"policy": digest_of(old)}
    kept = Policies(policy, KeptCatalogues({digest_of(old): old}.get))

    assert tell_from(told, kept) == time_of(told) + dt.timedelta(days=3)
    assert tell_from(leaf(1, SAFETY), kept) == time_of(told) + dt.timedelta(days=28)


@pytest.mark.parametrize("found", [None, b"forged"])
def test_an_entry_whose_policy_is_lost_waits_the_longest(found: bytes | None) -> None:
    """Who cannot see what was promised, promises the most, also for what is harmless now."""
    told = leaf(1, HARMLESS) | {"policy": "0" * 64}
    lost = Policies(read_catalogue(), KeptCatalogues(lambda _digest: found))

    assert tell_from(told, lost) == time_of(told) + dt.timedelta(days=28)


@dataclass
class Log:
    """A log about one person, from leaves; what was pruned in the meantime has no receipt."""

    leaves: Sequence[Leaf]
    pruned: frozenset[str] = frozenset()
    drafts: list[Draft] = field(default_factory=list)
    origin: str = "log/2026"

    def knows(self, _subject: bytes) -> bool:
        """Know the person."""
        return True

    def about(self, subject: bytes) -> Iterator[About]:
        """Give the entries, the newest first."""
        for each in sorted(self.leaves, key=lambda found: str(found["id"]), reverse=True):
            entry = Entry(int(each["id"], 16), each["id"], canonical(each), b"")
            yield About(entry, 0, Particulars(subject, {"subject": b"r" * 32}, {}))

    def receipt(self, request_id: str) -> Receipt | None:
        """Give a receipt, none for what was never there."""
        if request_id in self.pruned:
            raise EntryPruned("made to be gone")
        return None if request_id.endswith("f") else Receipt("log", 1, request_id, b"{}", b"proof")

    async def append(self, draft: Draft) -> Receipt:
        """Record the look."""
        self.drafts.append(draft)
        return Receipt("log", 0, draft.request_id, b"{}", b"proof")


async def report(log: Log, most: int, below: int = 2**53) -> Report:
    """Return a page about the one person."""
    desk = Desk(
        read_catalogue(),
        log,
        [
            KeptLog(
                cast("LedgerReader", log),
                cast("PersonalLog", log),
                KeptCatalogues(lambda _digest: None),
            )
        ],
        FixedClock(NOW),
        lambda size: b"\x00" * size,
    )
    return await give_report(desk, PORTAL_CALLER, parse_bsn(YUSUF), Page(below, most))


@pytest.mark.anyio
@settings(deadline=None)
@given(hidden=st.lists(st.booleans(), max_size=12), most=st.integers(1, 4))
async def test_a_report_is_the_same_with_and_without_what_is_hidden(
    hidden: list[bool], most: int
) -> None:
    """Every page, its length and where it goes on: an embargo changes nothing that is seen."""
    every = [leaf(n * 16, SAFETY if h else HARMLESS) for n, h in enumerate(hidden)]
    harmless = [each for each, h in zip(every, hidden, strict=True) if not h]
    below: int | None = 2**53
    while below is not None:
        with_hidden = await report(Log(every), most, below)
        without = await report(Log(harmless), most, below)

        assert with_hidden == without
        below = without.next_below


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["case", "consent", "correction", "access"])
async def test_only_what_somebody_asked_is_told(kind: str) -> None:
    """Other entries about a person are no question to anybody."""
    other = leaf(16, HARMLESS, kind) | {"entry": "0" * 32, "reason": "undelivered"}
    found = await report(Log([other]), 5)

    assert found.lines == ()


@pytest.mark.anyio
async def test_what_has_no_proof_is_no_line() -> None:
    """An entry whose retention ended during the look, or that is not in the log, is left out."""
    leaves = [leaf(15, HARMLESS), leaf(16, HARMLESS), leaf(32, HARMLESS)]

    found = await report(Log(leaves, pruned=frozenset({leaves[1]["id"]})), 5)

    assert [line.index for line in found.lines] == [32]


@pytest.mark.anyio
async def test_what_corrects_without_a_proof_is_not_told() -> None:
    """A line says what came of it only with the receipt of the entry that says so."""
    correction = leaf(31, HARMLESS, "correction") | {"entry": f"{16:032x}", "reason": "undelivered"}
    found = await report(Log([leaf(16, HARMLESS, "disclosure"), correction]), 5)

    assert [each.line.outcome for each in found.lines] == ["given"]


def crowded(count: int) -> Log:
    """Return a log with so many entries about the person."""
    return Log([leaf(n * 16, HARMLESS, "access") for n in range(count)])


@pytest.mark.anyio
async def test_more_than_a_report_reads_is_refused() -> None:
    """Above the bound nothing is told, rather than a part."""
    with pytest.raises(ReportTooLarge):
        await report(crowded(MOST_READ + 1), 5)


@pytest.mark.anyio
async def test_as_much_as_a_report_reads_is_told() -> None:
    """The permitting twin: at the bound everything is read."""
    found = await report(crowded(MOST_READ), 5)

    assert found.lines == ()
