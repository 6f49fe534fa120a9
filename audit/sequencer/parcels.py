"""A draft as it travels and as the appender takes it: plain values, ready for the wire.

What a catalogue says comes back in entry after entry. It goes as one piece of bytes, by which the
sequencer knows again what it has checked; what differs from entry to entry goes beside it.
"""

import marshal
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from audit.entry import Draft, Json
from audit.errors import LeafInvalid

# This version writes no references between the parts of a value: equal values that were made in the
# same order are equal bytes, and equal bytes are always equal values.
MARSHAL_VERSION: Final = 2
_PASSING: Final = ("span", "trace")


class Parcel(NamedTuple):
    """A draft in plain values; a tuple, because that is how it comes from the wire.

    Shapes:  recurring: the other members, as marshal writes them. passing: span and trace, if the
             draft has them. persons: subject and content of each. The rest as in `Draft`.
    Trust:   as `Draft`.
    """

    type: str
    request_id: str
    recurring: bytes
    passing: Mapping[str, Json]
    committed: Mapping[str, bytes]
    subject: bytes | None
    persons: Sequence[tuple[bytes, bytes]]
    replay: bytes | None
    replay_digest: bytes | None


def parcel_of(draft: Draft) -> Parcel:
    """Give a draft as it travels.

    Raises:  LeafInvalid if a member is of a kind that no leaf can hold.
    """
    members = dict(draft.members)
    passing: dict[str, Json] = {n: members.pop(n) for n in _PASSING if n in members}
    try:
        recurring = marshal.dumps(members, MARSHAL_VERSION)
    except ValueError as error:
        raise LeafInvalid("a draft holds a value of another kind") from error
    return Parcel(
        draft.type.value,
        draft.request_id,
        recurring,
        passing,
        draft.committed,
        draft.subject,
        [(person.subject, person.content) for person in draft.persons],
        draft.replay,
        draft.replay_digest,
    )
