"""From a draft to what its entry commits to and what is sealed beside it; stores nothing itself."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from audit.entry import Draft, EntryType
from audit.errors import LeafInvalid, SealInvalid
from audit.merkle import Frontier, grow
from audit.schema import COMMITMENT_LABELS, PERSONS
from audit.seal import (
    PARTICULARS,
    REPLAY,
    DataKey,
    KeyCache,
    Part,
    Particulars,
    Seal,
    commit,
    format_particulars,
)
from audit.sequencer.parcels import Parcel
from audit.storage.contract import SubjectKey
from audit.subjects import MAX_PERSONS, PERSON_LABELS, person_leaf

_R_BYTES: Final = 32
_DIGEST_BYTES: Final = 32
_SEVERAL: Final = 2
_REQUEST_ID = re.compile("[0-9a-f]{32}")
_SET_BY_LEDGER: Final = frozenset({"v", "type", "id", "time", "gateway", "counter", "commitments"})
_COMMITTING: Final = (EntryType.DISCLOSURE, EntryType.REFUSAL)
_LABELS: Final = frozenset(COMMITMENT_LABELS) - {PERSONS}
# The content and the request are committed to and not kept: whoever got or sent them has them.
_KEPT_VALUES: Final = ("professional", "justification", "log_codes")

SealedTo = tuple[bytes, bytes]


class Prepared(NamedTuple):
    """What a draft commits to, and what is sealed for it.

    Shapes:  commitments: 32 bytes by label; none if the leaf has no such member. particulars: key
             id and sealed bytes; the place of each is its position. replay: the same two.
    """

    commitments: Mapping[str, bytes] | None
    particulars: Sequence[SealedTo]
    replay: SealedTo | None


class Preparer:
    """Commits and seals for one writer, and knows the data keys it used last.

    Trust:   random gives unpredictable bytes. key_of reads what was committed, and another writer
             cannot commit between `prepare` and `stored`.
    """

    def __init__(
        self,
        seal: Seal,
        random: Callable[[int], bytes],
        key_of: Callable[[bytes], SubjectKey | None],
    ) -> None:
        self._seal = seal
        self._random = random
        self._key_of = key_of
        self._cache = KeyCache()
        self._met: dict[bytes, DataKey] = {}
        self._rows: list[SubjectKey] = []
        self._rows_before = 0

    def prepare(self, parcel: Parcel) -> Prepared:
        """Commit to what this draft tells, and seal it.

        Raises:  SealInvalid if a key that is needed was wrapped under other keys.
        """
        self._rows_before = len(self._rows)
        told, request_id = parcel.committed, parcel.request_id
        openings = dict(zip(told, self._fresh(len(told)), strict=True)) if told else {}
        committed = {
            label: commit(r, label, request_id, 0, told[label]) for label, r in openings.items()
        }
        try:
            particulars = self._seal_persons(parcel, committed) if parcel.persons else []
            if openings or parcel.subject is not None:
                values = {label: told[label] for label in _KEPT_VALUES if label in told}
                own = Particulars(parcel.subject, openings, values)
                particulars.append(self._seal_particulars(parcel, parcel.subject, own))
            replay = None
            if parcel.replay is not None:
                replay = self._seal_to(parcel, parcel.subject, REPLAY, parcel.replay)
        except SealInvalid:
            self.withdraw()
            raise
        commits = committed or parcel.type in _COMMITTING
        return Prepared(committed if commits else None, particulars, replay)

    def withdraw(self) -> None:
        """Forget the keys that were made for the draft prepared last: it becomes no entry."""
        for row in self._rows[self._rows_before :]:
            del self._met[row.lookup]
        del self._rows[self._rows_before :]

    def fresh_keys(self) -> list[SubjectKey]:
        """Give the rows to store with this batch."""
        return list(self._rows)

    def stored(self) -> None:
        """Remember the keys of this batch: it was committed."""
        for lookup, key in self._met.items():
            self._cache.add(lookup, key)
        self.dropped()

    def dropped(self) -> None:
        """Forget the keys of this batch: it was not committed."""
        self._met.clear()
        self._rows.clear()
        self._rows_before = 0

    def forget(self) -> None:
        """Forget every key: another writer moved the head, and may have erased or added some."""
        self._cache.clear()
        self.dropped()

    def _fresh(self, count: int) -> list[bytes]:
        block = self._random(_R_BYTES * count)
        return [block[start : start + _R_BYTES] for start in range(0, len(block), _R_BYTES)]

    def _seal_persons(self, parcel: Parcel, committed: dict[str, bytes]) -> list[SealedTo]:
        of_subject, of_content = PERSON_LABELS
        rs = self._fresh(2 * len(parcel.persons))
        openings = list(zip(rs[::2], rs[1::2], strict=True))
        pairs = [
            (
                commit(r, of_subject, parcel.request_id, i, subject),
                commit(s, of_content, parcel.request_id, i, content),
            )
            for i, ((subject, content), (r, s)) in enumerate(
                zip(parcel.persons, openings, strict=True)
            )
        ]
        growth = grow(Frontier(), [person_leaf(*pair) for pair in pairs])
        committed[PERSONS] = growth.frontier.root
        return [
            self._seal_particulars(
                parcel,
                subject,
                Particulars(
                    subject,
                    dict(zip(PERSON_LABELS, openings[i], strict=True)),
                    {},
                    Part(pairs[i][1], growth.path(i)),
                ),
            )
            for i, (subject, _) in enumerate(parcel.persons)
        ]

    def _seal_particulars(
        self, parcel: Parcel, subject: bytes | None, particulars: Particulars
    ) -> SealedTo:
        return self._seal_to(parcel, subject, PARTICULARS, format_particulars(particulars))

    def _seal_to(self, parcel: Parcel, subject: bytes | None, kind: bytes, data: bytes) -> SealedTo:
        key = self._data_key(subject)
        return key.key_id, self._seal.seal(key, kind, parcel.request_id, data)

    def _data_key(self, subject: bytes | None) -> DataKey:
        lookup = self._seal.nobody if subject is None else self._seal.lookup(subject)
        key = self._cache.find(lookup) or self._met.get(lookup)
        if key is None:
            row = self._key_of(lookup)
            if row is None:
                row, key = self._seal.new_key(lookup)
                self._rows.append(row)
            else:
                key = self._seal.unwrap(row)
            self._met[lookup] = key
        return key


def check_draft(draft: Draft) -> None:
    """Promise that this draft has the shapes that `Draft` names.

    Raises:  LeafInvalid.
    """
    if _REQUEST_ID.fullmatch(draft.request_id) is None:
        raise LeafInvalid("a request id is 32 lowercase hex digits")
    if not _SET_BY_LEDGER.isdisjoint(draft.members):
        raise LeafInvalid("a draft sets a member that only the ledger sets")
    if not draft.committed.keys() <= _LABELS:
        raise LeafInvalid("a commitment has an unknown label")
    if any(type(value) is not bytes for value in draft.committed.values()):
        raise LeafInvalid("committed values are bytes")
    if (draft.replay is None) != (draft.replay_digest is None):
        raise LeafInvalid("an answer to replay and its digest come together")
    if draft.replay_digest is not None and len(draft.replay_digest) != _DIGEST_BYTES:
        raise LeafInvalid("a replay digest has 32 bytes")
    if draft.persons:
        _check_persons(draft)


def _check_persons(draft: Draft) -> None:
    if not _SEVERAL <= len(draft.persons) <= MAX_PERSONS:
        raise LeafInvalid(f"several persons are {_SEVERAL} to {MAX_PERSONS}")
    if draft.subject is not None or draft.replay is not None:
        raise LeafInvalid("an entry about several persons has no subject and no replay of its own")
    if not draft.committed.keys().isdisjoint(PERSON_LABELS):
        raise LeafInvalid("subject and content of several persons are committed to per person")
    if any(type(part) is not bytes for p in draft.persons for part in (p.subject, p.content)):
        raise LeafInvalid("the subject and the content of a person are bytes")
    if len({person.subject for person in draft.persons}) != len(draft.persons):
        raise LeafInvalid("a person stands twice in one entry")
    if draft.members.get("subjects") != len(draft.persons):
        raise LeafInvalid("the number of subjects is not the number of persons")
