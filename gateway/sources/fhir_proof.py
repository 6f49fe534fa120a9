"""Whether a FHIR server searches by the person, seen by asking it about nobody.

R4 lets a server ignore a search parameter, and then it gives the data of everybody. Two things show
that it does not, and one of them is needed before anybody is searched for:

1. Its answer names, in the link to itself, the parameters that it searched by.
2. It names none, as HAPI does after a POST; but it finds nothing for a number that nobody has, and
   refuses the same question as soon as a step of the parameter is one that does not exist.

Source:  HL7 FHIR R4 sections 3.1.1.1.2 (errors; Prefer: handling=strict) and 3.1.1.6 (self link).
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from enum import StrEnum
from typing import TypeAlias

from gateway.errors import SourceFailed
from gateway.sources.fhir_bundle import (
    BSN_SYSTEM,
    OK,
    REFUSALS,
    Resource,
    bundle_of,
    matches,
    named_in,
    plain,
)
from gateway.sources.web import Said, no_answer

AGAIN_S = 600.0
"""A server that is replaced by one that behaves otherwise is found out after this long."""

NOBODY = "000000001"
"""Nobody has this number: it fails the elfproef. Nine noughts are what made up patients have."""

# No server has a parameter of this name.
_MADE_UP = "doelpoort-bestaat-niet"
# What a server says to a parameter that it does not know; a 403 or 404 may mean something else.
_UNKNOWN = frozenset({400, 422})

Search: TypeAlias = Callable[[str, Mapping[str, str]], Awaitable[Said]]
"""Searches one kind of resource by this form, sent by POST with `Prefer: handling=strict`."""


class Shown(StrEnum):
    """What a server shows when it is asked about nobody.

    `names`: it says by what it searched. `refuses_unknown`: it does not say so, and refuses what it
    does not know. `overlooks`: neither, or it finds something for nobody. `refuses`: it does not
    answer the question at all.
    """

    NAMES = "names"
    REFUSES_UNKNOWN = "refuses_unknown"
    OVERLOOKS = "overlooks"
    REFUSES = "refuses"

    @property
    def is_proof(self) -> bool:
        """Whether somebody may be searched for."""
        return self in {Shown.NAMES, Shown.REFUSES_UNKNOWN}

    def proves(self, parameter: str, bundle: Resource) -> bool:
        """Tell whether an answer about somebody was searched for by this parameter.

        A server that has named its parameters once must go on doing so, and one that names any must
        name this one.
        """
        named = named_in(bundle)
        if named:
            return plain(parameter) in named
        return self is Shown.REFUSES_UNKNOWN


_Kept: TypeAlias = dict[tuple[str, str], tuple[Shown, float]]
"""What was shown and when it was seen, by kind of resource and parameter."""


class Proofs:
    """Remembers for a while what a server has shown, by kind of resource and parameter.

    Units:   monotonic_s in seconds.
    """

    def __init__(self, monotonic_s: Callable[[], float], kept: _Kept | None = None) -> None:
        self._monotonic_s = monotonic_s
        self._kept: _Kept = {} if kept is None else kept
        self._one_at_a_time: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def shown(self, search: Search, kind: str, parameter: str) -> Shown:
        """Return what a server shows, asked again where it showed no proof or long ago.

        Requests that come together wait for the first of them, and take what it was shown.

        Raises: SourceFailed, AnswerOdd.
        """
        came_s = self._monotonic_s()
        async with self._one_at_a_time[kind, parameter]:
            kept, seen_s = self._kept.get((kind, parameter), (None, 0.0))
            if kept is not None and (
                seen_s > came_s or (kept.is_proof and self._monotonic_s() < seen_s + AGAIN_S)
            ):
                return kept
            found = await _shown(search, kind, parameter)
            self._kept[kind, parameter] = found, self._monotonic_s()
            return found

    def elsewhere(self) -> "Proofs":
        """Return the same memory for another event loop: whoever waits, waits in one loop."""
        return Proofs(self._monotonic_s, self._kept)

    def forget(self, kind: str, parameter: str) -> None:
        """Ask again next time."""
        self._kept.pop((kind, parameter), None)


async def _shown(search: Search, kind: str, parameter: str) -> Shown:
    bundle = bundle_of(await search(kind, _about_nobody(parameter)))
    if bundle is None:
        return Shown.REFUSES
    if matches(bundle, kind):
        return Shown.OVERLOOKS
    if named_in(bundle):
        return Shown.NAMES if Shown.NAMES.proves(parameter, bundle) else Shown.OVERLOOKS
    for wrong in _misspelt(parameter):
        if not _is_refused(await search(kind, _about_nobody(wrong))):
            return Shown.OVERLOOKS
    return Shown.REFUSES_UNKNOWN


def _about_nobody(parameter: str) -> dict[str, str]:
    """Return the question of every day, about nobody and for as little as can be."""
    return {parameter: f"{BSN_SYSTEM}|{NOBODY}", "_elements": "id", "_count": "1"}


def _misspelt(parameter: str) -> Iterator[str]:
    """Give a parameter with each of its steps in turn made into one that does not exist."""
    steps = parameter.split(".")
    for number, step in enumerate(steps):
        _, colon, modifier = step.partition(":")
        yield ".".join((*steps[:number], f"{_MADE_UP}{colon}{modifier}", *steps[number + 1 :]))


def _is_refused(said: Said) -> bool:
    if said.status not in REFUSALS | {OK}:
        raise SourceFailed(no_answer("FHIR-server", said))
    return said.status in _UNKNOWN
