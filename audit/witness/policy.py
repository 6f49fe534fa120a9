"""Which witnesses make a quorum: the tlog-policy file of C2SP, and the check of a checkpoint; pure.

log gemeente.example/disclosures/2026+...          the key of a log
witness ap witness.example/ap+... https://...      a name, a key, and perhaps where it listens
group peers 2 utrecht zwolle almere                at least so many of these; or `any`, or `all`
quorum peers                                       the one name that must have witnessed
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from audit.checkpoint import parse_checkpoint
from audit.errors import KeyInvalid, KeyMismatch, PolicyInvalid, QuorumMissing
from audit.note import (
    NoteKey,
    Verifier,
    WitnessKey,
    open_signatures,
    parse_vkey,
    parse_witness_vkey,
    read_time,
    split_note,
)

MAX_POLICY_BYTES: Final = 65_536
MAX_DEFINED: Final = 64  # Of each kind; twice what the specification recommends.
_MS: Final = 1000
_NONE: Final = b"none"
_FORBIDDEN = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")
_COUNT = re.compile(rb"[1-9][0-9]{0,2}")


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who looks at the log: the name that the policy gives, the key, the address."""

    name: str
    key: WitnessKey
    url: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """So many of these witnesses or groups, by their place in the order of definition."""

    threshold: int
    members: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Quorum:
    """What a checkpoint proved: who witnessed it, and since when enough of them had.

    Units:   ms since 1970 by the clocks of the witnesses, in whole seconds. at_ms is the newest
             instant from which on a quorum stamped; None when the policy asks for no witness.
    """

    origin: str
    size: int
    witnessed: Mapping[str, int]
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs, witnesses, and the rule that says when enough of them have witnessed."""

    logs: tuple[Verifier, ...] = ()
    defined: Mapping[bytes, Witness | Group] = field(default_factory=dict)
    quorum: bytes | None = None

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """The witnesses, in the order of the file."""
        return tuple(found for found in self.defined.values() if isinstance(found, Witness))

    def for_log(self, log: Verifier) -> "Policy":
        """Give the same policy about this log alone.

        Raises:  PolicyInvalid if the policy lists logs and this is none of them.
        """
        if self.logs and log not in self.logs:
            raise PolicyInvalid("the policy is about other logs")
        return replace(self, logs=(log,))

    def check(self, note: bytes) -> Quorum:
        """Prove that one of the logs signed this checkpoint and that a quorum witnessed it.

        Trust:   note may come from an attacker; the policy comes from the one who verifies.
        Raises:  NoteInvalid, SignatureInvalid, KeyMismatch if no listed log signed it,
                 QuorumMissing if too few witnesses did.
        Source:  C2SP tlog-policy.
        """
        checkpoint = parse_checkpoint(split_note(note)[0])
        logs = [log for log in self.logs if log.name == checkpoint.origin]
        keys: list[NoteKey] = [*logs, *(witness.key for witness in self.witnesses)]
        signatures = open_signatures(note, keys).signatures
        if not any(log in signatures for log in logs):
            raise KeyMismatch("no listed log signed the checkpoint")
        times = {
            name: read_time(signatures[found.key]) * _MS
            for name, found in self.defined.items()
            if isinstance(found, Witness) and found.key in signatures
        }
        at_ms = None if self.quorum is None else self._witnessed_at(self.quorum, times)
        if self.quorum is not None and at_ms is None:
            raise QuorumMissing("too few of the witnesses cosigned the checkpoint")
        named = {_text(name): at for name, at in times.items()}
        return Quorum(checkpoint.origin, checkpoint.size, named, at_ms)

    def _witnessed_at(self, name: bytes, times: Mapping[bytes, int]) -> int | None:
        found = self.defined[name]
        if isinstance(found, Witness):
            return times.get(name)
        each = [self._witnessed_at(member, times) for member in found.members]
        stamps = sorted((at for at in each if at is not None), reverse=True)
        return stamps[found.threshold - 1] if len(stamps) >= found.threshold else None


@dataclass(slots=True)
class _Draft:
    logs: list[Verifier] = field(default_factory=list)
    defined: dict[bytes, Witness | Group] = field(default_factory=dict)
    members: set[bytes] = field(default_factory=set)
    quorum: list[bytes] = field(default_factory=list)


def parse_policy(text: bytes) -> Policy:
    """Read a policy file to its last byte.

    Shapes:  text: lines that each end with a newline, at most 64 KiB; at most 64 logs, witnesses
             and groups each.
    Raises:  PolicyInvalid, naming the line.
    Source:  C2SP tlog-policy, "Policy file syntax and structure".
    """
    if len(text) > MAX_POLICY_BYTES:
        raise PolicyInvalid("the policy is too long")
    draft = _Draft()
    lines = text.split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        try:
            _read_line(line, draft)
        except (PolicyInvalid, KeyInvalid) as error:
            raise PolicyInvalid(f"line {number}: {error}") from error
    if lines[-1]:
        raise PolicyInvalid(f"line {len(lines)}: the last line does not end with a newline")
    if not draft.quorum:
        raise PolicyInvalid("there is no quorum line")
    quorum = None if draft.quorum[0] == _NONE else draft.quorum[0]
    return Policy(tuple(draft.logs), draft.defined, quorum)


def _read_line(line: bytes, draft: _Draft) -> None:
    if _FORBIDDEN.search(line):
        raise PolicyInvalid("a control character")
    # Only space and tab separate: `split()` alone would take a form feed too, refused above.
    keyword, *items = line.split() or [b"#"]
    if keyword.startswith(b"#"):
        return
    reader = _READERS.get(keyword)
    if reader is None:
        raise PolicyInvalid("a line begins with log, witness, group or quorum")
    reader(items, draft)


def _read_log(items: Sequence[bytes], draft: _Draft) -> None:
    if len(items) not in {1, 2}:
        raise PolicyInvalid("a log is a key, and perhaps an address")
    log = parse_vkey(_key_text(items[0]))
    if any(log.public == other.public for other in draft.logs):
        raise PolicyInvalid("a log stands twice")
    if len(draft.logs) >= MAX_DEFINED:
        raise PolicyInvalid("too many logs")
    draft.logs.append(log)


def _read_witness(items: Sequence[bytes], draft: _Draft) -> None:
    if len(items) not in {2, 3}:
        raise PolicyInvalid("a witness is a name, a key, and perhaps an address")
    key = parse_witness_vkey(_key_text(items[1]))
    known = [found for found in draft.defined.values() if isinstance(found, Witness)]
    if any(key.public == other.key.public for other in known):
        raise PolicyInvalid("a witness stands twice")
    if len(known) >= MAX_DEFINED:
        raise PolicyInvalid("too many witnesses")
    url = _text(items[2]) if len(items) == 3 else None  # noqa: PLR2004  The third item.
    _define(items[0], Witness(_text(items[0]), key, url), draft)


def _read_group(items: Sequence[bytes], draft: _Draft) -> None:
    if len(items) < 3:  # noqa: PLR2004  Name, threshold, one member.
        raise PolicyInvalid("a group is a name, any, all or a number, and members")
    name, rule, *members = items
    for member in members:
        if member not in draft.defined:
            raise PolicyInvalid("a member is not defined above")
        if member in draft.members:
            raise PolicyInvalid("a name is a member twice")
        draft.members.add(member)
    if sum(isinstance(found, Group) for found in draft.defined.values()) >= MAX_DEFINED:
        raise PolicyInvalid("too many groups")
    _define(name, Group(_threshold(rule, len(members)), tuple(members)), draft)


def _read_quorum(items: Sequence[bytes], draft: _Draft) -> None:
    if len(items) != 1:
        raise PolicyInvalid("a quorum is one name")
    if draft.quorum:
        raise PolicyInvalid("a second quorum")
    if items[0] != _NONE and items[0] not in draft.defined:
        raise PolicyInvalid("the quorum is not defined above")
    draft.quorum.append(items[0])


_READERS: Final[Mapping[bytes, Callable[[Sequence[bytes], _Draft], None]]] = {
    b"log": _read_log,
    b"witness": _read_witness,
    b"group": _read_group,
    b"quorum": _read_quorum,
}


def _define(name: bytes, found: Witness | Group, draft: _Draft) -> None:
    if name == _NONE or name in draft.defined:
        raise PolicyInvalid("a name is taken")
    draft.defined[name] = found


def _threshold(rule: bytes, members: int) -> int:
    if rule in {b"any", b"all"}:
        return 1 if rule == b"any" else members
    if _COUNT.fullmatch(rule) is None or int(rule) > members:
        raise PolicyInvalid("a threshold is any, all, or a number from 1 to that of the members")
    return int(rule)


def _key_text(item: bytes) -> str:
    try:
        return item.decode()
    except UnicodeDecodeError as error:
        raise PolicyInvalid("a key is not UTF-8") from error


def _text(item: bytes) -> str:
    # The specification keeps names opaque; this is how they are shown.
    return item.decode(errors="backslashreplace")
