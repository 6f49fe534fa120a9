"""What became wider or narrower between two policies, for every requester, purpose and field.

A restriction that is added is never a widening, and the comparison the other way round says the
opposite of everything. What cannot be ordered (another column, another transform) is `different`
and counts as a widening, because nobody has shown that it is none.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.catalogue.aspects.cells import groups_aspects
from gateway.catalogue.aspects.guard import repeat_aspects, together_aspects
from gateway.catalogue.aspects.purposes import (
    Access,
    Direction,
    Judged,
    access_aspects,
    plain,
    purpose_aspects,
)
from gateway.catalogue.aspects.shared import shared_aspects
from gateway.catalogue.model import Catalogue, Requester

__all__ = ["Change", "Differences", "Direction", "MayDeclare", "Policy", "compare"]

MayDeclare: TypeAlias = Callable[[Requester, str, str], bool]
"""Whether the party policy lets a requester declare a task and an activity of it."""

_Key: TypeAlias = tuple[str, str, Requester]


@dataclass(frozen=True, slots=True)
class Policy:
    """A catalogue with the party policy beside it, and the digest of the Rego that reads both."""

    catalogue: Catalogue
    may_declare: MayDeclare
    rules: str


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed; without a requester or a field it holds for the whole purpose.

    `purpose` names a file and a name in it where what changed belongs to no purpose.
    `aspect` says what of it changed; `old` and `new` are the words of the policy files.
    """

    direction: Direction
    purpose: str
    requester: Requester | None
    field: str | None
    aspect: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Differences:
    """Everything that changed between two revisions, in the order of purpose, field, requester."""

    old_revision: str
    new_revision: str
    changes: tuple[Change, ...]

    @property
    def widens(self) -> bool:
        """Whether more may leave under the new policy than under the old one."""
        return any(change.direction.widens for change in self.changes)


def compare(old: Policy, new: Policy) -> Differences:
    """Return what changed from the old policy to the new one."""
    changes = [*_of_rules(old, new), *_of_fields(old.catalogue, new.catalogue)]
    changes += _of_purposes(old.catalogue, new.catalogue)
    changes += [
        _change(judged, name, None, judged.field)
        for name, judged in shared_aspects(old.catalogue, new.catalogue)
    ]
    before, after = _accesses(old), _accesses(new)
    for key in before.keys() | after.keys():
        purpose, field, requester = key
        changes += [
            _change(judged, purpose, requester, field) for judged in _of_access(key, before, after)
        ]
    return Differences(
        old.catalogue.revision, new.catalogue.revision, tuple(sorted(changes, key=_order))
    )


def _accesses(policy: Policy) -> Mapping[_Key, Access]:
    """Return every field that somebody can get: the purpose names it, the parties let them in."""
    return {
        (purpose.id, grant.name, requester): Access(policy.catalogue, purpose, grant)
        for purpose in policy.catalogue.purposes.values()
        for requester in purpose.requesters
        if policy.may_declare(requester, purpose.task, purpose.activity)
        for grant in purpose.fields.values()
    }


def _of_access(
    key: _Key, before: Mapping[_Key, Access], after: Mapping[_Key, Access]
) -> Iterable[Judged]:
    if key not in before:
        yield Judged(Direction.NEW, "access", "", after[key].grant.precision.label)
    elif key not in after:
        yield Judged(Direction.GONE, "access", before[key].grant.precision.label, "")
    else:
        yield from access_aspects(before[key], after[key])


def _of_purposes(old: Catalogue, new: Catalogue) -> Iterable[Change]:
    for name in old.purposes.keys() & new.purposes.keys():
        for judged in purpose_aspects(old.purposes[name], new.purposes[name]):
            yield _change(judged, name, None, judged.field)
        limits = (each.repeat_of(each.purposes[name]) for each in (old, new))
        for judged in repeat_aspects(*limits):
            yield _change(judged, name, None, None)
        for judged in groups_aspects(old.purposes[name].groups, new.purposes[name].groups):
            yield _change(judged, name, None, None)
    for judged in together_aspects(old.mosaic, new.mosaic):
        yield _change(judged, "", None, None)


def _of_fields(old: Catalogue, new: Catalogue) -> Iterable[Change]:
    """Give what the data dictionary says otherwise: it moves what lint demands.

    Of what it says only the type moves what leaves, and that stands with each grant (`kind`).
    """
    for name in old.fields.keys() & new.fields.keys():
        before, after = plain(old.fields[name]), plain(new.fields[name])
        if before != after:
            yield _change(Judged(Direction.NOTE, "dictionary", before, after), "", None, name)


def _of_rules(old: Policy, new: Policy) -> Iterable[Change]:
    """Point at another Rego: no comparison of files can tell what it lets through."""
    if old.rules != new.rules:
        judged = Judged(Direction.DIFFERENT, "rules", old.rules[:12], new.rules[:12])
        yield _change(judged, "", None, None)


def _change(judged: Judged, purpose: str, requester: Requester | None, field: str | None) -> Change:
    return Change(
        judged.direction, purpose, requester, field, judged.aspect, judged.old, judged.new
    )


def _order(change: Change) -> tuple[str, ...]:
    who = change.requester or Requester("", "")
    return change.purpose, change.field or "", who.organisation, who.role, change.aspect, change.old
