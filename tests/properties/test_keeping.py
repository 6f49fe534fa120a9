"""Whatever is done to a log, in whatever order: it verifies, and who was not erased is there."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.entry import Draft
from audit.keeping import keys_of_epoch, next_keys
from audit.seal import PARTICULARS, Seal, SealKeys, parse_particulars
from audit.verifier.file import LedgerFile
from audit.verifier.verify import verify_ledger
from tests.fakes_audit import VKEY, CountedRandom, make_draft
from tests.fakes_keeping import KEYS, ORDER, KeptLog, kept_log, nobody_draft, several_draft

PERSONS = [b"99990%04d" % number for number in range(4)]
ONE = st.tuples(st.just("one"), st.sampled_from(PERSONS))
SEVERAL = st.tuples(
    st.just("several"), st.lists(st.sampled_from(PERSONS), min_size=2, max_size=4, unique=True)
)
NOBODY = st.tuples(st.just("nobody"), st.none())
ERASE = st.tuples(st.just("erase"), st.sampled_from(PERSONS))
ROTATE = st.tuples(st.just("rotate"), st.none())
STEPS = st.lists(st.one_of(ONE, SEVERAL, NOBODY, ERASE, ROTATE), max_size=10)


class World:
    """A log, and beside it what a plain reading of the steps says must be in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys = KEYS
        self._held = ExitStack()
        self.log = self._held.enter_context(kept_log(folder, KEYS))
        self.expected: dict[tuple[int, int], bytes | None] = {}
        self._number = 0

    def close(self) -> None:
        """Close the log."""
        self._held.close()

    def step(self, kind: str, about: object) -> None:
        """Do one step on the log, and the same on the expectation."""
        match kind, about:
            case "one", bytes(subject):
                self._append(replace(self._draft(), subject=subject), [subject])
            case "several", list(subjects):
                self._append(several_draft(self._next(), subjects), [*subjects, None])
            case "nobody", _:
                self._append(nobody_draft(self._next()), [None])
            case "erase", bytes(subject):
                self._erase(subject)
            case _:
                self._rotate()

    def found(self) -> dict[tuple[int, int], bytes | None]:
        """Give what opens under the keys of now, by index and position."""
        return dict(_opened(self.log, self._keys))

    def verified(self) -> int:
        """Verify the file as an auditor does, and give the number of entries."""
        with LedgerFile.open(self.log.path) as reader:
            return verify_ledger(reader, vkey=VKEY).size

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _draft(self) -> Draft:
        return make_draft(self._next())

    def _append(self, draft: Draft, subjects: list[bytes | None]) -> None:
        [receipt] = self.log.gateway.append(draft)
        self.expected |= {(receipt.index, place): s for place, s in enumerate(subjects)}

    def _erase(self, subject: bytes) -> None:
        if subject in self.expected.values():
            receipt = self.log.keeper.erase(subject, ORDER).receipt
            self.expected = {at: s for at, s in self.expected.items() if s != subject}
            self.expected[receipt.index, 0] = None

    def _rotate(self) -> None:
        epoch = self._keys.newest + 1
        keys = next_keys(self._keys, epoch.to_bytes(32, "big"))
        self.log.keeper.rotate(keys)
        self._held.close()
        self._keys = keys_of_epoch(keys, epoch)
        self.log = self._held.enter_context(kept_log(self._folder, self._keys))


def _opened(log: KeptLog, keys: SealKeys) -> Iterator[tuple[tuple[int, int], bytes | None]]:
    seal = Seal(keys, CountedRandom())
    for entry in log.reader.entries(0, log.gateway.store.head().size):
        for row in log.reader.particulars(entry.index):
            key = seal.find_key(row.key_id, log.reader.subject_key)
            if key is not None:
                data = seal.unseal(key, PARTICULARS, entry.request_id, row.sealed)
                yield (entry.index, row.position), parse_particulars(data).subject


@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_log_keeps_what_it_should_and_nothing_else(steps: list[tuple[str, object]]) -> None:
    """After every step what opens is what was written and not erased, and the log verifies."""
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            for kind, about in steps:
                world.step(kind, about)

            assert world.found() == world.expected
            assert world.verified() == world.log.gateway.store.head().size
        finally:
            world.close()
