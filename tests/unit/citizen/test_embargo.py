"""What must not be told yet leaves no trace: by itself, and in a whole report."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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
from gateway.catalogue.model import Catalogue
from gateway.citizen.embargo import may_hear, tell_from, time_of
from gateway.citizen.report import Desk, Page, Report, give_report
from gateway.identity.tokens import VerifiedCaller
from gateway.subject import parse_bsn
from tests.builders import NOW, YUSUF
from tests.fakes import FixedClock
from tests.fakes_decision import catalogue as read_catalogue
from tests.fakes_informing import PORTAL

SAFETY = ("vt-meldrecht", "melding-doen", "veiligheid-laten-beoordelen")
HARMLESS = ("jeugd-toeleiding", "criteria-toetsen-zwaarte", "lichte-of-zware-hulp")
PORTAL_CALLER = VerifiedCaller("portaal", PORTAL.organisation, PORTAL.role, "p-1", frozenset())
Leaf = dict[str, Any]


def leaf(number: int, words: Sequence[str | None], kind: str = "refusal") -> Leaf:
    """Return a leaf that says these words of task, activity and purpose."""
    said = zip(("task", "activity", "purpose"), words, strict=True)
    return {
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

    assert not may_hear(told, read_catalogue(), now)


def test_what_is_harmless_is_told_at_once(policy: Catalogue) -> None:
    """The permitting twin: no embargo, so no day on which it must wait, whatever the clock says."""
    told = leaf(1, HARMLESS)

    assert tell_from(told, policy) == time_of(told)
    assert may_hear(told, policy, NOW - dt.timedelta(days=365))


@dataclass
class Log:
    """A log about one person, from leaves; what was pruned in the meantime has no receipt."""

    leaves: Sequence[Leaf]
    pruned: frozenset[str] = frozenset()
    drafts: list[Draft] = field(default_factory=list)

    def knows(self, _subject: bytes) -> bool:
        """Know the person."""
        return True

    def about(self, subject: bytes, below: int) -> Iterator[About]:
        """Give the entries below this index, the newest first."""
        for each in sorted(self.leaves, key=lambda found: str(found["id"]), reverse=True):
            index = int(each["id"], 16)
            if index < below:
                entry = Entry(index, each["id"], canonical(each), b"")
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
        cast("LedgerReader", log),
        cast("PersonalLog", log),
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
    found = await report(Log([leaf(16, HARMLESS, kind)]), 5)

    assert found.lines == ()


@pytest.mark.anyio
async def test_what_has_no_proof_is_no_line() -> None:
    """An entry whose retention ended during the look, or that is not in the log, is left out."""
    leaves = [leaf(15, HARMLESS), leaf(16, HARMLESS), leaf(32, HARMLESS)]

    found = await report(Log(leaves, pruned=frozenset({leaves[1]["id"]})), 5)

    assert [line.index for line in found.lines] == [32]
