"""When a person may hear of an entry: not while knowing of it would put somebody in danger."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final

from audit.entry import Json
from gateway.catalogue.model import Catalogue, Purpose
from gateway.citizen.policies import Policies


def may_hear(leaf: Mapping[str, Json], policies: Policies, now: dt.datetime) -> bool:
    """Tell whether the person may hear of this entry now."""
    from_when = tell_from(leaf, policies)
    return from_when == time_of(leaf) or from_when <= now


def tell_from(leaf: Mapping[str, Json], policies: Policies) -> dt.datetime:
    """Return from when the person may hear of this entry: at once, where nothing is in the way.

    What the entry does not tell counts as the worst that it can be: a refused request for a purpose
    of safety is as telling as a granted one, also when it named its purpose wrongly. The embargo is
    that of the policy under which the entry was made; where that is lost, the longest one known.
    """
    policy = policies.find(leaf)
    perhaps = policies.current.purposes.values() if policy is None else _perhaps(leaf, policy)
    days = max((each.inform_subject.embargo_days for each in perhaps), default=0)
    return time_of(leaf) + dt.timedelta(days=days)


def time_of(leaf: Mapping[str, Json]) -> dt.datetime:
    """Return when an entry was made."""
    return dt.datetime.fromtimestamp(int(str(leaf["time"])) / 1000, dt.UTC)


def _perhaps(leaf: Mapping[str, Json], catalogue: Catalogue) -> Iterable[Purpose]:
    """Return every purpose that the request behind this entry may have been about.

    The words of a refused request need not fit each other: then each of them alone may tell. A look
    at a case tells that there is one, so it counts as whatever may be asked in such a case.
    """
    if "kind" in leaf:
        return _within(str(leaf["kind"]), catalogue)
    said = {member: leaf[name] for name, member in _WORDS.items() if name in leaf}
    every = tuple(catalogue.purposes.values())
    one = catalogue.purposes.get(str(said.get("id")))
    if one is not None and all(getattr(one, name) == word for name, word in said.items()):
        return (one,)
    told = [p for p in every if any(getattr(p, name) == word for name, word in said.items())]
    return told or every


def _within(kind: str, catalogue: Catalogue) -> Iterable[Purpose]:
    """Return every purpose that may be asked for in a case of this kind, if it is known at all."""
    every = tuple(catalogue.purposes.values())
    if kind not in catalogue.case_kinds:
        return every
    return [each for each in every if not each.case_kinds or kind in each.case_kinds]


_WORDS: Final = {"task": "task", "activity": "activity", "purpose": "id"}
